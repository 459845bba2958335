//! The resource `contacts`.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{Path, State},
    http::StatusCode,
    response::IntoResponse,
    routing::get,
};
use bytes::Bytes;
use jiff::{Timestamp, civil::DateTime};
use serde_json::Value;

use super::{
    answer::{Paging, bad_request, done, id, not_found, read},
    record::{contact, contact_id, email, number_of},
    server::{Desk, Shared},
};
use crate::{
    population::Person,
    stage::{
        answer::{Answer, Object, Refused, json_with},
        faults::Trouble,
        page::{is_gone, strip},
        parameters::Parameters,
    },
};

type Server = State<Arc<Shared>>;

/// What may be written when a contact is made, and later. Anything else in a body is overlooked, the address of an
/// existing contact too.
const TEXTS: [&str; 5] = ["Firstname", "Lastname", "JobTitle", "Phone", "MobilePhone"];
const TRUTHS: [&str; 3] = ["IsContactPerson", "InIgnoreMode", "Archived"];

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/contacts", get(list).post(create)).route(
        "/contacts/{id}",
        get(show).put(update).post(update).delete(remove),
    )
}

async fn list(State(server): Server, Extension(trouble): Extension<Trouble>, asked: Parameters) -> Answer {
    let paging = Paging::read(&asked)?;
    let wanted = Wanted::read(&server, &asked)?;
    let desk = server.desk.look();
    let people = desk.register.population().people();
    let found = people
        .filter(|person| !is_gone(person.number(), trouble.faults.gone_per_mille))
        .filter(|person| wanted.fits(&desk, *person));
    let mut found: Vec<Person<'_>> = found.collect();
    if wanted.by_change {
        found.sort_by_cached_key(|person| desk.register.changed(*person));
    }
    // The last one comes first in both orders.
    found.reverse();
    let page = paging.cut(found.len(), &trouble);
    let rows = found.get(page.places).unwrap_or_default();
    let items: Vec<Value> = rows
        .iter()
        .map(|person| {
            let mut record = contact(&desk.register, *person);
            strip(&mut record, &trouble);
            Value::Object(record)
        })
        .collect();
    let address = format!("{}/api/v3/contacts", server.url);
    Ok(paging.envelope(&items, page.total, &address, &asked))
}

/// Which contacts are asked for.
struct Wanted {
    email: Option<String>,
    phone: Option<String>,
    since: Option<Timestamp>,
    by_change: bool,
}

impl Wanted {
    fn read(server: &Shared, asked: &Parameters) -> Result<Self, Refused> {
        let since = asked.filled("FromLastModifiedDate").map(|text| {
            let local = match text.len() {
                10 => format!("{text}T00:00:00").parse::<DateTime>(),
                _ => text.parse::<DateTime>(),
            };
            local
                .ok()
                .filter(|_| text.len() == 10 || text.len() == 19)
                .and_then(|local| server.offset.to_timestamp(local).ok())
                .ok_or_else(|| bad_request("FromLastModifiedDate must be yyyy-MM-dd or yyyy-MM-ddTHH:mm:ss."))
        });
        Ok(Self {
            email: asked.filled("Email").map(str::to_lowercase),
            phone: asked.filled("Phone").map(str::to_owned),
            since: since.transpose()?,
            by_change: match asked.filled("SortBy") {
                None | Some("Creation") => false,
                Some("LastModified") => true,
                Some(_) => return Err(bad_request("SortBy must be Creation or LastModified.")),
            },
        })
    }

    fn fits(&self, desk: &Desk, person: Person<'_>) -> bool {
        let register = &desk.register;
        let by_email = |part: &String| email(register, person).to_lowercase().contains(part.as_str());
        let by_phone = |part: &String| {
            let record = contact(register, person);
            ["Phone", "MobilePhone"].into_iter().any(|field| {
                let number = record.get(field).and_then(Value::as_str);
                number.is_some_and(|number| number.contains(part.as_str()))
            })
        };
        self.since.is_none_or(|since| register.changed(person) >= since)
            && self.email.as_ref().is_none_or(by_email)
            && self.phone.as_ref().is_none_or(by_phone)
    }
}

/// The person with that contact id.
pub(super) fn find<'a>(desk: &'a Desk, text: &str) -> Result<Person<'a>, Refused> {
    let contact = id(text, "The contact")?;
    number_of(contact)
        .and_then(|number| desk.register.population().person(number))
        .ok_or_else(|| not_found("The contact"))
}

async fn show(
    State(server): Server,
    Extension(trouble): Extension<Trouble>,
    Path(contact_id): Path<String>,
) -> Answer {
    let desk = server.desk.look();
    let person = find(&desk, &contact_id)?;
    if is_gone(person.number(), trouble.faults.gone_per_mille) {
        return Err(not_found("The contact"));
    }
    let mut record = contact(&desk.register, person);
    strip(&mut record, &trouble);
    Ok(json_with(StatusCode::OK, &Value::Object(record)))
}

async fn create(State(server): Server, body: Bytes) -> Answer {
    let body = read(&body)?;
    let mut desk = server.desk.touch();
    let address = body.get("Email").and_then(Value::as_str).unwrap_or_default();
    if !address.contains('@') {
        return Err(bad_request("The Email field is required."));
    }
    let has_it = |person: Person<'_>| email(&desk.register, person).eq_ignore_ascii_case(address);
    if desk.register.population().people().any(has_it) {
        return Err(bad_request("A contact with this email already exists."));
    }
    let mut fields = admit(&desk, &body)?;
    if !fields.contains_key("CustomerID") {
        return Err(bad_request("CustomerID or CustomerName is required."));
    }
    fields.insert("Email".to_owned(), address.into());
    if let Some(Value::String(created)) = body.get("CreatedOn") {
        fields.insert("CreatedOn".to_owned(), created.as_str().into());
    }
    let number = desk.register.write(None, fields);
    Ok(done(StatusCode::CREATED, contact_id(number)))
}

async fn update(State(server): Server, Path(contact): Path<String>, body: Bytes) -> Answer {
    let body = read(&body)?;
    let mut desk = server.desk.touch();
    let number = find(&desk, &contact)?.number();
    let fields = admit(&desk, &body)?;
    desk.register.write(Some(number), fields);
    Ok(done(StatusCode::OK, contact_id(number)))
}

async fn remove(State(server): Server, Path(contact): Path<String>) -> Answer {
    let mut desk = server.desk.touch();
    let number = find(&desk, &contact)?.number();
    desk.register.strike(number);
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What of the body is written.
fn admit(desk: &Desk, body: &Object) -> Result<Object, Refused> {
    let mut fields = Object::new();
    for (name, value) in body {
        let name = name.as_str();
        let fits = if TEXTS.contains(&name) {
            value.is_string() || value.is_null()
        } else if TRUTHS.contains(&name) {
            value.is_boolean()
        } else if name == "DefaultAgentId" {
            value.is_u64() || value.is_null()
        } else {
            continue;
        };
        if !fits {
            return Err(bad_request(&format!(
                "The JSON value of {name} could not be converted."
            )));
        }
        fields.insert(name.to_owned(), value.clone());
    }
    for (table, id, label, key) in [
        (&desk.customers, "CustomerID", "CustomerName", "CustomerName"),
        (&desk.departments, "DepartmentID", "DepartmentName", "Name"),
    ] {
        let given = |name: &str| body.get(name).filter(|value| !value.is_null());
        let found = match (given(id), given(label)) {
            (Some(number), _) => {
                let number = number.as_u64();
                number.and_then(|number| Some((number, table.get(number)?)))
            }
            (None, Some(name)) => name.as_str().and_then(|name| table.find(key, name)),
            (None, None) => continue,
        };
        let (number, row) = found.ok_or_else(|| bad_request(&format!("{id} or {label} is unknown.")))?;
        fields.insert(id.to_owned(), number.into());
        fields.insert(label.to_owned(), row.get(key).cloned().unwrap_or_default());
    }
    Ok(fields)
}
