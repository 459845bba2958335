use rstest::rstest;
use tenure_core::account::AccountId;
use tenure_core::link::LinkState;
use tenure_core::outcome::{Outcome, Refusal};
use tenure_core::plan::Event;
use tenure_core::seams::AccountRef;
use tenure_core::secret::Secret;

use super::{On, at, dn, key, lease, link, planned, row};
use crate::{
    Claim, Flush, JournalEntry, JournalEvent, Lease, OperationId, OutcomeRow, RunId, Store, StoreError,
    Vault, VaultKey,
};

const fn id(change: u64, operation: u32) -> OperationId {
    OperationId { change, operation }
}

fn ended(id: OperationId, outcome: Outcome) -> OutcomeRow {
    let account = AccountRef {
        id: AccountId::new("id-1"),
        dn: dn("CN=Ada,DC=test"),
    };
    OutcomeRow {
        id,
        outcome,
        account: Some(account),
    }
}

fn flush(run: RunId, second: i64, lease: &Lease) -> Flush<'_> {
    let (outcomes, links, secrets, intents) = (vec![], vec![], vec![], vec![]);
    Flush {
        run,
        at: at(second),
        outcomes,
        links,
        secrets,
        intents,
        lease,
    }
}

async fn lines(store: &Store, run: RunId) -> Vec<String> {
    let word = |entry: &JournalEntry| match &entry.event {
        JournalEvent::Intent => "intent",
        JournalEvent::Outcome { .. } => "outcome",
    };
    store
        .journal(run)
        .await
        .unwrap()
        .iter()
        .map(|entry| format!("{} {}", entry.id, word(entry)))
        .collect()
}

#[rstest]
#[tokio::test]
async fn a_flush_is_all_there_after_opening_again(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let store = &fresh.store;
    let lease = lease(store).await;
    let vault = Vault::open(store, &VaultKey::from_text(&"07".repeat(32)).unwrap())
        .await
        .unwrap();
    let run = planned(store, 1, &["1", "2"]).await;
    let secrets = vec![
        vault
            .seal("first-password/1", &Secret::new("geheim".into()))
            .unwrap(),
    ];
    let before = Flush {
        intents: vec![id(10, 0), id(0, 0)],
        secrets,
        ..flush(run, 2, &lease)
    };
    store.flush(before).await.unwrap();
    let refusal = Refusal {
        code: "19".into(),
        message: "no".into(),
        hint: String::new(),
    };
    let after = Flush {
        outcomes: vec![
            ended(id(0, 0), Outcome::Verified),
            ended(id(0, 1), Outcome::Refused(refusal.clone())),
        ],
        links: vec![row(link("1", "id-1", LinkState::Joining))],
        // An intent may be told again, when its write is tried again.
        intents: vec![id(10, 0)],
        ..flush(run, 3, &lease)
    };
    store.flush(after).await.unwrap();
    store.close().await;

    let store = &Store::open(&fresh.url).await.unwrap();
    assert_eq!(
        lines(store, run).await,
        ["0.0 intent", "0.0 outcome", "0.1 outcome", "10.0 intent"]
    );
    let journal = store.journal(run).await.unwrap();
    assert_eq!(
        (journal[0].at, journal[1].at, journal[3].at),
        (at(2), at(3), at(2))
    );
    let account = ended(id(0, 0), Outcome::Verified).account;
    assert_eq!(
        journal[1].event,
        JournalEvent::Outcome {
            outcome: Outcome::Verified,
            account
        }
    );
    assert_eq!(store.links("hr", "ad").await.unwrap().len(), 1);
    assert_eq!(store.secrets().await.unwrap()[0].name, "first-password/1");

    let history = store.history(&key("1"), 9).await.unwrap();
    let told: Vec<_> = history
        .iter()
        .map(|entry| entry.operation.action.sentence())
        .collect();
    assert_eq!(told, ["add to CN=A,DC=test", "create CN=1,OU=People,DC=test"]);
    assert_eq!(
        (history[0].run, history[0].at, history[0].event),
        (run, at(3), Event::Joiner)
    );
    assert_eq!(history[0].outcome, Outcome::Refused(refusal));
    assert_eq!(store.history(&key("1"), 1).await.unwrap().len(), 1);
    assert!(store.history(&key("2"), 9).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn a_second_outcome_is_refused(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let store = &fresh.store;
    let lease = lease(store).await;
    let run = planned(store, 1, &["1", "2"]).await;
    let outcomes = vec![ended(id(0, 1), Outcome::Verified)];
    store
        .flush(Flush {
            outcomes,
            ..flush(run, 2, &lease)
        })
        .await
        .unwrap();

    let again = Flush {
        outcomes: vec![
            ended(id(1, 0), Outcome::Verified),
            ended(id(0, 1), Outcome::Verified),
        ],
        links: vec![row(link("1", "id-1", LinkState::Joining))],
        intents: vec![id(1, 1)],
        ..flush(run, 3, &lease)
    };
    match store.flush(again).await {
        Err(StoreError::Journal { operation, .. }) => assert_eq!(operation, id(0, 1)),
        other => panic!("{other:?}"),
    }
    let twice = vec![
        ended(id(1, 2), Outcome::Verified),
        ended(id(1, 2), Outcome::Verified),
    ];
    match store
        .flush(Flush {
            outcomes: twice,
            ..flush(run, 4, &lease)
        })
        .await
    {
        Err(StoreError::Journal { operation, .. }) => assert_eq!(operation, id(1, 2)),
        other => panic!("{other:?}"),
    }
    assert_eq!(lines(store, run).await, ["0.1 outcome"]);
    assert!(store.links("hr", "ad").await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn a_taken_link_undoes_the_whole_flush(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let store = &fresh.store;
    let lease = lease(store).await;
    let run = planned(store, 1, &["1", "2"]).await;
    store
        .save_links(&[row(link("1", "id-1", LinkState::Active))])
        .await
        .unwrap();
    let thief = Flush {
        outcomes: vec![ended(id(1, 0), Outcome::Verified)],
        links: vec![row(link("2", "id-1", LinkState::Active))],
        intents: vec![id(1, 1)],
        ..flush(run, 2, &lease)
    };
    assert!(matches!(store.flush(thief).await, Err(StoreError::LinkTaken { holder, .. }) if holder == "1"));
    assert!(store.journal(run).await.unwrap().is_empty());
    assert_eq!(store.links("hr", "ad").await.unwrap().len(), 1);
}

#[rstest]
#[tokio::test]
async fn one_who_lost_the_lease_writes_nothing(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let store = &fresh.store;
    let slept = lease(store).await;
    let run = planned(store, 1, &["1"]).await;
    let other = Store::open(&fresh.url).await.unwrap();
    let later = jiff::Timestamp::now()
        .checked_add(jiff::SignedDuration::from_secs(61))
        .unwrap();
    let Claim::Held(now) = other.claim_at("staff", "elsewhere/1/1", later).await.unwrap() else {
        panic!("its time was over")
    };
    let late = Flush {
        intents: vec![id(0, 0)],
        ..flush(run, 2, &slept)
    };
    assert!(matches!(store.flush(late).await, Err(StoreError::LeaseLost { name, .. }) if name == "staff"));
    assert!(store.journal(run).await.unwrap().is_empty());
    other
        .flush(Flush {
            intents: vec![id(0, 0)],
            ..flush(run, 2, &now)
        })
        .await
        .unwrap();
    assert_eq!(lines(store, run).await, ["0.0 intent"]);
}
