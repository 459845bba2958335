//! How only what changed is fetched from an endpoint.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scalar::Span;

/// Fetching only what changed, once everything was fetched. How far a fetch came is kept as the greatest value of a
/// `column`, as the `delta_link` of its last answer, or, when neither is said, as the time at which it began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Incremental {
    /// The column whose greatest value is kept: moments, or whole numbers that only grow. Formats name it as `since`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Where the last answer has the address at which the next fetch begins (JSONPath of names).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delta_link: Option<String>,
    /// How much earlier than that the next fetch begins, since changes may become visible late. Not with `delta_link`.
    pub overlap: Span,
    /// The column by which the application itself knows a record, when that is not the data source's primary key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Condition that holds for records that only say that somebody was removed. It names `record`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<String>,
    /// Everything is fetched when that was so long ago.
    pub full_every: Span,
}

impl Default for Incremental {
    fn default() -> Self {
        Self {
            column: None,
            delta_link: None,
            overlap: Span::from_secs(300),
            id: None,
            removed: None,
            full_every: Span::from_secs(86_400),
        }
    }
}
