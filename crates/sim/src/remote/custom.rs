//! Custom fields of employments.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{Path, State},
    routing::get,
};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    desk::Desk,
    employments::find,
    record::CUSTOM,
    server::{Paging, Shared, data, not_found, read, unprocessable},
};
use crate::{
    population::{Person, Space},
    stage::{
        answer::{Answer, Object, Refused},
        faults::Trouble,
        parameters::Parameters,
    },
};

type Server = State<Arc<Shared>>;

/// The fields, with their types; numbered from 0, which their ids follow from.
const FIELDS: [(&str, &str); 3] = [
    ("Cost centre", "string"),
    ("Office", "string"),
    ("Badge number", "integer"),
];

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/custom-fields", get(definitions))
        .route("/v1/employments/{id}/custom-fields", get(values))
        .route(
            "/v1/custom-fields/{field}/values/{id}",
            get(show).patch(set).put(set),
        )
}

fn field_id(desk: &Desk, field: usize) -> String {
    desk.register.population().uuid(Space::Field, field as u64)
}

fn value(desk: &Desk, person: Person<'_>, field: usize) -> Value {
    let key = format!("{CUSTOM}{field}");
    if let Some(written) = desk.register.written(person.number(), &key) {
        return written.clone();
    }
    match field {
        0 => person.cost_centre().into(),
        1 => person.location().into(),
        _ => (100_000 + person.number()).into(),
    }
}

async fn definitions(
    State(server): Server,
    Extension(trouble): Extension<Trouble>,
    asked: Parameters,
) -> Answer {
    let paging = Paging::read(&asked)?;
    let desk = server.desk.look();
    let page = paging.cut(FIELDS.len(), &trouble);
    let rows = page.places.map(|field| {
        let (name, kind) = FIELDS[field];
        json!({
            "id": field_id(&desk, field), "name": name, "type": kind, "required": false, "metadata": null,
            "visibility_scope": "everyone", "data_entry_access": "company_admin_only",
        })
    });
    Ok(data(&paging.around(
        "custom_fields",
        &rows.collect::<Vec<_>>(),
        page.total,
    )))
}

async fn values(
    State(server): Server,
    Extension(trouble): Extension<Trouble>,
    Path(id): Path<String>,
    asked: Parameters,
) -> Answer {
    let paging = Paging::read(&asked)?;
    let desk = server.desk.look();
    let person = find(&desk, &id)?;
    let page = paging.cut(FIELDS.len(), &trouble);
    let rows = page.places.map(|field| {
        let (name, kind) = FIELDS[field];
        json!({
            "custom_field_id": field_id(&desk, field), "name": name, "type": kind,
            "value": value(&desk, person, field),
        })
    });
    Ok(data(&paging.around(
        "custom_field_values",
        &rows.collect::<Vec<_>>(),
        page.total,
    )))
}

fn find_field(desk: &Desk, id: &str) -> Result<usize, Refused> {
    (0..FIELDS.len())
        .find(|field| field_id(desk, *field) == id)
        .ok_or_else(not_found)
}

async fn show(State(server): Server, Path((field, id)): Path<(String, String)>) -> Answer {
    let desk = server.desk.look();
    let place = find_field(&desk, &field)?;
    let shown = value(&desk, find(&desk, &id)?, place);
    Ok(data(
        &json!({ "custom_field_value": { "custom_field_id": field, "value": shown } }),
    ))
}

async fn set(State(server): Server, Path((field, id)): Path<(String, String)>, body: Bytes) -> Answer {
    let body = read(&body)?;
    let mut desk = server.desk.touch();
    let place = find_field(&desk, &field)?;
    let number = find(&desk, &id)?.number();
    let wanted = body.get("value").cloned().unwrap_or_default();
    let fits = match FIELDS[place].1 {
        "integer" => wanted.is_i64(),
        _ => wanted.is_string(),
    };
    if !fits && !wanted.is_null() {
        return Err(unprocessable("value", "is invalid"));
    }
    let fields = Object::from_iter([(format!("{CUSTOM}{place}"), wanted.clone())]);
    desk.register.write(Some(number), fields);
    desk.tell(
        "custom_field.value_updated",
        &json!({ "employment_id": id, "custom_field_id": field }),
    );
    Ok(data(
        &json!({ "custom_field_value": { "custom_field_id": field, "value": wanted } }),
    ))
}
