//! `page` in requests: where the repetition stands, and what the page before said.

use serde_json::{Value, json};
use tenure_core::seams::SourceError;

use super::application::{App, answer, json_answer};
use super::{complete, fetch};

const ALL: usize = 25;
const SIZE: usize = 10;

/// Answers with the records after the one with this id, and says which is the next.
async fn app(asked: fn(&super::application::Call) -> usize) -> App {
    App::start(move |call| {
        let from = asked(call);
        let records: Vec<_> = (from..ALL.min(from + SIZE))
            .map(|id| json!({ "id": id }))
            .collect();
        let next = (from + SIZE < ALL).then(|| format!("a/{}&", from + SIZE));
        json_answer(&json!({ "results": records, "total": ALL, "meta": { "next": next } }))
    })
    .await
}

fn from_text(text: Option<&str>) -> usize {
    let digits: String = text.unwrap_or("0").chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

async fn error(app: &App, endpoint: Value) -> SourceError {
    fetch(&app.source(endpoint)).await.1.unwrap_err()
}

#[tokio::test]
async fn a_text_says_itself_where_the_offset_goes() {
    let app = app(|call| from_text(Some(&call.body))).await;
    let endpoint = json!({
        "method": "POST", "message": "xml", "body": "<From>{{ page.offset }}</From>", "total": "$.total",
        "headers": { "X-Page": "{{ page.number }}" },
        "repeat": { "parameter": "skip", "increment": 10, "until": "page.count >= page.total" },
    });
    let (pages, end) = fetch(&app.source(endpoint)).await;
    assert_eq!(end.unwrap(), complete(25));
    assert_eq!(pages.records().count(), ALL);
    let calls = app.calls();
    let asked: Vec<_> = calls
        .iter()
        .map(|call| (call.body.as_str(), &call.headers["x-page"]))
        .collect();
    // Pages whose number alone is named are asked for ahead, in any order.
    assert!(
        calls.iter().all(|call| call.query.is_empty()),
        "it goes nowhere else"
    );
    for (body, number) in [
        ("<From>0</From>", "1"),
        ("<From>10</From>", "2"),
        ("<From>20</From>", "3"),
    ] {
        assert!(
            asked
                .iter()
                .any(|(found, page)| *found == body && *page == number),
            "{asked:?}"
        );
    }
}

#[tokio::test]
async fn what_the_page_before_said_is_left_out_of_the_first_call() {
    let app = app(|call| match (call.query.get("after"), call.query.get("key")) {
        (Some(after), _) => from_text(Some(after)) + 1,
        (None, key) => from_text(key.map(String::as_str)),
    })
    .await;
    let endpoint = json!({
        "query": { "after": "{{ (page.records | last).id }}", "of": "{{ page.count }}" },
        "headers": { "X-Next": "{{ page.answer.meta.next }}", "X-All": "{{ page.total }}" },
        "total": "$.total",
        "repeat": { "page": { "parameter": "page" }, "until": "page.count >= page.total" },
    });
    let (pages, end) = fetch(&app.source(endpoint)).await;
    assert_eq!(end.unwrap(), complete(25));
    assert_eq!(pages.records().count(), ALL);
    let asked: Vec<_> = app
        .calls()
        .iter()
        .map(|call| {
            let query = |name: &str| call.query.get(name).cloned().unwrap_or_else(|| "–".to_owned());
            let header = |name: &str| {
                call.headers
                    .get(name)
                    .map_or("–", |value| value.to_str().unwrap())
            };
            format!(
                "page={} after={} of={} next={} all={}",
                query("page"),
                query("after"),
                query("of"),
                header("x-next"),
                header("x-all")
            )
        })
        .collect();
    insta::assert_snapshot!(asked.join("\n"), @r"
    page=1 after=– of=0 next=– all=–
    page=2 after=9 of=10 next=a/10& all=25
    page=3 after=19 of=20 next=a/20& all=25
    ");
}

#[tokio::test]
async fn a_cursor_goes_into_a_path_as_one_segment_and_into_a_body_as_it_is() {
    let app = app(|call| match call.path.strip_prefix("/users/") {
        Some(key) => from_text(Some(&key.replace("%2F", "/").replace("%26", "&"))),
        None => from_text(serde_json::from_str::<Value>(&call.body).unwrap()["in"]["after"].as_str()),
    })
    .await;
    let repeat = json!({ "cursor": { "from": "$.meta.next", "name": "after" } });
    let url = format!("{}/users/{{{{ page.cursor | default('0') }}}}", app.url);
    for endpoint in [
        json!({ "url": url, "repeat": repeat }),
        json!({ "method": "POST", "body": { "in": { "after": "{{ page.cursor }}" } }, "repeat": repeat }),
    ] {
        let (pages, end) = fetch(&app.source(endpoint)).await;
        assert_eq!(end.unwrap(), complete(25));
        assert_eq!(pages.records().count(), ALL);
    }
    let calls: Vec<_> = app
        .calls()
        .iter()
        .map(|call| format!("{} {}", call.path, call.body).trim_end().to_owned())
        .collect();
    insta::assert_snapshot!(calls.join("\n"), @r#"
    /users/0
    /users/a%2F10%26
    /users/a%2F20%26
    /users {"in":{}}
    /users {"in":{"after":"a/10&"}}
    /users {"in":{"after":"a/20&"}}
    "#);
}

#[tokio::test]
async fn what_no_page_says_fails_the_call_that_needs_it() {
    let app = app(|call| {
        call.query
            .get("page")
            .map_or(0, |page| (page.parse::<usize>().unwrap() - 1) * SIZE)
    })
    .await;
    let repeat = json!({ "page": { "parameter": "page" } });
    let first = error(
        &app,
        json!({ "url": format!("{}/{{{{ page.answer.meta.next }}}}", app.url), "repeat": repeat }),
    )
    .await;
    assert_eq!(app.calls().len(), 0, "nothing is sent");
    let later = error(
        &app,
        json!({ "query": { "a": "{{ page.answer.meta.nxt }}" }, "repeat": repeat }),
    )
    .await;
    assert_eq!(app.calls().len(), 1, "the second call is not made");
    insta::assert_snapshot!(format!("{first}\n{later}"), @r"
    preparing the call of the endpoint `users`: `url` needs `page.answer.meta.next`, which has no value
    preparing the call of the endpoint `users` for page 2: the query parameter `a` needs `page.answer.meta.nxt`, which has no value
    ");

    assert!(
        first.hint.starts_with("the first call has no page before it"),
        "{}",
        first.hint
    );
    assert!(
        later.hint.starts_with("the page before does not say it"),
        "{}",
        later.hint
    );

    // What would lead elsewhere is no part of an address.
    let elsewhere =
        App::start(|_| answer(200, "application/json", r#"{"results":[{"id":1}],"next":".."}"#)).await;
    let error = error(
        &elsewhere,
        json!({
            "url": format!("{}/{{{{ page.answer.next | default('users') }}}}", elsewhere.url), "repeat": repeat
        }),
    )
    .await;
    assert!(error.said.contains("same"), "{error}");
}
