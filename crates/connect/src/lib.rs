//! Tenure's conversations with the outside: HTTP (with OAuth 2.0) both ways, LDAP and Active
//! Directory, Microsoft 365, and files.

pub mod authorization;
pub mod directory;
pub mod http;
pub mod ldap;
pub mod source;
pub mod webhook;
