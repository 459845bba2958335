use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::caller::{Caller, distinct, ids_of, rows, texts};

#[tokio::test]
async fn sorted_by_id_everybody_comes_exactly_once() {
    let caller = Caller::among(1234).await;
    let ids = caller.page_through("sort=_id").await;
    assert_eq!(ids, caller.everybody());
    assert_eq!(distinct(&ids).len(), 1234);
    assert!(ids.is_sorted());
    assert_eq!(caller.sim.requests(), 13);
}

#[tokio::test]
async fn a_minus_turns_the_order_round() {
    let caller = Caller::among(250).await;
    let mut ids = caller.page_through("sort=-_id").await;
    ids.reverse();
    assert_eq!(ids, caller.everybody());
}

#[tokio::test]
async fn ten_records_come_unless_more_are_asked_for() {
    let caller = Caller::among(30).await;
    let page = caller.get("/api/systemusers").await;
    assert_eq!(rows(&page).len(), 10);
    assert_eq!(page["totalCount"], 30);
}

#[tokio::test]
async fn a_limit_over_a_hundred_is_refused() {
    let caller = Caller::among(5).await;
    let (status, body) = caller.call(Method::GET, "/api/systemusers?limit=101", None).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let said = "Bad Request: request parameter \"limit\" exceeds maximum value of 100";
    assert_eq!(body, json!({ "message": said }));
}

#[tokio::test]
async fn a_page_after_the_last_is_empty_and_still_counts() {
    let caller = Caller::among(30).await;
    let page = caller.get("/api/systemusers?skip=30&sort=_id").await;
    assert_eq!(page, json!({"totalCount": 30, "results": []}));
    let far = caller
        .get(&format!("/api/systemusers?skip={}&sort=_id", u64::MAX))
        .await;
    assert_eq!(far, page);
}

#[tokio::test]
async fn without_a_sort_paging_loses_some_and_repeats_others() {
    let caller = Caller::among(1000).await;
    let ids = caller.page_through("").await;
    assert_eq!(ids.len(), 1000);
    let seen = distinct(&ids).len();
    assert!(seen < 1000, "{seen} of 1000 seen");
}

#[tokio::test]
async fn people_whom_a_sort_leaves_equal_change_places_until_the_id_decides() {
    let caller = Caller::among(1000).await;
    let first = ids_of(&caller.get("/api/systemusers?limit=100&sort=department").await);
    let second = ids_of(&caller.get("/api/systemusers?limit=100&sort=department").await);
    assert_ne!(first, second);

    let decided = "/api/systemusers?limit=100&skip=100&sort=-department%20_id";
    let page = caller.get(decided).await;
    assert_eq!(page, caller.get(decided).await);
    let departments = texts(&page, "department");
    assert!(
        departments.is_sorted_by(|left, right| left >= right),
        "{departments:?}"
    );
    assert_eq!(
        distinct(&caller.page_through("sort=-department%20_id").await).len(),
        1000
    );
}

#[tokio::test]
async fn fields_are_separated_by_spaces_and_a_comma_finds_nothing() {
    let caller = Caller::among(3).await;
    let names = |page: &serde_json::Value| {
        rows(page)[0]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    let spaced = caller.get("/api/systemusers?sort=_id&fields=email%20state").await;
    assert_eq!(names(&spaced), ["_id", "email", "state"]);
    let commas = caller.get("/api/systemusers?sort=_id&fields=email,state").await;
    assert_eq!(names(&commas), ["_id"]);
}
