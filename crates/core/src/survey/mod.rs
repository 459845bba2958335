//! What records look like: every column found in them, nested and repeated ones too, by the path that a mapping
//! would name it with. Used to look at an endpoint before anything of it is kept.

mod form;
mod suggest;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::Serialize;
use serde_json::Value;

pub use form::Form;
pub use suggest::{Suggestion, Suggestions};
use walk::Found;

use crate::expression::Format;

/// The most columns that are told apart; what comes after is only counted.
pub const MAX_COLUMNS: usize = 500;
/// The most records that are looked at.
pub const MAX_RECORDS: u64 = 10_000;
/// The longest sample, in characters.
const SAMPLE: usize = 60;

/// Looks at records one by one.
#[derive(Default)]
pub struct Survey {
    records: u64,
    unreadable: u64,
    left_out: HashSet<String>,
    columns: BTreeMap<String, Seen>,
}

/// What was seen of one column so far.
struct Seen {
    found: Found,
    kinds: Vec<Kind>,
    forms: form::Forms,
    filled: u64,
    /// Hashes of the values; none once one came twice.
    values: Option<HashSet<u64>>,
    sample: String,
    /// The most values that a record has here.
    most: usize,
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Texts.
    Text,
    /// Numbers.
    Number,
    /// Yes or no.
    Truth,
    /// Several values.
    List,
}

impl Kind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Truth => "yes/no",
            Self::List => "list",
        }
    }
}

/// A column of some records.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// How a mapping names it: a name, a path, or an expression for one of several values.
    pub path: String,
    /// Whether a mapping can name it at all; the names of some columns are no names in expressions.
    pub usable: bool,
    /// What its values are; none when it never has one.
    pub kinds: Vec<Kind>,
    /// What all its values look like.
    pub form: Option<Form>,
    /// How many of the records have a value.
    pub filled: u64,
    /// Whether no value came twice.
    pub unique: bool,
    /// The first value, cut to be shown. Personal data: for a person's eyes, never for a log.
    pub sample: String,
    #[serde(skip)]
    found: Found,
}

impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the sample, which may end up in a log.
        f.debug_struct("Column")
            .field("path", &self.path)
            .field("kinds", &self.kinds)
            .field("filled", &self.filled)
            .finish_non_exhaustive()
    }
}

/// What records were found to be like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Surveyed {
    /// How many were looked at.
    pub records: u64,
    /// How many of them are no objects, so that nothing can be named in them.
    pub unreadable: u64,
    /// The columns, by name.
    pub columns: Vec<Column>,
    /// How many columns are not listed because there are too many.
    pub left_out: usize,
}

impl Survey {
    /// Looks at one record.
    pub fn record(&mut self, raw: &[u8]) {
        if self.records >= MAX_RECORDS {
            return;
        }
        self.records += 1;
        match serde_json::from_slice(raw) {
            Ok(Value::Object(members)) => {
                let mut here = BTreeMap::new();
                walk::object(&members, &mut |found, value| {
                    let one_only = found.mark.is_some();
                    let (_, values) = here
                        .entry(found.path.clone())
                        .or_insert_with(|| (found, Vec::new()));
                    if values.is_empty() || !one_only {
                        values.extend(value);
                    }
                });
                for (path, (found, values)) in here {
                    self.column(path, found, &values);
                }
            }
            _ => self.unreadable += 1,
        }
    }

    fn column(&mut self, path: String, found: Found, values: &[Value]) {
        if self.columns.len() >= MAX_COLUMNS && !self.columns.contains_key(&path) {
            self.left_out.insert(path);
            return;
        }
        let needed = found.needed;
        let seen = self.columns.entry(path).or_insert_with(|| Seen::new(found));
        seen.found.needed |= needed;
        seen.take(values);
    }

    /// The columns that were seen.
    pub fn finish(self) -> Surveyed {
        let filled: Vec<String> = self
            .columns
            .iter()
            .filter(|(_, seen)| seen.filled > 0)
            .map(|(path, _)| path.clone())
            .collect();
        // `site` is null in one record and `site.name` is there in another: the first says nothing more.
        let is_inner = |path: &str| {
            filled.iter().any(|other| {
                other
                    .strip_prefix(path)
                    .is_some_and(|rest| rest.starts_with(['.', '[']) || rest.starts_with(" |"))
            })
        };
        let columns = self
            .columns
            .into_iter()
            .filter(|(path, seen)| {
                if seen.found.of_all_items {
                    seen.most > 1
                } else {
                    seen.found.needed && (seen.filled > 0 || !is_inner(path))
                }
            })
            .map(|(path, seen)| seen.finish(path))
            .collect();
        Surveyed {
            records: self.records,
            unreadable: self.unreadable,
            columns,
            left_out: self.left_out.len(),
        }
    }
}

impl Seen {
    fn new(found: Found) -> Self {
        Self {
            found,
            kinds: Vec::new(),
            forms: form::Forms::default(),
            filled: 0,
            values: Some(HashSet::new()),
            sample: String::new(),
            most: 0,
        }
    }

    fn take(&mut self, values: &[Value]) {
        let texts: Vec<(Kind, String)> = values.iter().filter_map(plain).collect();
        if texts.is_empty() {
            return;
        }
        self.filled += 1;
        self.most = self.most.max(texts.len());
        let mut kinds: Vec<Kind> = texts.iter().map(|(kind, _)| *kind).collect();
        if self.found.repeats {
            kinds = vec![Kind::List];
        }
        self.kinds.extend(kinds);
        self.kinds.sort_unstable();
        self.kinds.dedup();
        for (_, text) in &texts {
            self.forms.keep(text);
        }
        let whole = texts
            .iter()
            .map(|(_, text)| text.as_str())
            .collect::<Vec<_>>()
            .join(", ");
        let hash = xxhash_rust::xxh3::xxh3_64(whole.as_bytes());
        if self.values.as_mut().is_some_and(|values| !values.insert(hash)) {
            self.values = None;
        }
        if self.sample.is_empty() {
            self.sample = cut(&whole);
        }
    }

    fn finish(self, path: String) -> Column {
        let reads = Format::column(&path).is_ok_and(|format| {
            let mut columns = format.columns();
            columns.next().is_some_and(|(name, _)| name == self.found.column)
        });
        Column {
            usable: reads,
            form: if self.filled > 0 { self.forms.form() } else { None },
            unique: self.filled > 0 && self.values.is_some(),
            path,
            kinds: self.kinds,
            filled: self.filled,
            sample: self.sample,
            found: self.found,
        }
    }
}

/// A plain value as a text; none for no value, as expressions take it.
fn plain(value: &Value) -> Option<(Kind, String)> {
    match value {
        Value::String(text) if !text.is_empty() => Some((Kind::Text, text.clone())),
        Value::Number(number) => Some((Kind::Number, number.to_string())),
        Value::Bool(yes) => Some((Kind::Truth, yes.to_string())),
        Value::String(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A text on one line, cut.
fn cut(text: &str) -> String {
    let mut line = String::new();
    for (at, c) in text.chars().enumerate() {
        if at >= SAMPLE {
            line.push('…');
            break;
        }
        line.push(if c.is_control() { ' ' } else { c });
    }
    line
}
