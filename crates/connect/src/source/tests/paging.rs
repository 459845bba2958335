//! Pages: all of them, in order, and an honest word on whether that was all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tenure_core::seams::{Completeness, SourceTrouble};

use super::application::{App, answer, application, json_answer, page, paged, source};
use super::{complete, fetch};

fn incomplete(end: Completeness) -> (u64, String) {
    match end {
        Completeness::Incomplete { count, why } => (count, why),
        Completeness::Complete { count } => panic!("complete with {count}"),
    }
}

#[tokio::test]
async fn all_pages_come_in_order_and_none_is_asked_for_in_vain() {
    let app = App::start(|call| page(call.skip(), 10, 95)).await;
    let (pages, end) = fetch(&app.source(paged(10))).await;
    assert_eq!(end.unwrap(), complete(95));
    assert_eq!(pages.0.len(), 10);
    let expected: Vec<_> = (0..95).map(|id| format!("{{\"_id\":{id}}}")).collect();
    assert!(pages.records().eq(expected.iter()));
    // Ten with records, and the empty one that ends them.
    assert_eq!(app.calls().len(), 11);
}

#[tokio::test]
async fn pages_are_fetched_at_the_same_time_once_the_total_is_known_and_one_by_one_before() {
    let by_page =
        json!({ "total": "$.totalCount", "repeat": { "page": { "parameter": "page", "start": 0 } } });
    for endpoint in [paged(10), by_page] {
        // Answers wait for each other: without four at once this would never end.
        let barrier = Arc::new(tokio::sync::Barrier::new(4));
        let busy = Arc::new(AtomicUsize::new(0));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::clone(&busy);
        let router = axum::Router::new().fallback(move |uri: axum::http::Uri| {
            let (barrier, seen) = (Arc::clone(&barrier), Arc::clone(&seen));
            async move {
                let (name, number) = uri.query().unwrap_or_default().split_once('=').unwrap();
                let number: usize = number.parse().unwrap();
                let skip = if name == "page" { number * 10 } else { number };
                if (10..90).contains(&skip) {
                    barrier.wait().await;
                    seen.fetch_add(1, Ordering::Relaxed);
                }
                page(skip, 10, 90)
            }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        let (pages, end) = fetch(&source(&application(&url, endpoint)).unwrap()).await;
        assert_eq!(end.unwrap(), complete(90));
        assert_eq!(busy.load(Ordering::Relaxed), 8);
        let expected: Vec<_> = (0..90).map(|id| format!("{{\"_id\":{id}}}")).collect();
        assert!(pages.records().eq(expected.iter()));
    }
}

#[tokio::test]
async fn without_a_total_the_first_empty_page_ends_it() {
    let app = App::start(|call| {
        let skip = call.skip();
        json_answer(&Value::from((skip..25.min(skip + 10)).collect::<Vec<_>>()))
    })
    .await;
    let endpoint = json!({ "records": "$[*]", "repeat": { "parameter": "skip", "increment": 10 } });
    let (pages, end) = fetch(&app.source(endpoint)).await;
    assert_eq!((end.unwrap(), pages.records().count()), (complete(25), 25));
    let skips: Vec<_> = app.calls().iter().map(super::application::Call::skip).collect();
    assert_eq!(skips, [0, 10, 20, 30]);
}

#[tokio::test]
async fn a_post_carries_its_number_in_the_body() {
    let app = App::start(|call| {
        let body: Value = serde_json::from_str(&call.body).unwrap();
        assert_eq!(
            (call.method.as_str(), &body["filter"]),
            ("POST", &json!({ "state": "ACTIVATED" }))
        );
        page(usize::try_from(body["skip"].as_u64().unwrap()).unwrap(), 10, 15)
    })
    .await;
    let mut endpoint = paged(10);
    endpoint["method"] = json!("POST");
    endpoint["body"] = json!({ "filter": { "state": "ACTIVATED" }, "skip": 99 });
    let (_, end) = fetch(&app.source(endpoint)).await;
    assert_eq!(end.unwrap(), complete(15));
    assert_eq!(app.calls()[0].headers["content-type"], "application/json");
}

#[tokio::test]
async fn endpoints_come_one_after_the_other_and_say_which_they_are() {
    let app = App::start(|call| match call.path.as_str() {
        "/users" => json_answer(&json!({ "results": [{ "a": 1 }] })),
        _ => json_answer(&json!({ "data": { "people": [{ "b": 2 }, { "b": 3 }] } })),
    })
    .await;
    let mut both = application(&app.url, json!({}));
    let mut second = both.endpoints[0].clone();
    second.name = "people".to_owned();
    second.url = format!("{}/people", app.url);
    second.records = "$.data.people[*]".to_owned();
    both.endpoints.push(second);
    let (pages, end) = fetch(&source(&both).unwrap()).await;
    assert_eq!(end.unwrap(), complete(3));
    let places: Vec<_> = pages
        .0
        .iter()
        .map(|(endpoint, records)| (*endpoint, records.len()))
        .collect();
    assert_eq!(places, [(0, 1), (1, 2)]);
}

#[tokio::test]
async fn a_page_missing_in_the_middle_is_noticed() {
    let app = App::start(|call| match call.skip() {
        20 => json_answer(&json!({ "results": [], "totalCount": 50 })),
        skip => page(skip, 10, 50),
    })
    .await;
    let (count, why) = incomplete(fetch(&app.source(paged(10))).await.1.unwrap());
    assert_eq!(
        (count, why.as_str()),
        (20, "`users` says it has 50 records, and 20 came in 3 pages")
    );
}

#[tokio::test]
async fn a_short_page_is_noticed() {
    let app = App::start(|call| match call.skip() {
        20 => {
            let records: Vec<_> = (20..25).map(|id| json!({ "_id": id })).collect();
            json_answer(&json!({ "results": records, "totalCount": 40 }))
        }
        skip => page(skip, 10, 40),
    })
    .await;
    let (count, why) = incomplete(fetch(&app.source(paged(10))).await.1.unwrap());
    assert_eq!(
        (count, why.as_str()),
        (35, "`users` says it has 40 records, and 35 came in 5 pages")
    );
}

#[tokio::test]
async fn a_total_that_changes_meanwhile_is_said() {
    let app = App::start(|call| page(call.skip(), 10, if call.skip() < 20 { 40 } else { 35 })).await;
    let (count, why) = incomplete(fetch(&app.source(paged(10))).await.1.unwrap());
    assert_eq!(count, 35);
    assert!(
        why.contains("records of `users` were removed") && why.contains("40 at first and 35 at the end"),
        "{why}"
    );

    let grows = App::start(|call| page(call.skip(), 10, if call.skip() < 20 { 40 } else { 45 })).await;
    assert_eq!(fetch(&grows.source(paged(10))).await.1.unwrap(), complete(45));
}

#[tokio::test]
async fn one_answer_that_says_there_is_more_is_not_all() {
    let app = App::start(|_| page(0, 10, 40)).await;
    let (count, why) = incomplete(
        fetch(&app.source(json!({ "total": "$.totalCount" })))
            .await
            .1
            .unwrap(),
    );
    assert_eq!(
        (count, why.as_str()),
        (10, "`users` says it has 40 records, and 10 came in 1 page")
    );
}

#[tokio::test]
async fn the_same_page_again_is_no_progress() {
    let app = App::start(|call| {
        let body = json!({ "results": [{ "_id": 1 }, { "_id": 2 }], "now": call.place });
        json_answer(&body)
    })
    .await;
    let endpoint = json!({ "repeat": { "parameter": "skip", "increment": 2 } });
    let (pages, end) = fetch(&app.source(endpoint)).await;
    let error = end.unwrap_err();
    assert_eq!(
        (error.kind, pages.records().count()),
        (SourceTrouble::NoProgress, 2)
    );
    assert_eq!(
        error.to_string(),
        format!(
            "GET {}/users?skip=2: page 2 has the same records as the one before",
            app.url
        )
    );
    assert!(error.hint.contains("takes no notice of `skip`"));
}

#[tokio::test]
async fn pages_without_end_are_ended() {
    let app = App::start(|call| page(call.skip(), 10, 1_000_000)).await;
    let endpoint = json!({ "repeat": { "parameter": "skip", "increment": 10, "max_pages": 5 } });
    let (pages, end) = fetch(&app.source(endpoint)).await;
    let error = end.unwrap_err();
    assert_eq!(
        (error.kind, pages.0.len(), app.calls().len()),
        (SourceTrouble::Limit, 5, 5)
    );
    assert!(error.said.contains("5 pages came with 50 records") && error.hint.contains("max_pages"));
}

#[tokio::test]
async fn an_application_without_anybody_is_complete() {
    let app = App::start(|_| answer(200, "application/json", "{\"results\":[],\"totalCount\":0}")).await;
    let (pages, end) = fetch(&app.source(paged(10))).await;
    assert_eq!(
        (end.unwrap(), pages.0.len(), app.calls().len()),
        (complete(0), 0, 1)
    );
}
