//! Runs from plan to end, and on to the next.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use rstest::rstest;
use tenure_core::account::Access;
use tenure_core::plan::{Counts, Event, HoldKind};
use tenure_core::profile::PersonKey;
use tenure_engine::{ApplyOptions, EngineError, InDoubtCalls, Release, Stop};
use tenure_sim::Faults;
use tenure_sim::population::Whom;
use tenure_store::{JournalEvent, OperationId, Run, RunState};

use crate::company::{Company, On, SOURCE, people};
use crate::watching::StopAtFirstOutcome;

const PERSON: &str = "E-100007";
const ALL_STAFF: &str = "CN=All Staff,OU=Groups,DC=corp,DC=example,DC=com";

async fn company(on: On, count: usize) -> Company {
    let company = Company::start(on, people(count)).await;
    company.run().await;
    company
}

/// The only hold of a run.
fn hold(run: &Run) -> HoldKind {
    assert_eq!((run.state, run.held.len()), (RunState::Held, 1), "{:?}", run.held);
    run.held[0].kind
}

#[rstest]
#[tokio::test]
async fn after_a_day_of_changes_there_is_nothing_left_to_do(#[values(On::Sqlite, On::Postgres)] on: On) {
    let mut company = company(on, 300).await;
    for seed in 1..=5 {
        company.day(seed);
        let run = company.run().await;
        assert_eq!(run.applied.creates, 1, "a hire a day");
        assert!(
            run.applied.modifies > 0 && run.applied.disables > 0,
            "{:?}",
            run.applied
        );
        assert_eq!(run.applied, run.counts);
        let listing = company.listing().await;
        let again = company.plan().await;
        assert_eq!((again.state, again.counts), (RunState::Done, Counts::default()));
        assert_eq!(again.summary.plan.changes, 0);
        assert_eq!(company.listing().await, listing);
    }
}

#[rstest]
#[tokio::test]
async fn a_leaver_loses_access_and_a_rehire_has_it_again(
    #[values(On::Sqlite, On::Postgres)] on: On,
    #[values("suspended", "removed")] how: &str,
) {
    let mut company = company(on, 60).await;
    let (home, access, groups) = company.account(PERSON).await;
    assert_eq!(
        (access, groups.as_slice()),
        (Access::Enabled, &[ALL_STAFF.to_owned()][..])
    );

    company.pass(SignedDuration::from_hours(24));
    let whom = Whom::Employee(PERSON.to_owned());
    company
        .sim
        .population(|all| match how {
            "suspended" => all.terminate(&whom, 1),
            _ => all.remove(&whom, 1),
        })
        .unwrap();
    let run = company.run().await;
    assert_eq!((run.applied.disables, run.summary.plan.changes), (1, 1));
    let left = company.account(PERSON).await;
    assert!(
        left.0.ends_with("OU=Leavers,DC=corp,DC=example,DC=com"),
        "{}",
        left.0
    );
    assert_eq!((left.1, left.2), (Access::Disabled, Vec::new()));
    assert!(company.listing().await.contains("description: Left the company"));
    let gone = (PersonKey::new(PERSON).unwrap(), how == "removed");
    assert!(company.known().await.contains(&gone));
    assert_eq!(company.plan().await.state, RunState::Done);

    company.pass(SignedDuration::from_hours(24));
    company.sim.population(|all| *all = people(60));
    let run = company.plan().await;
    let changes = company.changes(run.id).await;
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].event, Event::Rehire);
    company.apply(&run).await.unwrap();
    assert_eq!(company.account(PERSON).await, (home, Access::Enabled, groups));
    assert_eq!(company.known().await.iter().filter(|(_, gone)| *gone).count(), 0);
    assert_eq!(company.plan().await.state, RunState::Done);
}

#[rstest]
#[tokio::test]
async fn people_who_are_gone_for_long_lose_their_accounts(#[values(On::Sqlite, On::Postgres)] on: On) {
    let mut company = company(on, 60).await;
    let whom = Whom::Employee(PERSON.to_owned());
    company.sim.population(|all| all.remove(&whom, 1)).unwrap();
    company.run().await;
    company.pass(SignedDuration::from_hours(24 * 90 - 1));
    assert_eq!(company.plan().await.state, RunState::Done);
    company.pass(SignedDuration::from_hours(1));
    assert_eq!(company.run().await.applied.deletes, 1);
    assert_eq!(company.accounts().await.1.len(), 59);
    assert_eq!(company.plan().await.state, RunState::Done);
}

#[rstest]
#[tokio::test]
async fn a_plan_that_needs_approval_is_held_until_it_is_released(#[values(On::Sqlite, On::Postgres)] on: On) {
    let mut company = Company::start(on, people(30)).await;
    company.edit("  deletes: 5", "  deletes: 5\napproval: two-pairs-of-eyes");
    let run = company.plan().await;
    assert_eq!(hold(&run), HoldKind::Approval);
    let refused = company.apply(&run).await.unwrap_err();
    assert!(matches!(refused, EngineError::Held { .. }));
    insta::allow_duplicates! { insta::assert_snapshot!(refused, @r"
    run 1 is held:
      the plan needs approval by the workflow `two-pairs-of-eyes`
        Look at the plan with `tenure show`, then release it with `tenure apply --release`.
    "); }
    assert_eq!(company.listing().await, "");
    let done = company.release(&run).await.unwrap();
    assert_eq!((done.state, done.applied.creates), (RunState::Done, 30));
    // Nothing to do needs no approval.
    assert_eq!(company.plan().await.state, RunState::Done);
}

#[rstest]
#[tokio::test]
async fn a_changed_mapping_is_noticed_although_no_record_changed(#[values(On::Sqlite, On::Postgres)] on: On) {
    let mut company = company(on, 30).await;
    assert_eq!(company.plan().await.summary.plan.changes, 0);
    let stored = company.engine.store().known_records(SOURCE).await.unwrap();
    company.edit("  title: jobTitle", "  title: \"{{ jobTitle }} (staff)\"");
    let run = company.run().await;
    assert_eq!((run.applied.modifies, run.summary.plan.changes), (30, 30));
    let (dictionary, accounts) = company.accounts().await;
    let title = dictionary.index("title").unwrap();
    assert!(
        accounts
            .iter()
            .all(|account| account.attributes.first(title).unwrap().ends_with(" (staff)"))
    );
    assert_eq!(
        company.engine.store().known_records(SOURCE).await.unwrap(),
        stored
    );
    assert_eq!(company.plan().await.summary.plan.changes, 0);
}

#[rstest]
#[tokio::test]
async fn a_newer_plan_takes_the_place_of_one_that_waits(#[values(On::Sqlite, On::Postgres)] on: On) {
    let company = Company::start(on, people(30)).await;
    let older = company.plan().await;
    let newer = company.plan().await;
    assert_eq!((older.state, newer.state), (RunState::Planned, RunState::Planned));
    assert_eq!(company.changes(older.id).await, company.changes(newer.id).await);
    let state = |run: &Run| {
        let (store, id) = (company.engine.store().clone(), run.id);
        async move { store.run(id).await.unwrap().state }
    };
    assert_eq!(state(&older).await, RunState::Discarded);
    let refused = company.release(&older).await.unwrap_err();
    insta::allow_duplicates! { insta::assert_snapshot!(refused, @"run 1 is discarded; run the automation again"); }
    assert_eq!(company.listing().await, "");
    assert_eq!(company.apply(&newer).await.unwrap().state, RunState::Done);
    let refused = company.apply(&newer).await.unwrap_err();
    insta::allow_duplicates! { insta::assert_snapshot!(refused, @"run 2 is done; there is nothing left to do; run the automation again"); }
}

#[rstest]
#[tokio::test]
async fn a_run_that_is_stopped_goes_on_where_it_ended(#[values(On::Sqlite, On::Postgres)] on: On) {
    let company = Company::start(on, people(600)).await;
    let run = company.plan().await;
    let stop = Stop::new();
    let options = ApplyOptions {
        release: Release::Keep,
        watch: Arc::new(StopAtFirstOutcome(stop.clone())),
        stop,
        in_doubt: InDoubtCalls::Ask,
    };
    let stopped = company
        .engine
        .apply(&company.documents, run.id, &options)
        .await
        .unwrap();
    assert_eq!(stopped.state, RunState::Interrupted);
    assert_eq!(stopped.error.as_deref(), Some("stopped by hand"));
    let begun = company.accounts().await.1.len();
    assert!((1..600).contains(&begun), "{begun} accounts");
    assert_eq!(stopped.applied.creates, begun as u64);
    let refused = company.try_plan().await.unwrap_err();
    assert!(matches!(&refused, EngineError::Unfinished { run: left } if *left == run.id));
    insta::allow_duplicates! { insta::assert_snapshot!(refused, @"run 1 was interrupted and has operations left; finish it with `tenure apply 1`, or give it up with `tenure discard 1`"); }

    let done = company.apply(&run).await.unwrap();
    assert_eq!((done.state, done.applied), (RunState::Done, run.counts));
    assert_eq!((done.error, done.finished_at.is_some()), (None, true));
    let mut outcomes: BTreeMap<OperationId, u32> = BTreeMap::new();
    for entry in company.engine.store().journal(run.id).await.unwrap() {
        if let JournalEvent::Outcome { outcome, .. } = entry.event {
            assert!(outcome.is_success(), "{outcome:?}");
            *outcomes.entry(entry.id).or_default() += 1;
        }
    }
    assert_eq!(outcomes.len() as u64, run.summary.plan.operations);
    assert!(outcomes.values().all(|count| *count == 1));
    assert_eq!(company.accounts().await.1.len(), 600);
    assert_eq!(company.plan().await.summary.plan.changes, 0);
}

#[rstest]
#[tokio::test]
async fn trouble_that_lasts_does_not_become_what_is_usual(#[values(On::Sqlite, On::Postgres)] on: On) {
    let mut company = company(on, 30).await;
    company.sim.faults(Faults {
        vanished_fields: vec!["department".to_owned()],
        ..Faults::default()
    });
    for nth in 1..=60 {
        company.pass(SignedDuration::from_mins(15));
        let run = company.plan().await;
        assert_eq!(run.state, RunState::Held, "plan {nth}");
        assert_eq!(hold(&run), HoldKind::Column, "plan {nth}");
    }
    company.sim.faults(Faults::default());
    assert_eq!(company.run().await.summary.plan.changes, 0);
}
