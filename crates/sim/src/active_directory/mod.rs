//! Active Directory as Windows' domain controllers speak it, in memory: what Samba does not show. A search stops at a
//! thousand entries, an attribute at 1500 values, changes come in pages, deleted objects come back with their values
//! from the Recycle Bin, refusals have Windows' codes and texts, and a controller is busy, unavailable, slow, or gone
//! in the middle of an answer when it is told to be.
//!
//! Several controllers can serve one domain. They see each other's changes at once, but count them differently, as
//! real ones do. Time is a second per change, so that the same calls give the same answers everywhere.

mod connection;
mod controller;
mod dirsync;
mod domain;
mod filter;
mod names;
mod object;
mod password;
mod people;
mod refusal;
mod schema;
mod search;
mod view;
mod writes;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use ldap3_proto::proto::{
    LdapAddRequest, LdapModify, LdapModifyDNRequest, LdapModifyRequest, LdapModifyType, LdapPartialAttribute,
};

use self::domain::Domain;
use self::object::Life;
use self::refusal::Refusal;
use self::writes::Line;
use crate::SimError;

pub use self::controller::{Controller, ControllerFaults};
pub use self::people::GENERATED_PASSWORD;

/// What an account that signs in may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Everything; it may also replicate changes.
    All,
    /// Everything, deleted objects too, but it may not replicate changes.
    SeesDeleted,
    /// What ordinary accounts see.
    Plain,
}

/// An account that programs sign in with.
#[derive(Clone, Debug)]
pub struct ServiceAccount {
    /// Its principal name.
    pub name: String,
    /// Its password.
    pub password: String,
    /// What it may see.
    pub rights: Rights,
}

/// A certificate and its key, both PEM files.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// What a simulated domain is made of.
#[derive(Clone, Debug)]
pub struct ActiveDirectoryOptions {
    /// The domain's name, such as `DC=corp,DC=test`.
    pub base: String,
    /// Who may sign in besides the users of the domain.
    pub accounts: Vec<ServiceAccount>,
    /// For `ldaps://`; plain `ldap://` without.
    pub tls: Option<TlsFiles>,
    /// How many changed objects are looked at for one page of changes.
    pub changes_page: usize,
    /// Whether deleted objects keep their values.
    pub recycle_bin: bool,
}

impl ActiveDirectoryOptions {
    /// A domain with a Recycle Bin, unencrypted, where `administrator` of it signs in with the password
    /// `Passw0rd!Sim`.
    pub fn new(base: &str) -> Self {
        let labels: Vec<String> = base
            .split(',')
            .filter_map(|part| part.split_once('='))
            .map(|(_, label)| label.to_owned())
            .collect();
        Self {
            base: base.to_owned(),
            accounts: vec![ServiceAccount {
                name: format!("administrator@{}", labels.join(".")),
                password: "Passw0rd!Sim".to_owned(),
                rights: Rights::All,
            }],
            tls: None,
            changes_page: 1000,
            recycle_bin: true,
        }
    }
}

/// A simulated domain, served by as many controllers as are started.
pub struct ActiveDirectory {
    domain: Arc<Mutex<Domain>>,
    options: Arc<ActiveDirectoryOptions>,
    controllers: AtomicU64,
}

impl ActiveDirectory {
    /// A domain with its usual containers and nobody in it.
    pub fn new(options: ActiveDirectoryOptions) -> Self {
        let mut domain = Domain::new(&options.base);
        domain.recycle_bin = options.recycle_bin;
        Self {
            domain: Arc::new(Mutex::new(domain)),
            options: Arc::new(options),
            controllers: AtomicU64::new(0),
        }
    }

    /// Starts a controller on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When there is no port to listen on, or the certificate cannot be used.
    pub async fn controller(&self) -> Result<Controller, SimError> {
        let number = self.controllers.fetch_add(1, Ordering::Relaxed);
        Controller::start(number, Arc::clone(&self.domain), Arc::clone(&self.options)).await
    }

    /// Makes an organizational unit.
    ///
    /// # Errors
    ///
    /// As every write here: what the domain refuses.
    pub fn add_unit(&self, dn: &str) -> Result<(), SimError> {
        self.add(dn, &[("objectClass", &["top", "organizationalUnit"])])
    }

    /// Makes a group with nobody in it.
    ///
    /// # Errors
    ///
    /// What the domain refuses.
    pub fn add_group(&self, dn: &str) -> Result<(), SimError> {
        let login = names::own_name(dn);
        self.add(
            dn,
            &[
                ("objectClass", &["top", "group"]),
                ("sAMAccountName", &[login.as_str()]),
            ],
        )
    }

    fn add(&self, dn: &str, attributes: &[(&str, &[&str])]) -> Result<(), SimError> {
        let attributes = attributes
            .iter()
            .map(|(name, values)| LdapPartialAttribute {
                atype: (*name).to_owned(),
                vals: values.iter().map(|value| value.as_bytes().to_vec()).collect(),
            })
            .collect();
        let request = LdapAddRequest {
            dn: dn.to_owned(),
            attributes,
        };
        self.write(dn, |domain| domain.add(&request, Line::Encrypted))
    }

    /// Gives an attribute this value, as somebody else in the company might.
    ///
    /// # Errors
    ///
    /// What the domain refuses.
    pub fn set(&self, dn: &str, attribute: &str, value: &str) -> Result<(), SimError> {
        self.modify(dn, LdapModifyType::Replace, attribute, value)
    }

    /// Takes somebody into a group.
    ///
    /// # Errors
    ///
    /// What the domain refuses.
    pub fn add_member(&self, group: &str, member: &str) -> Result<(), SimError> {
        self.modify(group, LdapModifyType::Add, "member", member)
    }

    /// Takes somebody out of a group.
    ///
    /// # Errors
    ///
    /// What the domain refuses.
    pub fn remove_member(&self, group: &str, member: &str) -> Result<(), SimError> {
        self.modify(group, LdapModifyType::Delete, "member", member)
    }

    fn modify(&self, dn: &str, operation: LdapModifyType, name: &str, value: &str) -> Result<(), SimError> {
        let request = LdapModifyRequest {
            dn: dn.to_owned(),
            changes: vec![LdapModify {
                operation,
                modification: view::attribute(name, vec![value.as_bytes().to_vec()]),
            }],
        };
        self.write(dn, |domain| domain.modify(&request, Line::Encrypted))
    }

    /// Deletes an object.
    ///
    /// # Errors
    ///
    /// What the domain refuses.
    pub fn delete(&self, dn: &str) -> Result<(), SimError> {
        self.write(dn, |domain| domain.delete(dn))
    }

    /// Gives an object another name, in another container or the same.
    ///
    /// # Errors
    ///
    /// What the domain refuses.
    pub fn rename(&self, dn: &str, to: &str) -> Result<(), SimError> {
        let request = LdapModifyDNRequest {
            dn: dn.to_owned(),
            newrdn: names::rdn(to).to_owned(),
            deleteoldrdn: true,
            new_superior: names::parent(to).map(str::to_owned),
        };
        self.write(dn, |domain| domain.move_to(&request))
    }

    fn write(&self, dn: &str, act: impl FnOnce(&mut Domain) -> Result<(), Refusal>) -> Result<(), SimError> {
        act(&mut self.domain()).map_err(|refusal| SimError::Refused {
            dn: dn.to_owned(),
            said: refusal.result().message,
        })
    }

    /// The values of an attribute of a living object, as text.
    pub fn values(&self, dn: &str, attribute: &str) -> Vec<String> {
        let domain = self.domain();
        let view = view::View {
            invocation: [0; 16],
            ahead: 0,
        };
        let object = domain.living(dn).ok().and_then(|number| domain.get(number));
        object
            .map(|object| view.all(object, attribute, &domain))
            .unwrap_or_default()
            .iter()
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .collect()
    }

    /// How many users there are, deleted ones left out.
    pub fn users(&self) -> usize {
        let domain = self.domain();
        let is_there = |object: &&object::Object| object.life == Life::Living && object.is_user();
        domain.objects.values().filter(is_there).count()
    }

    fn domain(&self) -> MutexGuard<'_, Domain> {
        lock(&self.domain)
    }
}

/// The domain, also after somebody panicked while holding it: nothing is ever half written.
fn lock(domain: &Mutex<Domain>) -> MutexGuard<'_, Domain> {
    domain.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The moment of a change: a second per change since the beginning of 2026.
fn moment(usn: u64) -> Timestamp {
    let begin = Timestamp::from_second(1_767_225_600).unwrap_or_default();
    let passed = SignedDuration::from_secs(usn.try_into().unwrap_or(i64::MAX));
    begin.checked_add(passed).unwrap_or(begin)
}

/// The moment of a change as a `GeneralizedTime`.
fn time(usn: u64) -> Vec<u8> {
    moment(usn).strftime("%Y%m%d%H%M%S.0Z").to_string().into_bytes()
}

/// The moment of a change as the number of 100 nanoseconds since 1601.
fn filetime(usn: u64) -> Vec<u8> {
    let seconds = moment(usn).as_second() + 11_644_473_600;
    (seconds * 10_000_000).to_string().into_bytes()
}
