//! Accounts that an earlier run began to create without learning how that ended: the object may be there and have no
//! password. Nothing that a directory shows tells such an account from a good one, so it is not taken for one that was
//! there before, but finished as it was begun.

use std::collections::{HashMap, HashSet};

use crate::account::{Account, AccountId};
use crate::action::{Action, AttributeValues};
use crate::attribute::{AttributeName, Dictionary};
use crate::dn::Dn;
use crate::link::LinkState;
use crate::profile::{PersonKey, Profile};
use crate::syntax::Syntax;

use super::change::Change;
use super::correlate::Correlated;
use super::planner::World;

/// What servers add to, and what is compared as access instead.
const NOT_COMPARED: [&str; 2] = ["objectClass", "userAccountControl"];

/// Creations that were begun, of which the object is there.
#[derive(Default)]
pub(super) struct HalfMade<'a> {
    begun: HashMap<PersonKey, (Change, &'a Account)>,
}

/// What is to be done about a person's half-made account.
pub(super) enum Rest<'h> {
    /// There is none.
    Nothing,
    /// The creation is carried out again, which finishes it.
    Finish(&'h Change),
    /// Somebody has to look, for this reason.
    Look(String),
}

impl<'a> HalfMade<'a> {
    /// `begun` are the changes with those creations.
    pub(super) fn new(begun: Vec<Change>, world: &World<'a>) -> Self {
        if begun.is_empty() {
            return Self::default();
        }
        let mut there: HashMap<String, Option<&Account>> = begun
            .iter()
            .filter_map(creation)
            .map(|(dn, _)| (dn.normalised(), None))
            .collect();
        for account in world.snapshot.accounts() {
            if let Some(place) = there.get_mut(&account.dn.normalised()) {
                *place = Some(account);
            }
        }
        let links = world.links.iter().filter(|link| link.state != LinkState::Deleted);
        let owned: HashSet<&AccountId> = links.map(|link| &link.account).collect();
        let found = begun.into_iter().filter_map(|change| {
            let account = there.get(&creation(&change)?.0.normalised()).copied().flatten()?;
            let is_ours_to_finish =
                world.snapshot.protection(&account.id).is_none() && !owned.contains(&account.id);
            is_ours_to_finish.then(|| (change.person.clone(), (change, account)))
        });
        Self {
            begun: found.collect(),
        }
    }

    /// What is to be done for a person of whose account this is known.
    pub(super) fn rest_of(&self, profile: &Profile, found: &Correlated, dictionary: &Dictionary) -> Rest<'_> {
        if matches!(found, Correlated::Linked(_)) {
            return Rest::Nothing;
        }
        let Some((change, account)) = self.begun.get(&profile.key) else {
            return Rest::Nothing;
        };
        let is_it = match found {
            Correlated::Fits(fit) => fit.account == account.id,
            other => *other == Correlated::Nobody,
        };
        let different = creation(change).and_then(|(_, made)| different(made, account, dictionary));
        let why = match different {
            Some(name) => format!("its `{name}` is no longer what it was created with"),
            None if !is_it => "another account fits the person, too".to_owned(),
            None if !profile.lifecycle.is_active() => "the person is not active any more".to_owned(),
            None => return Rest::Finish(change),
        };
        Rest::Look(format!(
            "an earlier run began to create {} and did not learn how that ended, so that it may have no password; {why}. \
             Look at it, and reset its password or delete it",
            account.dn
        ))
    }
}

/// What a change creates.
fn creation(change: &Change) -> Option<(&Dn, &[AttributeValues])> {
    let mut actions = change.operations.iter().map(|operation| &operation.action);
    actions.find_map(|action| match action {
        Action::CreateAccount { dn, attributes, .. } => Some((dn, attributes.as_slice())),
        _ => None,
    })
}

/// The first attribute of which an account has other values than it was created with.
fn different<'m>(
    made: &'m [AttributeValues],
    account: &Account,
    dictionary: &Dictionary,
) -> Option<&'m AttributeName> {
    let differs = |one: &&AttributeValues| {
        let Some(index) = dictionary.index(one.name.as_str()) else {
            return false;
        };
        let wanted = one.values.iter().map(String::as_str);
        !Syntax::of(&one.name).same_set(
            account.attributes.get(index),
            wanted.filter(|value| !value.is_empty()),
        )
    };
    let mut compared = made
        .iter()
        .filter(|one| !NOT_COMPARED.iter().any(|name| one.name.is(name)));
    compared.find(differs).map(|one| &one.name)
}
