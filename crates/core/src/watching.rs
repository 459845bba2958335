//! Changes: what a directory tells of them since it was looked at last, so that not everything has to be read again.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountId};

/// A place in the history of a directory, from where changes can be asked for. Only the directory that gave it can
/// read it; for everybody else it is a text to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie(Box<str>);

impl Cookie {
    /// Takes a place as the directory writes it.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// As the directory writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a directory stood before it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Changes can be asked for from here on.
    At(Cookie),
    /// It does not tell changes.
    Unknown {
        /// Why not, for an administrator.
        why: String,
    },
}

/// One thing that happened to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountChange {
    /// It is like this now, in all that was asked for.
    Is(Account),
    /// It is no account within the base any more: deleted, moved away, or of another kind. It may never have been one.
    Gone(AccountId),
}

/// Receives changes while they are read. Of two for one account the later counts.
pub trait ChangeSink: Send {
    /// Takes one change.
    fn change(&mut self, change: AccountChange);
}

impl ChangeSink for Vec<AccountChange> {
    fn change(&mut self, change: AccountChange) {
        self.push(change);
    }
}

/// How asking for changes ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changes {
    /// These were all.
    All {
        /// From where to ask the next time.
        next: Cookie,
    },
    /// The directory cannot tell what changed since; what it told is not all.
    ReadAgain {
        /// Why, for an administrator.
        why: String,
    },
}

/// How a run came to know the accounts of its directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryRead {
    /// All were read.
    #[default]
    Whole,
    /// All were read, although only changes might have been.
    WholeBecause {
        /// Why.
        why: String,
    },
    /// Only what changed was read.
    Changes {
        /// Accounts that are new or different.
        changed: u64,
        /// Accounts that are gone.
        gone: u64,
    },
}

impl DirectoryRead {
    /// Whether there is nothing to say of it.
    pub fn is_plain(&self) -> bool {
        *self == Self::Whole
    }
}

impl fmt::Display for DirectoryRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("the directory was read whole"),
            Self::WholeBecause { why } => write!(f, "the directory was read whole: {why}"),
            Self::Changes { changed: 0, gone: 0 } => {
                f.write_str("nothing changed in the directory since it was read")
            }
            Self::Changes { changed, gone } => {
                let accounts = if *changed == 1 { "account" } else { "accounts" };
                write!(
                    f,
                    "only what changed in the directory was read: {changed} {accounts} new or different, {gone} gone"
                )
            }
        }
    }
}
