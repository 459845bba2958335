use rstest::rstest;
use tenure_core::action::{Action, AttributeValues};
use tenure_core::plan::{Change, Counts, Finding, FindingKind, Summary};

use super::{On, at, change, dn, key, operation, planned, planned_changes, start};
use crate::{ChangeRow, RunState, RunSummary, Store, StoreError};

fn finding(text: &str) -> Finding {
    Finding {
        person: Some(key("1")),
        kind: FindingKind::Value,
        text: text.to_owned(),
    }
}

#[rstest]
#[tokio::test]
async fn half_a_plan_is_not_seen(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let run = start(&fresh.store, 1).await;
    let mut writer = fresh.store.plan_writer(run).await.unwrap();
    // More than one batch, so that some of it is in the database.
    let rows = (0..20_001)
        .map(|seq| ChangeRow::of(seq, &change("1")).unwrap())
        .collect();
    writer.write(rows).await.unwrap();
    writer.write_findings(&[finding("left over")]).await.unwrap();
    drop(writer);
    fresh.store.close().await;

    let store = Store::open(&fresh.url).await.unwrap();
    let mut reading = store.read("testing").await.unwrap();
    let stored: Vec<(i64,)> = reading.fetch("SELECT count(*) FROM changes", &[]).await.unwrap();
    drop(reading);
    assert_eq!(stored, [(20_001,)]);
    assert_eq!(store.run(run).await.unwrap().state, RunState::Fetching);
    assert!(store.changes(run, None, 10).await.unwrap().is_empty());
    assert!(store.changes_of_person(&key("1"), 10).await.unwrap().is_empty());
    assert!(store.findings(run, None, 10).await.unwrap().is_empty());

    // The next writer starts from nothing.
    let mut writer = store.plan_writer(run).await.unwrap();
    writer
        .write(vec![ChangeRow::of(0, &change("2")).unwrap()])
        .await
        .unwrap();
    writer
        .finish(
            "p",
            Counts::default(),
            &RunSummary::default(),
            RunState::Held,
            &[],
            at(9),
        )
        .await
        .unwrap();
    assert_eq!(store.changes(run, None, 10).await.unwrap(), [(0, change("2"))]);
    assert!(store.findings(run, None, 10).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn a_plan_is_read_in_pages_and_by_person(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let store = &fresh.store;
    let first = planned(store, 1, &["1", "2", "3"]).await;
    let second = start(store, 2).await;
    let mut writer = store.plan_writer(second).await.unwrap();
    writer
        .write(vec![ChangeRow::of(5, &change("2")).unwrap()])
        .await
        .unwrap();
    writer
        .write_findings(&[finding("a"), finding("b"), finding("c")])
        .await
        .unwrap();
    let summary = RunSummary {
        people: 9,
        incomplete: Some("page 3".into()),
        ..RunSummary::default()
    };
    let counts = Counts {
        creates: 1,
        ..Counts::default()
    };
    writer
        .finish("p2", counts, &summary, RunState::Planned, &[], at(9))
        .await
        .unwrap();

    assert_eq!(
        store.changes(first, None, 2).await.unwrap(),
        [(0, change("1")), (1, change("2"))]
    );
    assert_eq!(
        store.changes(first, Some(1), 2).await.unwrap(),
        [(2, change("3"))]
    );
    assert_eq!(store.change(first, 2).await.unwrap(), Some(change("3")));
    assert_eq!(store.change(second, 0).await.unwrap(), None);
    let of_two = store.changes_of_person(&key("2"), 9).await.unwrap();
    assert_eq!(of_two, [(second, 5, change("2")), (first, 1, change("2"))]);
    assert_eq!(store.findings(second, Some(0), 1).await.unwrap(), [finding("b")]);
    assert_eq!(store.findings(second, None, 9).await.unwrap().len(), 3);
    let run = store.run(second).await.unwrap();
    assert_eq!(
        (run.plan_digest.as_deref(), run.counts, run.summary),
        (Some("p2"), counts, summary)
    );

    assert_eq!(run.finished_at, None, "it waits");

    // A plan that is whole is not written again.
    assert!(matches!(
        store.plan_writer(second).await,
        Err(StoreError::RunState { .. })
    ));
}

#[rstest]
#[tokio::test]
async fn a_plan_with_nothing_to_do_ends_its_run(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let run = start(&fresh.store, 1).await;
    let writer = fresh.store.plan_writer(run).await.unwrap();
    let filled = [("mail".to_owned(), 7)].into();
    let plan = Summary {
        unchanged: 8,
        ..Summary::default()
    };
    let summary = RunSummary {
        keyless: 2,
        filled,
        plan,
        ..RunSummary::default()
    };
    writer
        .finish("p", Counts::default(), &summary, RunState::Done, &[], at(9))
        .await
        .unwrap();
    let run = fresh.store.run(run).await.unwrap();
    assert_eq!(
        (run.state, run.finished_at, run.summary),
        (RunState::Done, Some(at(9)), summary)
    );
}

#[rstest]
#[tokio::test]
async fn names_of_accounts_that_were_deleted_are_known_for_a_while(
    #[values(On::Sqlite, On::Postgres)] on: On,
) {
    let fresh = on.fresh().await;
    let store = &fresh.store;
    let stored = |name: &str, value: &str| AttributeValues {
        name: name.into(),
        values: vec![value.to_owned()],
    };
    let gone = Change {
        operations: vec![operation(Action::Delete {
            dn: dn("CN=1,DC=test"),
            stored: vec![stored("sAMAccountName", "ada"), stored("title", "Analyst")],
            below: tenure_core::action::Below::Kept,
        })],
        ..change("1")
    };
    planned_changes(store, 10, vec![gone, change("2")]).await;
    let logins = ["sAMAccountName".into()];
    let names = store.names_of_deleted(&logins, at(10)).await.unwrap();
    assert_eq!(names, [("sAMAccountName".into(), "ada".to_owned())]);
    assert!(store.names_of_deleted(&logins, at(11)).await.unwrap().is_empty());
}
