//! Directories that keep accounts: Active Directory, LDAP servers in general, and Microsoft 365. The first two share
//! one machinery; what differs between them is in [`ActiveDirectoryRules`] and [`LdapRules`] and nowhere else.

mod active_directory;
mod apply;
mod catalog;
mod changed;
mod columns;
mod copies;
mod decide;
mod generic;
mod job;
mod machinery;
mod membership;
pub mod microsoft365;
mod place;
mod read;
mod restore;
mod rules;
mod scope;
mod settings;
mod together;
mod verify;
mod watch;

pub use active_directory::{ActiveDirectoryRules, AdminCount};
pub use catalog::at_catalog;
pub use generic::{LdapRules, MemberOfSource, PasswordMethod};
pub use machinery::LdapAccounts;
pub use microsoft365::Microsoft365;
pub use scope::Exclusions;
pub use settings::{DirectorySettings, Mark};

/// Accounts in Active Directory.
pub type ActiveDirectory = LdapAccounts<ActiveDirectoryRules>;
/// Accounts in an LDAP server such as OpenLDAP or 389 Directory Server.
pub type LdapDirectory = LdapAccounts<LdapRules>;
