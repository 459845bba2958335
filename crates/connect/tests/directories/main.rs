//! Directories against real servers: Samba's Active Directory and OpenLDAP.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod connection;
#[cfg(test)]
mod samba;
#[cfg(test)]
mod slapd;
