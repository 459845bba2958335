//! Reading employments, departments and the company.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
    routing::get,
};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    desk::Desk,
    record::{detail, kind as kind_of, login_email, short, short_id, status},
    server::{Paging, Shared, data, not_found, read, unprocessable},
};
use crate::{
    population::{Person, Space},
    stage::{
        answer::{Answer, Refused, json_with, object},
        faults::Trouble,
        page::{is_gone, strip},
        parameters::Parameters,
    },
};

type Server = State<Arc<Shared>>;

/// What `status=incomplete` stands for.
const INCOMPLETE: [&str; 7] = [
    "created",
    "initiated",
    "invited",
    "pending",
    "review",
    "created_awaiting_reserve",
    "created_reserve_paid",
];

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/employments", get(list).post(super::writes::create))
        .route(
            "/v1/employments/{id}",
            get(show).patch(super::writes::update).put(super::writes::update),
        )
        .route("/v1/companies", get(companies))
        .route("/v1/companies/{id}", get(company))
        .route("/v1/company-departments", get(departments).post(add_department))
}

async fn list(State(server): Server, Extension(trouble): Extension<Trouble>, asked: Parameters) -> Answer {
    let paging = Paging::read(&asked)?;
    let desk = server.desk.look();
    let people = desk.register.population().people();
    let found: Vec<Person<'_>> = people
        .filter(|person| !is_gone(person.number(), trouble.faults.gone_per_mille))
        .filter(|person| fits(&desk, *person, &asked))
        .collect();
    let page = paging.cut(found.len(), &trouble);
    let on_page = found.get(page.places).unwrap_or_default();
    let rows = on_page.iter().map(|person| {
        let mut row = short(&desk, *person);
        strip(&mut row, &trouble);
        Value::Object(row)
    });
    Ok(data(&paging.around(
        "employments",
        &rows.collect::<Vec<_>>(),
        page.total,
    )))
}

fn fits(desk: &Desk, person: Person<'_>, asked: &Parameters) -> bool {
    let by_status = |wanted: &str| {
        let status = status(desk, person);
        wanted.split(',').map(str::trim).any(|wanted| {
            wanted == status || (wanted == "incomplete" && INCOMPLETE.contains(&status.as_str()))
        })
    };
    let written = |name| desk.register.written(person.number(), name);
    let is_kind = |wanted: &str| {
        let kind = written("type").and_then(Value::as_str);
        kind.unwrap_or_else(|| kind_of(person).0) == wanted
    };
    let is_model = |wanted: &str| match written("employment_model") {
        Some(model) => model == wanted,
        None => kind_of(person).1 == Some(wanted),
    };
    asked.filled("status").is_none_or(by_status)
        && asked
            .filled("email")
            .is_none_or(|wanted| login_email(desk, person).eq_ignore_ascii_case(wanted))
        && asked.filled("employment_type").is_none_or(is_kind)
        && asked.filled("employment_model").is_none_or(is_model)
        && asked
            .filled("short_id")
            .is_none_or(|wanted| wanted == short_id(person))
        && asked
            .filled("company_id")
            .is_none_or(|wanted| wanted == desk.company())
}

/// The person of that employment.
pub(super) fn find<'a>(desk: &'a Desk, id: &str) -> Result<Person<'a>, Refused> {
    desk.register
        .population()
        .person_of_uuid(Space::Employment, id)
        .ok_or_else(not_found)
}

async fn show(
    State(server): Server,
    Extension(trouble): Extension<Trouble>,
    Path(id): Path<String>,
) -> Answer {
    let desk = server.desk.look();
    let person = find(&desk, &id)?;
    if is_gone(person.number(), trouble.faults.gone_per_mille) {
        return Err(not_found());
    }
    let mut record = detail(&desk, person);
    strip(&mut record, &trouble);
    Ok(data(&json!({ "employment": record })))
}

fn company_shown(desk: &Desk) -> Value {
    let owner = desk.register.population().uuid(Space::Other, 0);
    json!({
        "id": desk.company(),
        "name": crate::population::TENANTS[0],
        "status": "active",
        "country_code": "NLD",
        "desired_currency": "EUR",
        "company_owner_email": "owner@northwind.test",
        "company_owner_name": "Owner",
        "company_owner_user_id": owner,
        "address_details": {},
        "created_at": "2010-01-01T00:00:00Z",
        "updated_at": "2010-01-01T00:00:00Z",
        "terms_of_service_accepted_at": "2010-01-01T00:00:00Z",
        "default_legal_entity_credit_risk_status": "no_deposit_required",
    })
}

/// In `data` as everything else: Remote's own example has it, although its schema does not.
async fn companies(State(server): Server) -> Response {
    data(&json!({ "companies": [company_shown(&server.desk.look())] }))
}

async fn company(State(server): Server, Path(id): Path<String>) -> Answer {
    let desk = server.desk.look();
    if id != desk.company() {
        return Err(not_found());
    }
    Ok(data(&json!({ "company": company_shown(&desk) })))
}

fn department_shown(desk: &Desk, number: u64, name: &Value) -> Value {
    json!({
        "id": desk.register.population().uuid(Space::Department, number),
        "company_id": desk.company(),
        "name": name,
    })
}

/// The page's fields are beside `data`, not in it.
async fn departments(
    State(server): Server,
    Extension(trouble): Extension<Trouble>,
    asked: Parameters,
) -> Answer {
    let paging = Paging::read(&asked)?;
    let desk = server.desk.look();
    match asked.filled("company_id") {
        None => return Err(unprocessable("company_id", "can't be blank")),
        Some(company) if company != desk.company() => return Err(not_found()),
        Some(_) => {}
    }
    let all: Vec<Value> = desk
        .departments
        .rows()
        .map(|(number, row)| department_shown(&desk, number, &row["name"]))
        .collect();
    let page = paging.cut(all.len(), &trouble);
    let rows = all.get(page.places).unwrap_or_default().to_vec();
    let mut body = paging.around("data", &[], page.total);
    body["data"] = json!({ "company_departments": rows });
    Ok(json_with(StatusCode::OK, &body))
}

async fn add_department(State(server): Server, body: Bytes) -> Answer {
    let body = read(&body)?;
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() {
        return Err(unprocessable("name", "can't be blank"));
    }
    let mut desk = server.desk.touch();
    if desk.departments.find("name", name).is_some() {
        return Err(unprocessable("name", "has already been taken"));
    }
    let number = desk.departments.add(|_| object(json!({ "name": name })));
    let shown = department_shown(&desk, number, &name.into());
    Ok(json_with(
        StatusCode::CREATED,
        &json!({ "company_department": shown }),
    ))
}
