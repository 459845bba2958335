//! Names that must be unique: what is taken, and the first that is free. Pure bookkeeping; which names are tried
//! is said by the template.

use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_64;

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
            Self::Plain => text.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }
}

fn login(text: &str) -> String {
    let plain = any_ascii::any_ascii(text);
    let kept: String = plain
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    kept.trim_matches(['.', '-', '_']).to_owned()
}

/// A value of an attribute, or a distinguished name, as [`Names`] keeps it: a hash, so that a million names fit in
/// a few megabytes. Two names of one hash make a free name look taken, which costs a number at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NameKey(u64);

impl NameKey {
    /// A value of an attribute, without regard to case.
    pub fn attribute(attribute: &AttributeName, value: &str) -> Self {
        let mut text = attribute.as_str().to_ascii_lowercase();
        text.push('\0');
        text.push_str(&value.to_lowercase());
        Self(xxh3_64(text.as_bytes()))
    }

    /// The name of an object.
    pub fn dn(dn: &Dn) -> Self {
        Self(xxh3_64(dn.normalised().as_bytes()))
    }
}

/// The names that are taken, of all attributes that must be unique and of objects.
#[derive(Debug, Default)]
pub struct Names {
    taken: HashSet<NameKey>,
    next: HashMap<NameKey, u32>,
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

    /// The first free of the candidates, or else the first candidate with the lowest free number from 2 on, all
    /// within `limit` characters. `key` says what must be free for a name. The name is not yet taken by asking.
    pub fn first_free(
        &mut self,
        candidates: &[String],
        limit: usize,
        key: impl Fn(&str) -> NameKey,
    ) -> Option<String> {
        let cut: Vec<String> = candidates.iter().map(|name| shorten(name, limit, "")).collect();
        if let Some(name) = cut.iter().find(|name| self.is_free(key(name))) {
            return Some(name.clone());
        }
        let base = cut.first()?;
        let counter = key(base);
        let first = self.next.get(&counter).copied().unwrap_or(2);
        // What is written for people has the number as a word of its own.
        let space = if base.contains(' ') { " " } else { "" };
        for number in first..u32::MAX {
            let name = shorten(base, limit, &format!("{space}{number}"));
            if self.is_free(key(&name)) {
                self.next.insert(counter, number);
                return Some(name);
            }
        }
        None
    }
}

/// `name` with `suffix` at its end (of an address: before the `@`), the name cut so that `limit` characters hold.
fn shorten(name: &str, limit: usize, suffix: &str) -> String {
    let (stem, domain) = match name.split_once('@') {
        Some((stem, domain)) => (stem, format!("@{domain}")),
        None => (name, String::new()),
    };
    let room = limit.saturating_sub(suffix.chars().count() + domain.chars().count());
    let stem: String = stem.chars().take(room).collect();
    format!("{}{suffix}{domain}", stem.trim_end_matches([' ', '.', '-', '_']))
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
                .first_free(&candidates, 20, |name| NameKey::attribute(&sam, name))
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
            names.first_free(&candidates, 20, key).as_deref(),
            Some("ada.byrne")
        );
        names.take(key("ada.byrne"));
        assert_eq!(names.first_free(&candidates, 20, key).as_deref(), Some("abyrne2"));
    }

    #[test]
    fn a_number_goes_before_the_at_sign() {
        let (upn, mut names) = (attribute("userPrincipalName"), Names::default());
        let key = |name: &str| NameKey::attribute(&upn, name);
        names.take(key("ada@corp.test"));
        let candidates = vec!["ada@corp.test".to_owned()];
        assert_eq!(
            names.first_free(&candidates, 256, key).as_deref(),
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
