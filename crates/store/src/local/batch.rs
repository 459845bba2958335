//! Many writes against what is known of the accounts they touch: each is carried out or refused by itself, in
//! memory, and what differs in the end is written at once.

use std::collections::HashMap;

use tenure_core::account::Access;
use tenure_core::action::{Action, AttributeChange, AttributeValues};
use tenure_core::dn::Dn;
use tenure_core::outcome::Outcome;
use tenure_core::seams::{AccountRef, Applied, Attempt, Write};

use super::account::{LocalAccount, MEMBER_OF, Name, names};
use super::ids::NewIds;
use super::refusal;
use super::values::Values;

/// A write with what can be worked out before anybody else is kept waiting.
pub(super) struct Prepared<'w> {
    pub(super) write: &'w Write,
    /// The values of an account that is created.
    pub(super) created: Option<Values>,
}

impl<'w> Prepared<'w> {
    pub(super) fn of(write: &'w Write) -> Self {
        let created = match &write.action {
            Action::CreateAccount { attributes, .. } => Some(Values::of(attributes)),
            _ => None,
        };
        Self { write, created }
    }
}

/// What is known before the writes: everything that they could touch or run into.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) accounts: Vec<LocalAccount>,
    /// The accounts that have the values wanted: id and name.
    pub(super) holders: HashMap<Name, (String, String)>,
    /// The numbers of the groups that are named.
    pub(super) groups: HashMap<String, i64>,
    /// The highest number of any group.
    pub(super) last_group: i64,
}

/// An account before and after.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) before: Option<LocalAccount>,
    pub(super) after: Option<LocalAccount>,
}

/// A group that came about.
#[derive(Debug)]
pub(super) struct NewGroup {
    pub(super) dn: Dn,
    pub(super) dn_key: String,
    pub(super) number: i64,
}

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct Differences {
    pub(super) entries: Vec<Entry>,
    pub(super) groups: Vec<NewGroup>,
}

/// An account about to be created.
struct New<'a> {
    dn: &'a Dn,
    attributes: &'a [AttributeValues],
    values: Values,
    access: Access,
}

pub(super) struct Batch<'a> {
    base: &'a Dn,
    base_key: String,
    entries: HashMap<String, Entry>,
    by_dn: HashMap<String, String>,
    holders: HashMap<Name, (String, String)>,
    groups: HashMap<String, i64>,
    last_group: i64,
    new_groups: Vec<NewGroup>,
    ids: NewIds,
}

impl<'a> Batch<'a> {
    pub(super) fn new(base: &'a Dn, known: Known, ids: NewIds) -> Self {
        let by_dn = known
            .accounts
            .iter()
            .map(|account| (account.dn_key.clone(), account.id.clone()))
            .collect();
        let entries = known
            .accounts
            .into_iter()
            .map(|account| {
                (
                    account.id.clone(),
                    Entry {
                        before: Some(account.clone()),
                        after: Some(account),
                    },
                )
            })
            .collect();
        Self {
            base,
            base_key: base.normalised(),
            entries,
            by_dn,
            holders: known.holders,
            groups: known.groups,
            last_group: known.last_group,
            new_groups: Vec::new(),
            ids,
        }
    }

    /// Carries out one write, or changes nothing and says why not.
    pub(super) fn carry_out(&mut self, prepared: Prepared<'_>) -> Applied {
        match self.try_out(prepared) {
            Ok(account) => Applied {
                outcome: Outcome::Verified,
                account,
            },
            Err(outcome) => Applied {
                outcome,
                account: None,
            },
        }
    }

    /// What is different from before.
    pub(super) fn differences(self) -> Differences {
        let entries = self
            .entries
            .into_values()
            .filter(|entry| entry.before != entry.after)
            .collect();
        Differences {
            entries,
            groups: self.new_groups,
        }
    }

    fn try_out(&mut self, Prepared { write, created }: Prepared<'_>) -> Result<Option<AccountRef>, Outcome> {
        if let Action::CreateAccount {
            dn,
            attributes,
            access,
            password: _,
        } = &write.action
        {
            let new = New {
                dn,
                attributes,
                values: created.unwrap_or_else(|| Values::of(attributes)),
                access: *access,
            };
            return self.create(new, write.attempt).map(Some);
        }
        let id = write.target.as_ref().ok_or_else(refusal::no_target)?.id.as_str();
        let found = self.entries.get(id).and_then(|entry| entry.after.clone());
        let Some(mut account) = found else {
            return match (&write.action, write.attempt) {
                (Action::Delete { .. }, Attempt::Again) => Ok(None),
                _ => Err(refusal::no_account(id)),
            };
        };
        match &write.action {
            Action::CreateAccount { .. } => {}
            action @ (Action::CallWebhook { .. }
            | Action::RunScript { .. }
            | Action::Notify { .. }
            | Action::HomeFolder(_)
            | Action::Directory(_)
            | Action::Cloud(_)) => return Err(Outcome::not_possible(action.kind())),
            Action::ModifyAttributes { changes } => self.modify(&mut account, changes, write.attempt)?,
            Action::Move { from, to } => self.relocate(&mut account, from, to, write.attempt)?,
            Action::AddToGroups { group } => {
                account.groups.insert(self.group(group)?);
            }
            Action::RemoveFromGroups { group } => {
                if let Some(number) = self.groups.get(&group.normalised()) {
                    account.groups.remove(number);
                }
            }
            Action::Enable => account.access = Access::Enabled,
            Action::Disable => account.access = Access::Disabled,
            Action::Delete { .. } => {
                self.replace(id, None);
                return Ok(None);
            }
        }
        let reference = account.reference();
        self.replace(id, Some(account));
        Ok(Some(reference))
    }

    fn create(&mut self, new: New<'_>, attempt: Attempt) -> Result<AccountRef, Outcome> {
        let New {
            dn,
            attributes,
            values,
            access,
        } = new;
        let dn_key = self.place(dn)?;
        if attributes.iter().any(|attribute| attribute.name.is(MEMBER_OF)) {
            return Err(refusal::membership());
        }
        if let Some(there) = self.at(&dn_key) {
            let as_wanted = there.access == access
                && attributes
                    .iter()
                    .all(|wanted| there.values.has(wanted.name.as_str(), &wanted.values));
            return match attempt {
                Attempt::Again if as_wanted => Ok(there.reference()),
                _ => Err(refusal::exists(&there.dn)),
            };
        }
        self.check_names("", &values)?;
        let id = self.ids.next();
        let groups = std::collections::BTreeSet::new();
        let account = LocalAccount {
            id: id.clone(),
            dn: dn.clone(),
            dn_key,
            access,
            values,
            groups,
        };
        let reference = account.reference();
        self.replace(&id, Some(account));
        Ok(reference)
    }

    fn modify(
        &self,
        account: &mut LocalAccount,
        changes: &[AttributeChange],
        attempt: Attempt,
    ) -> Result<(), Outcome> {
        let mut values = account.values.clone();
        for change in changes {
            let name = change.name.as_str();
            if change.name.is(MEMBER_OF) {
                return Err(refusal::membership());
            }
            let done = attempt == Attempt::Again && account.values.has(name, &change.after);
            if !done && !account.values.has(name, &change.before) {
                let found = account.values.get(&name.to_ascii_lowercase());
                let found = format!(
                    "{name} is {}, and was {} when the plan was made",
                    listed(&found),
                    listed(&change.before)
                );
                return Err(Outcome::Overtaken { found });
            }
            values.set(name, &change.after);
        }
        self.check_names(&account.id, &values)?;
        account.values = values;
        Ok(())
    }

    fn relocate(
        &self,
        account: &mut LocalAccount,
        from: &Dn,
        to: &Dn,
        attempt: Attempt,
    ) -> Result<(), Outcome> {
        let to_key = self.place(to)?;
        let done = attempt == Attempt::Again && account.dn_key == to_key;
        if !done && account.dn != *from {
            return Err(Outcome::Overtaken {
                found: format!(
                    "the account is at {}, and was at {from} when the plan was made",
                    account.dn
                ),
            });
        }
        if let Some(there) = self.at(&to_key).filter(|there| there.id != account.id) {
            return Err(refusal::exists(&there.dn));
        }
        account.dn = to.clone();
        account.dn_key = to_key;
        Ok(())
    }

    /// The number of a group, which comes about when it is new.
    fn group(&mut self, group: &Dn) -> Result<i64, Outcome> {
        let dn = Dn::parse(group.as_str()).map_err(|error| refusal::no_name(error.to_string()))?;
        let dn_key = dn.normalised();
        if let Some(number) = self.groups.get(&dn_key) {
            return Ok(*number);
        }
        self.last_group += 1;
        self.groups.insert(dn_key.clone(), self.last_group);
        self.new_groups.push(NewGroup {
            dn,
            dn_key,
            number: self.last_group,
        });
        Ok(self.last_group)
    }

    /// The normal form of a name that an account may have.
    fn place(&self, dn: &Dn) -> Result<String, Outcome> {
        Dn::parse(dn.as_str()).map_err(|error| refusal::no_name(error.to_string()))?;
        let key = dn.normalised();
        let within = self.base_key.is_empty()
            || key
                .strip_suffix(self.base_key.as_str())
                .is_some_and(|rest| rest.ends_with(','));
        if key.is_empty() || !within {
            return Err(refusal::outside(dn, self.base));
        }
        Ok(key)
    }

    fn at(&self, dn_key: &str) -> Option<&LocalAccount> {
        self.entries.get(self.by_dn.get(dn_key)?)?.after.as_ref()
    }

    /// Whether all values that must be unique are free, or are this account's.
    fn check_names(&self, id: &str, values: &Values) -> Result<(), Outcome> {
        for (name, value) in names(values) {
            if let Some((holder, dn)) = self.holders.get(&name).filter(|(holder, _)| holder != id) {
                let dn = self
                    .entries
                    .get(holder)
                    .and_then(|entry| entry.after.as_ref())
                    .map_or(dn.as_str(), |account| account.dn.as_str());
                return Err(refusal::taken(&name, &value, dn));
            }
        }
        Ok(())
    }

    /// Puts an account in the place of the one with this id, with its name and values.
    fn replace(&mut self, id: &str, account: Option<LocalAccount>) {
        let entry = self.entries.entry(id.to_owned()).or_insert_with(|| Entry {
            before: None,
            after: None,
        });
        if let Some(old) = &entry.after {
            self.by_dn.remove(&old.dn_key);
            for name in names(&old.values).into_keys() {
                self.holders.remove(&name);
            }
        }
        if let Some(new) = &account {
            self.by_dn.insert(new.dn_key.clone(), id.to_owned());
            for name in names(&new.values).into_keys() {
                self.holders.insert(name, (id.to_owned(), new.dn.to_string()));
            }
        }
        entry.after = account;
    }
}

fn listed<T: AsRef<str>>(values: &[T]) -> String {
    let values: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
    if values.is_empty() {
        "without a value".to_owned()
    } else {
        format!("`{}`", values.join("`, `"))
    }
}
