//! Requests and answers as they may be shown: without secrets, and bodies only so far.

use std::fmt::{self, Write as _};
use std::time::Duration;

use bytes::Bytes;
use url::form_urlencoded;

use crate::http::{HttpAnswer, HttpRequest, MASK, scrub};

/// How much of a body is shown, in bytes.
pub const BODY_SHOWN: usize = 16 << 10;

/// A request with its answer, both without secrets.
#[derive(Debug)]
pub struct Exchange {
    /// The endpoint.
    pub endpoint: String,
    /// What was sent.
    pub sent: Sent,
    /// What came back; none when nothing did.
    pub received: Option<Received>,
}

/// A field of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its value, with `…` in place of secrets.
    pub value: String,
}

/// A request as it was sent, with `…` in place of secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// GET or POST.
    pub method: String,
    /// The complete address.
    pub url: String,
    /// The header fields that the documents and the authorization make.
    pub headers: Vec<Field>,
    /// The body.
    pub body: Option<String>,
}

/// An answer as it came, with `…` in place of secrets.
#[derive(Debug)]
pub struct Received {
    /// Its code.
    pub status: u16,
    /// What the code means.
    pub reason: &'static str,
    /// Its header fields.
    pub headers: Vec<Field>,
    /// How long it took.
    pub took: Duration,
    /// What it carries.
    pub body: Body,
}

/// The body of an answer. It may be full of personal data: for a person's eyes, never for a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Body {
    /// Its text, of at most [`BODY_SHOWN`] bytes.
    pub text: String,
    /// How many bytes it had in all, after decompression. Of an error at most 64 KiB are read.
    pub bytes: usize,
    /// Whether the text is only the start of it.
    pub cut: bool,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// A request as it was sent.
pub(super) fn sent(request: &HttpRequest) -> Sent {
    let mut headers: Vec<Field> = request
        .headers
        .iter()
        .map(|(name, value)| Field {
            name: name.clone(),
            value: scrub(value.shown(), &request.secrets),
        })
        .collect();
    if let Some(body) = &request.body {
        headers.push(Field {
            name: "Content-Type".to_owned(),
            value: body.content_type.clone(),
        });
    }
    let mut url = request.url.shown().to_owned();
    let mut mark = if url.contains('?') { '&' } else { '?' };
    for (name, value) in &request.query {
        let shown = if value.is_secret() {
            value.shown().to_owned()
        } else {
            form_urlencoded::byte_serialize(value.shown().as_bytes()).collect()
        };
        // Writing into a text does not fail.
        let _ = write!(
            url,
            "{mark}{}={shown}",
            form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>()
        );
        mark = '&';
    }
    let url = scrub(&url, &request.secrets);
    Sent {
        method: request.method.to_string(),
        url,
        headers,
        body: request
            .body
            .as_ref()
            .map(|body| scrub(body.text.shown(), &request.secrets)),
    }
}

/// The answer to a request.
pub(super) fn received(request: &HttpRequest, answer: &HttpAnswer) -> Received {
    let headers = answer.headers.iter().map(|(name, value)| Field {
        name: name.to_string(),
        value: if is_sensitive(name.as_str()) {
            MASK.to_owned()
        } else {
            scrub(&String::from_utf8_lossy(value.as_bytes()), &request.secrets)
        },
    });
    Received {
        status: answer.status.as_u16(),
        reason: answer.status.canonical_reason().unwrap_or_default(),
        headers: headers.collect(),
        took: answer.took,
        body: body(&answer.body, request),
    }
}

/// Header fields of answers that let whoever has them in.
fn is_sensitive(name: &str) -> bool {
    matches!(name, "set-cookie" | "authorization" | "proxy-authorization") || name.ends_with("-token")
}

fn body(whole: &Bytes, request: &HttpRequest) -> Body {
    // Secrets are replaced before it is cut, since of one across the cut the first part would be left.
    let start = whole.get(..whole.len().min(4 * BODY_SHOWN)).unwrap_or_default();
    let clean = scrub(&String::from_utf8_lossy(start), &request.secrets);
    let end = clean.floor_char_boundary(BODY_SHOWN.min(clean.len()));
    let text = clean.get(..end).unwrap_or_default().to_owned();
    Body {
        cut: start.len() < whole.len() || end < clean.len(),
        text,
        bytes: whole.len(),
    }
}
