//! Everything that goes wrong between a call and its records, and what an administrator reads of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::response::Response;
use serde_json::{Value, json};
use tenure_core::seams::{SourceError, SourceTrouble};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::application::{App, KEY, answer, application, json_answer, page, paged, source};
use super::{complete, fetch};

async fn error_of(answers: impl Fn() -> Response + Send + Sync + 'static) -> (SourceError, App) {
    let app = App::start(move |_| answers()).await;
    let error = fetch(&app.source(json!({}))).await.1.unwrap_err();
    assert!(error.doing.starts_with("GET http://127.0.0.1:"), "{error}");
    (error, app)
}

#[tokio::test]
async fn a_refused_key_names_the_secret_to_set_and_is_not_tried_again() {
    let refusal = format!("{{\"message\":\"{KEY} is unknown\"}}");
    let (error, app) = error_of(move || answer(401, "application/json", refusal.clone())).await;
    assert_eq!(error.kind, SourceTrouble::Unauthorized);
    assert_eq!(error.said, "401 Unauthorized: {\"message\":\"… is unknown\"}");
    assert_eq!(
        error.hint,
        "the credentials were not accepted; set them again with `tenure secret set crew`"
    );
    assert_eq!(app.calls().len(), 1);
    assert_eq!(app.calls()[0].headers["x-api-key"], KEY);
}

#[tokio::test]
async fn too_many_calls_are_made_again_as_asked() {
    let app = App::start(|call| match call.place {
        0 | 1 => {
            let mut busy = answer(429, "text/plain", "slow down");
            busy.headers_mut().insert("retry-after", "0.01".parse().unwrap());
            busy
        }
        _ => page(call.skip(), 10, 5),
    })
    .await;
    assert_eq!(fetch(&app.source(json!({}))).await.1.unwrap(), complete(5));
    assert_eq!(app.calls().len(), 3);
}

#[tokio::test]
async fn a_passing_trouble_passes_and_a_lasting_one_is_told() {
    let app = App::start(|call| match call.place {
        0 => answer(500, "text/plain", "oops"),
        _ => page(call.skip(), 10, 5),
    })
    .await;
    assert_eq!(fetch(&app.source(json!({}))).await.1.unwrap(), complete(5));

    let (error, app) = error_of(|| answer(503, "text/plain", "down for maintenance")).await;
    assert_eq!(error.kind, SourceTrouble::Refused);
    assert_eq!(
        error.said,
        "503 Service Unavailable: down for maintenance (tried 3 times)"
    );
    assert_eq!(app.calls().len(), 3);
}

#[tokio::test]
async fn a_page_that_fails_late_fails_the_fetch() {
    let app = App::start(|call| match call.skip() {
        30 => answer(400, "application/json", "{\"message\":\"no\"}"),
        skip => page(skip, 10, 80),
    })
    .await;
    let (pages, end) = fetch(&app.source(paged(10))).await;
    assert_eq!(end.unwrap_err().said, "400 Bad Request: {\"message\":\"no\"}");
    assert_eq!(pages.records().count(), 30);
}

/// A server that cuts this answer off so many times before it gives it.
async fn cutting(times: usize) -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = [0; 4096];
            assert!(connection.read(&mut request).await.unwrap() > 0);
            let body = "{\"results\":[{\"_id\":1},{\"_id\":2}]}";
            let sent = if counted.fetch_add(1, Ordering::SeqCst) < times {
                &body[..20]
            } else {
                body
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            connection
                .write_all(format!("{head}{sent}").as_bytes())
                .await
                .unwrap();
        }
    });
    (url, calls)
}

#[tokio::test]
async fn a_cut_connection_is_noticed_and_tried_again() {
    let (url, calls) = cutting(1).await;
    assert_eq!(
        fetch(&source(&application(&url, json!({}))).unwrap())
            .await
            .1
            .unwrap(),
        complete(2)
    );
    assert_eq!(calls.load(Ordering::SeqCst), 2);

    let (url, _) = cutting(usize::MAX).await;
    let error = fetch(&source(&application(&url, json!({}))).unwrap())
        .await
        .1
        .unwrap_err();
    assert_eq!(error.kind, SourceTrouble::Unreachable);
    assert!(
        error.said.starts_with("the answer was cut off: ") && error.said.ends_with("(tried 3 times)"),
        "{error}"
    );
}

#[tokio::test]
async fn answers_that_cannot_be_read_say_why_and_where() {
    let cases = [
        (
            "application/json",
            "{\"results\":[{\"_id\":1},{\"_i",
            "it is not JSON: EOF",
            "cut off or damaged",
        ),
        ("application/json", "", "it is empty", "cut off or damaged"),
        (
            "text/html",
            "<html>Sign in</html>",
            "it begins: <html>Sign in</html>",
            "it is `text/html`; check that",
        ),
        (
            "application/json",
            "{\"data\":[]}",
            "it has nothing at `$.results[*]`, only `data`",
            "`records`",
        ),
        (
            "application/json",
            "{\"results\":{\"_id\":1}}",
            "`$.results[*]` is an object, not a list",
            "`records`",
        ),
        (
            "application/json",
            "{\"results\":null}",
            "`$.results[*]` is null, not a list",
            "`records`",
        ),
    ];
    for (kind, body, said, hint) in cases {
        let (error, _) = error_of(move || answer(200, kind, body)).await;
        assert_eq!(error.kind, SourceTrouble::Malformed, "{body}");
        assert!(
            error.said.contains(said) && error.hint.contains(hint),
            "{body}: {} ({})",
            error.said,
            error.hint
        );
    }
}

#[tokio::test]
async fn a_total_that_is_not_there_is_an_error() {
    let app = App::start(|_| json_answer(&json!({ "results": [1] }))).await;
    let error = fetch(&app.source(json!({ "total": "$.totalCount" })))
        .await
        .1
        .unwrap_err();
    assert!(error.said.contains("it has nothing at `$.totalCount`"), "{error}");
}

#[tokio::test]
async fn a_huge_answer_is_not_read() {
    let app = App::start(|_| answer(200, "application/json", " ".repeat(1 << 21))).await;
    let mut small = application(&app.url, json!({}));
    small.limits.response_mib = 1;
    let error = fetch(&source(&small).unwrap()).await.1.unwrap_err();
    assert_eq!(error.kind, SourceTrouble::Limit);
    assert_eq!(error.said, "the answer is larger than the limit of 1 MiB");
    assert!(error.hint.contains("response_mib"));
}

#[tokio::test]
async fn private_addresses_are_called_only_when_allowed() {
    let app = App::start(|_| page(0, 1, 1)).await;
    for url in [app.url.clone(), app.url.replace("127.0.0.1", "localhost")] {
        let mut strict = application(&url, json!({}));
        strict.private_addresses = tenure_core::document::PrivateAddresses::Refused;
        let error = fetch(&source(&strict).unwrap()).await.1.unwrap_err();
        assert!(
            error.said.contains("private address") && error.hint.contains("private_addresses: allowed"),
            "{error}"
        );
    }
    assert_eq!(app.calls().len(), 0);
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = fetch(&source(&application(&url, json!({}))).unwrap())
        .await
        .1
        .unwrap_err();
    assert_eq!(error.kind, SourceTrouble::Unreachable);
    assert!(error.said.starts_with("no connection: "), "{error}");
}

#[tokio::test]
async fn every_kind_of_authorization_is_sent_and_never_shown() {
    let secret = "{{ secret('crew') }}";
    let cases = [
        (
            json!({ "type": "api_key", "key": "key", "add_to": "query", "value": secret }),
            "key=…",
        ),
        (json!({ "type": "basic", "user": "ada", "password": secret }), ""),
        (json!({ "type": "bearer", "value": secret }), ""),
        (json!({ "type": "bearer", "value": KEY }), ""),
    ];
    let basic = "YWRhOmszeS1vZi10aGUvY3Jldw==";
    for (authorization, shown) in cases {
        // Says back everything it was sent.
        let app = App::start(|call| {
            answer(
                400,
                "text/plain",
                format!("{:?} {:?}", call.query, call.headers.get("authorization")),
            )
        })
        .await;
        let mut application = application(
            &app.url,
            json!({ "query": { "note": "is {{ secret('crew') }}" } }),
        );
        application.authorization = serde_json::from_value(authorization).unwrap();
        let source = source(&application).unwrap();
        let error = fetch(&source).await.1.unwrap_err();
        let all = format!("{error} {error:?} {source:?}");
        assert!(
            !all.contains(KEY) && !all.contains("k3y") && !all.contains(basic),
            "{all}"
        );
        assert!(
            error.doing.contains("note=is …") && error.doing.contains(shown),
            "{all}"
        );
        let call = &app.calls()[0];
        let header = call
            .headers
            .get("authorization")
            .map(|value| value.to_str().unwrap().to_owned());
        let sent = [call.query.get("key").cloned(), header]
            .into_iter()
            .flatten()
            .collect::<String>();
        assert!(
            [KEY.to_owned(), format!("Basic {basic}"), format!("Bearer {KEY}")].contains(&sent),
            "{sent}"
        );
    }
}

#[tokio::test]
async fn a_secret_that_is_not_set_is_named() {
    let app = App::start(|_| page(0, 1, 1)).await;
    let error = fetch(&app.source(json!({ "headers": { "x-org-id": "{{ secret('org') }}" } })))
        .await
        .1
        .unwrap_err();
    assert_eq!(error.kind, SourceTrouble::Unauthorized);
    assert_eq!(
        error.to_string(),
        "preparing the call of the endpoint `users`: there is no secret named `org`; set it with `tenure secret set org`"
    );
    assert_eq!(app.calls().len(), 0);
}

#[test]
fn documents_that_cannot_be_followed_are_refused_at_once() {
    let cases: [(Value, &str); 4] = [
        (
            json!({ "records": "$..x" }),
            "`records`: `$..x` is not a path of names",
        ),
        (
            json!({ "total": "total" }),
            "`total`: `total` is not a path of names",
        ),
        (json!({ "body": { "a": 1 } }), "write `method: POST`"),
        (
            json!({ "repeat": { "parameter": "skip", "increment": 0 } }),
            "every call is the same",
        ),
    ];
    for (endpoint, said) in cases {
        let error = source(&application("http://crew.example", endpoint)).unwrap_err();
        assert!(error.said.contains(said), "{error}");
        assert_eq!(
            error.doing,
            "reading the endpoint `users` of the application `Crew`"
        );
    }
}
