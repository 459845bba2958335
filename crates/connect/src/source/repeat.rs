//! How a call repeats: what changes from call to call, and when the last page has come.

use std::borrow::Cow;

use serde_json::value::RawValue;
use tenure_core::document::{self, Endpoint, Method, Place};
use tenure_core::expression::{Condition, ExpressionError, Scope, Value};
use tenure_core::seams::SourceError;

use super::answer::Records;
use super::message::Message;
use super::misconfigured;
use super::path::MemberPath;
use super::progress::Progress;
use super::standing::Named;

/// Repetition of a call.
#[derive(Clone, Debug)]
pub(super) struct Repetition {
    step: Step,
    ends: Ends,
    /// The most calls.
    pub(super) max_pages: u32,
}

/// What changes from call to call.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A number that grows.
    Number {
        target: Target,
        start: i64,
        increment: i64,
        /// Whether it counts records, so that a page with fewer of them leaves some out.
        counts_records: bool,
    },
    /// A text that each answer gives for the next call.
    Cursor { target: Target, origin: Origin },
    /// The address of the next page.
    Link { origin: Origin },
}

/// Where in a request something goes.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Query(String),
    Header(String),
    Body(MemberPath),
    /// Wherever the request names it itself.
    Named(String),
}

/// Where in an answer something comes from.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    Body(MemberPath),
    Header(String),
}

/// What ends the repetition.
#[derive(Clone, Debug)]
enum Ends {
    /// A page without records; for cursors and links only that there is no further one.
    ByItself,
    /// That, or that a condition holds.
    Until(Asked),
    /// That a condition does not hold any more, whatever a page has.
    While(Asked),
}

/// A condition with what it asks of a page besides numbers.
#[derive(Clone, Debug)]
struct Asked {
    condition: Condition,
    records: bool,
    answer: bool,
}

/// What a page says on whether there is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It was the last.
    Last,
    /// There may be another.
    More,
    /// The condition says that there is another: it must come.
    MoreForSure,
}

impl Repetition {
    /// Reads what an endpoint says; `doing` is what errors begin with.
    pub(super) fn new(
        document: &document::Repeat,
        endpoint: &Endpoint,
        message: &Message,
        named: &Named,
        doing: &str,
    ) -> Result<Self, SourceError> {
        let at = At {
            endpoint,
            message,
            named,
            doing,
        };
        let step = at.step(document)?;
        let ends = at.ends(document, matches!(step, Step::Number { .. }))?;
        Ok(Self {
            step,
            ends,
            max_pages: document.max_pages,
        })
    }

    /// What changes.
    pub(super) fn step(&self) -> &Step {
        &self.step
    }

    /// Where in the body of an answer the next page is named.
    pub(super) fn next_in_body(&self) -> Option<&MemberPath> {
        match &self.step {
            Step::Cursor {
                origin: Origin::Body(path),
                ..
            }
            | Step::Link {
                origin: Origin::Body(path),
            } => Some(path),
            _ => None,
        }
    }

    /// Whether pages can be asked for before the one before came.
    pub(super) fn is_numbered(&self) -> bool {
        matches!(self.step, Step::Number { .. })
    }

    /// How many records a page must have for the next one to follow without a gap.
    pub(super) fn records_a_step(&self) -> Option<u64> {
        match &self.step {
            Step::Number {
                increment,
                counts_records: true,
                ..
            } => Some(increment.unsigned_abs()),
            _ => None,
        }
    }

    /// Whether a condition asks for the whole answer.
    pub(super) fn asks_for_answer(&self) -> bool {
        match &self.ends {
            Ends::Until(asked) | Ends::While(asked) => asked.answer,
            Ends::ByItself => false,
        }
    }

    /// Whether this page, which has been counted in, is the last as far as its records and the condition say.
    pub(super) fn verdict(&self, page: &Records, progress: &Progress) -> Result<Verdict, ExpressionError> {
        let empty = page.contents.records.is_empty();
        let last_or_more = |last| if last { Verdict::Last } else { Verdict::More };
        match &self.ends {
            Ends::ByItself => Ok(last_or_more(empty && self.is_numbered())),
            Ends::Until(_) if empty && self.is_numbered() => Ok(Verdict::Last),
            Ends::Until(asked) => asked.holds(page, progress).map(last_or_more),
            Ends::While(asked) => asked
                .holds(page, progress)
                .map(|more| if more { Verdict::MoreForSure } else { Verdict::Last }),
        }
    }
}

/// What a repetition belongs to, for reading it.
struct At<'e> {
    endpoint: &'e Endpoint,
    message: &'e Message,
    /// What the request names of `page`.
    named: &'e Named,
    doing: &'e str,
}

impl At<'_> {
    fn wrong(&self, said: impl Into<String>, hint: &str) -> SourceError {
        misconfigured(self.doing, said, hint)
    }

    fn step(&self, document: &document::Repeat) -> Result<Step, SourceError> {
        let one_kind = "write one of `parameter` with `increment`, `page`, `cursor` and `next_link`";
        match (
            &document.parameter,
            &document.page,
            &document.cursor,
            &document.next_link,
        ) {
            (Some(parameter), None, None, None) => match document.increment {
                None => Err(self.wrong("`repeat` has a `parameter` without `increment`", one_kind)),
                Some(0) => Err(self.wrong(
                    "`repeat` has the increment 0, with which every call is the same",
                    "write the number of records of a page, or 1 when the parameter counts pages",
                )),
                Some(increment) => Ok(Step::Number {
                    target: self.target(parameter, "offset", document.to)?,
                    start: document.start.unwrap_or(0),
                    increment,
                    counts_records: true,
                }),
            },
            (None, Some(page), None, None) => Ok(Step::Number {
                target: self.target(&page.parameter, "offset", page.to)?,
                start: page.start,
                increment: 1,
                counts_records: false,
            }),
            (None, None, Some(cursor), None) => Ok(Step::Cursor {
                target: self.target(&cursor.name, "cursor", cursor.to)?,
                origin: self.origin(cursor.from.as_deref(), cursor.header.as_deref())?,
            }),
            (None, None, None, Some(link)) => Ok(Step::Link {
                origin: self.origin(link.from.as_deref(), link.header.as_deref())?,
            }),
            _ => Err(self.wrong("`repeat` is not of exactly one kind", one_kind)),
        }
    }

    /// Where what changes goes; a request that names this member of `page` says so itself.
    fn target(&self, name: &str, member: &str, to: Option<Place>) -> Result<Target, SourceError> {
        if self.named.has(member) {
            return Ok(Target::Named(name.to_owned()));
        }
        let fits = self.endpoint.method == Method::Post && self.message.has_fields();
        let into_body = match to {
            Some(Place::Header) => return Ok(Target::Header(name.to_owned())),
            Some(Place::Query) => false,
            Some(Place::Body) if !fits => {
                let said = format!("`repeat` puts `{name}` into the body, which has no place for it");
                return Err(self.wrong(said, "write `to: query`, or a body of fields with `method: POST`"));
            }
            Some(Place::Body) => true,
            None if matches!(self.message, Message::Json(_)) && !fits => {
                let said = "its `body` must be an object for `repeat` to put its parameter in";
                return Err(self.wrong(said, "write an object, or say `to: query`"));
            }
            // Said to be none, it stays so.
            None => fits && self.endpoint.message != Some(document::Message::None),
        };
        if !into_body {
            return Ok(Target::Query(name.to_owned()));
        }
        MemberPath::of_member(name)
            .map(Target::Body)
            .map_err(|said| self.wrong(format!("`repeat`: {said}"), ""))
    }

    fn origin(&self, from: Option<&str>, header: Option<&str>) -> Result<Origin, SourceError> {
        match (from, header) {
            (Some(path), None) => MemberPath::of_value(path)
                .map(Origin::Body)
                .map_err(|said| self.wrong(format!("`repeat`: {said}"), "")),
            (None, Some(name)) => Ok(Origin::Header(name.to_owned())),
            _ => Err(self.wrong(
                "`repeat` needs either `from` or `header`",
                "say where in the answer the next page is named",
            )),
        }
    }

    fn ends(&self, document: &document::Repeat, numbered: bool) -> Result<Ends, SourceError> {
        match (&document.until, &document.as_long_as) {
            (None, None) => Ok(Ends::ByItself),
            // What ends numbered calls anyway, so that records need not be counted for it.
            (Some(until), None) if numbered && is_empty_page(until) => Ok(Ends::ByItself),
            (Some(until), None) => self.asked(until).map(Ends::Until),
            (None, Some(as_long_as)) => self.asked(as_long_as).map(Ends::While),
            (Some(_), Some(_)) => {
                Err(self.wrong("`repeat` has both `until` and `while`", "keep one of them"))
            }
        }
    }

    fn asked(&self, source: &str) -> Result<Asked, SourceError> {
        let condition = Condition::parse(source).map_err(|error| {
            let doing = format!("{}: the condition of `repeat`", self.doing);
            misconfigured(doing, error.to_string(), error.hint)
        })?;
        Ok(Asked {
            condition,
            records: source.contains("records"),
            answer: source.contains("answer"),
        })
    }
}

impl Step {
    /// The number of a page, counted from 1.
    pub(super) fn number(&self, page: u32) -> Option<i64> {
        match self {
            Self::Number { start, increment, .. } => {
                let steps = i64::from(page.saturating_sub(1));
                Some(start.saturating_add(increment.saturating_mul(steps)))
            }
            Self::Cursor { .. } | Self::Link { .. } => None,
        }
    }

    /// What it is called in errors.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Number { target, .. } | Self::Cursor { target, .. } => match target {
                Target::Query(name) | Target::Header(name) | Target::Named(name) => format!("`{name}`"),
                Target::Body(path) => format!("`{path}`"),
            },
            Self::Link { .. } => "the next page's address".to_owned(),
        }
    }

    /// Where the next page is named, for errors.
    pub(super) fn origin(&self) -> String {
        match self {
            Self::Cursor { origin, .. } | Self::Link { origin } => match origin {
                Origin::Body(path) => format!("at `{path}`"),
                Origin::Header(name) => format!("in the header `{name}`"),
            },
            Self::Number { .. } => String::new(),
        }
    }
}

impl Asked {
    fn holds(&self, page: &Records, progress: &Progress) -> Result<bool, ExpressionError> {
        let number = |count: u64| Value::Int(i64::try_from(count).unwrap_or(i64::MAX));
        let records = if self.records { records_of(page) } else { None };
        let mut values = vec![
            (Cow::Borrowed("number"), Value::Int(progress.number().into())),
            (Cow::Borrowed("count"), number(progress.count())),
            (
                Cow::Borrowed("total"),
                progress
                    .total()
                    .map_or(Value::Missing("page.total".into()), number),
            ),
        ];
        if let Some(records) = &records {
            values.push((Cow::Borrowed("records"), records.as_ref().into()));
        }
        if let Some(answer) = &page.answer {
            values.push((Cow::Borrowed("answer"), answer.as_ref().into()));
        }
        self.condition
            .holds(&Scope::new().with_value("page", Value::Map(values)))
    }
}

/// The records of a page as a list.
pub(super) fn records_of(page: &Records) -> Option<Box<RawValue>> {
    let texts: Vec<_> = page
        .contents
        .records
        .iter()
        .filter_map(|range| page.body.get(range.start as usize..range.end as usize))
        .map(String::from_utf8_lossy)
        .collect();
    RawValue::from_string(format!("[{}]", texts.join(","))).ok()
}

/// Whether a condition says what ends the calls anyway.
fn is_empty_page(until: &str) -> bool {
    let bare = until.trim().trim_start_matches("{{").trim_end_matches("}}");
    let tight: String = bare.chars().filter(|c| !c.is_whitespace()).collect();
    matches!(
        tight.as_str(),
        "page.records|length==0" | "notpage.records" | "(page.records|length)==0"
    )
}
