//! What each request to an API passes: rate limit, key, faults.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::header::CONTENT_LENGTH,
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};

use super::{
    Vendor, Wait,
    faults::{AnswerFault, Trouble},
    spoiled,
};

/// Lets a request through to the vendor, or not.
pub(crate) async fn gate<V: Vendor>(State(vendor): State<Arc<V>>, request: Request, next: Next) -> Response {
    let mut answer = pass(&*vendor, request, next).await;
    vendor.leave(&mut answer);
    answer
}

async fn pass<V: Vendor>(vendor: &V, request: Request, next: Next) -> Response {
    let stage = vendor.stage();
    stage.requests.fetch_add(1, Ordering::Relaxed);
    let trouble = stage.faults.meet();
    let delay = trouble.faults.delay_ms;
    if delay > 0 {
        let mut stopping = stage.stopping.subscribe();
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(delay)) => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }
    if let Some(Err(wait)) = stage.pace.as_ref().map(|pace| pace.admit(Instant::now())) {
        return vendor.too_many_requests(Wait::Limit(wait));
    }
    if let Err(refusal) = vendor.enter(&request) {
        return refusal.into_response();
    }
    match &trouble.answer {
        Some(AnswerFault::ServerError {}) => vendor.server_error(),
        Some(AnswerFault::Unauthorized {}) => vendor.unauthorized(),
        Some(AnswerFault::TooManyRequests { .. }) if vendor.has_parts(&request) => {
            answer(request, next, trouble).await
        }
        Some(AnswerFault::TooManyRequests { retry_after }) => {
            vendor.too_many_requests(Wait::Fault(*retry_after))
        }
        Some(AnswerFault::CutConnection {}) => cut_connection(answer(request, next, trouble).await).await,
        Some(AnswerFault::TruncatedJson {}) => truncate(answer(request, next, trouble).await).await,
        Some(AnswerFault::Stall {}) => {
            let stopping = stage.stopping.subscribe();
            spoiled::stall(half(answer(request, next, trouble).await).await, stopping)
        }
        Some(AnswerFault::SignInPage {}) => spoiled::sign_in_page(),
        Some(AnswerFault::InvalidUtf8 {}) => {
            let (parts, body) = answer(request, next, trouble).await.into_parts();
            // The body is in memory already.
            let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
            Response::from_parts(parts, Body::from(spoiled::no_text(&body)))
        }
        Some(AnswerFault::Huge { mib }) => spoiled::huge(*mib),
        Some(AnswerFault::GzipBomb { mib }) => spoiled::gzip_bomb(*mib),
        Some(AnswerFault::Empty {} | AnswerFault::Acknowledged {}) | None => {
            answer(request, next, trouble).await
        }
    }
}

async fn answer(mut request: Request, next: Next, trouble: Trouble) -> Response {
    request.extensions_mut().insert(trouble);
    next.run(request).await
}

/// The answer's head and the first half of its body, with the full length.
async fn half(answer: Response) -> (axum::http::response::Parts, Bytes, usize) {
    let (mut parts, body) = answer.into_parts();
    // The body is in memory already.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.remove(CONTENT_LENGTH);
    (parts, body.slice(..body.len() / 2), body.len())
}

async fn truncate(answer: Response) -> Response {
    let (parts, half, _) = half(answer).await;
    Response::from_parts(parts, Body::from(half))
}

/// Promises the whole body, sends half of it, and hangs up.
async fn cut_connection(answer: Response) -> Response {
    let (mut parts, half, length) = half(answer).await;
    parts.headers.insert(CONTENT_LENGTH, length.into());
    let hang_up = stream::once(async {
        // Lets what was written so far leave first.
        tokio::task::yield_now().await;
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionAborted))
    });
    Response::from_parts(parts, Body::from_stream(stream::iter([Ok(half)]).chain(hang_up)))
}
