//! How a call repeats until all records have come.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a call repeats. One of four kinds: by a `parameter` that grows, by the number of a `page`, by a `cursor` that
/// each answer gives for the next call, or by a `next_link` to the next page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    /// By offset: the parameter that grows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// By offset: its first value, 0 when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<i64>,
    /// By offset: what is added with each call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub increment: Option<i64>,
    /// By offset: where the parameter goes; into the query of a GET, into the body of a POST when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Place>,
    /// By the number of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<PageNumber>,
    /// By a cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// By a link to the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_link: Option<NextLink>,
    /// Ends when this holds. `page.records`, `page.number` (from 1), `page.count` (records so far), `page.total` and
    /// `page.answer` (the whole answer) can be named. Without it the calls end with the first page that has no
    /// records, or no further cursor or link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Goes on only while this holds, instead of `until`.
    #[serde(default, rename = "while", skip_serializing_if = "Option::is_none")]
    pub as_long_as: Option<String>,
    /// More calls than this are an error.
    #[serde(default = "Repeat::default_max_pages")]
    pub max_pages: u32,
}

impl Repeat {
    fn default_max_pages() -> u32 {
        100_000
    }
}

/// Repetition by the number of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageNumber {
    /// The parameter with the number.
    pub parameter: String,
    /// The number of the first page.
    #[serde(default = "PageNumber::first")]
    pub start: i64,
    /// Where the parameter goes; into the query of a GET, into the body of a POST when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Place>,
}

impl PageNumber {
    fn first() -> i64 {
        1
    }
}

/// Repetition by a cursor that each answer gives for the next call. The first call has none, and an answer without
/// one is the last. Either `from` or `header`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// Where it is in the answer (JSONPath of names).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Which of the answer's header fields it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// The parameter, member of the body or header field that carries it in the next call. Within a JSON body a path
    /// such as `$.variables.after` may lead to it.
    pub name: String,
    /// Where it goes; into the query of a GET, into the body of a POST when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Place>,
}

/// Repetition by a link to the next page, on the same host. An answer without one is the last. Either `from` or
/// `header`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextLink {
    /// Where it is in the answer (JSONPath of names).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Which of the answer's header fields has it: `Link` (RFC 8288, with `rel="next"`), or one with nothing but it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
}

/// Where in a request something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Into the query.
    Query,
    /// Into the body, which is JSON or a form.
    Body,
    /// Into the header.
    Header,
}
