//! The simulator's own controls under `/_sim`, for those who run it from the command line. They need no key.

use std::sync::{Arc, PoisonError, atomic::Ordering};

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::{
    answer::{self, Refusal},
    server::Shared,
};
use crate::{
    SimError,
    population::{EventKind, Whom},
};

type Answer = Result<Response, Refusal>;
type Server = State<Arc<Shared>>;

/// Whom an event should happen to and by which seed; all of it may be left out.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct Wish {
    /// Without one, the next in a fixed row.
    seed: Option<u64>,
    employee_identifier: Option<String>,
    id: Option<String>,
}

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_sim/faults", post(set_faults).get(show_faults))
        .route("/_sim/state", get(show_state))
        .route("/_sim/{event}", post(happen))
}

async fn set_faults(State(server): Server, body: Bytes) -> Answer {
    server.faults.set(read(&body)?);
    show_faults(State(server)).await
}

async fn show_faults(State(server): Server) -> Answer {
    Ok(answer_with(&*server.faults.current()))
}

async fn show_state(State(server): Server) -> Answer {
    let desk = server.desk.read().unwrap_or_else(PoisonError::into_inner);
    let population = desk.population();
    Ok(answer_with(&json!({
        "people": population.len(),
        "today": population.today(),
        "requests": server.requests.load(Ordering::Relaxed),
        "faults": *server.faults.current(),
    })))
}

async fn happen(State(server): Server, Path(event): Path<String>, body: Bytes) -> Answer {
    let wish: Wish = read(&body)?;
    let seed = wish.seed.unwrap_or_else(|| server.next_seed());
    let whom = match (wish.id, wish.employee_identifier) {
        (Some(id), _) => Whom::Id(id),
        (None, Some(identifier)) => Whom::Employee(identifier),
        (None, None) => Whom::Anyone,
    };
    let kind = match event.as_str() {
        "day" => return Ok(answer_with(&server.day(seed))),
        "hire" => EventKind::Hire,
        "move" => EventKind::Move,
        "terminate" => EventKind::Terminate,
        "rename" => EventKind::Rename,
        "remove" => EventKind::Remove,
        _ => return Err(Refusal::not_found()),
    };
    let event = server.event(kind, whom, seed).map_err(|error| match &error {
        SimError::Unknown { .. } => Refusal::new(StatusCode::NOT_FOUND, &error.to_string()),
        _ => Refusal::new(StatusCode::CONFLICT, &error.to_string()),
    })?;
    Ok(answer_with(&[event]))
}

/// Reads a body where nothing at all means the usual.
fn read<T: Default + serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    if body.trim_ascii().is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body).map_err(Refusal::bad_request)
}

fn answer_with(value: &impl serde::Serialize) -> Response {
    answer::json(serde_json::to_vec(value).unwrap_or_default().into())
}
