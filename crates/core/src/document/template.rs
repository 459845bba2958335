//! `kind: template`: how an account is created.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::attribute::AttributeName;
use crate::password::PasswordRule;

use super::scalar::OneOrMany;

/// How an account is created. Formats here name mapped attributes, not columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// What steps call it.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The container (OU) into which the account goes. A format. Not for `microsoft365`, which has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The attribute that names the object in its container; `CN` when not said.
    #[serde(default = "Template::common_name")]
    pub rdn_attribute: AttributeName,
    /// What the object is called, in order of preference; a number is added when all are taken. Without a container
    /// it is called by its `userPrincipalName`.
    #[serde(default = "Template::display_name")]
    pub rdn: OneOrMany<String>,
    /// Attributes whose values no two accounts may share, each with what is tried in order. A number is added when
    /// all are taken. They are chosen once and stay as they are when names change.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unique: BTreeMap<AttributeName, Unique>,
    /// Values for attributes that the mapping has none for. Formats.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<AttributeName, String>,
    /// Groups to be a member of from the start. Formats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// How the first password is made; without it the account has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordRule>,
    /// Whether sign-in is possible at once.
    #[serde(default = "Template::enabled")]
    pub enabled: bool,
}

impl Template {
    fn common_name() -> AttributeName {
        AttributeName::new("CN")
    }

    fn display_name() -> OneOrMany<String> {
        OneOrMany::One("{{ displayName }}".to_owned())
    }

    fn enabled() -> bool {
        true
    }
}

/// What is tried for a name that must be unique.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Unique {
    /// Formats, the best first.
    Formats(OneOrMany<String>),
    /// With the most characters it may have.
    Full(FullUnique),
}

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a format, a list of formats, or `formats` with `max_length`")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Unique, E> {
        Ok(Unique::Formats(OneOrMany::One(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Unique, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items))
            .map(|formats| Unique::Formats(OneOrMany::Many(formats)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Unique, A::Error> {
        FullUnique::deserialize(MapAccessDeserializer::new(map)).map(Unique::Full)
    }
}

/// Formats for a name, with its bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FullUnique {
    /// Formats, the best first.
    pub formats: OneOrMany<String>,
    /// The most characters; 20 for `sAMAccountName`, 64 for others when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u16>,
}

impl Unique {
    /// What is tried, in order.
    pub fn formats(&self) -> &[String] {
        match self {
            Self::Formats(formats) => formats.as_slice(),
            Self::Full(full) => full.formats.as_slice(),
        }
    }

    /// The most characters, where it is said.
    pub fn max_length(&self) -> Option<usize> {
        match self {
            Self::Formats(_) => None,
            Self::Full(full) => full.max_length.map(usize::from),
        }
    }
}
