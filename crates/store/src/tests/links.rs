use jiff::Timestamp;
use rstest::rstest;
use tenure_core::link::{Doubt, InSync, LinkState, Memory, Owed, Owing, StepKey};
use tenure_core::plan::Event;
use tenure_core::profile::RecordHash;

use super::{On, at, key, link, row};
use crate::StoreError;

/// With texts that would break a packed row.
fn memory() -> Memory {
    let owed = |webhook| Owed {
        step: StepKey::new(Event::Leaver, &format!("desk/{webhook}"), 2),
        occasion: "1767600000000000".to_owned(),
    };
    Memory {
        owing: Some(Owing {
            event: Event::Leaver,
            calls: vec![owed("close")],
        }),
        in_doubt: vec![Doubt {
            owed: owed("welcome"),
            event: Event::Joiner,
            what: "a\u{1e}b\u{1f}c\u{0}".to_owned(),
            since: at(5),
        }],
        captured: [("contact".to_owned(), serde_json::json!("\u{10}é\""))].into(),
        groups: vec![tenure_core::dn::Dn::from_server("CN=a\\2cb,DC=test")],
    }
}

#[rstest]
#[tokio::test]
async fn links_come_back_as_they_were_kept(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let store = &fresh.store;
    let mut remembering = link("1", "id-1", LinkState::Active);
    remembering.link.memory = Some(Box::new(memory()));
    let kept = [
        remembering,
        link("2", "id\u{1e}2", LinkState::Left),
        link("3", "id-3", LinkState::Deleted),
        link("4", "id-4", LinkState::Joining),
    ];
    let rows: Vec<_> = kept.iter().cloned().rev().map(row).collect();
    store.save_links(&rows).await.unwrap();
    let links = store.links("hr", "ad").await.unwrap();
    assert_eq!(links, kept.each_ref().map(|kept| kept.link.clone()));
    assert!(store.links("hr", "other").await.unwrap().is_empty());

    let of_one = store.links_of(&key("1")).await.unwrap();
    assert_eq!(of_one[0].2, kept[0]);
    let forgetful = link("1", "id-1", LinkState::Left);
    store.save_links(&[row(forgetful.clone())]).await.unwrap();
    assert_eq!(store.links_of(&key("1")).await.unwrap()[0].2, forgetful);
    store.save_links(&[row(kept[0].clone())]).await.unwrap();

    let of_two = store.links_of(&key("2")).await.unwrap();
    assert_eq!(of_two, [("hr".to_owned(), "ad".to_owned(), kept[1].clone())]);

    let seen = InSync {
        record: RecordHash(1),
        account: 2,
        documents: 3,
        until: at(9),
    };
    store
        .save_in_sync("hr", "ad", &[(key("2"), seen), (key("nobody"), seen)])
        .await
        .unwrap();
    let links = store.links("hr", "ad").await.unwrap();
    assert_eq!(links[1].in_sync, Some(seen));
    assert_eq!(links[0].in_sync.unwrap().until, Timestamp::MAX);
    assert_eq!(links.len(), 4);

    assert!(store.unlink("hr", "ad", &key("4")).await.unwrap());
    assert!(!store.unlink("hr", "ad", &key("4")).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn an_account_belongs_to_one_living_person(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let store = &fresh.store;
    store
        .save_links(&[row(link("1", "id-1", LinkState::Left))])
        .await
        .unwrap();
    let both = [
        row(link("2", "id-2", LinkState::Active)),
        row(link("3", "id-1", LinkState::Active)),
    ];
    match store.save_links(&both).await {
        Err(StoreError::LinkTaken {
            directory,
            account,
            holder,
        }) => {
            assert_eq!(
                (directory.as_str(), account.as_str(), holder.as_str()),
                ("ad", "id-1", "1")
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        store.links("hr", "ad").await.unwrap().len(),
        1,
        "nothing was written"
    );
    // Two within one call are found, too.
    let twins = [
        row(link("4", "id-4", LinkState::Active)),
        row(link("5", "id-4", LinkState::Active)),
    ];
    assert!(matches!(
        store.save_links(&twins).await,
        Err(StoreError::LinkTaken { .. })
    ));
    // What was deleted is history, and does not stand in the way.
    store
        .save_links(&[row(link("1", "id-1", LinkState::Deleted))])
        .await
        .unwrap();
    store.save_links(&both).await.unwrap();
    assert_eq!(store.links("hr", "ad").await.unwrap().len(), 3);
}
