//! Which records a request asks for: JumpCloud's `filter` and `search`.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::{answer::Refusal, pick::Scalar};

/// The fields a search looks at when it names none.
const SEARCHED: [&str; 5] = ["username", "email", "firstname", "lastname", "displayname"];

/// What a record must fulfil.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Condition {
    /// Every one of these; nothing at all when there are none.
    All(Vec<Condition>),
    /// At least one of these.
    Any(Vec<Condition>),
    Compare {
        field: String,
        operator: Operator,
        value: String,
    },
    /// One of the terms, in lower case, is part of one of the fields.
    Contains { terms: Vec<String>, fields: Vec<String> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Operator {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "$eq" => Self::Equal,
            "$ne" => Self::NotEqual,
            "$gt" => Self::Greater,
            "$gte" => Self::GreaterOrEqual,
            "$lt" => Self::Less,
            "$lte" => Self::LessOrEqual,
            _ => return None,
        })
    }

    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
        }
    }
}

impl Condition {
    /// Whether everybody fulfils it.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::All(parts) if parts.is_empty())
    }

    /// Reads `field:$op:value` of the query string.
    pub(super) fn from_text(text: &str) -> Result<Self, Refusal> {
        let mut parts = text.splitn(3, ':');
        let (field, operator, value) = (parts.next(), parts.next(), parts.next());
        match (field, operator.and_then(Operator::parse), value) {
            (Some(field), Some(operator), Some(value)) if !field.is_empty() => Ok(Self::Compare {
                field: field.to_owned(),
                operator,
                value: value.to_owned(),
            }),
            _ => Err(Refusal::bad_request(format!(
                "request parameter \"filter\" must be field:$op:value, got {text:?}"
            ))),
        }
    }

    /// Reads `{"and": [{"department": "IT"}, …]}`, `{"or": […]}` or `{"department": {"$ne": "IT"}}`.
    pub(super) fn from_filter(filter: &Map<String, Value>) -> Result<Self, Refusal> {
        let mut all = Vec::new();
        for (name, value) in filter {
            match (name.as_str(), value) {
                ("and" | "$and", Value::Array(parts)) => all.push(Self::All(Self::from_list(parts)?)),
                ("or" | "$or", Value::Array(parts)) => all.push(Self::Any(Self::from_list(parts)?)),
                (field, Value::Object(operators)) => {
                    for (operator, value) in operators {
                        let operator = Operator::parse(operator).ok_or_else(|| {
                            Refusal::bad_request(format!("unknown operator {operator:?} in filter"))
                        })?;
                        all.push(Self::compare(field, operator, value));
                    }
                }
                (field, value) => all.push(Self::compare(field, Operator::Equal, value)),
            }
        }
        Ok(Self::All(all))
    }

    fn from_list(parts: &[Value]) -> Result<Vec<Self>, Refusal> {
        let read = |part: &Value| match part {
            Value::Object(part) => Self::from_filter(part),
            other => Err(Refusal::bad_request(format!(
                "filter must hold objects, got {other}"
            ))),
        };
        parts.iter().map(read).collect()
    }

    fn compare(field: &str, operator: Operator, value: &Value) -> Self {
        Self::Compare {
            field: field.to_owned(),
            operator,
            value: plain(value),
        }
    }

    /// Reads `{"searchTerm": "ada", "fields": ["username"]}`; the term and the fields may be text or list.
    pub(super) fn from_search(search: &Map<String, Value>) -> Result<Self, Refusal> {
        let terms: Vec<_> = words(search.get("searchTerm"), Split::Never);
        if terms.is_empty() {
            return Err(Refusal::bad_request("search needs a \"searchTerm\""));
        }
        Ok(Self::contains(
            &terms,
            words(search.get("fields"), Split::AtSpaces),
        ))
    }

    /// Looks for the terms in the fields, or in the usual ones when there are none.
    pub(super) fn contains(terms: &[String], mut fields: Vec<String>) -> Self {
        if fields.is_empty() {
            fields = SEARCHED.map(str::to_owned).to_vec();
        }
        Self::Contains {
            terms: terms.iter().map(|term| term.to_lowercase()).collect(),
            fields,
        }
    }

    /// Adds the names of the fields it looks at.
    pub(super) fn fields(&self, names: &mut Vec<String>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.fields(names)),
            Self::Compare { field, .. } => names.push(field.clone()),
            Self::Contains { fields, .. } => names.extend_from_slice(fields),
        }
    }

    /// Whether the record with these values of `names` fulfils it.
    pub(super) fn holds(&self, names: &[String], values: &[Scalar]) -> bool {
        let find = |field: &String| {
            names
                .iter()
                .position(|name| name == field)
                .and_then(|at| values.get(at))
        };
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(names, values)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(names, values)),
            Self::Compare {
                field,
                operator,
                value,
            } => {
                let found = find(field).unwrap_or(&Scalar::Nothing);
                let order = match (found, value.parse()) {
                    (Scalar::Number(number), Ok(wanted)) => number.total_cmp(&wanted),
                    _ => found.text().as_ref().cmp(value),
                };
                operator.holds(order)
            }
            Self::Contains { terms, fields } => fields.iter().filter_map(find).any(|value| {
                let text = value.text().to_lowercase();
                terms.iter().any(|term| text.contains(term))
            }),
        }
    }

    /// Whether the rendered record fulfils it.
    #[cfg(test)]
    pub(super) fn holds_for(&self, record: &[u8]) -> bool {
        let mut names = Vec::new();
        self.fields(&mut names);
        self.holds(&names, &crate::jumpcloud::pick::scalars(record, &names))
    }
}

/// Whether a text is a list in disguise.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Split {
    AtSpaces,
    Never,
}

/// The texts in a text or a list of them.
pub(super) fn words(value: Option<&Value>, split: Split) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => items.iter().map(plain).collect(),
        Some(Value::String(text)) if split == Split::AtSpaces => {
            text.split_whitespace().map(str::to_owned).collect()
        }
        Some(value) if *value != Value::Null => vec![plain(value)],
        _ => Vec::new(),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &[u8] = br#"{"username":"ada","unix_uid":900,"activated":true,"department":"Finance"}"#;

    #[test]
    fn numbers_compare_as_numbers_and_texts_as_texts() {
        for (filter, holds) in [
            ("unix_uid:$gt:90", true),
            ("unix_uid:$lte:1000", true),
            ("activated:$eq:true", true),
            ("department:$ne:Finance", false),
            ("absent:$eq:", true),
        ] {
            assert_eq!(
                Condition::from_text(filter).unwrap().holds_for(RECORD),
                holds,
                "{filter}"
            );
        }
    }

    #[test]
    fn a_filter_without_an_operator_is_refused() {
        assert!(Condition::from_text("department:Finance").is_err());
    }
}
