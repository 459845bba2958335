//! Goes through a record and names everything in it by the path that a mapping would write.

use serde_json::{Map, Value};

/// The deepest nesting that is followed.
const DEPTH: usize = 6;
/// How many items of a list are named by their place.
const PLACES: usize = 3;
/// How many items of a list are looked at.
const ITEMS: usize = 200;
/// Members by which the items of a list are told apart.
const MARKS: [&str; 3] = ["type", "label", "kind"];
/// Members by which they are when the rest of an item is called `value`.
const MARKS_OF_VALUES: [&str; 2] = ["name", "key"];

/// Something that was found in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// How a mapping names it.
    pub(super) path: String,
    /// The record's column that it is in.
    pub(super) column: String,
    /// What it is called where it is.
    pub(super) leaf: String,
    /// What its item of a list is marked as, as `work`.
    pub(super) mark: Option<String>,
    /// Whether it is the same member of all items of a list.
    pub(super) of_all_items: bool,
    /// Whether it may have several values.
    pub(super) repeats: bool,
    /// Whether there is no better way to name it, as there is for items that are marked.
    pub(super) needed: bool,
}

/// Where one is within a record.
#[derive(Clone, Copy)]
struct Place<'p> {
    path: &'p str,
    column: &'p str,
    leaf: &'p str,
    depth: usize,
    needed: bool,
}

impl Place<'_> {
    fn found(self) -> Found {
        Found {
            path: self.path.to_owned(),
            column: self.column.to_owned(),
            leaf: self.leaf.to_owned(),
            mark: None,
            of_all_items: false,
            repeats: false,
            needed: self.needed,
        }
    }
}

/// Gives everything in a record, with its values; none where there is nothing.
pub(super) fn object(members: &Map<String, Value>, give: &mut dyn FnMut(Found, Vec<Value>)) {
    for (name, value) in members {
        let place = Place {
            path: name,
            column: name,
            leaf: name,
            depth: 0,
            needed: true,
        };
        walk(place, value, give);
    }
}

fn walk(place: Place<'_>, value: &Value, give: &mut dyn FnMut(Found, Vec<Value>)) {
    match value {
        Value::Object(members) if !members.is_empty() && place.depth < DEPTH => {
            for (name, value) in members {
                let path = member(place.path, name);
                let inner = Place {
                    path: &path,
                    leaf: name,
                    depth: place.depth + 1,
                    ..place
                };
                walk(inner, value, give);
            }
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            if place.depth < DEPTH {
                list(place, items, give);
            }
        }
        Value::Array(items) => {
            let found = Found {
                repeats: true,
                ..place.found()
            };
            give(found, items.iter().take(ITEMS).cloned().collect());
        }
        Value::Null | Value::Object(_) => give(place.found(), Vec::new()),
        plain => give(place.found(), vec![plain.clone()]),
    }
}

/// A list of objects: by what their items are marked as where all are, else by their places.
fn list(place: Place<'_>, items: &[Value], give: &mut dyn FnMut(Found, Vec<Value>)) {
    let marks = MARKS.iter().chain(&MARKS_OF_VALUES);
    let mark = marks.copied().find(|mark| is_mark(mark, items));
    for (at, item) in items.iter().take(ITEMS).enumerate() {
        if let (Some(mark), Some(said)) = (mark, mark.and_then(|mark| item.get(mark)?.as_str())) {
            marked(place, mark, said, item, give);
        }
        if at < PLACES {
            let path = format!("{}[{at}]", place.path);
            let inner = Place {
                path: &path,
                depth: place.depth + 1,
                needed: place.needed && mark.is_none(),
                ..place
            };
            walk(inner, item, give);
        }
        for (name, value) in item.as_object().into_iter().flatten() {
            if !value.is_object() && !value.is_array() && mark != Some(name) {
                let found = Found {
                    path: format!("{} | map(attribute={})", place.path, quoted(name)),
                    leaf: name.clone(),
                    of_all_items: true,
                    repeats: true,
                    ..place.found()
                };
                give(found, vec![value.clone()]);
            }
        }
    }
}

/// Whether every item has this member with a short text.
fn is_mark(mark: &str, items: &[Value]) -> bool {
    let texts: Option<Vec<&str>> = items
        .iter()
        .map(|item| {
            let text = item.get(mark)?.as_str()?;
            let fits = MARKS.contains(&mark) || item.get("value").is_some();
            (fits && !text.is_empty() && text.chars().count() <= 40).then_some(text)
        })
        .collect();
    texts.is_some()
}

fn marked(place: Place<'_>, mark: &str, said: &str, item: &Value, give: &mut dyn FnMut(Found, Vec<Value>)) {
    for (name, value) in item.as_object().into_iter().flatten() {
        if name == mark || value.is_object() || value.is_array() {
            continue;
        }
        let path = format!(
            "{} | selectattr({}, 'eq', {}) | map(attribute={}) | first",
            place.path,
            quoted(mark),
            quoted(said),
            quoted(name)
        );
        let found = Found {
            path,
            leaf: name.clone(),
            mark: Some(said.to_owned()),
            ..place.found()
        };
        give(found, vec![value.clone()]);
    }
}

/// The path of a member.
fn member(path: &str, name: &str) -> String {
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_word {
        format!("{path}.{name}")
    } else {
        format!("{path}[{}]", quoted(name))
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
