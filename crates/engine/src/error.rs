//! What can keep a run from being planned or carried out, worded for administrators.

use tenure_core::compile::CompileError;
use tenure_core::document::{DocumentError, Documents, Kind};
use tenure_core::plan::Hold;
use tenure_core::profile::PersonKey;
use tenure_core::seams::{DirectoryError, SecretError, SourceError};
use tenure_store::{RunId, RunState, StoreError};

/// Why a run cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The documents that the run needs are not in order.
    #[error("the documents have {} error(s):\n{}", .0.len(), lines(.0))]
    Documents(Vec<DocumentError>),
    /// A document cannot be used although it was checked.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// There is no such document.
    #[error("there is no {kind} `{name}` among the documents{}", there_are(.known))]
    NoDocument {
        /// Which kind was looked for.
        kind: &'static str,
        /// Which name.
        name: String,
        /// The names of those that are there.
        known: Vec<String>,
    },
    /// The application has no such endpoint.
    #[error("the application `{application}` has no endpoint `{name}`; it has: {}", .known.join(", "))]
    NoEndpoint {
        /// Which application.
        application: String,
        /// Which name was looked for.
        name: String,
        /// The names of its endpoints.
        known: Vec<String>,
    },
    /// Nobody with this key was fetched.
    #[error(
        "nobody with the key `{key}` is remembered of `{source_name}`; fetch it first with `tenure fetch {source_name}`"
    )]
    NoRecord {
        /// Which data source.
        source_name: String,
        /// Which key.
        key: PersonKey,
    },
    /// The source could not be fetched.
    #[error("{}", with_hint(.0, &.0.hint))]
    Source(#[from] SourceError),
    /// The directory could not be read.
    #[error("{}", with_hint(.0, &.0.hint))]
    Directory(#[from] DirectoryError),
    /// A secret is missing.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something is configured in a way that no connection can be made from.
    #[error("{what}: {why}")]
    Settings {
        /// Which document and field.
        what: String,
        /// What is wrong, and what would be right.
        why: String,
    },
    /// Another process works with the same directory.
    #[error("the directory `{directory}` is being worked on by {by}; wait for it to end")]
    Busy {
        /// Which directory.
        directory: String,
        /// Who.
        by: String,
    },
    /// Another process fetches the same source, of which only parts are fetched.
    #[error("the data source `{name}` is being fetched by {by}; wait for it to end")]
    SourceBusy {
        /// Which data source.
        name: String,
        /// Who.
        by: String,
    },
    /// An earlier run has not come to its end.
    #[error(
        "run {run} was interrupted and has operations left; finish it with `tenure apply {run}`, or give it up with \
         `tenure discard {run}`"
    )]
    Unfinished {
        /// Which run.
        run: RunId,
    },
    /// The run is in a state in which this cannot be done.
    #[error("run {run} is {state}; {hint}")]
    State {
        /// Which run.
        run: RunId,
        /// Its state.
        state: RunState,
        /// What can be done instead.
        hint: &'static str,
    },
    /// Guards hold the run.
    #[error("run {run} is held:\n{}", reasons(.holds))]
    Held {
        /// Which run.
        run: RunId,
        /// Why.
        holds: Vec<Hold>,
    },
    /// What was asked for is not there, or not clear.
    #[error("{said}; {hint}")]
    Asked {
        /// What was asked for, and what was found.
        said: String,
        /// What to ask for instead.
        hint: String,
    },
    /// A part of the work ended without an answer, which is a defect.
    #[error("a part of the run ended unexpectedly: {0}")]
    Broken(String),
}

impl EngineError {
    /// There is no document of that kind and name.
    pub(crate) fn no_document(documents: &Documents, kind: Kind, name: &str) -> Self {
        let known = documents.names(kind).map(str::to_owned).collect();
        Self::NoDocument {
            kind: kind.name(),
            name: name.to_owned(),
            known,
        }
    }

    /// A field of a document cannot be used.
    pub(crate) fn settings(kind: &str, name: &str, field: &str, why: &dyn std::fmt::Display) -> Self {
        Self::Settings {
            what: format!("{kind} `{name}`, {field}"),
            why: why.to_string(),
        }
    }
}

fn lines(errors: &[DocumentError]) -> String {
    errors
        .iter()
        .map(|error| format!("  {error}"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn reasons(holds: &[Hold]) -> String {
    holds
        .iter()
        .map(|hold| format!("  {}\n    {}", hold.text, hold.hint))
        .collect::<Vec<_>>()
        .join("\n")
}

fn with_hint(error: &dyn std::fmt::Display, hint: &str) -> String {
    if hint.is_empty() {
        error.to_string()
    } else {
        format!("{error}\n  {hint}")
    }
}

fn there_are(known: &[String]) -> String {
    if known.is_empty() {
        "; there is none of that kind".to_owned()
    } else {
        format!("; there are: {}", known.join(", "))
    }
}
