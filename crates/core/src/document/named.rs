//! `kind: format`: a format with a name, used by others as `{{ formats.NAME }}`; and putting it in where it is used.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::{DocumentError, Severity, one_of};
use super::set::{Document, Documents, Kind};
use super::tree::join;
use crate::expression::end_of_expression;

/// A format that others use by its name, in data sources, templates, policies and automations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedFormat {
    /// What others call it, after `formats.`: letters, digits and underscores.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The format. What it names (columns, attributes) is what may be named where it is used.
    pub format: String,
}

/// The beginning of a use.
const PREFIX: &str = "formats.";

/// What is wrong with the use of a named format.
struct Wrong {
    found: String,
    hint: String,
}

/// Puts named formats in wherever documents use them; says what keeps one from being put in, and leaves that text as it
/// is.
pub(super) fn put_in(documents: &mut Documents) -> Vec<DocumentError> {
    let mut errors = Vec::new();
    let mut changed = Vec::new();
    for document in documents.iter() {
        let uses = matches!(
            document.kind(),
            Kind::DataSource | Kind::Template | Kind::Policy | Kind::Automation | Kind::Format
        );
        // Documents come from JSON as well as from YAML, so that they go through it unchanged.
        let Some(mut tree) = uses.then(|| serde_json::to_value(document).ok()).flatten() else {
            continue;
        };
        let mut wrongs = Vec::new();
        let way = match document {
            Document::Format(format) => vec![format.name.clone()],
            _ => Vec::new(),
        };
        if !walk(documents, &mut tree, "", &way, &mut wrongs) && wrongs.is_empty() {
            continue;
        }
        let origin = documents.origin(document.kind(), document.name());
        errors.extend(wrongs.into_iter().map(|(path, wrong)| {
            let at = origin.map(|origin| origin.position(&path)).unwrap_or_default();
            DocumentError {
                file: origin.and_then(|origin| origin.file.clone()),
                document: format!("{} `{}`", document.kind(), document.name()),
                path,
                line: at.line,
                column: at.column,
                found: wrong.found,
                hint: wrong.hint,
                severity: Severity::Error,
            }
        }));
        changed.extend(serde_json::from_value::<Document>(tree).ok());
    }
    for document in changed {
        documents.replace(document);
    }
    errors
}

/// Goes through all texts of a tree; whether one changed.
fn walk(
    documents: &Documents,
    tree: &mut Value,
    path: &str,
    way: &[String],
    wrongs: &mut Vec<(String, Wrong)>,
) -> bool {
    match tree {
        Value::String(text) if text.contains(PREFIX) => match filled(documents, text, way) {
            Ok(new) if new == *text => false,
            Ok(new) => {
                *text = new;
                true
            }
            Err(wrong) => {
                wrongs.push((path.to_owned(), wrong));
                false
            }
        },
        Value::Array(items) => {
            let mut changed = false;
            for (at, item) in items.iter_mut().enumerate() {
                changed |= walk(documents, item, &format!("{path}[{at}]"), way, wrongs);
            }
            changed
        }
        Value::Object(members) => {
            let mut changed = false;
            for (name, member) in members.iter_mut() {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    join(path, name)
                };
                changed |= walk(documents, member, &path, way, wrongs);
            }
            changed
        }
        _ => false,
    }
}

/// A text with the named formats in it put in. `way` are those that are being put in.
fn filled(documents: &Documents, text: &str, way: &[String]) -> Result<String, Wrong> {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, inner)) = rest.split_once("{{") {
        let Some(length) = end_of_expression(inner) else {
            break;
        };
        let (expression, after) = (inner.get(..length).unwrap_or_default(), inner.get(length + 2..));
        done.push_str(before);
        if let Some(name) = expression
            .trim()
            .strip_prefix(PREFIX)
            .filter(|name| is_name(name))
        {
            done.push_str(&body(documents, name, way)?);
        } else {
            done.push_str("{{");
            done.push_str(&within(documents, expression, way)?);
            done.push_str("}}");
        }
        rest = after.unwrap_or_default();
    }
    done.push_str(rest);
    Ok(done)
}

/// An expression with the named formats in it put in, each of which is a single expression.
fn within(documents: &Documents, expression: &str, way: &[String]) -> Result<String, Wrong> {
    let mut done = String::with_capacity(expression.len());
    let (mut rest, mut quote) = (expression, None);
    while let Some(c) = rest.chars().next() {
        let starts_word = !done.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
        if let Some(after) = rest
            .strip_prefix(PREFIX)
            .filter(|_| quote.is_none() && starts_word)
        {
            let end = after
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(after.len());
            let (name, after) = after.split_at(end);
            let whole = body(documents, name, way)?;
            let single = whole
                .trim()
                .strip_prefix("{{")
                .and_then(|inner| Some((inner, end_of_expression(inner)?)))
                .filter(|(inner, length)| length + 2 == inner.len())
                .and_then(|(inner, length)| inner.get(..length));
            let Some(single) = single else {
                return Err(Wrong {
                    found: format!("`formats.{name}` in a larger expression, and it has text of its own"),
                    hint: format!(
                        "write `{{{{ formats.{name} }}}}` by itself, or make `{name}` one expression"
                    ),
                });
            };
            done.push('(');
            done.push_str(single.trim());
            done.push(')');
            rest = after;
            continue;
        }
        match quote {
            Some(open) if open == c => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            _ => {}
        }
        done.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    Ok(done)
}

/// The text of a named format, with those in it put in.
fn body(documents: &Documents, name: &str, way: &[String]) -> Result<String, Wrong> {
    let mut way = way.to_vec();
    let circle = way.iter().any(|known| known == name);
    way.push(name.to_owned());
    if circle {
        return Err(Wrong {
            found: format!(
                "named formats that use each other in a circle: {}",
                way.join(" -> ")
            ),
            hint: "write one of them without the others".to_owned(),
        });
    }
    let Some(Document::Format(format)) = documents.get(Kind::Format, name) else {
        let known = documents.names(Kind::Format);
        let hint = match known.clone().next() {
            Some(_) => one_of(name, known),
            None => format!("add a document with `kind: format` and `name: {name}`"),
        };
        return Err(Wrong {
            found: format!("`formats.{name}`, and there is no such format"),
            hint,
        });
    };
    filled(documents, &format.format, &way)
}

/// Whether a format can be used by this name.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
