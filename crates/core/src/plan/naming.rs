//! Names that must be unique: what is taken, and the first that is free. Pure bookkeeping; which names are tried
//! is said by the template.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::BuildHasherDefault;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::attribute::AttributeName;
use crate::dn::{Dn, escape_value, is_plain};
use crate::hashed::{Hashed, QuickMap};

use super::addresses::{bare, is_proxy};

/// What kind of name an attribute holds, which decides what characters may be in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// A login name (`sAMAccountName`, `uid`): ASCII letters in lower case, digits, dot, hyphen, underscore.
    Login,
    /// A login or mail address: the same on both sides of one `@`.
    Address,
    /// Anything, for example a common name.
    Plain,
}

impl NameKind {
    /// The kind of name that this attribute holds.
    pub fn of(attribute: &AttributeName) -> Self {
        match attribute.as_str().to_ascii_lowercase().as_str() {
            "samaccountname" | "uid" | "mailnickname" => Self::Login,
            "userprincipalname" | "mail" => Self::Address,
            _ => Self::Plain,
        }
    }

    /// The most characters that the attribute may have when the template says nothing
    /// (`sAMAccountName` of a user: 20, `cn` 64, others 256: upper ranges in Active Directory's schema).
    pub fn default_limit(attribute: &AttributeName) -> usize {
        match attribute.as_str().to_ascii_lowercase().as_str() {
            "samaccountname" => 20,
            "cn" | "name" | "uid" | "mailnickname" => 64,
            _ => 256,
        }
    }

    /// `text` with everything taken out or written differently that such a name may not have. Letters become ASCII by
    /// the rules of a language, when it is said (`de`).
    pub fn clean(self, text: &str, language: &str) -> String {
        if self != Self::Plain && !language.is_empty() && !text.is_ascii() {
            return self.clean(&crate::expression::in_ascii(text, language), "");
        }
        match self {
            Self::Login => login(text),
            Self::Address => match text.rsplit_once('@') {
                Some((local, domain)) => {
                    let (local, domain) = (login(local), login(domain));
                    if local.is_empty() {
                        String::new()
                    } else {
                        format!("{local}@{domain}")
                    }
                }
                None => login(text),
            },
            Self::Plain if is_tidy(text) => text.to_owned(),
            Self::Plain => text.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }
}

/// Whether words are apart by one space each, and nothing stands around them.
fn is_tidy(text: &str) -> bool {
    let spaced = text.split(' ').all(|word| !word.is_empty());
    spaced && !text.contains(|c: char| c.is_whitespace() && c != ' ')
}

fn login(text: &str) -> String {
    let plain = if text.is_ascii() {
        Cow::Borrowed(text)
    } else {
        any_ascii::any_ascii(text).into()
    };
    let may_stay = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let mut kept = plain.into_owned();
    kept.make_ascii_lowercase();
    if !kept.bytes().all(may_stay) {
        kept.retain(|c| u8::try_from(c).is_ok_and(may_stay));
    }
    let edge = ['.', '-', '_'];
    if kept.starts_with(edge) || kept.ends_with(edge) {
        kept.trim_matches(edge).to_owned()
    } else {
        kept
    }
}

/// A value of an attribute, or a distinguished name, as [`Names`] keeps it: a hash, so that a million names fit in
/// a few megabytes. Two names of one hash make a free name look taken, which costs a number at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NameKey(u64);

impl NameKey {
    /// A value of an attribute, without regard to case, and of an address to what it is for (`SMTP:`).
    pub fn attribute(attribute: &AttributeName, value: &str) -> Self {
        NameSpace::of(attribute).key(value)
    }

    /// The name of an object in a container, by the attribute that names it and its value.
    pub fn named(container: ContainerKey, attribute: &AttributeName, value: &str) -> Self {
        let attribute = attribute.as_str();
        if is_plain(value) && !value.starts_with(' ') && !value.ends_with(' ') {
            // Of such a name the normalised form is the one in lower case.
            return Self(without_case(&[attribute, "=", value], container.0));
        }
        Self::child(container, &format!("{attribute}={}", escape_value(value)))
    }

    /// The name of an object in a container, by its first part (`CN=Ada Byrne`).
    pub fn child(container: ContainerKey, rdn: &str) -> Self {
        Self(xxh3_64_with_seed(
            Dn::from_server(rdn).normalised().as_bytes(),
            container.0,
        ))
    }
}

/// Where a value of an attribute must be unique, worked out once for all values that are tried.
#[derive(Clone, Copy, Debug)]
pub struct NameSpace {
    seed: u64,
    is_proxy: bool,
}

impl NameSpace {
    /// The whole directory.
    pub fn of(attribute: &AttributeName) -> Self {
        Self::within(ContainerKey(0), attribute)
    }

    /// The objects of one container.
    pub fn within(container: ContainerKey, attribute: &AttributeName) -> Self {
        Self {
            seed: without_case(&[attribute.as_str()], container.0),
            is_proxy: is_proxy(attribute),
        }
    }

    /// A value of the attribute there, without regard to case, and of an address to what it is for (`SMTP:`).
    pub fn key(self, value: &str) -> NameKey {
        let value = if self.is_proxy { bare(value) } else { value };
        NameKey(without_case(&[value], self.seed))
    }
}

/// The hash of a text without regard to case, given in parts.
fn without_case(parts: &[&str], seed: u64) -> u64 {
    let mut lower = [0; 96];
    let mut end = 0;
    for part in parts {
        let place = lower.get_mut(end..end + part.len());
        let Some(place) = place.filter(|_| part.is_ascii()) else {
            return xxh3_64_with_seed(parts.concat().to_lowercase().as_bytes(), seed);
        };
        place.copy_from_slice(part.as_bytes());
        end += part.len();
    }
    let lower = lower.get_mut(..end).unwrap_or_default();
    lower.make_ascii_lowercase();
    xxh3_64_with_seed(lower, seed)
}

/// A container, by the hash of its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContainerKey(u64);

/// The names that are taken, of all attributes that must be unique and of objects.
#[derive(Debug, Default)]
pub struct Names {
    taken: HashSet<NameKey, BuildHasherDefault<Hashed>>,
    next: QuickMap<NameKey, u32>,
    containers: QuickMap<Box<str>, ContainerKey>,
}

impl Names {
    /// Takes note that a name is taken.
    pub fn take(&mut self, key: NameKey) {
        self.taken.insert(key);
    }

    /// Whether a name is free.
    pub fn is_free(&self, key: NameKey) -> bool {
        !self.taken.contains(&key)
    }

    /// The name of an object.
    pub fn object(&mut self, dn: &Dn) -> NameKey {
        let container = dn
            .parent()
            .map_or(ContainerKey(0), |parent| self.container(&parent));
        NameKey::child(container, dn.rdn())
    }

    /// A container, in which names of objects are looked for.
    pub fn container(&mut self, dn: &Dn) -> ContainerKey {
        if dn.as_str().is_empty() {
            return ContainerKey(0);
        }
        if let Some(known) = self.containers.get(dn.as_str()) {
            return *known;
        }
        let key = ContainerKey(xxh3_64(dn.normalised().as_bytes()));
        self.containers.insert(dn.as_str().into(), key);
        key
    }

    /// The first free of the candidates, or else the first candidate with the lowest free number, as `search` says,
    /// all within its limit. `key` says what must be free for a name, and `allowed` whether it may be given at all.
    /// The name is not yet taken by asking.
    pub fn first_free(
        &mut self,
        candidates: impl IntoIterator<Item = String>,
        search: &Search<'_>,
        key: impl Fn(&str) -> NameKey,
        allowed: impl Fn(&Self, &str) -> bool,
    ) -> Option<Found> {
        let (mut base, mut tried) = (None, 0);
        for candidate in candidates {
            let name = shorten(candidate, search.limit);
            tried += 1;
            let key = key(&name);
            if self.is_free(key) && allowed(self, &name) {
                return Some(Found {
                    name,
                    key,
                    format: tried,
                    taken: base,
                });
            }
            base.get_or_insert(name);
        }
        let base = base?;
        let numbers = search.numbers.as_ref()?;
        let counter = key(&base);
        let first = self.next.get(&counter).copied().unwrap_or(numbers.from);
        // What is written for people has the number as a word of its own.
        let space = match &numbers.separator {
            Some(separator) => separator,
            None if base.contains(' ') => " ",
            None => "",
        };
        for number in first..first.saturating_add(MOST_NUMBERS) {
            let digits = number.to_string();
            let mut suffix = space.to_owned();
            suffix.extend((digits.len()..numbers.width).map(|_| numbers.fill));
            suffix.push_str(&digits);
            let name = ended(&base, search.limit, &suffix);
            let key = key(&name);
            if self.is_free(key) && allowed(self, &name) {
                self.next.insert(counter, number);
                return Some(Found {
                    name,
                    key,
                    format: 1,
                    taken: Some(base),
                });
            }
        }
        None
    }

    /// The name of an object there, or with a number when another object has that name in the container.
    pub fn free_place(&mut self, wanted: &Dn) -> Dn {
        let (Some(container), Some((attribute, _))) = (wanted.parent(), wanted.rdn().split_once('=')) else {
            return wanted.clone();
        };
        let object = self.object(wanted);
        if self.is_free(object) {
            return wanted.clone();
        }
        let naming = AttributeName::new(attribute);
        let search = Search::within(NameKind::default_limit(&naming));
        let within = self.container(&container);
        let key = |name: &str| NameKey::named(within, &naming, name);
        match self.first_free([wanted.rdn_value()], &search, key, |_, _| true) {
            Some(found) => container.child(attribute, &found.name),
            None => wanted.clone(),
        }
    }
}

/// So many numbers are tried for one name; a template that allows none of them allows no other either.
const MOST_NUMBERS: u32 = 1_000_000;

/// How a free name is looked for.
#[derive(Clone, Debug)]
pub struct Search<'n> {
    /// The most characters.
    pub limit: usize,
    /// How numbers look that are added when all candidates are taken; none when no number is.
    pub numbers: Option<Cow<'n, Numbers>>,
}

impl Search<'_> {
    /// A search for a name of so many characters at most, with numbers from 2 on.
    pub fn within(limit: usize) -> Self {
        Self {
            limit,
            numbers: Some(Cow::Owned(Numbers::default())),
        }
    }
}

/// How numbers at the end of names look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// The first one.
    pub from: u32,
    /// The fewest characters.
    pub width: usize,
    /// What fills a number up to that.
    pub fill: char,
    /// What stands before it; none for a space after names with spaces, and nothing after others.
    pub separator: Option<String>,
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            from: 2,
            width: 1,
            fill: '0',
            separator: None,
        }
    }
}

/// A name that was found free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The name.
    pub name: String,
    /// What is taken with it.
    pub key: NameKey,
    /// Which of the candidates it is made from, from 1.
    pub format: usize,
    /// The first candidate, when it could not be had.
    pub taken: Option<String>,
}

/// What no name, and no part of an address before the `@`, ends with.
const ENDS: [char; 4] = [' ', '.', '-', '_'];

/// `name`, cut so that `limit` characters hold.
fn shorten(name: String, limit: usize) -> String {
    let stem = name.split('@').next().unwrap_or_default();
    if name.len() <= limit && !stem.ends_with(ENDS) {
        return name;
    }
    ended(&name, limit, "")
}

/// `name` with `suffix` at its end (of an address: before the `@`), the name cut so that `limit` characters hold.
fn ended(name: &str, limit: usize, suffix: &str) -> String {
    let (stem, domain) = name.split_at(name.find('@').unwrap_or(name.len()));
    let room = limit.saturating_sub(suffix.chars().count() + domain.chars().count());
    let end = stem.char_indices().nth(room).map_or(stem.len(), |(at, _)| at);
    let stem = stem.get(..end).unwrap_or(stem);
    [stem.trim_end_matches(ENDS), suffix, domain].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(name: &str) -> AttributeName {
        AttributeName::new(name)
    }

    fn first(
        names: &mut Names,
        candidates: &[String],
        limit: usize,
        key: impl Fn(&str) -> NameKey,
    ) -> Option<String> {
        let candidates = candidates.to_vec();
        let found = names.first_free(candidates, &Search::within(limit), key, |_, _| true);
        found.map(|found| found.name)
    }

    #[test]
    fn ten_thousand_of_one_name_get_ten_thousand_logins() {
        let (sam, mut names) = (attribute("sAMAccountName"), Names::default());
        let candidates = vec!["bartholomew.featherstonehaugh".to_owned()];
        let mut seen = HashSet::new();
        for _ in 0..10_000 {
            let name = names
                .first_free(
                    candidates.clone(),
                    &Search::within(20),
                    |name| NameKey::attribute(&sam, name),
                    |_, _| true,
                )
                .unwrap()
                .name;
            names.take(NameKey::attribute(&sam, &name));
            assert!(name.chars().count() <= 20, "{name}");
            assert!(seen.insert(name));
        }
    }

    #[test]
    fn the_alternatives_come_before_the_numbers() {
        let (sam, mut names) = (attribute("sAMAccountName"), Names::default());
        let key = |name: &str| NameKey::attribute(&sam, name);
        names.take(key("ABYRNE"));
        let candidates = vec!["abyrne".to_owned(), "ada.byrne".to_owned()];
        assert_eq!(
            first(&mut names, &candidates, 20, key).as_deref(),
            Some("ada.byrne")
        );
        names.take(key("ada.byrne"));
        assert_eq!(
            first(&mut names, &candidates, 20, key).as_deref(),
            Some("abyrne2")
        );
    }

    #[test]
    fn a_number_goes_before_the_at_sign() {
        let (upn, mut names) = (attribute("userPrincipalName"), Names::default());
        let key = |name: &str| NameKey::attribute(&upn, name);
        names.take(key("ada@corp.test"));
        let candidates = vec!["ada@corp.test".to_owned()];
        assert_eq!(
            first(&mut names, &candidates, 256, key).as_deref(),
            Some("ada2@corp.test")
        );
    }

    #[test]
    fn logins_are_plain_letters() {
        assert_eq!(
            NameKind::Login.clean("Łukasz O'Brien-Żółć", ""),
            "lukaszobrien-zolc"
        );
        assert_eq!(
            NameKind::Address.clean("Ada Byrne@Corp.Test", ""),
            "adabyrne@corp.test"
        );
        assert_eq!(NameKind::Login.clean("Jörg Müßig", "de"), "joergmuessig");
        assert_eq!(NameKind::Login.clean("王小明", ""), "wangxiaoming");
        assert_eq!(NameKind::Plain.clean(" Ada   Byrne ", ""), "Ada Byrne");
    }
}
