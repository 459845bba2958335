//! Everything Remote knows, and whom it tells.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::http::header::CONTENT_TYPE;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::record::covers;
use crate::{
    population::{Population, Space, departments},
    stage::{
        answer::{moment, object},
        courier::{Courier, Parcel},
        encoding::hmac_sha256_hex,
        register::{Noted, Register, What},
        table::Table,
    },
};

/// The people, what belongs to them, and who wants to be told.
pub(super) struct Desk {
    pub(super) register: Register,
    /// Departments by number; their ids follow from it.
    pub(super) departments: Table,
    pub(super) offboardings: Table,
    /// Who is told what, with the key and the address.
    pub(super) callbacks: Table,
    pub(super) told: Vec<Told>,
    courier: Courier,
}

/// A message that was sent.
pub(super) struct Told {
    pub(super) id: String,
    pub(super) event_type: String,
    pub(super) first: Timestamp,
    parcel: Parcel,
}

impl Told {
    pub(super) fn shown(&self, company: &str) -> Value {
        json!({
            "id": self.id,
            "event_type": self.event_type,
            "company_id": company,
            "successfully_delivered": self.was_taken(),
            "first_triggered_at": moment(self.first),
            "last_triggered_at": moment(self.first),
        })
    }

    pub(super) fn was_taken(&self) -> bool {
        self.parcel.taken.load(Ordering::Relaxed)
    }
}

impl Desk {
    pub(super) fn new(population: Population, courier: Courier) -> Self {
        let named = |name: &'static str| move |_| object(json!({ "name": name }));
        Self {
            register: Register::new(population, covers),
            departments: Table::of(1, departments().map(named)),
            offboardings: Table::default(),
            callbacks: Table::default(),
            told: Vec::new(),
            courier,
        }
    }

    pub(super) fn company(&self) -> String {
        self.register.population().uuid(Space::Company, 0)
    }

    /// Lets `act` change something, and tells those who want to know.
    pub(super) fn act<T>(&mut self, act: impl FnOnce(&mut Register) -> T) -> T {
        let before = self.register.position();
        let result = act(&mut self.register);
        let news = self.register.since(before).unwrap_or_default().to_vec();
        for noted in news {
            let employment = self
                .register
                .population()
                .uuid(Space::Employment, u64::from(noted.number));
            for event_type in event_types(noted) {
                self.tell(event_type, &json!({ "employment_id": employment }));
            }
        }
        result
    }

    /// Sends the event to everybody who wants it, with the ids that go with it.
    pub(super) fn tell(&mut self, event_type: &str, ids: &Value) {
        let mut body = object(json!({ "event_type": event_type, "company_id": self.company() }));
        body.extend(object(ids.clone()));
        let body = Value::Object(body).to_string();
        let now = Timestamp::now();
        let wants = |row: &&crate::stage::answer::Object| {
            let listed = row.get("subscribed_events").and_then(Value::as_array);
            row.get("subscribe_to_all_events") == Some(&Value::Bool(true))
                || listed.is_some_and(|listed| listed.iter().any(|event| event == event_type))
        };
        let parcels: Vec<Parcel> = self
            .callbacks
            .rows()
            .map(|(_, row)| row)
            .filter(wants)
            .map(|row| {
                let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
                parcel(text("url"), text("signing_key"), &body, now)
            })
            .collect();
        for parcel in parcels {
            let id = self
                .register
                .population()
                .uuid(Space::Other, 1_000_000 + self.told.len() as u64);
            self.courier.send(parcel.clone());
            self.told.push(Told {
                id,
                event_type: event_type.to_owned(),
                first: now,
                parcel,
            });
        }
    }

    /// Sends again, as it was, what has one of these ids; says how many were found.
    pub(super) fn replay(&self, wanted: impl Fn(&Told) -> bool) -> usize {
        let found = self.told.iter().filter(|told| wanted(told));
        found.map(|told| self.courier.send(told.parcel.clone())).count()
    }
}

/// A signed message. The time is that of the first try.
fn parcel(url: &str, key: &str, body: &str, now: Timestamp) -> Parcel {
    let time = now.as_millisecond().to_string();
    let signature = hmac_sha256_hex(key.as_bytes(), format!("{body}:{time}").as_bytes());
    Parcel {
        url: url.to_owned(),
        headers: vec![
            (CONTENT_TYPE.as_str(), "application/json".to_owned()),
            ("x-remote-signature", signature),
            ("x-remote-timestamp", time),
        ],
        body: body.to_owned(),
        taken: Arc::new(AtomicBool::new(false)),
    }
}

/// What is told of something that happened.
fn event_types(noted: Noted) -> &'static [&'static str] {
    let changed = |attribute| noted.attributes.contains(&attribute);
    match noted.what {
        What::Created if noted.attributes.is_empty() => &["employment.onboarding.started"],
        What::Created => &[
            "employment.onboarding.started",
            "employment.onboarding.completed",
            "employment.user_status.activated",
        ],
        What::Deleted => &["employment.status.updated", "employment.user_status.deactivated"],
        What::Updated if changed("suspended") => &[
            "employment.status.updated",
            "offboarding.completed",
            "employment.user_status.deactivated",
        ],
        What::Updated if changed("lastname") => &[
            "employment.personal_information.updated",
            "employment.work_email.updated",
            "employment.updated",
        ],
        What::Updated if changed("jobTitle") => &["employment.details.updated", "employment.updated"],
        What::Updated => &["employment.updated"],
    }
}
