//! Every request and every answer against Microsoft's own description of Graph: a small front takes batches apart, and
//! Prism (`prism proxy --errors`) checks each part on its way to the simulator and back.
//!
//! Needs the folder with `msgraph-plus.yaml` in `TENURE_OPENAPI` and the program `prism`; without them there is
//! nothing to check against.

use std::net::TcpListener as Port;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::{Value as Json, json};
use tenure_connect::http::{
    HttpAnswer, HttpBody, HttpClient, HttpOptions, HttpRequest, Method, PrivateAddresses, Repeatable, Retries,
};
use tenure_core::action::{Action, Below};
use tenure_core::cloud::{AutoReply, CloudAction, ReplyAudience};
use tenure_core::directory_action::DirectoryAction;
use tenure_core::seams::Directory as _;
use tenure_sim::Graph;

use crate::passwords::reset;
use crate::tenant::{Tenant, beside, cloud, directory, join, leave, modify, options, user, write};

/// What Prism's own answers say of themselves.
const COMPLAINT: &str = "stoplight.io/prism/errors";

/// Ends the program with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Front {
    client: HttpClient,
    sim: String,
    prism: String,
    complaints: Mutex<Vec<String>>,
    checked: Mutex<usize>,
}

/// Casts are not in the description; of a new member it says that an object comes back, where Microsoft's pages say
/// 204; and it has the answer to ended sessions without the object around it.
fn is_described_otherwise(method: &Method, path: &str) -> bool {
    path.contains("/members/microsoft.graph.user")
        || path.ends_with("/revokeSignInSessions")
        || (*method == Method::POST && path.ends_with("/members/$ref"))
}

fn free_port() -> u16 {
    Port::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Front {
    async fn forward(
        &self,
        method: Method,
        url: &str,
        token: Option<&str>,
        kind: &str,
        body: &str,
    ) -> HttpAnswer {
        let mut request = HttpRequest::new(method, url.to_owned(), Repeatable::No);
        let token = token.map(|token| ("Authorization".to_owned(), token.into()));
        request.headers.extend(token);
        if !body.is_empty() {
            request.body = Some(HttpBody {
                content_type: kind.to_owned(),
                text: body.into(),
            });
        }
        self.client.exchange(&request).await.unwrap()
    }

    /// One request by way of Prism, unless the description does not have it as the service does.
    async fn check(&self, method: Method, path: &str, token: Option<&str>, body: &str) -> HttpAnswer {
        if is_described_otherwise(&method, path) {
            let url = format!("{}/v1.0{path}", self.sim);
            return self.forward(method, &url, token, "application/json", body).await;
        }
        let shown = format!("{method} {path} {body}");
        let url = format!("{}{path}", self.prism);
        let answer = self.forward(method, &url, token, "application/json", body).await;
        *self.checked.lock().unwrap() += 1;
        let said = String::from_utf8_lossy(&answer.body);
        if said.contains(COMPLAINT) || answer.status.as_u16() == 500 {
            eprintln!("{shown}\n    {said}");
            self.complaints
                .lock()
                .unwrap()
                .push(format!("{shown}\n    {said}"));
        }
        answer
    }

    async fn batch(&self, token: Option<&str>, body: &str) -> Json {
        let body: Json = serde_json::from_str(body).unwrap();
        let mut responses: Vec<Json> = Vec::new();
        for part in body["requests"].as_array().unwrap() {
            let failed = part["dependsOn"].as_array().into_iter().flatten().any(|id| {
                let before = responses.iter().find(|response| response["id"] == *id);
                before.is_none_or(|before| before["status"].as_u64().unwrap() >= 300)
            });
            if failed {
                responses.push(json!({ "id": part["id"], "status": 424, "body": {} }));
                continue;
            }
            let method: Method = part["method"].as_str().unwrap().parse().unwrap();
            let body = if part["body"].is_null() {
                String::new()
            } else {
                part["body"].to_string()
            };
            let answer = self
                .check(method, part["url"].as_str().unwrap(), token, &body)
                .await;
            let body: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
            responses.push(json!({ "id": part["id"], "status": answer.status.as_u16(), "body": body }));
        }
        json!({ "responses": responses })
    }
}

async fn take(State(front): State<Arc<Front>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let header = |name: &str| {
        parts
            .headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let (token, kind) = (
        header("authorization"),
        header("content-type").unwrap_or_default(),
    );
    let path = parts.uri.path_and_query().unwrap().as_str();
    let answer = match path.strip_prefix("/v1.0") {
        Some("/$batch") => {
            let answer = front.batch(token.as_deref(), &body).await;
            return Response::new(Body::from(answer.to_string()));
        }
        Some(path) => front.check(parts.method, path, token.as_deref(), &body).await,
        None => {
            let url = format!("{}{path}", front.sim);
            front
                .forward(parts.method, &url, token.as_deref(), &kind, &body)
                .await
        }
    };
    let mut shown = Response::new(Body::from(answer.body));
    *shown.status_mut() = answer.status;
    shown
}

/// The simulator behind Prism behind the front; none where there is nothing to check against.
async fn behind_prism() -> Option<(Tenant, Arc<Front>, Running)> {
    let Some(folder) = std::env::var_os("TENURE_OPENAPI").map(PathBuf::from) else {
        eprintln!("TENURE_OPENAPI names no folder with Microsoft's description; nothing is checked");
        return None;
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let sim = Graph::start(tenure_sim::GraphOptions {
        public_url: Some(url.clone()),
        ..options(30)
    })
    .await
    .unwrap();
    let port = free_port();
    let started = Command::new("prism")
        .args(["proxy", "--errors", "--port", &port.to_string()])
        .arg(folder.join("msgraph-plus.yaml"))
        .arg(format!("{}/v1.0", sim.url()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(child) = started else {
        eprintln!("there is no program `prism`; nothing is checked");
        return None;
    };
    let running = Running(child);
    let client = HttpClient::new(HttpOptions {
        private_addresses: PrivateAddresses::Allowed,
        concurrency: 16,
        retries: Retries {
            times: 0,
            ..Retries::default()
        },
        ..HttpOptions::default()
    })
    .unwrap();
    let front = Arc::new(Front {
        client,
        sim: sim.url(),
        prism: format!("http://127.0.0.1:{port}"),
        complaints: Mutex::default(),
        checked: Mutex::default(),
    });
    let router = Router::new().fallback(take).with_state(Arc::clone(&front));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let listens = async {
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(2), listens)
        .await
        .unwrap();
    let directory = directory(&url, "usage_location: NL\nconnections: 1");
    Some((Tenant { sim, directory }, front, running))
}

#[tokio::test]
async fn requests_and_answers_are_as_microsoft_describes_them() {
    let Some((tenant, front, _prism)) = behind_prism().await else {
        return;
    };
    let names = [
        "sn",
        "title",
        "department",
        "employeeID",
        "mobile",
        "memberOf",
        "assignedLicenses",
        "costCenter",
    ];
    assert_eq!(tenant.read(&names).await.1.len(), 30);
    tenant
        .directory
        .taken(&["userPrincipalName".into()])
        .await
        .unwrap();
    let boss = tenant.person(1);
    let ada = tenant
        .done(user(
            "ada",
            &[("sn", "Byrne"), ("employeeHireDate", "2026-03-02")],
        ))
        .await;
    tenant
        .done(modify(
            &ada,
            &[("sn", &["Byrne"], &["O'Neil"]), ("title", &[], &["Analyst"])],
        ))
        .await;
    tenant.done(write(&ada, Action::Disable)).await;
    tenant.done(join(&ada, "CN=Everybody")).await;
    tenant.done(join(&boss, "CN=Everybody")).await;
    tenant.done(leave(&ada, "CN=Everybody")).await;
    let licences = || vec!["SPE_E3".to_owned()];
    tenant
        .done(cloud(&ada, CloudAction::AssignLicences { licences: licences() }))
        .await;
    let reply = AutoReply {
        internal: "Gone.".to_owned(),
        external: None,
        audience: ReplyAudience::All,
    };
    tenant
        .done(cloud(&ada, CloudAction::SetAutoReply { reply: Some(reply) }))
        .await;
    tenant
        .done(cloud(&ada, CloudAction::RevokeLicences { licences: licences() }))
        .await;
    tenant.done(cloud(&ada, CloudAction::RevokeSessions)).await;
    tenant.done(reset(&boss, "Correct-Horse-10")).await;
    let dn = ada.dn.clone();
    let deleted = tenant
        .apply(write(
            &ada,
            Action::Delete {
                dn,
                stored: Vec::new(),
                below: Below::Kept,
            },
        ))
        .await;
    assert_eq!(deleted.outcome, tenure_core::outcome::Outcome::Verified);
    tenant
        .done(beside(&ada, DirectoryAction::Restore { stored: None }))
        .await;
    let complaints = front.complaints.lock().unwrap();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(*front.checked.lock().unwrap() > 40);
}
