//! `scope` of a directory: what is left alone, whatever an automation asks for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What of a directory is left alone. Not for `local`, which has no accounts but those that Tenure made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DirectoryScope {
    /// Containers, or single objects, that nothing is done to or below. Not for `microsoft365`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_containers: Vec<String>,
    /// Groups whose members nothing is done to, members of groups in them included; nobody is added to them or taken
    /// out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_groups: Vec<String>,
    /// Accounts for which one of these filters (RFC 4515) holds. Not for `microsoft365`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// `active_directory` only: what becomes of accounts with an administrator's rights, or that once had them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privileged: Option<Privileged>,
    /// `microsoft365` only: which kinds of user are accounts; members when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_types: Option<Vec<UserType>>,
    /// `microsoft365` only: users who are never changed, by user principal name or id: those for emergencies, for
    /// example.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_users: Vec<String>,
    /// `microsoft365` only: users who come from an Active Directory by synchronization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synced: Option<SyncedUsers>,
}

/// What becomes of accounts with an administrator's rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Privileged {
    /// They are left alone.
    #[default]
    Protected,
    /// They are changed like others.
    Managed,
}

/// Kinds of user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserType {
    /// People of the organization.
    Member,
    /// People who were invited.
    Guest,
}

/// What is done with users who come from an Active Directory by synchronization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SyncedUsers {
    /// What is in Microsoft 365 only: groups, licences, sessions, photos and mailboxes. The rest is changed in
    /// Active Directory.
    #[default]
    CloudOnly,
    /// Nothing.
    Protected,
}
