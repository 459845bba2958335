//! Reading the directory's accounts: what changed since the last reading, put onto what was kept of it, or everything.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use tenure_core::account::{Account, AccountId, Snapshot};
use tenure_core::attribute::{AttributeName, Dictionary};
use tenure_core::document::{self, DirectoryKind};
use tenure_core::fetching::Wish;
use tenure_core::seams::{AccountSink, Completeness, Directory};
use tenure_core::watching::{AccountChange, ChangeSink, Changes, DirectoryRead, Standing};
use tenure_store::{Reading, RunState, Store};

use crate::error::EngineError;
use crate::progress::{Progress, Watch};

/// Accounts between two notices to whoever watches.
const NOTICE: usize = 1000;

/// What is read, for whom.
pub(crate) struct Asking<'a> {
    pub(crate) store: &'a Store,
    pub(crate) automation: &'a str,
    pub(crate) directory: &'a dyn Directory,
    pub(crate) document: &'a document::Directory,
    pub(crate) dictionary: Arc<Dictionary>,
    pub(crate) wish: Wish,
    pub(crate) now: Timestamp,
    pub(crate) watch: Arc<dyn Watch>,
}

/// All accounts of the directory, and how they were read.
pub(crate) struct Read {
    pub(crate) snapshot: Snapshot,
    pub(crate) completeness: Completeness,
    pub(crate) how: DirectoryRead,
}

impl Asking<'_> {
    /// Reads what is needed to know all accounts.
    pub(crate) async fn read(&self) -> Result<Read, EngineError> {
        let asked = self.asked();
        let before = self.store.reading(self.automation).await?;
        let why = match &before {
            None => None,
            Some(before) => match self.why_whole(before, &asked).await? {
                Some(why) => Some(why),
                None => match self.changes(before).await? {
                    Ok(read) => return Ok(read),
                    Err(why) => Some(why),
                },
            },
        };
        self.whole(asked, before, why).await
    }

    /// A digest of what is asked for: with another question what was kept is no answer.
    fn asked(&self) -> String {
        let directory = self.document;
        let names: Vec<&str> = self
            .dictionary
            .names()
            .iter()
            .map(AttributeName::as_str)
            .collect();
        let question = serde_json::json!([directory.kind, directory.base, directory.filter, names]);
        hex::encode(Sha256::digest(question.to_string().as_bytes()))
    }

    /// Why everything is to be read although something is kept; none when changes are enough.
    async fn why_whole(&self, before: &Reading, asked: &str) -> Result<Option<String>, EngineError> {
        if self.wish == Wish::Everything {
            return Ok(Some("asked for".to_owned()));
        }
        if before.asked != asked {
            return Ok(Some(
                "the documents ask for something else than before".to_owned(),
            ));
        }
        let every = self.document.full_read_every.0;
        // A clock that was set back says nothing about how long ago it was.
        let age = self.now.duration_since(before.whole_at);
        if age >= every || age < SignedDuration::ZERO {
            let every = self.document.full_read_every;
            return Ok(Some(format!("due every {every}")));
        }
        // The newest is the run that is being made.
        let runs = self.store.runs(Some(self.automation), 2).await?;
        let failed = runs.get(1).is_some_and(|run| run.state == RunState::Failed);
        Ok(failed.then(|| "the run before ended with an error".to_owned()))
    }

    /// Reads what changed, or says why everything has to be read.
    async fn changes(&self, before: &Reading) -> Result<Result<Read, String>, EngineError> {
        let mut told = Told::default();
        let (kept, ended) = tokio::join!(
            self.store.kept_accounts(self.automation),
            self.directory
                .changes(&before.cookie, &self.dictionary, &mut told)
        );
        let next = match ended {
            Ok(Changes::All { next }) => next,
            Ok(Changes::ReadAgain { why }) => return Ok(Err(why)),
            Err(error) => return Ok(Err(error.to_string())),
        };
        let merged = merge(kept?, told.changes);
        if let Some(dn) = merged.referred() {
            return Ok(Err(format!(
                "`{dn}` is there no longer, and other accounts that name it show something else now, of which nothing is \
                 told"
            )));
        }
        let reading = Reading {
            cookie: next,
            ..before.clone()
        };
        let different: Vec<&Account> = merged.different().collect();
        self.store
            .keep_reading(self.automation, &reading, &different, &merged.gone)
            .await?;
        let how = DirectoryRead::Changes {
            changed: different.len() as u64,
            gone: merged.gone.len() as u64,
        };
        let count = merged.accounts.len() as u64;
        self.watch.progress(Progress::Read { accounts: count });
        Ok(Ok(Read {
            snapshot: self.protecting(Snapshot::new(merged.accounts)).await?,
            completeness: Completeness::Complete { count },
            how,
        }))
    }

    /// Reads everything, and keeps it where changes can be asked for from then on.
    async fn whole(
        &self,
        asked: String,
        before: Option<Reading>,
        why: Option<String>,
    ) -> Result<Read, EngineError> {
        let mut accounts = Accounts {
            read: Vec::new(),
            watch: Arc::clone(&self.watch),
        };
        let read = self
            .directory
            .read_and_stand(&self.dictionary, &mut accounts)
            .await;
        let (completeness, standing) = read?;
        let mut accounts = accounts.read;
        let how = |why: Option<String>| match why {
            Some(why) => DirectoryRead::WholeBecause { why },
            None => DirectoryRead::Whole,
        };
        let cookie = match (&completeness, standing) {
            (Completeness::Complete { .. }, Standing::At(cookie)) => cookie,
            (_, standing) => {
                if before.is_some() {
                    self.store.forget_reading(self.automation).await?;
                }
                let why = match standing {
                    // Of other directories nobody expects it.
                    Standing::Unknown { why }
                        if matches!(
                            self.document.kind,
                            DirectoryKind::ActiveDirectory | DirectoryKind::Microsoft365
                        ) =>
                    {
                        Some(why)
                    }
                    _ => why,
                };
                return Ok(Read {
                    snapshot: self.protecting(Snapshot::new(accounts)).await?,
                    completeness,
                    how: how(why),
                });
            }
        };
        // The order in which they are kept, so that the next plan sees them in the same one.
        accounts.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        let kept = match before {
            Some(before) if before.asked == asked => self.store.kept_accounts(self.automation).await?,
            // Their attributes have other numbers.
            Some(_) => {
                self.store.forget_reading(self.automation).await?;
                Vec::new()
            }
            None => Vec::new(),
        };
        let (different, gone) = differences(&kept, &accounts);
        let reading = Reading {
            asked,
            cookie,
            whole_at: self.now,
        };
        self.store
            .keep_reading(self.automation, &reading, &different, &gone)
            .await?;
        Ok(Read {
            snapshot: self.protecting(Snapshot::new(accounts)).await?,
            completeness,
            how: how(why),
        })
    }

    /// Accounts with those marked that nothing may be done to. Which they are depends on others too, such as groups, so
    /// that it is asked each time.
    async fn protecting(&self, snapshot: Snapshot) -> Result<Snapshot, EngineError> {
        let protected = self.directory.protected().await?;
        Ok(snapshot.protecting(protected.into_iter().map(|one| (one.id, one.why))))
    }
}

/// The accounts that are new or other than those kept, and those that are gone.
fn differences<'a>(kept: &[Account], accounts: &'a [Account]) -> (Vec<&'a Account>, Vec<AccountId>) {
    let before: BTreeMap<&AccountId, &Account> = kept.iter().map(|account| (&account.id, account)).collect();
    let now: BTreeMap<&AccountId, &Account> = accounts.iter().map(|account| (&account.id, account)).collect();
    let different = now
        .values()
        .filter(|account| before.get(&account.id) != Some(*account))
        .copied();
    let gone = before.keys().filter(|id| !now.contains_key(*id));
    (different.collect(), gone.map(|id| (*id).clone()).collect())
}

/// Changes as they are told; of two for one account the later counts.
#[derive(Default)]
struct Told {
    changes: BTreeMap<AccountId, Option<Account>>,
}

impl ChangeSink for Told {
    fn change(&mut self, change: AccountChange) {
        match change {
            AccountChange::Is(account) => self.changes.insert(account.id.clone(), Some(account)),
            AccountChange::Gone(id) => self.changes.insert(id, None),
        };
    }
}

/// What was kept with the changes put onto it.
struct Merged {
    /// By id.
    accounts: Vec<Account>,
    /// Places of those that are new or different.
    different: Vec<usize>,
    gone: Vec<AccountId>,
    /// Names that nobody has any more.
    left: HashSet<String>,
}

impl Merged {
    /// A name that nobody has any more and that is another account's value, such as its manager. The directory shows
    /// another value by now, or none, without that account having changed.
    fn referred(&self) -> Option<&str> {
        if self.left.is_empty() {
            return None;
        }
        let accounts = self.accounts.iter();
        let mut values = accounts.flat_map(|account| account.attributes.iter().map(|(_, value)| value));
        values.find(|value| self.left.contains(*value))
    }

    fn different(&self) -> impl Iterator<Item = &Account> {
        self.different.iter().filter_map(|at| self.accounts.get(*at))
    }
}

fn merge(kept: Vec<Account>, changes: BTreeMap<AccountId, Option<Account>>) -> Merged {
    let mut changes = changes;
    let mut changed: Vec<AccountId> = Vec::new();
    let mut gone = Vec::new();
    let mut left = HashSet::new();
    let mut accounts = Vec::with_capacity(kept.len());
    for account in kept {
        match changes.remove(&account.id) {
            None => accounts.push(account),
            Some(Some(now)) => {
                if now != account {
                    changed.push(now.id.clone());
                }
                if now.dn != account.dn {
                    left.insert(account.dn.to_string());
                }
                accounts.push(now);
            }
            Some(None) => {
                left.insert(account.dn.to_string());
                gone.push(account.id);
            }
        }
    }
    // Those of whom nothing was kept: made since, or never an account.
    for (id, now) in changes {
        if let Some(account) = now {
            changed.push(id);
            accounts.push(account);
        }
    }
    accounts.sort_by(|one, other| one.id.cmp(&other.id));
    let place = |id: &AccountId| accounts.binary_search_by(|account| account.id.cmp(id)).ok();
    let different = changed.iter().filter_map(place).collect();
    Merged {
        accounts,
        different,
        gone,
        left,
    }
}

/// Takes accounts while they come, and tells how many.
struct Accounts {
    read: Vec<Account>,
    watch: Arc<dyn Watch>,
}

impl AccountSink for Accounts {
    fn account(&mut self, account: Account) {
        self.read.push(account);
        if self.read.len().is_multiple_of(NOTICE) {
            self.watch.progress(Progress::Read {
                accounts: self.read.len() as u64,
            });
        }
    }

    fn start_over(&mut self) {
        self.read.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_core::account::Access;
    use tenure_core::attribute::AttributeIndex;
    use tenure_core::dn::Dn;

    fn account(id: &str, title: &str) -> Account {
        Account {
            id: AccountId::new(id),
            dn: Dn::from_server(&format!("CN={id},DC=test")),
            access: Access::Enabled,
            attributes: [(AttributeIndex(0), title.to_owned())].into_iter().collect(),
        }
    }

    #[test]
    fn changes_are_put_onto_what_was_kept() {
        let kept = vec![
            account("a", "1"),
            account("b", "1"),
            account("c", "1"),
            account("d", "1"),
        ];
        let mut told = Told::default();
        for change in [
            AccountChange::Is(account("b", "2")),
            // Looked at for nothing.
            AccountChange::Is(account("c", "1")),
            AccountChange::Gone(AccountId::new("a")),
            AccountChange::Gone(AccountId::new("printer")),
            AccountChange::Gone(AccountId::new("new")),
            AccountChange::Is(account("new", "1")),
        ] {
            told.change(change);
        }
        let merged = merge(kept.clone(), told.changes);
        let now = vec![
            account("b", "2"),
            account("c", "1"),
            account("d", "1"),
            account("new", "1"),
        ];
        assert_eq!(merged.accounts, now);
        assert_eq!(merged.gone, [AccountId::new("a")]);
        let different: Vec<&Account> = merged.different().collect();
        assert_eq!(different, [&now[0], &now[3]]);
        // A whole reading comes to the same.
        assert_eq!(differences(&kept, &now), (different, merged.gone.clone()));
    }

    #[test]
    fn the_name_of_somebody_who_moved_or_went_is_no_value_of_others_any_more() {
        let kept = || vec![account("a", "1"), account("b", "CN=a,DC=test"), account("c", "1")];
        let told = |change| {
            let mut told = Told::default();
            told.change(change);
            merge(kept(), told.changes)
        };
        let gone = |id| AccountChange::Gone(AccountId::new(id));
        assert_eq!(told(gone("a")).referred(), Some("CN=a,DC=test"));
        assert_eq!(told(gone("c")).referred(), None);
        let mut moved = account("a", "1");
        assert_eq!(told(AccountChange::Is(moved.clone())).referred(), None);
        moved.dn = Dn::from_server("CN=a,OU=Left,DC=test");
        assert_eq!(told(AccountChange::Is(moved)).referred(), Some("CN=a,DC=test"));
    }
}
