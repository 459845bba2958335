//! Names that must be unique: what is taken, and the first that is free. Pure bookkeeping; which names are tried
//! is said by the template.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::attribute::AttributeName;
use crate::dn::Dn;

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

    /// `text` with everything taken out or written differently that such a name may not have.
    pub fn clean(self, text: &str) -> String {
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
    let mut kept = String::with_capacity(plain.len());
    kept.extend(
        plain
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
            .map(|c| c.to_ascii_lowercase()),
    );
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
    /// A value of an attribute, without regard to case.
    pub fn attribute(attribute: &AttributeName, value: &str) -> Self {
        Self(without_case(value, without_case(attribute.as_str(), 0)))
    }

    /// The name of an object in a container, by its first part (`CN=Ada Byrne`).
    pub fn child(container: ContainerKey, rdn: &str) -> Self {
        Self(xxh3_64_with_seed(
            Dn::from_server(rdn).normalised().as_bytes(),
            container.0,
        ))
    }
}

/// The hash of a text without regard to case.
fn without_case(text: &str, seed: u64) -> u64 {
    let mut lower = [0; 64];
    match lower.get_mut(..text.len()).filter(|_| text.is_ascii()) {
        Some(lower) => {
            lower.copy_from_slice(text.as_bytes());
            lower.make_ascii_lowercase();
            xxh3_64_with_seed(lower, seed)
        }
        None => xxh3_64_with_seed(text.to_lowercase().as_bytes(), seed),
    }
}

/// A container, by the hash of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContainerKey(u64);

/// Takes a hash for what it is.
#[derive(Clone, Copy, Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// The names that are taken, of all attributes that must be unique and of objects.
#[derive(Debug, Default)]
pub struct Names {
    taken: HashSet<NameKey, BuildHasherDefault<Hashed>>,
    next: HashMap<NameKey, u32, BuildHasherDefault<Hashed>>,
    containers: HashMap<Box<str>, ContainerKey>,
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

    /// The first free of the candidates, or else the first candidate with the lowest free number from 2 on, all
    /// within `limit` characters. `key` says what must be free for a name. The name is not yet taken by asking.
    pub fn first_free(
        &mut self,
        candidates: impl IntoIterator<Item = String>,
        limit: usize,
        key: impl Fn(&str) -> NameKey,
    ) -> Option<String> {
        let mut base = None;
        for candidate in candidates {
            let name = shorten(candidate, limit, "");
            if self.is_free(key(&name)) {
                return Some(name);
            }
            base.get_or_insert(name);
        }
        let base = base?;
        let counter = key(&base);
        let first = self.next.get(&counter).copied().unwrap_or(2);
        // What is written for people has the number as a word of its own.
        let space = if base.contains(' ') { " " } else { "" };
        for number in first..u32::MAX {
            let name = shorten(base.clone(), limit, &format!("{space}{number}"));
            if self.is_free(key(&name)) {
                self.next.insert(counter, number);
                return Some(name);
            }
        }
        None
    }
}

/// `name` with `suffix` at its end (of an address: before the `@`), the name cut so that `limit` characters hold.
fn shorten(name: String, limit: usize, suffix: &str) -> String {
    let ends = [' ', '.', '-', '_'];
    if suffix.is_empty() && name.len() <= limit && !name.contains('@') && !name.ends_with(ends) {
        return name;
    }
    let (stem, domain) = match name.split_once('@') {
        Some((stem, domain)) => (stem, format!("@{domain}")),
        None => (name.as_str(), String::new()),
    };
    let room = limit.saturating_sub(suffix.chars().count() + domain.chars().count());
    let end = stem.char_indices().nth(room).map_or(stem.len(), |(at, _)| at);
    let stem = stem.get(..end).unwrap_or(stem);
    format!("{}{suffix}{domain}", stem.trim_end_matches(ends))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(name: &str) -> AttributeName {
        AttributeName::new(name)
    }

    #[test]
    fn ten_thousand_of_one_name_get_ten_thousand_logins() {
        let (sam, mut names) = (attribute("sAMAccountName"), Names::default());
        let candidates = vec!["bartholomew.featherstonehaugh".to_owned()];
        let mut seen = HashSet::new();
        for _ in 0..10_000 {
            let name = names
                .first_free(candidates.clone(), 20, |name| NameKey::attribute(&sam, name))
                .unwrap();
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
            names.first_free(candidates.clone(), 20, key).as_deref(),
            Some("ada.byrne")
        );
        names.take(key("ada.byrne"));
        assert_eq!(
            names.first_free(candidates.clone(), 20, key).as_deref(),
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
            names.first_free(candidates.clone(), 256, key).as_deref(),
            Some("ada2@corp.test")
        );
    }

    #[test]
    fn logins_are_plain_letters() {
        assert_eq!(NameKind::Login.clean("Łukasz O'Brien-Żółć"), "lukaszobrien-zolc");
        assert_eq!(
            NameKind::Address.clean("Ada Byrne@Corp.Test"),
            "adabyrne@corp.test"
        );
        assert_eq!(NameKind::Login.clean("王小明"), "wangxiaoming");
        assert_eq!(NameKind::Plain.clean(" Ada   Byrne "), "Ada Byrne");
    }
}
