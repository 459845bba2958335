//! The resources `customers` and `departments`.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{Path, State},
    http::StatusCode,
    response::IntoResponse,
    routing::get,
};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    answer::{Paging, bad_request, done, id, not_found, read},
    record::{FIRST_CUSTOMER, FIRST_DEPARTMENT},
    server::{Desk, Shared},
};
use crate::{
    population::{TENANTS, departments},
    stage::{
        answer::{Answer, Object, json_with, object},
        faults::Trouble,
        page::strip,
        parameters::Parameters,
        table::Table,
    },
};

type Server = State<Arc<Shared>>;

/// A table that is served like the others.
#[derive(Clone, Copy)]
struct Kind {
    path: &'static str,
    what: &'static str,
    id: &'static str,
    name: &'static str,
    /// The texts that may be written beside the name.
    texts: &'static [&'static str],
    pick: fn(&Desk) -> &Table,
    pick_mut: fn(&mut Desk) -> &mut Table,
}

const CUSTOMERS: Kind = Kind {
    path: "customers",
    what: "The customer",
    id: "CustomerID",
    name: "CustomerName",
    texts: &[
        "BusinessNumber",
        "Domain",
        "Address",
        "City",
        "State",
        "Country",
        "Phone",
        "Fax",
        "Notes",
        "Links",
        "ZipCodeStr",
    ],
    pick: |desk| &desk.customers,
    pick_mut: |desk| &mut desk.customers,
};

const DEPARTMENTS: Kind = Kind {
    path: "departments",
    what: "The department",
    id: "Id",
    name: "Name",
    texts: &["Description"],
    pick: |desk| &desk.departments,
    pick_mut: |desk| &mut desk.departments,
};

pub(super) fn first_customers() -> Table {
    Table::of(FIRST_CUSTOMER, TENANTS.map(|name| move |id| customer(id, name)))
}

pub(super) fn first_departments() -> Table {
    Table::of(
        FIRST_DEPARTMENT,
        departments().map(|name| move |id| department(id, name)),
    )
}

fn customer(id: u64, name: &str) -> Object {
    object(json!({
        "CustomerID": id, "CustomerName": name, "CreatedOn": "2010-01-01T00:00:00Z",
        "LastModified": "2010-01-01T00:00:00Z", "BusinessNumber": null, "Domain": "northwind.test",
        "Address": null, "City": null, "State": null, "Country": null, "Phone": null, "Fax": null, "Notes": null,
        "Logo": null, "Links": null, "Longitude": null, "Latitude": null, "ZipCodeStr": null,
    }))
}

fn department(id: u64, name: &str) -> Object {
    object(json!({ "Id": id, "Name": name, "Description": null }))
}

pub(super) fn routes() -> Router<Arc<Shared>> {
    kind_routes(CUSTOMERS).merge(kind_routes(DEPARTMENTS))
}

fn kind_routes(kind: Kind) -> Router<Arc<Shared>> {
    Router::new()
        .route(&format!("/{}", kind.path), get(list).post(create))
        .route(
            &format!("/{}/{{id}}", kind.path),
            get(show).put(update).post(update).delete(remove),
        )
        .layer(Extension(kind))
}

async fn list(
    State(server): Server,
    Extension(kind): Extension<Kind>,
    Extension(trouble): Extension<Trouble>,
    asked: Parameters,
) -> Answer {
    let paging = Paging::read(&asked)?;
    let desk = server.desk.look();
    let rows: Vec<&Object> = (kind.pick)(&desk).rows().map(|(_, row)| row).collect();
    let page = paging.cut(rows.len(), &trouble);
    let on_page = rows.get(page.places).unwrap_or_default();
    let items = on_page.iter().map(|row| {
        let mut row = (*row).clone();
        strip(&mut row, &trouble);
        Value::Object(row)
    });
    let address = format!("{}/api/v3/{}", server.url, kind.path);
    Ok(paging.envelope(&items.collect::<Vec<_>>(), page.total, &address, &asked))
}

async fn show(State(server): Server, Extension(kind): Extension<Kind>, Path(number): Path<String>) -> Answer {
    let desk = server.desk.look();
    let row = (kind.pick)(&desk).get(id(&number, kind.what)?);
    let row = row.ok_or_else(|| not_found(kind.what))?;
    Ok(json_with(StatusCode::OK, &Value::Object(row.clone())))
}

async fn create(State(server): Server, Extension(kind): Extension<Kind>, body: Bytes) -> Answer {
    let body = read(&body)?;
    let name = body.get(kind.name).and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() {
        return Err(bad_request(&format!("The {} field is required.", kind.name)));
    }
    let mut desk = server.desk.touch();
    let number = (kind.pick_mut)(&mut desk).add(|number| {
        let mut row = match kind.id {
            "CustomerID" => customer(number, name),
            _ => department(number, name),
        };
        row.extend(admitted(kind, &body));
        row
    });
    Ok(done(StatusCode::CREATED, number))
}

async fn update(
    State(server): Server,
    Extension(kind): Extension<Kind>,
    Path(number): Path<String>,
    body: Bytes,
) -> Answer {
    let body = read(&body)?;
    let number = id(&number, kind.what)?;
    let mut desk = server.desk.touch();
    let row = (kind.pick_mut)(&mut desk).get_mut(number);
    row.ok_or_else(|| not_found(kind.what))?
        .extend(admitted(kind, &body));
    Ok(done(StatusCode::OK, number))
}

async fn remove(
    State(server): Server,
    Extension(kind): Extension<Kind>,
    Path(number): Path<String>,
) -> Answer {
    let number = id(&number, kind.what)?;
    let mut desk = server.desk.touch();
    let removed = (kind.pick_mut)(&mut desk).remove(number);
    removed.ok_or_else(|| not_found(kind.what))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn admitted(kind: Kind, body: &Object) -> Object {
    let fits = |name: &str, value: &Value| {
        (name == kind.name && value.is_string())
            || (kind.texts.contains(&name) && (value.is_string() || value.is_null()))
    };
    body.iter()
        .filter(|(name, value)| fits(name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
