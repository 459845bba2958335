//! What all requests share, and the gate each passes: key, rate limit, faults.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CONTENT_LENGTH, RETRY_AFTER},
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use tokio::sync::watch;

use super::{
    answer::Refusal,
    control,
    desk::Desk,
    faults::{AnswerFault, FaultDesk, Trouble},
    pace::Pace,
    users,
};
use crate::{
    SimError,
    population::{Event, EventKind, Whom},
};

/// The simulator's state.
pub(super) struct Shared {
    pub(super) desk: RwLock<Desk>,
    pub(super) faults: FaultDesk,
    pub(super) pace: Option<Pace>,
    pub(super) api_key: String,
    pub(super) org_id: Option<String>,
    pub(super) requests: AtomicU64,
    /// How many requests were answered in an unstable order.
    pub(super) turns: AtomicUsize,
    /// The seed of the next event that comes without one.
    pub(super) seeds: AtomicU64,
    /// Becomes true when the server is asked to stop.
    pub(super) stopping: watch::Sender<bool>,
}

impl Shared {
    pub(super) fn next_seed(&self) -> u64 {
        self.seeds.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn event(&self, kind: EventKind, whom: Whom, seed: u64) -> Result<Event, SimError> {
        let mut desk = self.desk.write().unwrap_or_else(PoisonError::into_inner);
        let whom = match whom {
            Whom::Employee(identifier) => desk
                .written_employee(&identifier)
                .map_or(Whom::Employee(identifier), Whom::Id),
            other => other,
        };
        let mut outcome = None;
        let mut events = desk.happen(|population| match population.event(kind, &whom, seed) {
            Ok(event) => vec![event],
            Err(error) => {
                outcome = Some(error);
                Vec::new()
            }
        });
        match (events.pop(), outcome) {
            (Some(event), _) => Ok(event),
            (None, Some(error)) => Err(error),
            (None, None) => Err(SimError::NobodyLeft { kind: kind.name() }),
        }
    }

    pub(super) fn day(&self, seed: u64) -> Vec<Event> {
        let mut desk = self.desk.write().unwrap_or_else(PoisonError::into_inner);
        desk.happen(|population| population.day(seed))
    }

    fn may_enter(&self, headers: &HeaderMap) -> bool {
        let is = |name: &str, wanted: &str| headers.get(name).is_some_and(|value| value == wanted);
        is("x-api-key", &self.api_key) && self.org_id.as_ref().is_none_or(|org| is("x-org-id", org))
    }
}

/// Everything there is to ask.
pub(super) fn router(shared: &Arc<Shared>) -> Router {
    users::routes()
        .fallback(async || Refusal::not_found())
        .layer(middleware::from_fn_with_state(Arc::clone(shared), gate))
        .merge(control::routes())
        .with_state(Arc::clone(shared))
}

async fn gate(State(server): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    server.requests.fetch_add(1, Ordering::Relaxed);
    let trouble = server.faults.meet();
    let delay = trouble.faults.delay_ms;
    if delay > 0 {
        let mut stopping = server.stopping.subscribe();
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(delay)) => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }
    if let Some(Err(wait)) = server.pace.as_ref().map(|pace| pace.admit(Instant::now())) {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let mut answer = too_many_requests(u32::try_from(seconds).ok());
        let limit = server.pace.as_ref().map_or(0, Pace::requests);
        answer.headers_mut().insert("x-ratelimit-limit", limit.into());
        answer
            .headers_mut()
            .insert("x-ratelimit-remaining", HeaderValue::from_static("0"));
        return answer;
    }
    if !server.may_enter(request.headers()) {
        return Refusal::unauthorized().into_response();
    }
    match &trouble.answer {
        Some(AnswerFault::ServerError {}) => {
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").into_response()
        }
        Some(AnswerFault::Unauthorized {}) => Refusal::unauthorized().into_response(),
        Some(AnswerFault::TooManyRequests { retry_after }) => too_many_requests(*retry_after),
        Some(AnswerFault::CutConnection {}) => cut_connection(answer(request, next, trouble).await).await,
        Some(AnswerFault::TruncatedJson {}) => truncate(answer(request, next, trouble).await).await,
        Some(AnswerFault::Empty {}) | None => {
            request.extensions_mut().insert(trouble);
            next.run(request).await
        }
    }
}

async fn answer(mut request: Request, next: Next, trouble: Trouble) -> Response {
    request.extensions_mut().insert(trouble);
    next.run(request).await
}

fn too_many_requests(retry_after: Option<u32>) -> Response {
    let mut answer = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests").into_response();
    if let Some(seconds) = retry_after {
        answer.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    answer
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
