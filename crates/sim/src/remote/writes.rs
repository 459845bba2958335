//! Making and changing employments.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    response::Response,
    routing::{patch, post, put},
};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    desk::Desk,
    employments::find,
    record::{country_shown, detail, login_email, status},
    server::{Shared, bad_request, data, read, unprocessable},
};
use crate::{
    population::{Person, Space, country_of},
    stage::answer::{Answer, Object, Refused, moment, object},
};

type Server = State<Arc<Shared>>;

/// What may be written about somebody at work.
const LATER: [&str; 6] = [
    "manager_id",
    "work_email",
    "address_details",
    "emergency_contact_details",
    "department_id",
    "external_id",
];
/// What the safe way of writing takes.
const SAFE: [&str; 4] = ["work_email", "manager_id", "department_id", "external_id"];
/// The forms, which are replaced as a whole.
const FORMS: [&str; 7] = [
    "address_details",
    "administrative_details",
    "billing_address_details",
    "contract_details",
    "emergency_contact_details",
    "personal_details",
    "pricing_plan_details",
];
const KINDS: [&str; 4] = ["employee", "contractor", "global_payroll_employee", "hris"];

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v2/employments/{id}", patch(update_safely).put(update_safely))
        .route("/v1/employments/{id}/basic-information", put(update_basics))
        .route("/v1/employments/{id}/invite", post(invite))
        .route("/v1/cancel-onboarding/{id}", post(cancel))
}

pub(super) async fn create(State(server): Server, body: Bytes) -> Answer {
    let body = read(&body)?;
    let code = body.get("country_code").and_then(Value::as_str);
    let country = code
        .filter(|code| code.len() == 3)
        .and_then(country_of)
        .ok_or_else(|| unprocessable("country_code", "is invalid"))?;
    let Some(Value::Object(basics)) = body.get("basic_information") else {
        return Err(unprocessable("basic_information", "can't be blank"));
    };
    let kind = match body.get("type") {
        None => "employee",
        Some(kind) => kind
            .as_str()
            .filter(|kind| KINDS.contains(kind))
            .ok_or_else(|| unprocessable("type", "is invalid"))?,
    };
    let mut desk = server.desk.touch();
    let mut fields = read_basics(basics)?;
    for required in ["full_name", "personal_email"] {
        if !fields.contains_key(required) {
            let field = if required == "full_name" { "name" } else { "email" };
            return Err(unprocessable(field, "can't be blank"));
        }
    }
    let login = fields["personal_email"].as_str().unwrap_or_default().to_owned();
    let taken = |person: Person<'_>| login_email(&desk, person).eq_ignore_ascii_case(&login);
    if desk.register.population().people().any(taken) {
        return Err(unprocessable("email", "has already been taken"));
    }
    for (name, value) in [
        ("login_email", login.as_str().into()),
        ("country", country_shown(country)),
        (
            "type",
            if kind == "hris" { "direct_employee" } else { kind }.into(),
        ),
        (
            "employment_model",
            match kind {
                "employee" => "eor".into(),
                "global_payroll_employee" => "global_payroll".into(),
                _ => Value::Null,
            },
        ),
        ("status", "created".into()),
        ("employment_lifecycle_stage", "employment_creation".into()),
        ("user_status", "created".into()),
        ("eligible_for_onboarding_cancellation", true.into()),
        ("created_at", moment(Timestamp::now()).into()),
    ] {
        fields.insert(name.to_owned(), value);
    }
    fields.entry("work_email").or_insert_with(|| "".into());
    fields.entry("job_title").or_insert(Value::Null);
    fields.extend(admit(&desk, &body, &["external_id"])?);
    let number = desk.act(|register| register.write(None, fields));
    let person = desk.register.population().person(number);
    let record = person.map(|person| detail(&desk, person)).unwrap_or_default();
    let mut shown = object(json!({ "country_code": country.alpha_3 }));
    for name in [
        "id",
        "company_id",
        "full_name",
        "job_title",
        "login_email",
        "personal_email",
        "provisional_start_date",
        "type",
        "employment_lifecycle_stage",
        "basic_information",
        "created_at",
        "updated_at",
    ] {
        if let Some(value) = record.get(name) {
            shown.insert(name.to_owned(), value.clone());
        }
    }
    Ok(data(&json!({ "employment": shown })))
}

/// What the form of basic information says, in the record's words.
fn read_basics(basics: &Object) -> Result<Object, Refused> {
    let mut fields = Object::new();
    for (name, to) in [
        ("name", "full_name"),
        ("email", "personal_email"),
        ("work_email", "work_email"),
        ("job_title", "job_title"),
        ("provisional_start_date", "provisional_start_date"),
    ] {
        match basics.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if text.is_empty() => {
                return Err(unprocessable(name, "can't be blank"));
            }
            Some(Value::String(text)) if name.ends_with("email") && !text.contains('@') => {
                return Err(unprocessable(name, "has invalid format"));
            }
            Some(Value::String(text))
                if name.ends_with("date") && text.parse::<jiff::civil::Date>().is_err() =>
            {
                return Err(unprocessable(name, "is invalid"));
            }
            Some(Value::String(text)) => {
                fields.insert(to.to_owned(), text.as_str().into());
            }
            Some(_) => return Err(unprocessable(name, "is invalid")),
        }
    }
    fields.insert("basic_information".to_owned(), Value::Object(basics.clone()));
    Ok(fields)
}

/// What of the body is written; only these fields may be.
fn admit(desk: &Desk, body: &Object, allowed: &[&str]) -> Result<Object, Refused> {
    let mut fields = Object::new();
    for (name, value) in body.iter().filter(|(name, _)| allowed.contains(&name.as_str())) {
        match (name.as_str(), value) {
            ("work_email", Value::String(address)) if address.contains('@') => {
                fields.insert(name.clone(), value.clone());
            }
            ("external_id", Value::String(id)) if id.chars().count() <= 64 => {
                fields.insert(name.clone(), value.clone());
            }
            ("department_id", Value::Null) => {
                fields.insert("department_id".to_owned(), Value::Null);
                fields.insert("department".to_owned(), Value::Null);
            }
            ("department_id", Value::String(id)) => {
                let number = desk.register.population().number_of_uuid(Space::Department, id);
                let row = number.and_then(|number| desk.departments.get(number));
                let row = row.ok_or_else(|| unprocessable("department_id", "does not exist"))?;
                fields.insert("department_id".to_owned(), value.clone());
                fields.insert("department".to_owned(), row["name"].clone());
            }
            ("manager_id", Value::String(id)) => {
                let manager = find(desk, id).map_err(|_| unprocessable("manager_id", "does not exist"))?;
                let record = detail(desk, manager);
                fields.insert("manager_employment_id".to_owned(), record["id"].clone());
                fields.insert("manager".to_owned(), record["full_name"].clone());
                fields.insert("manager_email".to_owned(), record["work_email"].clone());
            }
            ("basic_information", Value::Object(basics)) => fields.extend(read_basics(basics)?),
            (form, Value::Object(_)) if FORMS.contains(&form) => {
                fields.insert(name.clone(), value.clone());
            }
            (_, _) => return Err(unprocessable(name, "is invalid")),
        }
    }
    Ok(fields)
}

fn write(desk: &mut Desk, number: u32, fields: Object) -> Response {
    let address = fields.contains_key("work_email");
    desk.act(|register| register.write(Some(number), fields));
    let person = desk.register.population().person(number);
    let record = person.map(|person| detail(desk, person)).unwrap_or_default();
    if address {
        desk.tell(
            "employment.work_email.updated",
            &json!({ "employment_id": record.get("id") }),
        );
    }
    data(&json!({ "employment": record }))
}

pub(super) async fn update(State(server): Server, Path(id): Path<String>, body: Bytes) -> Answer {
    let body = read(&body)?;
    let mut desk = server.desk.touch();
    let person = find(&desk, &id)?;
    let number = person.number();
    let settled = ["active", "offboarding", "archived"].contains(&status(&desk, person).as_str());
    if let Some(name) = body
        .keys()
        .find(|name| settled && !LATER.contains(&name.as_str()))
    {
        return Err(bad_request(&format!(
            "{name} cannot be updated for an active employment"
        )));
    }
    let mut allowed = LATER.to_vec();
    allowed.extend(FORMS);
    allowed.push("basic_information");
    let fields = admit(&desk, &body, &allowed)?;
    Ok(write(&mut desk, number, fields))
}

async fn update_safely(State(server): Server, Path(id): Path<String>, body: Bytes) -> Answer {
    let body = read(&body)?;
    let mut desk = server.desk.touch();
    let number = find(&desk, &id)?.number();
    if let Some(name) = body.keys().find(|name| !SAFE.contains(&name.as_str())) {
        return Err(unprocessable(name, "is not allowed"));
    }
    let fields = admit(&desk, &body, &SAFE)?;
    Ok(write(&mut desk, number, fields))
}

async fn update_basics(State(server): Server, Path(id): Path<String>, body: Bytes) -> Answer {
    let body = read(&body)?;
    let mut desk = server.desk.touch();
    let person = find(&desk, &id)?;
    let number = person.number();
    if ["active", "offboarding", "archived"].contains(&status(&desk, person).as_str()) {
        return Err(bad_request(
            "basic_information cannot be updated for an active employment",
        ));
    }
    let fields = read_basics(&body)?;
    Ok(write(&mut desk, number, fields))
}

/// From one status to another, where that is possible, and who is told what.
fn step(server: &Shared, id: &str, from: &[&str], to: [&str; 3], event_type: &str) -> Answer {
    let mut desk = server.desk.touch();
    let person = find(&desk, id)?;
    let (number, now) = (person.number(), status(&desk, person));
    if !from.contains(&now.as_str()) {
        return Err(unprocessable("status", &format!("is {now}")));
    }
    let [status, stage, user_status] = to;
    let fields = object(json!({
        "status": status, "employment_lifecycle_stage": stage, "user_status": user_status,
    }));
    desk.act(|register| register.write(Some(number), fields));
    desk.tell(event_type, &json!({ "employment_id": id }));
    Ok(data(&json!({ "status": "ok" })))
}

async fn invite(State(server): Server, Path(id): Path<String>) -> Answer {
    let to = ["invited", "employee_self_enrollment", "initiated"];
    step(&server, &id, &["created"], to, "employment.user_status.invited")
}

async fn cancel(State(server): Server, Path(id): Path<String>) -> Answer {
    let from = ["created", "initiated", "invited", "pending", "pre_hire", "review"];
    let to = ["deleted", "employment_creation", "cancelled"];
    step(&server, &id, &from, to, "employment.onboarding.cancelled")
}
