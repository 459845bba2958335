//! The resource `systemusers`.

use std::sync::{Arc, PoisonError};

use axum::{
    Extension, Router,
    extract::{Path, Query as Parameters, State},
    response::Response,
    routing::{get, post},
};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::{
    answer::Refusal,
    page::{self, Extra, Shape},
    query::{Query, separated},
    server::Shared,
    writes,
};
use crate::stage::{answer::json, faults::Trouble, page::is_gone};

type Answer = Result<Response, Refusal>;
type Server = State<Arc<Shared>>;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/api/systemusers", get(list).post(create))
        .route("/api/systemusers/{id}", get(show).put(update).delete(remove))
        .route("/api/systemusers/{id}/state/activate", post(activate))
        .route("/api/search/systemusers", post(search))
}

async fn list(
    State(server): Server,
    Extension(trouble): Extension<Trouble>,
    Parameters(parameters): Parameters<Vec<(String, String)>>,
) -> Answer {
    Ok(serve_page(
        &server,
        Query::from_parameters(&parameters)?,
        Extra::None,
        &trouble,
    ))
}

async fn search(State(server): Server, Extension(trouble): Extension<Trouble>, body: Bytes) -> Answer {
    let query = Query::from_body(&object(&body)?)?;
    Ok(serve_page(&server, query, Extra::MemberOf, &trouble))
}

fn serve_page(server: &Shared, query: Query, extra: Extra, trouble: &Trouble) -> Response {
    let stable = query.selection.sort.iter().any(|field| field.name == "_id");
    let turn = if stable { 0 } else { server.turn() };
    let desk = server.desk.read().unwrap_or_else(PoisonError::into_inner);
    json(page::render(&desk, query, extra, trouble, turn))
}

async fn show(
    State(server): Server,
    Extension(trouble): Extension<Trouble>,
    Path(id): Path<String>,
    Parameters(parameters): Parameters<Vec<(String, String)>>,
) -> Answer {
    let fields = parameters.iter().filter(|(name, _)| name == "fields");
    let only: Vec<String> = fields.flat_map(|(_, value)| separated(value)).collect();
    let desk = server.desk.read().unwrap_or_else(PoisonError::into_inner);
    let is_here = |(number, _): &(u32, &[u8])| !is_gone(*number, trouble.faults.gone_per_mille);
    let (_, record) = desk.find(&id).filter(is_here).ok_or_else(Refusal::not_found)?;
    let shape = Shape {
        only: &only,
        without: &trouble.faults.vanished_fields,
        extra: Extra::None,
    };
    let mut out = Vec::with_capacity(record.len());
    shape.write(&mut out, record);
    Ok(json(out.into()))
}

async fn create(State(server): Server, body: Bytes) -> Answer {
    let fields = object(&body)?;
    let mut desk = server.desk.write().unwrap_or_else(PoisonError::into_inner);
    Ok(json(writes::create(&mut desk, &fields)?))
}

async fn update(State(server): Server, Path(id): Path<String>, body: Bytes) -> Answer {
    let fields = object(&body)?;
    let mut desk = server.desk.write().unwrap_or_else(PoisonError::into_inner);
    Ok(json(writes::update(&mut desk, &id, &fields)?))
}

async fn activate(State(server): Server, Path(id): Path<String>) -> Answer {
    let mut desk = server.desk.write().unwrap_or_else(PoisonError::into_inner);
    writes::activate(&mut desk, &id)?;
    Ok(json(Bytes::from_static(b"{}")))
}

async fn remove(State(server): Server, Path(id): Path<String>) -> Answer {
    let mut desk = server.desk.write().unwrap_or_else(PoisonError::into_inner);
    Ok(json(writes::remove(&mut desk, &id)?))
}

/// Reads a body that must be a JSON object.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::bad_request(format!("the body must be a JSON object: {error}")))
}
