//! Applications: which there are and how their requests are let in, and beginning to authorize one.

use axum::extract::{Path, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use tenure_connect::authorization::State as Authorization;
use tenure_core::document::{Grant, Kind};
use tenure_engine::ApplicationReport;
use tokio::time::Instant;
use url::Url;

use super::{callback, failed, unreadable};
use crate::gate::is_own_page;
use crate::page::Page;
use crate::services::Services;

/// All applications.
pub(super) async fn list(State(services): State<Services>) -> Page {
    let documents = match services.documents().await {
        Ok(documents) => documents,
        Err(errors) => return unreadable(&errors),
    };
    let reports = match services.engine.applications(&documents).await {
        Ok(reports) => reports,
        Err(error) => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            return failed("The applications cannot be shown", status, &error);
        }
    };
    let body = html! {
        @if reports.is_empty() {
            div.card {
                p { "There are no applications yet." }
                p {
                    "An application is a document (" code { "kind: application" } ") in the home folder. "
                    code { "tenure catalog list" } " shows those that Tenure knows, and "
                    code { "tenure catalog use" } " makes documents from them. This page shows them when it is \
                    opened again."
                }
            }
        } @else {
            p { (summary(&reports)) }
            @for report in &reports { (card(report)) }
        }
        div.card {
            h2 { "Redirect URL" }
            p { code { (services.public.callback()) } }
            p.quiet {
                "Register this address with the vendor, for the client that Tenure uses there. Vendors also call it \
                redirect URI, reply URL or callback URL."
            }
        }
    };
    Page::new(StatusCode::OK, "Applications", body)
}

fn summary(reports: &[ApplicationReport]) -> String {
    let needed =
        |report: &&ApplicationReport| matches!(report.state, Some(Authorization::NeedsAuthorization { .. }));
    match reports.iter().filter(needed).count() {
        0 => "Nobody has to do anything.".to_owned(),
        1 => "One application needs authorization: begin here, sign in there, and agree.".to_owned(),
        count => format!("{count} applications need authorization: begin here, sign in there, and agree."),
    }
}

fn card(report: &ApplicationReport) -> Markup {
    let needs = matches!(report.state, Some(Authorization::NeedsAuthorization { .. }));
    html! {
        section.card {
            div.row {
                h2 { (report.application) }
                @match &report.state {
                    Some(Authorization::Authorized { .. }) => span.badge.good { "authorized" },
                    Some(Authorization::NeedsAuthorization { .. }) => span.badge.bad { "needs authorization" },
                    None => {},
                }
            }
            p.quiet { (report.way()) }
            @match &report.state {
                Some(Authorization::Authorized { until: Some(until) }) => {
                    p { "Its token is good until " (moment(*until)) "." }
                },
                Some(Authorization::NeedsAuthorization { why, since }) => {
                    p { (why) @if let Some(since) = since { ", since " (moment(*since)) } }
                },
                _ => {},
            }
            @if report.grant == Some(Grant::AuthorizationCode) {
                form method="post" action=(authorize_path(&report.application)) {
                    @if needs {
                        button { "Authorize " (report.application) }
                    } @else {
                        button.second { "Authorize " (report.application) " again" }
                    }
                }
            }
        }
    }
}

/// In the zone of the machine that Tenure runs on, which is named.
fn moment(at: Timestamp) -> Markup {
    let shown = at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M %Z");
    html! { time datetime=(at) { (shown) } }
}

/// Where a form begins to authorize an application.
pub(super) fn authorize_path(application: &str) -> String {
    let mut url = Url::parse("http://here").ok();
    if let Some(mut path) = url.as_mut().and_then(|url| url.path_segments_mut().ok()) {
        path.extend(["applications", application, "authorize"]);
    }
    url.map_or_else(String::new, |url| url.path().to_owned())
}

/// Begins to authorize one, and sends the browser to the vendor.
pub(super) async fn authorize(
    State(services): State<Services>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    match begin(&services, &name, &headers).await {
        Ok(answer) => answer,
        Err(page) => page.into_response(),
    }
}

async fn begin(services: &Services, name: &str, headers: &HeaderMap) -> Result<Response, Page> {
    if !is_own_page(&services.public, headers) {
        let body = html! {
            p { "This was asked for by another page than Tenure's, or by a program. Nothing was begun." }
            p { a href="/" { "Begin here" } }
        };
        return Err(Page::new(StatusCode::FORBIDDEN, "Not from here", body));
    }
    let documents = services.documents().await.map_err(|errors| unreadable(&errors))?;
    if documents.get(Kind::Application, name).is_none() {
        let body = html! {
            p { "There is no application " code { (name) } " among the documents (any more)." }
            p { a href="/" { "Applications" } }
        };
        return Err(Page::new(StatusCode::NOT_FOUND, "No such application", body));
    }
    let title = format!("{name} cannot be authorized");
    let cannot = |error: &dyn std::fmt::Display| failed(&title, StatusCode::CONFLICT, error);
    let tokens = services
        .engine
        .tokens(&documents, name)
        .map_err(|error| cannot(&error))?;
    let authorizing = tokens
        .begin_for(services.public.callback())
        .await
        .map_err(|error| cannot(&tenure_engine::EngineError::from(error)))?;
    let page = authorizing.url().to_string();
    let browser = callback::cookie(services, headers);
    let browser = services.waiting.add(name, authorizing, browser, Instant::now());
    let Some(browser) = browser else {
        let body = html! {
            p { "Too many authorizations were begun and not finished. Try again in ten minutes." }
            p { a href="/" { "Applications" } }
        };
        return Err(Page::new(StatusCode::SERVICE_UNAVAILABLE, title, body));
    };
    tracing::info!("somebody begins to authorize the application `{name}`");
    let cookie = callback::set_cookie(services, &browser);
    Ok(([(SET_COOKIE, cookie)], Redirect::to(&page)).into_response())
}
