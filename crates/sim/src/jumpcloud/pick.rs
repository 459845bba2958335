//! Reading single fields out of a rendered record without building the rest of it.

use std::{borrow::Cow, cmp::Ordering, fmt};

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Calls `each` with every field of the object `record` and its value, in order.
pub(super) fn each_field<'a>(record: &'a [u8], each: impl FnMut(&str, &'a RawValue)) {
    let mut reader = serde_json::Deserializer::from_slice(record);
    // The records were rendered here, so they can be read.
    drop(reader.deserialize_map(Fields(each)));
}

struct Fields<F>(F);

impl<'a, F: FnMut(&str, &'a RawValue)> Visitor<'a> for Fields<F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a record")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((name, value)) = map.next_entry::<Cow<'a, str>, &'a RawValue>()? {
            (self.0)(&name, value);
        }
        Ok(())
    }
}

/// A field's value for comparing and searching.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    /// Not there, or null.
    Nothing,
    Number(f64),
    /// A string; of anything else the JSON.
    Text(String),
}

impl Scalar {
    pub(super) fn of(value: &RawValue) -> Self {
        let raw = value.get();
        match raw.as_bytes().first() {
            Some(b'"') => serde_json::from_str(raw).map_or(Self::Nothing, Self::Text),
            Some(b'-' | b'0'..=b'9') => raw.parse().map_or(Self::Nothing, Self::Number),
            _ if raw == "null" => Self::Nothing,
            _ => Self::Text(raw.to_owned()),
        }
    }

    /// How the values sort: nothing, then numbers, then texts by code point.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => left.total_cmp(right),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::Number(_) => 1,
            Self::Text(_) => 2,
        }
    }

    /// The text to look for words in.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Nothing => Cow::Borrowed(""),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Text(text) => Cow::Borrowed(text),
        }
    }
}

/// Reads the named fields, each at its place; [`Scalar::Nothing`] where there is none.
pub(super) fn scalars(record: &[u8], names: &[String]) -> Vec<Scalar> {
    let mut found = vec![Scalar::Nothing; names.len()];
    each_field(record, |name, value| {
        for (wanted, slot) in names.iter().zip(&mut found) {
            if wanted == name {
                *slot = Scalar::of(value);
            }
        }
    });
    found
}
