//! Links: which account belongs to which person, how that was found out, and where the person stands.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
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
