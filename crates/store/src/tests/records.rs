use rstest::rstest;
use tenure_core::join::{FetchedRecord, KnownRecord};
use tenure_core::profile::RecordHash;

use super::{On, at, key, link, row};
use tenure_core::link::LinkState;

fn record(person: &str, hash: u64, filled: u64) -> FetchedRecord {
    let columns = format!(r#"{{"name":"{person} \u0000 \"x\" ä"}}"#);
    FetchedRecord {
        key: key(person),
        hash: RecordHash(hash),
        filled,
        columns,
    }
}

#[rstest]
#[tokio::test]
async fn a_record_keeps_its_first_day_and_comes_back(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let store = &fresh.store;
    store
        .save_records(
            "hr",
            at(1),
            &[record("b", u64::MAX, 0b11 | 1 << 63), record("Ä 1", 2, 0b01)],
        )
        .await
        .unwrap();
    store
        .save_records("other", at(1), &[record("b", 9, 0)])
        .await
        .unwrap();
    store
        .mark_gone("hr", at(2), &[key("b"), key("nobody")])
        .await
        .unwrap();
    store.mark_gone("hr", at(3), &[key("b")]).await.unwrap();

    let known = store.known_records("hr").await.unwrap();
    assert_eq!(
        known,
        [
            KnownRecord {
                key: key("b"),
                hash: RecordHash(u64::MAX),
                filled: 0b11 | 1 << 63,
                gone: true
            },
            KnownRecord {
                key: key("Ä 1"),
                hash: RecordHash(2),
                filled: 0b01,
                gone: false
            },
        ]
    );
    assert_eq!(
        store.record("hr", &key("b")).await.unwrap().unwrap().gone_at,
        Some(at(2))
    );

    store
        .save_records("hr", at(4), &[record("b", 5, 1 << 63)])
        .await
        .unwrap();
    let back = store.record("hr", &key("b")).await.unwrap().unwrap();
    assert_eq!(
        (back.first_seen, back.fetched_at, back.gone_at),
        (at(1), at(4), None)
    );
    assert_eq!(back.columns, record("b", 5, 0).columns);
    let known = store.known_records("hr").await.unwrap();
    assert_eq!(
        known[0],
        KnownRecord {
            key: key("b"),
            hash: RecordHash(5),
            filled: 1 << 63,
            gone: false
        }
    );
    assert_eq!(store.record("hr", &key("nobody")).await.unwrap(), None);
    let both = store
        .records("hr", &[key("Ä 1"), key("nobody"), key("b")])
        .await
        .unwrap();
    assert_eq!(
        both.iter().map(|record| record.key.as_str()).collect::<Vec<_>>(),
        ["b", "Ä 1"]
    );
}

#[rstest]
#[tokio::test]
async fn more_records_than_a_page_come_in_order(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let rows: Vec<_> = (0..20_001).map(|n| record(&format!("{n:05}"), n, 0)).collect();
    fresh.store.save_records("hr", at(1), &rows).await.unwrap();
    let known = fresh.store.known_records("hr").await.unwrap();
    assert_eq!(known.len(), rows.len());
    assert!(
        known
            .iter()
            .zip(&rows)
            .all(|(known, row)| known.key == row.key && known.hash == row.hash)
    );
}

#[rstest]
#[tokio::test]
async fn people_are_found_by_exact_key_in_every_source(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let store = &fresh.store;
    store
        .save_records("payroll", at(1), &[record("7", 1, 0), record("77", 1, 0)])
        .await
        .unwrap();
    store
        .save_links(&[row(link("7", "id-7", LinkState::Left))])
        .await
        .unwrap();
    let found = store.find_people(" 7 ").await.unwrap();
    assert_eq!(
        found,
        [("hr".to_owned(), key("7")), ("payroll".to_owned(), key("7"))]
    );
    assert!(store.find_people("").await.unwrap().is_empty());
}
