//! Fetching only what changed: whatever happens to people, the plan is the one that fetching everything gives.

use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use tempfile::TempDir;
use tenure_core::document::{Documents, Severity, load};
use tenure_core::fetching::Wish;
use tenure_core::plan::{Change, HoldKind};
use tenure_core::secret::Secret;
use tenure_engine::{Clock, Engine, EngineError, PlanOptions, Release, Unwatched};
use tenure_sim::faults::AnswerFault;
use tenure_sim::population::{EventKind, Whom};
use tenure_sim::{Atera, AteraOptions, Faults, Graph, GraphOptions};
use tenure_sim::{Population, PopulationOptions};
use tenure_store::{Run, RunState, Store, Vault, VaultKey};

use crate::company::{On, VAULT_KEY, applying, people};

const KEY: &str = "k3y-planted-77aa01";

/// One side of the comparison: an engine with a database and directory of its own.
pub struct Side {
    pub engine: Engine,
    pub documents: Documents,
    pub now: Timestamp,
    pub folder: TempDir,
}

impl Side {
    pub async fn open(on: On, text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = match on {
            On::Sqlite => format!("sqlite:{}", folder.path().join("tenure.db").display()),
            On::Postgres => tenure_lab::Postgres::shared().unwrap().fresh_database().unwrap(),
        };
        let store = Store::open(&url).await.unwrap();
        let key = VaultKey::from_text(VAULT_KEY).unwrap();
        let vault = Vault::open(&store, &key).await.unwrap();
        let sealed = vault.seal("key", &Secret::new(KEY.to_owned())).unwrap();
        let now = Timestamp::now();
        vault.save(&[sealed], now).await.unwrap();
        let folder_path: &Path = folder.path();
        let engine = Engine::new(store, Arc::new(vault), folder_path.to_owned(), Clock::Fixed(now));
        Self {
            engine,
            documents: documents(text),
            now,
            folder,
        }
    }

    pub fn at(&mut self, now: Timestamp) {
        self.now = now;
        self.engine = self.engine.at(Clock::Fixed(now));
    }

    pub async fn try_plan(&self, fetch: Wish) -> Result<Run, EngineError> {
        let options = PlanOptions {
            started_by: "a test".to_owned(),
            fetch,
            watch: Arc::new(Unwatched),
        };
        self.engine.plan(&self.documents, "keep", &options).await
    }

    pub async fn plan(&self, fetch: Wish) -> Run {
        self.try_plan(fetch).await.unwrap()
    }

    pub async fn apply(&self, run: &Run) {
        if run.state == RunState::Done {
            return;
        }
        assert_eq!(run.state, RunState::Planned, "{:?}", run.held);
        let done = self
            .engine
            .apply(&self.documents, run.id, &applying(Release::Keep))
            .await
            .unwrap();
        assert_eq!(done.state, RunState::Done, "{:?}", done.error);
    }

    /// What the plan changes, in the order of people, without what is of one database only.
    pub async fn changes(&self, run: &Run) -> Vec<Change> {
        let changes = self.engine.store().changes(run.id, None, u32::MAX).await.unwrap();
        let mut changes: Vec<Change> = changes
            .into_iter()
            .map(|(_, change)| Change {
                account: None,
                ..change
            })
            .collect();
        changes.sort_by(|one, other| one.person.cmp(&other.person));
        changes
    }

    pub async fn findings(&self, run: &Run) -> String {
        let findings = self
            .engine
            .store()
            .findings(run.id, None, u32::MAX)
            .await
            .unwrap();
        let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
        lines.join("\n")
    }
}

pub fn documents(text: &str) -> Documents {
    let (documents, problems) = load(&[("parts.yaml".to_owned(), text.to_owned())]);
    let errors: Vec<String> = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .map(ToString::to_string)
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    documents
}

fn text(source: &str, url: &str) -> String {
    include_str!("parts.yaml")
        .replace("SOURCE", source)
        .replace("http://vendor", url)
}

/// The second in which something happens must be over before it counts as told: the vendor counts whole seconds.
fn events(seed: u64, kinds: &[EventKind]) -> Vec<(EventKind, u64)> {
    // A small generator of its own, so that a failure can be repeated.
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let count = next() % 5;
    (0..count)
        .map(|_| {
            (
                kinds[usize::try_from(next() % kinds.len() as u64).unwrap()],
                next(),
            )
        })
        .collect()
}

async fn same_plans(parts: &mut Side, whole: &mut Side, seed: u64) -> Run {
    let now = Timestamp::now().max(parts.now);
    parts.at(now);
    whole.at(now);
    let of_parts = parts.plan(Wish::AsDocumented).await;
    let of_whole = whole.plan(Wish::Everything).await;
    assert_eq!(of_whole.summary.since, None);
    assert_eq!(
        parts.changes(&of_parts).await,
        whole.changes(&of_whole).await,
        "seed {seed}: {:?}",
        of_parts.summary
    );
    assert_eq!(of_parts.summary.filled, of_whole.summary.filled, "seed {seed}");
    // Carried out only now and then: a plan that was given up comes again.
    if !seed.is_multiple_of(3) {
        parts.apply(&of_parts).await;
        whole.apply(&of_whole).await;
    }
    of_parts
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changed_since_the_greatest_date_gives_the_plan_of_everything(
    #[values(On::Sqlite, On::Postgres)] on: On,
) {
    let sim = Atera::start(AteraOptions::new(people(80), KEY)).await.unwrap();
    let text = text("people", &sim.url());
    let (mut parts, mut whole) = (Side::open(on, &text).await, Side::open(on, &text).await);
    let first = same_plans(&mut parts, &mut whole, 1).await;
    assert_eq!((first.summary.since, first.summary.fetched), (None, 80));
    let kinds = [
        EventKind::Hire,
        EventKind::Move,
        EventKind::Rename,
        EventKind::Terminate,
    ];
    let mut partly = 0;
    for seed in 2..20 {
        for (kind, seed) in events(seed, &kinds) {
            let _ = sim.event(kind, Whom::Anyone, seed);
        }
        let run = same_plans(&mut parts, &mut whole, seed).await;
        assert!(run.summary.since.is_some(), "seed {seed}");
        partly += u64::from(run.summary.fetched < 40);
    }
    assert!(partly > 10, "{partly} runs brought only a part");

    // Somebody whose record is taken away is told of by everything only, which is fetched every day.
    sim.event(EventKind::Remove, Whom::Anyone, 7).unwrap();
    let run = parts.plan(Wish::AsDocumented).await;
    assert_eq!(
        parts
            .changes(&run)
            .await
            .iter()
            .filter(|change| change.record.is_none())
            .count(),
        0
    );
    parts.apply(&run).await;
    parts.at(parts.now + SignedDuration::from_hours(25));
    let run = parts.plan(Wish::AsDocumented).await;
    assert_eq!(run.summary.since, None);
    assert_eq!(
        parts
            .changes(&run)
            .await
            .iter()
            .filter(|change| change.record.is_none())
            .count(),
        1
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_delta_link_tells_gives_the_plan_of_everything(#[values(On::Sqlite, On::Postgres)] on: On) {
    let sim = Graph::start(GraphOptions::new(people(250), "contoso", "tenure", KEY))
        .await
        .unwrap();
    let text = text("users", &sim.url());
    let (mut parts, mut whole) = (Side::open(on, &text).await, Side::open(on, &text).await);
    let first = same_plans(&mut parts, &mut whole, 1).await;
    assert_eq!((first.summary.since, first.summary.fetched), (None, 250));
    let kinds = [
        EventKind::Hire,
        EventKind::Move,
        EventKind::Rename,
        EventKind::Terminate,
        EventKind::Remove,
    ];
    let (mut removed, mut quiet) = (0, 0);
    for seed in 2..20 {
        for (kind, seed) in events(seed, &kinds) {
            let _ = sim.event(kind, Whom::Anyone, seed);
        }
        if seed == 11 {
            // Graph forgets after a week, and answers 410.
            sim.forget_deltas();
        }
        let run = same_plans(&mut parts, &mut whole, seed).await;
        assert_eq!(run.summary.since.is_none(), seed == 11, "seed {seed}");
        let findings = parts.findings(&run).await;
        assert_eq!(
            findings.contains("everything was fetched"),
            seed == 11,
            "{findings}"
        );
        removed += findings.matches("` was removed").count();
        quiet += u64::from(run.summary.fetched == 0);
        assert!(run.held.is_empty(), "{:?}", run.held);
    }
    assert!(removed > 3, "{removed} were removed");
    assert!(quiet > 0, "an empty answer is no trouble");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_held_or_fails_is_not_taken_as_seen(#[values(On::Sqlite, On::Postgres)] on: On) {
    let sim = Graph::start(GraphOptions::new(people(30), "contoso", "tenure", KEY))
        .await
        .unwrap();
    let text = text("users", &sim.url());
    let mut side = Side::open(on, &text).await;
    let first = side.plan(Wish::AsDocumented).await;
    side.apply(&first).await;

    // Nobody may be disabled: the run is held, and what it fetched comes again.
    sim.event(EventKind::Remove, Whom::Anyone, 5).unwrap();
    sim.event(EventKind::Remove, Whom::Anyone, 6).unwrap();
    side.documents = documents(&text.replace("disables: \"100%\"", "disables: 0"));
    let held = side.plan(Wish::AsDocumented).await;
    assert_eq!(held.state, RunState::Held);
    assert_eq!(held.held[0].kind, HoldKind::Limit);
    let again = side.plan(Wish::AsDocumented).await;
    assert_eq!(again.summary.since, held.summary.since);
    assert_eq!(side.changes(&again).await.len(), 2);
    side.documents = documents(&text);
    sim.faults(Faults {
        answer: Some(AnswerFault::ServerError {}),
        ..Faults::default()
    });
    side.try_plan(Wish::AsDocumented).await.unwrap_err();
    sim.faults(Faults::default());
    let run = side.plan(Wish::AsDocumented).await;
    assert_eq!(side.changes(&run).await.len(), 2);
    side.apply(&run).await;
    let quiet = side.plan(Wish::AsDocumented).await;
    assert_eq!((quiet.state, quiet.summary.fetched), (RunState::Done, 0));

    // Another column is another question, which only everything answers.
    side.documents = documents(
        &text
            .replace(
                "  title: jobTitle\n  department: department\nlifecycle: { active: accountEnabled }",
                "  title: \"{{ jobTitle }}, {{ id }}\"\nlifecycle: { active: accountEnabled }",
            )
            .replace("department,accountEnabled", "accountEnabled"),
    );
    let other = side.plan(Wish::AsDocumented).await;
    assert_eq!((other.summary.since.clone(), other.summary.fetched), (None, 28));
    assert_eq!(side.changes(&other).await.len(), 28);
    side.apply(&other).await;

    // The same columns with another meaning need nobody to be fetched again.
    side.documents = documents(
        &text
            .replace(
                "  title: jobTitle\n  department: department\nlifecycle: { active: accountEnabled }",
                "  title: \"{{ id }}, {{ jobTitle }}\"\nlifecycle: { active: accountEnabled }",
            )
            .replace("department,accountEnabled", "accountEnabled"),
    );
    let turned = side.plan(Wish::AsDocumented).await;
    assert_eq!(turned.summary.fetched, 0);
    assert!(turned.summary.since.is_some());
    assert_eq!(side.changes(&turned).await.len(), 28);

    let full = side.plan(Wish::Everything).await;
    assert_eq!((full.summary.since.clone(), full.summary.fetched), (None, 28));
    assert_eq!(side.changes(&full).await.len(), 28);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn untidy_people_make_no_difference_either(#[values(On::Sqlite, On::Postgres)] on: On) {
    let population = Population::with_options(PopulationOptions {
        people: 60,
        ..PopulationOptions::default()
    });
    let sim = Graph::start(GraphOptions::new(population, "contoso", "tenure", KEY))
        .await
        .unwrap();
    let text = text("users", &sim.url());
    let (mut parts, mut whole) = (Side::open(on, &text).await, Side::open(on, &text).await);
    same_plans(&mut parts, &mut whole, 1).await;
    let kinds = [
        EventKind::Hire,
        EventKind::Hire,
        EventKind::Move,
        EventKind::Rename,
        EventKind::Terminate,
    ];
    for seed in 2..14 {
        for (kind, seed) in events(seed, &kinds) {
            let _ = sim.event(kind, Whom::Anyone, seed);
        }
        same_plans(&mut parts, &mut whole, seed).await;
    }
}

/// A file to which rows are added says nothing of those that are not in it again.
#[rstest]
#[tokio::test]
async fn rows_that_are_added_change_only_whom_they_name(#[values(On::Sqlite, On::Postgres)] on: On) {
    let side = Side::open(on, &of_file("people.csv", "appended_rows_only")).await;
    let path = side.folder.path().join("people.csv");
    std::fs::write(
        &path,
        "number,name,active\n1,Ada,true\n2,Grace,true\n1,Ada L.,true\n",
    )
    .unwrap();
    let first = side.plan(Wish::AsDocumented).await;
    assert_eq!(first.summary.since.as_deref(), Some("the beginning"));
    let names = |changes: Vec<Change>| {
        changes
            .iter()
            .map(|change| change.name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(side.changes(&first).await), ["Ada L.", "Grace"]);
    side.apply(&first).await;

    let nothing = side.plan(Wish::AsDocumented).await;
    assert_eq!((nothing.state, nothing.summary.fetched), (RunState::Done, 0));
    assert!(nothing.summary.since.unwrap().starts_with("byte "));

    let rows = std::fs::read_to_string(&path).unwrap() + "2,Grace H.,true\n,Nobody,true\n3,Alan,tr";
    std::fs::write(&path, &rows).unwrap();
    let run = side.plan(Wish::AsDocumented).await;
    assert_eq!(names(side.changes(&run).await), ["Grace H."]);
    assert!(side.findings(&run).await.contains("has no key and is left out"));
    side.apply(&run).await;
    std::fs::write(&path, rows + "ue\n1,Ada L.,false\n").unwrap();
    let run = side.plan(Wish::AsDocumented).await;
    let events: Vec<_> = side
        .changes(&run)
        .await
        .iter()
        .map(|change| format!("{:?} {}", change.event, change.name))
        .collect();
    assert_eq!(events, ["Leaver Ada L.", "Joiner Alan"]);
    side.apply(&run).await;

    std::fs::write(&path, "number,name,active\n9,Mallory,true\n").unwrap();
    let error = side.try_plan(Wish::AsDocumented).await.unwrap_err().to_string();
    assert!(
        error.contains("rows were taken away") && error.contains("--full"),
        "{error}"
    );
    let full = side.plan(Wish::Everything).await;
    assert_eq!(names(side.changes(&full).await), ["Mallory"], "and nobody leaves");
}

#[rstest]
#[tokio::test]
async fn new_files_are_taken_once_their_plan_is_stored(#[values(On::Sqlite, On::Postgres)] on: On) {
    let text = of_file("inbox/*.csv", "new_files_only");
    let mut side = Side::open(on, &text).await;
    let inbox = side.folder.path().join("inbox");
    std::fs::create_dir(&inbox).unwrap();
    std::fs::write(
        inbox.join("1.csv"),
        "number,name,active\n1,Ada,true\n2,Grace,true\n",
    )
    .unwrap();
    let first = side.plan(Wish::AsDocumented).await;
    side.apply(&first).await;
    std::fs::write(inbox.join("2.csv"), "number,name,active\n2,Grace,false\n").unwrap();
    // Held, the file is not taken.
    side.documents = documents(&text.replace("disables: \"100%\"", "disables: 0"));
    for _ in 0..2 {
        let held = side.plan(Wish::AsDocumented).await;
        assert_eq!((held.state, held.summary.fetched), (RunState::Held, 1));
    }
    side.documents = documents(&text);
    let run = side.plan(Wish::AsDocumented).await;
    assert_eq!((run.summary.fetched, side.changes(&run).await.len()), (1, 1));
    side.apply(&run).await;
    std::fs::remove_file(inbox.join("1.csv")).unwrap();
    let nothing = side.plan(Wish::AsDocumented).await;
    assert_eq!((nothing.state, nothing.summary.fetched), (RunState::Done, 0));
}

fn of_file(path: &str, read: &str) -> String {
    let of_file = format!(
        "kind: data_source\nname: rows\nfile: {{ path: \"{path}\", format: csv, read: {read}, primary_key: number }}\n\
         attributes: {{ employeeID: number, sn: name, displayName: name }}\nlifecycle: {{ active: active == 'true' }}\n---\n"
    );
    of_file + &text("rows", "https://vendor.example.com")
}
