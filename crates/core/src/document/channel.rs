//! `kind: channel`: a place where people talk, which takes messages at an address of its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::application::PrivateAddresses;

/// A channel of a chat with an incoming webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// What notifications call it, after `channel:`.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How messages are written for it.
    pub style: ChannelStyle,
    /// Its incoming webhook. Whoever knows it may post; as a rule `{{ secret('name') }}`.
    pub url: String,
    /// With `style: json`, the member that has the text; `text` when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The header that carries a key which is the same each time the same message is tried, for receivers that take
    /// none twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_header: Option<String>,
    /// File with the certificates (PEM) of the authority that signed the server's; the machine's own when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// Whether it may be at an address of a private network or of this machine.
    #[serde(default)]
    pub private_addresses: PrivateAddresses,
}

/// How messages for a channel are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChannelStyle {
    /// An Adaptive Card, as the webhooks of Microsoft Teams take it.
    Teams,
    /// Blocks, as Slack and those who do like it take them.
    Slack,
    /// A JSON object with one text.
    Json,
}

impl Channel {
    /// How `to` begins for a channel.
    const PREFIX: &str = "channel:";

    /// The name of the channel that a text in `to` means; none when it means something else.
    pub fn named(to: &str) -> Option<&str> {
        to.strip_prefix(Self::PREFIX).map(str::trim)
    }

    /// The member that has the text, with `style: json`.
    pub fn field(&self) -> &str {
        self.field.as_deref().unwrap_or("text")
    }
}
