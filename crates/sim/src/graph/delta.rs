//! What changed since last time.

use std::sync::atomic::Ordering;

use axum::http::{HeaderValue, StatusCode, header::LOCATION};
use serde_json::{Map, Value, json};

use super::{
    call::{Call, bad_request, ok, refuse},
    desk::Desk,
    filter::Filter,
    list::Select,
    record::{USUAL, manager, user},
    server::Shared,
};
use crate::stage::{
    answer::{Answer, Object, Refused},
    encoding::{base64_url, from_base64},
    faults::AnswerFault,
    page::{cut, is_gone},
};

/// How many users a page has.
const PAGE: usize = 200;
/// How many things that happened earlier come again where changes are told more than once.
const REPLAYED: usize = 10;
/// How many ids may be asked for.
const MOST_IDS: usize = 50;

/// Where somebody stands, kept in the links: everything that was asked for at first is in here.
pub(super) struct Place {
    pub(super) epoch: u64,
    pub(super) generation: u32,
    /// How many things had happened when this round began, which is where the next one begins.
    pub(super) began: usize,
    /// How many things had happened when the round before began; `None` in the first, which has everybody.
    pub(super) since: Option<usize>,
    pub(super) skip: usize,
    pub(super) select: String,
    pub(super) filter: String,
}

impl Place {
    pub(super) fn write(&self) -> String {
        let since = self
            .since
            .map_or_else(|| "all".to_owned(), |since| since.to_string());
        let text = format!(
            "{}\n{}\n{}\n{since}\n{}\n{}\n{}",
            self.epoch, self.generation, self.began, self.skip, self.select, self.filter
        );
        base64_url(text.as_bytes())
    }

    pub(super) fn read(token: &str) -> Option<Self> {
        let text = String::from_utf8(from_base64(token)?).ok()?;
        let mut lines = text.split('\n');
        Some(Self {
            epoch: lines.next()?.parse().ok()?,
            generation: lines.next()?.parse().ok()?,
            began: lines.next()?.parse().ok()?,
            since: match lines.next()? {
                "all" => None,
                since => Some(since.parse().ok()?),
            },
            skip: lines.next()?.parse().ok()?,
            select: lines.next()?.to_owned(),
            filter: lines.next()?.to_owned(),
        })
    }
}

pub(super) fn changes(server: &Shared, call: &Call) -> Answer {
    let desk = server.desk.look();
    let epoch = server.epoch.load(Ordering::Relaxed);
    let text = |name: &str| call.asked.filled(name).unwrap_or_default().to_owned();
    let start = |since| Place {
        epoch,
        generation: desk.register.generation,
        began: desk.register.position(),
        since,
        skip: 0,
        select: text("$select"),
        filter: text("$filter"),
    };
    let place = match (call.asked.filled("$deltatoken"), call.asked.filled("$skiptoken")) {
        (Some("latest"), _) => start(Some(desk.register.position())),
        (Some(token), _) => {
            let last = Place::read(token).ok_or_else(|| bad_request("Badly formed token."))?;
            refuse_forgotten(server, &desk, &last, "users", desk.register.position())?;
            Place {
                began: desk.register.position(),
                since: Some(last.began),
                skip: 0,
                ..last
            }
        }
        (None, Some(token)) => {
            let place = Place::read(token).ok_or_else(|| bad_request("Badly formed token."))?;
            refuse_forgotten(server, &desk, &place, "users", desk.register.position())?;
            place
        }
        (None, None) => start(None),
    };
    let filter = match place.filter.as_str() {
        "" => None,
        source => Some(read_filter(source)?),
    };
    let mut numbers = numbers(&desk, call, &place, filter.as_ref());
    if server.replays.load(Ordering::Relaxed) {
        let earlier = Place {
            since: place.since.map(|since| since.saturating_sub(REPLAYED)),
            ..Place::read(&place.write()).unwrap_or_else(|| start(None))
        };
        let again = self::numbers(&desk, call, &earlier, filter.as_ref());
        numbers = again.into_iter().chain(numbers).collect();
    }
    let page = cut(numbers.len(), place.skip, PAGE, &call.trouble);
    // The manager is another object, and is told beside the properties.
    let (managers, names): (Vec<&str>, Vec<&str>) =
        place.select.split(',').partition(|name| *name == "manager");
    let names = names.join(",");
    let select = Select::read(Some(&names), &USUAL, "user");
    let with_manager = !managers.is_empty();
    let rows = numbers.get(page.places).unwrap_or_default().iter();
    let rows: Result<Vec<Value>, Refused> = rows
        .map(|number| Ok(Value::Object(row(&desk, *number, &select, with_manager, call)?)))
        .collect();
    let more = place.skip + PAGE < numbers.len() && call.trouble.answer != Some(AnswerFault::Empty {});
    let (link, name, next) = if more {
        let skip = place.skip + PAGE;
        ("@odata.nextLink", "$skiptoken", Place { skip, ..place })
    } else {
        ("@odata.deltaLink", "$deltatoken", Place { skip: 0, ..place })
    };
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), server.link("$metadata#users").into());
    let address = format!("users/delta?{name}={}", next.write());
    body.insert(link.to_owned(), server.link(&address).into());
    let rows = rows?;
    server.show(rows.len());
    body.insert("value".to_owned(), rows.into());
    Ok(ok(&body.into()))
}

/// 410 with the address to start again at.
pub(super) fn refuse_forgotten(
    server: &Shared,
    desk: &Desk,
    place: &Place,
    kind: &str,
    position: usize,
) -> Result<(), Refused> {
    let known = place.epoch == server.epoch.load(Ordering::Relaxed)
        && place.generation == desk.register.generation
        && place.began <= position;
    if known {
        return Ok(());
    }
    let mut answer = refuse(
        StatusCode::GONE,
        "syncStateNotFound",
        "The sync state generation is not found; please retry from scratch.",
    );
    let mut address = server.link(&format!("{kind}/delta?$skiptoken="));
    let fresh = Place {
        epoch: server.epoch.load(Ordering::Relaxed),
        generation: desk.register.generation,
        began: position,
        since: None,
        skip: 0,
        select: place.select.clone(),
        filter: place.filter.clone(),
    };
    address.push_str(&fresh.write());
    if let Ok(address) = HeaderValue::try_from(address) {
        answer.headers_mut().insert(LOCATION, address);
    }
    Err(answer.into())
}

/// Only ids may be asked for, and not many.
fn read_filter(source: &str) -> Result<Filter, Refused> {
    let filter = Filter::parse(source)?;
    let mut names = Vec::new();
    filter.names(&mut names);
    if names.iter().any(|name| *name != "id") || names.len() > MOST_IDS {
        return Err(bad_request(
            "Only id can be filtered in change tracking, up to 50 of them.",
        ));
    }
    Ok(filter)
}

/// Everybody in the first round, later those something happened to, in the order of the last thing.
fn numbers(desk: &Desk, call: &Call, place: &Place, filter: Option<&Filter>) -> Vec<u32> {
    let mut numbers: Vec<u32> = match place.since {
        None => desk.users().map(crate::population::Person::number).collect(),
        Some(since) => {
            let happened = desk.register.since(since).unwrap_or_default();
            let happened = happened
                .get(..place.began.saturating_sub(since))
                .unwrap_or(happened);
            let mut seen = std::collections::HashSet::new();
            let mut last: Vec<u32> = happened
                .iter()
                .rev()
                .map(|noted| noted.number)
                .filter(|number| seen.insert(*number))
                .collect();
            last.reverse();
            last
        }
    };
    numbers.retain(|number| {
        let gone = is_gone(*number, call.trouble.faults.gone_per_mille);
        let id = || Object::from_iter([("id".to_owned(), desk.id(*number).into())]);
        !gone && filter.is_none_or(|filter| filter.holds(&id()))
    });
    numbers
}

fn row(
    desk: &Desk,
    number: u32,
    select: &Select,
    with_manager: bool,
    call: &Call,
) -> Result<Object, Refused> {
    let removed = |reason: &str| {
        let id = Value::from(desk.id(number));
        Object::from_iter([
            ("id".to_owned(), id),
            ("@removed".to_owned(), json!({ "reason": reason })),
        ])
    };
    match desk.register.population().person(number) {
        None => Ok(removed("deleted")),
        Some(_) if desk.is_deleted(number) => Ok(removed("changed")),
        Some(person) => {
            let mut record = select.pick(user(desk, person), call)?;
            record.insert("id".to_owned(), person.object_id().into());
            if let Some(manager) = manager(desk, person).filter(|_| with_manager) {
                let manager = json!({ "@odata.type": "#microsoft.graph.user", "id": desk.id(manager) });
                record.insert("manager@delta".to_owned(), json!([manager]));
            }
            Ok(record)
        }
    }
}
