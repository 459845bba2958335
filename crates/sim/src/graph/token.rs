//! Tokens, and the page to sign in on.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::{get, post},
};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;

use super::server::Shared;
use crate::stage::{
    answer::{json_with, moment},
    bearer::{Denied, Grant},
    login,
    parameters::Parameters,
};

type Server = State<Arc<Shared>>;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/{tenant}/oauth2/v2.0/authorize", get(page).post(sign_in))
        .route("/{tenant}/oauth2/v2.0/token", post(token))
}

async fn page(State(server): Server, asked: Parameters) -> Response {
    login::page("Microsoft", &server.tokens, &asked)
}

async fn sign_in(State(server): Server, asked: Parameters, body: Bytes) -> Response {
    let form = Parameters::read(&String::from_utf8_lossy(&body));
    login::sign_in("Microsoft", &server.tokens, &server.login, &asked, &form)
}

async fn token(
    State(server): Server,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Parameters::read(&String::from_utf8_lossy(&body));
    if tenant != server.tenant {
        return refuse(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            90002,
            "The tenant was not found.",
        );
    }
    let examined = match form.get("client_assertion") {
        Some(_) => by_certificate(&server, &form),
        None => server.tokens.examine(&headers, &form),
    };
    let grant = match examined {
        Ok(grant) => grant,
        Err(Denied {
            status,
            error,
            description,
        }) => {
            let number = match error {
                "invalid_client" => 7_000_215,
                "invalid_grant" => 70_008,
                _ => 900_144,
            };
            return refuse(status, error, number, description);
        }
    };
    let scope = form.filled("scope").unwrap_or_default();
    if grant == Grant::Client && !scope.ends_with("/.default") {
        let description = "The scope must be a resource followed by /.default.";
        return refuse(StatusCode::BAD_REQUEST, "invalid_scope", 1_002_012, description);
    }
    let mut body = json!({
        "token_type": "Bearer",
        "expires_in": server.tokens.life,
        "ext_expires_in": server.tokens.life,
        "access_token": server.tokens.issue(),
    });
    if grant != Grant::Client {
        body["scope"] = scope.into();
        body["refresh_token"] = server.tokens.issue_refresh().into();
    }
    json_with(StatusCode::OK, &body)
}

/// Checks a request of a program that shows a certificate.
fn by_certificate(server: &Shared, form: &Parameters) -> Result<Grant, Denied> {
    let denied = |description| Denied {
        status: StatusCode::UNAUTHORIZED,
        error: "invalid_client",
        description,
    };
    let client = form.get("client_id").unwrap_or_default();
    let known = server
        .certificate
        .as_ref()
        .filter(|_| server.tokens.is_client(client));
    let certificate = known.ok_or_else(|| denied("The client is unknown, or has no certificate."))?;
    let address = format!("{}/{}/oauth2/v2.0/token", server.url, server.tenant);
    match certificate.wrong(form, client, &address) {
        Some(wrong) => Err(denied(wrong)),
        None if form.get("grant_type") == Some("client_credentials") => Ok(Grant::Client),
        None => Err(denied(
            "A certificate is good for the client's own credentials only.",
        )),
    }
}

fn refuse(status: StatusCode, error: &str, number: u32, description: &str) -> Response {
    let body = json!({
        "error": error,
        "error_description": format!("AADSTS{number}: {description}"),
        "error_codes": [number],
        "timestamp": moment(Timestamp::now()),
        "trace_id": "00000000-0000-4000-a000-000000000000",
        "correlation_id": "00000000-0000-4000-a000-000000000000",
    });
    json_with(status, &body)
}
