//! A company of one test: people in a simulated JumpCloud, accounts in the built-in directory, and an engine that
//! keeps the ones true to the others.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tenure_core::account::{Access, Account};
use tenure_core::attribute::Dictionary;
use tenure_core::dn::Dn;
use tenure_core::document::{Documents, Severity, load};
use tenure_core::fetching::Wish;
use tenure_core::plan::Change;
use tenure_core::profile::PersonKey;
use tenure_core::seams::{Completeness, Directory as _};
use tenure_core::secret::Secret;
use tenure_engine::{
    ApplyOptions, Clock, Engine, EngineError, InDoubtCalls, PlanOptions, Release, Stop, Unwatched, Watch,
};
use tenure_sim::{JumpCloud, JumpCloudOptions, Mess, Population, PopulationOptions};
use tenure_store::{LocalDirectory, Run, RunId, RunState, Store, Vault, VaultKey};

pub const AUTOMATION: &str = "corp-from-jumpcloud";
pub const SOURCE: &str = "employees";
pub const DIRECTORY: &str = "corp";
pub const BASE: &str = "DC=corp,DC=example,DC=com";
pub const API_KEY: &str = "jca-planted-5c1f77e0b2";
pub const VAULT_KEY: &str = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";
/// The address that the documents here write in place of the simulator's.
const ADDRESS: &str = "http://jumpcloud";
/// What a listing of the directory shows of every account.
const LISTED: [&str; 15] = [
    "employeeID",
    "givenName",
    "sn",
    "displayName",
    "mail",
    "title",
    "department",
    "employeeType",
    "l",
    "mobile",
    "sAMAccountName",
    "userPrincipalName",
    "description",
    "company",
    "memberOf",
];

/// Which database a test is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    Sqlite,
    Postgres,
}

pub struct Company {
    pub sim: JumpCloud,
    pub engine: Engine,
    pub documents: Documents,
    pub url: String,
    text: String,
    now: Timestamp,
    folder: TempDir,
}

/// Tidy people, always the same ones: `E-100000`, `E-100001` and so on.
pub fn people(people: usize) -> Population {
    Population::with_options(PopulationOptions {
        people,
        mess: Mess::None,
        ..PopulationOptions::default()
    })
}

/// A plan, and all its changes in words.
pub async fn planned(engine: &Engine, documents: &Documents, automation: &str) -> (Run, String) {
    let run = engine.plan(documents, automation, &unwatched()).await.unwrap();
    let changes = engine.store().changes(run.id, None, u32::MAX).await.unwrap();
    let text = changes.iter().map(|(_, change)| change.to_string()).collect();
    (run, text)
}

/// Documents from their text, which has no errors.
pub fn documents(text: &str) -> Documents {
    let (documents, problems) = load(&[("company.yaml".to_owned(), text.to_owned())]);
    let errors: Vec<String> = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .map(ToString::to_string)
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    documents
}

impl Company {
    /// A company of these people with an empty directory, in the morning of 5 January 2026.
    pub async fn start(on: On, population: Population) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = fresh(on, folder.path());
        let sim = JumpCloud::start(JumpCloudOptions::new(population, API_KEY))
            .await
            .unwrap();
        let text = include_str!("company.yaml").replace(ADDRESS, &sim.url());
        let now = "2026-01-05T08:00:00Z".parse().unwrap();
        let engine = open(&url, folder.path(), now).await;
        let company = Self {
            sim,
            engine,
            documents: documents(&text),
            url,
            text,
            now,
            folder,
        };
        company.secret("jumpcloud", API_KEY).await;
        company
    }

    /// Puts a secret into the vault.
    pub async fn secret(&self, name: &str, value: &str) {
        let vault = self.engine.vault();
        let sealed = vault.seal(name, &Secret::new(value.to_owned())).unwrap();
        vault.save(&[sealed], self.now).await.unwrap();
    }

    /// Writes something else into the documents.
    pub fn edit(&mut self, from: &str, to: &str) {
        assert_eq!(
            self.text.matches(from).count(),
            1,
            "{from:?} should be in the documents once"
        );
        self.text = self.text.replace(from, to);
        self.documents = documents(&self.text);
    }

    /// Lets time pass.
    pub fn pass(&mut self, time: SignedDuration) {
        self.now = self.now.checked_add(time).unwrap();
        self.engine = self.engine.at(Clock::Fixed(self.now));
    }

    /// Lets a day pass on which the usual happens to people.
    pub fn day(&mut self, seed: u64) {
        assert!(!self.sim.day(seed).is_empty());
        self.pass(SignedDuration::from_hours(24));
    }

    /// A second engine on the same database, with connections of its own.
    pub async fn another_engine(&self) -> Engine {
        open(&self.url, self.folder.path(), self.now).await
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Makes a plan, or fails.
    pub async fn try_plan(&self) -> Result<Run, EngineError> {
        self.engine
            .plan(&self.documents, AUTOMATION, &watched(Arc::new(Unwatched)))
            .await
    }

    /// Makes a plan.
    pub async fn plan(&self) -> Run {
        self.try_plan().await.unwrap()
    }

    /// Carries a plan out, unless guards hold it.
    pub async fn apply(&self, run: &Run) -> Result<Run, EngineError> {
        self.engine
            .apply(&self.documents, run.id, &applying(Release::Keep))
            .await
    }

    /// Carries a plan out although guards hold it.
    pub async fn release(&self, run: &Run) -> Result<Run, EngineError> {
        self.engine
            .apply(&self.documents, run.id, &applying(Release::Release))
            .await
    }

    /// Plans and carries out, all of which goes well.
    pub async fn run(&self) -> Run {
        let planned = self.plan().await;
        assert!(planned.held.is_empty(), "{:?}", planned.held);
        if planned.state == RunState::Done {
            return planned;
        }
        let applied = self.apply(&planned).await.unwrap();
        assert_eq!(applied.state, RunState::Done, "{:?}", applied.error);
        applied
    }

    /// The plan of a run. Accounts are left out of it, since their ids are new in every directory.
    pub async fn changes(&self, run: RunId) -> Vec<Change> {
        let store = self.engine.store();
        let changes = store.changes(run, None, u32::MAX).await.unwrap();
        changes
            .into_iter()
            .map(|(_, change)| Change {
                account: None,
                ..change
            })
            .collect()
    }

    /// Every account of the directory.
    pub async fn accounts(&self) -> (Arc<Dictionary>, Vec<Account>) {
        let dictionary = Arc::new(Dictionary::new(LISTED.map(Into::into)));
        let base = Dn::parse(BASE).unwrap();
        let directory = LocalDirectory::new(self.engine.store().clone(), DIRECTORY, base);
        let mut accounts: Vec<Account> = Vec::new();
        let completeness = directory.read(&dictionary, &mut accounts).await.unwrap();
        let count = accounts.len() as u64;
        assert_eq!(completeness, Completeness::Complete { count });
        accounts.sort_by(|one, other| one.id.cmp(&other.id));
        (dictionary, accounts)
    }

    /// The whole directory as text, with everything that is known of each account.
    pub async fn listing(&self) -> String {
        let (dictionary, accounts) = self.accounts().await;
        let mut text = String::new();
        for account in &accounts {
            writeln!(text, "{} {} {:?}", account.id, account.dn, account.access).unwrap();
            for (index, value) in account.attributes.iter() {
                writeln!(text, "  {}: {value}", dictionary.name(index).unwrap()).unwrap();
            }
        }
        text
    }

    /// Somebody's account: where it is, whether it can be used, and its groups.
    pub async fn account(&self, person: &str) -> (String, Access, Vec<String>) {
        let (dictionary, accounts) = self.accounts().await;
        let (id, groups) = (
            dictionary.index("employeeID").unwrap(),
            dictionary.index("memberOf").unwrap(),
        );
        let account = accounts
            .iter()
            .find(|account| account.attributes.first(id) == Some(person))
            .unwrap();
        let groups = account.attributes.get(groups).map(str::to_owned).collect();
        (account.dn.to_string(), account.access, groups)
    }

    /// Everybody who was ever fetched, and whether they count as gone.
    pub async fn known(&self) -> Vec<(PersonKey, bool)> {
        let records = self.engine.store().known_records(SOURCE).await.unwrap();
        records
            .into_iter()
            .map(|record| (record.key, record.gone))
            .collect()
    }

    /// A text without the simulator's address, which is another one each time.
    pub fn plain(&self, text: &str) -> String {
        text.replace(&self.sim.url(), ADDRESS)
            .replace(self.sim.url().trim_start_matches("http://"), "jumpcloud")
    }
}

/// The address of a database with nothing in it.
pub fn fresh(on: On, folder: &Path) -> String {
    match on {
        On::Sqlite => format!("sqlite:{}", folder.join("tenure.db").display()),
        On::Postgres => tenure_lab::Postgres::shared().unwrap().fresh_database().unwrap(),
    }
}

/// An engine on a database.
pub async fn open(url: &str, folder: &Path, now: Timestamp) -> Engine {
    let store = Store::open(url).await.unwrap();
    let key = VaultKey::from_text(VAULT_KEY).unwrap();
    let vault = Vault::open(&store, &key).await.unwrap();
    Engine::new(store, Arc::new(vault), folder.to_owned(), Clock::Fixed(now))
}

/// Planning that somebody watches.
pub fn watched(watch: Arc<dyn Watch>) -> PlanOptions {
    PlanOptions {
        started_by: "a test".to_owned(),
        fetch: Wish::default(),
        watch,
    }
}

/// Planning that nobody watches.
pub fn unwatched() -> PlanOptions {
    watched(Arc::new(Unwatched))
}

/// Carrying out that nobody watches or stops.
pub fn applying(release: Release) -> ApplyOptions {
    ApplyOptions {
        release,
        watch: Arc::new(Unwatched),
        stop: Stop::new(),
        in_doubt: InDoubtCalls::Ask,
    }
}
