//! The people with what was written about them through an API, and what changed when.

use std::collections::HashMap;

use jiff::Timestamp;

use super::answer::Object;
use crate::{
    SimError,
    population::{Changes, Event, EventKind, Person, Population, Whom},
};

/// The people as one vendor keeps them.
pub(crate) struct Register {
    population: Population,
    /// Which of the vendor's fields show an attribute of the population.
    covers: fn(&str) -> &'static [&'static str],
    /// What was written, by number; it covers what the population says.
    written: HashMap<u32, Object>,
    /// When people were last changed; those not in here are as they were made.
    changed: HashMap<u32, Timestamp>,
    log: Vec<Noted>,
    /// One more than the highest number seen.
    next: u32,
    /// How often everybody was replaced.
    pub(crate) generation: u32,
}

/// Something that happened to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) number: u32,
    pub(crate) what: What,
    /// The population's attributes that may have changed; none when something was written.
    pub(crate) attributes: &'static [&'static str],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Created,
    Updated,
    Deleted,
}

impl Register {
    pub(crate) fn new(population: Population, covers: fn(&str) -> &'static [&'static str]) -> Self {
        let mut register = Self {
            population,
            covers,
            written: HashMap::new(),
            changed: HashMap::new(),
            log: Vec::new(),
            next: 0,
            generation: 0,
        };
        register.catch_up();
        register
    }

    pub(crate) fn population(&self) -> &Population {
        &self.population
    }

    /// Lets `act` change the people.
    pub(crate) fn change<T>(&mut self, act: impl FnOnce(&mut Population) -> T) -> T {
        let result = act(&mut self.population);
        self.catch_up();
        result
    }

    pub(crate) fn event(&mut self, kind: EventKind, whom: &Whom, seed: u64) -> Result<Event, SimError> {
        self.change(|population| population.event(kind, whom, seed))
    }

    pub(crate) fn day(&mut self, seed: u64) -> Vec<Event> {
        self.change(|population| population.day(seed))
    }

    /// The person's record as `render` makes it, with what was written over it.
    pub(crate) fn shown<'a>(&self, person: Person<'a>, render: impl FnOnce(Person<'a>) -> Object) -> Object {
        let mut record = render(person);
        if let Some(written) = self.written.get(&person.number()) {
            record.extend(written.clone());
        }
        record
    }

    /// What was written into that field of that person.
    pub(crate) fn written(&self, number: u32, field: &str) -> Option<&serde_json::Value> {
        self.written.get(&number)?.get(field)
    }

    /// Writes these fields about a person, or about somebody new, and gives back the number.
    pub(crate) fn write(&mut self, number: Option<u32>, fields: Object) -> u32 {
        let known = number.is_some();
        let number = number.unwrap_or_else(|| self.population.admit_blank());
        self.written.entry(number).or_default().extend(fields);
        self.catch_up();
        if known {
            self.note(number, &[]);
        }
        number
    }

    /// Takes somebody out for good.
    pub(crate) fn strike(&mut self, number: u32) {
        self.change(|population| population.strike(number));
    }

    /// When the person was last changed.
    pub(crate) fn changed(&self, person: Person<'_>) -> Timestamp {
        let at_first = person.created() + i64::try_from(person.chance(62, 10_000_000)).unwrap_or(0);
        let at_first = Timestamp::from_second(at_first).unwrap_or_default();
        self.changed.get(&person.number()).copied().unwrap_or(at_first)
    }

    /// What happened after the first `position` things; `None` when there were never so many.
    pub(crate) fn since(&self, position: usize) -> Option<&[Noted]> {
        self.log.get(position..)
    }

    /// How many things happened.
    pub(crate) fn position(&self) -> usize {
        self.log.len()
    }

    fn catch_up(&mut self) {
        match self.population.take_changes() {
            Changes::All => {
                self.generation += 1;
                self.written.clear();
                self.changed.clear();
                self.log.clear();
                self.next = self
                    .population
                    .people()
                    .last()
                    .map_or(0, |person| person.number() + 1);
            }
            Changes::Some(changes) => {
                for (number, attributes) in changes {
                    self.note(number, attributes);
                }
            }
        }
    }

    fn note(&mut self, number: u32, attributes: &'static [&'static str]) {
        let what = if self.population.person(number).is_none() {
            self.written.remove(&number);
            What::Deleted
        } else if number >= self.next {
            What::Created
        } else {
            What::Updated
        };
        self.next = self.next.max(number + 1);
        if let Some(written) = self.written.get_mut(&number) {
            for field in attributes.iter().flat_map(|attribute| (self.covers)(attribute)) {
                written.remove(*field);
            }
        }
        self.changed.insert(number, Timestamp::now());
        self.log.push(Noted {
            number,
            what,
            attributes,
        });
    }
}
