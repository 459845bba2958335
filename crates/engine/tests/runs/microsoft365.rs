//! Whole runs from a simulated JumpCloud into a simulated Microsoft 365.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use tempfile::TempDir;
use tenure_connect::directory::Microsoft365;
use tenure_connect::source::Environment;
use tenure_core::account::{Access, Account};
use tenure_core::action::ActionKind;
use tenure_core::attribute::Dictionary;
use tenure_core::compile::lookups;
use tenure_core::document::{Documents, Severity, load};
use tenure_core::plan::{Change, Event};
use tenure_core::seams::{Directory as _, Secrets};
use tenure_core::secret::Secret;
use tenure_engine::{ApplyOptions, Clock, Engine, InDoubtCalls, Release, Stop, Unwatched};
use tenure_sim::faults::AnswerFault;
use tenure_sim::population::{Person, Whom};
use tenure_sim::{Faults, Graph, GraphOptions, JumpCloud, JumpCloudOptions, Population};
use tenure_store::{Run, RunState, Store, Vault, VaultKey};

use crate::company::{API_KEY, On, VAULT_KEY, applying, people, watched};
use crate::watching::StopAtFirstOutcome;

const AUTOMATION: &str = "cloud-from-jumpcloud";
const ENTRA: &str = "entra-planted-4c11";
const PERSON: &str = "E-100007";

struct Cloud {
    people: JumpCloud,
    graph: Graph,
    engine: Engine,
    documents: Documents,
    vault: Arc<Vault>,
    now: Timestamp,
    _folder: TempDir,
}

impl Cloud {
    /// These people, and a tenant with nobody in it.
    async fn start(on: On, population: Population) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let people = JumpCloud::start(JumpCloudOptions::new(population, API_KEY))
            .await
            .unwrap();
        let nobody = Population::generate(0, 1);
        let graph = Graph::start(GraphOptions::new(nobody, "northwind.test", "tenure", ENTRA))
            .await
            .unwrap();
        let text = include_str!("microsoft365.yaml")
            .replace("http://jumpcloud", &people.url())
            .replace("http://graph", &graph.url());
        let (documents, problems) = load(&[("cloud.yaml".to_owned(), text)]);
        assert!(
            !problems.iter().any(|problem| problem.severity == Severity::Error),
            "{problems:?}"
        );
        let now: Timestamp = "2026-01-05T08:00:00Z".parse().unwrap();
        let url = match on {
            On::Sqlite => format!("sqlite:{}", folder.path().join("tenure.db").display()),
            On::Postgres => tenure_lab::Postgres::shared().unwrap().fresh_database().unwrap(),
        };
        let store = Store::open(&url).await.unwrap();
        let vault = Vault::open(&store, &VaultKey::from_text(VAULT_KEY).unwrap())
            .await
            .unwrap();
        for (name, value) in [("jumpcloud", API_KEY), ("entra", ENTRA)] {
            let sealed = vault.seal(name, &Secret::new(value.to_owned())).unwrap();
            vault.save(&[sealed], now).await.unwrap();
        }
        let vault = Arc::new(vault);
        let engine = Engine::new(
            store,
            Arc::clone(&vault),
            folder.path().to_owned(),
            Clock::Fixed(now),
        );
        Self {
            people,
            graph,
            engine,
            documents,
            vault,
            now,
            _folder: folder,
        }
    }

    fn pass(&mut self, time: SignedDuration) {
        self.now = self.now.checked_add(time).unwrap();
        self.engine = self.engine.at(Clock::Fixed(self.now));
    }

    async fn plan(&self) -> Run {
        self.engine
            .plan(&self.documents, AUTOMATION, &watched(Arc::new(Unwatched)))
            .await
            .unwrap()
    }

    /// Plans and carries out, all of which goes well.
    async fn run(&self) -> Run {
        let planned = self.plan().await;
        assert!(planned.held.is_empty(), "{:?}", planned.held);
        if planned.state == RunState::Done {
            return planned;
        }
        let options = applying(Release::Keep);
        let applied = self
            .engine
            .apply(&self.documents, planned.id, &options)
            .await
            .unwrap();
        if applied.state != RunState::Done {
            let journal = self.engine.store().journal(planned.id).await.unwrap();
            let bad = journal.iter().filter(|entry| {
                let text = format!("{entry:?}");
                !text.contains("Intent") && !text.contains("Verified")
            });
            panic!("{:?}: {:#?}", applied.error, bad.take(3).collect::<Vec<_>>());
        }
        applied
    }

    async fn nothing_to_do(&self) {
        let again = self.plan().await;
        let changes = self.changes(&again).await;
        assert_eq!(
            (again.state, again.summary.plan.changes),
            (RunState::Done, 0),
            "{changes:?}"
        );
    }

    async fn changes(&self, run: &Run) -> Vec<Change> {
        let changes = self.engine.store().changes(run.id, None, u32::MAX).await.unwrap();
        changes.into_iter().map(|(_, change)| change).collect()
    }

    async fn accounts(&self) -> (Arc<Dictionary>, Vec<Account>) {
        let secrets: Arc<dyn Secrets> = Arc::clone(&self.vault) as _;
        let environment = Environment {
            variables: tenure_connect::source::Variables::default(),
            manners: tenure_connect::http::Manners::default(),
            folder: ".".into(),
            lookups: lookups(&self.documents),
            now: Arc::new(Timestamp::now),
        };
        let document = self.documents.directory("cloud").unwrap();
        let directory = Microsoft365::new(document, &secrets, &environment).unwrap();
        let names = ["employeeID", "memberOf", "assignedLicenses", "department"];
        let dictionary = Arc::new(Dictionary::new(names.map(Into::into)));
        let mut accounts: Vec<Account> = Vec::new();
        directory.read(&dictionary, &mut accounts).await.unwrap();
        (dictionary, accounts)
    }

    /// Who is an engineer. They have the licence of everybody and that of engineers, all others only the first.
    async fn engineers_have_both_licences(&self) -> Vec<String> {
        let (dictionary, accounts) = self.accounts().await;
        let index = |name: &str| dictionary.index(name).unwrap();
        let mut engineers = Vec::new();
        for account in &accounts {
            let is_engineer = account.attributes.first(index("department")) == Some("Information Technology");
            let licences = account.attributes.get(index("assignedLicenses"));
            let mut names: Vec<&str> = licences.filter_map(|licence| licence.split(' ').next()).collect();
            names.sort_unstable();
            let wanted: &[&str] = if is_engineer {
                &["FLOW_FREE", "SPE_E3"]
            } else {
                &["SPE_E3"]
            };
            assert_eq!(names, wanted, "{}", account.dn);
            if is_engineer {
                engineers.push(account.dn.to_string());
            }
        }
        engineers
    }

    /// Whether somebody can sign in, with how many groups and licences.
    async fn account(&self, person: &str) -> (Access, usize, usize) {
        let (dictionary, accounts) = self.accounts().await;
        let count =
            |account: &Account, name: &str| account.attributes.get(dictionary.index(name).unwrap()).count();
        let id = dictionary.index("employeeID").unwrap();
        let mut theirs = accounts
            .iter()
            .filter(|account| account.attributes.first(id) == Some(person));
        let account = theirs.next().unwrap();
        assert!(theirs.next().is_none(), "{person} has two accounts");
        (
            account.access,
            count(account, "memberOf"),
            count(account, "assignedLicenses"),
        )
    }
}

#[rstest]
#[tokio::test]
async fn messy_people_get_users_although_the_service_throttles_and_then_nothing_is_left_to_do(
    #[values(On::Sqlite, On::Postgres)] on: On,
) {
    let mut cloud = Cloud::start(on, Population::generate(200, 1)).await;
    cloud.graph.faults(Faults {
        answer: Some(AnswerFault::TooManyRequests { retry_after: Some(0) }),
        after: 8,
        times: Some(12),
        ..Faults::default()
    });
    let run = cloud.run().await;
    cloud.graph.faults(Faults::default());
    assert!(run.applied.creates > 120, "{:?}", run.applied);
    let (dictionary, accounts) = cloud.accounts().await;
    assert_eq!(accounts.len() as u64, run.applied.creates);
    let licences = dictionary.index("assignedLicenses").unwrap();
    assert!(
        accounts
            .iter()
            .all(|account| account.attributes.first(licences).is_some())
    );
    cloud.nothing_to_do().await;
    for seed in 1..=3 {
        assert!(!cloud.people.day(seed).is_empty());
        cloud.pass(SignedDuration::from_hours(24));
        let run = cloud.run().await;
        assert!(run.summary.plan.changes > 0);
        cloud.nothing_to_do().await;
    }
}

#[rstest]
#[tokio::test]
async fn a_leaver_loses_sessions_and_licences_and_comes_back_even_after_the_deletion(
    #[values(On::Sqlite, On::Postgres)] on: On,
) {
    let mut cloud = Cloud::start(on, people(20)).await;
    cloud.run().await;
    let home = cloud.account(PERSON).await;
    assert_eq!((home.0, home.2), (Access::Enabled, 1));

    let whom = Whom::Employee(PERSON.to_owned());
    cloud.people.population(|all| all.terminate(&whom, 1)).unwrap();
    let run = cloud.run().await;
    let kinds: Vec<ActionKind> = cloud
        .changes(&run)
        .await
        .iter()
        .flat_map(|change| &change.operations)
        .map(|operation| operation.action.kind())
        .collect();
    assert_eq!(
        kinds[..5],
        [
            ActionKind::Disable,
            ActionKind::RevokeSessions,
            ActionKind::SetAutoReply,
            ActionKind::ConvertMailbox,
            ActionKind::RevokeLicences
        ]
    );
    assert_eq!(cloud.account(PERSON).await, (Access::Disabled, 0, 0));
    cloud.nothing_to_do().await;

    // Back after a day: once more all that the rule says, and then nothing.
    cloud.pass(SignedDuration::from_hours(24));
    cloud.people.population(|all| *all = people(20));
    let run = cloud.run().await;
    let changes = cloud.changes(&run).await;
    assert_eq!((changes.len(), changes[0].event), (1, Event::Rehire));
    assert_eq!(cloud.account(PERSON).await, (Access::Enabled, 1, 1));
    cloud.nothing_to_do().await;

    // Gone for so long that the user was deleted, and back in time to be restored.
    cloud.people.population(|all| all.terminate(&whom, 1)).unwrap();
    cloud.run().await;
    cloud.pass(SignedDuration::from_hours(24 * 30));
    assert_eq!(cloud.run().await.applied.deletes, 1);
    assert_eq!(cloud.accounts().await.1.len(), 19);
    cloud.pass(SignedDuration::from_hours(24));
    cloud.people.population(|all| *all = people(20));
    let run = cloud.run().await;
    let changes = cloud.changes(&run).await;
    assert_eq!(
        changes[0].operations[0].action.sentence(),
        "restore the deleted account"
    );
    assert_eq!(cloud.account(PERSON).await.0, Access::Disabled);
    cloud.run().await;
    assert_eq!(cloud.account(PERSON).await, (Access::Enabled, 1, 1));
    cloud.nothing_to_do().await;
}

#[tokio::test]
async fn licences_of_the_template_follow_the_department() {
    let cloud = Cloud::start(On::Sqlite, people(60)).await;
    cloud.run().await;
    let engineers = cloud.engineers_have_both_licences().await;
    assert!((1..60).contains(&engineers.len()), "{engineers:?}");
    cloud.people.population(|all| {
        let everybody: Vec<String> = all.people().filter_map(Person::employee_identifier).collect();
        for (person, seed) in everybody.into_iter().zip(1..) {
            all.transfer(&Whom::Employee(person), seed).unwrap();
        }
    });
    cloud.run().await;
    let now = cloud.engineers_have_both_licences().await;
    assert!(
        engineers.iter().any(|person| !now.contains(person)),
        "nobody left"
    );
    assert!(
        now.iter().any(|person| !engineers.contains(person)),
        "nobody came"
    );
    cloud.nothing_to_do().await;
}

#[tokio::test]
async fn a_run_that_is_stopped_or_loses_answers_makes_nobody_twice() {
    let cloud = Cloud::start(On::Sqlite, people(300)).await;
    let run = cloud.plan().await;
    let stop = Stop::new();
    let options = ApplyOptions {
        in_doubt: InDoubtCalls::Ask,
        release: Release::Keep,
        watch: Arc::new(StopAtFirstOutcome(stop.clone())),
        stop,
    };
    let stopped = cloud
        .engine
        .apply(&cloud.documents, run.id, &options)
        .await
        .unwrap();
    assert_eq!(stopped.state, RunState::Interrupted);
    // The answers to some of the next requests are lost on the way.
    cloud.graph.faults(Faults {
        answer: Some(AnswerFault::CutConnection {}),
        after: 3,
        times: Some(2),
        ..Faults::default()
    });
    let options = applying(Release::Keep);
    let done = cloud
        .engine
        .apply(&cloud.documents, run.id, &options)
        .await
        .unwrap();
    assert_eq!(
        (done.state, done.applied.creates),
        (RunState::Done, 300),
        "{:?}",
        done.error
    );
    assert_eq!(cloud.accounts().await.1.len(), 300);
    cloud.nothing_to_do().await;
}
