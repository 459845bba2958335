//! Names of a new account that must be unique: which is the first that nobody has and that may be given.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::Joiner;
use crate::action::AttributeValues;
use crate::attribute::AttributeName;
use crate::document::Within;
use crate::expression::{Evaluated, Format, is_reserved};
use crate::plan::addresses::{Addresses, with_primary};
use crate::plan::naming::{ContainerKey, Found, NameKey, NameKind, NameSpace, Names, Search};
use crate::plan::rules::{ReservedName, Template};
use crate::plan::steps::evaluate;

/// A name that is looked for.
pub(super) struct Wanted<'a> {
    pub(super) attribute: &'a AttributeName,
    pub(super) formats: &'a [Format],
    pub(super) kind: NameKind,
    pub(super) search: Search<'a>,
    /// Other attributes whose values count as taken.
    pub(super) also_in: Vec<&'a AttributeName>,
    pub(super) template: &'a Template,
}

impl Wanted<'_> {
    /// Whether nobody is given a name that begins like this one.
    fn begins_reserved(&self, name: &str) -> bool {
        let starts = |reserved: &&ReservedName| matches!(reserved, ReservedName::Start(_));
        let mut starts = self.template.reserved.iter().filter(starts).peekable();
        starts.peek().is_some() && {
            let small = name.to_lowercase();
            starts.any(|start| start.is(&small))
        }
    }

    /// Whether nobody is given a name: systems keep it, or the template says so.
    fn is_reserved(&self, name: &str) -> bool {
        if self.kind == NameKind::Plain && self.template.reserved.is_empty() {
            return false;
        }
        let name = match self.kind {
            NameKind::Address => name.split('@').next().unwrap_or_default(),
            NameKind::Login | NameKind::Plain => name,
        };
        (self.kind != NameKind::Plain && is_reserved(name))
            || (!self.template.reserved.is_empty() && {
                let small = name.to_lowercase();
                self.template.reserved.iter().any(|reserved| reserved.is(&small))
            })
    }
}

impl Joiner<'_> {
    /// Chooses the template's unique names, in their order. Why somebody does not get the first choice is added to
    /// `because`.
    pub(super) fn choose_names(
        &mut self,
        template: &Template,
        place: ContainerKey,
        origin: &str,
        names: &mut Names,
        because: &mut String,
    ) -> Result<(), String> {
        for unique in &template.unique {
            let Some(attribute) = self.rules.dictionary.name(unique.attribute) else {
                continue;
            };
            let space = match unique.within {
                Within::Directory => NameSpace::of(attribute),
                Within::Container => NameSpace::within(place, attribute),
            };
            let also_in = unique.also_in.iter();
            let wanted = Wanted {
                attribute,
                formats: &unique.formats,
                kind: unique.kind,
                search: Search {
                    limit: unique.limit,
                    numbers: unique.numbers.as_ref().map(Cow::Borrowed),
                },
                also_in: also_in
                    .filter_map(|index| self.rules.dictionary.name(*index))
                    .collect(),
                template,
            };
            let found = self.choose(&wanted, origin, names, |name| space.key(name))?;
            if let Some(taken) = &found.taken {
                let why = if wanted.is_reserved(taken) {
                    "reserved"
                } else {
                    "taken"
                };
                let _ = write!(because, "; {attribute} {} since {taken} is {why}", found.name);
            }
            self.taken.push(found.key);
            self.chosen.push((attribute.clone(), found.name));
        }
        Ok(())
    }

    /// Gives the new account the template's mail addresses that nobody has. One that somebody has is left out, and why is
    /// added to `because`.
    pub(super) fn add_addresses(
        &mut self,
        addresses: &Addresses,
        attributes: &mut Vec<AttributeValues>,
        names: &Names,
        origin: &str,
        because: &mut String,
    ) -> Result<(), String> {
        let dictionary = &self.rules.dictionary;
        let (Some(name), Some(mail)) = (
            dictionary.name(addresses.attribute),
            dictionary.name(addresses.mail),
        ) else {
            return Ok(());
        };
        let chosen = |address: &str| {
            let mut chosen = self.chosen.iter();
            chosen.any(|(name, value)| name == mail && value.eq_ignore_ascii_case(address))
        };
        let mut wanted = addresses.of(&self.scope(), origin)?;
        wanted.retain(|address| {
            let is_free = names.is_free(NameKey::attribute(name, address))
                && (chosen(address) || names.is_free(NameKey::attribute(mail, address)));
            if !is_free {
                let _ = write!(because, "; {name} without {address}, which is taken");
            }
            is_free
        });
        self.taken
            .extend(wanted.iter().map(|address| NameKey::attribute(name, address)));
        if let Some(known) = attributes.iter_mut().find(|known| known.name == *name) {
            known.values = with_primary(std::mem::take(&mut known.values), &wanted);
        } else if !wanted.is_empty() {
            attributes.push(AttributeValues {
                name: name.clone(),
                values: with_primary(Vec::new(), &wanted),
            });
        }
        Ok(())
    }

    /// A free name. Formats are worked out one by one until there is one; a format without a value is passed over.
    pub(super) fn choose(
        &self,
        wanted: &Wanted<'_>,
        origin: &str,
        names: &mut Names,
        key: impl Fn(&str) -> NameKey,
    ) -> Result<Found, String> {
        let scope = self.scope();
        let language = match &wanted.template.language {
            None => None,
            Some(format) => match evaluate(format, &scope, origin)? {
                Evaluated::Values(values) => values.into_iter().next(),
                Evaluated::Nothing { .. } => None,
            },
        };
        let language = language.unwrap_or_default();
        let (mut trouble, mut missing_input, mut tried) = (None, None, false);
        let candidates = wanted
            .formats
            .iter()
            .map_while(|format| match evaluate(format, &scope, origin) {
                Ok(Evaluated::Values(values)) => Some(
                    values
                        .first()
                        .map(|value| wanted.kind.clean(value, &language))
                        .unwrap_or_default(),
                ),
                Ok(Evaluated::Nothing { missing }) => {
                    missing_input.get_or_insert(missing);
                    Some(String::new())
                }
                Err(error) => {
                    trouble = Some(error);
                    None
                }
            });
        let candidates = candidates
            .filter(|name| !name.is_empty())
            .inspect(|_| tried = true)
            // With a number at its end such a name would be reserved too.
            .filter(|name| !wanted.begins_reserved(name));
        let found = names.first_free(candidates, &wanted.search, key, |names, name| {
            !wanted.is_reserved(name)
                && wanted
                    .also_in
                    .iter()
                    .all(|other| names.is_free(NameKey::attribute(other, name)))
        });
        if let Some(trouble) = trouble {
            return Err(trouble);
        }
        found.ok_or_else(|| match (tried, missing_input) {
            (true, _) => format!("{origin}: no free {} is left", wanted.attribute),
            (false, Some(input)) => {
                format!(
                    "{origin}: no {} can be made, because `{input}` has no value",
                    wanted.attribute
                )
            }
            (false, None) => format!(
                "{origin}: no {} can be made, because nothing is left of it as plain letters",
                wanted.attribute
            ),
        })
    }
}
