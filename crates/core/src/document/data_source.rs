//! `kind: data_source`: records of one application (or file) joined on a primary key, and what they mean.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::csv::Csv;
use crate::attribute::AttributeName;

/// Endpoints of one application joined on a primary key, with the attribute mapping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataSource {
    /// What automations call it.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The application whose endpoints are fetched. Either this or `file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// The file that is read instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<SourceFile>,
    /// What is fetched, and where each record's key is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<EndpointUse>,
    /// LDAP attribute names, each with the column it comes from, or a format.
    pub attributes: BTreeMap<AttributeName, Mapping>,
    /// Where a person stands between hire and leave.
    #[serde(default)]
    pub lifecycle: LifecycleMapping,
}

/// A file of records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// Where it is.
    pub path: String,
    /// How it is written.
    #[serde(default)]
    pub format: FileFormat,
    /// How the table is written, with `format: csv`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csv: Option<Csv>,
    /// Which table it is, with `format: xlsx`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xlsx: Option<Xlsx>,
    /// What of it is read.
    #[serde(default, skip_serializing_if = "FileReading::is_whole")]
    pub read: FileReading,
    /// Where the records are, with `format: json`: a JSONPath (RFC 9535) of names and one final `[*]`; `$[*]` when not
    /// said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<String>,
    /// The column with the key that is the same for a person for ever.
    pub primary_key: String,
}

/// How files of records are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// One JSON object on each line.
    #[default]
    JsonLines,
    /// One JSON text with all records.
    Json,
    /// A table, whose lines are the records.
    Csv,
    /// A sheet of a workbook (Office Open XML), whose rows are the records.
    Xlsx,
}

/// What of a file is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileReading {
    /// All of it, each time: who is not in it any more is gone.
    #[default]
    Whole,
    /// Files of a folder that were not read before. The last part of `path` is a pattern with `*` and `?`.
    NewFilesOnly,
    /// Rows that were added at the end since it was read before.
    AppendedRowsOnly,
}

impl FileReading {
    // The signature is what serde asks for.
    #[expect(clippy::trivially_copy_pass_by_ref)]
    fn is_whole(&self) -> bool {
        matches!(self, Self::Whole)
    }
}

/// Which table of a workbook is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Xlsx {
    /// The sheet: its name, or its number from 1. The first when not said.
    pub sheet: Sheet,
    /// The number of the row with the columns' names, from 1. Rows above it are left out.
    #[schemars(range(min = 1, max = 1_048_576))]
    pub header_row: u32,
}

impl Default for Xlsx {
    fn default() -> Self {
        Self {
            sheet: Sheet::Number(1),
            header_row: 1,
        }
    }
}

/// A sheet of a workbook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "the name of a sheet, or its number from 1")]
pub enum Sheet {
    /// By its place, from 1.
    Number(u32),
    /// By its name.
    Name(String),
}

/// An endpoint as a data source uses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointUse {
    /// Its name in the application.
    pub endpoint: String,
    /// The column with the key that all endpoints share.
    pub primary_key: String,
}

/// Where an attribute's value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Mapping {
    /// A column or format, written always.
    From(String),
    /// With how it is written.
    Full(FullMapping),
}

impl<'de> Deserialize<'de> for Mapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MappingVisitor)
    }
}

struct MappingVisitor;

impl<'de> Visitor<'de> for MappingVisitor {
    type Value = Mapping;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a column, a format, or `from` with `write` or `redact`")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Mapping, E> {
        Ok(Mapping::From(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Mapping, A::Error> {
        FullMapping::deserialize(MapAccessDeserializer::new(map)).map(Mapping::Full)
    }
}

/// A column or format, and how it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FullMapping {
    /// The column or format.
    pub from: String,
    /// When it is written.
    #[serde(default)]
    pub write: WriteMode,
    /// Whether its values are shown as `…` in plans, histories and wherever else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redact: bool,
}

impl Mapping {
    /// The column or format.
    pub fn from(&self) -> &str {
        match self {
            Self::From(from) => from,
            Self::Full(full) => &full.from,
        }
    }

    /// Whether its values are hidden where they would be shown.
    pub fn is_redacted(&self) -> bool {
        match self {
            Self::From(_) => false,
            Self::Full(full) => full.redact,
        }
    }

    /// When it is written.
    pub fn write(&self) -> WriteMode {
        match self {
            Self::From(_) => WriteMode::Always,
            Self::Full(full) => full.write,
        }
    }
}

/// When a mapped value is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WriteMode {
    /// The account always follows the source; no value there means none here.
    #[default]
    Always,
    /// Only when the account is created.
    OnCreate,
    /// Only while the account has no value.
    IfEmpty,
    /// As always, but a value is never taken away because the source has none.
    KeepIfSourceEmpty,
}

/// Where a person stands between hire and leave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LifecycleMapping {
    /// Condition that holds for people who should have an account; everybody when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<String>,
    /// Column or format with the first day (or moment).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts: Option<String>,
    /// Column or format with the last day (which still counts) or the moment of the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<String>,
    /// The time zone of dates that name none: a name (`Europe/Berlin`), a column or a format. UTC when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}
