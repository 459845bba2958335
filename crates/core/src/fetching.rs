//! What one fetch leaves for the next: how far it came, and from where the next one may begin. A fetch of a part
//! never proves that somebody is gone, unless the source itself says so.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::expression::{Condition, Format, Moment, Scope, Value};
use crate::record::Columns;
use crate::shape::shape;

/// How far a fetch came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Everything that changed before this moment.
    Moment(Timestamp),
    /// Everything up to this number.
    Number(i64),
    /// Everything; what changes from then on is told at this address.
    Link(String),
    /// The rows of a file up to a place in it.
    Rows(ReadRows),
    /// These files, by name, each with the SHA-256 of what was in it (hexadecimal).
    Files(BTreeMap<String, String>),
}

/// The rows of a file that were read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadRows {
    /// How many bytes of the file.
    pub bytes: u64,
    /// The SHA-256 of these bytes (hexadecimal).
    pub hash: String,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Moment(at) => write!(f, "{at}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Link(_) => f.write_str("the last fetch, as the application counts"),
            Self::Rows(rows) => write!(f, "byte {}", rows.bytes),
            Self::Files(files) => write!(f, "{} file(s)", files.len()),
        }
    }
}

/// What is remembered of a data source's last successful run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// A digest of what was asked for. Marks are of no use for another question.
    pub asked: String,
    /// How far it came; none when only everything can be fetched.
    pub mark: Option<Mark>,
    /// When everything was fetched last.
    pub whole_at: Option<Timestamp>,
    /// When the last successful run began.
    pub run_at: Timestamp,
}

/// From where a fetch begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Begin {
    /// Only what came after this; everything when there is none.
    pub since: Option<Mark>,
    /// When the last successful run began.
    pub last_run: Option<Timestamp>,
}

impl Begin {
    /// The same, from the very beginning.
    #[must_use]
    pub fn from_the_start(&self) -> Self {
        Self {
            since: None,
            last_run: self.last_run,
        }
    }
}

/// How much a fetch brings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// Everything, so that whoever did not come is not there.
    #[default]
    Whole,
    /// A part: what did not come is as it was.
    Part,
}

/// Which extent somebody asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// What the documents say.
    #[default]
    AsDocumented,
    /// Everything.
    Everything,
}

/// How a data source can be fetched in parts.
#[derive(Clone, Debug)]
pub struct Parts {
    /// What is kept for the next fetch.
    pub by: By,
    /// What holds of records that say that somebody was removed.
    pub removed: Option<Condition>,
    /// By what the source itself knows a record; its key when there is none.
    pub id: Option<Format>,
    /// Everything is fetched when that was longer ago. None where there is only the part that is new.
    pub full_every: Option<SignedDuration>,
}

/// What is kept for the next fetch.
#[derive(Clone, Debug)]
pub enum By {
    /// The greatest value of a column, less an overlap.
    Column(Format, SignedDuration),
    /// The time at which the fetch began, less an overlap.
    Time(SignedDuration),
    /// What the source gives.
    Source,
}

impl Parts {
    /// From where to begin, with what is remembered.
    pub fn begin(&self, memory: Option<&Memory>, asked: &str, wish: Wish, now: Timestamp) -> Begin {
        let last_run = memory.map(|memory| memory.run_at);
        let usable = memory.filter(|memory| memory.asked == asked && wish == Wish::AsDocumented);
        let since = usable.and_then(|memory| {
            let due = self.full_every.is_some_and(|every| {
                // A clock that was set back says nothing about how long ago it was.
                memory
                    .whole_at
                    .is_none_or(|whole| whole > now || now.duration_since(whole) >= every)
            });
            memory
                .mark
                .as_ref()
                .filter(|_| !due)
                .map(|mark| self.by.with_overlap(mark))
        });
        Begin { since, last_run }
    }

    /// How much a fetch brings that begins there.
    pub fn extent(&self, begin: &Begin) -> Extent {
        if begin.since.is_some() || self.full_every.is_none() {
            Extent::Part
        } else {
            Extent::Whole
        }
    }
}

impl By {
    /// What is asked for: the mark, a little earlier, since changes may become visible late.
    pub fn with_overlap(&self, mark: &Mark) -> Mark {
        match (self, mark) {
            (Self::Column(_, overlap) | Self::Time(overlap), Mark::Moment(at)) => {
                Mark::Moment(at.checked_sub(*overlap).unwrap_or(Timestamp::MIN))
            }
            _ => mark.clone(),
        }
    }
}

/// The greatest value of a column so far.
#[derive(Clone, Debug)]
pub struct HighWater<'a> {
    column: &'a Format,
    greatest: Option<Mark>,
    /// The shape of the first value that is neither a moment nor a whole number.
    unfit: Option<String>,
}

impl<'a> HighWater<'a> {
    /// Begins with what was the greatest.
    pub fn new(column: &'a Format, before: Option<Mark>) -> Self {
        let greatest = before.filter(|mark| matches!(mark, Mark::Moment(_) | Mark::Number(_)));
        Self {
            column,
            greatest,
            unfit: None,
        }
    }

    /// Takes a record. One without a value says nothing.
    pub fn take(&mut self, columns: &Columns<'_>) {
        let scope = Scope::of_names(columns);
        let Ok(crate::expression::Evaluated::Values(values)) = self.column.evaluate(&scope) else {
            return;
        };
        for value in values {
            match (mark_of(&value), &self.greatest) {
                (None, _) => {
                    self.unfit.get_or_insert_with(|| shape(&value));
                }
                (Some(mark), None) => self.greatest = Some(mark),
                (Some(Mark::Moment(at)), Some(Mark::Moment(before))) if at > *before => {
                    self.greatest = Some(Mark::Moment(at));
                }
                (Some(Mark::Number(number)), Some(Mark::Number(before))) if number > *before => {
                    self.greatest = Some(Mark::Number(number));
                }
                (Some(Mark::Moment(_)), Some(Mark::Number(_)))
                | (Some(Mark::Number(_)), Some(Mark::Moment(_))) => {
                    self.unfit.get_or_insert_with(|| shape(&value));
                }
                (Some(_), Some(_)) => {}
            }
        }
    }

    /// The mark, never later than `now`: a record from the future must not hide those that come before it. An error
    /// when the column cannot be used.
    pub fn mark(self, now: Timestamp) -> Result<Option<Mark>, String> {
        if let Some(unfit) = self.unfit {
            return Err(format!(
                "`{}` has a value like `{unfit}`, which is neither a moment nor a whole number like the others; everything \
                 is fetched each time until `incremental.column` names another column",
                self.column.source()
            ));
        }
        Ok(self.greatest.map(|mark| match mark {
            Mark::Moment(at) => Mark::Moment(at.min(now)),
            mark => mark,
        }))
    }
}

fn mark_of(text: &str) -> Option<Mark> {
    if let Ok(number) = text.trim().parse() {
        return Some(Mark::Number(number));
    }
    let zone = jiff::tz::TimeZone::UTC;
    match Moment::parse(text)? {
        Moment::At(at) => Some(Mark::Moment(at.timestamp())),
        Moment::Day(day) => Some(Mark::Moment(day.to_zoned(zone).ok()?.timestamp())),
    }
}

impl Mark {
    /// What `since` is in formats; none where the mark is no value.
    pub fn value(&self) -> Option<Value<'_>> {
        match self {
            Self::Moment(at) => Some((*at).into()),
            Self::Number(number) => Some((*number).into()),
            Self::Link(_) | Self::Rows(_) | Self::Files(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Projection;

    fn parts() -> Parts {
        Parts {
            by: By::Time(SignedDuration::from_mins(5)),
            removed: None,
            id: None,
            full_every: Some(SignedDuration::from_hours(24)),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_part_is_fetched_only_while_the_question_is_the_same_and_everything_came_not_long_ago() {
        let memory = Memory {
            asked: "a".to_owned(),
            mark: Some(Mark::Number(7)),
            whole_at: Some(at("2026-01-05T08:00:00Z")),
            run_at: at("2026-01-05T20:00:00Z"),
        };
        let since = |asked, wish, now| parts().begin(Some(&memory), asked, wish, at(now)).since.is_some();
        assert!(since("a", Wish::AsDocumented, "2026-01-06T07:59:59Z"));
        assert!(!since("a", Wish::AsDocumented, "2026-01-06T08:00:00Z"));
        assert!(!since("a", Wish::AsDocumented, "2026-01-05T07:00:00Z"));
        assert!(!since("a", Wish::Everything, "2026-01-05T21:00:00Z"));
        assert!(!since("b", Wish::AsDocumented, "2026-01-05T21:00:00Z"));
        let begin = parts().begin(Some(&memory), "b", Wish::AsDocumented, at("2026-01-05T21:00:00Z"));
        assert_eq!(begin.last_run, Some(memory.run_at));
    }

    #[test]
    fn the_greatest_value_is_kept_but_never_one_of_the_future() {
        let column = Format::column("changed").unwrap();
        let projection = Projection::new(["changed"]);
        let greatest = |values: &[&str]| {
            let mut high = HighWater::new(&column, None);
            for value in values {
                let raw = format!(r#"{{"changed":{value}}}"#);
                high.take(&projection.read(raw.as_bytes()).unwrap());
            }
            high.mark(at("2026-06-01T00:00:00Z"))
        };
        let moment = |text| Ok(Some(Mark::Moment(at(text))));
        assert_eq!(
            greatest(&[
                r#""2026-01-05T10:00:00+01:00""#,
                "null",
                r#""2026-01-05T09:30:00Z""#
            ]),
            moment("2026-01-05T09:30:00Z")
        );
        assert_eq!(greatest(&[r#""2099-01-01""#]), moment("2026-06-01T00:00:00Z"));
        assert_eq!(greatest(&["9", "10", "\"2\""]), Ok(Some(Mark::Number(10))));
        assert!(
            greatest(&["9", r#""yesterday""#])
                .unwrap_err()
                .contains("`aaaaaaaaa`")
        );
        assert!(greatest(&["9", r#""2026-01-05""#]).is_err());
    }
}
