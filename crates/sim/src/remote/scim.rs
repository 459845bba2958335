//! The side of SCIM that can be read.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
    routing::get,
};
use serde_json::{Value, json};

use super::{desk::Desk, employments::find, record::detail, server::Shared};
use crate::{
    population::{Person, State as Standing},
    stage::{
        answer::{Answer, Refused, json_with},
        faults::Trouble,
        page::{cut, is_gone},
        parameters::Parameters,
    },
};

type Server = State<Arc<Shared>>;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
const MOST: usize = 100;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/scim/v2/Users", get(list))
        .route("/v1/scim/v2/Users/{id}", get(show))
}

fn shown(desk: &Desk, person: Person<'_>) -> Value {
    let record = detail(desk, person);
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    let mut user = json!({
        "schemas": [USER, ENTERPRISE],
        "id": record["id"],
        "userName": text("work_email").or(text("login_email")),
        "name": {
            "formatted": text("full_name"),
            "givenName": person.given().unwrap_or_default(),
            "familyName": person.family().unwrap_or_default(),
        },
        "emails": [{ "value": text("work_email"), "type": "work", "primary": true }],
        "active": person.state() == Standing::Active,
        "meta": {
            "resourceType": "User", "created": record["created_at"], "lastModified": record["updated_at"],
        },
    });
    for (name, from) in [("employeeNumber", "external_id"), ("department", "department")] {
        if let Some(value) = text(from) {
            user[name] = value.into();
        }
    }
    if let (Some(id), Some(name)) = (text("manager_employment_id"), text("manager")) {
        user["manager"] = json!({ "value": id, "displayName": name });
    }
    user
}

fn refuse(status: StatusCode, detail: &str) -> Refused {
    let body = json!({ "schemas": [ERROR], "status": status.as_str(), "detail": detail });
    json_with(status, &body).into()
}

/// Only `userName eq "…"` is understood.
async fn list(State(server): Server, Extension(trouble): Extension<Trouble>, asked: Parameters) -> Answer {
    let desk = server.desk.look();
    let number = |name, usual: usize| {
        asked
            .filled(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(usual)
    };
    let (start, count) = (number("startIndex", 1).max(1), number("count", MOST).min(MOST));
    let wanted = match asked.filled("filter").map(|filter| filter.split_once(" eq ")) {
        None => None,
        Some(Some(("userName", value))) => Some(value.trim_matches('"').to_owned()),
        Some(_) => return Err(refuse(StatusCode::BAD_REQUEST, "The filter is not supported.")),
    };
    let people: Vec<Person<'_>> = desk
        .register
        .population()
        .people()
        .filter(|person| !is_gone(person.number(), trouble.faults.gone_per_mille))
        .filter(|person| {
            let named = |wanted: &String| shown(&desk, *person)["userName"] == wanted.as_str();
            wanted.as_ref().is_none_or(named)
        })
        .collect();
    let page = cut(people.len(), start - 1, count, &trouble);
    let on_page = people.get(page.places).unwrap_or_default();
    let rows: Vec<Value> = on_page.iter().map(|person| shown(&desk, *person)).collect();
    Ok(answer(&json!({
        "schemas": [LIST], "totalResults": page.total, "startIndex": start, "itemsPerPage": rows.len(),
        "Resources": rows,
    })))
}

async fn show(State(server): Server, Path(id): Path<String>) -> Answer {
    let desk = server.desk.look();
    let person = find(&desk, &id).map_err(|_| refuse(StatusCode::NOT_FOUND, "User not found"))?;
    Ok(answer(&shown(&desk, person)))
}

fn answer(body: &Value) -> Response {
    json_with(StatusCode::OK, body)
}
