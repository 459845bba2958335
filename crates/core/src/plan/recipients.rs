//! To whom messages of a plan go: addresses, worked out when the plan is made, so that whoever approves it sees them.
//! Who has no address yet gets none; the message is owed until there is one.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use jiff::Timestamp;

use crate::account::{Account, Snapshot};
use crate::action::{Action, AttributeValues};
use crate::attribute::AttributeIndex;
use crate::dn::Dn;
use crate::expression::{Evaluated, Format, Scope, Value};
use crate::link::StepKey;

use super::change::{Operation, Tell};
use super::rules::{Perform, Recipient, Rules, Task};

/// Finds addresses among the accounts of a directory.
pub(super) struct Recipients<'a> {
    rules: &'a Rules,
    snapshot: &'a Snapshot,
    /// Accounts by name, made when a manager is first asked for.
    by_name: OnceCell<HashMap<String, &'a Account>>,
    /// The addresses of groups that were asked for.
    groups: RefCell<HashMap<(String, AttributeIndex), Vec<String>>>,
}

impl<'a> Recipients<'a> {
    /// Among these accounts. Nothing is looked up yet.
    pub(super) fn new(rules: &'a Rules, snapshot: &'a Snapshot) -> Self {
        Self {
            rules,
            snapshot,
            by_name: OnceCell::new(),
            groups: RefCell::default(),
        }
    }

    /// Fills in to whom the messages among these operations go.
    pub(super) fn resolve(&self, operations: &mut [Operation], now: Timestamp) {
        for operation in operations {
            let (Action::Notify { to, with, .. }, Some(owed)) = (&mut operation.action, &operation.owed)
            else {
                continue;
            };
            let step = performed(self.rules, &owed.step);
            *to = step.map(|step| self.of(&step.to, with, now)).unwrap_or_default();
        }
    }

    /// Who is told of a change that does something, by what the account has once it is done.
    pub(super) fn tell(
        &self,
        told: &[AttributeValues],
        operations: &[Operation],
        now: Timestamp,
    ) -> Vec<Tell> {
        if operations.is_empty() {
            return Vec::new();
        }
        if self.rules.tells.is_empty() {
            return Vec::new();
        }
        // What is written by itself, such as a manager, is not among what the account is made with.
        let written = operations.iter().filter_map(|operation| match &operation.action {
            Action::ModifyAttributes { changes } => Some(changes),
            _ => None,
        });
        let mut told = told.to_vec();
        for change in written.flatten() {
            told.retain(|values| values.name != change.name);
            told.push(AttributeValues {
                name: change.name.clone(),
                values: change.after.clone(),
            });
        }
        let tells = self.rules.tells.iter().map(|teller| {
            let names = teller
                .reads
                .iter()
                .filter_map(|index| self.rules.dictionary.name(*index));
            Tell {
                notice: teller.notice,
                to: self.of(&teller.to, &told, now),
                of: names.cloned().collect(),
            }
        });
        tells.filter(|tell| !tell.to.is_empty()).collect()
    }

    fn of(&self, to: &[Recipient], with: &[AttributeValues], now: Timestamp) -> Vec<String> {
        let told = |index: AttributeIndex| -> &[String] {
            let name = self.rules.dictionary.name(index);
            let values = with.iter().find(|values| Some(&values.name) == name);
            values.map(|values| values.values.as_slice()).unwrap_or_default()
        };
        let mut addresses: Vec<String> = Vec::new();
        let mut add = |address: &str| {
            let address = address.trim();
            if !address.is_empty() && !addresses.iter().any(|known| known.eq_ignore_ascii_case(address)) {
                addresses.push(address.to_owned());
            }
        };
        for recipient in to {
            match recipient {
                Recipient::Person(address) => told(*address).iter().take(1).for_each(|one| add(one)),
                Recipient::Manager { link, address } => {
                    let managers = told(*link)
                        .iter()
                        .filter_map(|dn| self.named(&Dn::parse(dn).ok()?));
                    for manager in managers {
                        manager.attributes.get(*address).take(1).for_each(&mut add);
                    }
                }
                Recipient::Group { group, address } => {
                    for group in self.values(group, with, now) {
                        let Ok(group) = Dn::parse(&group) else { continue };
                        self.members(&group, *address).iter().for_each(|one| add(one));
                    }
                }
                Recipient::Channel(channel) => add(channel),
                Recipient::Address(format) => {
                    self.values(format, with, now).iter().for_each(|one| add(one));
                }
            }
        }
        addresses
    }

    fn named(&self, dn: &Dn) -> Option<&'a Account> {
        let accounts = self.snapshot.accounts();
        let by_name = self.by_name.get_or_init(|| {
            accounts
                .iter()
                .map(|account| (key(&account.dn), account))
                .collect()
        });
        by_name.get(&key(dn)).copied()
    }

    fn members(&self, group: &Dn, address: AttributeIndex) -> Vec<String> {
        let Some(member_of) = self.rules.member_of else {
            return Vec::new();
        };
        let mut groups = self.groups.borrow_mut();
        let key = (key(group), address);
        if let Some(known) = groups.get(&key) {
            return known.clone();
        }
        let is_member = |account: &&Account| {
            let mut of = account.attributes.get(member_of);
            of.any(|of| Dn::from_server(of) == *group)
        };
        let members = self.snapshot.accounts().iter().filter(is_member);
        let addresses = members.filter_map(|account| account.attributes.first(address));
        let found: Vec<String> = addresses.map(str::to_owned).collect();
        groups.insert(key, found.clone());
        found
    }

    fn values(&self, format: &Format, with: &[AttributeValues], now: Timestamp) -> Vec<String> {
        match format.evaluate(&told_scope(self.rules, with, now)) {
            Ok(Evaluated::Values(values)) => values,
            // Without an address the message goes nowhere, and says so when it is to be sent.
            Ok(Evaluated::Nothing { .. }) | Err(_) => Vec::new(),
        }
    }
}

/// The step that is remembered by this.
pub(super) fn performed<'r>(rules: &'r Rules, key: &StepKey) -> Option<&'r Perform> {
    let all = [&rules.joiner, &rules.mover, &rules.leaver, &rules.rehire];
    all.into_iter().flatten().find_map(|step| match &step.task {
        Task::Perform(perform) if perform.key == *key => Some(perform),
        _ => None,
    })
}

/// What formats of a step see of an account: what the step is told of it.
pub(super) fn told_scope<'a>(rules: &'a Rules, with: &'a [AttributeValues], now: Timestamp) -> Scope<'a> {
    let mut scope = Scope::new().with_lookups(&rules.lookups).with_now(now);
    for AttributeValues { name, values } in with {
        let value: Value<'_> = match values.as_slice() {
            [one] => Value::from(one.as_str()),
            several => several.iter().map(String::as_str).collect::<Vec<_>>().into(),
        };
        scope = scope.with_value(name.as_str(), value);
    }
    scope
}

fn key(dn: &Dn) -> String {
    dn.normalised()
}
