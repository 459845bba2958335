//! How people leave.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    desk::Desk,
    employment_id,
    employments::find,
    record::status,
    server::{Paging, Shared, data, not_found, read, unprocessable},
};
use crate::{
    population::Space,
    stage::{
        answer::{Answer, Object, json_with, moment, object},
        faults::Trouble,
        page::strip,
        parameters::Parameters,
    },
};

type Server = State<Arc<Shared>>;

/// Offboardings asked for through the API are numbered from here, behind the people's own.
const ASKED_FOR: u64 = 1 << 33;
const PEOPLES: u64 = 1 << 32;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/offboardings", get(list).post(create))
        .route("/v1/offboardings/{id}", get(show))
        .route("/v1/offboardings/employments/{id}", get(of_employment))
}

/// All of them: those of people who left by themselves, then those asked for.
fn all(desk: &Desk) -> Vec<Object> {
    let population = desk.register.population();
    let leavers = population.people().filter_map(|person| {
        let end = person.end()?;
        let submitted = end.saturating_sub(jiff::Span::new().days(30));
        Some(object(json!({
            "id": population.uuid(Space::Other, PEOPLES + u64::from(person.number())),
            "employment_id": employment_id(population, person),
            "type": "termination",
            "status": "done",
            "submitted_at": format!("{submitted}T09:00:00Z"),
            "requested_by": "Owner",
            "confidential": false,
            "proposed_termination_date": end,
            "termination_date": end,
            "termination_reason": "mutual_agreement",
            "reason_description": "",
            "additional_comments": null,
            "risk_assessment_reasons": ["none_of_these"],
            "will_challenge_termination": false,
        })))
    });
    let asked_for = desk.offboardings.rows().map(|(_, row)| row.clone());
    leavers.chain(asked_for).collect()
}

async fn list(State(server): Server, Extension(trouble): Extension<Trouble>, asked: Parameters) -> Answer {
    listed(&server, &trouble, &asked, asked.filled("employment_id"))
}

async fn of_employment(
    State(server): Server,
    Extension(trouble): Extension<Trouble>,
    Path(id): Path<String>,
    asked: Parameters,
) -> Answer {
    listed(&server, &trouble, &asked, Some(&id))
}

fn listed(server: &Shared, trouble: &Trouble, asked: &Parameters, employment: Option<&str>) -> Answer {
    let paging = Paging::read(asked)?;
    let mut rows = all(&server.desk.look());
    rows.retain(|row| employment.is_none_or(|id| row["employment_id"] == id));
    let page = paging.cut(rows.len(), trouble);
    let on_page = rows.get_mut(page.places).unwrap_or_default();
    let shown = on_page.iter_mut().map(|row| {
        strip(row, trouble);
        Value::Object(row.clone())
    });
    Ok(data(&paging.around(
        "offboardings",
        &shown.collect::<Vec<_>>(),
        page.total,
    )))
}

async fn show(State(server): Server, Path(id): Path<String>) -> Answer {
    let found = all(&server.desk.look())
        .into_iter()
        .find(|row| row["id"] == id.as_str());
    let found = found.ok_or_else(not_found)?;
    Ok(data(&json!({ "offboarding": found })))
}

async fn create(State(server): Server, body: Bytes) -> Answer {
    let body = read(&body)?;
    if body.get("type").and_then(Value::as_str) != Some("termination") {
        return Err(unprocessable("type", "is invalid"));
    }
    let Some(Value::Object(details)) = body.get("termination_details") else {
        return Err(unprocessable("termination_details", "can't be blank"));
    };
    for required in [
        "confidential",
        "proposed_termination_date",
        "termination_reason",
        "reason_description",
        "risk_assessment_reasons",
        "will_challenge_termination",
    ] {
        if details.get(required).is_none_or(Value::is_null) {
            return Err(unprocessable(required, "can't be blank"));
        }
    }
    let mut desk = server.desk.touch();
    let employment = body
        .get("employment_id")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let person = find(&desk, employment).map_err(|_| unprocessable("employment_id", "does not exist"))?;
    let number = person.number();
    if status(&desk, person) != "active" {
        return Err(unprocessable("employment_id", "is not active"));
    }
    let date = details["proposed_termination_date"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if date.parse::<jiff::civil::Date>().is_err() {
        return Err(unprocessable("proposed_termination_date", "is invalid"));
    }
    let mut row = object(json!({
        "employment_id": employment,
        "type": "termination",
        "status": "submitted",
        "submitted_at": moment(Timestamp::now()),
        "requested_by": "Owner",
        "termination_date": null,
        "additional_comments": null,
    }));
    for name in [
        "confidential",
        "proposed_termination_date",
        "termination_reason",
        "reason_description",
        "additional_comments",
        "risk_assessment_reasons",
        "will_challenge_termination",
    ] {
        if let Some(value) = details.get(name) {
            row.insert(name.to_owned(), value.clone());
        }
    }
    let place = ASKED_FOR + desk.offboardings.rows().count() as u64;
    let id = desk.register.population().uuid(Space::Other, place);
    row.insert("id".to_owned(), id.as_str().into());
    desk.offboardings.add(|_| row.clone());
    let fields = object(json!({ "status": "offboarding", "termination_date": date }));
    desk.act(|register| register.write(Some(number), fields));
    let ids = json!({ "employment_id": employment, "offboarding_id": id });
    desk.tell("offboarding.submitted", &ids);
    desk.tell(
        "employment.status.updated",
        &json!({ "employment_id": employment }),
    );
    Ok(json_with(
        StatusCode::CREATED,
        &json!({ "data": { "offboarding": row } }),
    ))
}
