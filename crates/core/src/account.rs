//! Accounts as a directory shows them, and the snapshot of all of them that a plan is made against.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::attribute::Attributes;
use crate::dn::Dn;

/// The immutable id of an account in its directory (objectGUID, entryUUID, …), as text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(Box<str>);

impl AccountId {
    /// Takes an id as its directory writes it.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for AccountId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether people can sign in with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Sign-in is possible.
    Enabled,
    /// Sign-in is switched off.
    Disabled,
}

/// One person's object in a directory, with the attributes that were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its immutable id.
    pub id: AccountId,
    /// Where it is now.
    pub dn: Dn,
    /// Whether sign-in is possible.
    pub access: Access,
    /// Its values, numbered by the dictionary of the request. Group membership is in `memberOf`.
    pub attributes: Attributes,
}

impl Account {
    /// A hash of everything known of the account, for telling whether it changed since it was last in sync.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = xxhash_rust::xxh3::Xxh3::new();
        hasher.update(self.dn.as_str().as_bytes());
        hasher.update(&[u8::from(self.access == Access::Enabled)]);
        hasher.update(&self.attributes.fingerprint().to_le_bytes());
        hasher.digest()
    }
}

/// All accounts of one reading of a directory, found by id.
#[derive(Debug, Default)]
pub struct Snapshot {
    accounts: Vec<Account>,
    by_id: HashMap<AccountId, u32>,
    protected: HashMap<AccountId, String>,
}

impl Snapshot {
    /// Takes the accounts in the order in which they were read; of two with the same id the later one counts.
    pub fn new(accounts: Vec<Account>) -> Self {
        let by_id = accounts
            .iter()
            .zip(0u32..)
            .map(|(account, at)| (account.id.clone(), at))
            .collect();
        Self {
            accounts,
            by_id,
            protected: HashMap::new(),
        }
    }

    /// Marks accounts that nothing may be done to, each with the reason.
    #[must_use]
    pub fn protecting(mut self, protected: impl IntoIterator<Item = (AccountId, String)>) -> Self {
        // The first reason is the strongest.
        for (id, why) in protected {
            self.protected.entry(id).or_insert(why);
        }
        self
    }

    /// Why nothing may be done to an account.
    pub fn protection(&self, id: &AccountId) -> Option<&str> {
        self.protected.get(id).map(String::as_str)
    }

    /// The account with this id.
    pub fn get(&self, id: &AccountId) -> Option<&Account> {
        self.by_id.get(id).and_then(|at| self.accounts.get(*at as usize))
    }

    /// All accounts, in the order in which they were read.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }
}
