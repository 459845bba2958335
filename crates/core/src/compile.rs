//! From documents to what a run works with: names looked up, attributes numbered, formats parsed.

mod steps;
mod template;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use crate::attribute::{AttributeName, Dictionary};
use crate::cloud::Licence;
use crate::document::{
    Automation, DataSource, DirectoryKind, Document, Documents, FileReading, GuardLimit, Guards, OneOrMany,
};
use crate::expression::{Condition, ExpressionError, Format, Lookups, Table};
use crate::fetching::{By, Parts};
use crate::join::{KeyedEndpoint, Reading};
use crate::mapping::{Mapping, Zone};
use crate::microsoft365::{Writing, property};
use crate::photo::is_photo;
use crate::plan::{Event, Limit, Limits, Rules, Tally};
use crate::profile::PersonKey;
use crate::record::Projection;

/// An automation ready to run.
#[derive(Debug)]
pub struct Compiled {
    /// How records are read and mapped.
    pub reading: Reading,
    /// What accounts should be.
    pub rules: Rules,
    /// The attributes that the source maps, in the order in which their values are counted.
    pub mapped: Vec<AttributeName>,
    /// The workflow that has to approve plans.
    pub approval: Option<String>,
}

/// Something in the documents that keeps an automation from running.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {why}")]
pub struct CompileError {
    /// Which document, and where in it.
    pub at: String,
    /// What is wrong.
    pub why: String,
}

/// Makes an automation ready to run.
pub fn compile(documents: &Documents, name: &str) -> Result<Compiled, CompileError> {
    let automation = documents
        .automation(name)
        .ok_or_else(|| missing("automation", name, "the command"))?;
    let at = format!("automation `{name}`");
    let source = documents
        .data_source(&automation.source)
        .ok_or_else(|| missing("data_source", &automation.source, &at))?;
    let lookups = lookups(documents);
    let mut compiler = Compiler {
        documents,
        dictionary: Dictionary::default(),
        needs_groups: false,
        needs_licences: false,
        directory: documents
            .directory(&automation.directory)
            .map_or(DirectoryKind::Local, |directory| directory.kind),
        retired_for: None,
    };
    let reading = compiler.reading(source, &lookups)?;
    let rules = compiler.rules(automation, source, lookups, reading.mapping.uses_now(), &at)?;
    let reading = Reading {
        dictionary: rules.dictionary.clone(),
        ..reading
    };
    Ok(Compiled {
        reading,
        rules,
        mapped: source.attributes.keys().cloned().collect(),
        approval: automation.approval.clone(),
    })
}

/// Makes a data source ready to be fetched by itself.
pub fn compile_source(documents: &Documents, name: &str) -> Result<Reading, CompileError> {
    let source = documents
        .data_source(name)
        .ok_or_else(|| missing("data_source", name, "the command"))?;
    let mut compiler = Compiler {
        documents,
        dictionary: Dictionary::default(),
        needs_groups: false,
        needs_licences: false,
        directory: DirectoryKind::Local,
        retired_for: None,
    };
    let reading = compiler.reading(source, &lookups(documents))?;
    Ok(Reading {
        dictionary: compiler.dictionary,
        ..reading
    })
}

fn missing(kind: &str, name: &str, at: &str) -> CompileError {
    CompileError {
        at: at.to_owned(),
        why: format!("there is no {kind} `{name}`"),
    }
}

/// The lookup tables among the documents.
pub fn lookups(documents: &Documents) -> Lookups {
    Lookups::new(documents.iter().filter_map(|document| match document {
        Document::Lookup(lookup) => {
            let entries = lookup.values.iter().map(|(key, value)| (key, value.0.clone()));
            Some((lookup.name.clone(), Table::new(entries, lookup.otherwise.clone())))
        }
        _ => None,
    }))
}

struct Compiler<'d> {
    documents: &'d Documents,
    dictionary: Dictionary,
    needs_groups: bool,
    needs_licences: bool,
    /// What kind of directory the accounts are in.
    directory: DirectoryKind,
    retired_for: Option<SignedDuration>,
}

impl Compiler<'_> {
    fn reading(&mut self, source: &DataSource, lookups: &Lookups) -> Result<Reading, CompileError> {
        let at = |part: &str| format!("data_source `{}`, {part}", source.name);
        let mut attributes = Vec::with_capacity(source.attributes.len());
        for (name, mapping) in &source.attributes {
            let format =
                column_or_format(mapping.from()).map_err(fault(&at(&format!("attributes.{name}"))))?;
            attributes.push((self.dictionary.add(name.clone()), format));
        }
        let keys: Vec<(&str, &str)> = match &source.file {
            Some(file) => vec![(file.path.as_str(), file.primary_key.as_str())],
            None => source
                .endpoints
                .iter()
                .map(|used| (used.endpoint.as_str(), used.primary_key.as_str()))
                .collect(),
        };
        let mut endpoints = Vec::with_capacity(keys.len());
        for (name, key) in keys {
            let key = column_or_format(key).map_err(fault(&at("primary_key")))?;
            endpoints.push(KeyedEndpoint {
                name: name.to_owned(),
                key,
            });
        }
        let lifecycle = &source.lifecycle;
        let part = |text: &Option<String>, name: &str| {
            text.as_deref()
                .map(column_or_format)
                .transpose()
                .map_err(fault(&at(&format!("lifecycle.{name}"))))
        };
        let active = lifecycle.active.as_deref().map(Condition::parse).transpose();
        let mapping = Mapping {
            attributes,
            active: active.map_err(fault(&at("lifecycle.active")))?,
            starts: part(&lifecycle.starts, "starts")?,
            ends: part(&lifecycle.ends, "ends")?,
            zone: match lifecycle.time_zone.as_deref() {
                None => Zone::Fixed(TimeZone::UTC),
                Some(text) => match TimeZone::get(text) {
                    Ok(zone) => Zone::Fixed(zone),
                    Err(_) => Zone::From(column_or_format(text).map_err(fault(&at("lifecycle.time_zone")))?),
                },
            },
            lookups: lookups.clone(),
        };
        let parts = self.parts(source)?;
        let of_parts = parts.iter().flat_map(|parts| {
            let column = match &parts.by {
                By::Column(column, _) => Some(column),
                By::Time(_) | By::Source => None,
            };
            column
                .into_iter()
                .chain(&parts.id)
                .flat_map(Format::columns)
                .map(|(column, _)| column)
        });
        let projection = Projection::new(columns(&mapping, &endpoints).into_iter().chain(of_parts));
        Ok(Reading {
            projection,
            endpoints,
            mapping,
            parts,
            dictionary: Dictionary::default(),
        })
    }

    /// How the source can be fetched in parts; none when it is always fetched as a whole.
    fn parts(&self, source: &DataSource) -> Result<Option<Parts>, CompileError> {
        if let Some(file) = &source.file {
            return Ok((file.read != FileReading::Whole).then_some(Parts {
                by: By::Source,
                removed: None,
                id: None,
                full_every: None,
            }));
        }
        let ([used], Some(application)) = (source.endpoints.as_slice(), source.application.as_deref()) else {
            return Ok(None);
        };
        let endpoint = self
            .documents
            .application(application)
            .and_then(|application| application.endpoints.iter().find(|one| one.name == used.endpoint));
        let Some((endpoint, incremental)) = endpoint
            .filter(|endpoint| endpoint.for_each.is_none())
            .and_then(|endpoint| Some((endpoint, endpoint.incremental.as_ref()?)))
        else {
            return Ok(None);
        };
        let at = |part: &str| {
            format!(
                "application `{application}`, endpoint `{}`, incremental.{part}",
                endpoint.name
            )
        };
        let column = incremental.column.as_deref().map(column_or_format).transpose();
        let id = incremental.id.as_deref().map(column_or_format).transpose();
        let removed = incremental.removed.as_deref().map(Condition::parse).transpose();
        let overlap = incremental.overlap.0;
        Ok(Some(Parts {
            by: match (column.map_err(fault(&at("column")))?, &incremental.delta_link) {
                (_, Some(_)) => By::Source,
                (Some(column), None) => By::Column(column, overlap),
                (None, None) => By::Time(overlap),
            },
            removed: removed.map_err(fault(&at("removed")))?,
            id: id.map_err(fault(&at("id")))?,
            full_every: Some(incremental.full_every.0),
        }))
    }

    fn rules(
        mut self,
        automation: &Automation,
        source: &DataSource,
        lookups: Lookups,
        uses_now: bool,
        at: &str,
    ) -> Result<Rules, CompileError> {
        let correlate = automation
            .correlate
            .iter()
            .map(|name| self.dictionary.add(name.clone()))
            .collect();
        let rules = &automation.rules;
        let manager = self.manager(rules.mover.as_ref(), at)?;
        let joiner = self.steps(rules.joiner.as_ref(), Event::Joiner, at)?;
        let mover = self.steps(rules.mover.as_ref(), Event::Mover, at)?;
        let leaver = self.steps(rules.leaver.as_ref(), Event::Leaver, at)?;
        let rehire = self.steps(rules.rehire.as_ref(), Event::Rehire, at)?;
        let tells = self.tellers(automation, at)?;
        let display = match &automation.display {
            Some(name) => Some(self.dictionary.add(name.clone())),
            None => self.dictionary.index("displayName"),
        };
        let member_of = self
            .needs_groups
            .then(|| self.dictionary.add(AttributeName::new("memberOf")));
        let licences = self
            .needs_licences
            .then(|| self.dictionary.add(AttributeName::new(Licence::ATTRIBUTE)));
        let kind = self.directory;
        let by_step = |name: &AttributeName| {
            kind == DirectoryKind::Microsoft365
                && property(name).is_some_and(|property| property.writing == Writing::Step)
        };
        let mapped = source
            .attributes
            .iter()
            // Pictures are written by steps of their own, where directories show only what tells them apart.
            .filter(|(name, _)| kind == DirectoryKind::Local || !is_photo(name))
            // A key is not what directories keep of a manager.
            .filter(|(name, _)| manager.is_none() || !name.is("manager"))
            .filter(|(name, _)| !by_step(name))
            .filter_map(|(name, mapping)| Some((self.dictionary.index(name.as_str())?, mapping.write())));
        Ok(Rules {
            correlate,
            mapped: mapped.collect(),
            joiner,
            mover,
            leaver,
            rehire,
            tells,
            limits: limits(&automation.guards, at)?,
            lookups,
            documents: self.documents.digest_start(),
            uses_now,
            member_of,
            licences,
            manager,
            display,
            retired_for: self.retired_for,
            dictionary: self.dictionary,
        })
    }
}

/// Everything of a record that something reads.
fn columns<'m>(mapping: &'m Mapping, endpoints: &'m [KeyedEndpoint]) -> Vec<&'m str> {
    let zone = match &mapping.zone {
        Zone::Fixed(_) => None,
        Zone::From(format) => Some(format),
    };
    let formats = mapping.attributes.iter().map(|(_, format)| format);
    let others = [mapping.starts.as_ref(), mapping.ends.as_ref(), zone];
    formats
        .chain(others.into_iter().flatten())
        .chain(endpoints.iter().map(|endpoint| &endpoint.key))
        .flat_map(Format::columns)
        .chain(mapping.active.iter().flat_map(Condition::columns))
        .map(|(column, _)| column)
        .collect()
}

/// A text that is a column's path, or a format when there are braces in it.
pub fn column_or_format(text: &str) -> Result<Format, ExpressionError> {
    if text.contains("{{") {
        Format::parse(text)
    } else {
        Format::column(text)
    }
}

fn formats(texts: &[String], at: &str) -> Result<Vec<Format>, CompileError> {
    texts
        .iter()
        .map(|text| Format::parse(text))
        .collect::<Result<_, _>>()
        .map_err(fault(at))
}

fn fault(at: &str) -> impl FnOnce(ExpressionError) -> CompileError + use<> {
    let at = at.to_owned();
    move |error| CompileError {
        at,
        why: error.to_string(),
    }
}

/// The guards, with those that hold when nothing is said.
fn limits(guards: &Guards, at: &str) -> Result<Limits, CompileError> {
    let said = [
        (Tally::Creates, &guards.creates, None),
        (Tally::Modifies, &guards.modifies, None),
        (Tally::Moves, &guards.moves, None),
        (Tally::Disables, &guards.disables, Some(Limit::Percent(10.0))),
        (Tally::Deletes, &guards.deletes, Some(Limit::Percent(5.0))),
        (Tally::Calls, &guards.calls, None),
    ];
    let mut limits = Limits {
        shrink: Some(guards.shrink.map_or(Limit::Percent(20.0), |shrink| shrink.limit)),
        ..Limits::default()
    };
    for (tally, said, otherwise) in said {
        let said: &[GuardLimit] = said.as_ref().map(OneOrMany::as_slice).unwrap_or_default();
        for limit in said {
            match limit.per {
                Some(span) => limits.budgets.push((tally, limit.limit, span.0)),
                None => limits.per_run.push((tally, limit.limit)),
            }
        }
        if !said.iter().any(|limit| limit.per.is_none()) {
            limits.per_run.extend(otherwise.map(|limit| (tally, limit)));
        }
    }
    for canary in &guards.canaries {
        let key = PersonKey::new(canary).ok_or_else(|| CompileError {
            at: format!("{at}, guards.canaries"),
            why: format!("`{canary}` is not a person's key"),
        })?;
        limits.canaries.push(key);
    }
    Ok(limits)
}
