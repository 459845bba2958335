//! How a page looks: one frame for all of them, without scripts.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

/// The style of all pages.
pub(crate) const STYLE: &str = include_str!("page/style.css");
/// The mark in the browser's tab and above every page.
pub(crate) const ICON: &str = include_str!("page/icon.svg");

/// A page with its status.
pub(crate) struct Page {
    status: StatusCode,
    title: String,
    body: Markup,
}

impl Page {
    pub(crate) fn new(status: StatusCode, title: impl Into<String>, body: Markup) -> Self {
        Self {
            status,
            title: title.into(),
            body,
        }
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let Self { status, title, body } = self;
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (title) " – Tenure" }
                    link rel="icon" type="image/svg+xml" href="/icon.svg";
                    link rel="stylesheet" href="/style.css";
                }
                body {
                    header {
                        a href="/" { img src="/icon.svg" alt="" width="28" height="28"; span { "Tenure" } }
                    }
                    main {
                        h1 { (title) }
                        (body)
                    }
                }
            }
        };
        (status, Html(page.into_string())).into_response()
    }
}
