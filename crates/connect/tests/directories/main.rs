//! Directories against real servers: Samba's Active Directory and OpenLDAP.

#[cfg(test)]
mod common;
#[cfg(test)]
mod connection;
#[cfg(test)]
mod samba;
#[cfg(test)]
mod slapd;
