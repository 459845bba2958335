//! The people together with their rendered records, kept in step.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Map, Value};

use super::{
    pick::each_field,
    query::Selection,
    record::{write_record, write_text},
    shelf::Shelf,
    taken::Taken,
    view::{Order, View},
};
use crate::population::{Changes, Event, EventKind, Person, Population};

/// How many worked-out orders are remembered.
const REMEMBERED_VIEWS: usize = 32;

/// The population as JumpCloud shows it.
pub(super) struct Desk {
    population: Population,
    /// What was written through the API, by number; it covers what the population says.
    written: HashMap<u32, Map<String, Value>>,
    shelf: Shelf,
    /// Made by the first write.
    taken: Option<Taken>,
    views: Mutex<HashMap<Selection, Arc<View>>>,
}

impl Desk {
    pub(super) fn new(population: Population) -> Self {
        let mut desk = Self {
            population,
            written: HashMap::new(),
            shelf: Shelf::default(),
            taken: None,
            views: Mutex::default(),
        };
        desk.catch_up();
        desk
    }

    pub(super) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// The people.
    pub(super) fn population(&self) -> &Population {
        &self.population
    }

    /// The rendered record of that id, with its number.
    pub(super) fn find(&self, id: &str) -> Option<(u32, &[u8])> {
        let number = self.population.number_of_id(id)?;
        Some((number, self.shelf.record(self.shelf.position(number)?)))
    }

    /// Lets `act` change the population, and shows the result.
    pub(super) fn change<T>(&mut self, act: impl FnOnce(&mut Population) -> T) -> T {
        let result = act(&mut self.population);
        self.catch_up();
        result
    }

    /// As [`Desk::change`], with the events told the way the API showed the people.
    pub(super) fn happen(&mut self, act: impl FnOnce(&mut Population) -> Vec<Event>) -> Vec<Event> {
        let mut events = act(&mut self.population);
        for event in &mut events {
            self.tell_as_written(event);
        }
        self.catch_up();
        events
    }

    /// The number of whoever was given that employee identifier through the API.
    pub(super) fn written_employee(&self, identifier: &str) -> Option<String> {
        let wears = |map: &Map<String, Value>| {
            map.get("employeeIdentifier")
                .is_some_and(|value| value == identifier)
        };
        let (number, _) = self.written.iter().find(|(_, map)| wears(map))?;
        self.population.person(*number).map(Person::id)
    }

    /// What was written about that person so far.
    pub(super) fn written(&self, number: u32) -> Map<String, Value> {
        self.written.get(&number).cloned().unwrap_or_default()
    }

    /// The record as it would be with `fields` written about that person; `None` for somebody new.
    pub(super) fn preview(&self, number: Option<u32>, fields: &Map<String, Value>) -> Vec<u8> {
        let mut record = Vec::new();
        match number.and_then(|number| self.population.person(number)) {
            Some(person) => render(&mut record, person, Some(fields)),
            None => drop(serde_json::to_writer(&mut record, fields)),
        }
        record
    }

    /// The field of a record that must be unique and is not.
    pub(super) fn clash(&mut self, record: &[u8], number: Option<u32>) -> Option<(&str, String)> {
        self.taken
            .get_or_insert_with(|| Taken::read(&self.shelf))
            .clash(record, number)
    }

    /// Writes `fields` about a person, or about somebody new, and gives back the record.
    pub(super) fn write(&mut self, number: Option<u32>, fields: Map<String, Value>) -> &[u8] {
        let number = number.unwrap_or_else(|| self.population.admit_blank());
        self.written.insert(number, fields);
        self.catch_up();
        self.refresh(number);
        self.forget_views();
        self.shelf
            .position(number)
            .map_or(&[], |position| self.shelf.record(position))
    }

    /// Where things stand in the selection's order.
    pub(super) fn order(&self, selection: &Selection) -> Order {
        if let Some(plain) = Order::plain(selection) {
            return plain;
        }
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(view) = views.get(selection) {
            return Order::Sorted(Arc::clone(view));
        }
        if views.len() >= REMEMBERED_VIEWS {
            views.clear();
        }
        let view = Arc::new(View::work_out(selection, &self.shelf));
        views.insert(selection.clone(), Arc::clone(&view));
        Order::Sorted(view)
    }

    fn catch_up(&mut self) {
        match self.population.take_changes() {
            Changes::All => {
                self.written.clear();
                self.taken = None;
                self.shelf = Shelf::with_capacity(self.population.len());
                for person in self.population.people() {
                    self.shelf.push(person.number(), |out| write_record(out, person));
                }
            }
            Changes::Some(changed) if changed.is_empty() => return,
            Changes::Some(changed) => self.follow(&changed),
        }
        self.forget_views();
    }

    fn forget_views(&mut self) {
        self.views
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Brings the shelf in line again.
    fn follow(&mut self, changed: &[(u32, &'static [&'static str])]) {
        for (number, attributes) in changed {
            if let Some(fields) = self.written.get_mut(number) {
                attributes.iter().for_each(|name| drop(fields.remove(*name)));
            }
            match (self.shelf.position(*number), self.population.person(*number)) {
                (Some(_), Some(_)) => self.refresh(*number),
                (None, Some(person)) => {
                    self.shelf
                        .push(*number, |out| render(out, person, self.written.get(number)));
                    if let Some(taken) = &mut self.taken {
                        taken.learn(self.shelf.record(self.shelf.len() - 1), *number);
                    }
                }
                (shelved, None) => {
                    self.written.remove(number);
                    if let Some(position) = shelved {
                        if let Some(taken) = &mut self.taken {
                            taken.forget(self.shelf.record(position));
                        }
                        self.shelf.remove(position);
                    }
                }
            }
        }
    }

    /// Renders the record of that number again.
    fn refresh(&mut self, number: u32) {
        let (Some(position), Some(person)) = (self.shelf.position(number), self.population.person(number))
        else {
            return;
        };
        if let Some(taken) = &mut self.taken {
            taken.forget(self.shelf.record(position));
        }
        self.shelf
            .replace(position, |out| render(out, person, self.written.get(&number)));
        if let Some(taken) = &mut self.taken {
            taken.learn(self.shelf.record(position), number);
        }
    }

    /// Puts into an event what had been written over the population's own values.
    fn tell_as_written(&self, event: &mut Event) {
        let number = self.population.number_of_id(&event.id);
        let Some(fields) = number.and_then(|number| self.written.get(&number)) else {
            return;
        };
        let text = |name: &str| {
            fields
                .get(name)
                .map(|value| value.as_str().map_or(value.to_string(), str::to_owned))
        };
        for change in &mut event.changes {
            change.before = text(change.attribute).or(change.before.take());
        }
        event.employee_identifier = text("employeeIdentifier").or(event.employee_identifier.take());
        if event.kind != EventKind::Rename {
            let names: Vec<_> = [text("firstname"), text("lastname")]
                .into_iter()
                .flatten()
                .collect();
            event.name = text("displayname")
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| {
                    if names.is_empty() {
                        event.name.clone()
                    } else {
                        names.join(" ")
                    }
                });
        }
    }
}

/// Appends the person's record with the written fields over it.
fn render(out: &mut Vec<u8>, person: Person<'_>, written: Option<&Map<String, Value>>) {
    let Some(written) = written.filter(|written| !written.is_empty()) else {
        return write_record(out, person);
    };
    let mut record = Vec::new();
    write_record(&mut record, person);
    out.push(b'{');
    let mut named = Vec::new();
    each_field(&record, |name, value| {
        let value = written
            .get(name)
            .map_or_else(|| value.get().to_owned(), Value::to_string);
        write_field(out, name, &value);
        named.push(name.to_owned());
    });
    for (name, value) in written.iter().filter(|(name, _)| !named.contains(name)) {
        write_field(out, name, &value.to_string());
    }
    out.push(b'}');
}

/// Appends one field of an object that has begun.
pub(super) fn write_field(out: &mut Vec<u8>, name: &str, value: &str) {
    if !out.ends_with(b"{") {
        out.push(b',');
    }
    write_text(out, name);
    out.push(b':');
    out.extend_from_slice(value.as_bytes());
}
