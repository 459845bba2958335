//! Getting in: where to ask, the page to sign in on, and tokens.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::{get, post},
};
use bytes::Bytes;
use serde_json::json;

use super::server::Shared;
use crate::stage::{
    answer::json_with,
    bearer::{Denied, Grant},
    login,
    parameters::Parameters,
};

type Server = State<Arc<Shared>>;

/// What comes after `read:` and `edit:`. Users and sites are part of `customers`.
const SCOPES: [&str; 9] = [
    "customers",
    "tickets",
    "assets",
    "contracts",
    "crm",
    "items",
    "kb",
    "calendar",
    "reporting",
];

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/api/authinfo", get(info))
        .route("/auth/authorize", get(page).post(sign_in))
        .route("/auth/token", post(token))
        .route("/token", post(token))
}

async fn info(State(server): Server) -> Response {
    let body = json!({
        "auth_url": format!("{}/auth", server.url),
        "tenant_id": server.tenant.clone().unwrap_or_default(),
    });
    json_with(StatusCode::OK, &body)
}

async fn page(State(server): Server, asked: Parameters) -> Response {
    login::page("HaloITSM", &server.tokens, &asked)
}

async fn sign_in(State(server): Server, asked: Parameters, body: Bytes) -> Response {
    let form = Parameters::read(&String::from_utf8_lossy(&body));
    login::sign_in("HaloITSM", &server.tokens, &server.login, &asked, &form)
}

async fn token(State(server): Server, asked: Parameters, headers: HeaderMap, body: Bytes) -> Response {
    let form = Parameters::read(&String::from_utf8_lossy(&body));
    if server.tenant.is_some() && asked.get("tenant") != server.tenant.as_deref() {
        return refuse(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "The tenant is unknown.",
        );
    }
    let grant = match server.tokens.examine(&headers, &form) {
        Ok(grant) => grant,
        Err(Denied {
            status,
            error,
            description,
        }) => return refuse(status, error, description),
    };
    let scope = form.filled("scope").unwrap_or("all");
    let known = |scope: &str| {
        let area = scope
            .strip_prefix("read:")
            .or_else(|| scope.strip_prefix("edit:"));
        ["all", "offline_access"].contains(&scope) || area.is_some_and(|area| SCOPES.contains(&area))
    };
    if !scope.split_whitespace().all(known) {
        return refuse(StatusCode::BAD_REQUEST, "invalid_scope", "A scope is unknown.");
    }
    let mut body = json!({
        "scope": scope,
        "token_type": "Bearer",
        "access_token": server.tokens.issue(),
        "expires_in": server.tokens.life,
    });
    match grant {
        Grant::Client => {}
        Grant::Code => body["refresh_token"] = server.tokens.issue_refresh().into(),
        Grant::Refresh => body["refresh_token"] = form.get("refresh_token").into(),
    }
    json_with(StatusCode::OK, &body)
}

fn refuse(status: StatusCode, error: &str, description: &str) -> Response {
    json_with(
        status,
        &json!({ "error": error, "error_description": description }),
    )
}
