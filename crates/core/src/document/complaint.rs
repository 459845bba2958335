//! What serde says against a value, kept apart until it is known where the value is, and then put into words.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};

use super::error::{listed, one_of};

/// What is wrong with the node at `steps`, which are the numbers of its ancestors among their siblings, the innermost
/// first.
#[derive(Debug)]
pub(super) struct Complaint {
    pub steps: Vec<usize>,
    pub problem: Problem,
}

/// What can be wrong with a node.
#[derive(Debug)]
pub(super) enum Problem {
    UnknownField {
        field: String,
        expected: &'static [&'static str],
    },
    MissingField(&'static str),
    UnknownVariant {
        variant: String,
        expected: &'static [&'static str],
    },
    Unfit {
        found: String,
        expected: String,
    },
    Other(String),
}

impl Complaint {
    fn of(problem: Problem) -> Self {
        Self {
            steps: Vec::new(),
            problem,
        }
    }

    /// The same, as seen from the node that holds this one as its child `step`.
    pub fn below(mut self, step: usize) -> Self {
        self.steps.push(step);
        self
    }
}

impl Problem {
    /// What was found, and what would be right.
    pub fn words(&self) -> (String, String) {
        match self {
            Self::UnknownField { field, expected } => {
                let hint = if expected.is_empty() {
                    "leave it out; nothing can be said here".to_owned()
                } else {
                    one_of(field, expected.iter().copied())
                };
                (format!("`{field}`, which is not a field here"), hint)
            }
            Self::MissingField(field) => (
                format!("no `{field}`"),
                format!("add `{field}`, which is needed here"),
            ),
            Self::UnknownVariant { variant, expected } => (
                format!("the text `{variant}`"),
                one_of(variant, expected.iter().copied()),
            ),
            Self::Unfit { found, expected } => (found.clone(), format!("write {}", in_words(expected))),
            Self::Other(message) => (message.clone(), String::new()),
        }
    }
}

/// What serde expects, in the words of documents.
fn in_words(expected: &str) -> &str {
    match expected {
        "a string" | "a borrowed string" => "a text",
        "a boolean" => "`true` or `false`",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0 on, without quotes",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number, without quotes",
        "f32" | "f64" => "a number, without quotes",
        "a sequence" => "a list: `[…]`, or lines that start with `- `",
        "a map" => "a mapping: lines of `key: value`",
        "any valid JSON value" => "a text, number, list or mapping",
        other if other.starts_with("struct ") => "a mapping: lines of `key: value`",
        other => other,
    }
}

/// What was found, in the words of documents.
fn found(unexpected: Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Bool(yes) => format!("the truth value `{yes}`"),
        Unexpected::Unsigned(number) => format!("the number {number}"),
        Unexpected::Signed(number) => format!("the number {number}"),
        Unexpected::Float(number) => format!("the number {number}"),
        Unexpected::Str(text) => format!("the text `{}`", shortened(text)),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a mapping".to_owned(),
        other => other.to_string(),
    }
}

/// The beginning of a text that is long.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (found, hint) = self.problem.words();
        write!(f, "found {found}; {hint}")
    }
}

impl std::error::Error for Complaint {}

impl Error for Complaint {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::of(Problem::Other(message.to_string()))
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::of(Problem::Unfit {
            found: found(unexpected),
            expected: expected.to_string(),
        })
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::of(Problem::UnknownVariant {
            variant: shortened(variant),
            expected,
        })
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::of(Problem::UnknownField {
            field: shortened(field),
            expected,
        })
    }

    fn missing_field(field: &'static str) -> Self {
        Self::of(Problem::MissingField(field))
    }
}

/// What an enum expects: one of its variants.
pub(super) struct OneOf(pub &'static [&'static str]);

impl Expected for OneOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&listed(self.0.iter().copied()))
    }
}
