//! A small application on loopback whose answers are a function of the request, and sources that call it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Value, json};
use tenure_core::document::{Application, EndpointUse};
use tenure_core::expression::{Lookups, Table};
use tenure_core::seams::{SecretError, Secrets, SourceError};
use tenure_core::secret::Secret;

use crate::http::{HttpOptions, Manners};
use crate::source::http::options;
use crate::source::{Environment, HttpSource, Variables};

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// Which one it is, from 0.
    pub(super) place: usize,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: HashMap<String, String>,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Call {
    pub(super) fn skip(&self) -> usize {
        self.query.get("skip").map_or(0, |skip| skip.parse().unwrap())
    }
}

type Answer = dyn Fn(&Call) -> Response + Send + Sync;

#[derive(Clone)]
struct Shared {
    answer: Arc<Answer>,
    calls: Arc<Mutex<Vec<Call>>>,
}

/// The application. It is gone with its runtime.
pub(super) struct App {
    pub(super) url: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl App {
    pub(super) async fn start(answer: impl Fn(&Call) -> Response + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(Mutex::new(Vec::new()));
        let shared = Shared {
            answer: Arc::new(answer),
            calls: Arc::clone(&calls),
        };
        let router = Router::new().fallback(handle).with_state(shared);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, calls }
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// A source of one endpoint at `/users`, whose further fields are given.
    pub(super) fn source(&self, endpoint: Value) -> HttpSource {
        source(&application(&self.url, endpoint)).unwrap()
    }
}

async fn handle(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let call = {
        let mut calls = shared.calls.lock().unwrap();
        let place = calls.len();
        let call = Call {
            place,
            method,
            path: uri.path().to_owned(),
            query,
            headers,
            body,
        };
        calls.push(call.clone());
        call
    };
    (shared.answer)(&call)
}

pub(super) fn answer(status: u16, kind: &str, body: impl Into<String>) -> Response {
    Response::builder()
        .status(status)
        .header("content-type", kind)
        .body(body.into().into())
        .unwrap()
}

pub(super) fn json_answer(body: &Value) -> Response {
    answer(200, "application/json", body.to_string())
}

/// A page of at most `limit` of `all` numbered records, as JumpCloud answers.
pub(super) fn page(skip: usize, limit: usize, all: usize) -> Response {
    let records: Vec<_> = (skip..all.min(skip + limit))
        .map(|id| json!({ "_id": id }))
        .collect();
    json_answer(&json!({ "results": records, "totalCount": all }))
}

pub(super) fn application(url: &str, endpoint: Value) -> Application {
    let mut application = json!({
        "name": "Crew",
        "private_addresses": "allowed",
        "authorization": { "type": "api_key", "key": "x-api-key", "value": "{{ secret('crew') }}" },
        "limits": { "retries": 2, "timeout": "5s" },
        "endpoints": [{ "name": "users", "url": format!("{url}/users"), "records": "$.results[*]" }]
    });
    let Value::Object(fields) = endpoint else {
        panic!("fields of an endpoint are an object")
    };
    application["endpoints"][0]
        .as_object_mut()
        .unwrap()
        .extend(fields);
    serde_json::from_value(application).unwrap()
}

/// `total`, and `skip` growing by `increment`.
pub(super) fn paged(increment: i64) -> Value {
    json!({ "total": "$.totalCount", "repeat": {
        "parameter": "skip", "increment": increment, "until": "page.records | length == 0"
    } })
}

pub(super) const KEY: &str = "k3y-of-the/crew";

pub(super) struct Vault;

#[async_trait]
impl Secrets for Vault {
    async fn get(&self, name: &str) -> Result<Secret, SecretError> {
        match name {
            "crew" => Ok(Secret::new(KEY.to_owned())),
            _ => Err(SecretError::Missing {
                name: name.to_owned(),
            }),
        }
    }

    async fn put(&self, _: &str, _: Secret) -> Result<(), SecretError> {
        Ok(())
    }
}

/// A source of all endpoints of an application, which tries again without waiting long.
pub(super) fn source(application: &Application) -> Result<HttpSource, SourceError> {
    let uses: Vec<_> = application
        .endpoints
        .iter()
        .map(|endpoint| EndpointUse {
            endpoint: endpoint.name.clone(),
            primary_key: "_id".to_owned(),
        })
        .collect();
    source_of(application, &uses)
}

/// A source of its first endpoint, with other bounds.
pub(super) fn source_with(
    application: &Application,
    change: impl FnOnce(&mut HttpOptions),
) -> Result<HttpSource, SourceError> {
    let uses = [EndpointUse {
        endpoint: application.endpoints[0].name.clone(),
        primary_key: "_id".to_owned(),
    }];
    let environment = environment();
    let mut options = options(application, &environment)?;
    options.retries.first = Duration::from_millis(1);
    change(&mut options);
    HttpSource::with_options(application, &uses, Arc::new(Vault), environment, options)
}

/// A source of some of them.
pub(super) fn source_of(application: &Application, uses: &[EndpointUse]) -> Result<HttpSource, SourceError> {
    let environment = environment();
    let mut options = options(application, &environment)?;
    options.retries.first = Duration::from_millis(1);
    HttpSource::with_options(application, uses, Arc::new(Vault), environment, options)
}

pub(super) fn environment() -> Environment {
    Environment {
        folder: PathBuf::from("."),
        lookups: Lookups::new(Vec::<(String, Table)>::new()),
        variables: Variables::of_machine(["REGION".to_owned()]).with_values(
            [
                ("TENURE_VAR_TENANT", "north & south"),
                ("TENURE_VAR_EMPTY", ""),
                ("REGION", "eu"),
                ("TENURE_KEY", KEY),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ),
        now: Arc::new(|| Timestamp::UNIX_EPOCH),
        manners: Manners::default(),
    }
}
