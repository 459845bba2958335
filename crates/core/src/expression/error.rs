//! What can be wrong with an expression, worded for the one who wrote it.

use std::fmt;

/// An expression that cannot be read, or not be worked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionError {
    /// The expression or format, as written.
    pub expression: String,
    /// Where in it, as a byte offset, when that can be said.
    pub position: Option<usize>,
    /// What is wrong.
    pub problem: String,
    /// What would be right; empty when nothing sensible can be said.
    pub hint: String,
}

/// The most of an expression that is repeated in a message, in characters.
const SHOWN: usize = 120;

impl ExpressionError {
    pub(super) fn new(expression: &str, problem: impl Into<String>) -> Self {
        Self {
            expression: expression.to_owned(),
            position: None,
            problem: problem.into(),
            hint: String::new(),
        }
    }

    #[must_use]
    pub(super) fn at(mut self, position: usize) -> Self {
        self.position.get_or_insert(position);
        self
    }

    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The same error, seen from a text that has the expression at `offset`.
    #[must_use]
    pub(super) fn within(mut self, text: &str, offset: usize) -> Self {
        text.clone_into(&mut self.expression);
        self.position = self.position.map(|position| position + offset);
        self
    }
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.expression.chars().take(SHOWN).collect();
        let more = if shown.len() < self.expression.len() {
            "…"
        } else {
            ""
        };
        write!(f, "`{shown}{more}`")?;
        if let Some(position) = self.position.filter(|position| *position > 0) {
            let before = self
                .expression
                .get(..position)
                .map_or(position, |before| before.chars().count());
            write!(f, " at character {}", before + 1)?;
        }
        write!(f, ": {}", self.problem)?;
        if !self.hint.is_empty() {
            write!(f, "; {}", self.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for ExpressionError {}

/// The known name that comes nearest to one that is not known.
pub(super) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    known
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
