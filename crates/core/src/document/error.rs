//! What is wrong with a document: where, what was found there, and what would be right.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether something keeps a document from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The document cannot be used as it is.
    Error,
    /// It can be used, but something is probably not meant as it is written.
    Warning,
}

/// One thing that is wrong with a document. As text it does not say how severe it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentError {
    /// The file, where the document came from one.
    pub file: Option<String>,
    /// Kind and name, for example ``data_source `people` ``; empty when the text was not understood so far.
    pub document: String,
    /// Where in the document, for example `endpoints[0].repeat.increment`; empty for the whole of it.
    pub path: String,
    /// The line, counted from 1; 0 when it is not known.
    pub line: u32,
    /// The column, counted from 1 in characters; 0 when it is not known.
    pub column: u32,
    /// What was found there.
    pub found: String,
    /// What would be right; may be empty.
    pub hint: String,
    /// Whether the document can be used in spite of it.
    pub severity: Severity,
}

impl DocumentError {
    /// Whether this keeps the document from being used.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), 0) => write!(f, "{file}: ")?,
            (Some(file), line) => write!(f, "{file}:{line}:{}: ", self.column)?,
            (None, 0) => {}
            (None, line) => write!(f, "{line}:{}: ", self.column)?,
        }
        match (self.document.as_str(), self.path.as_str()) {
            ("", "") => {}
            (document, "") => write!(f, "{document}: ")?,
            ("", path) => write!(f, "{path}: ")?,
            (document, path) => write!(f, "{document}, {path}: ")?,
        }
        write!(f, "found {}", self.found)?;
        if self.hint.is_empty() {
            Ok(())
        } else {
            write!(f, "; {}", self.hint)
        }
    }
}

impl std::error::Error for DocumentError {}

/// The one of `known` that `word` was probably meant to be.
pub(super) fn closest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let lower = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness >= 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

/// The hint for a word that is not one of `known`: the likely one, or all of them.
pub(super) fn one_of<'k>(word: &str, known: impl IntoIterator<Item = &'k str> + Clone) -> String {
    match closest(word, known.clone()) {
        Some(likely) => format!("did you mean `{likely}`?"),
        None => format!("write {}", listed(known)),
    }
}

/// Words as a sentence names them: `` `a`, `b` or `c` ``.
pub(super) fn listed<'k>(words: impl IntoIterator<Item = &'k str>) -> String {
    let words: Vec<_> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}
