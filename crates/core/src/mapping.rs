//! Mapping: from a record's columns to a profile, attribute by attribute, and to where the person stands.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::attribute::{AttributeIndex, AttributesBuilder};
use crate::expression::{Condition, Evaluated, ExpressionError, Format, Lookups, Names, Scope};
use crate::lifecycle::Lifecycle;
use crate::profile::{PersonKey, Profile, RecordHash};
use crate::shape::shape;

/// A data source's mapping, ready for use.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The attributes, each with what gives its values.
    pub attributes: Vec<(AttributeIndex, Format)>,
    /// Holds for people who should have an account; everybody when there is none.
    pub active: Option<Condition>,
    /// The first day or moment.
    pub starts: Option<Format>,
    /// The last day, which still counts, or the moment of the end.
    pub ends: Option<Format>,
    /// The zone of dates that name none.
    pub zone: Zone,
    /// Value tables that expressions call.
    pub lookups: Lookups,
}

/// The zone of dates that name none.
#[derive(Clone, Debug)]
pub enum Zone {
    /// The same for everybody.
    Fixed(TimeZone),
    /// Each person's own.
    From(Format),
}

/// What a record says, mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The profile.
    pub profile: Profile,
    /// Which of the first 64 mapped attributes have a value, a bit for each.
    pub filled: u64,
}

/// A value that cannot be mapped: of which attribute, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub struct MappingError {
    /// The attribute or part of the lifecycle, as the documents call it.
    pub what: String,
    /// What was found and what would be right.
    pub why: String,
}

impl Mapping {
    /// Maps one record. `name` gives attributes' names, for errors.
    pub fn map(
        &self,
        key: PersonKey,
        columns: &dyn Names,
        record: RecordHash,
        now: Timestamp,
        builder: &mut AttributesBuilder,
        name: &dyn Fn(AttributeIndex) -> String,
    ) -> Result<Mapped, MappingError> {
        let scope = Scope::of_names(columns).with_lookups(&self.lookups).with_now(now);
        let lifecycle = self.lifecycle(&scope, now)?;
        let mut filled = 0u64;
        for (place, (attribute, format)) in self.attributes.iter().enumerate() {
            let mut any = false;
            let done = format.evaluate_into(&scope, &mut |value: &str| {
                let value = value.trim();
                any |= !value.is_empty();
                builder.push(*attribute, value);
            });
            if let Err(error) = done {
                builder.finish();
                return Err(failed(&name(*attribute), &error));
            }
            if any && place < 64 {
                filled |= 1 << place;
            }
        }
        Ok(Mapped {
            profile: Profile {
                key,
                lifecycle,
                attributes: builder.finish(),
                record,
            },
            filled,
        })
    }

    /// Whether anything depends on the time of the run itself, so that the same record may map differently tomorrow.
    pub fn uses_now(&self) -> bool {
        self.attributes.iter().any(|(_, format)| format.uses_now())
            || self.active.as_ref().is_some_and(Condition::uses_now)
            || self.starts.as_ref().is_some_and(Format::uses_now)
            || self.ends.as_ref().is_some_and(Format::uses_now)
    }

    fn lifecycle(&self, scope: &Scope<'_>, now: Timestamp) -> Result<Lifecycle, MappingError> {
        let active = match &self.active {
            Some(condition) => condition
                .holds(scope)
                .map_err(|error| failed("lifecycle.active", &error))?,
            None => true,
        };
        if self.starts.is_none() && self.ends.is_none() {
            return Ok(Lifecycle::judge(active, None, None, now));
        }
        let starts = self.date(self.starts.as_ref(), "lifecycle.starts", scope)?;
        let ends = self.date(self.ends.as_ref(), "lifecycle.ends", scope)?;
        let starts = starts.map(|(starts, _)| starts);
        let ends = ends.map(|(ends, after)| after.unwrap_or(ends));
        Ok(Lifecycle::judge(active, starts, ends, now))
    }

    /// The moment that a format gives, and for a whole day also the moment after it.
    fn date(
        &self,
        format: Option<&Format>,
        what: &str,
        scope: &Scope<'_>,
    ) -> Result<Option<(Timestamp, Option<Timestamp>)>, MappingError> {
        let Some(format) = format else { return Ok(None) };
        let text = match format.evaluate(scope).map_err(|error| failed(what, &error))? {
            Evaluated::Values(values) => values.into_iter().next().unwrap_or_default(),
            Evaluated::Nothing { .. } => return Ok(None),
        };
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if let Ok(moment) = text.parse::<Timestamp>() {
            return Ok(Some((moment, None)));
        }
        let zone = self.zone(scope)?;
        let wrong = || MappingError {
            what: what.to_owned(),
            why: format!(
                "`{}` is not a date; write 2026-11-30 or 2026-11-30T18:00:00, or use `date` to read another form",
                shape(text)
            ),
        };
        if text.contains(['T', ' ']) {
            let moment = text
                .parse::<DateTime>()
                .ok()
                .and_then(|at| at.to_zoned(zone).ok())
                .ok_or_else(wrong)?;
            return Ok(Some((moment.timestamp(), None)));
        }
        let day: Date = text.parse().map_err(|_| wrong())?;
        let first = day.to_zoned(zone.clone()).map_err(|_| wrong())?.timestamp();
        let after = day
            .checked_add(1.day())
            .ok()
            .and_then(|next| next.to_zoned(zone).ok());
        Ok(Some((first, after.map(|after| after.timestamp()))))
    }

    fn zone(&self, scope: &Scope<'_>) -> Result<TimeZone, MappingError> {
        let format = match &self.zone {
            Zone::Fixed(zone) => return Ok(zone.clone()),
            Zone::From(format) => format,
        };
        match format
            .evaluate(scope)
            .map_err(|error| failed("lifecycle.time_zone", &error))?
        {
            Evaluated::Nothing { .. } => Ok(TimeZone::UTC),
            Evaluated::Values(values) => {
                let name = values.first().map_or("", String::as_str);
                TimeZone::get(name).map_err(|_| MappingError {
                    what: "lifecycle.time_zone".to_owned(),
                    why: format!(
                        "`{}` gives `{}`, which is not a time zone; write for example Europe/Berlin",
                        format.source(),
                        shape(name)
                    ),
                })
            }
        }
    }
}

fn failed(what: &str, error: &ExpressionError) -> MappingError {
    MappingError {
        what: what.to_owned(),
        why: error.to_string(),
    }
}
