//! The register of names: which are taken in the directory, read only when somebody needs a new one.

use crate::account::Account;
use crate::action::Action;
use crate::attribute::{AttributeIndex, AttributeName};
use crate::dn::Dn;

use super::change::Operation;
use super::naming::{NameKey, Names};
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
    for account in accounts {
        let object = names.object(&account.dn);
        names.take(object);
        for (attribute, name) in &unique {
            for value in account.attributes.get(*attribute) {
                names.take(NameKey::attribute(name, bare(name, value)));
            }
        }
        if within.is_empty() {
            continue;
        }
        let container = account.dn.parent().map(|parent| names.container(&parent));
        for (attribute, name) in &within {
            for value in account.attributes.get(*attribute) {
                names.take(NameKey::attribute_within(
                    container.unwrap_or_default(),
                    name,
                    value,
                ));
            }
        }
    }
    for (attribute, value) in taken {
        names.take(NameKey::attribute(attribute, bare(attribute, value)));
    }
    names
}

/// An address of `proxyAddresses` without what it is for (`SMTP:`).
fn bare<'v>(attribute: &AttributeName, value: &'v str) -> &'v str {
    match value.split_once(':') {
        Some((_, address)) if attribute.is("proxyAddresses") => address,
        _ => value,
    }
}
