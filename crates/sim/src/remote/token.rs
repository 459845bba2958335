//! Tokens, and the page to sign in on.

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

/// The grant for a token in the name of somebody employed.
const ASSERTION: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/auth/oauth2/authorize", get(page).post(sign_in))
        .route("/auth/oauth2/token", post(token))
}

async fn page(State(server): Server, asked: Parameters) -> Response {
    login::page("Remote", &server.tokens, &asked)
}

async fn sign_in(State(server): Server, asked: Parameters, body: Bytes) -> Response {
    let form = Parameters::read(&String::from_utf8_lossy(&body));
    login::sign_in("Remote", &server.tokens, &server.login, &asked, &form)
}

async fn token(State(server): Server, headers: HeaderMap, body: Bytes) -> Response {
    let form = Parameters::read(&String::from_utf8_lossy(&body));
    let examined = if form.get("grant_type") == Some(ASSERTION) {
        server.tokens.examine_assertion(&form).map(|()| Grant::Client)
    } else {
        server.tokens.examine(&headers, &form)
    };
    let grant = match examined {
        Ok(grant) => grant,
        Err(Denied { status, error, .. }) => return json_with(status, &json!({ "error": error })),
    };
    let mut body = json!({
        "access_token": server.tokens.issue(),
        "expires_in": server.tokens.life,
        "token_type": "Bearer",
    });
    match grant {
        Grant::Client => {}
        Grant::Code => {
            body["refresh_token"] = server.tokens.issue_refresh().into();
            body["company_id"] = server.desk.look().company().into();
        }
        // The same one, not another.
        Grant::Refresh => body["refresh_token"] = form.get("refresh_token").into(),
    }
    json_with(StatusCode::OK, &body)
}
