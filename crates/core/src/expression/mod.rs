//! The expression language: formats (`{{ firstname }} {{ lastname }}`), columns, and conditions, over values that
//! are borrowed from a record wherever that is possible.
//!
//! Sandboxed: no loops, no statements, no clock and no randomness, and limits on steps, texts and lists.

mod choices;
mod condition;
mod country;
mod dates;
mod elsewhere;
mod encodings;
mod error;
mod evaluate;
mod format;
mod function;
mod generated;
pub(crate) mod json;
mod language;
mod lists;
mod lookup;
mod meter;
mod names;
mod node;
mod numbers;
mod parse;
mod pattern;
mod phone;
mod reference;
mod scope;
mod template;
mod tests;
mod text;
mod value;

#[cfg(test)]
mod edges;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod promises;

pub use condition::Condition;
pub use error::ExpressionError;
pub use format::{Evaluated, Format};
pub use function::{FunctionDoc, functions};
pub use lookup::{Lookups, Table};
pub use meter::{MAX_ITEMS, MAX_TEXT};
pub use parse::MAX_EXPRESSION;
pub use reference::reference;
pub use scope::{Names, Scope, SecretHook, VariableHook};
pub use template::TextTemplate;
pub use value::{Moment, Value};

/// A text in ASCII, by the rules of a language (`de`: ä is ae); as it is when it would get too long.
pub(crate) fn in_ascii(text: &str, language: &str) -> String {
    text::in_ascii(text, language).unwrap_or_else(|_| text.to_owned())
}

/// The length of an expression after `{{` up to its `}}`; none when it is not closed.
pub(crate) fn end_of_expression(text: &str) -> Option<usize> {
    format::end_of_expression(text)
}

/// Whether a login or address is one that systems keep for themselves.
pub(crate) fn is_reserved(name: &str) -> bool {
    generated::is_reserved(name)
}
