//! `kind: directory`: where accounts live.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::application::PrivateAddresses;
use super::directory_scope::DirectoryScope;
use super::microsoft365::{CloudAddresses, CloudSignIn};
use super::scalar::{OneOrMany, Span};

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
    /// The server: `ldaps://host` or `ldap://host` (encrypted with `StartTLS`); or several servers of the same directory,
    /// of which the first that answers is used. Not for `local` and `microsoft365`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<OneOrMany<String>>,
    /// The subtree that Tenure may touch. Not for `microsoft365`, which has no containers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Who Tenure is there. Not for `local` and `microsoft365`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bind: Option<Bind>,
    /// File with the certificates (PEM) of the authority that signed the server's; the machine's own when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// How a connection is kept from being overheard.
    #[serde(default)]
    pub encryption: Encryption,
    /// Which objects are accounts (RFC 4515; for `microsoft365` a `$filter`); people's objects of the kind when
    /// not said.
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
    /// Everything is read when that was so long ago; in between only what changed, where the directory tells it.
    #[serde(default = "Directory::default_full_read_every")]
    pub full_read_every: Span,
    /// What is left alone, whatever an automation asks for. Not for `local`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<DirectoryScope>,
    /// `ldap` only: the attribute and value that switch sign-in off, which differ from server to server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_by: Option<DisabledBy>,
    /// `active_directory` only: the forest's global catalog, which is asked what addresses and principal names are taken
    /// in all domains. `true` for that of the same servers (ports 3268 and 3269), or its URL, or several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub global_catalog: Option<GlobalCatalog>,
    /// `microsoft365` only: the tenant, by its id or one of its domains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// `microsoft365` only: who Tenure is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization: Option<CloudSignIn>,
    /// `microsoft365` only: the country (two letters) of new users whose mapping gives none. Licences need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_location: Option<String>,
    /// `microsoft365` only: where the services are; the worldwide ones when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addresses: Option<CloudAddresses>,
    /// `microsoft365` only: whether addresses of private networks and of this machine may be called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_addresses: Option<PrivateAddresses>,
}

impl Directory {
    fn default_connections() -> u32 {
        4
    }

    fn default_page_size() -> u32 {
        1000
    }

    fn default_full_read_every() -> Span {
        Span::from_secs(24 * 60 * 60)
    }

    /// The URLs of the global catalog as they are written; none when it is not asked. Those of the directory itself when
    /// it is that of the same servers, so that their ports are another matter.
    pub fn catalog_servers(&self) -> &[String] {
        match &self.global_catalog {
            None | Some(GlobalCatalog::SameServers(false)) => &[],
            Some(GlobalCatalog::SameServers(true)) => self.servers(),
            Some(GlobalCatalog::Servers(urls)) => urls.as_slice(),
        }
    }

    /// Its servers, in the order in which they are tried.
    pub fn servers(&self) -> &[String] {
        self.url.as_ref().map(OneOrMany::as_slice).unwrap_or_default()
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
    /// Users of Microsoft Entra ID with Microsoft 365, by Microsoft Graph.
    Microsoft365,
}

impl DirectoryKind {
    /// Every kind, in the order in which documentation lists them.
    pub const ALL: [Self; 4] = [Self::ActiveDirectory, Self::Ldap, Self::Microsoft365, Self::Local];

    /// As documents write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ActiveDirectory => "active_directory",
            Self::Ldap => "ldap",
            Self::Local => "local",
            Self::Microsoft365 => "microsoft365",
        }
    }

    /// Whether its objects are in containers, below a base.
    pub fn has_containers(self) -> bool {
        self != Self::Microsoft365
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

/// The global catalog of a forest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum GlobalCatalog {
    /// Whether the directory's servers are asked, at the global catalog's ports.
    SameServers(bool),
    /// These servers.
    Servers(OneOrMany<String>),
}

impl<'de> Deserialize<'de> for GlobalCatalog {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GlobalCatalogVisitor)
    }
}

struct GlobalCatalogVisitor;

impl<'de> Visitor<'de> for GlobalCatalogVisitor {
    type Value = GlobalCatalog;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`true`, `false`, a URL or a list of URLs")
    }

    fn visit_bool<E: serde::de::Error>(self, yes: bool) -> Result<GlobalCatalog, E> {
        Ok(GlobalCatalog::SameServers(yes))
    }

    fn visit_str<E: serde::de::Error>(self, url: &str) -> Result<GlobalCatalog, E> {
        Ok(GlobalCatalog::Servers(OneOrMany::One(url.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<GlobalCatalog, A::Error> {
        let urls = Vec::deserialize(SeqAccessDeserializer::new(items))?;
        Ok(GlobalCatalog::Servers(OneOrMany::Many(urls)))
    }
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
