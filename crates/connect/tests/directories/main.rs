//! Directories against real servers: Samba's Active Directory and OpenLDAP, and a simulated Active Directory that does
//! what Samba does not.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod actions;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod connection;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod samba;
#[cfg(test)]
mod simulated;
#[cfg(test)]
mod slapd;
#[cfg(test)]
mod trouble;
