//! Macros in every part of a request, and what happens when one has no value.

use jiff::Timestamp;
use serde_json::{Value, json};
use tenure_core::fetching::{Begin, Mark};
use tenure_core::seams::SourceError;

use super::application::{App, application, json_answer, source};
use super::{complete, fetch, fetch_from};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Answers every call with one record and says where changes are told.
async fn app() -> App {
    App::start(|call| match call.path.as_str() {
        "/token" => {
            json_answer(&json!({ "access_token": "t0ken", "token_type": "Bearer", "expires_in": 3600 }))
        }
        "/gone" => super::application::answer(410, "application/json", "{}"),
        _ => json_answer(&json!({ "results": [{ "_id": 1 }], "delta": "/users?from=2" })),
    })
    .await
}

async fn error(app: &App, endpoint: Value) -> SourceError {
    fetch(&app.source(endpoint)).await.1.unwrap_err()
}

#[tokio::test]
async fn every_part_of_a_request_can_name_them() {
    let app = app().await;
    let endpoint = json!({
        "method": "POST",
        "url": format!("{}/{{{{ env('REGION') }}}}/users", app.url),
        "query": {
            "tenant": "{{ env('TENURE_VAR_TENANT') }}",
            "day": "{{ now | date_add('1d') | format_date('%d.%m.%Y', 'Europe/Berlin') }}",
            "from": "{{ last_run | default('2020-01-01T00:00:00Z') | format_date('%Y-%m-%d') }}",
            "since": "{{ since }}",
        },
        "headers": { "X-Since": "{{ since | format_date('%H:%M', 'Europe/Amsterdam') }}" },
        "body": { "q": { "since": "{{ since | timestamp }}", "run": "{{ last_run | default('never') }}" } },
        "incremental": {},
    });
    let source = app.source(endpoint);
    let begin = Begin {
        since: Some(Mark::Moment(at("2026-07-01T10:00:00Z"))),
        last_run: Some(at("2026-06-30T10:00:00Z")),
    };
    for begin in [Begin::default(), begin] {
        let (_, end) = fetch_from(&source, &begin).await;
        assert_eq!(end.unwrap().completeness, complete(1));
    }
    let calls = app.calls();
    let query = |place: usize| {
        let mut query: Vec<_> = calls[place].query.clone().into_iter().collect();
        query.sort();
        query
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ")
    };
    assert_eq!(calls[0].path, "/eu/users");
    insta::assert_snapshot!(query(0), @"day=02.01.1970; from=2020-01-01; tenant=north & south");
    assert!(!calls[0].headers.contains_key("x-since"));
    insta::assert_snapshot!(calls[0].body, @r#"{"q":{"run":"never"}}"#);
    insta::assert_snapshot!(query(1), @"day=02.01.1970; from=2026-06-30; since=2026-07-01T10:00:00Z; tenant=north & south");
    assert_eq!(calls[1].headers["x-since"], "12:00");
    insta::assert_snapshot!(calls[1].body, @r#"{"q":{"run":"2026-06-30T10:00:00Z","since":"1782900000"}}"#);
}

#[tokio::test]
async fn one_without_a_value_fails_the_call_wherever_it_stands() {
    let app = app().await;
    let missing = "{{ env('TENURE_VAR_NONE') }}";
    for endpoint in [
        json!({ "url": format!("{}/{missing}", app.url) }),
        json!({ "query": { "a": missing } }),
        json!({ "headers": { "X-A": missing } }),
        json!({ "method": "POST", "body": { "a": [missing] } }),
        json!({ "method": "POST", "message": "form", "body": { "a": missing } }),
        json!({ "method": "POST", "message": "text", "body": missing }),
        json!({ "query": { "a": "{{ env('TENURE_VAR_EMPTY') }}" } }),
    ] {
        let error = error(&app, endpoint.clone()).await;
        assert!(
            error
                .said
                .contains("no environment variable of that name with a value"),
            "{endpoint}: {error}"
        );
        assert!(error.said.contains("set it where Tenure runs"), "{error}");
    }
    for (format, said) in [
        ("{{ last_run }}", "needs `last_run`, which has no value"),
        ("{{ nobody }}", "needs `nobody`, which has no value"),
        (
            "{{ env('TENURE_KEY') }}",
            "only variables whose names begin with `TENURE_VAR_`",
        ),
        ("{{ secret('other') }}", "there is no secret named `other`"),
        ("{{ ['TENURE_VAR_TENANT'] | map('env') }}", "env"),
    ] {
        let endpoint = json!({ "query": { "a": format } });
        let built = source(&application(&app.url, endpoint));
        let error = match built {
            Ok(source) => fetch(&source).await.1.unwrap_err(),
            Err(error) => error,
        };
        assert!(error.said.contains(said), "{format}: {error}");
    }
    let error = error(
        &app,
        json!({ "url": format!("{}/{{{{ since }}}}", app.url), "incremental": {} }),
    )
    .await;
    insta::assert_snapshot!(error.said, @"`url` needs `since`, which has no value");
    assert!(error.hint.contains("a parameter of its own"), "{}", error.hint);
    assert_eq!(app.calls().len(), 0, "nothing was sent");
}

#[tokio::test]
async fn token_requests_name_them_too_and_fail_without_a_value() {
    let app = app().await;
    let with = |audience: &str| {
        let mut application = application(&app.url, json!({}));
        application.authorization = serde_json::from_value(json!({
            "type": "oauth2", "grant": "client_credentials", "client_id": "{{ env('REGION') }}",
            "token_url": format!("{}/token", app.url), "client_secret": "{{ secret('crew') }}",
            "client_authentication": "body", "token_parameters": { "audience": audience },
        }))
        .unwrap();
        source(&application).unwrap()
    };
    let (_, end) = fetch(&with(
        "{{ env('TENURE_VAR_TENANT') }} {{ now | format_date('%Y') }}",
    ))
    .await;
    assert_eq!(end.unwrap(), complete(1));
    let body = app.calls()[0].body.clone();
    assert!(body.contains("client_id=eu"), "{body}");
    assert!(body.contains("audience=north+%26+south+1970"), "{body}");
    for missing in ["{{ env('TENURE_VAR_NONE') }}", "{{ last_run }}", "{{ since }}"] {
        let (_, end) = fetch(&with(missing)).await;
        let error = end.unwrap_err();
        assert!(
            error.said.contains("no environment variable") || error.said.contains("which has no value"),
            "{error}"
        );
    }
    assert_eq!(
        app.calls().len(),
        2,
        "only the first token and its call were asked for"
    );
}

#[tokio::test]
async fn a_delta_link_is_kept_and_called_the_next_time_with_the_key() {
    let app = app().await;
    let endpoint = json!({ "query": { "select": "id" }, "incremental": { "delta_link": "$.delta" } });
    let source = app.source(endpoint);
    let (_, end) = fetch_from(&source, &Begin::default()).await;
    let mark = end.unwrap().mark.unwrap();
    assert_eq!(mark, Mark::Link("/users?from=2".to_owned()));
    let from = |mark| Begin {
        since: Some(mark),
        last_run: None,
    };
    fetch_from(&source, &from(mark)).await.1.unwrap();
    let calls = app.calls();
    assert_eq!(calls[1].query.get("from").map(String::as_str), Some("2"));
    assert!(!calls[1].query.contains_key("select"));
    assert!(calls[1].headers.contains_key("x-api-key"));
    // Keys never go elsewhere.
    let elsewhere = Mark::Link("https://elsewhere.example.com/users".to_owned());
    let error = fetch_from(&source, &from(elsewhere)).await.1.unwrap_err();
    assert_eq!(error.kind, tenure_core::seams::SourceTrouble::Refused);
    let error = fetch_from(&source, &from(Mark::Link("/gone".to_owned())))
        .await
        .1
        .unwrap_err();
    assert_eq!(error.kind, tenure_core::seams::SourceTrouble::Expired);

    let without = app.source(json!({ "incremental": { "delta_link": "$.other" } }));
    let error = fetch(&without).await.1.unwrap_err();
    insta::assert_snapshot!(error.said, @"the last answer has nothing at `$.other`, where changes from then on should be told");
}
