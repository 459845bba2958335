//! What all requests share, and how JumpCloud refuses them.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    middleware,
    response::{IntoResponse, Response},
};

use super::{answer::Refusal, desk::Desk, groups, token, users};
use crate::{
    SimError,
    population::{Event, EventKind, Population, Whom},
    stage::{
        Stage, Vendor, Wait, answer::Refused, bearer::Tokens, control, desk::People, gate::gate, pace::Pace,
    },
};

/// The simulator's state.
pub(super) struct Shared {
    pub(super) stage: Stage,
    pub(super) desk: RwLock<Desk>,
    pub(super) api_key: String,
    pub(super) tokens: Tokens,
    pub(super) org_id: Option<String>,
    /// How many requests were answered in an unstable order.
    pub(super) turns: AtomicUsize,
}

impl Shared {
    /// How many requests were answered in an unstable order before this one.
    pub(super) fn turn(&self) -> usize {
        self.turns.fetch_add(1, Ordering::Relaxed)
    }
}

impl People for Shared {
    fn population<T>(&self, act: impl FnOnce(&mut Population) -> T) -> T {
        self.desk
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .change(act)
    }

    fn event(&self, kind: EventKind, whom: Whom, seed: u64) -> Result<Event, SimError> {
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

    fn day(&self, seed: u64) -> Vec<Event> {
        let mut desk = self.desk.write().unwrap_or_else(PoisonError::into_inner);
        desk.happen(|population| population.day(seed))
    }
}

impl Vendor for Shared {
    fn stage(&self) -> &Stage {
        &self.stage
    }

    fn enter(&self, request: &Request) -> Result<(), Refused> {
        let is = |name: &str, wanted: &str| request.headers().get(name).is_some_and(|value| value == wanted);
        let named = self.org_id.as_ref().is_none_or(|org| is("x-org-id", org));
        let known = is("x-api-key", &self.api_key) || self.tokens.admits(request.headers());
        if known && named {
            Ok(())
        } else {
            Err(self.unauthorized().into())
        }
    }

    fn unauthorized(&self) -> Response {
        Refusal::unauthorized().into_response()
    }

    fn server_error(&self) -> Response {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").into_response()
    }

    fn too_many_requests(&self, wait: Wait) -> Response {
        let mut answer = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests").into_response();
        let headers = answer.headers_mut();
        if let Some(seconds) = wait.seconds() {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if let Wait::Limit(_) = wait {
            let limit = self.stage.pace.as_ref().map_or(0, Pace::requests);
            headers.insert("x-ratelimit-limit", limit.into());
            headers.insert("x-ratelimit-remaining", HeaderValue::from_static("0"));
        }
        answer
    }
}

/// Everything there is to ask.
pub(super) fn router(shared: &Arc<Shared>) -> Router {
    users::routes()
        .merge(groups::routes())
        .fallback(async || Refusal::not_found())
        .layer(middleware::from_fn_with_state(Arc::clone(shared), gate::<Shared>))
        .merge(token::routes())
        .merge(control::routes())
        .with_state(Arc::clone(shared))
}
