//! What changed in groups since last time, and who came and went.

use std::{collections::HashMap, sync::atomic::Ordering};

use serde_json::{Map, Value, json};

use super::{
    call::{Call, bad_request, ok},
    delta::{Place, refuse_forgotten},
    desk::{Desk, GroupWhat},
    groups::{USUAL_OF_GROUP, direct, id, shown},
    list::Select,
    server::Shared,
};
use crate::stage::answer::{Answer, Object, Refused};

const MEMBERS: &str = "members@delta";
/// How many groups a page has.
const PAGE: usize = 20;

/// All groups with their members in the first round, later what happened since.
pub(super) fn changes(server: &Shared, call: &Call) -> Answer {
    server.desk.touch().follow_groups();
    let desk = server.desk.look();
    let position = desk.group_log.len();
    let start = |since| Place {
        epoch: server.epoch.load(Ordering::Relaxed),
        generation: desk.register.generation,
        began: position,
        since,
        skip: 0,
        select: call.asked.filled("$select").unwrap_or_default().to_owned(),
        filter: String::new(),
    };
    let read = |token: &str| {
        let place = Place::read(token).ok_or_else(|| bad_request("Badly formed token."))?;
        refuse_forgotten(server, &desk, &place, "groups", position)?;
        Ok::<Place, Refused>(place)
    };
    let place = match (call.asked.filled("$deltatoken"), call.asked.filled("$skiptoken")) {
        (Some("latest"), _) => start(Some(position)),
        (Some(token), _) => {
            let last = read(token)?;
            Place {
                since: Some(last.began),
                began: position,
                skip: 0,
                ..last
            }
        }
        (None, Some(token)) => read(token)?,
        (None, None) => start(None),
    };
    // Members come unless only other properties were asked for.
    let names: Vec<&str> = place.select.split(',').filter(|name| !name.is_empty()).collect();
    let with_members = names.is_empty() || names.contains(&"members");
    let properties: Vec<&str> = names.into_iter().filter(|name| *name != "members").collect();
    let properties = properties.join(",");
    let select = Select::read(Some(&properties), &USUAL_OF_GROUP, "group");
    let mut rows: Vec<Object> = Vec::new();
    let happened = happened(&desk, &place);
    let count = happened.len();
    for Happened { group, news, members } in happened.into_iter().skip(place.skip).take(PAGE) {
        let mut row = match desk.groups.get(group) {
            None => Object::from_iter([("@removed".to_owned(), json!({ "reason": "changed" }))]),
            Some(row) => select.pick(shown(&desk, group, row), call)?,
        };
        if call.minimal && place.since.is_some() {
            match news {
                News::Made => {}
                News::Changed => drop(row.remove("createdDateTime")),
                News::Members => row.retain(|name, _| name.starts_with('@')),
            }
        }
        row.insert("id".to_owned(), id(&desk, group).into());
        if with_members && !members.is_empty() {
            row.insert(MEMBERS.to_owned(), members.into());
        }
        rows.push(row);
    }
    let mut body = Map::new();
    body.insert(
        "@odata.context".to_owned(),
        server.link("$metadata#groups").into(),
    );
    let (link, name, next) = if place.skip + PAGE < count {
        let skip = place.skip + PAGE;
        ("@odata.nextLink", "$skiptoken", Place { skip, ..place })
    } else {
        ("@odata.deltaLink", "$deltatoken", Place { skip: 0, ..place })
    };
    let address = format!("groups/delta?{name}={}", next.write());
    body.insert(link.to_owned(), server.link(&address).into());
    server.show(rows.len());
    body.insert("value".to_owned(), rows.into_iter().map(Value::Object).collect());
    Ok(ok(&body.into()))
}

/// What is new about a group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    Members,
    Changed,
    Made,
}

/// What happened to one group.
struct Happened {
    group: u64,
    news: News,
    /// Members who came and went.
    members: Vec<Value>,
}

/// The groups something happened to.
fn happened(desk: &Desk, place: &Place) -> Vec<Happened> {
    let member = |number: u32, is_in: bool| {
        let mut member = json!({ "@odata.type": "#microsoft.graph.user", "id": desk.id(number) });
        if !is_in {
            member["@removed"] = json!({ "reason": "deleted" });
        }
        member
    };
    let Some(since) = place.since else {
        let all = desk.groups.rows().map(|(group, row)| {
            let people = direct(desk, group, row);
            let members = people.iter().map(|person| member(person.number(), true));
            Happened {
                group,
                news: News::Made,
                members: members.collect(),
            }
        });
        return all.collect();
    };
    let mut order: Vec<u64> = Vec::new();
    let mut all: HashMap<u64, (News, Vec<(u32, bool)>)> = HashMap::new();
    for noted in desk.group_log.get(since..place.began).unwrap_or_default() {
        let (news, known) = all.entry(noted.group).or_insert_with(|| {
            order.push(noted.group);
            (News::Members, Vec::new())
        });
        match noted.what {
            GroupWhat::Made => *news = News::Made,
            GroupWhat::Changed => *news = News::Changed.max(*news),
            GroupWhat::Member(number, is_in) => {
                // What happened last is what counts.
                known.retain(|(earlier, _)| *earlier != number);
                known.push((number, is_in));
            }
        }
    }
    let told = order.into_iter().filter_map(|group| {
        let (news, members) = all.remove(&group)?;
        let members = members.into_iter().map(|(number, is_in)| member(number, is_in));
        Some(Happened {
            group,
            news,
            members: members.collect(),
        })
    });
    told.collect()
}
