//! One person as others see them.

use std::borrow::Cow;

use jiff::civil::Date;

use super::{
    EPOCH, Population,
    dice::mix,
    entry::{Entry, Gap, State, Tidy, Word},
    names::{CULTURES, NameOrder},
    workplace::{COMPANY, DEPARTMENTS, DOMAIN, EMPLOYMENT, PRIVATE_DOMAIN, SITES, Site},
};

/// A person of a [`Population`]. Everything is worked out when asked for.
#[derive(Clone, Copy)]
pub struct Person<'a> {
    pub(super) population: &'a Population,
    pub(super) entry: &'a Entry,
}

/// A phone number of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// `work`, `mobile`, `home` or `work_fax`.
    pub kind: &'static str,
    /// As somebody typed it, so in several notations.
    pub number: String,
}

/// A postal address of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// `work` or `home`.
    pub kind: &'static str,
    /// Street and house number.
    pub street: String,
    /// Town.
    pub locality: &'static str,
    /// State or province.
    pub region: &'static str,
    /// Postal code.
    pub postal_code: String,
    /// ISO 3166 code of the country.
    pub country: &'static str,
}

impl<'a> Person<'a> {
    /// Counts up from 0 in the order people came; never given twice.
    pub fn number(self) -> u32 {
        self.entry.number
    }

    /// 24 hexadecimal digits, like the ids of a document database; they sort in the order of the numbers.
    pub fn id(self) -> String {
        self.population.id_of(self.entry.number)
    }

    /// Seconds since 1970 at which the record was made.
    pub fn created(self) -> i64 {
        i64::from(super::created(self.entry.number))
    }

    /// The number on the contract, such as `E-100042`. A few people's records lack it.
    pub fn employee_identifier(self) -> Option<String> {
        (!self.entry.lacks(Gap::Identifier)).then(|| super::identifier_of(self.entry.number))
    }

    /// Given name.
    pub fn given(self) -> Option<&'a str> {
        self.population.given(self.entry.given)
    }

    /// Middle name.
    pub fn middle(self) -> Option<&'a str> {
        self.population.given(self.entry.middle)
    }

    /// Family name, both parts of a double one. A few people's records lack it.
    pub fn family(self) -> Option<Cow<'a, str>> {
        if self.entry.lacks(Gap::Family) {
            None
        } else {
            self.full_family()
        }
    }

    fn full_family(self) -> Option<Cow<'a, str>> {
        let first = self.population.family(self.entry.family)?;
        Some(match self.population.family(self.entry.second_family) {
            None => Cow::Borrowed(first),
            Some(second) if self.order() == NameOrder::GivenFirstHyphen => {
                Cow::Owned(format!("{first}-{second}"))
            }
            Some(second) => Cow::Owned(format!("{first} {second}")),
        })
    }

    fn order(self) -> NameOrder {
        CULTURES
            .get(usize::from(self.entry.culture))
            .map_or(NameOrder::GivenFirstHyphen, |culture| culture.order)
    }

    /// The full name in the order of the person's culture.
    pub fn display_name(self) -> String {
        let (given, family) = (
            self.given().unwrap_or_default(),
            self.family().unwrap_or_default(),
        );
        let (first, last) = match self.order() {
            NameOrder::FamilyFirst => (family.as_ref(), given),
            _ => (given, family.as_ref()),
        };
        format!("{first} {last}").trim().to_owned()
    }

    /// The sign-in name: ASCII, unique in the population, and never used again for somebody else.
    pub fn username(self) -> String {
        let mut name = self.username_stem();
        if self.entry.namesakes > 0 {
            name.push_str(&(self.entry.namesakes + 1).to_string());
        }
        name
    }

    /// The sign-in name before it is made unique: lower-case ASCII, 30 characters at most, no digits.
    pub(super) fn username_stem(self) -> String {
        let mut stem = String::with_capacity(32);
        push_ascii(&mut stem, self.given().unwrap_or_default(), 14);
        let family = self.full_family().unwrap_or_default();
        if !stem.is_empty() && !family.is_empty() {
            stem.push('.');
        }
        push_ascii(&mut stem, &family, 30);
        stem.truncate(stem.trim_end_matches(['.', '-']).len());
        if stem.is_empty() { "user".to_owned() } else { stem }
    }

    /// The address at work.
    pub fn email(self) -> String {
        email_of(&self.username())
    }

    /// A private address; about half the people gave one.
    pub fn private_email(self) -> Option<String> {
        let given = self.entry.tidy != Tidy::Blank && self.chance(1, 100) < 50;
        given.then(|| format!("{}.{}@{PRIVATE_DOMAIN}", self.username_stem(), self.entry.number))
    }

    /// The employer.
    pub fn company(self) -> &'static str {
        if self.entry.tidy == Tidy::Blank {
            ""
        } else {
            COMPANY
        }
    }

    /// The department. A few people's records lack it.
    pub fn department(self) -> Option<&'static str> {
        let known = !self.entry.lacks(Gap::Department);
        DEPARTMENTS
            .get(usize::from(self.entry.department))
            .filter(|_| known)
            .map(|department| department.name)
    }

    /// What the person is called at work.
    pub fn job_title(self) -> Option<&'static str> {
        let titles = DEPARTMENTS.get(usize::from(self.entry.department))?.titles;
        titles.get(usize::from(self.entry.title)).copied()
    }

    /// The cost centre, which follows from department and site; missing when either is.
    pub fn cost_centre(self) -> Option<String> {
        let known = !self.entry.lacks(Gap::Department);
        let department = DEPARTMENTS
            .get(usize::from(self.entry.department))
            .filter(|_| known)?;
        self.site()?;
        Some(format!(
            "{}{}0",
            department.code,
            usize::from(self.entry.site) + 1
        ))
    }

    /// The town of the place of work.
    pub fn location(self) -> Option<&'static str> {
        self.site().map(|site| site.city)
    }

    /// `FTE`, `PTE`, `Contractor` or `Intern`.
    pub fn employee_type(self) -> &'static str {
        EMPLOYMENT
            .get(usize::from(self.entry.employment))
            .map_or("", |(name, _)| name)
    }

    /// The id of the manager. Who left and was removed may still be named here.
    pub fn manager(self) -> Option<String> {
        self.entry.manager.map(|number| self.population.id_of(number))
    }

    /// What the record says about the employment.
    pub fn state(self) -> State {
        self.entry.state
    }

    /// The first day at work.
    pub fn start(self) -> Option<Date> {
        (self.entry.tidy != Tidy::Blank).then(|| date(self.entry.start))
    }

    /// The last day at work, once known.
    pub fn end(self) -> Option<Date> {
        self.entry.end.map(date)
    }

    /// Phone numbers: none to four, or exactly one for tidy people.
    pub fn phones(self) -> Vec<Phone> {
        let Some(site) = self.site().filter(|_| !self.entry.lacks(Gap::Phones)) else {
            return Vec::new();
        };
        let count = match self.entry.tidy {
            Tidy::Yes => 1,
            Tidy::No => [1, 1, 1, 2, 2, 3, 4][self.chance(2, 7)],
            Tidy::Blank => 0,
        };
        let kinds = ["mobile", "work", "home", "work_fax"];
        (0..count)
            .map(|nth| Phone {
                kind: kinds[nth],
                number: self.phone_number(site, nth),
            })
            .collect()
    }

    fn phone_number(self, site: &Site, nth: usize) -> String {
        let digits = self.chance(10 + nth as u64, 10_000);
        let spaced = format!("{} {digits:04}", site.dialling);
        let untidy = self.entry.tidy == Tidy::No;
        match self.chance(20 + nth as u64, 8) {
            0 if untidy => spaced.replace(' ', "-"),
            1 if untidy => format!("{} ext. {}", spaced, digits % 90 + 10),
            2 if untidy => spaced.replacen('+', "00", 1),
            3 | 4 => spaced.replace(' ', ""),
            _ => spaced,
        }
    }

    /// Postal addresses: the place of work, and for some the home, or a second one.
    pub fn addresses(self) -> Vec<Address> {
        let Some(site) = self.site() else {
            return Vec::new();
        };
        let count = match self.entry.tidy {
            Tidy::Yes => 1,
            Tidy::No => [0, 1, 1, 1, 2, 2, 3][self.chance(3, 7)],
            Tidy::Blank => 0,
        };
        let kinds = ["work", "home", "home"];
        (0..count)
            .map(|nth| Address {
                kind: kinds[nth],
                street: format!("{} {}", site.street, self.chance(30 + nth as u64, 400) + 1),
                locality: site.city,
                region: site.region,
                postal_code: format!("{:05}", self.chance(40 + nth as u64, 100_000)),
                country: site.country,
            })
            .collect()
    }

    fn site(self) -> Option<&'static Site> {
        SITES.get(usize::from(self.entry.site))
    }

    /// A number below `limit` that is always the same for this person and `purpose`, which is below 2¹⁶.
    pub(crate) fn chance(self, purpose: u64, limit: usize) -> usize {
        let mixed = mix((u64::from(self.entry.salt) << 16) | purpose);
        super::dice::scale((mixed >> 32) as u32, limit)
    }
}

impl Population {
    fn given(&self, word: Word) -> Option<&str> {
        match word {
            Word::Absent => None,
            Word::Common => self.common.as_ref().map(|(first, _)| first.as_str()),
            Word::Listed { culture, index } => CULTURES
                .get(usize::from(culture))?
                .given
                .get(usize::from(index))
                .copied(),
        }
    }

    fn family(&self, word: Word) -> Option<&str> {
        match word {
            Word::Absent => None,
            Word::Common => self.common.as_ref().map(|(_, last)| last.as_str()),
            Word::Listed { culture, index } => CULTURES
                .get(usize::from(culture))?
                .family
                .get(usize::from(index))
                .copied(),
        }
    }
}

/// The address at work of whoever has that sign-in name.
pub(crate) fn email_of(username: &str) -> String {
    format!("{username}@{DOMAIN}")
}

fn date(days: u16) -> Date {
    EPOCH.saturating_add(jiff::Span::new().days(i64::from(days)))
}

/// Appends the lower-case letters of the romanised text, up to `limit` characters in all.
fn push_ascii(out: &mut String, text: &str, limit: usize) {
    for letter in text.chars() {
        for ascii in any_ascii::any_ascii_char(letter).bytes() {
            if out.len() >= limit {
                return;
            }
            if ascii.is_ascii_alphabetic() {
                out.push(char::from(ascii.to_ascii_lowercase()));
            } else if ascii == b'-' && !out.is_empty() && !out.ends_with(['-', '.']) {
                out.push('-');
            }
        }
    }
}
