//! How other servers answer token requests, and what an administrator reads of it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use tenure_core::document::{Application, PrivateAddresses};
use tenure_core::seams::SourceTrouble;
use url::Url;

use super::super::{Answer, State as Authorized, Tokens};
use super::vault::Vault;
use super::{Time, application, fetch, source, tokens};

const SECRET: &str = "s3cret+of/crew";

type Said = (u16, String);
type Speak = dyn Fn(&str) -> Said + Send + Sync;

/// Answers token requests as it is told, and lets in everybody with the token `good`.
#[derive(Clone)]
struct Server {
    url: String,
    speak: Arc<Speak>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `speak` is given the `Authorization` header and body of a token request.
    async fn start(speak: impl Fn(&str) -> Said + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            speak: Arc::new(speak),
            asked: Arc::default(),
        };
        let router = Router::new().fallback(handle).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn machine(&self) -> Application {
        let authorization = json!({
            "type": "oauth2", "grant": "client_credentials", "token_url": format!("{}/token", self.url),
            "client_id": "crew", "client_secret": "{{ secret('crew') }}"
        });
        application(&self.url, &authorization)
    }

    fn people(&self) -> Application {
        let authorization = json!({
            "type": "oauth2", "grant": "authorization_code", "token_url": format!("{}/token", self.url),
            "authorization_url": format!("{}/agree", self.url), "client_id": "crew",
            "client_secret": "{{ secret('crew') }}"
        });
        application(&self.url, &authorization)
    }
}

async fn handle(State(server): State<Server>, uri: Uri, headers: HeaderMap, body: String) -> Response {
    let (status, text) = if uri.path() == "/token" {
        let all = format!("{:?} {body}", headers.get("authorization"));
        server.asked.lock().unwrap().push(body);
        (server.speak)(&all)
    } else if headers
        .get("authorization")
        .is_some_and(|value| value == "Bearer good")
    {
        (200, json!({ "results": [{ "_id": 1 }] }).to_string())
    } else {
        (401, "no".to_owned())
    };
    Response::builder().status(status).body(text.into()).unwrap()
}

fn vault() -> Arc<Vault> {
    Arc::new(Vault::new([("crew", SECRET)]))
}

fn said(body: &Value) -> Said {
    (200, body.to_string())
}

/// Agrees without a browser: the server takes any code.
async fn agree(tokens: &Arc<Tokens>) {
    let authorizing = tokens.begin().await.unwrap();
    let state = authorizing
        .url()
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap()
        .1
        .into_owned();
    let end = Url::parse_with_params(
        "http://127.0.0.1:8913/callback",
        [("code", "c0de"), ("state", &state)],
    );
    authorizing.finish(&Answer::read(&end.unwrap())).await.unwrap();
}

#[tokio::test]
async fn tokens_are_read_as_vendors_write_them() {
    let habits = [
        (200, json!({ "access_token": "good" })),
        (
            201,
            json!({ "access_token": "good", "token_type": "BearerToken", "expires_in": "3600" }),
        ),
        (
            200,
            json!({ "access_token": "good", "token_type": null, "expires_in": null, "refresh_token": null }),
        ),
        (
            200,
            json!({ "access_token": "good", "scope": ["a", "b"], "expires_in": 3599.0, "error": null }),
        ),
    ];
    for (status, body) in habits {
        let server = Server::start(move |_| (status, body.to_string())).await;
        let fetched = fetch(&source(&server.machine(), &vault(), &Time::default())).await;
        assert_eq!(fetched.unwrap(), 1);
    }
}

#[tokio::test]
async fn what_is_no_token_is_told_apart_and_never_shown() {
    let cases = [
        (
            (200, "access_token=g00d&scope=a".to_owned()),
            SourceTrouble::Refused,
            "no JSON object",
        ),
        (
            said(&json!({ "accessToken": "g00d" })),
            SourceTrouble::Malformed,
            "no token in it",
        ),
        (
            said(&json!({ "access_token": "" })),
            SourceTrouble::Malformed,
            "no token in it",
        ),
        (
            said(&json!({ "access_token": { "g00d": 1 } })),
            SourceTrouble::Malformed,
            "no token in it",
        ),
        (
            said(&json!({ "error": "bad_client" })),
            SourceTrouble::Refused,
            "bad_client",
        ),
        (
            (400, json!({ "error": "invalid_scope" }).to_string()),
            SourceTrouble::Refused,
            "invalid_scope",
        ),
        (
            (401, json!({ "error": "invalid_client" }).to_string()),
            SourceTrouble::Unauthorized,
            "invalid_client",
        ),
        (
            (400, json!({ "error": "invalid_grant" }).to_string()),
            SourceTrouble::Unauthorized,
            "invalid_grant",
        ),
        (
            (404, "<h1>Not here</h1>".to_owned()),
            SourceTrouble::Refused,
            "404 Not Found: <h1>Not here</h1>",
        ),
        (
            (503, "later".to_owned()),
            SourceTrouble::Refused,
            "503 Service Unavailable: later",
        ),
    ];
    for (said, kind, text) in cases {
        let server = Server::start(move |_| said.clone()).await;
        let error = fetch(&source(&server.machine(), &vault(), &Time::default()))
            .await
            .unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.said.contains(text), "{error}");
        assert!(
            !error.hint.is_empty() && !format!("{error:?}").contains("g00d"),
            "{error:?}"
        );
        assert!(error.doing.contains("the application `crew`"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_repeats_what_it_was_sent_gives_nothing_away() {
    let echo = |all: &str| {
        let body = json!({ "error": "invalid_request", "error_description": all });
        (400, body.to_string())
    };
    for place in ["header", "body"] {
        for (status, plain) in [(400, false), (500, true)] {
            let server = Server::start(move |all| {
                if plain {
                    (status, all.to_owned())
                } else {
                    echo(all)
                }
            })
            .await;
            let mut machine = server.machine();
            machine.authorization.client_authentication = serde_json::from_value(json!(place)).unwrap();
            let keeper = tokens(&machine, &vault(), &Time::default());
            let error = keeper.ready().await.unwrap_err();
            let shown = format!("{error} {error:?} {keeper:?}");
            let encoded = ["s3cret", "s3cret%2Bof%2Fcrew", "Y3Jldzpz"];
            assert!(encoded.iter().all(|secret| !shown.contains(secret)), "{shown}");
            assert!(shown.contains('…'), "{shown}");
        }
    }
}

#[tokio::test]
async fn trouble_that_passes_does_not_need_authorization_and_a_refresh_token_may_stay_the_same() {
    let turn = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&turn);
    let server = Server::start(move |_| {
        let mut turn = counter.lock().unwrap();
        *turn += 1;
        match *turn {
            1 => said(&json!({ "access_token": "good", "expires_in": 60, "refresh_token": "again" })),
            2 => (503, "later".to_owned()),
            3 => (400, json!({ "error": "temporarily_unavailable" }).to_string()),
            _ => said(&json!({ "access_token": "good", "expires_in": 60 })),
        }
    })
    .await;
    let (time, vault) = (Time::default(), vault());
    let keeper = tokens(&server.people(), &vault, &time);
    agree(&keeper).await;
    for _ in 0..2 {
        time.pass(60);
        let error = keeper.ready().await.unwrap_err();
        assert!(!error.hint.contains("tenure authorize"), "{error}");
        assert!(matches!(
            keeper.state().await.unwrap(),
            Authorized::Authorized { .. }
        ));
    }
    for _ in 0..2 {
        time.pass(60);
        keeper.ready().await.unwrap();
        assert_eq!(vault.kept()["refresh_token"], "again");
    }
    assert_eq!(server.asked(), 5);
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_needs_authorization_when_it_ends_or_is_refused() {
    for token in ["good", "bad"] {
        let server = Server::start(move |_| said(&json!({ "access_token": token, "expires_in": 60 }))).await;
        let (time, vault) = (Time::default(), vault());
        let keeper = tokens(&server.people(), &vault, &time);
        agree(&keeper).await;
        let source = source(&server.people(), &vault, &time);
        if token == "good" {
            assert_eq!(fetch(&source).await.unwrap(), 1);
            time.pass(60);
        }
        let error = fetch(&source).await.unwrap_err();
        assert_eq!(error.hint, "run `tenure authorize crew`");
        assert!(error.said.contains("gave nothing to renew it with"), "{error}");
        let state = keeper.state().await.unwrap();
        assert!(
            matches!(state, Authorized::NeedsAuthorization { .. }),
            "{state:?}"
        );
        assert_eq!(server.asked(), 1);
    }
}

#[tokio::test]
async fn a_token_is_not_used_or_renewed_after_its_settings_were_changed() {
    let server = Server::start(|_| said(&json!({ "access_token": "good", "refresh_token": "again" }))).await;
    let (time, vault) = (Time::default(), vault());
    agree(&tokens(&server.people(), &vault, &time)).await;
    let mut elsewhere = server.people();
    elsewhere.authorization.token_url = Some("http://127.0.0.1:9/token".to_owned());
    let error = tokens(&elsewhere, &vault, &time).ready().await.unwrap_err();
    assert!(error.said.contains("`authorization` was changed"), "{error}");
    tokens(&server.people(), &vault, &time).ready().await.unwrap();
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn token_requests_keep_to_the_addresses_that_may_be_called() {
    let server = Server::start(|_| said(&json!({ "access_token": "good" }))).await;
    let mut machine = server.machine();
    machine.private_addresses = PrivateAddresses::Refused;
    let error = tokens(&machine, &vault(), &Time::default())
        .ready()
        .await
        .unwrap_err();
    assert!(error.said.contains("is a private address"), "{error}");
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn a_secret_that_is_not_set_is_named_before_anything_is_asked() {
    let server = Server::start(|_| said(&json!({ "access_token": "good" }))).await;
    let keeper = tokens(&server.machine(), &Arc::new(Vault::default()), &Time::default());
    let error = keeper.ready().await.unwrap_err();
    assert_eq!(
        error.said,
        "there is no secret named `crew`; set it with `tenure secret set crew`"
    );
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn a_browser_is_not_opened_where_nobody_can_agree_or_a_secret_would_be_seen() {
    let server = Server::start(|_| said(&json!({ "access_token": "good" }))).await;
    let keeper = tokens(&server.machine(), &vault(), &Time::default());
    let error = keeper.begin().await.unwrap_err();
    assert!(error.said.contains("nobody has to agree"), "{error}");
    let mut people = server.people();
    let shown = serde_json::from_value(json!({ "hint": "{{ secret('crew') }}" })).unwrap();
    people.authorization.authorization_parameters = shown;
    let error = tokens(&people, &vault(), &Time::default())
        .begin()
        .await
        .unwrap_err();
    assert!(error.said.contains("would be seen in the browser"), "{error}");
}
