//! How and where people are employed, in the words other vendors have for it.

use jiff::civil::Date;

use super::{
    Person, Population, State,
    dice::mix,
    entry::Tidy,
    workplace::{COMPANY, SITES},
};

/// Who employs somebody, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Contract {
    /// Employed by the company itself.
    Direct,
    /// Employed for the company by somebody else, as those abroad often are.
    OnBehalf,
    /// Paid for what they do.
    Contractor,
}

/// Where an employment stands on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Entered, with some of the papers still missing.
    Invited,
    /// All is signed; the first day is to come.
    PreHire,
    /// At work.
    Active,
    /// Leaving on a day that is known.
    Leaving,
    /// Gone.
    Left,
}

/// A country people work in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country {
    /// ISO 3166, two letters.
    pub alpha_2: &'static str,
    /// ISO 3166, three letters.
    pub alpha_3: &'static str,
    /// In English.
    pub name: &'static str,
    /// ISO 4217 code of what is paid with there.
    pub currency: &'static str,
}

/// A place of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The town, which is also what the place is called.
    pub city: &'static str,
    /// State or province.
    pub region: &'static str,
    /// Where it is.
    pub country: Country,
}

/// One company of the group everybody works for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its name.
    pub name: &'static str,
    /// Its place in [`TENANTS`].
    pub index: usize,
}

/// The names of all companies. Most people are with the first. Append only.
pub const TENANTS: [&str; 3] = [COMPANY, "Northwind Laboratories", "Northwind Estates"];

const COUNTRIES: [Country; 8] = [
    country("NL", "NLD", "Netherlands", "EUR"),
    country("GB", "GBR", "United Kingdom", "GBP"),
    country("DE", "DEU", "Germany", "EUR"),
    country("BR", "BRA", "Brazil", "BRL"),
    country("GR", "GRC", "Greece", "EUR"),
    country("VN", "VNM", "Vietnam", "VND"),
    country("CN", "CHN", "China", "CNY"),
    country("US", "USA", "United States", "USD"),
];

const fn country(
    alpha_2: &'static str,
    alpha_3: &'static str,
    name: &'static str,
    currency: &'static str,
) -> Country {
    Country {
        alpha_2,
        alpha_3,
        name,
        currency,
    }
}

/// The country of that code of two or three letters.
pub fn country_of(code: &str) -> Option<Country> {
    let named = |country: &&Country| [country.alpha_2, country.alpha_3].contains(&code);
    COUNTRIES.iter().find(named).copied()
}

/// Every place of work.
pub fn places() -> impl Iterator<Item = Place> {
    SITES.iter().filter_map(|site| {
        Some(Place {
            city: site.city,
            region: site.region,
            country: country_of(site.country)?,
        })
    })
}

/// The name of every department.
pub fn departments() -> impl Iterator<Item = &'static str> {
    super::workplace::DEPARTMENTS
        .iter()
        .map(|department| department.name)
}

impl Person<'_> {
    /// The place of work.
    pub fn place(self) -> Option<Place> {
        places().nth(usize::from(self.entry.site))
    }

    /// Where the person works.
    pub fn country(self) -> Option<Country> {
        self.place().map(|place| place.country)
    }

    /// Who employs the person, and how.
    pub fn contract(self) -> Contract {
        match self.employee_type() {
            "Contractor" => Contract::Contractor,
            _ if self.place().is_some_and(|place| place.country.alpha_2 == "NL") => Contract::Direct,
            _ if self.chance(60, 100) < 70 => Contract::OnBehalf,
            _ => Contract::Direct,
        }
    }

    /// Where the employment stands on the population's own day.
    pub fn standing(self) -> Standing {
        let today = self.population.today();
        let later = |date: Option<Date>| date.is_some_and(|date| date > today);
        match self.state() {
            State::Suspended if later(self.end()) => Standing::Leaving,
            State::Suspended => Standing::Left,
            State::Staged if self.chance(61, 2) == 0 => Standing::Invited,
            State::Staged => Standing::PreHire,
            State::Active if later(self.start()) => Standing::PreHire,
            State::Active if self.end().is_some() => Standing::Leaving,
            State::Active => Standing::Active,
        }
    }

    /// Which company of the group the person is with, decided by the department.
    pub fn tenant(self) -> Tenant {
        let index = match self.entry.department {
            _ if self.entry.tidy == Tidy::Blank => 0,
            5 => 1,
            6 => 2,
            _ => 0,
        };
        Tenant {
            name: TENANTS[index],
            index,
        }
    }

    /// The id a cloud directory would give the person: a UUID, always the same.
    pub fn object_id(self) -> String {
        self.population.uuid(Space::Directory, u64::from(self.number()))
    }

    /// The names of the groups the person is in: everybody's, the department's, the place's, the contractors'.
    pub fn groups(self) -> Vec<String> {
        if self.entry.tidy == Tidy::Blank {
            return Vec::new();
        }
        let mut groups = vec!["All Staff".to_owned()];
        groups.extend(self.department().map(|name| format!("Department {name}")));
        groups.extend(self.location().map(|city| format!("Site {city}")));
        if self.contract() == Contract::Contractor {
            groups.push("Contractors".to_owned());
        }
        groups
    }
}

/// What a UUID is of: the same number gives another in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    /// A directory's user.
    Directory = 1,
    /// An employment.
    Employment = 2,
    /// A company.
    Company = 3,
    /// A department.
    Department = 4,
    /// A custom field.
    Field = 5,
    /// Anything else there are few of.
    Other = 6,
    /// A group.
    Group = 7,
}

impl Population {
    /// A UUID that looks random, is always the same, and can be read back.
    pub(crate) fn uuid(&self, space: Space, number: u64) -> String {
        let key = mix(mix(self.seed) ^ space as u64);
        let high = mix(key ^ number);
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            key >> 52,
            (key ^ number) & LOW
        )
    }

    /// The number in a UUID this population gave out.
    pub(crate) fn number_of_uuid(&self, space: Space, uuid: &str) -> Option<u64> {
        let key = mix(mix(self.seed) ^ space as u64);
        let low = u64::from_str_radix(uuid.get(24..)?, 16).ok()?;
        let number = (low ^ key) & LOW;
        (self.uuid(space, number) == uuid.to_ascii_lowercase()).then_some(number)
    }

    /// The person with that UUID.
    pub(crate) fn person_of_uuid(&self, space: Space, uuid: &str) -> Option<Person<'_>> {
        let number = self.number_of_uuid(space, uuid)?;
        self.person(u32::try_from(number).ok()?)
    }
}

/// The bits of a UUID's last part.
const LOW: u64 = 0xffff_ffff_ffff;

/// The name of every group anybody can be in.
pub fn group_names() -> Vec<String> {
    let mut names = vec!["All Staff".to_owned(), "Contractors".to_owned()];
    names.extend(departments().map(|name| format!("Department {name}")));
    names.extend(places().map(|place| format!("Site {}", place.city)));
    names
}
