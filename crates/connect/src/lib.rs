//! Tenure's conversations with the outside: HTTP (with OAuth 2.0) both ways, LDAP and Active
//! Directory, Microsoft 365, files, scripts, mail and file shares.

pub mod authorization;
pub mod directory;
pub mod http;
pub mod ldap;
pub mod mail;
mod perform;
pub mod script;
pub mod share;
pub mod source;
pub mod webhook;

pub use perform::Performers;
