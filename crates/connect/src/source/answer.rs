//! Answers in whatever form they come, turned into a text of JSON records with the place of each.

use std::io::Read as _;

use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;
use serde_json::value::RawValue;
use tenure_core::document::{AnswerFormat, Csv};

use super::encoding;
use super::split::{Contents, Layout, SplitError, split};
use super::table::{Table, TableError};
use super::xml;

/// How answers of an endpoint are written, and where they have what.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) format: AnswerFormat,
    pub(super) csv: Option<Csv>,
    pub(super) layout: Layout,
    /// Whether a condition asks for the whole answer.
    pub(super) keeps_answer: bool,
}

/// An answer that was read.
#[derive(Debug)]
pub(super) struct Records {
    /// The text that the places of records are in.
    pub(super) body: Bytes,
    pub(super) contents: Contents,
    /// The answer as JSON, when a condition asks for it; without its records when it was XML.
    pub(super) answer: Option<Box<RawValue>>,
}

/// Reads an answer of a media type. No more than `most` bytes of memory are used for what it becomes.
pub(super) fn read(body: Bytes, kind: &str, shape: &Shape, most: u64) -> Result<Records, SplitError> {
    let body = unpacked(body, most)?;
    match shape.format {
        AnswerFormat::Json => {
            let contents = split(&body, &shape.layout)?;
            let answer = if shape.keeps_answer {
                serde_json::from_slice(&body).ok()
            } else {
                None
            };
            Ok(Records {
                body,
                contents,
                answer,
            })
        }
        AnswerFormat::Xml => {
            refuse(kind, &["html", "json"], "XML")?;
            let said = encoding::of_media_type(kind).or_else(|| xml::declared(&body));
            let text = encoding::decode(&body, said).map_err(|encoding| SplitError::Charset { encoding })?;
            xml::read(&text, shape, most)
        }
        AnswerFormat::Csv => {
            refuse(kind, &["html", "json", "xml"], "CSV")?;
            table(&body, kind, shape, most)
        }
    }
}

/// Refuses what says that it is something else: a table is found in any text, and a page to sign in is one.
fn refuse(kind: &str, others: &[&str], wanted: &'static str) -> Result<(), SplitError> {
    let plain = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    // XHTML and its like are XML, but nobody's records.
    let other = others.iter().any(|other| plain.contains(other));
    if other {
        Err(SplitError::Kind { kind: plain, wanted })
    } else {
        Ok(())
    }
}

fn table(body: &[u8], kind: &str, shape: &Shape, most: u64) -> Result<Records, SplitError> {
    let form = shape.csv.as_ref();
    let said = form
        .and_then(|form| form.encoding.as_deref())
        .and_then(encoding::by_name)
        .or_else(|| encoding::of_media_type(kind));
    let text = encoding::decode(body, said).map_err(|encoding| SplitError::Charset { encoding })?;
    if text.trim_start().starts_with('<') {
        return Err(SplitError::Table {
            why: "it begins like HTML or XML".to_owned(),
        });
    }
    let wrong = |error: TableError| match error {
        TableError::TooLarge { most } => SplitError::Size { limit: most as u64 },
        error => SplitError::Table {
            why: error.to_string(),
        },
    };
    let mut table = Table::new(form, room(most));
    table.read(&text).and_then(|()| table.finish()).map_err(wrong)?;
    let (body, records) = table.take();
    Ok(Records {
        body: Bytes::from(body),
        contents: Contents {
            records,
            total: None,
            next: None,
            delta: None,
        },
        answer: None,
    })
}

/// How large the records of an answer may become: JSON says the name of each value.
pub(super) fn room(most: u64) -> usize {
    usize::try_from(most.saturating_mul(4)).unwrap_or(usize::MAX)
}

/// The body itself, or what is in it when it is a compressed file. No text begins like one.
fn unpacked(body: Bytes, most: u64) -> Result<Bytes, SplitError> {
    if !body.starts_with(b"\x1f\x8b") {
        return Ok(body);
    }
    let mut inner = Vec::new();
    MultiGzDecoder::new(body.as_ref())
        .take(most.saturating_add(1))
        .read_to_end(&mut inner)
        .map_err(|error| SplitError::Compression {
            why: error.to_string(),
        })?;
    if inner.len() as u64 > most {
        return Err(SplitError::Size { limit: most });
    }
    Ok(Bytes::from(inner))
}
