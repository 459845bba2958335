//! What goes wrong in a conversation with a directory server, worded for its administrator.

use std::time::Duration;

use tenure_core::outcome::Refusal;
use tenure_core::seams::DirectoryError;

use super::answer::LdapResult;
use super::ber::BerError;
use super::codes::{Doing, explain};

/// What went wrong. Every variant names the server by its URL.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LdapError {
    /// No connection came about.
    #[error("no connection to {server}: {why}")]
    Unreachable {
        /// The server.
        server: String,
        /// What the system says.
        why: String,
    },
    /// The connection could not be encrypted.
    #[error("no TLS with {server}: {why}")]
    Tls {
        /// The server.
        server: String,
        /// What is wrong.
        why: String,
        /// What to do about it.
        hint: String,
    },
    /// No answer came in time.
    #[error("{server} did not answer within {after:?}")]
    TimedOut {
        /// The server.
        server: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The connection broke.
    #[error("the connection to {server} was lost: {why}")]
    Lost {
        /// The server.
        server: String,
        /// What the system, or the server, says.
        why: String,
    },
    /// The server sent what is no LDAP, or no answer to what was asked.
    #[error("{server} sent an answer that is not understood: {why}")]
    Malformed {
        /// The server.
        server: String,
        /// What is wrong with it.
        why: String,
    },
    /// The server said no.
    #[error("{server} refused: {refusal}")]
    Refused {
        /// The server.
        server: String,
        /// What it said, in our words.
        refusal: Refusal,
        /// What it said.
        result: Box<LdapResult>,
    },
    /// The settings cannot be used.
    #[error("{why}")]
    Settings {
        /// What is wrong with them.
        why: String,
        /// What to do about it.
        hint: String,
    },
}

impl LdapError {
    pub(crate) fn malformed(server: &str, error: BerError) -> Self {
        Self::Malformed {
            server: server.to_owned(),
            why: error.to_string(),
        }
    }

    pub(crate) fn refused(server: &str, doing: Doing, result: LdapResult) -> Self {
        Self::Refused {
            server: server.to_owned(),
            refusal: explain(doing, &result),
            result: Box::new(result),
        }
    }

    /// Whether another connection, or another server, may do better.
    pub fn is_about_the_connection(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Lost { .. } | Self::Malformed { .. } => {
                true
            }
            Self::Refused { result, .. } => super::codes::Diagnosis::of(result).may_pass(),
            Self::Tls { .. } | Self::Settings { .. } => false,
        }
    }

    /// What to do about it; may be empty.
    pub fn hint(&self) -> &str {
        match self {
            Self::Unreachable { .. } => {
                "Check the host and port in the directory's `url`, name resolution and firewalls."
            }
            Self::Tls { hint, .. } | Self::Settings { hint, .. } => hint,
            Self::TimedOut { .. } => {
                "The server may be overloaded; `time_out` in the directory's document can be raised."
            }
            Self::Lost { .. } => "The server may have been restarted. Look into its log if it happens again.",
            Self::Malformed { .. } => {
                "Check that the URL is that of an LDAP server, and `ldap://` or `ldaps://` what its port speaks."
            }
            Self::Refused { refusal, .. } => &refusal.hint,
        }
    }

    /// The error as directories report it.
    pub fn while_doing(self, doing: impl Into<String>) -> DirectoryError {
        DirectoryError {
            doing: doing.into(),
            said: self.to_string(),
            hint: self.hint().to_owned(),
        }
    }

    /// The error as the reason for which a write did not succeed.
    pub fn to_refusal(&self) -> Refusal {
        match self {
            Self::Refused { refusal, .. } => refusal.clone(),
            other => Refusal {
                code: String::new(),
                message: other.to_string(),
                hint: other.hint().to_owned(),
            },
        }
    }
}
