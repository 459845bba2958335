//! How a call repeats: the parameter that grows, and when the last page has come.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::value::RawValue;
use tenure_core::document;
use tenure_core::expression::{Condition, ExpressionError, Scope, Value};
use tenure_core::seams::SourceError;

use super::misconfigured;
use super::progress::Progress;
use super::split::Contents;

/// Repetition by a number that grows from call to call.
#[derive(Clone, Debug)]
pub(super) struct Repetition {
    parameter: String,
    start: i64,
    increment: i64,
    until: Until,
    /// The most calls.
    pub(super) max_pages: u32,
}

/// What ends the repetition, besides a page without records.
#[derive(Clone, Debug)]
enum Until {
    /// Nothing.
    EmptyPage,
    /// A condition on numbers.
    Numbers(Condition),
    /// A condition that also asks for the records themselves.
    Records(Condition),
}

impl Repetition {
    /// Reads what the document says; `doing` is what errors begin with.
    pub(super) fn new(document: &document::Repeat, doing: &str) -> Result<Self, SourceError> {
        if document.increment == 0 {
            return Err(misconfigured(
                doing,
                "`repeat` has the increment 0, with which every call is the same",
                "write the number of records of a page, or 1 when the parameter counts pages",
            ));
        }
        let until = match document.until.as_deref() {
            None => Until::EmptyPage,
            Some(source) if is_empty_page(source) => Until::EmptyPage,
            Some(source) => {
                let condition = Condition::parse(source).map_err(|error| {
                    misconfigured(format!("{doing}: `until`"), error.to_string(), error.hint)
                })?;
                if source.contains("records") {
                    Until::Records(condition)
                } else {
                    Until::Numbers(condition)
                }
            }
        };
        Ok(Self {
            parameter: document.parameter.clone(),
            start: document.start,
            increment: document.increment,
            until,
            max_pages: document.max_pages,
        })
    }

    /// The parameter that grows.
    pub(super) fn parameter(&self) -> &str {
        &self.parameter
    }

    /// Its value for a page, counted from 1.
    pub(super) fn value(&self, number: u32) -> i64 {
        let steps = i64::from(number.saturating_sub(1));
        self.start.saturating_add(self.increment.saturating_mul(steps))
    }

    /// Whether this page, which has been counted in, is the last.
    pub(super) fn ends_with(
        &self,
        contents: &Contents,
        body: &Bytes,
        progress: &Progress,
    ) -> Result<bool, ExpressionError> {
        let (Some(first), Some(last)) = (contents.records.first(), contents.records.last()) else {
            return Ok(true);
        };
        match &self.until {
            Until::EmptyPage => Ok(false),
            Until::Numbers(condition) => holds(condition, progress, None),
            Until::Records(condition) => {
                let text = body
                    .get(first.start as usize..last.end as usize)
                    .unwrap_or_default();
                let records = RawValue::from_string(format!("[{}]", String::from_utf8_lossy(text))).ok();
                holds(condition, progress, records.as_deref())
            }
        }
    }
}

fn holds(
    condition: &Condition,
    progress: &Progress,
    records: Option<&RawValue>,
) -> Result<bool, ExpressionError> {
    let number = |count: u64| Value::Int(i64::try_from(count).unwrap_or(i64::MAX));
    let mut page = vec![
        (Cow::Borrowed("number"), Value::Int(progress.number().into())),
        (Cow::Borrowed("count"), number(progress.count())),
        (
            Cow::Borrowed("total"),
            progress
                .total()
                .map_or(Value::Missing("page.total".into()), number),
        ),
    ];
    if let Some(records) = records {
        page.push((Cow::Borrowed("records"), records.into()));
    }
    condition.holds(&Scope::new().with_value("page", Value::Map(page)))
}

/// Whether a condition says what ends the calls anyway, so that records need not be counted for it.
fn is_empty_page(until: &str) -> bool {
    let bare = until.trim().trim_start_matches("{{").trim_end_matches("}}");
    let tight: String = bare.chars().filter(|c| !c.is_whitespace()).collect();
    matches!(
        tight.as_str(),
        "page.records|length==0" | "notpage.records" | "(page.records|length)==0"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameter_grows_from_its_start() {
        let document = document::Repeat {
            parameter: "skip".to_owned(),
            start: 5,
            increment: 100,
            until: Some("{{ page.records | length == 0 }}".to_owned()),
            max_pages: 9,
        };
        let repeat = Repetition::new(&document, "").unwrap();
        assert_eq!([1, 2, 3].map(|number| repeat.value(number)), [5, 105, 205]);
        assert!(matches!(repeat.until, Until::EmptyPage));
        let still = document::Repeat {
            increment: 0,
            ..document
        };
        assert!(
            Repetition::new(&still, "")
                .unwrap_err()
                .said
                .contains("every call is the same")
        );
    }
}
