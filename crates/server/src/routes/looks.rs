//! What pages are dressed with.

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use crate::page;

pub(super) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], page::STYLE)
}

pub(super) async fn icon() -> impl IntoResponse {
    ([(CONTENT_TYPE, "image/svg+xml")], page::ICON)
}
