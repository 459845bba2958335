//! What a list or a search asks for: which records, in which order, which part, which fields.

use serde_json::{Map, Value};

use super::{
    answer::Refusal,
    condition::{Condition, Split, words},
};
use crate::stage::parameters::Parameters;

/// The page size when none is asked for, and the largest one.
const USUAL_LIMIT: usize = 10;
const LARGEST_LIMIT: usize = 100;

/// One request for records.
pub(super) struct Query {
    pub(super) selection: Selection,
    pub(super) skip: usize,
    pub(super) limit: usize,
    /// The only fields wanted, or empty for all.
    pub(super) fields: Vec<String>,
}

/// Which records in which order: what stays the same from page to page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Selection {
    pub(super) condition: Condition,
    pub(super) sort: Vec<SortField>,
    /// How many people in a thousand are missing without a word.
    pub(super) gone_per_mille: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SortField {
    pub(super) name: String,
    pub(super) direction: Direction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Direction {
    Ascending,
    Descending,
}

impl Query {
    /// Reads the parameters of `GET /systemusers`. Unknown ones are overlooked.
    pub(super) fn from_parameters(parameters: &[(String, String)]) -> Result<Self, Refusal> {
        let mut query = Self::new();
        let mut conditions = Vec::new();
        let (mut terms, mut searched) = (Vec::new(), Vec::new());
        for (name, value) in parameters {
            match name.as_str() {
                "skip" => query.skip = whole_number("skip", value)?,
                "limit" => query.set_limit(whole_number("limit", value)?)?,
                "sort" => query.set_sort(value),
                "fields" => query.fields = separated(value),
                "filter" => conditions.push(Condition::from_text(value)?),
                "search" => match serde_json::from_str(value) {
                    Ok(Value::Object(search)) => conditions.push(Condition::from_search(&search)?),
                    _ => terms.push(value.clone()),
                },
                "search[searchTerm]" | "search[searchTerm][]" => terms.push(value.clone()),
                "search[fields]" | "search[fields][]" => searched.extend(separated(value)),
                _ => {}
            }
        }
        if !terms.is_empty() {
            conditions.push(Condition::contains(&terms, searched));
        }
        query.selection.condition = Condition::All(conditions);
        Ok(query)
    }

    /// Reads the body of `POST /search/systemusers`.
    pub(super) fn from_body(body: &Map<String, Value>) -> Result<Self, Refusal> {
        let mut query = Self::new();
        let mut conditions = Vec::new();
        for (name, value) in body {
            match (name.as_str(), value) {
                ("skip", value) => query.skip = whole_number("skip", &value.to_string())?,
                ("limit", value) => query.set_limit(whole_number("limit", &value.to_string())?)?,
                ("sort", Value::String(sort)) => query.set_sort(sort),
                ("fields", value) => query.fields = words(Some(value), Split::AtSpaces),
                ("filter", Value::Object(filter)) => conditions.push(Condition::from_filter(filter)?),
                ("searchFilter", Value::Object(search)) => conditions.push(Condition::from_search(search)?),
                ("filter" | "searchFilter", other) => {
                    return Err(Refusal::bad_request(format!(
                        "{name:?} must be an object, got {other}"
                    )));
                }
                _ => {}
            }
        }
        query.selection.condition = Condition::All(conditions);
        Ok(query)
    }

    fn new() -> Self {
        Self {
            selection: Selection {
                condition: Condition::All(Vec::new()),
                sort: Vec::new(),
                gone_per_mille: 0,
            },
            skip: 0,
            limit: USUAL_LIMIT,
            fields: Vec::new(),
        }
    }

    fn set_limit(&mut self, limit: usize) -> Result<(), Refusal> {
        if limit > LARGEST_LIMIT {
            return Err(Refusal::bad_request(format!(
                "request parameter \"limit\" exceeds maximum value of {LARGEST_LIMIT}"
            )));
        }
        self.limit = if limit == 0 { USUAL_LIMIT } else { limit };
        Ok(())
    }

    fn set_sort(&mut self, sort: &str) {
        let read = |name: String| match name.strip_prefix('-') {
            Some(name) => SortField {
                name: name.to_owned(),
                direction: Direction::Descending,
            },
            None => SortField {
                name,
                direction: Direction::Ascending,
            },
        };
        self.selection.sort = separated(sort).into_iter().map(read).collect();
    }
}

/// Names separated by spaces. A comma is part of a name here, which is a trap for those who send one.
pub(super) fn separated(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Which part of a list of version 2 is asked for: how many to skip, and how many there may be.
pub(super) fn part(asked: &Parameters) -> Result<(usize, usize), Refusal> {
    let mut query = Query::new();
    if let Some(skip) = asked.filled("skip") {
        query.skip = whole_number("skip", skip)?;
    }
    if let Some(limit) = asked.filled("limit") {
        query.set_limit(whole_number("limit", limit)?)?;
    }
    Ok((query.skip, query.limit))
}

fn whole_number(name: &str, value: &str) -> Result<usize, Refusal> {
    value.parse().map_err(|_| {
        Refusal::bad_request(format!(
            "request parameter \"{name}\" must be a whole number, got {value:?}"
        ))
    })
}
