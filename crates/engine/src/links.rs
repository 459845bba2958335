//! Links as a run changes them: one for each account that was created, recognised or brought to another state.

use std::collections::HashMap;

use jiff::Timestamp;
use tenure_core::link::{Link, LinkState, Memory};
use tenure_core::plan::Change;
use tenure_core::profile::PersonKey;
use tenure_core::seams::AccountRef;
use tenure_store::StoredLink;

/// The links of one source and directory as they were when carrying out began.
pub(crate) struct LinksBefore {
    by_key: HashMap<PersonKey, Link>,
}

impl LinksBefore {
    pub(crate) fn new(links: Vec<Link>) -> Self {
        Self {
            by_key: links.into_iter().map(|link| (link.key.clone(), link)).collect(),
        }
    }

    /// The link of a change's person to this account as it was.
    pub(crate) fn of(&self, change: &Change, account: &AccountRef) -> Option<&Link> {
        let link = self.by_key.get(&change.person);
        link.filter(|link| link.account == account.id)
    }

    /// The link of a change's person to this account, in this state.
    pub(crate) fn after(
        &self,
        change: &Change,
        account: &AccountRef,
        state: LinkState,
        now: Timestamp,
        memory: Option<Box<Memory>>,
    ) -> StoredLink {
        let before = self.of(change, account);
        // A state counts from when it began; what was joining is in use from when it was created.
        let since = match before {
            Some(link) if link.state == state || link.state == LinkState::Joining => link.since,
            _ => now,
        };
        let matched = match (before, &change.matched) {
            (Some(link), _) => link.matched.clone(),
            (None, Some(how)) => how.clone(),
            (None, None) => "created by Tenure".to_owned(),
        };
        let link = Link {
            key: change.person.clone(),
            account: account.id.clone(),
            state,
            since,
            matched,
            in_sync: None,
            memory,
        };
        StoredLink {
            link,
            dn: account.dn.clone(),
        }
    }
}
