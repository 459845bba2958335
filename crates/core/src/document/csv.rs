//! How a table of values (CSV) is written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a table of values is written. Values may stand in double quotes, and a quote in them is doubled (RFC 4180).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Csv {
    /// The one character between two values.
    pub separator: String,
    /// How its characters are encoded, for example `windows-1252`; when not said, as the file or answer says itself,
    /// else UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// The names of the columns, when the first line does not have them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
}

impl Default for Csv {
    fn default() -> Self {
        Self {
            separator: ",".to_owned(),
            encoding: None,
            columns: Vec::new(),
        }
    }
}
