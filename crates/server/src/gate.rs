//! What every request passes: whether it is meant for this server, within its bounds, and what every answer carries.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::html;

use crate::address::PublicUrl;
use crate::page::Page;
use crate::routes;
use crate::services::Services;

/// The largest body of a request, in bytes. No page sends one that is larger.
const BODY: u64 = 64 << 10;
/// How long an answer may take. A vendor that is slow to exchange a code takes less.
const PATIENCE: Duration = Duration::from_secs(90);

const FETCH_SITE: &str = "sec-fetch-site";
/// Forms may lead to any page: the vendor's sign-in follows a form's redirect, and browsers hold the policy against
/// that, and against wherever the vendor redirects to.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' https: http:; \
                      base-uri 'none'; frame-ancestors 'none'";
const HEADERS: [(HeaderName, &str); 7] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Lets a request through, or says why not.
pub(crate) async fn pass(State(services): State<Services>, request: Request, next: Next) -> Response {
    // Only the path is logged: queries have codes in them.
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut answer = match turned_away(&services.public, &request) {
        Some(answer) => answer,
        None => tokio::time::timeout(PATIENCE, next.run(request))
            .await
            .unwrap_or_else(|_| too_slow()),
    };
    tracing::info!("{method} {path}: {}", answer.status());
    for (name, value) in HEADERS {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

fn turned_away(public: &PublicUrl, request: &Request) -> Option<Response> {
    let headers = request.headers();
    let length = text(headers, CONTENT_LENGTH.as_str()).and_then(|length| length.parse::<u64>().ok());
    if length.is_some_and(|length| length > BODY) {
        let body = html! { p { "No page of Tenure sends that much." } };
        return Some(Page::new(StatusCode::PAYLOAD_TOO_LARGE, "Too large", body).into_response());
    }
    let path = request.uri().path();
    if routes::is_health(path) {
        // Whoever watches over processes asks by any name.
        return None;
    }
    let host = text(headers, HOST.as_str()).unwrap_or_default();
    // A target with a host in it is what a proxy is asked for.
    let target = request.uri().authority();
    if target.is_none_or(|target| public.is_host(target.as_str())) {
        if public.is_host(host) {
            return None;
        }
        if public.is_alias(host) && path == "/" && request.method() == Method::GET {
            return Some(Redirect::temporary(&public.to_string()).into_response());
        }
    }
    let body = html! {
        p { "This is Tenure, but not under the name by which you came." }
        p { "Open " a href=(public) { (public) } "." }
        p.quiet {
            "Behind a proxy: let it pass the " code { "Host" } " of requests on, and start Tenure with "
            code { "--public-url" } "."
        }
    };
    Some(Page::new(StatusCode::MISDIRECTED_REQUEST, "Another name", body).into_response())
}

fn too_slow() -> Response {
    let body = html! {
        p { "The other side has not answered yet. What was begun goes on." }
        p { a href="/" { "See whether it worked" } "." }
    };
    Page::new(StatusCode::GATEWAY_TIMEOUT, "It takes too long", body).into_response()
}

/// Whether a request that changes something comes from a page of this server.
pub(crate) fn is_own_page(public: &PublicUrl, headers: &HeaderMap) -> bool {
    let origin = text(headers, ORIGIN.as_str());
    match text(headers, FETCH_SITE) {
        // A page without referrer has the origin `null`.
        Some(site) => {
            site == "same-origin" && origin.is_none_or(|origin| origin == "null" || public.is_origin(origin))
        }
        // Browsers that do not say so send their origin.
        None => origin.is_some_and(|origin| public.is_origin(origin)),
    }
}

/// A header as text; what is no text is like none of the texts that are looked for.
fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::a_browser(Some("same-origin"), Some("null"), true)]
    #[case::another_browser(Some("same-origin"), Some("http://127.0.0.1:8430"), true)]
    #[case::an_old_browser(None, Some("http://127.0.0.1:8430"), true)]
    #[case::a_foreign_page(Some("cross-site"), Some("https://evil.test"), false)]
    #[case::a_neighbour(Some("same-site"), Some("http://127.0.0.1:9999"), false)]
    #[case::a_hidden_page(Some("cross-site"), Some("null"), false)]
    #[case::an_old_browser_elsewhere(None, Some("https://evil.test"), false)]
    #[case::an_old_browser_that_hides(None, Some("null"), false)]
    #[case::both_do_not_agree(Some("same-origin"), Some("https://evil.test"), false)]
    #[case::nobody(None, None, false)]
    fn pages(#[case] site: Option<&str>, #[case] origin: Option<&str>, #[case] own: bool) {
        let public = PublicUrl::parse("http://127.0.0.1:8430").unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in [(FETCH_SITE, site), ("origin", origin)] {
            if let Some(value) = value {
                headers.insert(name, value.parse().unwrap());
            }
        }
        assert_eq!(is_own_page(&public, &headers), own);
    }
}
