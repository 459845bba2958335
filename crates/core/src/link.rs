//! Links: which account belongs to which person, how that was found out, and where the person stands.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::dn::Dn;
use crate::plan::Event;
use crate::profile::{PersonKey, RecordHash};

/// What Tenure remembers of one person's account in one directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The person, by the key of the data source.
    pub key: PersonKey,
    /// The account, by its immutable id.
    pub account: AccountId,
    /// Where the person stands with it.
    pub state: LinkState,
    /// Since when.
    pub since: Timestamp,
    /// How the account was found to be this person's, in words.
    pub matched: String,
    /// What was compared when last nothing was to do.
    pub in_sync: Option<InSync>,
    /// What is remembered of calls about the account; none while there is nothing.
    pub memory: Option<Box<Memory>>,
}

impl Link {
    /// Whether groups are remembered that the account was taken out of.
    pub fn has_left_groups(&self) -> bool {
        self.memory
            .as_ref()
            .is_some_and(|memory| !memory.groups.is_empty())
    }

    /// The event that has begun and is not done, with the calls that it still owes.
    pub fn owing(&self) -> Option<&Owing> {
        self.memory.as_ref().and_then(|memory| memory.owing.as_ref())
    }
}

/// What is remembered of an account since no directory shows it: which steps were done, and what it had before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// An event that has begun, and the calls that it still owes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owing: Option<Owing>,
    /// Calls of which it is not known whether they were made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub in_doubt: Vec<Doubt>,
    /// Values that calls captured, for later ones.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub captured: BTreeMap<String, serde_json::Value>,
    /// Groups that the account was taken out of when its owner left, for one who comes back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Dn>,
}

impl Memory {
    /// Whether there is nothing to remember.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An event that has begun. Of its calls only those are planned again that it still owes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owing {
    /// The event.
    pub event: Event,
    /// Calls that were not made yet, or did not succeed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Owed>,
}

impl Owing {
    /// A call that is still owed.
    pub fn call(&self, step: &StepKey) -> Option<&Owed> {
        self.calls.iter().find(|owed| owed.step == *step)
    }
}

/// A call that is owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    /// The step that asks for it.
    pub step: StepKey,
    /// What tells this time from every other, so that the call has the same idempotency key in a later run.
    pub occasion: String,
}

/// A call of which it is not known whether it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// Which one.
    pub owed: Owed,
    /// The event that asked for it.
    pub event: Event,
    /// What is known of it.
    pub what: String,
    /// Since when.
    pub since: Timestamp,
}

/// A step that no directory shows to be done by what it is called in every run: the rule and what is done,
/// `leaver: atera/disable-contact`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepKey(String);

impl StepKey {
    /// A step in a rule by what it does (`atera/disable-contact`, `script provision`, `reset_password`); `nth` tells several that do
    /// the same in one rule apart, from 1.
    pub fn new(event: Event, what: &str, nth: usize) -> Self {
        Self(match nth {
            0 | 1 => format!("{event}: {what}"),
            nth => format!("{event}: {what} ({nth})"),
        })
    }

    /// Whether somebody who writes this means the step: its name, or only the call's.
    pub fn is_named(&self, text: &str) -> bool {
        self.0 == text || self.0.split_once(": ").is_some_and(|(_, call)| call == text)
    }

    /// As it is stored and shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StepKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a person stands with a linked account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Created by Tenure, with steps of the joiner rule still to be done.
    Joining,
    /// In use.
    Active,
    /// The leaver rule has been carried out.
    Left,
    /// The account was deleted; kept for the history.
    Deleted,
}

/// A person's record and account as they were when a plan found nothing to do for them. While both are the same,
/// and the documents too, there is nothing to do until `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InSync {
    /// The raw record.
    pub record: RecordHash,
    /// The account's [`fingerprint`](crate::account::Account::fingerprint).
    pub account: u64,
    /// The documents, by the start of their digest.
    pub documents: u64,
    /// When the passing of time alone gives something to do; `Timestamp::MAX` when it never does.
    pub until: Timestamp,
}

impl InSync {
    /// Whether a record and documents that look like this need no second look before `now`.
    pub fn holds(&self, record: RecordHash, documents: u64, now: Timestamp) -> bool {
        self.record == record && self.documents == documents && now < self.until
    }
}
