//! Records for each of which another endpoint is called: what is kept of them, and what they give to what is found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;
use tenure_core::document::ForEach;
use tenure_core::record::Projection;
use tenure_core::seams::{RecordPage, RecordSink, SecretError, Secrets, SourceError, SourceTrouble};
use tenure_core::secret::Secret;
use tokio::sync::Mutex;

use super::misconfigured;

/// What is kept of a record, once as it is and once as it may stand in an address.
#[derive(Debug)]
pub(super) struct Parent {
    plain: Box<RawValue>,
    encoded: Box<RawValue>,
}

impl Parent {
    /// Reads what was kept. What would lead elsewhere as a part of an address is refused.
    pub(super) fn new(kept: &str, endpoint: &str) -> Result<Self, SourceError> {
        let unreadable = |said: String| SourceError {
            kind: SourceTrouble::Malformed,
            doing: format!("reading a record of `{endpoint}`, for which another endpoint is called"),
            said,
            hint: String::new(),
        };
        let mut value: Value = serde_json::from_str(kept).map_err(|error| unreadable(error.to_string()))?;
        encode(&mut value)
            .map_err(|found| unreadable(format!("`{found}` cannot be a part of an address")))?;
        let raw = |text: String| RawValue::from_string(text).map_err(|error| unreadable(error.to_string()));
        Ok(Self {
            plain: raw(kept.to_owned())?,
            encoded: raw(value.to_string())?,
        })
    }

    pub(super) fn plain(&self) -> &RawValue {
        &self.plain
    }

    pub(super) fn encoded(&self) -> &RawValue {
        &self.encoded
    }

    /// The members that each record found gets, as the end of an object.
    pub(super) fn members(&self, for_each: &ForEach) -> String {
        let columns: BTreeMap<String, &RawValue> = serde_json::from_str(self.plain.get()).unwrap_or_default();
        let mut members = String::new();
        for (name, column) in &for_each.add {
            if let Some(value) = columns.get(column) {
                // Writing into a text does not fail.
                let _ = write!(members, ",{}:{}", Value::from(name.as_str()), value.get());
            }
        }
        members
    }
}

/// A text as one segment of a path or one value of a query (RFC 3986); none for one that would lead elsewhere.
pub(super) fn encoded(text: &str) -> Option<String> {
    if matches!(text, "." | "..") {
        return None;
    }
    let made = String::with_capacity(text.len());
    Some(text.bytes().fold(made, |mut made, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            made.push(char::from(byte));
        } else {
            // Writing into a text does not fail.
            let _ = write!(made, "%{byte:02X}");
        }
        made
    }))
}

/// Encodes the texts of a value so that each may be a part of an address.
fn encode(value: &mut Value) -> Result<(), String> {
    match value {
        Value::String(text) => {
            *text = encoded(text).ok_or_else(|| text.clone())?;
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(encode),
        Value::Object(members) => members.values_mut().try_for_each(encode),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// Hands pages on, where they are wanted themselves, and keeps what other calls need of each record.
pub(super) struct Keeping<'s> {
    sink: Option<&'s mut dyn RecordSink>,
    /// The columns to keep; all when there are none.
    columns: Option<Projection>,
    kept: Vec<Box<str>>,
    wrong: Option<SourceError>,
}

impl<'s> Keeping<'s> {
    /// Keeps these columns; without them whole records.
    pub(super) fn new(sink: Option<&'s mut dyn RecordSink>, columns: Option<&BTreeSet<String>>) -> Self {
        Self {
            sink,
            columns: columns.map(|columns| Projection::new(columns.iter().map(String::as_str))),
            kept: Vec::new(),
            wrong: None,
        }
    }

    /// What was kept of each record, in order.
    pub(super) fn finish(self) -> Result<Vec<Box<str>>, SourceError> {
        self.wrong.map_or(Ok(self.kept), Err)
    }

    fn keep(&mut self, record: &[u8]) -> Result<(), String> {
        let kept = match &self.columns {
            Some(columns) => columns.read(record).map_err(|error| error.to_string())?.to_json(),
            None if record.starts_with(b"{") => String::from_utf8_lossy(record).into_owned(),
            None => return Err("a record is not an object".to_owned()),
        };
        self.kept.push(kept.into_boxed_str());
        Ok(())
    }
}

#[async_trait]
impl RecordSink for Keeping<'_> {
    async fn page(&mut self, page: RecordPage) {
        for record in page.iter() {
            if let Err(said) = self.keep(record) {
                self.wrong.get_or_insert_with(|| {
                    misconfigured(
                        "keeping the records for which another endpoint is called",
                        said,
                        "",
                    )
                });
            }
        }
        if let Some(sink) = &mut self.sink {
            sink.page(page).await;
        }
    }
}

/// Keeps pages until it is their turn.
#[derive(Default)]
pub(super) struct Waiting(pub(super) Vec<RecordPage>);

#[async_trait]
impl RecordSink for Waiting {
    async fn page(&mut self, page: RecordPage) {
        self.0.push(page);
    }
}

/// Adds members to each record of a page; the error says what is no object.
pub(super) fn add(page: RecordPage, members: &str) -> Result<RecordPage, String> {
    if members.is_empty() {
        return Ok(page);
    }
    let size = page.body.len() + page.records.len() * members.len();
    let mut body = Vec::with_capacity(size);
    let mut records: Vec<Range<u32>> = Vec::with_capacity(page.records.len());
    for record in page.iter() {
        let inner = record
            .trim_ascii()
            .strip_prefix(b"{")
            .and_then(|inner| inner.strip_suffix(b"}"))
            .ok_or_else(|| "a record is not an object, and nothing can be added to it".to_owned())?;
        let start = body.len();
        body.push(b'{');
        body.extend_from_slice(inner);
        let own = if inner.trim_ascii().is_empty() {
            members.get(1..)
        } else {
            Some(members)
        };
        body.extend_from_slice(own.unwrap_or_default().as_bytes());
        body.push(b'}');
        let place = |at| u32::try_from(at).map_err(|_| "it is longer than 4 GiB".to_owned());
        records.push(place(start)?..place(body.len())?);
    }
    Ok(RecordPage {
        endpoint: page.endpoint,
        body: Bytes::from(body),
        records,
    })
}

/// The vault for one fetch, which is asked for each secret once only.
pub(super) struct Remembering<'v> {
    vault: &'v dyn Secrets,
    known: Mutex<BTreeMap<String, Secret>>,
}

impl<'v> Remembering<'v> {
    pub(super) fn new(vault: &'v dyn Secrets) -> Self {
        Self {
            vault,
            known: Mutex::default(),
        }
    }
}

#[async_trait]
impl Secrets for Remembering<'_> {
    async fn get(&self, name: &str) -> Result<Secret, SecretError> {
        let mut known = self.known.lock().await;
        if let Some(secret) = known.get(name) {
            return Ok(secret.clone());
        }
        let secret = self.vault.get(name).await?;
        known.insert(name.to_owned(), secret.clone());
        Ok(secret)
    }

    async fn put(&self, name: &str, secret: Secret) -> Result<(), SecretError> {
        self.known.lock().await.insert(name.to_owned(), secret.clone());
        self.vault.put(name, secret).await
    }
}
