//! Deleted users, as long as they can be restored.

use serde_json::Value;

use super::{
    call::{Call, no_content, not_found, ok},
    desk::Desk,
    list::{self, Select},
    record::{USUAL, user},
    server::Shared,
};
use crate::{
    population::{Person, Space},
    stage::answer::{Answer, Object, Refused},
};

fn find<'a>(desk: &'a Desk, id: &str) -> Result<Person<'a>, Refused> {
    desk.register
        .population()
        .person_of_uuid(Space::Directory, id)
        .filter(|person| desk.is_deleted(person.number()))
        .ok_or_else(|| not_found(id))
}

pub(super) fn list(server: &Shared, call: &Call) -> Answer {
    let desk = server.desk.look();
    let select = Select::of(call, &USUAL, "user");
    let people = desk.register.population().people();
    let deleted: Vec<Person<'_>> = people.filter(|person| desk.is_deleted(person.number())).collect();
    list::page(server, call, "users", &deleted, |person| {
        select.pick(user(&desk, *person), call)
    })
}

pub(super) fn show(server: &Shared, call: &Call, id: &str) -> Answer {
    let desk = server.desk.look();
    let mut record = Select::of(call, &USUAL, "user").pick(user(&desk, find(&desk, id)?), call)?;
    record.insert("@odata.type".to_owned(), "#microsoft.graph.user".into());
    Ok(ok(&record.into()))
}

pub(super) fn purge(server: &Shared, id: &str) -> Answer {
    let mut desk = server.desk.touch();
    let number = find(&desk, id)?.number();
    desk.act(|register| register.strike(number));
    Ok(no_content())
}

pub(super) fn restore(server: &Shared, id: &str) -> Answer {
    let mut desk = server.desk.touch();
    let number = find(&desk, id)?.number();
    let fields = Object::from_iter([("deletedDateTime".to_owned(), Value::Null)]);
    desk.act(|register| register.write(Some(number), fields));
    let person = desk.register.population().person(number);
    let mut record = person.map(|person| user(&desk, person)).unwrap_or_default();
    record.retain(|name, _| USUAL.contains(&name.as_str()));
    record.insert("@odata.type".to_owned(), "#microsoft.graph.user".into());
    Ok(ok(&record.into()))
}
