//! Tenure's conversations with the outside: HTTP, LDAP and Active Directory, and files.

pub mod directory;
pub mod http;
pub mod ldap;
pub mod source;
