//! The attributes of a local account. They are worked on in the form in which they are stored, so that a new account
//! with hundreds of values is one text from the plan to the table.

use std::borrow::Cow;
use std::collections::HashSet;

use tenure_core::action::AttributeValues;

use crate::packing::{ATTRIBUTE, VALUE, escape, unescape};

/// Attributes by their names in lower case, in the order of these, each with a value at least, none of them empty or
/// there twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Values(String);

impl Values {
    /// The values of an action. Where it names an attribute twice, the last counts.
    pub(super) fn of(given: &[AttributeValues]) -> Self {
        let mut named: Vec<(String, &[String])> = given
            .iter()
            .map(|attribute| {
                (
                    attribute.name.as_str().to_ascii_lowercase(),
                    attribute.values.as_slice(),
                )
            })
            .collect();
        named.sort_by(|one, other| one.0.cmp(&other.0));
        let size: usize = named
            .iter()
            .map(|(name, values)| name.len() + 1 + values.iter().map(|value| value.len() + 1).sum::<usize>())
            .sum();
        let mut packed = Self(String::with_capacity(size));
        let mut rest = named.as_slice();
        while let [(name, values), after @ ..] = rest {
            if after.first().is_none_or(|(next, _)| next != name) {
                packed.push(name, values);
            }
            rest = after;
        }
        packed
    }

    /// The values of a stored text.
    pub(super) fn from_stored(stored: String) -> Self {
        Self(stored)
    }

    /// The text that is stored.
    pub(super) fn stored(&self) -> &str {
        &self.0
    }

    /// All attributes with their values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, impl Iterator<Item = Cow<'_, str>>)> {
        attributes(&self.0).map(|attribute| {
            let (name, values) = attribute.split_once(VALUE).unwrap_or((attribute, ""));
            (unescape(name), values.split(VALUE).map(unescape))
        })
    }

    /// The values of an attribute, whose name is given in lower case.
    pub(super) fn get(&self, name: &str) -> Vec<Cow<'_, str>> {
        self.iter()
            .find(|(known, _)| known == name)
            .map(|(_, values)| values.collect())
            .unwrap_or_default()
    }

    /// Sets an attribute; without a value it goes.
    pub(super) fn set(&mut self, name: &str, given: &[String]) {
        let name = name.to_ascii_lowercase();
        let mut changed = Self(String::with_capacity(self.0.len()));
        let mut set = false;
        for attribute in attributes(&self.0) {
            let known = unescape(attribute.split_once(VALUE).map_or(attribute, |(known, _)| known));
            if !set && *known >= *name {
                changed.push(&name, given);
                set = true;
            }
            if *known != *name {
                changed.separate();
                changed.0.push_str(attribute);
            }
        }
        if !set {
            changed.push(&name, given);
        }
        *self = changed;
    }

    /// Whether an attribute has these values, in any order.
    pub(super) fn has(&self, name: &str, wanted: &[String]) -> bool {
        let found = self.get(&name.to_ascii_lowercase());
        let found: HashSet<&str> = found.iter().map(AsRef::as_ref).collect();
        let wanted: HashSet<&str> = wanted
            .iter()
            .map(String::as_str)
            .filter(|value| !value.is_empty())
            .collect();
        found == wanted
    }

    /// Adds an attribute that comes after all others, unless it has no value.
    fn push(&mut self, name: &str, given: &[String]) {
        let mut seen = HashSet::new();
        // Most attributes have one value, or few, for which a set would cost more than it saves.
        let mut is_new = |at: usize, value: &str| match given.len() {
            0..=16 => !given.iter().take(at).any(|other| other == value),
            _ => seen.insert(value.to_owned()),
        };
        let mut named = false;
        for (at, value) in given.iter().enumerate() {
            if value.is_empty() || !is_new(at, value) {
                continue;
            }
            if !named {
                self.separate();
                self.0.push_str(&escape(name));
                named = true;
            }
            self.0.push(VALUE);
            self.0.push_str(&escape(value));
        }
    }

    fn separate(&mut self) {
        if !self.0.is_empty() {
            self.0.push(ATTRIBUTE);
        }
    }
}

/// The attributes of a stored text, each with its values.
fn attributes(stored: &str) -> impl Iterator<Item = &str> {
    stored.split(ATTRIBUTE).filter(|attribute| !attribute.is_empty())
}

#[cfg(test)]
mod tests {
    use tenure_core::attribute::AttributeName;

    use super::*;

    fn given(attributes: &[(&str, &[&str])]) -> Vec<AttributeValues> {
        attributes
            .iter()
            .map(|(name, values)| AttributeValues {
                name: AttributeName::new(name),
                values: values.iter().map(|value| (*value).to_owned()).collect(),
            })
            .collect()
    }

    #[test]
    fn values_are_kept_in_one_form_however_they_are_given() {
        let values = Values::of(&given(&[
            ("sn", &["Byrne"]),
            ("Mail", &["a@test", "", "a@test", "b\u{1d}@test"]),
            ("title", &[]),
            ("SN", &["O\u{1c}Brien"]),
        ]));
        assert_eq!(values.get("mail"), ["a@test", "b\u{1d}@test"]);
        assert_eq!(values.get("sn"), ["O\u{1c}Brien"]);
        assert!(values.get("title").is_empty());

        let mut set = Values::default();
        for (name, value) in [("sn", "O\u{1c}Brien"), ("zip", "1"), ("mail", "x")] {
            set.set(name, &[value.to_owned()]);
        }
        set.set("ZIP", &[]);
        set.set("Mail", &["a@test".to_owned(), "b\u{1d}@test".to_owned()]);
        assert_eq!(set, values);
        assert_eq!(Values::from_stored(set.stored().to_owned()), values);
        assert!(set.has(
            "MAIL",
            &["b\u{1d}@test".to_owned(), "a@test".to_owned(), String::new()]
        ));
        assert!(!set.has("mail", &["a@test".to_owned()]));
    }
}
