//! Which address answers with what: one file for each matter.

mod applications;
mod callback;
mod health;
mod looks;

use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::middleware;
use axum::routing::{get, post};
use maud::html;

use crate::gate;
use crate::page::Page;
use crate::services::{Services, Unreadable};

/// Where browsers come back to.
pub(crate) const CALLBACK: &str = "/oauth/callback";
const ALIVE: &str = "/healthz";
const READY: &str = "/readyz";

/// All of them, behind the gate.
pub(crate) fn router(services: Services) -> Router {
    Router::new()
        .route("/", get(applications::list))
        .route("/applications/{name}/authorize", post(applications::authorize))
        .route(CALLBACK, get(callback::callback))
        .route(ALIVE, get(health::alive))
        .route(READY, get(health::ready))
        .route("/style.css", get(looks::style))
        .route("/icon.svg", get(looks::icon))
        .fallback(nothing)
        .layer(middleware::from_fn_with_state(services.clone(), gate::pass))
        .with_state(services)
}

/// Whether it tells nothing but how the process is.
pub(crate) fn is_health(path: &str) -> bool {
    [ALIVE, READY].contains(&path)
}

async fn nothing(address: Uri) -> Page {
    let body = html! {
        p { "There is nothing at " code { (address.path()) } "." }
        p { a href="/" { "Applications" } }
    };
    Page::new(StatusCode::NOT_FOUND, "Not found", body)
}

/// Documents that have errors: nothing is begun before they are corrected.
fn unreadable(Unreadable(errors): &Unreadable) -> Page {
    let body = html! {
        p { "Nothing can be authorized before they are corrected. They are read again when this page is." }
        div.card.problem {
            @for error in errors { pre { (error) } }
        }
        p { a href="/" { "Read them again" } }
    };
    Page::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "The documents have errors",
        body,
    )
}

/// Something that could not be done, in the engine's words.
fn failed(title: &str, status: StatusCode, error: &dyn std::fmt::Display) -> Page {
    let body = html! {
        div.card.problem { pre { (error) } }
        p { a href="/" { "Applications" } }
    };
    Page::new(status, title, body)
}
