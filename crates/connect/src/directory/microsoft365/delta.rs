//! What changed since last time (`/users/delta`), for whoever watches a directory. Groups, licences and managers do not
//! come with it; whoever needs them reads the accounts that changed.

use std::sync::Arc;

use tenure_core::account::{Account, AccountId};
use tenure_core::attribute::Dictionary;
use tenure_core::seams::DirectoryError;

use super::Microsoft365;
use super::fault::Fault;
use super::read::Columns;
use super::service::{Consistency, next_link, rows};
use super::user::{Select, User};

/// What changed.
#[derive(Debug)]
pub struct Changes {
    /// Users that are new or different. One may be told of more than once, the last time as it is now.
    pub accounts: Vec<Account>,
    /// Users that are gone.
    pub removed: Vec<(AccountId, Removal)>,
    /// Whether this is everything there is, and not only what changed.
    pub extent: Extent,
    /// Where to go on the next time.
    pub next: String,
}

/// How a user is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Deleted, and can be restored for thirty days.
    Restorable,
    /// For good.
    Final,
}

/// How much an answer covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// What changed since the place that was given.
    Since,
    /// Everybody: there was no place, or Graph no longer knew it. Whoever is not among them is gone.
    Everybody,
}

impl Microsoft365 {
    /// What changed since `place`, which an earlier answer gave as `next`; everybody without one. A place is good for
    /// seven days.
    ///
    /// # Errors
    /// Graph cannot be reached, or refuses.
    pub async fn changes(
        &self,
        dictionary: &Arc<Dictionary>,
        place: Option<&str>,
    ) -> Result<Changes, DirectoryError> {
        let doing = || format!("reading what changed in the directory `{}`", self.settings.name);
        let begin = self.first_address(dictionary);
        let told = match place {
            None => self.follow(dictionary, &begin, Extent::Everybody).await,
            Some(place) => match self.follow(dictionary, place, Extent::Since).await {
                // The place is forgotten (410): everything is read anew.
                Err(fault) if fault.status == Some(410) => {
                    tracing::info!(
                        "Graph no longer knows where the changes were followed to; all is read anew"
                    );
                    self.follow(dictionary, &begin, Extent::Everybody).await
                }
                told => told,
            },
        };
        told.map_err(|fault| fault.while_doing(doing()))
    }

    fn first_address(&self, dictionary: &Dictionary) -> String {
        let query = Select::of(dictionary.names()).without_manager();
        format!("{}/users/delta?{query}", self.service.root)
    }

    async fn follow(
        &self,
        dictionary: &Arc<Dictionary>,
        first: &str,
        extent: Extent,
    ) -> Result<Changes, Fault> {
        let mut columns = Columns::new(dictionary);
        let mut changes = Changes {
            accounts: Vec::new(),
            removed: Vec::new(),
            extent,
            next: String::new(),
        };
        let mut address = first.to_owned();
        loop {
            let mut page = self.service.get(&address, Consistency::Usual).await?;
            for record in rows(&mut page)? {
                let removed = record["@removed"]["reason"].as_str();
                match (removed, record["id"].as_str()) {
                    (Some(reason), Some(id)) => {
                        let removal = if reason == "deleted" {
                            Removal::Final
                        } else {
                            Removal::Restorable
                        };
                        changes.removed.push((AccountId::new(id), removal));
                    }
                    _ => changes
                        .accounts
                        .extend(User::read(record).map(|user| columns.account(&user))),
                }
            }
            if let Some(next) = next_link(&page).filter(|next| *next != address) {
                address = next;
                continue;
            }
            let end = page["@odata.deltaLink"].as_str();
            let end = end.ok_or_else(|| Fault::unreadable("the changes have no end"))?;
            end.clone_into(&mut changes.next);
            return Ok(changes);
        }
    }
}
