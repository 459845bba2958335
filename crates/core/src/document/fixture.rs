//! `kind: fixture`: a person as a data source records them, and what the mapping has to make of them.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::scalar::{AS_WRITTEN, OneOrMany, Scalar};
use crate::attribute::AttributeName;
use crate::lifecycle::Lifecycle;

/// A person to try a mapping with. Nothing runs from it; `tenure test` compares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    /// What `tenure test --fixture` calls it.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The data source whose mapping is tried.
    pub source: String,
    /// The moment at which it is tried, as `2026-11-30T09:00:00Z`, or a day (its first moment in UTC); the present when
    /// not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// The person's record as each endpoint of the source returned it, by the endpoint's name; `file` for a source
    /// that reads a file. Several where the source has several of one person.
    pub records: BTreeMap<String, OneOrMany<serde_json::Map<String, serde_json::Value>>>,
    /// What has to come of it.
    pub expect: Expectation,
}

/// What has to come of a person's records. What is not said is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Expectation {
    /// The person's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Scalar>,
    /// Attributes with their value, or values in any order.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<AttributeName, ExpectedValues>,
    /// Attributes that must have no value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<AttributeName>,
    /// Where the person must stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<ExpectedState>,
    /// What must be reported, each a part of one report. Without it nothing may be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// The values of an attribute: one, or several in any order. Numbers and truth values are texts, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedValues(pub Vec<String>);

impl Serialize for ExpectedValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => serializer.serialize_str(one),
            several => several.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ExpectedValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_newtype_struct(AS_WRITTEN, ValuesVisitor)
            .map(Self)
    }
}

struct ValuesVisitor;

impl<'de> Visitor<'de> for ValuesVisitor {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or a list of values")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<String>, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_str<E>(self, text: &str) -> Result<Vec<String>, E> {
        Ok(vec![text.to_owned()])
    }

    fn visit_i64<E>(self, number: i64) -> Result<Vec<String>, E> {
        Ok(vec![number.to_string()])
    }

    fn visit_u64<E>(self, number: u64) -> Result<Vec<String>, E> {
        Ok(vec![number.to_string()])
    }

    fn visit_f64<E>(self, number: f64) -> Result<Vec<String>, E> {
        Ok(vec![number.to_string()])
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Vec<String>, E> {
        Ok(vec![yes.to_string()])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Vec<String>, A::Error> {
        let values = Vec::<Scalar>::deserialize(SeqAccessDeserializer::new(items))?;
        Ok(values.into_iter().map(|value| value.0).collect())
    }
}

impl JsonSchema for ExpectedValues {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ExpectedValues".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let scalar = ["string", "number", "boolean"];
        json_schema!({ "anyOf": [{ "type": scalar }, { "type": "array", "items": { "type": scalar } }] })
    }
}

/// Where a person stands between hire and leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExpectedState {
    /// Should have an account in use.
    Active,
    /// The start is still to come.
    Upcoming,
    /// The end has passed.
    Ended,
    /// Not active, without a date.
    Inactive,
}

impl From<&Lifecycle> for ExpectedState {
    fn from(lifecycle: &Lifecycle) -> Self {
        match lifecycle {
            Lifecycle::Active { .. } => Self::Active,
            Lifecycle::Upcoming { .. } => Self::Upcoming,
            Lifecycle::Ended { .. } => Self::Ended,
            Lifecycle::Inactive => Self::Inactive,
        }
    }
}

impl fmt::Display for ExpectedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Upcoming => "upcoming",
            Self::Ended => "ended",
            Self::Inactive => "inactive",
        })
    }
}
