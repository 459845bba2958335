//! A small service that keeps people by a plain API, as the entry `rest` expects one: made by POST, changed in part by
//! PATCH, taken away by DELETE. Its ids have a slash in them, which must not lead elsewhere.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::staff::{ADA, Called, Staff, Witness};
use super::trial::Trial;

const KEY: &str = "Bearer the-token";

/// What is kept, by id, and how often the service was called to change it.
#[derive(Default)]
struct Kept {
    people: BTreeMap<String, Value>,
    calls: u64,
}

type Shared = State<Arc<Mutex<Kept>>>;

/// Starts it, and says where.
fn start(runtime: &Runtime) -> (String, Arc<Mutex<Kept>>) {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}/people", listener.local_addr().unwrap());
    let kept = Arc::new(Mutex::new(Kept::default()));
    let router = Router::new()
        .route("/people", post(create))
        .route("/people/{id}", get(show).patch(change).delete(delete))
        .with_state(Arc::clone(&kept));
    runtime.spawn(async move { axum::serve(listener, router).await });
    (url, kept)
}

/// The fields of a call that the service lets in.
fn fields(headers: &HeaderMap, body: &str) -> Result<serde_json::Map<String, Value>, StatusCode> {
    if headers.get("authorization").is_none_or(|key| key != KEY) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    if headers
        .get("content-type")
        .is_none_or(|kind| kind != "application/json")
    {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    match serde_json::from_str(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err(StatusCode::BAD_REQUEST),
    }
}

async fn create(State(kept): Shared, headers: HeaderMap, body: String) -> Response {
    let mut kept = kept.lock().unwrap();
    kept.calls += 1;
    let mut fields = match fields(&headers, &body) {
        Ok(fields) => fields,
        Err(refused) => return refused.into_response(),
    };
    if ["firstName", "lastName", "email"]
        .iter()
        .any(|name| !fields.contains_key(*name))
    {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    let id = format!("p/{}", kept.people.len() + 1);
    fields.insert("id".to_owned(), json!(id));
    fields.insert("active".to_owned(), json!(true));
    let person = Value::Object(fields);
    kept.people.insert(id, person.clone());
    (StatusCode::CREATED, Json(person)).into_response()
}

async fn show(State(kept): Shared, Path(id): Path<String>) -> Response {
    match kept.lock().unwrap().people.get(&id) {
        Some(person) => Json(person.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn change(State(kept): Shared, Path(id): Path<String>, headers: HeaderMap, body: String) -> Response {
    let mut kept = kept.lock().unwrap();
    kept.calls += 1;
    let fields = match fields(&headers, &body) {
        Ok(fields) => fields,
        Err(refused) => return refused.into_response(),
    };
    match kept.people.get_mut(&id).and_then(Value::as_object_mut) {
        Some(person) => {
            person.extend(fields);
            Json(person.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn delete(State(kept): Shared, Path(id): Path<String>, headers: HeaderMap) -> StatusCode {
    let mut kept = kept.lock().unwrap();
    kept.calls += 1;
    if headers.get("authorization").is_none_or(|key| key != KEY) {
        return StatusCode::UNAUTHORIZED;
    }
    match kept.people.remove(&id) {
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::NOT_FOUND,
    }
}

#[test]
fn rest_people() {
    let runtime = Runtime::new().unwrap();
    let (url, kept) = start(&runtime);
    let witness = Witness::new(url.clone(), "authorization", KEY);
    let trial = Trial::new("rest", Some("bearer"), &[("url", &url)]).secret("rest", "the-token");
    let called = Called {
        join: Some("create"),
        change: Some("update"),
        leave: Some("disable"),
        come_back: Some("enable"),
    };
    let calls = || kept.lock().unwrap().calls;
    let mut staff = Staff::new(&trial, called, None, calls);
    staff.run(1);
    assert_eq!(staff.captured("rest_id"), "p/1");
    let ada = || witness.get("/p%2F1");
    assert_eq!(
        ada(),
        json!({
            "id": "p/1", "firstName": "Ada", "lastName": "Quillfeather", "email": "ada.quillfeather@partner.test",
            "active": true,
        })
    );

    staff.set("mail", "ada.q@partner.test");
    staff.run(1);
    assert_eq!(ada()["email"], "ada.q@partner.test");
    staff.set("active", false);
    staff.run(1);
    assert_eq!(ada()["active"], false);
    assert_eq!(ada()["email"], "ada.q@partner.test", "what is not said stays");
    staff.set("active", true);
    staff.run(1);
    assert_eq!(ada()["active"], true);

    staff.test("disable");
    assert_eq!(ada()["active"], false);
    staff.test("enable");
    staff.test("update");
    assert_eq!(
        (&ada()["lastName"], &ada()["active"]),
        (&json!("Quillfeather"), &json!(true))
    );
    staff.test("delete");
    assert_eq!(witness.status("/p%2F1"), 404);
    // Twice is no failure.
    staff.test("delete");
}

#[test]
fn rest_people_whom_others_created_are_known_by_an_attribute() {
    let runtime = Runtime::new().unwrap();
    let (url, kept) = start(&runtime);
    let there = json!({ "id": "old/7", "firstName": "A.", "lastName": "Q.", "active": true });
    kept.lock().unwrap().people.insert("old/7".to_owned(), there);
    let witness = Witness::new(url.clone(), "authorization", KEY);
    let trial = Trial::new("rest", None, &[("url", &url)]).secret("rest", "the-token");
    let called = Called {
        join: Some("update"),
        change: None,
        leave: Some("disable"),
        come_back: None,
    };
    let mut staff = Staff::new(&trial, called, Some("old/7"), || kept.lock().unwrap().calls);
    staff.run(1);
    let ada = || witness.get("/old%2F7");
    assert_eq!(
        (&ada()["firstName"], &ada()["active"]),
        (&json!("Ada"), &json!(true))
    );
    staff.set("active", false);
    staff.run(1);
    assert_eq!(ada()["active"], false);

    // A call that the service does not let in is told, and changes nothing.
    trial.home().secret("rest", "another-token");
    let arguments = ["webhook", "test", "rest", "enable", "--account", ADA, "--json"];
    let refused = trial.home().run(&arguments).with(1).json()["tests"][0].to_string();
    assert!(refused.contains("401"), "{refused}");
    assert!(!refused.contains("another-token"), "{refused}");
    assert_eq!(ada()["active"], false);
}
