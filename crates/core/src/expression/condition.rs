//! Conditions: expressions that hold or do not.

use std::sync::Arc;

use super::error::ExpressionError;
use super::evaluate::evaluate;
use super::format::Reads;
use super::meter::Meter;
use super::node::Node;
use super::parse::parse;
use super::scope::Scope;

/// An expression that is asked yes or no, such as `activated and not suspended`. Cheap to clone.
///
/// A missing value counts as no: `x` does not hold and `not x` does. It equals only `none` and other missing values,
/// so `x != 'a'` holds for it; it is in no list; it is neither less nor more than anything. What is worked out from
/// it is missing too. `x is defined` and `x is missing` ask for it.
#[derive(Clone, Debug)]
pub struct Condition {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    source: Box<str>,
    node: Node,
    reads: Reads,
}

impl Condition {
    /// Reads a condition; `{{ … }}` around the whole of it may be there or not.
    pub fn parse(source: &str) -> Result<Self, ExpressionError> {
        let bare = source
            .trim()
            .strip_prefix("{{")
            .and_then(|rest| rest.strip_suffix("}}"));
        let (text, offset) = match bare {
            Some(bare) => (bare, source.find("{{").unwrap_or(0) + 2),
            None => (source, 0),
        };
        let mut parsed = parse(text).map_err(|error| error.within(source, offset))?;
        let mut reads = Reads::default();
        reads.add(&mut parsed);
        Ok(Self {
            inner: Arc::new(Inner {
                source: source.into(),
                node: parsed.node,
                reads,
            }),
        })
    }

    /// Whether it holds in this scope.
    pub fn holds(&self, scope: &Scope<'_>) -> Result<bool, ExpressionError> {
        let value = evaluate(&self.inner.node, scope, &Meter::new());
        value
            .map(|value| value.is_true())
            .map_err(|error| error.within(&self.inner.source, 0))
    }

    /// The condition as written.
    pub fn source(&self) -> &str {
        &self.inner.source
    }

    /// The names that are read, as of a [`Format`](super::Format).
    pub fn columns(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.inner.reads.columns()
    }

    /// The lookup tables that are named.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.inner.reads.tables()
    }

    /// Whether a secret is read.
    pub fn uses_secret(&self) -> bool {
        self.inner.reads.secret()
    }

    /// Whether it may change with time alone.
    pub fn uses_now(&self) -> bool {
        self.inner.reads.now()
    }
}
