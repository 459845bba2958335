//! Contacts' custom fields.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
    routing::get,
};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    answer::{bad_request, done, not_found, read},
    contacts::find,
    record::{CUSTOM_FIELDS, contact_id, custom_key, custom_value},
    server::Shared,
};
use crate::stage::answer::{Answer, Object, json_with};

type Server = State<Arc<Shared>>;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/customvalues/customfields", get(definitions))
        .route("/customvalues/contactfields/{contact}", get(list))
        .route("/customvalues/contactfield/{contact}/{field}", get(show).put(set))
}

async fn definitions() -> Response {
    let fields = CUSTOM_FIELDS.iter().zip(1_u64..);
    let rows: Vec<_> = fields
        .map(|((name, kind), id)| json!({ "Id": id, "FieldName": name, "FieldType": kind, "Entity": "Contact" }))
        .collect();
    json_with(StatusCode::OK, &rows.into())
}

fn shown(id: u64, name: &str, value: &Value) -> Value {
    json!({ "ItemId": id, "Id": id, "FieldName": name, "ValueAsString": value })
}

async fn list(State(server): Server, Path(contact): Path<String>) -> Answer {
    let desk = server.desk.look();
    let person = find(&desk, &contact)?;
    let rows: Vec<_> = CUSTOM_FIELDS
        .iter()
        .filter_map(|(name, _)| {
            let value = custom_value(&desk.register, person, name)?;
            Some(shown(contact_id(person.number()), name, &value))
        })
        .collect();
    Ok(json_with(StatusCode::OK, &rows.into()))
}

async fn show(State(server): Server, Path((contact, field)): Path<(String, String)>) -> Answer {
    let desk = server.desk.look();
    let person = find(&desk, &contact)?;
    let value = custom_value(&desk.register, person, &field).ok_or_else(|| not_found("The custom field"))?;
    let rows = vec![shown(contact_id(person.number()), &field, &value)];
    Ok(json_with(StatusCode::OK, &rows.into()))
}

async fn set(State(server): Server, Path((contact, field)): Path<(String, String)>, body: Bytes) -> Answer {
    let body = read(&body)?;
    let mut desk = server.desk.touch();
    let number = find(&desk, &contact)?.number();
    let key = custom_key(&field).ok_or_else(|| not_found("The custom field"))?;
    let value = body
        .get("Value")
        .filter(|value| value.is_string() || value.is_null());
    let value = value.ok_or_else(|| bad_request("The Value field is required."))?;
    desk.register
        .write(Some(number), Object::from_iter([(key, value.clone())]));
    Ok(done(StatusCode::OK, contact_id(number)))
}
