//! A request before it is sent: its parts with secrets masked, and how it reads to people.

use std::fmt;

use bytes::Bytes;
pub use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tenure_core::secret::Secret;
use url::Url;

use super::error::HttpError;
use super::masked::Masked;

/// Whether a request may be made again when it is not known what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeatable {
    /// It reads only, or its repetition changes nothing.
    Yes,
    /// Making it twice could do something twice.
    No,
    /// Making it twice could do something twice; it may be made again when it is known that nothing was done.
    WhenNotDone,
}

/// What a request carries.
#[derive(Clone, Debug)]
pub struct HttpBody {
    /// Its media type.
    pub content_type: String,
    /// The text itself.
    pub text: Masked,
}

/// One request, complete.
#[derive(Clone)]
pub struct HttpRequest {
    /// How.
    pub method: Method,
    /// Where to; may have a query of its own.
    pub url: Masked,
    /// Added to the URL's query, encoded.
    pub query: Vec<(String, Masked)>,
    /// Header fields.
    pub headers: Vec<(String, Masked)>,
    /// What it carries.
    pub body: Option<HttpBody>,
    /// Whether it may be made again.
    pub repeatable: Repeatable,
    /// The secrets in it, so that an answer that repeats them is cleaned before it is shown.
    pub secrets: Vec<Secret>,
}

impl HttpRequest {
    /// A request that reads from this URL.
    pub fn get(url: impl Into<Masked>) -> Self {
        Self::new(Method::GET, url, Repeatable::Yes)
    }

    /// A request without header fields and body.
    pub fn new(method: Method, url: impl Into<Masked>, repeatable: Repeatable) -> Self {
        Self {
            method,
            url: url.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            repeatable,
            secrets: Vec::new(),
        }
    }

    /// The complete URL as it is sent.
    pub(crate) fn target(&self) -> Result<Url, HttpError> {
        let mut url = Url::parse(self.url.expose()).map_err(|error| HttpError::Url {
            why: format!("`{}` is not a URL: {error}", self.url),
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(HttpError::Url {
                why: format!("`{}` does not start with https:// or http://", self.url),
            });
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(
                self.query
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.expose())),
            );
        }
        Ok(url)
    }

    /// The header fields as they are sent.
    pub(crate) fn header_map(&self) -> Result<HeaderMap, HttpError> {
        let mut map = HeaderMap::with_capacity(self.headers.len() + 1);
        if let Some(body) = &self.body {
            map.insert(
                CONTENT_TYPE,
                header_value("Content-Type", &Masked::from(body.content_type.as_str()))?,
            );
        }
        for (name, value) in &self.headers {
            let key = HeaderName::try_from(name.as_str()).map_err(|_| HttpError::Header {
                why: format!("`{name}` cannot be the name of a header"),
            })?;
            map.insert(key, header_value(name, value)?);
        }
        Ok(map)
    }

    pub(crate) fn payload(&self) -> Option<Bytes> {
        self.body
            .as_ref()
            .map(|body| Bytes::copy_from_slice(body.text.expose().as_bytes()))
    }
}

fn header_value(name: &str, value: &Masked) -> Result<HeaderValue, HttpError> {
    let mut header = HeaderValue::from_bytes(value.expose().as_bytes()).map_err(|_| HttpError::Header {
        why: format!("the value of the header `{name}` has a line break or another control character in it"),
    })?;
    header.set_sensitive(value.is_secret());
    Ok(header)
}

impl fmt::Display for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)?;
        let mut mark = if self.url.shown().contains('?') { '&' } else { '?' };
        for (name, value) in &self.query {
            write!(f, "{mark}{name}={value}")?;
            mark = '&';
        }
        Ok(())
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("line", &self.to_string())
            .field("headers", &self.headers)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_sent_with_its_secrets_and_shown_without_them() {
        let mut request = HttpRequest::get("https://api.example.com/users?sort=_id");
        request.query.push(("limit".to_owned(), "100".into()));
        request
            .query
            .push(("key".to_owned(), Secret::new("a b&c".to_owned()).into()));
        request
            .headers
            .push(("x-api-key".to_owned(), Secret::new("hunter22".to_owned()).into()));
        assert_eq!(
            request.target().unwrap().as_str(),
            "https://api.example.com/users?sort=_id&limit=100&key=a+b%26c"
        );
        assert_eq!(
            request.to_string(),
            "GET https://api.example.com/users?sort=_id&limit=100&key=…"
        );
        assert!(!format!("{request:?} {:?}", request.header_map().unwrap()).contains("hunter22"));
    }

    #[test]
    fn a_line_break_in_a_header_is_refused() {
        let mut request = HttpRequest::get("https://api.example.com/");
        request.headers.push(("x-a".to_owned(), "1\r\nx-b: 2".into()));
        assert_eq!(
            request.header_map().unwrap_err().to_string(),
            "the value of the header `x-a` has a line break or another control character in it"
        );
    }
}
