//! `kind: application`: an external system reached over HTTP.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::authorization::Authorization;
use super::csv::Csv;
use super::incremental::Incremental;
use super::repeat::Repeat;
use super::scalar::{Scalar, Span};
use super::webhook::Webhook;

/// An external system reached over HTTP, with how it is authorized and what can be fetched from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// What data sources call it.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// An entry of the catalog, which fills whatever is not said here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// What the preset asks for, such as the tenant in its addresses (`tenure catalog show` lists it).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, Scalar>,
    /// How requests are authorized.
    #[serde(default)]
    pub authorization: Authorization,
    /// Header fields that every request has. Formats.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// What can be fetched.
    #[serde(default)]
    pub endpoints: Vec<Endpoint>,
    /// Calls that can be made about accounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub webhooks: Vec<Webhook>,
    /// Bounds of time, size and number.
    #[serde(default)]
    pub limits: RequestLimits,
    /// File with the certificates (PEM) of the authority that signed the server's; the machine's own when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// Whether addresses of private networks and of this machine may be called.
    #[serde(default)]
    pub private_addresses: PrivateAddresses,
}

/// Whether private addresses may be called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PrivateAddresses {
    /// They are refused.
    #[default]
    Refused,
    /// They may be called.
    Allowed,
}

/// One inbound call: where records are fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// What data sources call it.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How it is called.
    #[serde(default)]
    pub method: Method,
    /// Where it is. A format.
    pub url: String,
    /// Query parameters. Formats.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, Scalar>,
    /// Header fields. Formats.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Scalar>,
    /// What the body is, for POST; JSON when there is a `body` and this is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
    /// The body, for POST. Texts in it are formats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<serde_json::Value>,
    /// How the answer is written.
    #[serde(default, skip_serializing_if = "AnswerFormat::is_json")]
    pub answer: AnswerFormat,
    /// How the table is written, with `answer: csv`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csv: Option<Csv>,
    /// Where the records are in the answer: a JSONPath (RFC 9535) of names and one final `[*]`. With `for_each` it may
    /// be without `[*]`: the value there is then the only record.
    #[serde(default = "Endpoint::all_of_the_answer")]
    pub records: String,
    /// Where the answer says how many records there are in all (JSONPath), to compare with what came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<String>,
    /// How the call repeats until all records have come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat>,
    /// How only what changed is fetched, once everything was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incremental: Option<Incremental>,
    /// Calls it once for each record of another endpoint, whose columns formats can name as `record.id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_each: Option<ForEach>,
}

/// Calls for each record of another endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForEach {
    /// The other endpoint, of the same application.
    pub endpoint: String,
    /// Members that each record found gets from the record it was called for, each with the column there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub add: BTreeMap<String, String>,
}

impl Application {
    /// The webhook with this name.
    pub fn webhook(&self, name: &str) -> Option<&Webhook> {
        self.webhooks.iter().find(|webhook| webhook.name == name)
    }
}

impl Endpoint {
    fn all_of_the_answer() -> String {
        "$[*]".to_owned()
    }
}

impl AnswerFormat {
    // The signature is what serde asks for.
    #[expect(clippy::trivially_copy_pass_by_ref)]
    fn is_json(&self) -> bool {
        matches!(self, Self::Json)
    }
}

/// Methods of inbound calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// GET.
    #[default]
    Get,
    /// POST, for searches.
    Post,
}

/// What is sent with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// Nothing.
    None,
    /// JSON.
    Json,
    /// Names with values, as HTML forms send them.
    Form,
    /// XML, from a text.
    Xml,
    /// XML that is put into the body of a SOAP envelope.
    Soap,
    /// A plain text.
    Text,
}

/// How answers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerFormat {
    /// JSON.
    #[default]
    Json,
    /// XML. Elements are read as members, attributes as members whose names begin with `@`.
    Xml,
    /// A table, whose lines are the records.
    Csv,
}

/// Bounds within which an application is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RequestLimits {
    /// Calls at the same time.
    #[schemars(range(min = 1, max = 64))]
    pub concurrency: u32,
    /// Calls a minute; no limit when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_per_minute: Option<u32>,
    /// Where answers say how many calls are left, when they say it otherwise than most do.
    #[serde(skip_serializing_if = "LimitHeaders::is_default")]
    pub headers: LimitHeaders,
    /// The longest wait for an answer to begin or to go on.
    pub timeout: Span,
    /// The longest time for one call with all its repetitions.
    pub total_time: Span,
    /// How often a call that failed for the moment is made again.
    #[schemars(range(max = 20))]
    pub retries: u32,
    /// The longest answer, in MiB.
    #[schemars(range(min = 1, max = 1024))]
    pub response_mib: u32,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            concurrency: 4,
            calls_per_minute: None,
            headers: LimitHeaders::default(),
            timeout: Span::from_secs(60),
            total_time: Span::from_secs(300),
            retries: 4,
            response_mib: 64,
        }
    }
}

/// The header fields in which an application says how many calls it still allows. `Retry-After`, `RateLimit`,
/// `RateLimit-Remaining`, `X-RateLimit-Remaining` (each with `…-Reset`) and `x-ms-throttle-limit-percentage` are known
/// without being named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitHeaders {
    /// How many calls are left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<String>,
    /// When there are more again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset: Option<String>,
    /// What `reset` counts. Large numbers are taken for moments and others for seconds when not said, of which no more
    /// than 60 are waited for then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<ResetUnit>,
    /// Which part of the limit is used: `1` is all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<String>,
}

impl LimitHeaders {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a number says of the time when there are more calls again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResetUnit {
    /// Milliseconds from now.
    Milliseconds,
    /// Seconds from now.
    Seconds,
    /// Seconds since 1970.
    EpochSeconds,
    /// Milliseconds since 1970.
    EpochMilliseconds,
}
