//! Both grants against a real OAuth 2.0 server (npm's `oidc-provider`), and the ways in which others answer against a
//! small one.

mod answers;
mod certificates;
mod people;
mod renewal;
mod vault;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value, json};
use tenure_core::document::{Application, EndpointUse};
use tenure_core::expression::{Lookups, Table};
use tenure_core::seams::{Completeness, RecordPage, RecordSink, Source as _, SourceError};
use tenure_lab::{Browser, LabError, OidcProvider, ReservedPort};

use self::vault::Vault;
use super::{Answer, Tokens};
use crate::http::Manners;
use crate::source::{Environment, HttpSource, Variables};

/// A time that tests move.
#[derive(Clone, Default)]
struct Time(Arc<AtomicI64>);

impl Time {
    fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// An OAuth 2.0 server, an application behind it, and what Tenure has.
struct World {
    provider: OidcProvider,
    redirect: String,
    vault: Arc<Vault>,
    time: Time,
    _port: ReservedPort,
}

impl World {
    /// None where Node.js is not installed: nothing can be shown there.
    fn start() -> Option<Self> {
        let port = ReservedPort::reserve().unwrap();
        let redirect = format!("http://127.0.0.1:{}/callback", port.number());
        let provider = match OidcProvider::start(&redirect) {
            Ok(provider) => provider,
            Err(LabError::Missing { program, package }) if matches!(program.as_str(), "node" | "npm") => {
                eprintln!(
                    "SKIPPED: `{program}` is not installed (Debian package `{package}`), which oidc-provider needs"
                );
                return None;
            }
            Err(error) => panic!("{error}"),
        };
        Some(Self {
            provider,
            redirect,
            vault: Arc::new(Vault::new([
                ("people", OidcProvider::PEOPLE_SECRET),
                ("machine", OidcProvider::MACHINE_SECRET),
            ])),
            time: Time::default(),
            _port: port,
        })
    }

    /// An application whose authorization has these fields besides the addresses.
    fn application(&self, fields: &Value) -> Application {
        let url = self.provider.url();
        let mut authorization = json!({ "type": "oauth2", "token_url": format!("{url}/token") });
        if fields["grant"] == "authorization_code" {
            authorization["authorization_url"] = format!("{url}/auth").into();
            authorization["redirect_url"] = self.redirect.clone().into();
        }
        let all = authorization.as_object_mut().unwrap();
        all.extend(fields.as_object().unwrap().clone());
        application(&url, &authorization)
    }

    /// An application that the client `people` calls.
    fn people(&self) -> Application {
        self.application(&json!({
            "grant": "authorization_code", "client_id": "people", "client_secret": "{{ secret('people') }}",
            "scope": ["people"]
        }))
    }

    fn tokens(&self, application: &Application) -> Arc<Tokens> {
        tokens(application, &self.vault, &self.time)
    }

    fn source(&self, application: &Application) -> HttpSource {
        source(application, &self.vault, &self.time)
    }

    /// Lets somebody sign in and agree.
    async fn agree(&self, application: &Application) -> Arc<Tokens> {
        let tokens = self.tokens(application);
        let authorizing = tokens.begin().await.unwrap();
        let browser = Browser::new().unwrap();
        let end = browser.sign_in(authorizing.url(), &self.redirect).await.unwrap();
        authorizing.finish(&Answer::read(&end)).await.unwrap();
        tokens
    }

    /// Every token request so far.
    async fn requests(&self) -> Vec<Value> {
        let url = format!("{}/_lab/token-requests", self.provider.url());
        json("GET", &url).await.as_array().unwrap().clone()
    }

    /// The grants of the token requests so far, those that failed with their errors.
    async fn grants(&self) -> Vec<String> {
        let requests = self.requests().await;
        let text = |request: &Value| match request["error"].as_str() {
            Some(error) => format!("{}: {error}", request["grant"].as_str().unwrap()),
            None => request["grant"].as_str().unwrap().to_owned(),
        };
        requests.iter().map(text).collect()
    }

    /// Lets the server forget or end tokens.
    async fn meddle(&self, what: &str, kind: &str) {
        let url = format!("{}/_lab/{what}?kind={kind}", self.provider.url());
        let touched = json("POST", &url).await["touched"].as_u64().unwrap();
        assert!(touched > 0, "there is no {kind}");
    }
}

fn application(url: &str, authorization: &Value) -> Application {
    serde_json::from_value(json!({
        "name": "crew",
        "private_addresses": "allowed",
        "authorization": authorization,
        "limits": { "retries": 0, "timeout": "20s", "concurrency": 64 },
        "endpoints": [{ "name": "users", "url": format!("{url}/api/users"), "records": "$.results[*]" }]
    }))
    .unwrap()
}

fn environment(time: &Time) -> Environment {
    let time = time.clone();
    Environment {
        folder: PathBuf::from("."),
        lookups: Lookups::new(Vec::<(String, Table)>::new()),
        variables: Variables::default(),
        now: Arc::new(move || time.now()),
        manners: Manners::default(),
    }
}

fn tokens(application: &Application, vault: &Arc<Vault>, time: &Time) -> Arc<Tokens> {
    Tokens::new(application, Arc::clone(vault) as _, environment(time))
        .unwrap()
        .unwrap()
}

fn source(application: &Application, vault: &Arc<Vault>, time: &Time) -> HttpSource {
    let uses = [EndpointUse {
        endpoint: "users".to_owned(),
        primary_key: "_id".to_owned(),
    }];
    HttpSource::new(application, &uses, Arc::clone(vault) as _, environment(time)).unwrap()
}

/// What an address answers in JSON.
async fn json(method: &str, url: &str) -> Value {
    let text = Browser::new().unwrap().ask(method, url).await.unwrap();
    serde_json::from_str(&text).unwrap()
}

struct Nowhere;

#[async_trait]
impl RecordSink for Nowhere {
    async fn page(&mut self, _: RecordPage) {}
}

/// How many records come.
async fn fetch(source: &HttpSource) -> Result<u64, SourceError> {
    match source.fetch(&mut Nowhere).await? {
        Completeness::Complete { count } => Ok(count),
        Completeness::Incomplete { why, .. } => panic!("{why}"),
    }
}
