//! LDAP version 3 (RFC 4511) as far as keeping accounts needs it: a small client that streams entries without a copy
//! per value, keeps many requests in flight, bounds every size and every wait, and never panics on what a server
//! sends. What accounts are does not belong here, see [`directory`](crate::directory).

mod answer;
mod ber;
mod code_tables;
mod codes;
mod connection;
mod control;
mod error;
mod filter;
mod pool;
mod ranges;
mod request;
mod search;
mod settings;
mod stream;
mod tls;

pub use answer::{Entry, LdapResult, RawAttribute, RawEntry};
pub use ber::BerError;
pub use codes::{Diagnosis, Doing, ResultCode, explain};
pub use connection::{Connection, Encryption, Reply};
pub use control::{Control, Criticality};
pub use error::LdapError;
pub use filter::{Filter, FilterError};
pub use pool::{Lease, Pool};
pub use ranges::{Part, part};
pub use request::{Attribute, Change, ChangeKind, MessageId, Operation, Request, Scope, Search};
pub use settings::{Credentials, LdapSettings, Scheme, ServerUrl, StartTls, Trust, Unencrypted};
