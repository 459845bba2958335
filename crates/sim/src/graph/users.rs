//! Reading users, their managers and their licences.

use axum::{http::StatusCode, response::Response};
use serde_json::{Value, json};

use super::{
    call::{Call, bad_request, not_found, ok, refuse, unsupported},
    desk::Desk,
    filter::Filter,
    list::{self, Select},
    record::{self, MAILBOX, SKUS, USUAL, user},
    server::Shared,
};
use crate::{
    population::{Person, Space},
    stage::{
        answer::{Answer, Object, Refused, object},
        page::is_gone,
    },
};

/// The user of that id or sign-in name, unless deleted.
pub(super) fn find<'a>(desk: &'a Desk, id: &str) -> Result<Person<'a>, Refused> {
    let person = if id.contains('@') {
        let named = |person: &Person<'_>| principal_name(desk, *person).eq_ignore_ascii_case(id);
        desk.users().find(named)
    } else {
        desk.register.population().person_of_uuid(Space::Directory, id)
    };
    person
        .filter(|person| !desk.is_deleted(person.number()))
        .ok_or_else(|| not_found(id))
}

pub(super) fn principal_name(desk: &Desk, person: Person<'_>) -> String {
    let written = desk.register.written(person.number(), "userPrincipalName");
    written
        .and_then(Value::as_str)
        .map_or_else(|| person.email(), str::to_owned)
}

/// The user with what was asked for, and the manager where that was.
fn shown(desk: &Desk, person: Person<'_>, select: &Select, call: &Call) -> Result<Object, Refused> {
    let mut record = select.pick(user(desk, person), call)?;
    let expands = call.asked.filled("$expand");
    if expands.is_some_and(|expand| expand.starts_with("manager"))
        && let Some(manager) =
            record::manager(desk, person).and_then(|number| desk.register.population().person(number))
    {
        let inner = expands.and_then(|expand| expand.split_once("$select=")?.1.strip_suffix(')'));
        let mut shown = Select::read(inner, &USUAL, "user").pick(user(desk, manager), call)?;
        shown.insert("@odata.type".to_owned(), "#microsoft.graph.user".into());
        record.insert("manager".to_owned(), shown.into());
    }
    Ok(record)
}

pub(super) fn list(server: &Shared, call: &Call) -> Answer {
    let desk = server.desk.look();
    let select = Select::of(call, &USUAL, "user");
    let filter = call.asked.filled("$filter").map(Filter::parse).transpose()?;
    let search = call.asked.filled("$search").map(read_search).transpose()?;
    let order = call.asked.filled("$orderby");
    let advanced = search.is_some()
        || filter.as_ref().is_some_and(Filter::is_advanced)
        || (filter.is_some() && order.is_some());
    if advanced && !(call.eventual && (search.is_some() || call.asked.is_true("$count"))) {
        return Err(unsupported(
            "The query needs the header ConsistencyLevel: eventual and the parameter $count=true.",
        ));
    }
    let mut people: Vec<Person<'_>> = desk
        .users()
        .filter(|person| !is_gone(person.number(), call.trouble.faults.gone_per_mille))
        .collect();
    if filter.is_some() || search.is_some() {
        if let (Some(filter), Some(first)) = (&filter, people.first()) {
            know_names(filter, &user(&desk, *first))?;
        }
        let mut names = Vec::new();
        if let Some(filter) = &filter {
            filter.names(&mut names);
        }
        if let Some((name, _)) = &search {
            names.push(name.as_str());
        }
        people.retain(|person| {
            let record = record::part(&desk, *person, &names).unwrap_or_else(|| user(&desk, *person));
            filter.as_ref().is_none_or(|filter| filter.holds(&record))
                && search.as_ref().is_none_or(|(name, part)| {
                    let value = record.get(name).and_then(Value::as_str).unwrap_or_default();
                    value.to_lowercase().contains(part)
                })
        });
    }
    if let Some(order) = order {
        let (name, direction) = order.split_once(' ').unwrap_or((order, "asc"));
        let key = |person: &Person<'_>| {
            let record = user(&desk, *person);
            record
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_lowercase()
        };
        people.sort_by_cached_key(key);
        if direction == "desc" {
            people.reverse();
        }
    }
    let context = format!("users{}", select.context());
    list::page(server, call, &context, &people, |person| {
        server.show(1);
        shown(&desk, *person, &select, call)
    })
}

fn know_names(filter: &Filter, record: &Object) -> Result<(), Refused> {
    let mut names = Vec::new();
    filter.names(&mut names);
    let first = |name: &&str| record.contains_key(name.split('/').next().unwrap_or_default());
    match names.iter().find(|name| !first(name)) {
        None => Ok(()),
        Some(name) => Err(bad_request(&format!(
            "Could not find a property named '{name}' on type 'microsoft.graph.user'."
        ))),
    }
}

/// Reads `"displayName:ada"`.
fn read_search(text: &str) -> Result<(String, String), Refused> {
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .and_then(|text| text.split_once(':'))
        .map(|(name, part)| (name.to_owned(), part.to_lowercase()))
        .ok_or_else(|| bad_request("Syntax error in $search: it must be \"property:text\"."))
}

pub(super) fn show(server: &Shared, call: &Call, id: &str) -> Answer {
    let desk = server.desk.look();
    let person = find(&desk, id)?;
    if is_gone(person.number(), call.trouble.faults.gone_per_mille) {
        return Err(not_found(id));
    }
    let select = Select::of(call, &USUAL, "user");
    let mut record = shown(&desk, person, &select, call)?;
    server.show(1);
    let context = format!("$metadata#users{}/$entity", select.context());
    record.insert("@odata.context".to_owned(), server.link(&context).into());
    Ok(ok(&record.into()))
}

pub(super) fn manager(server: &Shared, call: &Call, id: &str) -> Answer {
    let desk = server.desk.look();
    let number = record::manager(&desk, find(&desk, id)?).ok_or_else(|| not_found("manager"))?;
    let manager = desk.register.population().person(number);
    let manager = manager.ok_or_else(|| not_found("manager"))?;
    let mut record = Select::of(call, &USUAL, "user").pick(user(&desk, manager), call)?;
    record.insert(
        "@odata.context".to_owned(),
        server.link("$metadata#directoryObjects/$entity").into(),
    );
    record.insert("@odata.type".to_owned(), "#microsoft.graph.user".into());
    Ok(ok(&record.into()))
}

pub(super) fn reports(server: &Shared, call: &Call, id: &str) -> Answer {
    let desk = server.desk.look();
    let boss = find(&desk, id)?.number();
    let people: Vec<Person<'_>> = desk
        .users()
        .filter(|person| record::manager(&desk, *person) == Some(boss))
        .collect();
    directory_objects(server, call, &desk, &people)
}

/// Users among other objects, each with its type.
pub(super) fn directory_objects(server: &Shared, call: &Call, desk: &Desk, people: &[Person<'_>]) -> Answer {
    let select = Select::of(call, &USUAL, "user");
    list::page(server, call, "directoryObjects", people, |person| {
        server.show(1);
        let mut record = select.pick(user(desk, *person), call)?;
        record.insert("@odata.type".to_owned(), "#microsoft.graph.user".into());
        Ok(record)
    })
}

/// A mailbox comes with a licence; a shared one stays without.
pub(super) fn has_mailbox(desk: &Desk, person: Person<'_>) -> Result<(), Refused> {
    let written = desk.register.written(person.number(), MAILBOX);
    let shared = written.is_some_and(|settings| settings["userPurpose"] == "shared");
    let record = user(desk, person);
    let licensed = record["assignedLicenses"]
        .as_array()
        .is_some_and(|all| !all.is_empty());
    if licensed || shared {
        return Ok(());
    }
    let message = "The mailbox is either inactive, soft-deleted, or is hosted on-premise.";
    Err(refuse(StatusCode::NOT_FOUND, "MailboxNotEnabledForRESTAPI", message).into())
}

pub(super) fn mailbox(server: &Shared, id: &str) -> Answer {
    let desk = server.desk.look();
    let person = find(&desk, id)?;
    has_mailbox(&desk, person)?;
    let mut settings = object(json!({
        "@odata.context": server.link("$metadata#users/mailboxSettings"),
        "timeZone": "UTC",
        "userPurpose": "user",
        "automaticRepliesSetting": {
            "status": "disabled", "externalAudience": "none", "internalReplyMessage": "", "externalReplyMessage": "",
        },
    }));
    if let Some(Value::Object(written)) = desk.register.written(person.number(), MAILBOX) {
        settings.extend(written.clone());
    }
    Ok(ok(&settings.into()))
}

/// How many licences of each kind are in use.
pub(super) fn used(desk: &Desk) -> [u32; SKUS.len()] {
    let mut used = [0_u32; SKUS.len()];
    for person in desk.users() {
        let record = user(desk, person);
        let licences = record.get("assignedLicenses").and_then(Value::as_array);
        for licence in licences.into_iter().flatten() {
            if let Some(place) = SKUS.iter().position(|(id, _)| licence["skuId"] == *id) {
                used[place] += 1;
            }
        }
    }
    used
}

pub(super) fn skus(server: &Shared) -> Response {
    let desk = server.desk.look();
    let used = used(&desk);
    let rows: Vec<Value> = SKUS
        .iter()
        .zip(used)
        .map(|((id, name), used)| {
            json!({
                "id": format!("{}_{id}", server.tenant), "skuId": id, "skuPartNumber": name, "appliesTo": "User",
                "capabilityStatus": "Enabled", "consumedUnits": used, "servicePlans": [],
                "prepaidUnits": { "enabled": server.seats, "suspended": 0, "warning": 0 },
            })
        })
        .collect();
    ok(&json!({ "@odata.context": server.link("$metadata#subscribedSkus"), "value": rows }))
}

pub(super) fn organization(server: &Shared) -> Response {
    let domain = json!({ "name": "northwind.test", "isDefault": true, "isInitial": true });
    ok(&json!({
        "@odata.context": server.link("$metadata#organization"),
        "value": [{
            "id": server.tenant, "displayName": crate::population::TENANTS[0], "verifiedDomains": [domain],
        }],
    }))
}
