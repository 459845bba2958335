//! Where cursors and links lead, and what of them is not followed.

use serde_json::json;
use tenure_core::seams::SourceTrouble;

use super::application::{App, KEY, answer, application, json_answer, source};
use super::fetch;
use super::repeating::{honest, in_query};

#[tokio::test]
async fn what_is_no_cursor_is_said() {
    for (next, kind) in [
        (json!({}), "an object"),
        (json!(true), "true or false"),
        (json!(1.5), "a number with a fraction"),
    ] {
        let app = App::start(move |_| json_answer(&json!({ "results": [1], "next": next }))).await;
        let endpoint = json!({ "repeat": { "cursor": { "from": "$.next", "name": "after" } } });
        let error = fetch(&app.source(endpoint)).await.1.unwrap_err();
        assert_eq!(error.kind, SourceTrouble::Malformed);
        assert!(
            error
                .said
                .contains(&format!("`$.next` is {kind}, not a text or whole number")),
            "{error}"
        );
    }
    let app = App::start(|_| json_answer(&json!({ "results": [1], "next": "x".repeat(70_000) }))).await;
    let endpoint = json!({ "repeat": { "cursor": { "from": "$.next", "name": "after" } } });
    let error = fetch(&app.source(endpoint)).await.1.unwrap_err();
    assert!(error.said.contains("is longer than 64 KiB"), "{error}");
}

#[tokio::test]
async fn a_link_to_another_host_is_not_followed() {
    let other = App::start(|_| honest(0, None)).await;
    let elsewhere = format!("{}/users?after=c10", other.url);
    let shown = other.url.clone();
    let app = App::start(move |_| {
        json_answer(&json!({ "results": [{ "_id": 1 }], "links": { "next": elsewhere } }))
    })
    .await;
    let endpoint = json!({ "repeat": { "next_link": { "from": "$.links.next" } } });
    let error = fetch(&app.source(endpoint)).await.1.unwrap_err();
    assert_eq!((error.kind, other.calls().len()), (SourceTrouble::Refused, 0));
    assert_eq!(
        error.said,
        format!("the next page is at {shown}, and links are followed only within the same host")
    );
}

#[tokio::test]
async fn a_key_in_the_query_goes_along_and_is_shown_nowhere() {
    // The link leaves the key out, has the right one, or another.
    for key in ["", "&key=k3y-of-the%2Fcrew", "&key=masked"] {
        let app = App::start(move |call| {
            assert_eq!(call.query["key"], KEY);
            if in_query(call) == 0 {
                let next = format!("/users?after=c10&state=a%20b{key}");
                return json_answer(&json!({ "results": [{ "_id": 1 }], "next": next }));
            }
            assert_eq!(call.query["state"], "a b");
            answer(400, "text/plain", "no")
        })
        .await;
        let endpoint = json!({ "query": { "limit": 10 }, "repeat": { "next_link": { "from": "$.next" } } });
        let mut application = application(&app.url, endpoint);
        application.authorization = serde_json::from_value(json!({
            "type": "api_key", "key": "key", "add_to": "query", "value": "{{ secret('crew') }}"
        }))
        .unwrap();
        let error = fetch(&source(&application).unwrap()).await.1.unwrap_err();
        assert_eq!(error.said, "400 Bad Request: no", "{key}");
        assert!(error.doing.contains("after=c10"), "{error}");
        assert!(!format!("{error:?}").contains("k3y"), "{error:?}");
        assert_eq!(
            (app.calls().len(), app.calls()[1].query.contains_key("limit")),
            (2, false)
        );
    }
}

#[test]
fn repetitions_of_no_kind_or_of_two_are_refused() {
    let cursor = json!({ "from": "$.next", "name": "after" });
    let cases = [
        (json!({}), "not of exactly one kind"),
        (
            json!({ "cursor": cursor, "page": { "parameter": "page" } }),
            "not of exactly one kind",
        ),
        (json!({ "parameter": "skip" }), "without `increment`"),
        (
            json!({ "cursor": { "name": "after" } }),
            "either `from` or `header`",
        ),
        (
            json!({ "cursor": { "from": "next", "name": "after" } }),
            "not a path of names",
        ),
        (
            json!({ "cursor": { "from": "$.next", "name": "after", "to": "body" } }),
            "has no place for it",
        ),
        (
            json!({ "cursor": cursor, "until": "page.number > 1", "while": "page.number < 1" }),
            "both `until` and `while`",
        ),
        (
            json!({ "cursor": cursor, "until": "page.number >" }),
            "`page.number >`",
        ),
    ];
    for (repeat, said) in cases {
        let error = source(&application("http://crew.example", json!({ "repeat": repeat }))).unwrap_err();
        assert!(error.said.contains(said), "{repeat}: {error}");
    }
}
