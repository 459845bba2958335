//! Where browsers come back to after somebody agreed, or did not.

use axum::extract::{RawQuery, State};
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use tenure_connect::authorization::{Answer, NotAuthorized};
use tenure_core::document::{Document, Documents};
use tenure_core::secret::Secret;
use tenure_engine::EngineError;
use tokio::time::Instant;

use super::applications::authorize_path;
use crate::page::Page;
use crate::services::Services;
use crate::waiting::Turned;

/// Takes what the browser brings, once, and shows what became of it.
pub(super) async fn callback(
    State(services): State<Services>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Page {
    let mut url = services.public.callback();
    url.set_query(query.as_deref());
    let answer = Answer::read(&url);
    let browser = cookie(&services, &headers);
    let (application, authorizing) = match services.waiting.take(&answer, browser, Instant::now()) {
        Ok(taken) => taken,
        Err(turned) => {
            tracing::warn!("an answer to no authorization that waits: {turned:?}");
            return turned_away(&turned);
        }
    };
    match services.exchange(authorizing, answer).await {
        Some(Ok(())) => {
            tracing::info!("the application `{application}` is authorized");
            authorized(&services, &application).await
        }
        Some(Err(why)) => {
            tracing::warn!("the application `{application}` is not authorized: {why}");
            not_authorized(&application, why)
        }
        None => {
            let body = html! {
                p { "The work on it was stopped." }
                (again(&application))
            };
            not_kept(StatusCode::INTERNAL_SERVER_ERROR, &application, &body)
        }
    }
}

/// What somebody can do next.
async fn authorized(services: &Services, application: &str) -> Page {
    // Documents that have errors by now hide only what is next.
    let documents = services.documents().await.ok();
    let sources: Vec<_> = documents
        .iter()
        .flat_map(Documents::iter)
        .filter_map(|document| match document {
            Document::DataSource(source) if source.application.as_deref() == Some(application) => {
                Some(source.name.as_str())
            }
            _ => None,
        })
        .collect();
    let body = html! {
        p { "Tenure may call it now. Its token is kept encrypted in the vault, and renewed by itself." }
        @if !sources.is_empty() {
            div.card {
                p { "See what comes from it:" }
                @for source in &sources { pre { "tenure fetch " (source) } }
                p.quiet { "Runs that were held for want of it go on when they are next due." }
            }
        }
        p { a href="/" { "Applications" } }
    };
    Page::new(StatusCode::OK, format!("{application} is authorized"), body)
}

fn not_authorized(application: &str, why: NotAuthorized) -> Page {
    let said = why.to_string();
    let (status, next) = match why {
        NotAuthorized::Refused(_) => (
            StatusCode::FORBIDDEN,
            html! { p { "When that was a mistake, begin again. When the vendor refused by itself, compare what it says \
            with the application's " code { "scope" } " and " code { "client_id" } ", and ask whoever administers \
            it whether you may agree." } },
        ),
        NotAuthorized::NotAccepted(_) => (
            StatusCode::BAD_GATEWAY,
            html! { p { "Codes are good for a few minutes, and for the redirect URL that is registered with the \
            vendor: begin again, and agree soon." } },
        ),
        NotAuthorized::NoCode => (
            StatusCode::BAD_REQUEST,
            html! { p { "Check that " code { "authorization_url" } " is the vendor's page for authorization codes." } },
        ),
        // Another state than the one that it was found by.
        NotAuthorized::Foreign => return turned_away(&Turned::Unknown),
        NotAuthorized::Failed(error) => {
            let body = html! {
                div.card.problem { pre { (EngineError::from(error)) } }
                (again(application))
            };
            return not_kept(StatusCode::BAD_GATEWAY, application, &body);
        }
    };
    let body = html! {
        div.card.problem { p { (said) } }
        (next)
        (again(application))
    };
    not_kept(status, application, &body)
}

fn not_kept(status: StatusCode, application: &str, body: &Markup) -> Page {
    let body = html! {
        (body)
        p.quiet { "Nothing was kept. A token that was there before is as it was." }
    };
    Page::new(status, format!("{application} was not authorized"), body)
}

fn turned_away(turned: &Turned) -> Page {
    let (status, title, said, application) = match turned {
        Turned::Unknown => (
            StatusCode::BAD_REQUEST,
            "Not an answer to Tenure",
            "Nothing that was begun here has this answer (its state is not known). Authorizations that were begun \
             before Tenure was last started are forgotten.",
            None,
        ),
        Turned::OtherBrowser => (
            StatusCode::FORBIDDEN,
            "Begun in another browser",
            "Another browser began this authorization, or this one does not keep cookies. Finish it where it was \
             begun, or begin again here.",
            None,
        ),
        Turned::Again { application } => (
            StatusCode::CONFLICT,
            "Answered already",
            "This answer was taken before; it is good only once. Whether it worked is shown among the applications.",
            Some(application),
        ),
        Turned::Late { application } => (
            StatusCode::GONE,
            "Too late",
            "There are ten minutes for signing in and agreeing, and they are over.",
            Some(application),
        ),
    };
    let body = html! {
        p { (said) }
        p.quiet { "Nothing was kept." }
        @if let Some(application) = application { (again(application)) }
        @else { p { a href="/" { "Applications" } } }
    };
    Page::new(status, title, body)
}

/// To begin again.
fn again(application: &str) -> Markup {
    html! {
        form method="post" action=(authorize_path(application)) { button { "Authorize " (application) } }
        p { a href="/" { "Applications" } }
    }
}

/// What the cookie is called. The prefix keeps neighbours on other hosts of the same domain from setting it.
fn cookie_name(services: &Services) -> &'static str {
    if services.public.is_encrypted() {
        "__Host-tenure-browser"
    } else {
        "tenure-browser"
    }
}

/// The cookie that tells a browser that began an authorization from others.
pub(super) fn cookie<'h>(services: &Services, headers: &'h HeaderMap) -> Option<&'h str> {
    let name = cookie_name(services);
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(other, value)| (other == name).then_some(value))
}

/// The header that sets it. It comes back with a link from the vendor's page, as long as an answer is waited for.
pub(super) fn set_cookie(services: &Services, browser: &Secret) -> String {
    let secure = if services.public.is_encrypted() {
        "; Secure"
    } else {
        ""
    };
    format!(
        "{}={}; Path=/; Max-Age=600; HttpOnly; SameSite=Lax{secure}",
        cookie_name(services),
        browser.expose()
    )
}
