//! Tokens of service accounts.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::post,
};
use bytes::Bytes;
use serde_json::json;

use super::server::Shared;
use crate::stage::{
    answer::json_with,
    bearer::{Denied, Grant},
    parameters::Parameters,
};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/oauth2/token", post(token))
}

/// Only by the client's own credentials, in the header, for the scope `api`; without a refresh token.
async fn token(State(server): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let form = Parameters::read(&String::from_utf8_lossy(&body));
    let refuse = |status, error: &str| json_with(status, &json!({ "error": error }));
    if form.get("client_secret").is_some() {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    match server.tokens.examine(&headers, &form) {
        Ok(Grant::Client) if form.get("scope") == Some("api") => json_with(
            StatusCode::OK,
            &json!({
                "access_token": server.tokens.issue(),
                "expires_in": server.tokens.life,
                "scope": "api",
                "token_type": "bearer",
            }),
        ),
        Ok(Grant::Client) => refuse(StatusCode::BAD_REQUEST, "invalid_scope"),
        Ok(_) => refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type"),
        Err(Denied { status, error, .. }) => refuse(status, error),
    }
}
