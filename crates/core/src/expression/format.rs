//! Formats: text with expressions between `{{` and `}}`, and the columns that stand for themselves.

use std::borrow::Cow;
use std::sync::Arc;

use super::error::ExpressionError;
use super::evaluate::evaluate;
use super::meter::{self, Meter};
use super::node::Node;
use super::parse::{Parsed, parse};
use super::scope::Scope;
use super::value::Value;

/// The longest format, in bytes.
pub(super) const MAX_FORMAT: usize = 64 * 1024;

/// What values are made by: a text, one expression, or a text with expressions in it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Format {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    source: Box<str>,
    parts: Vec<Part>,
    reads: Reads,
}

/// What a parsed text reads of its scope.
#[derive(Debug, Default)]
pub(super) struct Reads {
    columns: Vec<(Box<str>, Option<Box<str>>)>,
    tables: Vec<Box<str>>,
    now: bool,
    secret: bool,
    variable: bool,
}

impl Reads {
    pub(super) fn add(&mut self, parsed: &mut Parsed) {
        for read in parsed.reads.drain(..) {
            if *read.0 == *"now" {
                self.now = true;
            } else if !self.columns.contains(&read) {
                self.columns.push(read);
            }
        }
        for table in parsed.tables.drain(..) {
            if !self.tables.contains(&table) {
                self.tables.push(table);
            }
        }
        self.secret |= parsed.secret;
        self.variable |= parsed.variable;
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.columns
            .iter()
            .map(|(name, member)| (&**name, member.as_deref()))
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(|table| &**table)
    }

    pub(super) fn now(&self) -> bool {
        self.now
    }

    pub(super) fn secret(&self) -> bool {
        self.secret
    }
}

#[derive(Debug)]
enum Part {
    Text(Box<str>),
    /// A name by itself, which needs no evaluation.
    Column(Box<str>),
    /// A member of a name by itself.
    Member {
        column: Box<str>,
        name: Box<str>,
        path: Box<str>,
    },
    /// Any other expression, with its text and where it stands in the source.
    Expression {
        node: Node,
        text: Box<str>,
        offset: usize,
    },
}

/// What came of a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evaluated {
    /// The values: one, or those of a list. None when the format says so (`default('')`).
    Values(Vec<String>),
    /// No value, since an input has none.
    Nothing {
        /// The input that has none: a column, a path, a table with its key, or the expression itself.
        missing: String,
    },
}

impl Part {
    fn new(node: Node, text: &str, offset: usize) -> Self {
        match node {
            Node::Name(name) => Self::Column(name),
            Node::Member { of, name, path } => match *of {
                Node::Name(column) => Self::Member { column, name, path },
                other => Self::Expression {
                    node: Node::Member {
                        of: Box::new(other),
                        name,
                        path,
                    },
                    text: text.into(),
                    offset,
                },
            },
            node => Self::Expression {
                node,
                text: text.into(),
                offset,
            },
        }
    }

    /// The value of this part, and what it is called when it has none.
    fn value<'a>(&'a self, scope: &'a Scope<'a>, meter: &Meter) -> Result<Value<'a>, ExpressionError> {
        match self {
            Self::Text(text) => Ok(Value::from(&**text)),
            Self::Column(name) => Ok(scope.resolve(name)),
            Self::Member { column, name, path } => {
                let value = scope.resolve(column);
                match &value {
                    Value::Missing(_) => return Ok(Value::Missing(Cow::Borrowed(path))),
                    Value::Map(_) => {}
                    Value::Json(raw) if raw.get().starts_with('{') => {}
                    other => {
                        let text = format!("`{column}` is {}, it has no member `{name}`", other.kind());
                        let error = ExpressionError::new("", text);
                        return Err(error.hint(format!(
                            "of a list, write `{column}[0].{name}` or `{column} | map(attribute='{name}')`"
                        )));
                    }
                }
                Ok(match value.member(name) {
                    Some(Value::Missing(_)) | None => Value::Missing(Cow::Borrowed(path)),
                    Some(value) => value,
                })
            }
            Self::Expression { node, text, offset } => match evaluate(node, scope, meter) {
                Ok(Value::Missing(name)) if name.is_empty() => {
                    let subject = node.subject();
                    Ok(Value::Missing(Cow::Borrowed(if subject.is_empty() {
                        text.trim()
                    } else {
                        subject
                    })))
                }
                Ok(value) => Ok(value),
                Err(error) => Err(error.at(*offset)),
            },
        }
    }
}

impl Format {
    /// Reads a format: plain text stands for itself, `{{ … }}` for the value of what is in it.
    pub fn parse(source: &str) -> Result<Self, ExpressionError> {
        if source.len() > MAX_FORMAT {
            return Err(ExpressionError::new(
                source,
                format!("is longer than {MAX_FORMAT} bytes"),
            ));
        }
        let (mut parts, mut reads, mut at) = (Vec::new(), Reads::default(), 0);
        while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
            let open = rest.find("{{");
            let text = rest.get(..open.unwrap_or(rest.len())).unwrap_or(rest);
            if let Some(found) = text.find("{%").or_else(|| text.find("{#")) {
                let error = ExpressionError::new(source, "statements and comments cannot be used here");
                return Err(error
                    .at(at + found)
                    .hint("write `{{ … if … else … }}` for a choice"));
            }
            if !text.is_empty() {
                parts.push(Part::Text(text.into()));
            }
            let Some(open) = open else { break };
            let start = at + open + 2;
            let inner = source.get(start..).unwrap_or_default();
            let Some(length) = end_of_expression(inner) else {
                let error = ExpressionError::new(source, "`{{` is not closed").at(start - 2);
                return Err(error.hint("write `}}` after the expression"));
            };
            let inner = inner.get(..length).unwrap_or_default();
            let mut parsed = parse(inner).map_err(|error| error.within(source, start))?;
            reads.add(&mut parsed);
            parts.push(Part::new(parsed.node, inner, start));
            at = start + length + 2;
        }
        Ok(Self::of(source, parts, reads))
    }

    /// Reads what an attribute is mapped from: a column (`employeeIdentifier`, `Employee ID`), a path
    /// (`addresses[0].locality`), any other bare expression, or a format when there is `{{` in it.
    pub fn column(path: &str) -> Result<Self, ExpressionError> {
        if path.contains("{{") {
            return Self::parse(path);
        }
        let name = path.trim();
        // A hyphen without space around it belongs to a name; nobody subtracts columns from each other unspaced.
        if name.contains('-') && is_column_name(name) && !name.contains(' ') {
            return Ok(Self::of_column(path, name));
        }
        match parse(path) {
            Ok(mut parsed) => {
                let mut reads = Reads::default();
                reads.add(&mut parsed);
                Ok(Self::of(path, vec![Part::new(parsed.node, path, 0)], reads))
            }
            Err(_) if is_column_name(name) => Ok(Self::of_column(path, name)),
            Err(error) => Err(error),
        }
    }

    fn of(source: &str, parts: Vec<Part>, reads: Reads) -> Self {
        Self {
            inner: Arc::new(Inner {
                source: source.into(),
                parts,
                reads,
            }),
        }
    }

    fn of_column(source: &str, name: &str) -> Self {
        let reads = Reads {
            columns: vec![(name.into(), None)],
            ..Reads::default()
        };
        Self::of(source, vec![Part::Column(name.into())], reads)
    }

    /// The values for this scope. A list gives several; with a missing input there is none at all.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Evaluated, ExpressionError> {
        let mut values = Vec::new();
        let missing = self.evaluate_into(scope, &mut |value| values.push(value.to_owned()))?;
        Ok(match missing {
            Some(missing) => Evaluated::Nothing { missing },
            None => Evaluated::Values(values),
        })
    }

    /// Hands each value to `take` instead, borrowed from the record where it can be; gives the missing input, and
    /// then nothing was handed out. A column by itself has no limit of length, since nothing is made of it.
    pub fn evaluate_into(
        &self,
        scope: &Scope<'_>,
        take: &mut dyn FnMut(&str),
    ) -> Result<Option<String>, ExpressionError> {
        let meter = Meter::new();
        let result = match self.inner.parts.as_slice() {
            [part] => part
                .value(scope, &meter)
                .and_then(|value| hand_out(value, part.name(), take)),
            parts => match fill(parts, scope, &meter) {
                Ok(Filled::Text(text)) => {
                    if !text.is_empty() {
                        take(&text);
                    }
                    Ok(None)
                }
                Ok(Filled::Missing(name)) => Ok(Some(name)),
                Err(error) => Err(error),
            },
        };
        result.map_err(|error| error.within(&self.inner.source, 0))
    }

    /// The text of this format for a place with rules of its own: what comes of each expression goes through `escape`,
    /// and the text around them stays as it is written. A list of several values is refused.
    pub fn evaluate_escaped<'s>(
        &'s self,
        scope: &'s Scope<'s>,
        escape: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<Evaluated, ExpressionError> {
        let meter = Meter::new();
        let escaped = |part: &Part, text: &str| match part {
            Part::Text(_) => Ok(text.to_owned()),
            _ => escape(text).map_err(|why| ExpressionError::new("", format!("`{}` {why}", part.name()))),
        };
        let mut whole = String::with_capacity(64);
        for part in &self.inner.parts {
            let filled = fill(std::slice::from_ref(part), scope, &meter)
                .map_err(|error| error.within(&self.inner.source, 0))?;
            let text = match filled {
                Filled::Missing(missing) => return Ok(Evaluated::Nothing { missing }),
                Filled::Text(text) => {
                    escaped(part, &text).map_err(|error| error.within(&self.inner.source, 0))?
                }
            };
            meter::room(whole.len() + text.len())
                .map_err(|problem| ExpressionError::new(&self.inner.source, problem))?;
            whole.push_str(&text);
        }
        Ok(Evaluated::Values(vec![whole]))
    }

    /// What this format gives as JSON: a number, a list or an object stays one when the whole format is one
    /// expression, and everything else is a text. The error of what is missing is its name.
    pub fn evaluate_json<'s>(
        &'s self,
        scope: &'s Scope<'s>,
    ) -> Result<Result<serde_json::Value, String>, ExpressionError> {
        let meter = Meter::new();
        let within = |error: ExpressionError| error.within(&self.inner.source, 0);
        match self.inner.parts.as_slice() {
            [Part::Text(text)] => Ok(Ok(serde_json::Value::from(&**text))),
            [part] => {
                let value = part.value(scope, &meter).map_err(within)?;
                Ok(match value {
                    // Written out as such, or as `default(none)`.
                    Value::Missing(name) if name == "none" => Ok(serde_json::Value::Null),
                    Value::Missing(missing) => Err(missing.into_owned()),
                    value => value.to_json().ok_or_else(|| part.name().to_owned()),
                })
            }
            parts => match fill(parts, scope, &meter).map_err(within)? {
                Filled::Text(text) => Ok(Ok(serde_json::Value::from(text))),
                Filled::Missing(missing) => Ok(Err(missing)),
            },
        }
    }

    /// The format as written.
    pub fn source(&self) -> &str {
        &self.inner.source
    }

    /// The names that are read, without `now`, each with the member that is read of it when it is only that. A name
    /// may come several times with different members.
    pub fn columns(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.inner.reads.columns()
    }

    /// The lookup tables that are named.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.inner.reads.tables()
    }

    /// Whether the result may change with time alone.
    pub fn uses_now(&self) -> bool {
        self.inner.reads.now
    }

    /// Whether a secret is read, so that the result must not be shown.
    pub fn uses_secret(&self) -> bool {
        self.inner.reads.secret
    }

    /// Whether an environment variable is read.
    pub fn uses_variable(&self) -> bool {
        self.inner.reads.variable
    }
}

impl Part {
    fn name(&self) -> &str {
        match self {
            Self::Text(text) | Self::Column(text) | Self::Expression { text, .. } => text.trim(),
            Self::Member { path, .. } => path,
        }
    }
}

/// Hands out the values of a part that stands alone; gives what is missing when there are none.
fn hand_out(
    value: Value<'_>,
    name: &str,
    take: &mut dyn FnMut(&str),
) -> Result<Option<String>, ExpressionError> {
    let kind = value.kind();
    match value {
        Value::Missing(name) => return Ok(Some(name.into_owned())),
        Value::List(_) | Value::Json(_) => {
            let Some(items) = value.into_items() else {
                return Err(no_text(name, kind));
            };
            let mut texts = Vec::with_capacity(items.len());
            for item in items {
                let kind = item.kind();
                match item {
                    Value::Missing(_) => {}
                    item => texts.push(item.into_text().ok_or_else(|| no_text(name, kind))?),
                }
            }
            if texts.is_empty() {
                return Ok(Some(name.to_owned()));
            }
            for text in texts.iter().filter(|text| !text.is_empty()) {
                take(text);
            }
        }
        value => {
            let text = value.into_text().ok_or_else(|| no_text(name, kind))?;
            if !text.is_empty() {
                take(&text);
            }
        }
    }
    Ok(None)
}

fn no_text(name: &str, kind: &str) -> ExpressionError {
    let error = ExpressionError::new("", format!("`{name}` gives {kind} where a text is needed"));
    error.hint("choose a member of it (`.name`, `map(attribute='name')`), or write `| json`")
}

/// What came of a text with expressions in it.
enum Filled {
    Text(String),
    Missing(String),
}

fn fill(parts: &[Part], scope: &Scope<'_>, meter: &Meter) -> Result<Filled, ExpressionError> {
    let mut whole = String::with_capacity(64);
    for part in parts {
        let value = part.value(scope, meter)?;
        let kind = value.kind();
        let text = match value {
            Value::Text(text) => text,
            Value::Missing(name) => return Ok(Filled::Missing(name.into_owned())),
            Value::List(_) | Value::Json(_) => {
                let mut items = value.into_items().ok_or_else(|| no_text(part.name(), kind))?;
                items.retain(|item| !item.is_missing());
                if items.len() > 1 {
                    let error = format!("`{}` gives {} values inside a text", part.name(), items.len());
                    return Err(ExpressionError::new("", error).hint("write `| first` or `| join(', ')`"));
                }
                let Some(only) = items.pop() else {
                    return Ok(Filled::Missing(part.name().to_owned()));
                };
                only.into_text().ok_or_else(|| no_text(part.name(), kind))?
            }
            value => value.into_text().ok_or_else(|| no_text(part.name(), kind))?,
        };
        meter::room(whole.len() + text.len()).map_err(|problem| ExpressionError::new("", problem))?;
        whole.push_str(&text);
    }
    Ok(Filled::Text(whole))
}

/// The length of an expression up to its `}}`, which may also stand in quotes or end named values within it.
pub(super) fn end_of_expression(text: &str) -> Option<usize> {
    let (mut quote, mut depth, mut escaped) = (None, 0_usize, false);
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().copied().enumerate() {
        match (quote, byte) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'{') => depth += 1,
            (None, b'}') if depth > 0 => depth -= 1,
            (None, b'}') if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            _ => {}
        }
    }
    None
}

/// Whether a text can be nothing but the name of a column, such as a heading in a table.
fn is_column_name(text: &str) -> bool {
    // Attributes of XML begin with `@`, and what stands beside them is `#text`.
    let name = text.strip_prefix(['@', '#']).unwrap_or(text);
    name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' '))
}
