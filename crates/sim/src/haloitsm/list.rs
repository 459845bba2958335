//! How lists are asked for, and answered.

use std::cmp::Ordering;

use axum::{http::StatusCode, response::Response};
use serde_json::{Map, Value, json};

use crate::stage::{
    answer::{Object, json_with},
    faults::Trouble,
    page::{Page, cut, strip},
    parameters::Parameters,
};

/// The most rows an answer has, whatever was asked for.
const MOST_ROWS: usize = 100;
/// How many there are on a page when nothing is said.
const USUAL_PAGE: usize = 50;

/// Which part of a list is wanted.
pub(super) struct Paging {
    page_no: usize,
    size: usize,
}

impl Paging {
    /// Without `pageinate=true`, `page_no` and `page_size` mean nothing.
    pub(super) fn read(asked: &Parameters) -> Self {
        let number = |name| asked.filled(name).and_then(|text| text.parse::<usize>().ok());
        if asked.is_true("pageinate") {
            Self {
                page_no: number("page_no").unwrap_or(1).max(1),
                size: number("page_size").unwrap_or(USUAL_PAGE).clamp(1, MOST_ROWS),
            }
        } else {
            Self {
                page_no: 1,
                size: number("count").unwrap_or(MOST_ROWS).clamp(1, MOST_ROWS),
            }
        }
    }

    pub(super) fn cut(&self, count: usize, trouble: &Trouble) -> Page {
        cut(
            count,
            (self.page_no - 1).saturating_mul(self.size),
            self.size,
            trouble,
        )
    }

    /// The answer with these rows under the list's own name.
    pub(super) fn envelope(
        &self,
        name: &str,
        rows: impl Iterator<Item = Object>,
        total: usize,
        trouble: &Trouble,
    ) -> Response {
        let rows: Vec<Value> = rows
            .map(|mut row| {
                strip(&mut row, trouble);
                Value::Object(row)
            })
            .collect();
        let mut body = Map::new();
        body.insert("page_no".to_owned(), self.page_no.into());
        body.insert("page_size".to_owned(), self.size.into());
        body.insert("record_count".to_owned(), total.into());
        body.insert(name.to_owned(), rows.into());
        body.insert("columns_id".to_owned(), json!(0));
        json_with(StatusCode::OK, &body.into())
    }
}

/// How rows are to be sorted: by `order` to `order5`.
pub(super) fn sort(rows: &mut [(u32, Object)], asked: &Parameters) {
    let keys: Vec<(String, bool)> = ["", "2", "3", "4", "5"]
        .into_iter()
        .filter_map(|nth| {
            let field = asked.filled(&format!("order{nth}"))?;
            Some((field.to_owned(), asked.is_true(&format!("orderdesc{nth}"))))
        })
        .collect();
    rows.sort_by(|(left_number, left), (right_number, right)| {
        let by_key = keys.iter().fold(Ordering::Equal, |order, (field, down)| {
            let next = compare(left.get(field), right.get(field));
            order.then(if *down { next.reverse() } else { next })
        });
        by_key.then(left_number.cmp(right_number))
    });
}

pub(super) fn is_sorted(asked: &Parameters) -> bool {
    asked.filled("order").is_some()
}

fn compare(left: Option<&Value>, right: Option<&Value>) -> Ordering {
    let numbers = |value: Option<&Value>| value.and_then(Value::as_f64);
    match (numbers(left), numbers(right)) {
        (Some(left), Some(right)) => left.total_cmp(&right),
        _ => text(left).to_lowercase().cmp(&text(right).to_lowercase()),
    }
}

/// A value as text to compare with.
pub(super) fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
