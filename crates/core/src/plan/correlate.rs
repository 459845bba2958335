//! Finding the account of a person who has no link yet: by attributes in the order that the automation says. An
//! account that fits several people, or a person whom several accounts fit, is a conflict and never a guess.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use crate::account::{Account, AccountId, Snapshot};
use crate::attribute::{AttributeIndex, Dictionary};
use crate::profile::{PersonKey, Profile};
use crate::redact::recognised;

/// What was found for one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Correlated {
    /// The person has a link to an account, at this place.
    Linked(u32),
    /// This account fits.
    Fits(Box<Fit>),
    /// No account fits.
    Nobody,
    /// More than one answer, or one that cannot be right.
    Conflict(Box<str>),
}

/// An account that fits a person, and how that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fit {
    pub(super) account: AccountId,
    pub(super) how: String,
}

/// Accounts by the values of the attributes that people are matched by.
pub(super) struct Correlation<'a> {
    snapshot: &'a Snapshot,
    dictionary: &'a Dictionary,
    attributes: &'a [AttributeIndex],
    by_value: Vec<(u64, u32)>,
}

impl<'a> Correlation<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        dictionary: &'a Dictionary,
        attributes: &'a [AttributeIndex],
    ) -> Self {
        let mut by_value = Vec::new();
        for (account, at) in snapshot.accounts().iter().zip(0u32..) {
            for attribute in attributes {
                by_value.extend(
                    account
                        .attributes
                        .get(*attribute)
                        .map(|value| (hash(*attribute, value), at)),
                );
            }
        }
        by_value.sort_unstable();
        by_value.dedup();
        Self {
            snapshot,
            dictionary,
            attributes,
            by_value,
        }
    }

    /// Matches the people for whom nothing is found yet, all together, since two of them may want the same account.
    /// `owners` are the people whose accounts are linked already.
    pub(super) fn correlate(
        &self,
        people: &[Profile],
        found: &mut [Correlated],
        owners: &HashMap<&AccountId, &PersonKey>,
    ) {
        let mut claims: HashMap<AccountId, Vec<usize>> = HashMap::new();
        for (at, (profile, slot)) in people.iter().zip(found.iter_mut()).enumerate() {
            if *slot != Correlated::Nobody {
                continue;
            }
            *slot = self.find(profile, owners);
            if let Correlated::Fits(fit) = slot {
                claims.entry(fit.account.clone()).or_default().push(at);
            }
        }
        for (id, claimants) in claims.into_iter().filter(|(_, claimants)| claimants.len() > 1) {
            let keys: Vec<&str> = claimants
                .iter()
                .filter_map(|at| people.get(*at))
                .map(|profile| profile.key.as_str())
                .collect();
            let dn = self
                .snapshot
                .get(&id)
                .map_or_else(|| id.to_string(), |account| account.dn.to_string());
            let text = format!("the account {dn} fits several people: {}", keys.join(", "));
            for at in claimants {
                if let Some(slot) = found.get_mut(at) {
                    *slot = Correlated::Conflict(text.as_str().into());
                }
            }
        }
    }

    fn find(&self, profile: &Profile, owners: &HashMap<&AccountId, &PersonKey>) -> Correlated {
        for attribute in self.attributes {
            let mut fits: Vec<&Account> = profile
                .attributes
                .get(*attribute)
                .flat_map(|value| self.with_value(*attribute, value))
                .collect();
            fits.dedup_by(|one, other| one.id == other.id);
            let name = self.dictionary.name(*attribute).map_or("", |name| name.as_str());
            match fits.as_slice() {
                [] => {}
                [account] => {
                    if let Some(owner) = owners.get(&account.id) {
                        let text = format!(
                            "the account {} has the same {name} but is `{owner}`'s",
                            account.dn
                        );
                        return Correlated::Conflict(text.into());
                    }
                    let value = profile.attributes.first(*attribute).unwrap_or_default();
                    let how = recognised(name, value);
                    return Correlated::Fits(Box::new(Fit {
                        account: account.id.clone(),
                        how,
                    }));
                }
                many => {
                    let names: Vec<&str> = many.iter().take(5).map(|account| account.dn.as_str()).collect();
                    let text = format!(
                        "{} accounts have the same {name}: {}",
                        many.len(),
                        names.join("; ")
                    );
                    return Correlated::Conflict(text.into());
                }
            }
        }
        Correlated::Nobody
    }

    fn with_value(&self, attribute: AttributeIndex, value: &str) -> impl Iterator<Item = &Account> {
        let wanted = hash(attribute, value);
        let first = self.by_value.partition_point(|(hash, _)| *hash < wanted);
        let lower = value.to_lowercase();
        self.by_value
            .get(first..)
            .unwrap_or_default()
            .iter()
            .take_while(move |(hash, _)| *hash == wanted)
            .filter_map(|(_, at)| self.snapshot.accounts().get(*at as usize))
            .filter(move |account| {
                account
                    .attributes
                    .get(attribute)
                    .any(|other| other.to_lowercase() == lower)
            })
    }
}

fn hash(attribute: AttributeIndex, value: &str) -> u64 {
    xxh3_64(value.to_lowercase().as_bytes()) ^ (u64::from(attribute.0) << 48)
}
