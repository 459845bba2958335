//! An account of the local directory as it is worked on, and its form in the database.

use std::collections::{BTreeMap, BTreeSet};

use tenure_core::account::{Access, AccountId};
use tenure_core::action::AttributeValues;
use tenure_core::dn::Dn;
use tenure_core::seams::AccountRef;

use crate::packing::{ATTRIBUTE, VALUE, escape, unescape};

/// The attribute that stands for group membership, in lower case.
pub(super) const MEMBER_OF: &str = "memberof";

/// The attributes whose values no two accounts may share: as stored, and as written.
const UNIQUE: [(&str, &str); 4] = [
    ("samaccountname", "sAMAccountName"),
    ("userprincipalname", "userPrincipalName"),
    ("mail", "mail"),
    ("uid", "uid"),
];

/// Attributes by their names in lower case, each with a value at least.
pub(super) type Values = BTreeMap<String, Vec<String>>;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LocalAccount {
    pub(super) id: String,
    pub(super) dn: Dn,
    pub(super) dn_key: String,
    pub(super) access: Access,
    pub(super) values: Values,
    /// The numbers of its groups.
    pub(super) groups: BTreeSet<i64>,
}

/// A value that no two accounts may share, in the form in which it is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Name {
    /// The attribute as stored.
    pub(super) attribute: &'static str,
    pub(super) key: String,
}

impl LocalAccount {
    pub(super) fn reference(&self) -> AccountRef {
        AccountRef {
            id: AccountId::new(&self.id),
            dn: self.dn.clone(),
        }
    }
}

/// The form in which an attribute that must be unique is stored; none for any other.
pub(super) fn unique(attribute: &str) -> Option<&'static str> {
    UNIQUE
        .iter()
        .find(|(stored, _)| stored.eq_ignore_ascii_case(attribute))
        .map(|(stored, _)| *stored)
}

/// An attribute that must be unique as it is usually written.
pub(super) fn written(stored: &'static str) -> &'static str {
    UNIQUE
        .iter()
        .find(|(known, _)| *known == stored)
        .map_or(stored, |(_, written)| written)
}

/// The values that must be unique, each once, with how they are written.
pub(super) fn names(values: &Values) -> BTreeMap<Name, &str> {
    UNIQUE
        .iter()
        .filter_map(|(attribute, _)| Some((*attribute, values.get(*attribute)?)))
        .flat_map(|(attribute, values)| {
            values.iter().map(move |value| {
                (
                    Name {
                        attribute,
                        key: value.to_lowercase(),
                    },
                    value.as_str(),
                )
            })
        })
        .collect()
}

/// The values of an action, without those that are empty or there twice.
pub(super) fn values(given: &[AttributeValues]) -> Values {
    let mut values = Values::new();
    for attribute in given {
        set(&mut values, attribute.name.as_str(), &attribute.values);
    }
    values
}

/// Sets an attribute; without a value it goes.
pub(super) fn set(values: &mut Values, name: &str, given: &[String]) {
    let name = name.to_ascii_lowercase();
    let mut kept: Vec<String> = Vec::with_capacity(given.len());
    for value in given {
        if !value.is_empty() && !kept.contains(value) {
            kept.push(value.clone());
        }
    }
    if kept.is_empty() {
        values.remove(&name);
    } else {
        values.insert(name, kept);
    }
}

/// Whether an attribute has these values, in any order.
pub(super) fn has(values: &Values, name: &str, wanted: &[String]) -> bool {
    let found = values
        .get(&name.to_ascii_lowercase())
        .map(Vec::as_slice)
        .unwrap_or_default();
    let sorted = |values: &[String]| {
        let mut sorted: Vec<String> = values.iter().filter(|value| !value.is_empty()).cloned().collect();
        sorted.sort_unstable();
        sorted.dedup();
        sorted
    };
    found == wanted || sorted(found) == sorted(wanted)
}

/// The values as stored.
pub(super) fn pack(values: &Values) -> String {
    let mut packed = String::new();
    for (name, values) in values {
        if !packed.is_empty() {
            packed.push(ATTRIBUTE);
        }
        packed.push_str(&escape(name));
        for value in values {
            packed.push(VALUE);
            packed.push_str(&escape(value));
        }
    }
    packed
}

/// The values of their stored form.
pub(super) fn unpack(packed: &str) -> Values {
    packed
        .split(ATTRIBUTE)
        .filter(|attribute| !attribute.is_empty())
        .map(|attribute| {
            let mut parts = attribute.split(VALUE).map(|part| unescape(part).into_owned());
            (parts.next().unwrap_or_default(), parts.collect())
        })
        .collect()
}

/// The word that is stored.
pub(super) fn access_name(access: Access) -> &'static str {
    match access {
        Access::Enabled => "enabled",
        Access::Disabled => "disabled",
    }
}

/// The access that a stored word stands for.
pub(super) fn access(name: &str) -> Option<Access> {
    match name {
        "enabled" => Some(Access::Enabled),
        "disabled" => Some(Access::Disabled),
        _ => None,
    }
}
