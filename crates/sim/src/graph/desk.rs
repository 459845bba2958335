//! Everything Graph knows, and whom it notifies.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::AtomicBool},
};

use axum::http::header::CONTENT_TYPE;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{groups, record::covers};
use crate::{
    population::{Person, Population, Space},
    stage::{
        answer::Object,
        courier::{Courier, Parcel},
        register::{Noted, Register, What},
        table::Table,
    },
};

/// Something that happened to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GroupNoted {
    pub(super) group: u64,
    pub(super) what: GroupWhat,
}

/// What it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GroupWhat {
    /// It was made.
    Made,
    /// It changed, or was deleted.
    Changed,
    /// Somebody came, or went.
    Member(u32, bool),
}

/// The users, the groups, and who wants to know.
pub(super) struct Desk {
    pub(super) register: Register,
    pub(super) groups: Table,
    /// Who was put into a group or taken out of it, over what the population says.
    pub(super) memberships: HashMap<(u64, u32), bool>,
    pub(super) subscriptions: Table,
    /// The ids of the licences that come with groups.
    pub(super) group_licences: HashMap<u64, Vec<String>>,
    /// What happened to groups since somebody follows them.
    pub(super) group_log: Vec<GroupNoted>,
    /// Who was in which groups when last looked at; `None` until somebody follows them.
    tracked: Option<HashMap<u32, Vec<u64>>>,
    tenant: String,
    courier: Courier,
}

impl Desk {
    pub(super) fn new(population: Population, tenant: String, courier: Courier) -> Self {
        Self {
            register: Register::new(population, covers),
            groups: groups::first_groups(),
            memberships: HashMap::new(),
            subscriptions: Table::default(),
            group_licences: HashMap::new(),
            group_log: Vec::new(),
            tracked: None,
            tenant,
            courier,
        }
    }

    /// Whether the user can only be restored.
    pub(super) fn is_deleted(&self, number: u32) -> bool {
        let since = self.register.written(number, "deletedDateTime");
        since.is_some_and(|since| !since.is_null())
    }

    /// Everybody who is not deleted.
    pub(super) fn users(&self) -> impl Iterator<Item = Person<'_>> {
        let people = self.register.population().people();
        people.filter(|person| !self.is_deleted(person.number()))
    }

    pub(super) fn id(&self, number: u32) -> String {
        self.register
            .population()
            .uuid(Space::Directory, u64::from(number))
    }

    /// Lets `act` change something, and notifies those who want to know.
    pub(super) fn act<T>(&mut self, act: impl FnOnce(&mut Register) -> T) -> T {
        let (before, generation) = (self.register.position(), self.register.generation);
        let result = act(&mut self.register);
        if self.register.generation != generation {
            self.tracked = None;
            self.group_log.clear();
            self.memberships.clear();
        }
        let news = self.register.since(before).unwrap_or_default().to_vec();
        if !news.is_empty() {
            self.notify(&news);
        }
        for noted in news {
            self.track(noted.number);
        }
        result
    }

    /// Begins to note who comes to groups and leaves them.
    pub(super) fn follow_groups(&mut self) {
        if self.tracked.is_none() {
            let tracked = self
                .users()
                .map(|person| (person.number(), groups::groups_of(self, person, false)));
            self.tracked = Some(tracked.collect());
        }
    }

    /// Notes which groups the person came to and left since last looked at.
    pub(super) fn track(&mut self, number: u32) {
        let person = self.register.population().person(number);
        let person = person.filter(|_| !self.is_deleted(number));
        let now = person.map_or_else(Vec::new, |person| groups::groups_of(self, person, false));
        let Some(tracked) = &mut self.tracked else { return };
        let before = tracked.insert(number, now.clone()).unwrap_or_default();
        let came = now
            .iter()
            .filter(|group| !before.contains(group))
            .map(|group| (*group, true));
        let left = before
            .iter()
            .filter(|group| !now.contains(group))
            .map(|group| (*group, false));
        let noted = came.chain(left).map(|(group, is_in)| GroupNoted {
            group,
            what: GroupWhat::Member(number, is_in),
        });
        self.group_log.extend(noted.collect::<Vec<_>>());
    }

    /// Notes that the group itself changed.
    pub(super) fn note_group(&mut self, group: u64, what: GroupWhat) {
        if self.tracked.is_some() {
            self.group_log.push(GroupNoted { group, what });
        }
    }

    fn notify(&self, news: &[Noted]) {
        for (_, row) in self.subscriptions.rows() {
            let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
            let ended = text("expirationDateTime")
                .parse::<Timestamp>()
                .is_ok_and(|end| end < Timestamp::now());
            if ended || !text("resource").trim_start_matches('/').starts_with("users") {
                continue;
            }
            let wanted: Vec<&str> = text("changeType").split(',').map(str::trim).collect();
            let value: Vec<Value> = news
                .iter()
                .filter_map(|noted| {
                    let change = match noted.what {
                        What::Created | What::Updated => "updated",
                        What::Deleted => "deleted",
                    };
                    wanted
                        .contains(&change)
                        .then(|| self.notice(row, noted.number, change))
                })
                .collect();
            if !value.is_empty() {
                self.courier.send(Parcel {
                    url: text("notificationUrl").to_owned(),
                    headers: vec![(CONTENT_TYPE.as_str(), "application/json".to_owned())],
                    body: json!({ "value": value }).to_string(),
                    taken: Arc::new(AtomicBool::new(false)),
                });
            }
        }
    }

    fn notice(&self, subscription: &Object, number: u32, change: &str) -> Value {
        let id = self.id(number);
        json!({
            "subscriptionId": subscription["id"],
            "subscriptionExpirationDateTime": subscription["expirationDateTime"],
            "clientState": subscription.get("clientState"),
            "changeType": change,
            "resource": format!("Users/{id}"),
            "tenantId": self.tenant,
            "resourceData": {
                "@odata.type": "#Microsoft.Graph.User",
                "@odata.id": format!("Users/{id}"),
                "id": id,
            },
        })
    }
}
