//! Profiles: what a data source says of one person, after mapping.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::attribute::Attributes;
use crate::lifecycle::Lifecycle;

/// The primary key of a person in a data source, as text. Never empty, never with control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonKey(Box<str>);

impl PersonKey {
    /// The longest key that is taken, in bytes.
    pub const MAX_LENGTH: usize = 256;

    /// A key, trimmed; none when nothing remains, or when it is too long or has control characters.
    pub fn new(key: &str) -> Option<Self> {
        let key = key.trim();
        let good = !key.is_empty() && key.len() <= Self::MAX_LENGTH && !key.contains(char::is_control);
        good.then(|| Self(key.into()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a data source says of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The primary key that all endpoints share.
    pub key: PersonKey,
    /// Where the person stands between hire and leave.
    pub lifecycle: Lifecycle,
    /// The mapped values, numbered by the automation's dictionary.
    pub attributes: Attributes,
    /// Hash of the raw record (of all endpoints), to know it again.
    pub record: RecordHash,
}

/// Hash of a record as it came over the wire. Written as sixteen hexadecimal digits, since not every reader of JSON
/// keeps all bits of a large number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RecordHash(pub u64);

impl From<RecordHash> for String {
    fn from(hash: RecordHash) -> Self {
        format!("{:016x}", hash.0)
    }
}

impl TryFrom<String> for RecordHash {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u64::from_str_radix(&text, 16).map(Self)
    }
}

impl RecordHash {
    /// The hash of these bytes.
    pub fn of(raw: &[u8]) -> Self {
        Self(xxhash_rust::xxh3::xxh3_64(raw))
    }
}
