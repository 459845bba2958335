//! Records: one item as an endpoint returned it, of which only the columns that something reads are looked at.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserializer as _, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::expression::{Names, Value};
use crate::hashed::QuickMap;
use crate::profile::RecordHash;

/// The columns that matter of a data source's records, in the order of their names.
#[derive(Clone, Debug)]
pub struct Projection {
    columns: Vec<Box<str>>,
    /// Where each of them is.
    places: QuickMap<Box<str>, usize>,
    /// Makes hashes differ when other columns come to matter, so that every record is then read again.
    seed: u64,
}

impl Projection {
    /// A projection on these columns.
    pub fn new<'c>(columns: impl IntoIterator<Item = &'c str>) -> Self {
        let columns: Vec<Box<str>> = columns
            .into_iter()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(Box::from)
            .collect();
        let seed = xxhash_rust::xxh3::xxh3_64(columns.join("\0").as_bytes());
        let places = columns.iter().cloned().zip(0..).collect();
        Self {
            columns,
            places,
            seed,
        }
    }

    /// The names of the columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(AsRef::as_ref)
    }

    /// Tells this projection from others.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The hash by which a raw record is known again.
    pub fn hash(&self, raw: &[u8]) -> RecordHash {
        RecordHash(xxhash_rust::xxh3::xxh3_64_with_seed(raw, self.seed))
    }

    /// Reads the columns of a raw record. A column that is there twice counts once, the last time.
    pub fn read<'r>(&'r self, raw: &'r [u8]) -> Result<Columns<'r>, RecordError> {
        let mut columns = Columns {
            projection: self,
            values: vec![None; self.columns.len()],
        };
        let mut deserializer = serde_json::Deserializer::from_slice(raw);
        deserializer
            .deserialize_map(ColumnVisitor {
                columns: &mut columns,
            })
            .map_err(|error| RecordError {
                why: error.to_string(),
            })?;
        Ok(columns)
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }
}

/// A record that cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the record cannot be read: {why}")]
pub struct RecordError {
    /// What is wrong with it.
    pub why: String,
}

/// The columns of one record, each as it was written.
#[derive(Clone, Debug)]
pub struct Columns<'r> {
    projection: &'r Projection,
    values: Vec<Option<&'r RawValue>>,
}

impl<'r> Columns<'r> {
    /// The value of a column as JSON; none when it is not there or null.
    pub fn raw(&self, name: &str) -> Option<&'r RawValue> {
        self.values.get(self.projection.place(name)?).copied().flatten()
    }

    /// The names of the columns that have a value.
    pub(crate) fn filled(&self) -> impl Iterator<Item = &str> {
        let columns = self.projection.columns.iter().zip(&self.values);
        columns.filter_map(|(name, value)| value.is_some().then_some(name.as_ref()))
    }

    /// Adds the columns of a further record of the same person that this one does not have.
    pub fn complete_with(&mut self, other: &Columns<'r>) {
        for (own, theirs) in self.values.iter_mut().zip(&other.values) {
            if own.is_none() {
                *own = *theirs;
            }
        }
    }

    /// The columns as a JSON object, for keeping: reading it gives the same columns.
    pub fn to_json(&self) -> String {
        let size: usize = self.values.iter().flatten().map(|raw| raw.get().len() + 24).sum();
        let mut json = String::with_capacity(size + 2);
        json.push('{');
        for (name, raw) in self.projection.columns.iter().zip(&self.values) {
            if let Some(raw) = raw {
                if json.len() > 1 {
                    json.push(',');
                }
                push_string(&mut json, name);
                json.push(':');
                json.push_str(raw.get());
            }
        }
        json.push('}');
        json
    }
}

impl Names for Columns<'_> {
    fn get<'s>(&'s self, name: &'s str) -> Option<Value<'s>> {
        let place = self.projection.place(name)?;
        Some(match self.values.get(place).copied().flatten() {
            Some(raw) => Value::from(raw),
            None => Value::Missing(Cow::Borrowed(name)),
        })
    }
}

/// Writes a column's name as JSON. Most need no escapes.
fn push_string(json: &mut String, text: &str) {
    if text
        .bytes()
        .any(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\'))
    {
        json.push_str(&serde_json::Value::from(text).to_string());
    } else {
        json.push('"');
        json.push_str(text);
        json.push('"');
    }
}

struct ColumnVisitor<'c, 'r> {
    columns: &'c mut Columns<'r>,
}

impl<'r> Visitor<'r> for ColumnVisitor<'_, 'r> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'r>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(place) = map.next_key_seed(PlaceSeed(self.columns.projection))? {
            match place {
                Some(place) => {
                    let raw: &RawValue = map.next_value()?;
                    let slot = self
                        .columns
                        .values
                        .get_mut(place)
                        .ok_or_else(|| A::Error::custom("no such column"))?;
                    *slot = (raw.get() != "null").then_some(raw);
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Finds a column's place by its name without keeping the name.
struct PlaceSeed<'p>(&'p Projection);

impl<'de> serde::de::DeserializeSeed<'de> for PlaceSeed<'_> {
    type Value = Option<usize>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for PlaceSeed<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a column's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.place(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_columns_that_matter_are_kept_and_survive_being_stored() {
        let projection = Projection::new(["lastname", "id", "phones", "gone"]);
        let raw =
            br#"{"id": 7, "firstname": "x", "lastname": "O\"N\u00e9", "phones": [ {"n": 1} ], "gone": null}"#;
        let columns = projection.read(raw).unwrap();
        let json = columns.to_json();
        assert_eq!(json, r#"{"id":7,"lastname":"O\"N\u00e9","phones":[ {"n": 1} ]}"#);
        assert_eq!(projection.read(json.as_bytes()).unwrap().to_json(), json);
        assert!(columns.raw("firstname").is_none() && columns.raw("gone").is_none());
    }

    #[test]
    fn what_is_no_object_is_an_error_and_other_columns_change_the_hash() {
        let projection = Projection::new(["id"]);
        assert!(projection.read(b"[1]").is_err());
        assert!(projection.read(b"{\"id\": 1").is_err());
        assert_ne!(projection.hash(b"{}"), Projection::new(["id", "sn"]).hash(b"{}"));
    }
}
