//! Which of an entry's attributes are wanted, and as what.

use tenure_core::account::{Access, AccountId};
use tenure_core::attribute::{AttributeIndex, AttributesBuilder, Dictionary};
use tenure_core::photo::{PhotoDigest, is_photo};

use super::rules::{MemberOf, Rules};
use crate::ldap::{BerError, Entry, Part as ValuesPart, RawEntry, part};

struct Column {
    name: Box<str>,
    index: Option<AttributeIndex>,
    part: Part,
    /// Whether it is shown as its digest only.
    is_photo: bool,
}

/// What an attribute is beside a value of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Plain,
    Id,
    Access,
}

/// The attributes of a reading.
pub(super) struct Columns {
    columns: Vec<Column>,
    /// Servers send attributes in the same order for most entries; the next is looked for here first.
    next: usize,
}

/// What an entry says beside its attributes.
pub(super) struct Parts {
    pub(super) id: Option<AccountId>,
    pub(super) access: Access,
    /// Whether all values came.
    pub(super) values: Values,
}

/// Whether all values of an entry came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Values {
    All,
    /// An attribute has more than the server gives at once.
    Some,
}

impl Columns {
    pub(super) fn new(dictionary: &Dictionary, rules: &impl Rules) -> Self {
        let from_groups = matches!(rules.member_of(), MemberOf::Groups { .. });
        let mut columns: Vec<Column> = (0u16..)
            .zip(dictionary.names())
            .filter(|(_, name)| !(from_groups && name.is("memberOf")))
            .map(|(at, name)| Column {
                name: name.as_str().into(),
                index: Some(AttributeIndex(at)),
                part: Part::Plain,
                is_photo: is_photo(name),
            })
            .collect();
        let mut also =
            |name: &str, part| match columns.iter_mut().find(|one| one.name.eq_ignore_ascii_case(name)) {
                Some(column) => column.part = part,
                None => columns.push(Column {
                    name: name.into(),
                    index: None,
                    part,
                    is_photo: false,
                }),
            };
        also(rules.id_attribute(), Part::Id);
        if let Some(name) = rules.access_attribute() {
            also(name, Part::Access);
        }
        Self { columns, next: 0 }
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.columns
            .iter()
            .map(|column| column.name.to_string())
            .collect()
    }

    /// Puts an entry's values into `builder`. Values that are no text are left out.
    pub(super) fn take<R: Rules>(
        &mut self,
        entry: &mut RawEntry<'_>,
        rules: &R,
        builder: &mut AttributesBuilder,
    ) -> Result<Parts, BerError> {
        let mut parts = Parts::default();
        while let Some(mut attribute) = entry.next_attribute()? {
            let Some((at, values)) = self.find(attribute.name) else {
                continue;
            };
            if values != ValuesPart::Last {
                parts.values = Values::Some;
            }
            while let Some(value) = attribute.next_value()? {
                self.value(at, value, rules, builder, &mut parts);
            }
        }
        Ok(parts)
    }

    /// The same for an entry that was kept, and has all its values.
    pub(super) fn take_kept<R: Rules>(
        &mut self,
        entry: &Entry,
        rules: &R,
        builder: &mut AttributesBuilder,
    ) -> Parts {
        let mut parts = Parts::default();
        for (name, values) in &entry.attributes {
            if let Some((at, _)) = self.find(name.as_bytes()) {
                for value in values {
                    self.value(at, value, rules, builder, &mut parts);
                }
            }
        }
        parts
    }

    fn value<R: Rules>(
        &self,
        at: usize,
        value: &[u8],
        rules: &R,
        builder: &mut AttributesBuilder,
        parts: &mut Parts,
    ) {
        let Some(column) = self.columns.get(at) else {
            return;
        };
        match column.part {
            Part::Id => parts.id = rules.id(value),
            Part::Access if rules.disables(value) => parts.access = Access::Disabled,
            Part::Plain | Part::Access => {}
        }
        let Some(index) = column.index else { return };
        if column.is_photo {
            builder.push(index, PhotoDigest::of(value).as_str());
        } else if let Ok(text) = std::str::from_utf8(value) {
            builder.push(index, text);
        } else {
            let attribute = &column.name;
            tracing::debug!(%attribute, "a value that is no text is left out");
        }
    }

    /// The column of an attribute as a server names it, and which of its values came. Those in other languages or
    /// encodings are other attributes.
    fn find(&mut self, name: &[u8]) -> Option<(usize, ValuesPart)> {
        let (name, values) = part(name)?;
        let is_it = |column: &Column| column.name.as_bytes().eq_ignore_ascii_case(name);
        let at = match self.columns.get(self.next) {
            Some(column) if is_it(column) => self.next,
            _ => self.columns.iter().position(is_it)?,
        };
        self.next = if at + 1 < self.columns.len() { at + 1 } else { 0 };
        Some((at, values))
    }
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            id: None,
            access: Access::Enabled,
            values: Values::All,
        }
    }
}
