use rstest::rstest;
use tenure_core::outcome::Outcome;
use tenure_core::plan::{Counts, Hold, HoldKind};

use super::{On, at, calling, lease, mover, planned, planned_changes, start};
use crate::{Flush, OperationId, OutcomeRow, RunChange, RunId, RunState, StoreError};

#[rstest]
#[tokio::test]
async fn a_run_moves_only_from_where_it_is_thought_to_be(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let store = &fresh.store;
    let id = start(store, 1).await;
    let hold = Hold {
        kind: HoldKind::Canary,
        text: "`1` is not there".into(),
        hint: String::new(),
    };
    let change = RunChange {
        held: Some(vec![hold.clone()]),
        ..RunChange::default()
    };
    store
        .move_run(id, &[RunState::Fetching], RunState::Held, change)
        .await
        .unwrap();
    let wrong = store
        .move_run(
            id,
            &[RunState::Planned, RunState::Done],
            RunState::Applying,
            RunChange::default(),
        )
        .await;
    assert!(
        matches!(
            wrong,
            Err(StoreError::RunState {
                found: RunState::Held,
                ..
            })
        ),
        "{wrong:?}"
    );
    let change = RunChange {
        finished_at: Some(at(5)),
        error: Some("why".into()),
        held: None,
    };
    store
        .move_run(id, &[RunState::Held], RunState::Failed, change)
        .await
        .unwrap();
    let run = store.run(id).await.unwrap();
    assert_eq!(
        (run.state, run.finished_at, run.error.as_deref()),
        (RunState::Failed, Some(at(5)), Some("why"))
    );
    assert_eq!(
        (run.started_at, run.clock, run.documents.as_str()),
        (at(1), at(1), "d1")
    );
    assert_eq!(run.held, [hold]);
    assert!(run.state.is_over() && run.plan_digest.is_none());

    let later = start(store, 2).await;
    let newest_first: Vec<RunId> = store
        .runs(Some("staff"), 9)
        .await
        .unwrap()
        .iter()
        .map(|run| run.id)
        .collect();
    assert_eq!(newest_first, [later, id]);
    assert_eq!(store.runs(None, 1).await.unwrap().len(), 1);
    assert!(store.runs(Some("other"), 9).await.unwrap().is_empty());
    assert_eq!(later.to_string().parse::<RunId>().unwrap(), later);
    let none = "999".parse().unwrap();
    assert!(matches!(store.run(none).await, Err(StoreError::NoRun { .. })));
    let moved = store
        .move_run(none, &RunState::ALL, RunState::Done, RunChange::default())
        .await;
    assert!(matches!(moved, Err(StoreError::NoRun { .. })));
}

#[rstest]
#[tokio::test]
async fn what_was_really_done_counts_also_when_a_run_died(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let store = &fresh.store;
    let lease = lease(store).await;
    let refused = Outcome::Waiting {
        on: "operation 0".to_owned(),
    };
    let ended = |change, operation, outcome: &Outcome| OutcomeRow {
        id: OperationId { change, operation },
        outcome: outcome.clone(),
        account: None,
    };
    let apply = async |run, second, outcomes| {
        store
            .move_run(
                run,
                &[RunState::Planned],
                RunState::Applying,
                RunChange::default(),
            )
            .await
            .unwrap();
        let (links, secrets, intents) = (vec![], vec![], vec![]);
        let flush = Flush {
            run,
            at: at(second),
            outcomes,
            links,
            secrets,
            intents,
            lease: &lease,
        };
        store.flush(flush).await.unwrap();
    };
    let ok = Outcome::Verified;
    let died = planned_changes(store, 1, vec![mover("1"), mover("2")]).await;
    // Two groups of one account are one account modified; what was not done does not count.
    let outcomes = vec![
        ended(0, 0, &ok),
        ended(0, 1, &ok),
        ended(0, 2, &ok),
        ended(1, 0, &ok),
        ended(1, 3, &refused),
    ];
    apply(died, 10, outcomes).await;
    let done = Counts {
        enables: 2,
        modifies: 1,
        ..Counts::default()
    };
    assert_eq!(store.run(died).await.unwrap().applied, done);
    assert_eq!(
        store.applied_counts("staff", at(0)).await.unwrap(),
        [(at(10), done)]
    );

    // Each call counts, and beside the account.
    let called = planned_changes(store, 12, vec![calling("5"), calling("6")]).await;
    apply(
        called,
        13,
        vec![
            ended(0, 0, &ok),
            ended(0, 1, &ok),
            ended(0, 2, &ok),
            ended(1, 1, &ok),
            ended(1, 2, &refused),
        ],
    )
    .await;
    let done = Counts {
        enables: 1,
        calls: 3,
        ..Counts::default()
    };
    assert_eq!(store.run(called).await.unwrap().applied, done);
    assert_eq!(
        store.applied_counts("staff", at(12)).await.unwrap(),
        [(at(13), done)]
    );

    // All that is done to a new account is its creation.
    let stopped = planned(store, 2, &["3"]).await;
    apply(
        stopped,
        20,
        vec![ended(0, 3, &Outcome::Unverified { why: "blind".into() })],
    )
    .await;
    let stop = RunChange {
        finished_at: Some(at(21)),
        error: Some("stopped".into()),
        held: None,
    };
    store
        .move_run(stopped, &[RunState::Applying], RunState::Interrupted, stop)
        .await
        .unwrap();
    let created = Counts {
        creates: 1,
        ..Counts::default()
    };
    assert_eq!(store.run(stopped).await.unwrap().applied, created);
    assert_eq!(
        store.applied_counts("staff", at(14)).await.unwrap(),
        [(at(20), created)]
    );
    store
        .move_run(
            stopped,
            &[RunState::Interrupted],
            RunState::Applying,
            RunChange::default(),
        )
        .await
        .unwrap();
    let again = store.run(stopped).await.unwrap();
    assert_eq!(
        (again.finished_at, again.error, again.applied),
        (None, None, created)
    );

    // One that did nothing is nothing to count.
    let idle = planned(store, 3, &["4"]).await;
    store
        .move_run(
            idle,
            &[RunState::Planned],
            RunState::Discarded,
            RunChange::default(),
        )
        .await
        .unwrap();
    assert_eq!(store.applied_counts("staff", at(0)).await.unwrap().len(), 3);
    assert!(store.applied_counts("other", at(0)).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn documents_are_kept_by_digest(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    fresh.store.save_document("d1", "first", at(1)).await.unwrap();
    fresh.store.save_document("d1", "second", at(2)).await.unwrap();
    assert_eq!(
        fresh.store.document("d1").await.unwrap().as_deref(),
        Some("first")
    );
    assert_eq!(fresh.store.document("d2").await.unwrap(), None);
}
