//! A small service with people, by a plain API and by SCIM 2.0, that lets requests in by any way there is. It gives 40
//! at once, whatever it is asked for.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Path, Query, Request};
use axum::http::{HeaderMap, StatusCode, header::LOCATION};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::trial::Trial;

const PEOPLE: usize = 95;
const PAGE: usize = 40;
const SECRET: &str = "s3cret";
const TOKEN: &str = "a-token-that-was-asked-for";

type Parameters = Query<BTreeMap<String, String>>;

/// Starts it, and says where.
fn start(runtime: &Runtime) -> String {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let guarded = Router::new()
        .route("/people", get(people))
        .route("/scim/{kind}", get(scim))
        .layer(middleware::from_fn(enter));
    let open = Router::new()
        .route("/token", post(token))
        .route(
            "/agree",
            get(async || Html("<form method=post></form>")).post(agree),
        )
        .route("/open", get(people));
    runtime.spawn(async move { axum::serve(listener, guarded.merge(open)).await });
    url
}

/// Lets in a secret as token or key, the user `tenure` with it as the password, and tokens that were asked for.
async fn enter(headers: HeaderMap, request: Request, next: Next) -> Response {
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|found| found == value);
    let known = is("authorization", &format!("Bearer {SECRET}"))
        || is("authorization", &format!("Bearer {TOKEN}"))
        // tenure:s3cret
        || is("authorization", "Basic dGVudXJlOnMzY3JldA==")
        || is("x-api-key", SECRET);
    if known {
        next.run(request).await
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

fn person(number: usize) -> Value {
    json!({
        "id": number, "firstName": format!("Ada{number}"), "lastName": "Byrne", "active": true,
        "email": format!("ada{number}@northwind.test"),
    })
}

async fn people(Query(asked): Parameters) -> Response {
    let page: usize = asked.get("page").and_then(|page| page.parse().ok()).unwrap_or(1);
    let first = (page - 1) * PAGE;
    Json((first..PEOPLE).take(PAGE).map(person).collect::<Vec<_>>()).into_response()
}

fn user(number: usize) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": format!("u{number}"),
        "userName": format!("ada{number}"), "name": { "givenName": "Ada", "familyName": "Byrne" }, "active": number > 0,
        "emails": [
            { "value": "home@home.test", "type": "home" },
            { "value": format!("ada{number}@northwind.test"), "type": "work", "primary": true },
        ],
    })
}

/// RFC 7644, section 3.4.2.4.
async fn scim(Path(kind): Path<String>, Query(asked): Parameters) -> Response {
    let number = |name: &str| asked.get(name).and_then(|text| text.parse::<usize>().ok());
    let (start, count) = (
        number("startIndex").unwrap_or(1),
        number("count").unwrap_or(PAGE).min(PAGE),
    );
    let all: Vec<Value> = match kind.as_str() {
        "Users" => (0..PEOPLE).map(user).collect(),
        _ => vec![json!({ "id": "g1", "displayName": "Staff", "members": [{ "value": "u1" }] })],
    };
    let rows: Vec<&Value> = all.iter().skip(start - 1).take(count).collect();
    Json(json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": all.len(), "startIndex": start, "itemsPerPage": rows.len(), "Resources": rows,
    }))
    .into_response()
}

async fn token() -> Response {
    Json(json!({ "access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600 })).into_response()
}

async fn agree(Query(asked): Parameters) -> Response {
    let to = format!("{}?code=c&state={}", asked["redirect_uri"], asked["state"]);
    (StatusCode::FOUND, [(LOCATION, to)]).into_response()
}

#[test]
fn rest() {
    let runtime = Runtime::new().unwrap();
    let url = start(&runtime);
    let (people, open) = (format!("{url}/people"), format!("{url}/open"));
    let (page, token) = (format!("{url}/agree"), format!("{url}/token"));
    let with = |more: &[(&'static str, &str)]| -> Vec<(String, String)> {
        let all = [("url", people.as_str())].into_iter().chain(more.iter().copied());
        all.map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    };
    let oauth = [("token_url", token.as_str()), ("client_id", "tenure")];
    let code = [oauth[0], oauth[1], ("authorization_url", page.as_str())];
    let ways = [
        ("bearer", with(&[])),
        ("api_key", with(&[])),
        ("basic", with(&[("user", "tenure")])),
        ("client_credentials", with(&oauth)),
        ("authorization_code", with(&code)),
        ("none", vec![("url".to_owned(), open)]),
    ];
    for (way, settings) in &ways {
        let settings: Vec<(&str, &str)> = settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let mut trial = Trial::new("rest", Some(way), &settings).secret("rest", SECRET);
        if *way == "authorization_code" {
            trial = trial.sign_in("ada", "secret");
        }
        let found = trial.people();
        assert_eq!(found.len(), PEOPLE, "{way}");
        assert_eq!(found["7"]["displayName"][0], "Ada7 Byrne");
        assert_eq!(found["7"]["mail"][0], "ada7@northwind.test");
    }
}

#[test]
fn scim_services() {
    let runtime = Runtime::new().unwrap();
    let url = start(&runtime);
    let (scim, token) = (format!("{url}/scim"), format!("{url}/token"));
    let of = [("url", scim.as_str()), ("page_size", "40")];
    let ways = [
        ("bearer", vec![of[0], of[1]]),
        ("basic", vec![of[0], of[1], ("user", "tenure")]),
        (
            "client_credentials",
            vec![of[0], of[1], ("token_url", &token), ("client_id", "tenure")],
        ),
    ];
    for (way, settings) in &ways {
        let trial = Trial::new("scim", Some(way), settings).secret("scim", SECRET);
        let found = trial.people();
        assert_eq!(found.len(), PEOPLE, "{way}");
        assert_eq!(
            found["u7"]["mail"],
            json!(["ada7@northwind.test"]),
            "the primary one"
        );
        assert_eq!(found["u7"]["displayName"][0], "ada7");
        assert_eq!(trial.keys("groups", "id"), ["g1".to_owned()].into());
    }
    // A service that gives fewer than it is asked for is found out: what is missing is no absence.
    let trial = Trial::new("scim", None, &of[..1]).secret("scim", SECRET);
    let fetched = trial.home().run(&["fetch", "scim-people"]).with(1);
    assert!(fetched.out.contains("not everything came"), "{fetched:?}");
}
