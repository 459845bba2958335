//! What happens to people: they are hired, move, change their name, leave, and are forgotten.

use serde::Serialize;

use super::{
    Person, Population,
    dice::Dice,
    entry::{Entry, Gap, State, Word},
    small8, titles,
    workplace::{DEPARTMENTS, SITES},
};
use crate::SimError;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// Somebody new came.
    Hire,
    /// Department, title, cost centre or location changed.
    Move,
    /// Employment ended; the record stays, suspended.
    Terminate,
    /// The family name changed, and with it user name and address.
    Rename,
    /// The record is gone.
    Remove,
}

/// One attribute before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its name, as JumpCloud calls it.
    pub attribute: &'static str,
    /// What it was; `None` when it was missing, or there was no record.
    pub before: Option<String>,
    /// What it is now; `None` when it is missing, or there is no record.
    pub after: Option<String>,
}

/// What happened to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The record's id.
    pub id: String,
    /// The number on the contract, unless the record lacks it.
    pub employee_identifier: Option<String>,
    /// The full name, the new one after a change of name.
    pub name: String,
    /// Every attribute that differs, but not the phones, addresses and private mail that follow from them.
    pub changes: Vec<Change>,
}

/// Whom an event should happen to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Whom {
    /// Somebody the seed picks.
    #[default]
    Anyone,
    /// The one with this employee identifier.
    Employee(String),
    /// The one with this id.
    Id(String),
}

impl EventKind {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hire => "hire",
            Self::Move => "move",
            Self::Terminate => "terminate",
            Self::Rename => "rename",
            Self::Remove => "remove",
        }
    }

    /// The attributes it may change, as JumpCloud calls them.
    pub(crate) fn attributes(self) -> &'static [&'static str] {
        match self {
            Self::Hire | Self::Remove => &[
                "firstname",
                "lastname",
                "username",
                "email",
                "department",
                "jobTitle",
                "costCenter",
                "location",
                "state",
            ],
            Self::Move => &["department", "jobTitle", "costCenter", "location"],
            Self::Terminate => &["state", "suspended", "activated", "attributes"],
            Self::Rename => &["lastname", "displayname", "username", "email"],
        }
    }
}

impl Population {
    /// Somebody new starts today, named and placed by `seed`.
    pub fn hire(&mut self, seed: u64) -> Event {
        let mut dice = Dice::new(seed, 1);
        let mut entry = self.make_up(&mut dice);
        entry.state = State::Active;
        (entry.start, entry.end) = (self.today, None);
        entry.manager = match self.entries.len() {
            0 => None,
            people => self.entries.get(dice.below(people)).map(|manager| manager.number),
        };
        let number = entry.number;
        self.entries.push(entry);
        self.note(number, EventKind::Hire.attributes());
        self.report(EventKind::Hire, number, None)
    }

    /// Gives somebody another department, title or location; `seed` says which, and whom if that is open.
    ///
    /// # Errors
    ///
    /// When there is nobody like that.
    pub fn transfer(&mut self, whom: &Whom, seed: u64) -> Result<Event, SimError> {
        self.happen(EventKind::Move, whom, seed, |_, entry, dice| {
            if dice.happens(700) || entry.lacks(Gap::Department) {
                entry.department = other(entry.department, DEPARTMENTS.len(), dice);
                entry.gaps &= !(Gap::Department as u8);
                entry.title = small8(dice.below(titles(entry.department)));
            } else {
                entry.title = other(entry.title, titles(entry.department), dice);
            }
            if dice.happens(400) || SITES.get(usize::from(entry.site)).is_none() {
                entry.site = other(entry.site, SITES.len(), dice);
            }
        })
    }

    /// Ends somebody's employment today; the record is suspended, not removed.
    ///
    /// # Errors
    ///
    /// When there is nobody like that, or nobody left who is not suspended.
    pub fn terminate(&mut self, whom: &Whom, seed: u64) -> Result<Event, SimError> {
        self.happen(EventKind::Terminate, whom, seed, |today, entry, _| {
            entry.state = State::Suspended;
            entry.end = Some(today);
        })
    }

    /// Gives somebody another family name, sometimes next to the old one, and the user name and address that follow.
    ///
    /// # Errors
    ///
    /// When there is nobody like that.
    pub fn rename(&mut self, whom: &Whom, seed: u64) -> Result<Event, SimError> {
        let tidy = self.mess == super::Mess::None;
        self.happen(EventKind::Rename, whom, seed, |_, entry, dice| {
            let culture = if tidy { super::PLAIN } else { entry.culture };
            let mut family = entry.family;
            while family == entry.family {
                family = super::listed(culture, super::CULTURES[usize::from(culture)].family, dice);
            }
            let keeps_old_name = !tidy && dice.happens(300);
            entry.second_family = if keeps_old_name {
                entry.family
            } else {
                Word::Absent
            };
            entry.family = family;
            entry.gaps &= !(Gap::Family as u8);
        })
    }

    /// Deletes somebody's record. Those they managed keep naming them.
    ///
    /// # Errors
    ///
    /// When there is nobody like that.
    pub fn remove(&mut self, whom: &Whom, seed: u64) -> Result<Event, SimError> {
        let position = self.pick(EventKind::Remove, whom, &mut Dice::new(seed, 6))?;
        let number = self.entries.get(position).map_or(0, |entry| entry.number);
        let before = self.snapshot(EventKind::Remove, number);
        let mut event = self.report(EventKind::Remove, number, None);
        event.changes = before
            .into_iter()
            .filter(|(_, value)| value.is_some())
            .map(|(attribute, before)| Change {
                attribute,
                before,
                after: None,
            })
            .collect();
        self.strike(number);
        Ok(event)
    }

    /// A day in the life of the company, which is the next one: a mixture of events, their number growing with the
    /// population. At least one of each kind while there is anybody.
    pub fn day(&mut self, seed: u64) -> Vec<Event> {
        self.today = self.today.saturating_add(1);
        let people = self.len();
        let mut dice = Dice::new(seed, 7);
        let mut happened = Vec::new();
        for (kind, one_in) in [
            (EventKind::Hire, 1500),
            (EventKind::Move, 700),
            (EventKind::Rename, 4000),
            (EventKind::Terminate, 2000),
            (EventKind::Remove, 8000),
        ] {
            for _ in 0..=people / one_in {
                let seed = (u64::from(dice.bits()) << 32) | u64::from(dice.bits());
                happened.extend(self.event(kind, &Whom::Anyone, seed).ok());
            }
        }
        happened
    }

    /// One event of the kind. A hire takes no notice of `whom`.
    ///
    /// # Errors
    ///
    /// When there is nobody like that.
    pub fn event(&mut self, kind: EventKind, whom: &Whom, seed: u64) -> Result<Event, SimError> {
        match kind {
            EventKind::Hire => Ok(self.hire(seed)),
            EventKind::Move => self.transfer(whom, seed),
            EventKind::Terminate => self.terminate(whom, seed),
            EventKind::Rename => self.rename(whom, seed),
            EventKind::Remove => self.remove(whom, seed),
        }
    }

    fn happen(
        &mut self,
        kind: EventKind,
        whom: &Whom,
        seed: u64,
        act: impl FnOnce(u16, &mut Entry, &mut Dice),
    ) -> Result<Event, SimError> {
        let mut dice = Dice::new(seed, 2 + kind as u64);
        let position = self.pick(kind, whom, &mut dice)?;
        let today = self.today;
        let mut entry = self.entries[position].clone();
        let number = entry.number;
        let before = self.snapshot(kind, number);
        act(today, &mut entry, &mut dice);
        if kind == EventKind::Rename {
            self.name_uniquely(&mut entry);
        }
        self.entries[position] = entry;
        self.note(number, kind.attributes());
        Ok(self.report(kind, number, Some(before)))
    }

    /// Where the person stands that the event happens to.
    fn pick(&self, kind: EventKind, whom: &Whom, dice: &mut Dice) -> Result<usize, SimError> {
        let (number, name) = match whom {
            Whom::Anyone => return self.pick_anyone(kind, dice),
            Whom::Id(id) => (self.number_of_id(id), id),
            Whom::Employee(identifier) => {
                let digits = identifier
                    .strip_prefix("E-")
                    .and_then(|digits| digits.parse::<u32>().ok());
                let person = digits.and_then(|digits| self.person(digits.checked_sub(100_000)?));
                let found = person.filter(|person| person.employee_identifier().as_ref() == Some(identifier));
                (found.map(Person::number), identifier)
            }
        };
        number
            .and_then(|number| self.position(number))
            .ok_or_else(|| SimError::Unknown { whom: name.clone() })
    }

    fn pick_anyone(&self, kind: EventKind, dice: &mut Dice) -> Result<usize, SimError> {
        let people = self.entries.len();
        let first = dice.below(people);
        let fits = |position: &usize| {
            kind != EventKind::Terminate
                || self
                    .entries
                    .get(*position)
                    .is_some_and(|entry| entry.state != State::Suspended)
        };
        (first..people)
            .chain(0..first)
            .find(fits)
            .ok_or(SimError::NobodyLeft { kind: kind.name() })
    }

    fn snapshot(&self, kind: EventKind, number: u32) -> Vec<(&'static str, Option<String>)> {
        let person = self.person(number);
        kind.attributes()
            .iter()
            .map(|name| (*name, person.and_then(|person| person.attribute(name))))
            .collect()
    }

    fn report(
        &self,
        kind: EventKind,
        number: u32,
        before: Option<Vec<(&'static str, Option<String>)>>,
    ) -> Event {
        let after = self.snapshot(kind, number);
        let before = before.unwrap_or_else(|| after.iter().map(|(name, _)| (*name, None)).collect());
        let changes = before
            .into_iter()
            .zip(after)
            .filter(|((_, before), (_, after))| before != after);
        let person = self.person(number);
        Event {
            kind,
            id: self.id_of(number),
            employee_identifier: person.and_then(Person::employee_identifier),
            name: person.map(Person::display_name).unwrap_or_default(),
            changes: changes
                .map(|((attribute, before), (_, after))| Change {
                    attribute,
                    before,
                    after,
                })
                .collect(),
        }
    }
}

impl Person<'_> {
    /// The attribute of that name as text, for showing what changed.
    fn attribute(self, name: &str) -> Option<String> {
        match name {
            "firstname" => self.given().map(str::to_owned),
            "lastname" => self.family().map(std::borrow::Cow::into_owned),
            "displayname" => Some(self.display_name()),
            "username" => Some(self.username()),
            "email" => Some(self.email()),
            "department" => self.department().map(str::to_owned),
            "jobTitle" => self.job_title().map(str::to_owned),
            "costCenter" => self.cost_centre(),
            "location" => self.location().map(str::to_owned),
            "state" => Some(self.state().name().to_owned()),
            "suspended" => Some((self.state() == State::Suspended).to_string()),
            "activated" => Some((self.state() == State::Active).to_string()),
            "attributes" => self.end().map(|end| format!("endDate={end}")),
            _ => None,
        }
    }
}

impl State {
    /// JumpCloud's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Staged => "STAGED",
            Self::Active => "ACTIVATED",
            Self::Suspended => "SUSPENDED",
        }
    }
}

/// A number below `limit` that is not `current`, where there is a choice.
fn other(current: u8, limit: usize, dice: &mut Dice) -> u8 {
    let step = 1 + dice.below(limit.saturating_sub(1));
    small8((usize::from(current) + step) % limit.max(1))
}
