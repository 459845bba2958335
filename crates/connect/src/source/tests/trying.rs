//! Endpoints that are called once to be looked at.

use std::sync::Arc;

use serde_json::{Value, json};
use tenure_core::document::Application;
use tenure_core::seams::SourceError;

use super::application::{App, KEY, Vault, answer, application, environment, json_answer, page, paged};
use crate::source::{BODY_SHOWN, More, Trial, try_endpoint};

async fn tried(
    application: &Application,
    endpoint: &str,
    record: Option<&Value>,
) -> Result<Trial, SourceError> {
    let endpoint = application
        .endpoints
        .iter()
        .find(|one| one.name == endpoint)
        .unwrap();
    try_endpoint(application, endpoint, record, Arc::new(Vault), environment()).await
}

async fn users(app: &App, endpoint: Value) -> Trial {
    tried(&application(&app.url, endpoint), "users", None)
        .await
        .unwrap()
}

fn more(trial: &Trial) -> &More {
    &trial.found.as_ref().unwrap().more
}

#[tokio::test]
async fn no_secret_is_shown_wherever_it_stands_or_comes_back() {
    let app = App::start(|call| {
        let mut echo = answer(
            200,
            "application/json",
            json!({ "results": [], "key": KEY, "query": call.query }).to_string(),
        );
        echo.headers_mut()
            .insert("set-cookie", "session=1234567".parse().unwrap());
        echo.headers_mut().insert("x-echo", KEY.parse().unwrap());
        echo
    })
    .await;
    let mut application = application(
        &app.url,
        json!({ "query": { "sort": "a b", "pin": "{{ secret('crew') }}" } }),
    );
    application.authorization.add_to = tenure_core::document::AddTo::Query;
    let trial = tried(&application, "users", None).await.unwrap();
    let exchange = trial.exchange.as_ref().unwrap();
    assert_eq!(
        exchange.sent.url,
        format!("{}/users?pin=…&sort=a+b&x-api-key=…", app.url)
    );
    let received = exchange.received.as_ref().unwrap();
    assert_eq!(
        received.body.text,
        r#"{"key":"…","query":{"pin":"…","sort":"a b","x-api-key":"…"},"results":[]}"#
    );
    let shown = |name: &str| {
        let mut fields = received.headers.iter();
        fields.find(|field| field.name == name).unwrap().value.clone()
    };
    assert_eq!(
        (shown("set-cookie").as_str(), shown("x-echo").as_str()),
        ("…", "…")
    );
    // Nor is what people's records hold, where somebody logs the whole.
    assert!(!format!("{trial:?}").contains("a b\",\"x-api"), "{trial:?}");
}

#[tokio::test]
async fn a_call_is_made_once_whatever_comes_of_it() {
    let app = App::start(|_| answer(503, "text/plain", "later")).await;
    let trial = users(&app, json!({})).await;
    assert_eq!(app.calls().len(), 1);
    let received = trial.exchange.unwrap().received.unwrap();
    assert_eq!(
        (received.status, received.reason, received.body.text.as_str()),
        (503, "Service Unavailable", "later")
    );
    let error = trial.found.unwrap_err();
    assert!(
        error.said.contains("503 Service Unavailable: later") && !error.hint.is_empty(),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_long_body_is_cut_at_a_character() {
    let app =
        App::start(|_| json_answer(&json!({ "results": [{ "x": format!("a{}", "é".repeat(BODY_SHOWN)) }] })))
            .await;
    let trial = users(&app, json!({})).await;
    let body = trial.exchange.unwrap().received.unwrap().body;
    assert!(body.cut && body.text.ends_with('é'));
    assert!((BODY_SHOWN - 4..=BODY_SHOWN).contains(&body.text.len()));
    assert_eq!(body.bytes, "{\"results\":[{\"x\":\"a\"}]}".len() + 2 * BODY_SHOWN);
}

#[tokio::test]
async fn whether_another_call_would_follow_is_told_with_the_reason() {
    let app = App::start(|call| page(call.skip(), 10, 25)).await;
    let trial = users(&app, paged(10)).await;
    assert_eq!(
        *more(&trial),
        More::Yes("the next call has `skip` = 10".to_owned())
    );
    assert!(trial.found.as_ref().unwrap().warnings.is_empty());
    let trial = users(&app, paged(50)).await;
    assert_eq!(
        trial.found.as_ref().unwrap().warnings,
        [
            "the page has 10 records and the next one begins 50 further on; make `increment` as large as a page"
        ]
    );
    let trial = users(&app, json!({ "total": "$.totalCount" })).await;
    assert_eq!(
        *more(&trial),
        More::No("the endpoint has no `repeat`, so that it is called once".to_owned())
    );
    assert_eq!(
        trial.found.as_ref().unwrap().warnings,
        ["the answer says that there are 25 records, and 10 came; write a `repeat`"]
    );
    let until =
        json!({ "repeat": { "parameter": "skip", "increment": 10, "until": "page.records | length < 50" } });
    let trial = users(&app, until).await;
    assert_eq!(
        *more(&trial),
        More::No("`until` holds: page.records | length < 50".to_owned())
    );
    assert_eq!(app.calls().len(), 4);
}

#[tokio::test]
async fn cursors_and_links_are_told_and_foreign_hosts_not_followed() {
    let app = App::start(|_| {
        json_answer(
            &json!({ "results": [{ "_id": 1 }], "next": "c2", "link": "https://elsewhere.example.com/2" }),
        )
    })
    .await;
    let cursor = |condition: &str| json!({ "repeat": { "cursor": { "from": "$.next", "name": "after" }, "while": condition } });
    let trial = users(&app, cursor("page.answer.next")).await;
    assert_eq!(
        *more(&trial),
        More::Yes("the next call has `after` = c2".to_owned())
    );
    let trial = users(&app, cursor("page.answer.more")).await;
    assert_eq!(
        *more(&trial),
        More::No("`while` does not hold: page.answer.more".to_owned())
    );
    let trial = users(
        &app,
        json!({ "repeat": { "cursor": { "from": "$.after", "name": "after" }, "while": "page.number < 3" } }),
    )
    .await;
    let More::Stuck { said, hint } = more(&trial) else {
        panic!("{trial:?}")
    };
    assert!(
        said.contains("nothing at `$.after`") && !hint.is_empty(),
        "{said}; {hint}"
    );
    let trial = users(&app, json!({ "repeat": { "next_link": { "from": "$.link" } } })).await;
    assert!(matches!(more(&trial), More::Stuck { .. }), "{trial:?}");
}

#[tokio::test]
async fn a_dependent_endpoint_is_called_for_one_record_with_what_it_adds() {
    let app = App::start(|call| match call.path.as_str() {
        "/users" => json_answer(&json!({ "results": [{ "_id": "a/1", "x": 1 }, { "_id": "a2" }] })),
        path => json_answer(&json!([{ "path": path }])),
    })
    .await;
    let mut application = serde_json::to_value(application(&app.url, json!({}))).unwrap();
    application["endpoints"].as_array_mut().unwrap().push(json!({
        "name": "roles",
        "url": format!("{}/users/{{{{ record._id }}}}/roles", app.url),
        "for_each": { "endpoint": "users", "add": { "user": "_id" } }
    }));
    let application: Application = serde_json::from_value(application).unwrap();
    let record = |trial: &Trial| {
        let page = &trial.found.as_ref().unwrap().page;
        page.iter()
            .map(|record| String::from_utf8_lossy(record).into_owned())
            .collect::<Vec<_>>()
    };
    let trial = tried(&application, "roles", None).await.unwrap();
    assert_eq!(trial.parent.as_ref().unwrap().endpoint, "users");
    assert_eq!(record(&trial), [r#"{"path":"/users/a%2F1/roles","user":"a/1"}"#]);
    let trial = tried(&application, "roles", Some(&json!({ "_id": "b" })))
        .await
        .unwrap();
    assert!(trial.parent.is_none());
    assert_eq!(record(&trial), [r#"{"path":"/users/b/roles","user":"b"}"#]);
    assert_eq!(app.calls().len(), 3);
    let error = tried(&application, "users", Some(&json!({}))).await.unwrap_err();
    assert_eq!(error.said, "a record was given, and it is called by itself");
}

#[tokio::test]
async fn a_wrong_place_of_records_is_met_with_where_lists_are() {
    let answer = json!({ "data": { "people": [{ "a": 1 }, { "a": 2 }], "odd name": [{}] }, "results": [] });
    let app = App::start(move |_| json_answer(&answer)).await;
    let trial = users(&app, json!({ "records": "$.persons[*]" })).await;
    let hint = trial.found.unwrap_err().hint;
    assert!(
        hint.ends_with("there are lists here: `records: $.data.people[*]`, `records: $.data['odd name'][*]`"),
        "{hint}"
    );
    // An empty list may be right, or not.
    let trial = users(&app, json!({})).await;
    let lists: Vec<_> = trial
        .found
        .unwrap()
        .lists
        .into_iter()
        .map(|list| (list.path, list.objects))
        .collect();
    assert_eq!(lists[0], ("$.data.people[*]".to_owned(), 2));
}
