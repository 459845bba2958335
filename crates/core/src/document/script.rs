//! `kind: script`: a program of the administrator's own that is run about one account.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scalar::{Scalar, Span};
use super::tree::join;
use super::webhook::{InDoubt, named_attributes};
use crate::attribute::AttributeName;

/// A program that is run about one account. It gets the account as JSON on its standard input and as environment
/// variables; no shell is between. It must be in a folder that the server allows scripts in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What steps call it.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The program's file, relative to a folder that the server allows.
    pub path: String,
    /// What it is called with, one by one. Formats; each is one argument, whatever is in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<Scalar>,
    /// Environment variables besides its own. Formats; here secrets can be named.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, Scalar>,
    /// The attributes of the account that it gets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeName>,
    /// How long it may take, up to an hour; then it is killed with all that it has started.
    #[serde(default = "Script::default_timeout")]
    pub timeout: Span,
    /// When it has succeeded: a condition over `exit_code`, `output`, `errors` and `result` (its output as JSON).
    /// Exit code 0 when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success: Option<String>,
    /// Values that later steps can name, for example as `captured.mailbox`: formats over the same.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capture: BTreeMap<String, String>,
    /// What is done when it is not known whether it did its work: `ask` when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_doubt: Option<InDoubt>,
}

impl Script {
    /// The longest time that a script may be given, in seconds.
    pub const MAX_TIMEOUT: i64 = 3_600;

    fn default_timeout() -> Span {
        Span::from_secs(60)
    }

    /// The texts that are formats, each with its path in the document.
    pub fn texts(&self) -> Vec<(String, &str)> {
        let arguments = self.arguments.iter().enumerate();
        let arguments = arguments.map(|(at, Scalar(text))| (format!("arguments[{at}]"), text.as_str()));
        let variables = self.environment.iter();
        let variables = variables.map(|(name, Scalar(text))| (join("environment", name), text.as_str()));
        arguments.chain(variables).collect()
    }

    /// The attributes that it gets, and those that its formats name.
    pub fn named(&self) -> Vec<AttributeName> {
        let texts = self.texts();
        named_attributes(
            self.attributes.iter().cloned(),
            texts.iter().map(|(_, text)| *text),
        )
    }

    /// Whether running it twice does no more than running it once.
    pub fn is_repeatable(&self) -> bool {
        self.in_doubt == Some(InDoubt::Repeat)
    }
}
