//! The resource `Users`.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    list::{self, Paging, text},
    places::answer_written,
    record::{CUSTOM_FIELDS, full, is_inactive, number_of, short, whole},
    server::{Desk, Shared, bad_request, not_found, read},
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

/// What may be written, beside the site, the custom fields and the numbers that follow from them. The rest is
/// overlooked.
const TEXTS: [&str; 22] = [
    "name",
    "firstname",
    "surname",
    "title",
    "emailaddress",
    "email2",
    "email3",
    "login",
    "samaccountname",
    "azureoid",
    "phonenumber",
    "phonenumber_preferred",
    "mobilenumber",
    "homenumber",
    "department",
    "manager_email",
    "notes",
    "other1",
    "other2",
    "other3",
    "other4",
    "other5",
];

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/Users", get(list).post(write))
        .route("/Users/{id}", get(show).delete(remove))
}

/// One part of `advanced_search`.
#[derive(Deserialize)]
struct Filter {
    #[serde(rename = "filter_name")]
    name: String,
    #[serde(rename = "filter_type")]
    kind: u8,
    #[serde(rename = "filter_value")]
    value: Value,
}

async fn list(State(server): Server, Extension(trouble): Extension<Trouble>, asked: Parameters) -> Answer {
    let paging = Paging::read(&asked);
    let desk = server.desk.look();
    let filters: Vec<Filter> = match asked.filled("advanced_search") {
        None => Vec::new(),
        Some(json) => serde_json::from_str(json)
            .map_err(|error| bad_request(&format!("advanced_search is not understood: {error}")))?,
    };
    let inactive_too = asked.is_true("includeinactive");
    let active_too = asked.get("includeactive").is_none() || asked.is_true("includeactive");
    let with_state = |person: &Person<'_>| {
        let inactive = is_inactive(&desk.register, *person);
        (inactive && inactive_too) || (!inactive && active_too)
    };
    let people: Vec<Person<'_>> = desk
        .register
        .population()
        .people()
        .filter(|person| !is_gone(person.number(), trouble.faults.gone_per_mille))
        .filter(with_state)
        .collect();
    let with_custom_fields = asked.is_true("include_custom_fields");
    let only_ids = asked.is_true("idonly");
    let row = |person: Person<'_>| {
        let mut row = short(&desk.register, person, with_custom_fields);
        if only_ids {
            row.retain(|name, _| name == "id");
        }
        row
    };
    if filters.is_empty() && !narrows(&asked) && !list::is_sorted(&asked) {
        let page = paging.cut(people.len(), &trouble);
        let rows = people.get(page.places).unwrap_or_default().iter();
        return Ok(paging.envelope("users", rows.map(|person| row(*person)), page.total, &trouble));
    }
    let mut found: Vec<(u32, Object)> = people
        .iter()
        .map(|person| (person.number(), full(&desk.register, *person)))
        .filter(|(_, record)| fits(record, &filters, &asked))
        .collect();
    list::sort(&mut found, &asked);
    let page = paging.cut(found.len(), &trouble);
    let on_page = found.get(page.places).unwrap_or_default().iter();
    let rows = on_page.filter_map(|(number, _)| Some(row(desk.register.population().person(*number)?)));
    Ok(paging.envelope("users", rows, page.total, &trouble))
}

const BY_NUMBER: [&str; 2] = ["client_id", "site_id"];

fn narrows(asked: &Parameters) -> bool {
    asked.filled("search").is_some() || BY_NUMBER.iter().any(|name| asked.filled(name).is_some())
}

fn fits(record: &Object, filters: &[Filter], asked: &Parameters) -> bool {
    let contains = |part: &str| {
        let part = part.to_lowercase();
        ["name", "emailaddress", "login"]
            .iter()
            .any(|field| text(record.get(*field)).to_lowercase().contains(&part))
    };
    let by_number = |name: &&str| {
        asked
            .filled(name)
            .is_none_or(|wanted| record.get(*name).and_then(whole) == wanted.parse().ok())
    };
    let by_filter = |filter: &Filter| {
        let found = text(record.get(&filter.name)).to_lowercase();
        let wanted = text(Some(&filter.value)).to_lowercase();
        match filter.kind {
            2 => found == wanted,
            _ => found.contains(&wanted),
        }
    };
    asked.filled("search").is_none_or(contains)
        && BY_NUMBER.iter().all(by_number)
        && filters.iter().all(by_filter)
}

fn find(desk: &Desk, id: u64) -> Result<Person<'_>, Refused> {
    number_of(id)
        .and_then(|number| desk.register.population().person(number))
        .ok_or_else(not_found)
}

/// Every third user comes in a list of its own.
async fn show(
    State(server): Server,
    Extension(trouble): Extension<Trouble>,
    Path(id): Path<u64>,
    asked: Parameters,
) -> Answer {
    let desk = server.desk.look();
    let person = find(&desk, id)?;
    if is_gone(person.number(), trouble.faults.gone_per_mille) {
        return Err(not_found());
    }
    let mut record = if asked.is_true("includedetails") {
        full(&desk.register, person)
    } else {
        short(&desk.register, person, false)
    };
    strip(&mut record, &trouble);
    let body = if id.is_multiple_of(3) {
        json!({ "record_count": 1, "users": [record] })
    } else {
        Value::Object(record)
    };
    Ok(json_with(StatusCode::OK, &body))
}

async fn write(State(server): Server, body: Bytes) -> Answer {
    let mut desk = server.desk.touch();
    let bodies = read(&body)?;
    let mut planned = Vec::new();
    for body in &bodies {
        let number = match body.get("id").filter(|id| !id.is_null()) {
            None => None,
            Some(id) => Some(find(&desk, whole(id).ok_or_else(not_found)?)?.number()),
        };
        planned.push((number, admit(&desk, number, body)?));
    }
    let mut written = Vec::new();
    for (number, fields) in planned {
        let number = desk.register.write(number, fields);
        let person = desk.register.population().person(number);
        written.extend(person.map(|person| Value::Object(full(&desk.register, person))));
    }
    Ok(answer_written(written))
}

async fn remove(State(server): Server, Path(id): Path<u64>) -> Answer {
    let mut desk = server.desk.touch();
    let person = find(&desk, id)?;
    let (number, record) = (person.number(), full(&desk.register, person));
    desk.register.strike(number);
    Ok(json_with(StatusCode::OK, &Value::Object(record)))
}

/// What of the body is written about that user, or a new one.
fn admit(desk: &Desk, number: Option<u32>, body: &Object) -> Result<Object, Refused> {
    let mut fields = Object::new();
    for (name, value) in body {
        let fits = match name.as_str() {
            "inactive" | "isserviceaccount" => value.is_boolean(),
            name if TEXTS.contains(&name) => value.is_string() || value.is_null(),
            _ => continue,
        };
        if !fits {
            return Err(bad_request(&format!("{name} cannot be {value}.")));
        }
        fields.insert(name.clone(), value.clone());
    }
    if let Some(site) = body.get("site_id") {
        let known = whole(site).and_then(|id| Some((id, desk.sites.get(id)?)));
        let (id, site) = known.ok_or_else(|| bad_request("There is no site with this site_id."))?;
        let of = |name: &str| site.get(name).cloned().unwrap_or_default();
        fields.insert("site_id".to_owned(), (id as f64).into());
        fields.insert("site_name".to_owned(), of("name"));
        fields.insert("client_id".to_owned(), of("client_id"));
        fields.insert("client_name".to_owned(), of("client_name"));
    }
    if let Some(custom) = body.get("customfields").and_then(Value::as_array) {
        for field in custom {
            let named = |(id, name, _, _): &&(u64, &str, &str, u8)| {
                field["id"] == *id || field["name"].as_str() == Some(*name)
            };
            let known = CUSTOM_FIELDS.iter().find(named);
            let (_, name, _, _) = known.ok_or_else(|| bad_request("There is no such custom field."))?;
            fields.insert((*name).to_owned(), field["value"].clone());
        }
    }
    match number {
        None => complete(&mut fields)?,
        Some(_) if fields.contains_key("firstname") || fields.contains_key("surname") => {
            rename(desk, number, &mut fields);
        }
        Some(_) => {}
    }
    Ok(fields)
}

/// Fills in what somebody new must have.
fn complete(fields: &mut Object) -> Result<(), Refused> {
    let given = |fields: &Object, name: &str| text(fields.get(name));
    if given(fields, "name").is_empty() {
        let name = format!("{} {}", given(fields, "firstname"), given(fields, "surname"));
        fields.insert("name".to_owned(), name.trim().into());
    }
    let name = given(fields, "name");
    if name.is_empty() {
        return Err(bad_request("A name is required."));
    }
    if !fields.contains_key("site_id") {
        return Err(bad_request("A site_id is required."));
    }
    let (first, rest) = name.split_once(' ').unwrap_or((&name, ""));
    for (field, value) in [
        ("firstname", first),
        ("surname", rest),
        ("emailaddress", ""),
        ("login", ""),
        ("samaccountname", ""),
        ("azureoid", ""),
        ("CFContract", ""),
    ] {
        if !fields.contains_key(field) {
            fields.insert(field.to_owned(), value.into());
        }
    }
    Ok(())
}

/// The full name follows the parts of it.
fn rename(desk: &Desk, number: Option<u32>, fields: &mut Object) {
    if fields.contains_key("name") {
        return;
    }
    let person = number.and_then(|number| desk.register.population().person(number));
    let record = person
        .map(|person| full(&desk.register, person))
        .unwrap_or_default();
    let part = |name: &str| text(fields.get(name).or_else(|| record.get(name)));
    let name = format!("{} {}", part("firstname"), part("surname"));
    fields.insert("name".to_owned(), name.trim().into());
}
