//! The resources `Client`, `Site` and `Agent`.

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
    list::Paging,
    record::{FIRST_CLIENT, FIRST_SITE, whole},
    server::{Desk, Shared, bad_request, not_found, read},
};
use crate::{
    population::{TENANTS, places},
    stage::{
        answer::{Answer, Object, json_with, object},
        faults::Trouble,
        parameters::Parameters,
        table::Table,
    },
};

type Server = State<Arc<Shared>>;

/// A table that is served like the other.
#[derive(Clone, Copy)]
struct Kind {
    path: &'static str,
    list: &'static str,
    pick: fn(&Desk) -> &Table,
    pick_mut: fn(&mut Desk) -> &mut Table,
}

const CLIENTS: Kind = Kind {
    path: "Client",
    list: "clients",
    pick: |desk| &desk.clients,
    pick_mut: |desk| &mut desk.clients,
};

const SITES: Kind = Kind {
    path: "Site",
    list: "sites",
    pick: |desk| &desk.sites,
    pick_mut: |desk| &mut desk.sites,
};

pub(super) fn first_clients() -> Table {
    let client = |name: &'static str| {
        move |id: u64| {
            object(
                json!({ "id": id, "name": name, "inactive": false, "toplevel_id": 1, "colour": "#2bd3c6" }),
            )
        }
    };
    Table::of(FIRST_CLIENT, TENANTS.map(client))
}

/// Every client has a site in every place.
pub(super) fn first_sites() -> Table {
    let sites = TENANTS
        .iter()
        .zip(FIRST_CLIENT..)
        .flat_map(|(client, client_id)| {
            places().map(move |place| {
                move |id: u64| {
                    object(json!({
                        "id": id, "name": place.city, "client_id": client_id, "client_name": client,
                        "country": place.country.name, "inactive": false,
                    }))
                }
            })
        });
    Table::of(FIRST_SITE, sites)
}

pub(super) fn agents() -> Table {
    let agent = |name: &'static str| {
        move |id: u64| {
            object(
                json!({ "id": id, "name": name, "inactive": false, "email": format!("agent{id}@northwind.test") }),
            )
        }
    };
    Table::of(1, ["Unassigned", "Service Desk", "Second Line"].map(agent))
}

pub(super) fn routes() -> Router<Arc<Shared>> {
    kind_routes(CLIENTS)
        .merge(kind_routes(SITES))
        .route("/Agent", get(list_agents))
}

fn kind_routes(kind: Kind) -> Router<Arc<Shared>> {
    Router::new()
        .route(&format!("/{}", kind.path), get(list).post(write))
        .route(&format!("/{}/{{id}}", kind.path), get(show).delete(remove))
        .layer(Extension(kind))
}

async fn list_agents(
    State(server): Server,
    Extension(trouble): Extension<Trouble>,
    asked: Parameters,
) -> Response {
    page_of(&server.desk.look().agents, "results", &asked, &trouble)
}

async fn list(
    State(server): Server,
    Extension(kind): Extension<Kind>,
    Extension(trouble): Extension<Trouble>,
    asked: Parameters,
) -> Response {
    page_of((kind.pick)(&server.desk.look()), kind.list, &asked, &trouble)
}

fn page_of(table: &Table, name: &str, asked: &Parameters, trouble: &Trouble) -> Response {
    let paging = Paging::read(asked);
    let client = asked.filled("client_id").map(|id| id.parse::<u64>().ok());
    let search = asked.filled("search").map(str::to_lowercase);
    let wanted = |row: &&Object| {
        let of_client = |id: Option<u64>| id.is_some() && row.get("client_id").and_then(whole) == id;
        let named = |part: &String| {
            let name = row.get("name").and_then(Value::as_str).unwrap_or_default();
            name.to_lowercase().contains(part.as_str())
        };
        client.is_none_or(of_client) && search.as_ref().is_none_or(named)
    };
    let rows: Vec<&Object> = table.rows().map(|(_, row)| row).filter(wanted).collect();
    let page = paging.cut(rows.len(), trouble);
    let on_page = rows.get(page.places).unwrap_or_default();
    paging.envelope(
        name,
        on_page.iter().map(|row| (*row).clone()),
        page.total,
        trouble,
    )
}

async fn show(State(server): Server, Extension(kind): Extension<Kind>, Path(id): Path<u64>) -> Answer {
    let desk = server.desk.look();
    let row = (kind.pick)(&desk).get(id).ok_or_else(not_found)?;
    Ok(json_with(StatusCode::OK, &Value::Object(row.clone())))
}

async fn write(State(server): Server, Extension(kind): Extension<Kind>, body: Bytes) -> Answer {
    let mut desk = server.desk.touch();
    let mut written = Vec::new();
    for mut fields in read(&body)? {
        if kind.path == "Site"
            && let Some(client) = fields.get("client_id").and_then(whole)
        {
            let known = desk.clients.get(client);
            let name = known.and_then(|row| row.get("name")).cloned();
            let name = name.ok_or_else(|| bad_request("There is no client with this client_id."))?;
            fields.insert("client_name".to_owned(), name);
        }
        let id = match fields.get("id").and_then(whole) {
            Some(id) => id,
            None if fields.get("name").is_some_and(Value::is_string) => {
                (kind.pick_mut)(&mut desk).add(|id| object(json!({ "id": id, "inactive": false })))
            }
            None => return Err(bad_request("A name is required.")),
        };
        let row = (kind.pick_mut)(&mut desk).get_mut(id).ok_or_else(not_found)?;
        fields.remove("id");
        row.extend(fields);
        written.push(Value::Object(row.clone()));
    }
    Ok(answer_written(written))
}

/// One record alone, several as a list.
pub(super) fn answer_written(mut written: Vec<Value>) -> Response {
    let body = match written.len() {
        1 => written.remove(0),
        _ => written.into(),
    };
    json_with(StatusCode::CREATED, &body)
}

async fn remove(State(server): Server, Extension(kind): Extension<Kind>, Path(id): Path<u64>) -> Answer {
    let mut desk = server.desk.touch();
    let row = (kind.pick_mut)(&mut desk).remove(id).ok_or_else(not_found)?;
    Ok(json_with(StatusCode::OK, &Value::Object(row)))
}
