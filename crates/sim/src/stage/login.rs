//! The page where somebody signs in and lets a program act for them.

use axum::{
    http::{
        StatusCode,
        header::{CONTENT_TYPE, LOCATION},
    },
    response::{IntoResponse, Response},
};

use super::{
    bearer::Tokens,
    parameters::{Parameters, percent},
};

/// Who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
}

impl Login {
    /// That name with that password.
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            password: password.into(),
        }
    }
}

/// Answers `GET …/authorize`: the page, or why there is none.
pub(crate) fn page(vendor: &str, tokens: &Tokens, asked: &Parameters) -> Response {
    match refusal(tokens, asked) {
        Some(refusal) => refusal,
        None => (StatusCode::OK, [HTML], html(vendor, asked, "")).into_response(),
    }
}

/// Answers `POST …/authorize`, which the page sends: back to the program with a code, or the page again.
pub(crate) fn sign_in(
    vendor: &str,
    tokens: &Tokens,
    login: &Login,
    asked: &Parameters,
    form: &Parameters,
) -> Response {
    if let Some(refusal) = refusal(tokens, asked) {
        return refusal;
    }
    let is = |name, wanted: &str| form.get(name) == Some(wanted);
    if !is("username", &login.username) || !is("password", &login.password) {
        let again = html(
            vendor,
            asked,
            "<p role=\"alert\">The name or the password is wrong.</p>",
        );
        return (StatusCode::UNAUTHORIZED, [HTML], again).into_response();
    }
    let redirect_uri = asked.get("redirect_uri").unwrap_or_default();
    let outcome = if is("decision", "deny") {
        "error=access_denied".to_owned()
    } else {
        format!(
            "code={}",
            tokens.issue_code(redirect_uri, asked.filled("code_challenge"))
        )
    };
    let joint = if redirect_uri.contains('?') { '&' } else { '?' };
    let state = asked
        .get("state")
        .map(|state| format!("&state={}", percent::encode(state)))
        .unwrap_or_default();
    (
        StatusCode::FOUND,
        [(LOCATION, format!("{redirect_uri}{joint}{outcome}{state}"))],
    )
        .into_response()
}

const HTML: (axum::http::HeaderName, &str) = (CONTENT_TYPE, "text/html; charset=utf-8");

fn refusal(tokens: &Tokens, asked: &Parameters) -> Option<Response> {
    let problem = if !asked.get("client_id").is_some_and(|id| tokens.is_client(id)) {
        "unauthorized_client: client_id is unknown"
    } else if asked.get("response_type") != Some("code") {
        "unsupported_response_type: response_type must be code"
    } else if asked.filled("redirect_uri").is_none() {
        "invalid_request: redirect_uri is missing"
    } else if asked.filled("code_challenge").is_some() && asked.get("code_challenge_method") != Some("S256") {
        "invalid_request: code_challenge_method must be S256"
    } else {
        return None;
    };
    Some((StatusCode::BAD_REQUEST, problem).into_response())
}

/// The form goes back to the address it came from, so all that was asked stays behind the question mark.
fn html(vendor: &str, asked: &Parameters, said: &str) -> String {
    let client = escape(asked.get("client_id").unwrap_or_default());
    format!(
        "<!doctype html><html lang=\"en\"><head><title>Sign in to {vendor}</title></head><body>\
         <h1>Sign in to {vendor}</h1>{said}<p>{client} wants to act for you.</p>\
         <form method=\"post\"><label>Name <input name=\"username\"></label>\
         <label>Password <input name=\"password\" type=\"password\"></label>\
         <button name=\"decision\" value=\"allow\">Allow</button>\
         <button name=\"decision\" value=\"deny\">Deny</button></form></body></html>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
