//! Where a repetition stands when a page is asked for, and what the page before it said: what `page` is in requests.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value as Json;
use serde_json::value::RawValue;
use tenure_core::expression::{Format, Value};

use super::answer::Records;
use super::parent::encoded;
use super::progress::Progress;
use super::repeat::records_of;

/// What requests call it.
pub(super) const PAGE: &str = "page";

/// What a call names of `page`.
#[derive(Clone, Debug, Default)]
pub(super) struct Named(BTreeSet<Box<str>>);

impl Named {
    /// Takes in what a format names.
    pub(super) fn add(&mut self, format: &Format) {
        let members = format.columns().filter(|(name, _)| *name == PAGE);
        self.0
            .extend(members.map(|(_, member)| member.unwrap_or_default().into()));
    }

    /// Whether it names this.
    pub(super) fn has(&self, member: &str) -> bool {
        self.0.contains(member)
    }

    /// Whether it names anything, so that the call is another one for each page.
    pub(super) fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether it names what is only known once the page before has come.
    pub(super) fn needs_page_before(&self) -> bool {
        ["records", "answer", "count", "total"]
            .iter()
            .any(|member| self.has(member))
    }
}

/// Where a repetition stands.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    /// The page that is asked for, counted from 1.
    pub(super) number: u32,
    /// The number that the repetition has reached, where it counts.
    pub(super) offset: Option<i64>,
    /// The cursor that leads to this page.
    pub(super) cursor: Option<String>,
    /// What the page before said; none for the first page, and when the call does not ask for it.
    pub(super) before: Option<Before>,
}

/// What was known when a page had come.
#[derive(Clone, Debug)]
pub(super) struct Before {
    count: u64,
    total: Option<u64>,
    records: Option<Box<RawValue>>,
    answer: Option<Box<RawValue>>,
}

impl Before {
    /// What a call names of a page that has been counted in.
    pub(super) fn of(page: &Records, progress: &Progress, named: &Named) -> Self {
        Self {
            count: progress.count(),
            total: progress.total(),
            records: named.has("records").then(|| records_of(page)).flatten(),
            answer: page.answer.clone(),
        }
    }
}

impl Standing {
    /// Before anything came.
    pub(super) fn first(offset: Option<i64>) -> Self {
        Self {
            number: 1,
            offset,
            cursor: None,
            before: None,
        }
    }

    /// The same with texts as they may stand in an address. A text that would lead elsewhere there is no value.
    pub(super) fn in_address(&self) -> Self {
        let raw = |raw: &RawValue| {
            let mut value = serde_json::from_str(raw.get()).ok()?;
            encode(&mut value);
            RawValue::from_string(Json::to_string(&value)).ok()
        };
        Self {
            number: self.number,
            offset: self.offset,
            cursor: self.cursor.as_deref().and_then(encoded),
            before: self.before.as_ref().map(|before| Before {
                records: before.records.as_deref().and_then(raw),
                answer: before.answer.as_deref().and_then(raw),
                ..before.clone()
            }),
        }
    }

    /// It as formats see it. What is not known yet is missing, by its name.
    pub(super) fn value(&self) -> Value<'_> {
        let before = self.before.as_ref();
        let count = |count: u64| Value::Int(i64::try_from(count).unwrap_or(i64::MAX));
        let members = [
            ("number", Some(Value::Int(self.number.into()))),
            ("offset", self.offset.map(Value::Int)),
            ("cursor", self.cursor.as_deref().map(Value::from)),
            ("count", Some(count(before.map_or(0, |before| before.count)))),
            ("total", before.and_then(|before| before.total).map(count)),
            (
                "records",
                before
                    .and_then(|before| before.records.as_deref())
                    .map(Value::from),
            ),
            (
                "answer",
                before
                    .and_then(|before| before.answer.as_deref())
                    .map(Value::from),
            ),
        ];
        let known = members.into_iter();
        Value::Map(
            known
                .filter_map(|(name, value)| Some((Cow::Borrowed(name), value?)))
                .collect(),
        )
    }
}

fn encode(value: &mut Json) {
    match value {
        Json::String(text) => *value = encoded(text).map_or(Json::Null, Json::String),
        Json::Array(items) => items.iter_mut().for_each(encode),
        Json::Object(members) => members.values_mut().for_each(encode),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}
