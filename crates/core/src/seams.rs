//! The seams between the domain and the outside: traits that the floors above implement.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountId};
use crate::action::{Action, ActionKind, AttributeValues};
use crate::attribute::{AttributeName, Dictionary};
use crate::dn::Dn;
use crate::fetching::{Begin, Mark};
use crate::outcome::Outcome;
use crate::profile::PersonKey;
use crate::secret::Secret;
use crate::watching::{ChangeSink, Changes, Cookie, Standing};

/// A page of raw records as an endpoint returned it. Records are byte ranges of the body, each one JSON value.
#[derive(Clone, Debug)]
pub struct RecordPage {
    /// Which of the data source's endpoints, by its place in the document.
    pub endpoint: u16,
    /// The whole answer.
    pub body: Bytes,
    /// Where the records are in it.
    pub records: Vec<Range<u32>>,
}

impl RecordPage {
    /// The raw records of the page, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.records
            .iter()
            .filter_map(|range| self.body.get(range.start as usize..range.end as usize))
    }
}

/// Whether everything came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// All pages came, and the count agrees where the other side says one.
    Complete {
        /// How many objects came.
        count: u64,
    },
    /// Something is missing; what is not there must not be taken as absent.
    Incomplete {
        /// How many objects came.
        count: u64,
        /// What is missing, for an administrator.
        why: String,
    },
}

/// Receives pages while they come. Waiting in `page` holds the source back.
#[async_trait]
pub trait RecordSink: Send {
    /// Takes one page.
    async fn page(&mut self, page: RecordPage);
}

/// Where the records of a data source come from.
#[async_trait]
pub trait Source: Send + Sync {
    /// Streams every record of every endpoint, and says at the end whether that was all.
    async fn fetch(&self, sink: &mut dyn RecordSink) -> Result<Completeness, SourceError>;

    /// Streams what came after an earlier fetch, and says from where the next one may begin. A source that knows no
    /// parts streams everything.
    async fn fetch_from(&self, begin: &Begin, sink: &mut dyn RecordSink) -> Result<Fetched, SourceError> {
        let _ = begin;
        let completeness = self.fetch(sink).await?;
        Ok(Fetched {
            completeness,
            mark: None,
        })
    }
}

/// The end of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Whether all came that was asked for.
    pub completeness: Completeness,
    /// From where the next fetch may begin, when the source itself says so.
    pub mark: Option<Mark>,
}

/// Why records could not be fetched.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{doing}: {said}")]
pub struct SourceError {
    /// What kind of trouble.
    pub kind: SourceTrouble,
    /// What was being done, to what.
    pub doing: String,
    /// What the other side said, or what was found.
    pub said: String,
    /// What to do about it; may be empty.
    pub hint: String,
}

/// Kinds of trouble with a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceTrouble {
    /// No connection, or no answer in time.
    Unreachable,
    /// The credentials were not accepted, or are missing.
    Unauthorized,
    /// Somebody has to agree (again) before the application lets requests in; no credentials that are kept can help.
    NeedsAuthorization,
    /// The request was answered with an error.
    Refused,
    /// The answer cannot be read.
    Malformed,
    /// The calls repeat without getting further.
    NoProgress,
    /// What was asked for is not there any more (410), such as changes that were too long ago.
    Expired,
    /// A limit of Tenure's own was reached.
    Limit,
}

/// What a directory can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The actions it can carry out.
    pub actions: BTreeSet<ActionKind>,
}

/// Receives accounts while they are read.
pub trait AccountSink: Send {
    /// Takes one account.
    fn account(&mut self, account: Account);

    /// Forgets what it took so far: the directory is read from the beginning again, on another server perhaps.
    fn start_over(&mut self);
}

impl AccountSink for Vec<Account> {
    fn account(&mut self, account: Account) {
        self.push(account);
    }

    fn start_over(&mut self) {
        self.clear();
    }
}

/// An account by its id, with where it was when last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRef {
    /// Its immutable id.
    pub id: AccountId,
    /// Where it was.
    pub dn: Dn,
}

/// An object as it was before it was deleted, with everything that its directory showed of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredObject {
    /// Its immutable id.
    pub id: AccountId,
    /// Where it was.
    pub dn: Dn,
    /// Every attribute that can be read, with its values in Base64.
    pub attributes: Vec<(String, Vec<String>)>,
    /// The groups that it was a member of.
    pub groups: Vec<Dn>,
}

/// Values are not shown: they are all that is known of a person.
impl fmt::Debug for StoredObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "StoredObject({}, {} attributes)",
            self.dn,
            self.attributes.len()
        )
    }
}

/// An account that nothing may be done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protected {
    /// Which one.
    pub id: AccountId,
    /// Why, in words.
    pub why: String,
}

/// One write, ready to be carried out.
#[derive(Clone, Debug)]
pub struct Write {
    /// The account; none when the action creates it.
    pub target: Option<AccountRef>,
    /// What to do.
    pub action: Action,
    /// The password, for an action that sets one.
    pub password: Option<Secret>,
    /// Whether it may have been carried out before.
    pub attempt: Attempt,
}

/// Whether a write may have been carried out before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Never tried.
    First,
    /// Tried before a crash, with an unknown end: when the object is as the write would leave it, it is done.
    Again,
}

/// The end of one write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// What became of it.
    pub outcome: Outcome,
    /// The account as it is called now, when it is known.
    pub account: Option<AccountRef>,
}

/// Where accounts live.
#[async_trait]
pub trait Directory: Send + Sync {
    /// What this directory can do.
    fn capabilities(&self) -> Capabilities;

    /// Streams all accounts within the directory's base with the attributes of the dictionary, and says whether
    /// these were all. `memberOf`, when it is in the dictionary, holds the groups by name.
    async fn read(
        &self,
        attributes: &Arc<Dictionary>,
        sink: &mut dyn AccountSink,
    ) -> Result<Completeness, DirectoryError>;

    /// Like [`read`](Self::read), and says where the directory stood before it was read.
    async fn read_and_stand(
        &self,
        attributes: &Arc<Dictionary>,
        sink: &mut dyn AccountSink,
    ) -> Result<(Completeness, Standing), DirectoryError> {
        let completeness = self.read(attributes, sink).await?;
        let why = "directories of this kind do not tell what changed".to_owned();
        Ok((completeness, Standing::Unknown { why }))
    }

    /// Streams what happened since a place in the directory's history: every account that changed in one of these
    /// attributes, with all of them, and every one that is gone.
    async fn changes(
        &self,
        since: &Cookie,
        attributes: &Arc<Dictionary>,
        sink: &mut dyn ChangeSink,
    ) -> Result<Changes, DirectoryError> {
        let _ = (since, attributes, sink);
        let why = "directories of this kind do not tell what changed".to_owned();
        Ok(Changes::ReadAgain { why })
    }

    /// The values of these attributes that are taken anywhere in the directory, also by objects that are no
    /// accounts (groups, computers) or lie outside the base.
    async fn taken(
        &self,
        attributes: &[AttributeName],
    ) -> Result<Vec<(AttributeName, String)>, DirectoryError>;

    /// The accounts within the base that nothing may be done to, each with the reason. Plans leave them out, and
    /// [`apply`](Self::apply) refuses writes to them all the same.
    async fn protected(&self) -> Result<Vec<Protected>, DirectoryError> {
        Ok(Vec::new())
    }

    /// Accounts with everything that can be read of them, in the order of the question; none for those that are not
    /// there. Asked before an account is deleted. A directory that deletes for good and can bring nothing back gives
    /// none.
    async fn copies(&self, accounts: &[AccountRef]) -> Result<Vec<Option<StoredObject>>, DirectoryError> {
        Ok(vec![None; accounts.len()])
    }

    /// Carries out writes, each for another account, as many at once as the directory takes, and reads each
    /// object back. The answers are in the order of the writes.
    async fn apply(&self, writes: Vec<Write>) -> Vec<Applied>;
}

/// One step that touches no directory, ready to be carried out.
#[derive(Clone, Debug)]
pub struct Task {
    /// What to do.
    pub action: Action,
    /// Whom it is about.
    pub subject: Subject,
    /// Under which name the vault keeps the first password of the account, if Tenure made one.
    pub password: String,
    /// The same whenever the same operation is tried again, in a later run too, and never for another one.
    pub idempotency_key: String,
    /// Whether it may have been carried out before.
    pub attempt: Attempt,
}

/// An account and its person, as a step that touches no directory sees them.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The person; none for an account that is nobody's.
    pub person: Option<PersonKey>,
    /// What the person is called.
    pub name: String,
    /// The account, as it is called now.
    pub account: Option<AccountRef>,
    /// What the step names of the account, or what the account has.
    pub attributes: Vec<AttributeValues>,
    /// What earlier calls captured.
    pub captured: BTreeMap<String, serde_json::Value>,
    /// The run; none outside of one.
    pub run: Option<String>,
}

/// Carries out steps that touch no directory, of one kind each: calls, scripts and messages.
#[async_trait]
pub trait Performer: Send + Sync {
    /// Carries out tasks, each for another account, as many at once as the other side takes. The outcomes are in the
    /// order of the tasks. What may have been done before ([`Attempt::Again`]) and cannot be repeated safely is not
    /// done again but given as [`Outcome::InDoubt`]; what failed was tried again where that is safe.
    async fn perform(&self, tasks: Vec<Task>) -> Vec<Outcome>;
}

/// Why a directory could not be read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{doing}: {said}")]
pub struct DirectoryError {
    /// What was being done, to what.
    pub doing: String,
    /// What the other side said, or what was found.
    pub said: String,
    /// What to do about it; may be empty.
    pub hint: String,
}

/// The vault, as connections see it.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The secret with this name.
    async fn get(&self, name: &str) -> Result<Secret, SecretError>;

    /// Keeps a secret, for example a token that was renewed.
    async fn put(&self, name: &str, secret: Secret) -> Result<(), SecretError>;

    /// Waits until nobody else, in no other process either, is changing this secret, and keeps others waiting until
    /// the turn is ended. A vault that nobody shares has no turns to give.
    async fn turn(&self, name: &str) -> Result<Box<dyn Turn>, SecretError> {
        let _ = name;
        Ok(Box::new(()))
    }
}

/// The right to change a secret, see [`Secrets::turn`].
#[async_trait]
pub trait Turn: Send {
    /// Lets the next one go on.
    async fn end(self: Box<Self>);
}

#[async_trait]
impl Turn for () {
    async fn end(self: Box<Self>) {}
}

/// Why a secret could not be had.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SecretError {
    /// There is none of that name.
    #[error("there is no secret named `{name}`; set it with `tenure secret set {name}`")]
    Missing {
        /// The name asked for.
        name: String,
    },
    /// The vault cannot be opened or read.
    #[error("the secrets vault cannot be used: {why}")]
    Vault {
        /// What is wrong.
        why: String,
    },
}
