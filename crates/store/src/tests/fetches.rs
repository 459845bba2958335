use std::collections::BTreeMap;

use rstest::rstest;
use tenure_core::fetching::{Mark, Memory, ReadRows};

use super::{On, at};

#[rstest]
#[tokio::test]
async fn how_far_a_source_came_is_remembered_for_each(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let store = &fresh.store;
    assert_eq!(store.fetch_memory("hr").await.unwrap(), None);
    let rows = ReadRows {
        bytes: u64::MAX >> 1,
        hash: "ab".repeat(32),
    };
    let marks = [
        Some(Mark::Moment(at(7))),
        Some(Mark::Number(-1)),
        Some(Mark::Link("https://a.example/delta?t=\"ä\"".to_owned())),
        Some(Mark::Rows(rows)),
        Some(Mark::Files(BTreeMap::from([(
            "a b.csv".to_owned(),
            "00".to_owned(),
        )]))),
        None,
    ];
    let other = Memory {
        asked: "other".to_owned(),
        mark: None,
        whole_at: None,
        run_at: at(1),
    };
    store.save_fetch_memory("other", &other).await.unwrap();
    for (mark, day) in marks.into_iter().zip(2..) {
        let memory = Memory {
            asked: format!("question {day}"),
            whole_at: mark.is_some().then(|| at(1)),
            mark,
            run_at: at(day),
        };
        store.save_fetch_memory("hr", &memory).await.unwrap();
        assert_eq!(store.fetch_memory("hr").await.unwrap(), Some(memory));
    }
    assert_eq!(store.fetch_memory("other").await.unwrap(), Some(other));
}
