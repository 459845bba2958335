use std::process::{Command, Stdio};

use jiff::{SignedDuration, Timestamp};
use rstest::rstest;

use super::On;
use crate::leases::holder;
use crate::{Claim, Lease, Store, StoreError};

fn held(claim: Claim) -> Lease {
    match claim {
        Claim::Held(lease) => lease,
        Claim::Taken { by, until } => panic!("taken by {by} until {until}"),
    }
}

#[rstest]
#[tokio::test]
async fn a_dead_process_is_followed_at_once_and_a_living_one_is_not(
    #[values(On::Sqlite, On::Postgres)] on: On,
) {
    let fresh = on.fresh().await;
    let mut process = Command::new("sleep")
        .arg("600")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let theirs = holder(process.id());
    let first = held(
        fresh
            .store
            .claim_at("staff", &theirs, Timestamp::now())
            .await
            .unwrap(),
    );

    let other = Store::open(&fresh.url).await.unwrap();
    let claim = other.claim("staff").await.unwrap();
    assert!(matches!(claim, Claim::Taken { by, until } if by == theirs && until > Timestamp::now()));

    process.kill().unwrap();
    process.wait().unwrap();
    let second = held(other.claim("staff").await.unwrap());
    assert!(second.token() > first.token());
    assert!(matches!(first.renew().await, Err(StoreError::LeaseLost { .. })));
    second.renew().await.unwrap();
    // One who lost it gives nothing back.
    first.release().await.unwrap();
    second.renew().await.unwrap();
}

#[rstest]
#[tokio::test]
async fn a_process_of_another_host_is_waited_for(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let store = &fresh.store;
    let now = Timestamp::now();
    let after = |seconds| now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    held(store.claim_at("staff", "elsewhere/1/1", now).await.unwrap());
    assert!(matches!(
        store.claim_at("staff", "here/2/1", after(59)).await.unwrap(),
        Claim::Taken { .. }
    ));
    held(store.claim_at("other", "here/2/1", after(59)).await.unwrap());
    let mine = held(store.claim_at("staff", "here/2/1", after(60)).await.unwrap());
    mine.release().await.unwrap();
    let next = held(store.claim_at("staff", "here/3/1", after(60)).await.unwrap());
    assert_eq!((next.name(), next.token()), ("staff", 4), "tokens only grow");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_gets_it(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let claims: Vec<_> = (0..6)
        .map(|n| {
            let store = fresh.store.clone();
            tokio::spawn(async move {
                store
                    .claim_at("staff", &format!("elsewhere/{n}/1"), Timestamp::now())
                    .await
                    .unwrap()
            })
        })
        .collect();
    let mut winners = 0;
    for claim in claims {
        winners += usize::from(matches!(claim.await.unwrap(), Claim::Held(_)));
    }
    assert_eq!(winners, 1);
}
