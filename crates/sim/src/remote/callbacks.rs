//! Who wants to be told, and what was told.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, patch, post},
};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Host,
    desk::Desk,
    employments::find,
    server::{Paging, Shared, data, not_found, read, unprocessable},
};
use crate::{
    population::{Space, mix},
    stage::{
        answer::{Answer, Object, Refused, json_with, object},
        faults::Trouble,
        parameters::Parameters,
    },
};

type Server = State<Arc<Shared>>;

const FIRST_CALLBACK: u64 = 1 << 34;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/webhook-callbacks", post(create))
        .route("/v1/webhook-callbacks/{id}", patch(update).delete(remove))
        .route("/v1/companies/{id}/webhook-callbacks", get(list))
        .route("/v1/webhook-events", get(events))
        .route("/v1/webhook-events/replay", post(replay))
        .route("/v1/sandbox/webhook-callbacks/trigger", post(trigger))
}

/// What of the body says who is told what.
fn admit(body: &Object) -> Result<Object, Refused> {
    let mut fields = Object::new();
    match body.get("url") {
        None => {}
        Some(Value::String(url)) if url.starts_with("http") => {
            fields.insert("url".to_owned(), url.as_str().into());
        }
        Some(_) => return Err(unprocessable("url", "is invalid")),
    }
    match body.get("subscribe_to_all_events") {
        None => {}
        Some(Value::Bool(all)) => {
            fields.insert("subscribe_to_all_events".to_owned(), (*all).into());
        }
        Some(_) => return Err(unprocessable("subscribe_to_all_events", "is invalid")),
    }
    let named = |event: &Value| event.as_str().is_some_and(|event| event.contains('.'));
    match body.get("subscribed_events") {
        None => {}
        Some(Value::Array(events)) if events.iter().all(named) => {
            fields.insert("subscribed_events".to_owned(), events.clone().into());
        }
        Some(_) => return Err(unprocessable("subscribed_events", "is invalid")),
    }
    Ok(fields)
}

/// The key is shown once, here.
async fn create(State(server): Server, body: Bytes) -> Answer {
    let fields = admit(&read(&body)?)?;
    if !fields.contains_key("url") {
        return Err(unprocessable("url", "can't be blank"));
    }
    let all = fields.get("subscribe_to_all_events") == Some(&Value::Bool(true));
    if !all && !fields.contains_key("subscribed_events") {
        return Err(unprocessable("subscribed_events", "can't be blank"));
    }
    let mut desk = server.desk.touch();
    let place = desk.callbacks.rows().last().map_or(0, |(number, _)| number + 1);
    let id = desk
        .register
        .population()
        .uuid(Space::Other, FIRST_CALLBACK + place);
    let key = format!("{:016x}{:016x}", mix(place ^ 0x5151), mix(place ^ 0x1515));
    let mut row = object(json!({ "id": id, "subscribed_events": [], "subscribe_to_all_events": false }));
    row.insert("signing_key".to_owned(), key.into());
    row.extend(fields);
    desk.callbacks.add(|_| row.clone());
    Ok(json_with(
        StatusCode::CREATED,
        &json!({ "data": { "webhook_callback": row } }),
    ))
}

fn find_callback(desk: &Desk, id: &str) -> Result<u64, Refused> {
    let found = desk.callbacks.find("id", id);
    found.map(|(number, _)| number).ok_or_else(not_found)
}

fn without_key(row: &Object) -> Value {
    let mut shown = row.clone();
    shown.remove("signing_key");
    shown.into()
}

async fn update(State(server): Server, Path(id): Path<String>, body: Bytes) -> Answer {
    let fields = admit(&read(&body)?)?;
    let mut desk = server.desk.touch();
    let number = find_callback(&desk, &id)?;
    let row = desk.callbacks.get_mut(number).ok_or_else(not_found)?;
    row.extend(fields);
    Ok(data(&json!({ "webhook_callback": without_key(row) })))
}

async fn remove(State(server): Server, Path(id): Path<String>) -> Answer {
    let mut desk = server.desk.touch();
    let number = find_callback(&desk, &id)?;
    desk.callbacks.remove(number);
    Ok(data(&json!({ "status": "success" })))
}

async fn list(State(server): Server, Path(company): Path<String>) -> Answer {
    let desk = server.desk.look();
    if company != desk.company() {
        return Err(not_found());
    }
    let rows: Vec<Value> = desk.callbacks.rows().map(|(_, row)| without_key(row)).collect();
    Ok(data(&rows.into()))
}

async fn events(State(server): Server, Extension(trouble): Extension<Trouble>, asked: Parameters) -> Answer {
    let paging = Paging::read(&asked)?;
    let desk = server.desk.look();
    let company = desk.company();
    let time = |name| asked.filled(name).and_then(|text| text.parse::<Timestamp>().ok());
    let (after, before) = (time("after"), time("before"));
    let mut found: Vec<Value> = desk
        .told
        .iter()
        .filter(|told| {
            asked
                .filled("event_type")
                .is_none_or(|wanted| told.event_type == wanted)
                && asked
                    .filled("successfully_delivered")
                    .is_none_or(|wanted| told.was_taken().to_string() == wanted)
                && after.is_none_or(|after| told.first >= after)
                && before.is_none_or(|before| told.first <= before)
        })
        .map(|told| told.shown(&company))
        .collect();
    if asked.get("order") != Some("asc") {
        found.reverse();
    }
    let page = paging.cut(found.len(), &trouble);
    let rows = found.get(page.places).unwrap_or_default().to_vec();
    Ok(data(&paging.around("webhook_events", &rows, page.total)))
}

async fn replay(State(server): Server, body: Bytes) -> Answer {
    let body = read(&body)?;
    let time = |name: &str| body.get(name)?.as_str()?.parse::<Timestamp>().ok();
    let desk = server.desk.look();
    if let Some(ids) = body.get("ids").and_then(Value::as_array) {
        desk.replay(|told| ids.iter().any(|id| *id == told.id.as_str()));
    } else if let (Some(before), Some(after)) = (time("before"), time("after")) {
        desk.replay(|told| after <= told.first && told.first <= before);
    } else {
        return Err(unprocessable("ids", "can't be blank"));
    }
    Ok(data(&json!({ "status": "ok" })))
}

/// Only the sandbox has this.
async fn trigger(State(server): Server, body: Bytes) -> Answer {
    if server.host != Host::Sandbox {
        return Err(not_found());
    }
    let body = read(&body)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut desk = server.desk.touch();
    find(&desk, text("employment_id"))?;
    desk.tell(
        text("event_type"),
        &json!({ "employment_id": text("employment_id") }),
    );
    Ok(data(&json!({ "status": "ok" })))
}
