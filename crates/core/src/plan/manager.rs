//! Managers: the person that a record names as somebody's manager, found by key among all accounts, those that the same
//! plan creates included.

use std::collections::{BTreeMap, HashMap};

use crate::account::Account;
use crate::action::{Action, AttributeChange};
use crate::attribute::AttributeName;
use crate::dn::Dn;
use crate::expression::{Evaluated, Scope};
use crate::link::LinkState;
use crate::profile::{PersonKey, Profile};
use crate::syntax::Syntax;

use super::change::{Change, Operation};
use super::correlate::Correlated;
use super::planner::World;
use super::presence::Presence;
use super::rules::Rules;
use super::steps::evaluate;

/// What a mover rule's `set_manager` asks for in directories.
pub(super) const ATTRIBUTE: &str = "manager";

/// Where everybody's account is, and who waits for one that is about to be created.
#[derive(Default)]
pub(super) struct Managers {
    /// Whether a rule asks for managers.
    asked: bool,
    accounts: HashMap<PersonKey, Dn>,
    created: HashMap<PersonKey, Dn>,
    waiting: Vec<Waiting>,
}

/// Somebody whose manager has no account before the plan.
pub(super) struct Waiting {
    pub(super) change: Change,
    /// Whether the change has to be kept even when nothing is written.
    pub(super) matters: bool,
    manager: PersonKey,
    before: Vec<String>,
}

/// What is to be done about somebody's manager.
pub(super) enum Wanted {
    /// Nothing.
    Nothing,
    /// This.
    Set(Operation),
    /// It depends on what the plan creates.
    Unknown(PersonKey, Vec<String>),
}

impl Managers {
    /// All accounts that are linked or recognised; none when no rule asks for managers.
    pub(super) fn new(rules: &Rules, world: &World<'_>, presence: &Presence, found: &[Correlated]) -> Self {
        let mut accounts = HashMap::new();
        if rules.manager.is_some() {
            let links = world.links.iter().filter(|link| link.state != LinkState::Deleted);
            let linked =
                links.filter_map(|link| Some((link.key.clone(), world.snapshot.get(&link.account)?)));
            accounts.extend(linked.map(|(key, account)| (key, account.dn.clone())));
            for (profile, found) in presence.profiles.iter().zip(found) {
                if let Correlated::Fits(fit) = found
                    && let Some(account) = world.snapshot.get(&fit.account)
                {
                    accounts.insert(profile.key.clone(), account.dn.clone());
                }
            }
        }
        Self {
            asked: rules.manager.is_some(),
            accounts,
            ..Self::default()
        }
    }

    /// What is to be done about a person's manager, given the account if there is one.
    pub(super) fn wanted(
        &self,
        rules: &Rules,
        scope: &Scope<'_>,
        profile: &Profile,
        account: Option<&Account>,
    ) -> Result<Wanted, String> {
        let Some((attribute, format)) = &rules.manager else {
            return Ok(Wanted::Nothing);
        };
        let Evaluated::Values(values) = evaluate(format, scope, "set_manager")? else {
            return Ok(Wanted::Nothing);
        };
        let key = values.first().and_then(|value| PersonKey::new(value));
        let Some(key) = key.filter(|key| *key != profile.key) else {
            return Ok(Wanted::Nothing);
        };
        let before: Vec<String> = account
            .map(|account| account.attributes.get(*attribute).map(str::to_owned).collect())
            .unwrap_or_default();
        Ok(match self.accounts.get(&key) {
            Some(dn) => set(before, dn).map_or(Wanted::Nothing, Wanted::Set),
            None => Wanted::Unknown(key, before),
        })
    }

    /// Remembers an account that the plan creates.
    pub(super) fn creates(&mut self, person: &PersonKey, operations: &[Operation]) {
        if !self.asked {
            return;
        }
        let created = operations.iter().find_map(|operation| match &operation.action {
            Action::CreateAccount { dn, .. } => Some(dn.clone()),
            _ => None,
        });
        self.created.extend(created.map(|dn| (person.clone(), dn)));
    }

    /// Keeps a change until it is known what the plan creates.
    pub(super) fn wait(&mut self, change: Change, matters: bool, manager: PersonKey, before: Vec<String>) {
        self.waiting.push(Waiting {
            change,
            matters,
            manager,
            before,
        });
    }

    /// Everybody who waited, managers before those whom they manage as far as that goes, each with the manager who has no
    /// account after all.
    pub(super) fn end(self) -> Vec<(Waiting, Option<PersonKey>)> {
        let Self { created, waiting, .. } = self;
        let mut left: BTreeMap<PersonKey, (usize, Waiting)> = waiting
            .into_iter()
            .enumerate()
            .map(|(at, one)| (one.change.person.clone(), (at, one)))
            .collect();
        let mut ended = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let mut ready: Vec<(usize, PersonKey)> = left
                .iter()
                .filter(|(_, (_, one))| !left.contains_key(&one.manager))
                .map(|(key, (at, _))| (*at, key.clone()))
                .collect();
            if ready.is_empty() {
                // They manage each other.
                ready = left.iter().map(|(key, (at, _))| (*at, key.clone())).collect();
            }
            ready.sort_unstable();
            for (_, key) in ready {
                let Some((_, mut one)) = left.remove(&key) else {
                    continue;
                };
                let missing = match created.get(&one.manager) {
                    Some(dn) => {
                        let before = std::mem::take(&mut one.before);
                        one.change.operations.extend(set(before, dn));
                        None
                    }
                    None => Some(one.manager.clone()),
                };
                ended.push((one, missing));
            }
        }
        ended
    }
}

fn set(before: Vec<String>, manager: &Dn) -> Option<Operation> {
    let name = AttributeName::new(ATTRIBUTE);
    let after = vec![manager.to_string()];
    let same = Syntax::Dn.same_set(
        before.iter().map(String::as_str),
        after.iter().map(String::as_str),
    );
    let changes = vec![AttributeChange { name, before, after }];
    (!same).then(|| Operation::write(Action::ModifyAttributes { changes }, "mover, set_manager"))
}
