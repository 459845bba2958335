//! What can go wrong with the database, worded for administrators.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::journal::OperationId;
use crate::runs::{RunId, RunState};

/// Why something could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be opened.
    #[error("opening the database `{database}`: {why}")]
    Open {
        /// Which database, without its password.
        database: String,
        /// What was found.
        why: String,
    },
    /// A newer version of Tenure has been at work.
    #[error(
        "the database was written by a newer version of Tenure (its tables have version {found}, this program knows \
         up to {known}); install that version, or restore a backup from before the upgrade"
    )]
    Newer {
        /// The version of the tables.
        found: i64,
        /// The latest version that this program knows.
        known: i64,
    },
    /// The database refused or was not to be reached.
    #[error("{doing}: {source}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// What the database said.
        source: sqlx::Error,
    },
    /// A value in the database is not one that Tenure writes.
    #[error("the database is damaged or was changed by hand: {table} has {found}")]
    Damaged {
        /// Which table.
        table: &'static str,
        /// What is in it.
        found: String,
    },
    /// An account was to be linked to a second person.
    #[error(
        "the account {account} in the directory `{directory}` is linked to `{holder}` already; nothing was written. \
         Look at both people with `tenure person KEY` and delete the wrong link"
    )]
    LinkTaken {
        /// The directory of the account.
        directory: String,
        /// The account's id.
        account: String,
        /// The person whose it is.
        holder: String,
    },
    /// A run is not where it was thought to be, usually because another process has taken it on.
    #[error("run {run} cannot become `{to}`, because it is `{found}`; look at it with `tenure run {run}`")]
    RunState {
        /// Which run.
        run: RunId,
        /// The state it was to have.
        to: RunState,
        /// The state that it is in.
        found: RunState,
    },
    /// There is no such run.
    #[error("there is no run {run}; `tenure runs` lists those there are")]
    NoRun {
        /// The run asked for.
        run: RunId,
    },
    /// The journal of a run contradicts itself, or would.
    #[error("the journal of run {run} does not add up at operation {operation}: {found}")]
    Journal {
        /// Which run.
        run: RunId,
        /// Where.
        operation: OperationId,
        /// What is wrong.
        found: String,
    },
    /// The lease was lost to another process, or has run out.
    #[error("the lease `{name}` is no longer held by this process since {since} or earlier; it stops here")]
    LeaseLost {
        /// Which lease.
        name: String,
        /// When it was noticed.
        since: Timestamp,
    },
    /// The vault's key does not fit the database.
    #[error(
        "the vault's key is not the one that this database's secrets were sealed with; give the right key file or \
         environment value, or delete the secrets and set them again"
    )]
    WrongKey,
    /// A secret cannot be opened although the key is right.
    #[error(
        "the secret `{name}` was changed in the database by hand; set it again with `tenure secret set {name}`"
    )]
    Sealed {
        /// Which secret.
        name: String,
    },
    /// A text that is no key.
    #[error("the vault's key must be 32 bytes, as 64 hexadecimal digits or in Base64; {found}")]
    KeyText {
        /// What was given, without showing it.
        found: String,
    },
    /// The key file cannot be read or written.
    #[error("the vault's key file `{}`: {source}", path.display())]
    KeyFile {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system gave no randomness.
    #[error("the system gives no random numbers: {source}")]
    Randomness {
        /// What it said.
        source: getrandom::Error,
    },
}

impl StoreError {
    /// For `map_err`: what was being done when the database said no.
    pub(crate) fn database(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Database { doing, source }
    }

    /// Whether the database refused because something must be unique.
    pub(crate) fn is_unique_violation(&self) -> bool {
        match self {
            Self::Database {
                source: sqlx::Error::Database(said),
                ..
            } => said.is_unique_violation(),
            _ => false,
        }
    }
}
