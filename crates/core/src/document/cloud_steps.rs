//! Parameters of steps that only a cloud directory can carry out.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::cloud::ReplyAudience;

/// What a mailbox answers by itself: a text for everybody, more of it, or `none`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum SetAutoReply {
    /// A text for everybody (a format), or `none`.
    Text(String),
    /// With a text for others, and who they are.
    Full(FullAutoReply),
}

/// What a mailbox answers by itself, in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FullAutoReply {
    /// To people of the same organization. A format.
    pub internal: String,
    /// To everybody else; the same when not said. A format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<String>,
    /// Who else is answered; everybody when not said.
    #[serde(default)]
    pub audience: ReplyAudience,
}

impl SetAutoReply {
    /// The texts for people of the organization and for others; none to switch it off.
    pub fn texts(&self) -> Option<(&str, Option<&str>)> {
        match self {
            Self::Text(none) if none == "none" => None,
            Self::Text(text) => Some((text, None)),
            Self::Full(full) => Some((&full.internal, full.external.as_deref())),
        }
    }

    /// Who outside of the organization is answered.
    pub fn audience(&self) -> ReplyAudience {
        match self {
            Self::Text(_) => ReplyAudience::default(),
            Self::Full(full) => full.audience,
        }
    }
}

impl<'de> Deserialize<'de> for SetAutoReply {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SetAutoReplyVisitor)
    }
}

struct SetAutoReplyVisitor;

impl<'de> Visitor<'de> for SetAutoReplyVisitor {
    type Value = SetAutoReply;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, `none`, or `internal` with `external` and `audience`")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<SetAutoReply, E> {
        Ok(SetAutoReply::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SetAutoReply, A::Error> {
        FullAutoReply::deserialize(MapAccessDeserializer::new(map)).map(SetAutoReply::Full)
    }
}
