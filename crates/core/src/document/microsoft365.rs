//! What a directory of `type: microsoft365` says beside the rest: how Tenure signs in, which users are managed, and
//! where the services are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who Tenure is for Microsoft: an application that was registered in the tenant and given permissions by its
/// administrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloudSignIn {
    /// The application's id ("Application (client) ID"). A format.
    pub client_id: String,
    /// Its secret; as a rule `{{ secret('name') }}`.
    pub client_secret: String,
}

/// Which users are managed, and which of them are left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CloudScope {
    /// Which kinds of user are accounts; members when not said.
    pub user_types: Vec<UserType>,
    /// Users who are never changed, by user principal name or id: those for emergencies, for example.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_users: Vec<String>,
    /// Groups whose members are never changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_groups: Vec<String>,
    /// Users who come from an Active Directory by synchronization.
    pub synced: SyncedUsers,
}

impl Default for CloudScope {
    fn default() -> Self {
        Self {
            user_types: vec![UserType::Member],
            exclude_users: Vec::new(),
            exclude_groups: Vec::new(),
            synced: SyncedUsers::default(),
        }
    }
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

/// Where Microsoft's services are, for national clouds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CloudAddresses {
    /// Where tokens are asked for.
    pub login: String,
    /// Microsoft Graph.
    pub graph: String,
    /// Exchange Online.
    pub exchange: String,
}

impl Default for CloudAddresses {
    fn default() -> Self {
        Self {
            login: "https://login.microsoftonline.com".to_owned(),
            graph: "https://graph.microsoft.com".to_owned(),
            exchange: "https://outlook.office365.com".to_owned(),
        }
    }
}
