//! What an administrator says of a directory, whatever its kind.

use tenure_core::dn::Dn;

use crate::ldap::{Filter, LdapSettings};

/// Where accounts are, and how their directory is talked to.
#[derive(Clone, Debug)]
pub struct DirectorySettings {
    /// How the servers are talked to.
    pub ldap: LdapSettings,
    /// What is managed: accounts at or below it, and none elsewhere.
    pub base: Dn,
    /// Which objects are people's accounts; none for what the directory's kind says.
    pub user_filter: Option<Filter>,
}

/// An attribute that says something by having a certain value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its name.
    pub attribute: String,
    /// The value, compared without regard to case.
    pub value: String,
}
