//! The simulator's own controls under `/_sim`, for those who run it from the command line. They need no key.

use std::sync::{Arc, atomic::Ordering};

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
    Vendor,
    answer::{self, Answer, Refused, json_with},
};
use crate::{
    SimError,
    population::{EventKind, Whom},
};

/// Whom an event should happen to and by which seed; all of it may be left out.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct Wish {
    /// Without one, the next in a fixed row.
    seed: Option<u64>,
    employee_identifier: Option<String>,
    id: Option<String>,
}

pub(crate) fn routes<V: Vendor>() -> Router<Arc<V>> {
    Router::new()
        .route("/_sim/faults", post(set_faults::<V>).get(show_faults::<V>))
        .route("/_sim/state", get(show_state::<V>))
        .route("/_sim/{event}", post(happen::<V>))
}

async fn set_faults<V: Vendor>(State(vendor): State<Arc<V>>, body: Bytes) -> Answer {
    vendor.stage().faults.set(read(&body)?);
    Ok(show_faults(State(vendor)).await)
}

async fn show_faults<V: Vendor>(State(vendor): State<Arc<V>>) -> Response {
    answer_with(&*vendor.stage().faults.current())
}

async fn show_state<V: Vendor>(State(vendor): State<Arc<V>>) -> Response {
    let (people, today) = vendor.population(|population| (population.len(), population.today()));
    answer_with(&json!({
        "people": people,
        "today": today,
        "requests": vendor.stage().requests.load(Ordering::Relaxed),
        "faults": *vendor.stage().faults.current(),
    }))
}

async fn happen<V: Vendor>(State(vendor): State<Arc<V>>, Path(event): Path<String>, body: Bytes) -> Answer {
    let wish: Wish = read(&body)?;
    let seed = wish.seed.unwrap_or_else(|| vendor.stage().next_seed());
    let whom = match (wish.id, wish.employee_identifier) {
        (Some(id), _) => Whom::Id(id),
        (None, Some(identifier)) => Whom::Employee(identifier),
        (None, None) => Whom::Anyone,
    };
    let kind = match event.as_str() {
        "day" => return Ok(answer_with(&vendor.day(seed))),
        "hire" => EventKind::Hire,
        "move" => EventKind::Move,
        "terminate" => EventKind::Terminate,
        "rename" => EventKind::Rename,
        "remove" => EventKind::Remove,
        _ => return Err(refusal(StatusCode::NOT_FOUND, "Not Found")),
    };
    let event = vendor.event(kind, whom, seed).map_err(|error| match &error {
        SimError::Unknown { .. } => refusal(StatusCode::NOT_FOUND, &error.to_string()),
        _ => refusal(StatusCode::CONFLICT, &error.to_string()),
    })?;
    Ok(answer_with(&[event]))
}

/// Reads a body where nothing at all means the usual.
fn read<T: Default + serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    if body.trim_ascii().is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body)
        .map_err(|error| refusal(StatusCode::BAD_REQUEST, &format!("Bad Request: {error}")))
}

fn refusal(status: StatusCode, message: &str) -> Refused {
    json_with(status, &json!({ "message": message })).into()
}

fn answer_with(value: &impl serde::Serialize) -> Response {
    answer::json(serde_json::to_vec(value).unwrap_or_default().into())
}
