//! The register of names: which are taken in the directory, read only when somebody needs a new one.

use crate::account::Account;
use crate::action::Action;
use crate::attribute::AttributeName;
use crate::dn::{Dn, escape_value};

use super::change::Operation;
use super::naming::{NameKey, NameKind, Names};
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
                    *to = self.free(to);
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

    fn free(&mut self, wanted: &Dn) -> Dn {
        let names = self.names();
        let (Some(container), Some((attribute, _))) = (wanted.parent(), wanted.rdn().split_once('=')) else {
            return wanted.clone();
        };
        let object = names.object(wanted);
        if names.is_free(object) {
            return wanted.clone();
        }
        let limit = NameKind::default_limit(&AttributeName::new(attribute));
        let within = names.container(&container);
        let key = |name: &str| NameKey::child(within, &format!("{attribute}={}", escape_value(name)));
        match names.first_free([wanted.rdn_value()], limit, key) {
            Some(name) => container.child(attribute, &name),
            None => wanted.clone(),
        }
    }
}

/// The names that accounts already have, for the attributes that templates choose.
fn read(rules: &Rules, accounts: &[Account], taken: &[(AttributeName, String)]) -> Names {
    let mut names = Names::default();
    let unique: Vec<_> = rules
        .chosen_once()
        .into_iter()
        .filter_map(|attribute| Some((attribute, rules.dictionary.name(attribute)?)))
        .collect();
    for account in accounts {
        let object = names.object(&account.dn);
        names.take(object);
        for (attribute, name) in &unique {
            for value in account.attributes.get(*attribute) {
                names.take(NameKey::attribute(name, value));
            }
        }
    }
    for (attribute, value) in taken {
        names.take(NameKey::attribute(attribute, value));
    }
    names
}
