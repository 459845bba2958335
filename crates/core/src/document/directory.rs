//! `kind: directory`: where accounts live.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where accounts live. `type` says which of the other fields are needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// What automations call it.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Which kind.
    #[serde(rename = "type")]
    pub kind: DirectoryKind,
    /// The server: `ldaps://host` or `ldap://host` (encrypted with `StartTLS`). Not for `local`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The subtree that Tenure may touch.
    pub base: String,
    /// Who Tenure is there. Not for `local`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bind: Option<Bind>,
    /// File with the certificates (PEM) of the authority that signed the server's; the machine's own when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// How a connection is kept from being overheard.
    #[serde(default)]
    pub encryption: Encryption,
    /// Which objects are accounts (RFC 4515); people's objects of the kind when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Connections at the same time.
    #[serde(default = "Directory::default_connections")]
    #[schemars(range(min = 1, max = 32))]
    pub connections: u32,
    /// Objects a page when reading.
    #[serde(default = "Directory::default_page_size")]
    #[schemars(range(min = 1, max = 10000))]
    pub page_size: u32,
    /// `ldap` only: the attribute and value that switch sign-in off, which differ from server to server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_by: Option<DisabledBy>,
}

impl Directory {
    fn default_connections() -> u32 {
        4
    }

    fn default_page_size() -> u32 {
        1000
    }
}

/// Kinds of directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryKind {
    /// Microsoft Active Directory, or Samba as its domain controller.
    ActiveDirectory,
    /// OpenLDAP, 389 Directory Server and their like.
    Ldap,
    /// Built in: accounts in Tenure's own database.
    Local,
}

impl DirectoryKind {
    /// As documents write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ActiveDirectory => "active_directory",
            Self::Ldap => "ldap",
            Self::Local => "local",
        }
    }
}

/// Who Tenure is in a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bind {
    /// A distinguished name, or in Active Directory a user principal name.
    pub user: String,
    /// Its password; as a rule `{{ secret('name') }}`.
    pub password: String,
}

/// How a connection is kept from being overheard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// TLS from the start with `ldaps://`, `StartTLS` with `ldap://`.
    #[default]
    Required,
    /// None; only for a server on this machine.
    None,
}

/// What switches sign-in off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DisabledBy {
    /// The attribute.
    pub attribute: String,
    /// Its value while sign-in is off; without it there is none.
    pub value: String,
}
