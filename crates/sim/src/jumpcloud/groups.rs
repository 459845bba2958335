//! The resource `usergroups` of version 2, and who is in each.
//!
//! Lists are bare. That of the groups says by `x-total-count` how many there are and never where it goes on; that of
//! the members says by `Link` where it goes on, as long as it does, and never how many there are.

use std::sync::{Arc, PoisonError};

use axum::{
    Extension, Router,
    extract::{Path, State},
    http::{
        HeaderValue,
        header::{HeaderName, LINK},
    },
    response::Response,
    routing::get,
};
use serde_json::{Value, json};

use super::{answer::Refusal, query, server::Shared};
use crate::{
    population::{Person, group_names},
    stage::{
        answer::json,
        faults::Trouble,
        page::{cut, is_gone, strip},
        parameters::Parameters,
    },
};

type Answer = Result<Response, Refusal>;
type Server = State<Arc<Shared>>;

/// What begins a group's id. Users' ids begin otherwise.
const ID: &str = "65f2";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/api/v2/usergroups", get(list))
        .route("/api/v2/usergroups/{id}", get(show))
        .route("/api/v2/usergroups/{id}/members", get(members))
}

/// The id of the group with that number.
pub(super) fn group_id(number: usize) -> String {
    format!("{ID}{number:020x}")
}

/// The name of the group with that id.
fn find(id: &str) -> Result<String, Refusal> {
    let mut groups = (0..).map(group_id).zip(group_names());
    let found = groups.find(|(known, _)| known == id);
    found.map(|(_, name)| name).ok_or_else(Refusal::not_found)
}

fn shown(id: &str, name: &str) -> Value {
    json!({
        "id": id,
        "name": name,
        "type": "user_group",
        "description": "",
        "email": "",
        "attributes": {},
        "membershipMethod": "STATIC",
        "memberSuggestionsNotify": false,
    })
}

async fn list(State(server): Server, Extension(trouble): Extension<Trouble>, asked: Parameters) -> Answer {
    let (skip, limit) = query::part(&asked)?;
    let mut groups: Vec<(String, String)> = (0..).map(group_id).zip(group_names()).collect();
    match asked.filled("sort") {
        Some("name") => groups.sort_by(|(_, left), (_, right)| left.cmp(right)),
        Some("-name") => groups.sort_by(|(_, left), (_, right)| right.cmp(left)),
        // Without an order they come as they like.
        None => {
            let turn = server.turn() % groups.len().max(1);
            groups.rotate_left(turn);
        }
        Some(_) => {}
    }
    let page = cut(groups.len(), skip, limit, &trouble);
    let on_page = groups.get(page.places).unwrap_or_default().iter();
    let rows: Vec<Value> = on_page
        .map(|(id, name)| {
            let mut row = shown(id, name);
            if let Some(row) = row.as_object_mut() {
                strip(row, &trouble);
            }
            row
        })
        .collect();
    let mut answer = json(Value::from(rows).to_string().into());
    let total = HeaderName::from_static("x-total-count");
    answer.headers_mut().insert(total, page.total.into());
    Ok(answer)
}

async fn show(Path(id): Path<String>) -> Answer {
    let name = find(&id)?;
    Ok(json(shown(&id, &name).to_string().into()))
}

async fn members(
    State(server): Server,
    Extension(trouble): Extension<Trouble>,
    Path(id): Path<String>,
    asked: Parameters,
) -> Answer {
    let name = find(&id)?;
    let (skip, limit) = query::part(&asked)?;
    let desk = server.desk.read().unwrap_or_else(PoisonError::into_inner);
    let people = desk.population().people();
    let inside: Vec<Person<'_>> = people
        .filter(|person| !is_gone(person.number(), trouble.faults.gone_per_mille))
        .filter(|person| person.groups().contains(&name))
        .collect();
    let page = cut(inside.len(), skip, limit, &trouble);
    let goes_on = page.places.end < page.total;
    let on_page = inside.get(page.places).unwrap_or_default().iter();
    let rows: Vec<Value> = on_page
        .map(|person| json!({ "to": { "id": person.id(), "type": "user" } }))
        .collect();
    let mut answer = json(Value::from(rows).to_string().into());
    if goes_on {
        let next = skip.saturating_add(limit);
        let link = format!("</api/v2/usergroups/{id}/members?limit={limit}&skip={next}>; rel=\"next\"");
        if let Ok(link) = HeaderValue::try_from(link) {
            answer.headers_mut().insert(LINK, link);
        }
    }
    Ok(answer)
}
