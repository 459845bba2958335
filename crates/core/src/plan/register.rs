//! The register of names: which are taken in the directory, read only when somebody needs a new one.

use crate::account::Account;
use crate::action::Action;
use crate::attribute::{AttributeIndex, AttributeName};
use crate::dn::Dn;
use crate::syntax::Syntax;

use super::addresses::{self, PROXY_ADDRESSES};
use super::change::Operation;
use super::naming::{NameKey, NameSpace, Names};
use super::rules::Rules;

/// The names that are taken before the plan, and those that it gives out.
pub(super) struct Register<'a> {
    rules: &'a Rules,
    accounts: &'a [Account],
    taken: &'a [(AttributeName, String)],
    names: Option<Names>,
}

impl<'a> Register<'a> {
    /// `taken` are names that objects have which are no accounts of ours.
    pub(super) fn new(
        rules: &'a Rules,
        accounts: &'a [Account],
        taken: &'a [(AttributeName, String)],
    ) -> Self {
        Self {
            rules,
            accounts,
            taken,
            names: None,
        }
    }

    /// The names that are taken by now.
    pub(super) fn names(&mut self) -> &mut Names {
        self.names
            .get_or_insert_with(|| read(self.rules, self.accounts, self.taken))
    }

    /// Leaves out addresses that an account would be given and somebody else has; gives those. `mail` is the account's
    /// own address.
    pub(super) fn keep_free_addresses(
        &mut self,
        operations: &mut Vec<Operation>,
        mail: &[&str],
    ) -> Vec<String> {
        if !self.rules.gives_addresses() {
            return Vec::new();
        }
        let (proxies, mails) = (AttributeName::new(PROXY_ADDRESSES), AttributeName::new("mail"));
        let mut left_out = Vec::new();
        for operation in operations.iter_mut() {
            let Action::ModifyAttributes { changes } = &mut operation.action else {
                continue;
            };
            for change in changes.iter_mut().filter(|change| change.name == proxies) {
                let had = |address: &str| {
                    let mut had = change.before.iter().map(|value| addresses::bare(value));
                    had.any(|known| known.eq_ignore_ascii_case(address))
                };
                let new = change.after.iter().map(|value| addresses::bare(value));
                let new: Vec<String> = new.filter(|address| !had(address)).map(str::to_owned).collect();
                let own = |address: &str| mail.iter().any(|own| own.eq_ignore_ascii_case(address));
                for address in new {
                    let key = NameKey::attribute(&proxies, &address);
                    let names = self.names();
                    if names.is_free(key)
                        && (own(&address) || names.is_free(NameKey::attribute(&mails, &address)))
                    {
                        names.take(key);
                    } else {
                        change.after =
                            addresses::without(std::mem::take(&mut change.after), &address, &change.before);
                        left_out.push(address);
                    }
                }
            }
            changes.retain(|change| {
                let after = change.after.iter().map(String::as_str);
                change.name != proxies
                    || !Syntax::of(&proxies).same_set(change.before.iter().map(String::as_str), after)
            });
        }
        operations.retain(|operation| {
            !matches!(&operation.action, Action::ModifyAttributes { changes } if changes.is_empty())
        });
        left_out
    }

    /// Where a move ends: there, or under a name with a number when another object has that name in the container.
    pub(super) fn make_room(&mut self, operations: &mut [Operation]) {
        let mut moved: Option<Dn> = None;
        for operation in operations {
            match &mut operation.action {
                Action::Move { to, .. } => {
                    *to = self.names().free_place(to);
                    let object = self.names().object(to);
                    self.names().take(object);
                    moved = Some(to.clone());
                }
                Action::Delete { dn, .. } => {
                    if let Some(moved) = moved.take() {
                        *dn = moved;
                    }
                }
                _ => {}
            }
        }
    }
}

/// The names that accounts already have, for the attributes that templates choose.
fn read(rules: &Rules, accounts: &[Account], taken: &[(AttributeName, String)]) -> Names {
    let mut names = Names::default();
    let of = |attributes: Vec<AttributeIndex>| -> Vec<(AttributeIndex, &AttributeName)> {
        let named = attributes.into_iter();
        named
            .filter_map(|attribute| Some((attribute, rules.dictionary.name(attribute)?)))
            .collect()
    };
    let (unique, within) = (of(rules.looked_up()), of(rules.unique_within_containers()));
    let unique: Vec<_> = unique
        .into_iter()
        .map(|(attribute, name)| (attribute, NameSpace::of(name)))
        .collect();
    for account in accounts {
        let object = names.object(&account.dn);
        names.take(object);
        for (attribute, space) in &unique {
            for value in account.attributes.get(*attribute) {
                names.take(space.key(value));
            }
        }
        if within.is_empty() {
            continue;
        }
        let container = account.dn.parent().map(|parent| names.container(&parent));
        for (attribute, name) in &within {
            let space = NameSpace::within(container.unwrap_or_default(), name);
            for value in account.attributes.get(*attribute) {
                names.take(space.key(value));
            }
        }
    }
    for (attribute, value) in taken {
        names.take(NameKey::attribute(attribute, value));
    }
    names
}
