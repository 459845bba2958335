//! Model accounts: accounts by their name, looked up when a template first asks for one.

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::account::Account;
use crate::dn::Dn;

/// The accounts of a directory, for those who are made like one of them.
pub(super) struct Models<'a> {
    accounts: &'a [Account],
    by_name: OnceCell<HashMap<String, usize>>,
}

impl<'a> Models<'a> {
    pub(super) fn new(accounts: &'a [Account]) -> Self {
        Self {
            accounts,
            by_name: OnceCell::new(),
        }
    }

    /// The account of this name.
    pub(super) fn get(&self, dn: &Dn) -> Option<&'a Account> {
        let by_name = self.by_name.get_or_init(|| {
            let named = self.accounts.iter().enumerate();
            named.map(|(at, account)| (account.dn.normalised(), at)).collect()
        });
        self.accounts.get(*by_name.get(&dn.normalised())?)
    }
}
