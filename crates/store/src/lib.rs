//! Tenure's memory: what was fetched, linked, planned and done, the secrets vault and the built-in directory, in
//! SQLite or PostgreSQL.
//!
//! One file per family of tables. All of them speak to the database through [`Store`], which hides which of the
//! two it is; no SQL is written outside this crate.

mod bulk;
mod changes;
mod database;
mod error;
mod fetches;
mod half_made;
mod journal;
mod json;
mod leases;
mod links;
mod local;
mod migrations;
mod notices;
mod packing;
mod readings;
mod records;
mod runs;
mod transaction;
mod vault;
mod vault_key;

#[cfg(test)]
mod tests;

pub use changes::{ChangeRow, PlanWriter};
pub use database::Store;
pub use error::StoreError;
pub use journal::{Flush, HistoryEntry, JournalEntry, JournalEvent, OperationId, OutcomeRow};
pub use leases::{Claim, Lease};
pub use links::{LinkRow, StoredLink};
pub use local::LocalDirectory;
pub use notices::{NewNotice, Notice, NoticeEnd, NoticeId, NoticeState};
pub use readings::Reading;
pub use records::StoredRecord;
pub use runs::{NewRun, Run, RunChange, RunId, RunState, RunSummary};
pub use vault::{Sealed, SecretEntry, Vault};
pub use vault_key::VaultKey;
