//! Runs that ask Microsoft 365 only for what changed.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use rstest::rstest;
use tempfile::TempDir;
use tenure_connect::directory::Microsoft365;
use tenure_connect::source::Environment;
use tenure_core::account::AccountId;
use tenure_core::action::Action;
use tenure_core::compile::lookups;
use tenure_core::dn::Dn;
use tenure_core::document::Documents;
use tenure_core::fetching::Wish;
use tenure_core::microsoft365::account_dn;
use tenure_core::outcome::Outcome;
use tenure_core::seams::{AccountRef, Attempt, Directory as _, Secrets, Write};
use tenure_core::secret::Secret;
use tenure_core::watching::DirectoryRead;
use tenure_engine::{Engine, PlanOptions, Release, Unwatched};
use tenure_sim::population::State;
use tenure_sim::{Graph, GraphOptions};
use tenure_store::{Run, RunState, Vault, VaultKey};

use crate::company::{On, VAULT_KEY, applying, documents, open, people};

const AUTOMATION: &str = "cloud-from-file";
const ENTRA: &str = "entra-planted-4c11";
const DOCUMENTS: &str = r#"
kind: data_source
name: people
file: { path: people.jsonl, primary_key: id }
attributes:
  employeeID: id
  title: title
---
kind: directory
name: cloud
type: microsoft365
tenant: northwind.test
authorization: { client_id: tenure, client_secret: "{{ secret('entra') }}" }
addresses: { login: URL, graph: URL, exchange: URL }
private_addresses: allowed
---
kind: automation
name: cloud-from-file
source: people
directory: cloud
correlate: [employeeID]
rules:
  mover:
    - modify_attributes: all
    - add_to_groups: CN=Everybody
      when: "title == 'Rector'"
"#;

/// A tenant whose users are in a file, of whom five are rectors.
struct University {
    graph: Graph,
    engine: Engine,
    documents: Documents,
    /// Everybody in the file, by id in the tenant and name.
    users: Vec<AccountRef>,
    _folder: TempDir,
}

impl University {
    async fn start(on: On, size: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = GraphOptions::new(people(size), "northwind.test", "tenure", ENTRA);
        let graph = Graph::start(options).await.unwrap();
        let (lines, users) = graph.population(|all| {
            let (mut lines, mut users) = (String::new(), Vec::new());
            for person in all.people().filter(|person| person.state() == State::Active) {
                let title = if users.len() < 5 {
                    Some("Rector")
                } else {
                    person.job_title()
                };
                let line = serde_json::json!({ "id": person.employee_identifier(), "title": title });
                writeln!(lines, "{line}").unwrap();
                users.push(AccountRef {
                    id: AccountId::new(&person.object_id()),
                    dn: account_dn(&person.email()),
                });
            }
            (lines, users)
        });
        std::fs::write(folder.path().join("people.jsonl"), lines).unwrap();
        let database = match on {
            On::Sqlite => format!("sqlite:{}", folder.path().join("tenure.db").display()),
            On::Postgres => tenure_lab::Postgres::shared().unwrap().fresh_database().unwrap(),
        };
        let now = "2026-01-05T08:00:00Z".parse().unwrap();
        let engine = open(&database, folder.path(), now).await;
        let vault = engine.vault();
        let sealed = vault.seal("entra", &Secret::new(ENTRA.to_owned())).unwrap();
        vault.save(&[sealed], now).await.unwrap();
        let university = Self {
            documents: documents(&DOCUMENTS.replace("URL", &graph.url())),
            graph,
            engine,
            users,
            _folder: folder,
        };
        for at in 0..5 {
            university.entitle(at, "Rector");
        }
        university
    }

    /// Gives somebody a title, as somebody else than Tenure.
    fn entitle(&self, at: usize, title: &str) {
        let fields = serde_json::json!({ "jobTitle": title });
        self.graph
            .set(self.users[at].id.as_str(), fields.as_object().unwrap().clone());
    }

    /// Takes somebody out of the group, as somebody else than Tenure.
    async fn take_out(&self, at: usize) {
        let key = VaultKey::from_text(VAULT_KEY).unwrap();
        let vault = Vault::open(self.engine.store(), &key).await.unwrap();
        let secrets: Arc<dyn Secrets> = Arc::new(vault);
        let environment = Environment {
            variables: tenure_connect::source::Variables::default(),
            manners: tenure_connect::http::Manners::default(),
            folder: ".".into(),
            lookups: lookups(&self.documents),
            now: Arc::new(Timestamp::now),
        };
        let document = self.documents.directory("cloud").unwrap();
        let directory = Microsoft365::new(document, &secrets, &environment).unwrap();
        let group = Dn::parse("CN=Everybody").unwrap();
        let applied = directory
            .apply(vec![Write {
                target: Some(self.users[at].clone()),
                action: Action::RemoveFromGroups { group },
                password: None,
                attempt: Attempt::First,
            }])
            .await;
        assert_eq!(applied[0].outcome, Outcome::Verified);
    }

    async fn plan(&self, fetch: Wish) -> Run {
        let options = PlanOptions {
            started_by: "a test".to_owned(),
            fetch,
            watch: Arc::new(Unwatched),
        };
        self.engine
            .plan(&self.documents, AUTOMATION, &options)
            .await
            .unwrap()
    }

    async fn apply(&self, run: &Run) -> Run {
        let options = applying(Release::Release);
        self.engine
            .apply(&self.documents, run.id, &options)
            .await
            .unwrap()
    }
}

fn changes(changed: u64, gone: u64) -> DirectoryRead {
    DirectoryRead::Changes { changed, gone }
}

fn whole(why: &str) -> DirectoryRead {
    DirectoryRead::WholeBecause { why: why.to_owned() }
}

#[rstest]
#[tokio::test]
async fn fifty_changes_among_ten_thousand_users_are_read_and_nobody_else(
    #[values(On::Sqlite, On::Postgres)] on: On,
) {
    let university = University::start(on, 10_000).await;
    let first = university.plan(Wish::AsDocumented).await;
    assert_eq!(first.summary.directory_read, DirectoryRead::Whole);
    assert_eq!(university.apply(&first).await.state, RunState::Done);
    assert!(university.graph.entries() >= 10_000);
    let settled = university.plan(Wish::AsDocumented).await;
    assert_eq!(settled.summary.directory_read, changes(5, 0));
    assert_eq!((settled.state, settled.summary.plan.changes), (RunState::Done, 0));

    for at in 5..50 {
        university.entitle(at * 150, "Porter");
    }
    for at in 0..5 {
        university.take_out(at).await;
    }
    let before = (university.graph.entries(), university.graph.requests());
    let planned = university.plan(Wish::AsDocumented).await;
    let entries = university.graph.entries() - before.0;
    let requests = university.graph.requests() - before.1;
    assert_eq!(planned.summary.directory_read, changes(50, 0));
    assert_eq!(planned.summary.plan.changes, 50);
    assert!(entries < 200, "{entries} users were read");
    assert!(requests < 20, "{requests} requests");

    // A whole reading comes to the same plan.
    let again = university.plan(Wish::Everything).await;
    assert_eq!(again.summary.directory_read, whole("asked for"));
    assert_eq!(again.plan_digest, planned.plan_digest);

    // What Tenure itself writes comes back as a change, and is none.
    assert_eq!(university.apply(&again).await.state, RunState::Done);
    let settled = university.plan(Wish::AsDocumented).await;
    assert_eq!(settled.summary.directory_read, changes(50, 0));
    assert_eq!((settled.state, settled.summary.plan.changes), (RunState::Done, 0));
}
