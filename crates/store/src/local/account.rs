//! An account of the local directory as it is worked on, and its form in the database.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use tenure_core::account::{Access, AccountId};
use tenure_core::dn::Dn;
use tenure_core::seams::AccountRef;

use super::values::Values;

/// The attribute that stands for group membership, in lower case.
pub(super) const MEMBER_OF: &str = "memberof";

/// The attributes whose values no two accounts may share: as stored, and as written.
const UNIQUE: [(&str, &str); 4] = [
    ("samaccountname", "sAMAccountName"),
    ("userprincipalname", "userPrincipalName"),
    ("mail", "mail"),
    ("uid", "uid"),
];

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
pub(super) fn names(values: &Values) -> BTreeMap<Name, Cow<'_, str>> {
    let mut names = BTreeMap::new();
    for (attribute, values) in values.iter() {
        let Some(attribute) = unique(&attribute) else {
            continue;
        };
        for value in values {
            let key = value.to_lowercase();
            names.insert(Name { attribute, key }, value);
        }
    }
    names
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
