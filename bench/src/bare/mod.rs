//! The same work by tools that do nothing else.

pub mod fetch;
pub mod ldap;
