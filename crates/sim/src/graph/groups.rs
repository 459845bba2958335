//! Groups and who is in them.

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    call::{Call, bad_request, no_content, not_found, ok},
    desk::{Desk, GroupWhat},
    filter::Filter,
    list::{self, Select},
    record::{USUAL, user},
    server::Shared,
    users::{directory_objects, find},
    writes::reference,
};
use crate::{
    population::{Person, Space, group_names},
    stage::{
        answer::{Answer, Object, Refused, moment, object},
        table::Table,
    },
};

/// What the population calls the group, and the numbers of the groups that are in it.
const NAME: &str = "~name";
const NESTED: &str = "~nested";
/// What comes without `$select`.
pub(super) const USUAL_OF_GROUP: [&str; 11] = [
    "createdDateTime",
    "deletedDateTime",
    "description",
    "displayName",
    "groupTypes",
    "id",
    "mail",
    "mailEnabled",
    "mailNickname",
    "securityEnabled",
    "visibility",
];
/// How many members may be added at once.
const MOST_ADDED: usize = 20;

/// The population's groups, and one more that has the first two of them in it.
pub(super) fn first_groups() -> Table {
    let mut table = Table::of(
        1,
        group_names().into_iter().map(|name| {
            move |_| {
                let mut group = blank(&name);
                group.insert(NAME.to_owned(), name.into());
                group
            }
        }),
    );
    table.add(|_| {
        let mut group = blank("Everybody");
        group.insert(NESTED.to_owned(), json!([1, 2]));
        group
    });
    table
}

fn blank(name: &str) -> Object {
    let nickname: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    object(json!({
        "createdDateTime": "2010-01-01T00:00:00Z", "deletedDateTime": null, "description": null, "displayName": name,
        "groupTypes": [], "mail": null, "mailEnabled": false, "mailNickname": nickname, "securityEnabled": true,
        "visibility": null, "onPremisesSyncEnabled": null, "proxyAddresses": [],
    }))
}

pub(super) fn shown(desk: &Desk, number: u64, row: &Object) -> Object {
    let mut group = row.clone();
    group.retain(|name, _| !name.starts_with('~'));
    group.insert("id".to_owned(), id(desk, number).into());
    group
}

pub(super) fn id(desk: &Desk, number: u64) -> String {
    desk.register.population().uuid(Space::Group, number)
}

/// The number of a group by its id.
pub(super) fn number(desk: &Desk, id: &str) -> Option<u64> {
    desk.register.population().number_of_uuid(Space::Group, id)
}

fn find_group<'a>(desk: &'a Desk, id: &str) -> Result<(u64, &'a Object), Refused> {
    number(desk, id)
        .and_then(|number| Some((number, desk.groups.get(number)?)))
        .ok_or_else(|| not_found(id))
}

fn is_in(desk: &Desk, number: u64, row: &Object, person: Person<'_>, names: &[String]) -> bool {
    match desk.memberships.get(&(number, person.number())) {
        Some(is_in) => *is_in,
        None => row
            .get(NAME)
            .and_then(Value::as_str)
            .is_some_and(|name| names.iter().any(|of| of == name)),
    }
}

fn nested(row: &Object) -> Vec<u64> {
    let nested = row.get(NESTED).and_then(Value::as_array);
    nested.into_iter().flatten().filter_map(Value::as_u64).collect()
}

/// The users in the group itself.
pub(super) fn direct<'a>(desk: &'a Desk, number: u64, row: &Object) -> Vec<Person<'a>> {
    desk.users()
        .filter(|person| is_in(desk, number, row, *person, &person.groups()))
        .collect()
}

pub(super) fn list(server: &Shared, call: &Call) -> Answer {
    let desk = server.desk.look();
    let filter = call.asked.filled("$filter").map(Filter::parse).transpose()?;
    let groups: Vec<Object> = desk
        .groups
        .rows()
        .map(|(number, row)| shown(&desk, number, row))
        .filter(|group| filter.as_ref().is_none_or(|filter| filter.holds(group)))
        .collect();
    let select = Select::of(call, &USUAL_OF_GROUP, "group");
    let context = format!("groups{}", select.context());
    list::page(server, call, &context, &groups, |group| {
        select.pick(group.clone(), call)
    })
}

pub(super) fn show(server: &Shared, call: &Call, id: &str) -> Answer {
    let desk = server.desk.look();
    let (number, row) = find_group(&desk, id)?;
    let select = Select::of(call, &USUAL_OF_GROUP, "group");
    let mut group = select.pick(shown(&desk, number, row), call)?;
    group.insert(
        "@odata.context".to_owned(),
        server.link("$metadata#groups/$entity").into(),
    );
    Ok(ok(&group.into()))
}

pub(super) fn create(server: &Shared, call: &Call) -> Answer {
    let body = call.object()?;
    for required in ["displayName", "mailEnabled", "mailNickname", "securityEnabled"] {
        if body.get(required).is_none_or(Value::is_null) {
            return Err(bad_request(&format!(
                "A value is required for property '{required}' of resource 'Group'."
            )));
        }
    }
    let mut desk = server.desk.touch();
    let number = desk.groups.add(|_| {
        let mut group = blank("");
        group.insert("createdDateTime".to_owned(), moment(Timestamp::now()).into());
        group.extend(admitted(&body));
        group
    });
    desk.note_group(number, GroupWhat::Made);
    let row = desk.groups.get(number).cloned().unwrap_or_default();
    let mut group = shown(&desk, number, &row);
    group.insert(
        "@odata.context".to_owned(),
        server.link("$metadata#groups/$entity").into(),
    );
    let mut answer = ok(&group.into());
    *answer.status_mut() = StatusCode::CREATED;
    Ok(answer)
}

fn admitted(body: &Object) -> Object {
    let known = |name: &str| USUAL_OF_GROUP.contains(&name) && name != "id";
    let fields = body.iter().filter(|(name, _)| known(name));
    fields
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Changes the group, or adds up to twenty members at once.
pub(super) fn update(server: &Shared, call: &Call, id: &str) -> Answer {
    let body = call.object()?;
    let mut desk = server.desk.touch();
    let (number, _) = find_group(&desk, id)?;
    if let Some(members) = body.get("members@odata.bind").and_then(Value::as_array) {
        if members.len() > MOST_ADDED {
            return Err(bad_request(
                "The number of references exceeds the maximum value of 20.",
            ));
        }
        let mut people = Vec::new();
        for member in members {
            let address = member.as_str().unwrap_or_default();
            let id = address.rsplit('/').next().unwrap_or_default();
            people.push(joinable(&desk, number, id)?);
        }
        for person in people {
            join(&mut desk, number, person, true);
        }
    }
    let changes = admitted(&body);
    if !changes.is_empty() {
        let row = desk.groups.get_mut(number).ok_or_else(|| not_found(id))?;
        row.extend(changes);
        desk.note_group(number, GroupWhat::Changed);
    }
    Ok(no_content())
}

pub(super) fn remove(server: &Shared, id: &str) -> Answer {
    let mut desk = server.desk.touch();
    let (number, _) = find_group(&desk, id)?;
    desk.groups.remove(number);
    desk.memberships.retain(|(group, _), _| *group != number);
    desk.note_group(number, GroupWhat::Changed);
    Ok(no_content())
}

/// The users and, where they are not asked away, the groups in it.
pub(super) fn members(server: &Shared, call: &Call, id: &str, cast: &[&str], all: bool) -> Answer {
    let only_users = match cast {
        [] => false,
        ["microsoft.graph.user" | "graph.user"] => true,
        _ => return Err(bad_request("Resource not found for the segment.")),
    };
    let desk = server.desk.look();
    let (number, row) = find_group(&desk, id)?;
    let mut people = direct(&desk, number, row);
    let inner = nested(row);
    if all {
        for (number, row) in inner
            .iter()
            .filter_map(|number| Some((*number, desk.groups.get(*number)?)))
        {
            people.extend(direct(&desk, number, row));
        }
        people.sort_by_key(|person| person.number());
        people.dedup_by_key(|person| person.number());
    }
    if only_users || inner.is_empty() {
        return directory_objects(server, call, &desk, &people);
    }
    let groups = inner.iter().filter_map(|number| {
        let mut group = shown(&desk, *number, desk.groups.get(*number)?);
        group.insert("@odata.type".to_owned(), "#microsoft.graph.group".into());
        Some(group)
    });
    let users = people.iter().map(|person| {
        let mut record = user(&desk, *person);
        record.retain(|name, _| USUAL.contains(&name.as_str()));
        record.insert("@odata.type".to_owned(), "#microsoft.graph.user".into());
        record
    });
    let objects: Vec<Object> = groups.chain(users).collect();
    list::page(server, call, "directoryObjects", &objects, |object| {
        Ok(object.clone())
    })
}

/// The groups the user is in, with those around them when `all` are wanted.
pub(super) fn groups_of(desk: &Desk, person: Person<'_>, all: bool) -> Vec<u64> {
    let names = person.groups();
    let rows = || desk.groups.rows();
    let mut numbers: Vec<u64> = rows()
        .filter(|(number, row)| is_in(desk, *number, row, person, &names))
        .map(|(number, _)| number)
        .collect();
    if all {
        let inside = numbers.clone();
        let around = rows().filter(|(_, row)| nested(row).iter().any(|inner| inside.contains(inner)));
        numbers.extend(around.map(|(number, _)| number));
        numbers.dedup();
    }
    numbers
}

pub(super) fn of_user(server: &Shared, call: &Call, id: &str, all: bool) -> Answer {
    let desk = server.desk.look();
    let numbers = groups_of(&desk, find(&desk, id)?, all);
    let select = Select::of(call, &USUAL_OF_GROUP, "group");
    list::page(server, call, "directoryObjects", &numbers, |number| {
        let row = desk.groups.get(*number).ok_or_else(|| not_found(id))?;
        let mut group = select.pick(shown(&desk, *number, row), call)?;
        group.insert("@odata.type".to_owned(), "#microsoft.graph.group".into());
        Ok(group)
    })
}

pub(super) fn ids_of_user(server: &Shared, user: &str) -> Answer {
    let desk = server.desk.look();
    let numbers = groups_of(&desk, find(&desk, user)?, true);
    let ids: Vec<String> = numbers.into_iter().map(|number| id(&desk, number)).collect();
    Ok(ok(
        &json!({ "@odata.context": server.link("$metadata#Collection(Edm.String)"), "value": ids }),
    ))
}

/// The user who can be added; 400 for one who is a member already.
fn joinable(desk: &Desk, group: u64, id: &str) -> Result<u32, Refused> {
    let person = find(desk, id)?;
    let row = desk.groups.get(group).ok_or_else(|| not_found(id))?;
    if is_in(desk, group, row, person, &person.groups()) {
        return Err(bad_request(
            "One or more added object references already exist for the following modified properties: 'members'.",
        ));
    }
    Ok(person.number())
}

fn join(desk: &mut Desk, group: u64, person: u32, is_in: bool) {
    desk.memberships.insert((group, person), is_in);
    desk.track(person);
}

pub(super) fn add_member(server: &Shared, call: &Call, id: &str) -> Answer {
    let mut desk = server.desk.touch();
    let (number, _) = find_group(&desk, id)?;
    let person = joinable(&desk, number, &reference(call)?)?;
    join(&mut desk, number, person, true);
    Ok(no_content())
}

pub(super) fn remove_member(server: &Shared, id: &str, member: &str) -> Answer {
    let mut desk = server.desk.touch();
    let (number, row) = find_group(&desk, id)?;
    let person = find(&desk, member)?;
    if !is_in(&desk, number, row, person, &person.groups()) {
        return Err(not_found(member));
    }
    let person = person.number();
    join(&mut desk, number, person, false);
    Ok(no_content())
}
