//! Where an answer has lists of objects, for those who wrote another place as `records`.

use bytes::Bytes;
use serde_json::Value;
use tenure_core::document::{AnswerFormat, Endpoint};

/// How many places are told at which an answer has a list.
const LISTS: usize = 8;
/// How deep lists are looked for.
const DEPTH: usize = 4;
/// The largest answer in which lists are looked for, in bytes.
const SEARCHED: usize = 8 << 20;

/// A list of objects in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListAt {
    /// Its path, as `records` of an endpoint says it.
    pub path: String,
    /// How many objects it has.
    pub objects: usize,
}

/// Where a JSON answer has lists of objects, the longest first.
pub(super) fn lists(endpoint: &Endpoint, body: &Bytes) -> Vec<ListAt> {
    if endpoint.answer != AnswerFormat::Json || body.len() > SEARCHED {
        return Vec::new();
    }
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    look(&value, "$", 0, &mut found);
    found.sort_by_key(|list: &ListAt| std::cmp::Reverse(list.objects));
    found.truncate(LISTS);
    found
}

fn look(value: &Value, path: &str, depth: usize, found: &mut Vec<ListAt>) {
    match value {
        Value::Array(items) => {
            let objects = items.iter().filter(|item| item.is_object()).count();
            if objects > 0 {
                found.push(ListAt {
                    path: format!("{path}[*]"),
                    objects,
                });
            }
        }
        Value::Object(members) if depth < DEPTH => {
            for (name, value) in members {
                let is_word = name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                let path = if is_word && !name.is_empty() {
                    format!("{path}.{name}")
                } else {
                    format!("{path}['{}']", name.replace('\'', "\\'"))
                };
                look(value, &path, depth + 1, found);
            }
        }
        _ => {}
    }
}
