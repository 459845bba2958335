//! A document as it is written: scalars, lists and mappings, each with its place in the text. What a document *means*
//! does not belong here.

use std::collections::BTreeMap;

/// A place in a text, counted from 1, columns in characters; 0 when it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    pub line: u32,
    pub column: u32,
}

/// A value with its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub at: Position,
    pub value: Value,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// Was there, but nobody knows it; skipped since it was reported.
    Removed,
    /// Stands for a value that was wrong or missing and was reported; passes as whatever is asked for.
    StandIn,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub key: String,
    pub key_at: Position,
    pub value: Node,
}

/// A scalar: its text as written, and what YAML 1.2 (core schema) takes it for.
#[derive(Clone, Debug)]
pub(super) struct Scalar {
    pub text: String,
    pub kind: ScalarKind,
}

/// What a scalar is taken for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ScalarKind {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text,
}

impl ScalarKind {
    /// What a scalar without quotes and tag is (YAML 1.2.2, section 10.3.2).
    pub fn of_plain(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Self::Null,
            "true" | "True" | "TRUE" => return Self::Bool(true),
            "false" | "False" | "FALSE" => return Self::Bool(false),
            _ => {}
        }
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        if let Some(radix) = text.get(..2).and_then(|prefix| match prefix {
            "0x" => Some(16),
            "0o" => Some(8),
            _ => None,
        }) {
            return u64::from_str_radix(text.get(2..).unwrap_or_default(), radix)
                .map_or(Self::Text, Self::Unsigned);
        }
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return if text.starts_with('-') {
                text.parse().map_or(Self::Text, Self::Signed)
            } else {
                digits.parse().map_or(Self::Text, Self::Unsigned)
            };
        }
        let is_float = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
            && digits.bytes().any(|byte| byte.is_ascii_digit())
            && digits
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
        match text.parse() {
            Ok(number) if is_float && f64::is_finite(number) => Self::Float(number),
            _ => Self::Text,
        }
    }
}

impl Node {
    /// A value at a place.
    pub fn new(at: Position, value: Value) -> Self {
        Self { at, value }
    }

    /// The value of a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.value)
    }

    /// The text of a scalar that is not null.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) if scalar.kind != ScalarKind::Null => Some(&scalar.text),
            _ => None,
        }
    }

    /// The entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The child with this number: of a list its item, of a mapping its value.
    pub fn child(&self, at: usize) -> Option<&Self> {
        match &self.value {
            Value::List(items) => items.get(at),
            Value::Map(entries) => entries.get(at).map(|entry| &entry.value),
            _ => None,
        }
    }

    /// As [`child`](Self::child), to be changed.
    pub fn child_mut(&mut self, at: usize) -> Option<&mut Self> {
        match &mut self.value {
            Value::List(items) => items.get_mut(at),
            Value::Map(entries) => entries.get_mut(at).map(|entry| &mut entry.value),
            _ => None,
        }
    }

    /// How a path of child numbers reads, for example `endpoints[0].repeat`.
    pub fn path(&self, steps: &[usize]) -> String {
        let mut path = String::new();
        let mut node = self;
        for step in steps {
            match &node.value {
                Value::Map(entries) => {
                    let Some(entry) = entries.get(*step) else { break };
                    path = join(&path, &entry.key);
                    node = &entry.value;
                }
                Value::List(items) => {
                    let Some(item) = items.get(*step) else { break };
                    path = format!("{path}[{step}]");
                    node = item;
                }
                _ => break,
            }
        }
        path
    }

    /// Every path below this node with the place of its value.
    pub fn positions(&self) -> BTreeMap<String, Position> {
        let mut positions = BTreeMap::new();
        self.add_positions(String::new(), &mut positions);
        positions
    }

    fn add_positions(&self, path: String, positions: &mut BTreeMap<String, Position>) {
        match &self.value {
            Value::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    item.add_positions(format!("{path}[{at}]"), positions);
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    entry.value.add_positions(join(&path, &entry.key), positions);
                }
            }
            Value::Scalar(_) | Value::Removed | Value::StandIn => {}
        }
        positions.insert(path, self.at);
    }
}

/// A path one key further.
pub(super) fn join(path: &str, key: &str) -> String {
    let plain = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    match (plain, path) {
        (true, "") => key.to_owned(),
        (true, path) => format!("{path}.{key}"),
        (false, path) => format!("{path}[{key:?}]"),
    }
}

/// The path of the node that holds the one at `path`; none for the whole document.
pub(super) fn parent(path: &str) -> Option<&str> {
    if path.is_empty() {
        return None;
    }
    let cut = path.rfind(['.', '[']).unwrap_or(0);
    path.get(..cut)
}
