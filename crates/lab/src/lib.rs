//! Starts and stops the real servers that the tests talk to: a Samba Active Directory domain controller,
//! OpenLDAP, PostgreSQL, an OAuth 2.0 server, a mail server, and a proxy that checks by OpenAPI descriptions.
//!
//! Every server lives in a private folder and on loopback only, and is gone when its value is dropped, when the
//! test panics and when the test process is killed. What takes long to make (a provisioned domain, an initialised
//! database cluster, a certificate authority) is made once, kept under the workspace's `target/lab` and copied.
//!
//! Only what starts, asks or stops a counterparty belongs here; what is asserted about Tenure belongs to its tests.
#![cfg(unix)]

mod addresses;
mod browser;
mod certificates;
mod error;
mod file_server;
mod folders;
mod ldap_gate;
mod ldap_tools;
mod npm;
mod oidc;
mod ports;
mod postgres;
mod prism;
mod process;
mod programs;
mod samba;
mod scim;
mod slapd;
mod smtp;
mod templates;
mod wait;

pub use browser::Browser;
pub use certificates::{Authority, Certificate};
pub use error::LabError;
pub use file_server::FileServer;
pub use ldap_gate::{AtTheGate, LdapGate};
pub use oidc::OidcProvider;
pub use ports::ReservedPort;
pub use postgres::Postgres;
pub use prism::Prism;
pub use samba::{Complexity, SambaDc};
pub use scim::ScimServer;
pub use slapd::{Durability, MemberOf, Slapd, SlapdOptions, Tls};
pub use smtp::{SmtpEncryption, SmtpSink};
pub use wait::wait_until;
