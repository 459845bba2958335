//! Endpoints that are called for each record of another one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tenure_core::document::Application;
use tenure_core::seams::{Completeness, SourceTrouble};

use super::application::{App, answer, application, json_answer, source};
use super::{complete, fetch};

/// `users`, and `jobs` at `/users/{{ record.id }}/jobs` for each of them.
fn two(url: &str, for_each: &Value, jobs: &Value) -> Application {
    let mut both = application(url, json!({}));
    let mut dependent = json!({
        "name": "jobs", "url": format!("{url}/users/{{{{ record.id }}}}/jobs"), "records": "$.jobs[*]",
        "for_each": for_each
    });
    dependent
        .as_object_mut()
        .unwrap()
        .extend(jobs.as_object().unwrap().clone());
    both.endpoints.push(serde_json::from_value(dependent).unwrap());
    both
}

fn each() -> Value {
    json!({ "endpoint": "users", "add": { "employee": "id", "of": "unit" } })
}

fn users(ids: &[Value]) -> Value {
    let users: Vec<_> = ids
        .iter()
        .map(|id| json!({ "id": id, "name": "x", "unit": { "a": 1 } }))
        .collect();
    json!({ "results": users })
}

#[tokio::test]
async fn each_record_is_asked_for_and_its_own_come_with_the_key_in_order() {
    let app = App::start(|call| match call.path.as_str() {
        "/users" => json_answer(&users(&[json!(1), json!("b/ö"), json!(3)])),
        "/users/1/jobs" => json_answer(&json!({ "jobs": [{ "title": "one" }, {}] })),
        "/users/b%2F%C3%B6/jobs" => json_answer(&json!({ "jobs": [{ "title": "two", "employee": "else" }] })),
        "/users/3/jobs" => json_answer(&json!({ "jobs": [] })),
        other => panic!("{other}"),
    })
    .await;
    let (pages, end) = fetch(&source(&two(&app.url, &each(), &json!({}))).unwrap()).await;
    assert_eq!(end.unwrap(), complete(6));
    let found: Vec<Value> = pages
        .records()
        .skip(3)
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    let unit = json!({ "a": 1 });
    assert_eq!(
        found,
        [
            json!({ "title": "one", "employee": 1, "of": unit }),
            json!({ "employee": 1, "of": unit }),
            json!({ "title": "two", "employee": "b/ö", "of": unit }),
        ]
    );
    let places: Vec<_> = pages.0.iter().map(|(endpoint, _)| *endpoint).collect();
    assert_eq!(places, [0, 1, 1]);
    assert_eq!(app.calls().len(), 4);
}

#[tokio::test]
async fn an_endpoint_that_is_not_wanted_itself_is_fetched_for_the_other() {
    let app = App::start(|call| match call.path.as_str() {
        "/users" => json_answer(&users(&[json!(1), json!(2)])),
        _ => json_answer(&json!({ "jobs": [{ "title": call.query["name"] }] })),
    })
    .await;
    let both = two(
        &app.url,
        &json!({ "endpoint": "users" }),
        &json!({ "query": { "name": "{{ record.name }}" } }),
    );
    let uses = [serde_json::from_value(json!({ "endpoint": "jobs", "primary_key": "id" })).unwrap()];
    let (pages, end) = fetch(&super::application::source_of(&both, &uses).unwrap()).await;
    assert_eq!(end.unwrap(), complete(2));
    assert!(
        pages
            .0
            .iter()
            .all(|(endpoint, records)| (*endpoint, records.len()) == (0, 1))
    );
    assert!(pages.records().eq(["{\"title\":\"x\"}", "{\"title\":\"x\"}"]));
}

#[tokio::test]
async fn calls_are_made_at_the_same_time_and_not_more_than_allowed() {
    // Answers wait for each other: without four at once this would never end.
    let barrier = Arc::new(tokio::sync::Barrier::new(4));
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let counted = (Arc::clone(&now), Arc::clone(&most));
    let router = axum::Router::new().fallback(move |uri: axum::http::Uri| {
        let (barrier, (now, most)) = (Arc::clone(&barrier), counted.clone());
        async move {
            if uri.path() == "/users" {
                return json_answer(&users(&(0..40).map(Value::from).collect::<Vec<_>>()));
            }
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            barrier.wait().await;
            now.fetch_sub(1, Ordering::SeqCst);
            json_answer(&json!({ "jobs": [{ "path": uri.path() }] }))
        }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut both = two(&url, &json!({ "endpoint": "users" }), &json!({}));
    both.limits.concurrency = 4;
    let (pages, end) = fetch(&source(&both).unwrap()).await;
    assert_eq!(end.unwrap(), complete(80));
    let expected: Vec<_> = (0..40)
        .map(|id| format!("{{\"path\":\"/users/{id}/jobs\"}}"))
        .collect();
    assert!(pages.records().skip(40).eq(expected.iter()));
    assert_eq!(most.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn each_call_repeats_by_itself_and_what_is_missing_is_told_once_for_many() {
    let app = App::start(|call| {
        if call.path == "/users" {
            return json_answer(&users(&(0..20).map(Value::from).collect::<Vec<_>>()));
        }
        let jobs: Vec<_> = (call.skip()..3.min(call.skip() + 2)).map(|at| json!({ "at": at })).collect();
        json_answer(&json!({ "jobs": jobs, "total": if call.path.contains("/7/") || call.path.contains("/8/") { 4 } else { 3 } }))
    })
    .await;
    let jobs = json!({ "total": "$.total", "repeat": { "parameter": "skip", "increment": 2 } });
    let (pages, end) = fetch(&source(&two(&app.url, &each(), &jobs)).unwrap()).await;
    let Completeness::Incomplete { count, why } = end.unwrap() else {
        panic!("taken as whole")
    };
    assert_eq!((count, pages.records().count()), (80, 80));
    assert_eq!(
        why.matches("`jobs` says it has 4 records, and 3 came").count(),
        2,
        "{why}"
    );
}

#[tokio::test]
async fn one_call_that_fails_fails_the_fetch() {
    let app = App::start(|call| match call.path.as_str() {
        "/users" => json_answer(&users(&[json!(1), json!(2)])),
        "/users/1/jobs" => json_answer(&json!({ "jobs": [] })),
        _ => answer(404, "text/plain", "nobody"),
    })
    .await;
    let error = fetch(&source(&two(&app.url, &each(), &json!({}))).unwrap())
        .await
        .1
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("GET {}/users/2/jobs: 404 Not Found: nobody", app.url)
    );
}

#[tokio::test]
async fn records_that_cannot_be_called_for_are_told() {
    let cases = [
        (
            json!(null),
            SourceTrouble::Refused,
            "`url` needs `record.id`, which has no value",
        ),
        (
            json!(".."),
            SourceTrouble::Malformed,
            "`..` cannot be a part of an address",
        ),
    ];
    for (id, kind, said) in cases {
        let app = App::start(move |_| json_answer(&users(std::slice::from_ref(&id)))).await;
        let error = fetch(&source(&two(&app.url, &each(), &json!({}))).unwrap())
            .await
            .1
            .unwrap_err();
        assert_eq!(
            (error.kind, error.said.as_str(), app.calls().len()),
            (kind, said, 1)
        );
    }
    let app = App::start(|call| match call.path.as_str() {
        "/users" => json_answer(&users(&[json!(1)])),
        _ => json_answer(&json!({ "jobs": ["one"] })),
    })
    .await;
    let error = fetch(&source(&two(&app.url, &each(), &json!({}))).unwrap())
        .await
        .1
        .unwrap_err();
    assert!(error.said.contains("a record is not an object"), "{error}");
}

#[test]
fn one_that_depends_on_nobody_or_on_a_dependent_is_refused() {
    let lost = two(
        "http://crew.example",
        &json!({ "endpoint": "people" }),
        &json!({}),
    );
    assert!(
        source(&lost)
            .unwrap_err()
            .said
            .contains("it has no endpoint `people`")
    );
    let mut chain = two("http://crew.example", &each(), &json!({}));
    let mut third = chain.endpoints[1].clone();
    third.name = "third".to_owned();
    third.for_each.as_mut().unwrap().endpoint = "jobs".to_owned();
    chain.endpoints.push(third);
    assert!(
        source(&chain)
            .unwrap_err()
            .said
            .contains("`jobs` is called for each record of another")
    );
}
