//! A call as it is shown to people: what was sent and what came, without secrets and within bounds.

use std::time::Duration;

use serde::Serialize;

use crate::http::{HttpAnswer, HttpRequest, scrub};

/// How much of a body is shown, in bytes.
const SHOWN: usize = 16 << 10;

/// A request as it is shown. Where it has secrets there is `…`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownRequest {
    /// How.
    pub method: String,
    /// Where to, with the query.
    pub url: String,
    /// Header fields.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// An answer as it is shown. Where it repeats secrets there is `…`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownResponse {
    /// The status code.
    pub status: u16,
    /// What it is called.
    pub reason: String,
    /// Header fields.
    pub headers: Vec<(String, String)>,
    /// The body, up to 16 KiB of it.
    pub body: String,
    /// Whether there is more of the body.
    pub cut: bool,
    /// How long the last try took.
    #[serde(rename = "milliseconds", serialize_with = "milliseconds")]
    pub took: Duration,
}

fn milliseconds<S: serde::Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}

impl ShownRequest {
    pub(super) fn new(request: &HttpRequest) -> Self {
        let line = request.to_string();
        let url = line.split_once(' ').map_or(line.as_str(), |(_, url)| url);
        let body = request.body.as_ref();
        let kind = body.map(|body| ("Content-Type".to_owned(), body.content_type.clone()));
        let fields = request.headers.iter();
        let fields = fields.map(|(name, value)| (name.clone(), scrub(value.shown(), &request.secrets)));
        Self {
            method: request.method.to_string(),
            url: url.to_owned(),
            headers: kind.into_iter().chain(fields).collect(),
            body: body.map(|body| bounded(body.text.shown()).0),
        }
    }
}

impl ShownResponse {
    pub(super) fn new(answer: &HttpAnswer, request: &HttpRequest) -> Self {
        let text = |bytes: &[u8]| scrub(&String::from_utf8_lossy(bytes), &request.secrets);
        let headers = answer
            .headers
            .iter()
            // A session is as good as a password.
            .filter(|(name, _)| name.as_str() != "set-cookie")
            .map(|(name, value)| (name.to_string(), text(value.as_bytes())));
        // Secrets are replaced before it is cut: of one that stands across the cut the first part would be left.
        let start = answer
            .body
            .get(..answer.body.len().min(SHOWN * 4))
            .unwrap_or_default();
        let (body, cut) = bounded(&text(start));
        Self {
            status: answer.status.as_u16(),
            reason: answer.status.canonical_reason().unwrap_or_default().to_owned(),
            headers: headers.collect(),
            body,
            cut: cut || start.len() < answer.body.len(),
            took: answer.took,
        }
    }
}

/// The start of a text, and whether there is more of it.
fn bounded(text: &str) -> (String, bool) {
    let mut end = text.len().min(SHOWN);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (text.get(..end).unwrap_or_default().to_owned(), end < text.len())
}
