//! Everything against both databases.

mod changes;
mod fetches;
mod journal;
mod leases;
mod links;
mod local;
mod readings;
mod records;
mod runs;
mod vault;

use jiff::Timestamp;
use tempfile::TempDir;
use tenure_core::account::{Access, AccountId};
use tenure_core::action::{Action, AttributeChange, AttributeValues};
use tenure_core::dn::Dn;
use tenure_core::link::{InSync, Link, LinkState};
use tenure_core::plan::{Change, Counts, Event, Operation, Reason};
use tenure_core::profile::{PersonKey, RecordHash};

use crate::{ChangeRow, Claim, Lease, LinkRow, NewRun, RunId, RunState, RunSummary, Store, StoredLink};

/// Which database a test is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    Sqlite,
    Postgres,
}

/// An empty database, gone with the value.
struct Fresh {
    store: Store,
    url: String,
    folder: TempDir,
}

impl On {
    async fn fresh(self) -> Fresh {
        let folder = tempfile::tempdir().unwrap();
        let url = match self {
            Self::Sqlite => format!("sqlite:{}", folder.path().join("tenure.db").display()),
            Self::Postgres => tenure_lab::Postgres::shared().unwrap().fresh_database().unwrap(),
        };
        Fresh {
            store: Store::open(&url).await.unwrap(),
            url,
            folder,
        }
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn key(text: &str) -> PersonKey {
    PersonKey::new(text).unwrap()
}

fn dn(text: &str) -> Dn {
    Dn::parse(text).unwrap()
}

fn link(person: &str, account: &str, state: LinkState) -> StoredLink {
    let in_sync = (state == LinkState::Active).then_some(InSync {
        record: RecordHash(u64::MAX),
        account: 1 << 63,
        documents: 7,
        until: Timestamp::MAX,
    });
    let matched = "mail is the\u{1f} same".to_owned();
    let link = Link {
        key: key(person),
        account: AccountId::new(account),
        state,
        since: at(1),
        matched,
        in_sync,
        memory: None,
    };
    StoredLink {
        link,
        dn: dn(&format!("CN={person},DC=test")),
    }
}

fn row(link: StoredLink) -> LinkRow<'static> {
    LinkRow {
        source: "hr",
        directory: "ad",
        link,
    }
}

fn operation(action: Action) -> Operation {
    Operation::write(action, "rules.joiner step 1")
}

fn modify(name: &str, before: &[&str], after: &[&str]) -> Action {
    let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    let change = AttributeChange {
        name: name.into(),
        before: owned(before),
        after: owned(after),
    };
    Action::ModifyAttributes {
        changes: vec![change],
    }
}

fn create(name: &str, values: &[(&str, &str)]) -> Action {
    Action::CreateAccount {
        dn: dn(&format!("CN={name},OU=People,DC=test")),
        attributes: values
            .iter()
            .map(|(name, value)| AttributeValues {
                name: (*name).into(),
                values: vec![(*value).to_owned()],
            })
            .collect(),
        password: None,
        access: Access::Enabled,
    }
}

/// A change that creates an account, puts it in two groups, and switches it off.
fn change(person: &str) -> Change {
    Change {
        person: key(person),
        name: "Ada Byrne".to_owned(),
        event: Event::Joiner,
        reason: Reason::NoAccount,
        account: None,
        dn: None,
        matched: None,
        then: LinkState::Active,
        operations: vec![
            operation(create(person, &[("mail", "ada@test")])),
            operation(Action::AddToGroups {
                group: dn("CN=A,DC=test"),
            }),
            operation(Action::AddToGroups {
                group: dn("CN=B,DC=test"),
            }),
            operation(Action::Disable),
        ],
        later: Vec::new(),
        tell: Vec::new(),
        record: Some(RecordHash(3)),
    }
}

/// A change of an account that is there already.
fn mover(person: &str) -> Change {
    let mut change = change(person);
    change.event = Event::Mover;
    change.account = Some(AccountId::new(person));
    if let Some(first) = change.operations.first_mut() {
        *first = operation(Action::Enable);
    }
    change
}

/// A change that calls two webhooks beside what it does to the account.
fn calling(person: &str) -> Change {
    let call = |webhook: &str| {
        operation(Action::CallWebhook {
            application: "desk".to_owned(),
            webhook: webhook.to_owned(),
            with: Vec::new(),
        })
    };
    let mut change = mover(person);
    change.operations = vec![operation(Action::Enable), call("open"), call("close")];
    change
}

async fn start(store: &Store, second: i64) -> RunId {
    let new = NewRun {
        automation: "staff",
        started_by: "a test",
        clock: at(second),
        documents: "d1",
    };
    store.start_run(new, at(second)).await.unwrap()
}

/// A run whose plan has a change for each person.
async fn planned(store: &Store, second: i64, people: &[&str]) -> RunId {
    planned_changes(
        store,
        second,
        people.iter().map(|person| change(person)).collect(),
    )
    .await
}

async fn planned_changes(store: &Store, second: i64, changes: Vec<Change>) -> RunId {
    let run = start(store, second).await;
    let mut writer = store.plan_writer(run).await.unwrap();
    let rows = changes
        .iter()
        .zip(0..)
        .map(|(change, seq)| ChangeRow::of(seq, change).unwrap());
    writer.write(rows.collect()).await.unwrap();
    let summary = RunSummary {
        people: changes.len() as u64,
        ..RunSummary::default()
    };
    let counts = Counts {
        creates: changes.len() as u64,
        ..Counts::default()
    };
    writer
        .finish("p1", counts, &summary, RunState::Planned, &[], at(1))
        .await
        .unwrap();
    run
}

async fn lease(store: &Store) -> Lease {
    match store.claim("staff").await.unwrap() {
        Claim::Held(lease) => lease,
        Claim::Taken { by, until } => panic!("taken by {by} until {until}"),
    }
}
