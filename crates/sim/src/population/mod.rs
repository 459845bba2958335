//! Made-up people, and what happens to them.
//!
//! A population is decided by its options: the same ones give the same people on every machine. A larger
//! population begins with the people of the smaller one.

mod dice;
mod employment;
mod entry;
mod events;
mod names;
mod person;
mod workplace;

use std::{collections::HashMap, mem};

use jiff::civil::Date;

use self::{
    dice::Dice,
    entry::{Entry, Gap, Tidy, Word},
    names::{CULTURES, PLAIN},
    workplace::{DEPARTMENTS, EMPLOYMENT, SITES},
};
pub(crate) use self::{dice::mix, employment::Space, person::email_of};
pub use self::{
    employment::{
        Contract, Country, Place, Standing, TENANTS, Tenant, country_of, departments, group_names, places,
    },
    entry::State,
    events::{Change, Event, EventKind, Whom},
    person::{Address, Person, Phone},
};

/// The most people a population starts with: 2²⁴ − 1.
pub const MOST_PEOPLE: usize = 0xff_ffff;

/// Days are counted from here.
const EPOCH: Date = Date::constant(2000, 1, 1);
/// The population's first today, 5 January 2026, in days since [`EPOCH`].
const FIRST_TODAY: u16 = 9501;
/// When the first record was made, in seconds since 1970, and how long after each the next one was.
const FIRST_CREATED: u32 = 1_262_304_000;
const BETWEEN_CREATED: u32 = 100;
/// How many people report to one manager.
const REPORTS: u32 = 9;

/// How untidy the people's records are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mess {
    /// Names of all scripts, some far too long or badly typed; missing values; several phones and addresses;
    /// people who are suspended or not yet active.
    #[default]
    Realistic,
    /// Plain English names, every value present once, everybody active.
    None,
}

/// What decides a population.
#[derive(Clone, Debug)]
pub struct PopulationOptions {
    /// How many there are, at most [`MOST_PEOPLE`]; more are cut off.
    pub people: usize,
    /// Decides who they are.
    pub seed: u64,
    /// How untidy their records are.
    pub mess: Mess,
    /// How many in a thousand lack their family name; as many, independently, lack each of phone, department and
    /// employee identifier. Only with [`Mess::Realistic`].
    pub missing_per_mille: u16,
    /// Given and family name that everybody has, also those hired later.
    pub same_name: Option<(String, String)>,
}

impl Default for PopulationOptions {
    /// A thousand people, untidy, 1.5 % of each optional value missing.
    fn default() -> Self {
        Self {
            people: 1000,
            seed: 1,
            mess: Mess::Realistic,
            missing_per_mille: 15,
            same_name: None,
        }
    }
}

/// People in the order they came.
#[derive(Clone)]
pub struct Population {
    seed: u64,
    mess: Mess,
    missing_per_mille: u16,
    common: Option<(String, String)>,
    entries: Vec<Entry>,
    /// The number of whoever comes next.
    next: u32,
    /// How many user names were given out, by the hash of their stem.
    namesakes: HashMap<u64, u32>,
    today: u16,
    changes: Changes,
}

/// What changed since somebody last asked.
#[derive(Clone)]
pub(crate) enum Changes {
    /// Everything: the population is new.
    All,
    /// These people, by number, each with the attributes that were set.
    Some(Vec<(u32, &'static [&'static str])>),
}

impl Population {
    /// Untidy people with the usual share of missing values.
    pub fn generate(people: usize, seed: u64) -> Self {
        Self::with_options(PopulationOptions {
            people,
            seed,
            ..PopulationOptions::default()
        })
    }

    /// People as the options say.
    pub fn with_options(options: PopulationOptions) -> Self {
        let people = options.people.min(MOST_PEOPLE);
        let mut population = Self::empty(options, people);
        let mut dice = Dice::new(population.seed, 0);
        for _ in 0..people {
            let entry = population.make_up(&mut dice);
            population.entries.push(entry);
        }
        population
    }

    /// Hands each person of such a population to `each`, keeping none of them: for more people than fit in memory.
    pub(crate) fn each<E>(
        options: PopulationOptions,
        mut each: impl FnMut(Person<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let people = options.people.min(MOST_PEOPLE);
        let mut population = Self::empty(options, 0);
        let mut dice = Dice::new(population.seed, 0);
        for _ in 0..people {
            let entry = population.make_up(&mut dice);
            each(Person {
                population: &population,
                entry: &entry,
            })?;
        }
        Ok(())
    }

    fn empty(options: PopulationOptions, capacity: usize) -> Self {
        Self {
            seed: options.seed,
            mess: options.mess,
            missing_per_mille: options.missing_per_mille,
            common: options.same_name,
            entries: Vec::with_capacity(capacity),
            next: 0,
            namesakes: HashMap::new(),
            today: FIRST_TODAY,
            changes: Changes::All,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nobody is left.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The population's own date, which each [`Population::day`] moves on by one. It starts at 5 January 2026.
    pub fn today(&self) -> Date {
        EPOCH.saturating_add(jiff::Span::new().days(i64::from(self.today)))
    }

    /// Everybody, in the order they came.
    pub fn people(&self) -> impl ExactSizeIterator<Item = Person<'_>> {
        self.entries.iter().map(|entry| Person {
            population: self,
            entry,
        })
    }

    /// The person with that number.
    pub fn person(&self, number: u32) -> Option<Person<'_>> {
        let entry = self.entries.get(self.position(number)?)?;
        Some(Person {
            population: self,
            entry,
        })
    }

    /// Where the person with that number stands in the order.
    pub(crate) fn position(&self, number: u32) -> Option<usize> {
        self.entries
            .binary_search_by_key(&number, |entry| entry.number)
            .ok()
    }

    /// The number in an id that this population gave out, whether or not the person is still here.
    pub fn number_of_id(&self, id: &str) -> Option<u32> {
        let created = u32::from_str_radix(id.get(..8)?, 16).ok()?;
        let number = created.checked_sub(FIRST_CREATED)? / BETWEEN_CREATED;
        (self.id_of(number) == id).then_some(number)
    }

    /// Takes in somebody of whom nothing is known but the number, which it returns.
    pub(crate) fn admit_blank(&mut self) -> u32 {
        let number = self.take_number();
        let blank = Word::Absent;
        self.entries.push(Entry {
            number,
            manager: None,
            salt: salt(self.seed, number),
            namesakes: 0,
            given: blank,
            middle: blank,
            family: blank,
            second_family: blank,
            start: self.today,
            end: None,
            culture: PLAIN,
            department: u8::MAX,
            title: u8::MAX,
            site: u8::MAX,
            employment: u8::MAX,
            gaps: u8::MAX,
            state: State::Active,
            tidy: Tidy::Blank,
        });
        self.note(number, &[]);
        number
    }

    /// Takes somebody out.
    pub(crate) fn strike(&mut self, number: u32) {
        if let Some(position) = self.position(number) {
            self.entries.remove(position);
            self.note(number, &[]);
        }
    }

    /// What changed since the last time this was asked.
    pub(crate) fn take_changes(&mut self) -> Changes {
        mem::replace(&mut self.changes, Changes::Some(Vec::new()))
    }

    fn note(&mut self, number: u32, attributes: &'static [&'static str]) {
        if let Changes::Some(list) = &mut self.changes {
            list.push((number, attributes));
        }
    }

    fn take_number(&mut self) -> u32 {
        let number = self.next;
        self.next += 1;
        number
    }

    fn id_of(&self, number: u32) -> String {
        let machine = mix(self.seed) & 0xff_ffff_ffff;
        format!("{:08x}{machine:010x}{:06x}", created(number), number & 0xff_ffff)
    }

    fn make_up(&mut self, dice: &mut Dice) -> Entry {
        let number = self.take_number();
        let culture = self.culture(dice);
        let untidy = self.mess == Mess::Realistic;
        let mut entry = Entry {
            number,
            manager: (number > 0).then(|| (number - 1) / REPORTS),
            salt: salt(self.seed, number),
            namesakes: 0,
            given: self.given_name(culture, dice),
            middle: Word::Absent,
            family: self.family_name(culture, dice),
            second_family: Word::Absent,
            start: FIRST_TODAY - small(dice.below(7300)),
            end: None,
            culture,
            department: small8(dice.below(DEPARTMENTS.len())),
            title: 0,
            site: small8(dice.below(SITES.len())),
            employment: employment(dice.below(100)),
            gaps: 0,
            state: State::Active,
            tidy: if untidy { Tidy::No } else { Tidy::Yes },
        };
        entry.title = small8(dice.below(titles(entry.department)));
        if untidy {
            self.make_untidy(&mut entry, dice);
        }
        self.name_uniquely(&mut entry);
        entry
    }

    fn make_untidy(&self, entry: &mut Entry, dice: &mut Dice) {
        if self.common.is_none() {
            if dice.happens(120) {
                entry.middle = self.given_name(entry.culture, dice);
            }
            if dice.happens(70) {
                entry.second_family = self.family_name(entry.culture, dice);
            }
        }
        for gap in [Gap::Family, Gap::Phones, Gap::Department, Gap::Identifier] {
            if dice.happens(self.missing_per_mille) {
                entry.gaps |= gap as u8;
            }
        }
        entry.state = match dice.below(100) {
            0..4 => State::Suspended,
            4 => State::Staged,
            _ => State::Active,
        };
        if entry.state == State::Suspended {
            entry.end = Some(entry.start + small(dice.below(usize::from(FIRST_TODAY - entry.start) + 1)));
        }
    }

    /// Gives the entry a user name nobody had.
    fn name_uniquely(&mut self, entry: &mut Entry) {
        let stem = Person {
            population: self,
            entry,
        }
        .username_stem();
        let given = self.namesakes.entry(hash(&stem)).or_default();
        entry.namesakes = *given;
        *given += 1;
    }

    fn culture(&self, dice: &mut Dice) -> u8 {
        if self.mess == Mess::None {
            return PLAIN;
        }
        let mut left = dice.below(names::total_weight());
        for (culture, index) in CULTURES.iter().zip(0..) {
            match left.checked_sub(usize::from(culture.weight)) {
                None => return index,
                Some(rest) => left = rest,
            }
        }
        PLAIN
    }

    fn given_name(&self, culture: u8, dice: &mut Dice) -> Word {
        match &self.common {
            Some(_) => Word::Common,
            None => listed(culture, CULTURES[usize::from(culture)].given, dice),
        }
    }

    fn family_name(&self, culture: u8, dice: &mut Dice) -> Word {
        match &self.common {
            Some(_) => Word::Common,
            None => listed(culture, CULTURES[usize::from(culture)].family, dice),
        }
    }
}

fn listed(culture: u8, list: &[&str], dice: &mut Dice) -> Word {
    Word::Listed {
        culture,
        index: small8(dice.below(list.len())),
    }
}

fn created(number: u32) -> u32 {
    FIRST_CREATED.saturating_add(number.saturating_mul(BETWEEN_CREATED))
}

fn identifier_of(number: u32) -> String {
    format!("E-{}", 100_000 + u64::from(number))
}

fn titles(department: u8) -> usize {
    DEPARTMENTS
        .get(usize::from(department))
        .map_or(0, |department| department.titles.len())
}

fn employment(mut percent: usize) -> u8 {
    for ((_, share), index) in EMPLOYMENT.iter().zip(0..) {
        match percent.checked_sub(usize::from(*share)) {
            None => return index,
            Some(rest) => percent = rest,
        }
    }
    0
}

fn salt(seed: u64, number: u32) -> u32 {
    (mix(mix(seed) ^ u64::from(number)) >> 32) as u32
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn small(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

fn small8(number: usize) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}
