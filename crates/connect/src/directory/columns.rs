//! Which of an entry's attributes are wanted, and as what.

use tenure_core::account::Access;
use tenure_core::attribute::{AttributeIndex, AttributesBuilder, Dictionary};

use super::rules::{MemberOf, Rules};
use crate::ldap::{BerError, RawEntry};

struct Column {
    name: Box<str>,
    index: Option<AttributeIndex>,
    part: Part,
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
pub(super) struct Parts<Id> {
    pub(super) id: Option<Id>,
    pub(super) access: Access,
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
            })
            .collect();
        let mut also =
            |name: &str, part| match columns.iter_mut().find(|one| one.name.eq_ignore_ascii_case(name)) {
                Some(column) => column.part = part,
                None => columns.push(Column {
                    name: name.into(),
                    index: None,
                    part,
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
    ) -> Result<Parts<tenure_core::account::AccountId>, BerError> {
        let mut parts = Parts {
            id: None,
            access: Access::Enabled,
        };
        while let Some(mut attribute) = entry.next_attribute()? {
            let Some(column) = self.find(attribute.name) else {
                continue;
            };
            let (index, part) = (column.index, column.part);
            while let Some(value) = attribute.next_value()? {
                match part {
                    Part::Id => parts.id = rules.id(value),
                    Part::Access if rules.disables(value) => parts.access = Access::Disabled,
                    Part::Plain | Part::Access => {}
                }
                let Some(index) = index else { continue };
                if let Ok(text) = std::str::from_utf8(value) {
                    builder.push(index, text);
                } else {
                    let attribute = String::from_utf8_lossy(attribute.name);
                    tracing::debug!(%attribute, "a value that is no text is left out");
                }
            }
        }
        Ok(parts)
    }

    /// The column of an attribute as a server names it. Values cut into ranges come with an option (MS-ADTS 3.1.1.3.1.3.3); those in
    /// other languages or encodings are other attributes.
    fn find(&mut self, name: &[u8]) -> Option<&Column> {
        let name = match name.iter().position(|byte| *byte == b';') {
            Some(at) if name.get(at + 1..)?.starts_with(b"range=") => name.get(..at)?,
            Some(_) => return None,
            None => name,
        };
        let is_it = |column: &Column| column.name.as_bytes().eq_ignore_ascii_case(name);
        let at = match self.columns.get(self.next) {
            Some(column) if is_it(column) => self.next,
            _ => self.columns.iter().position(is_it)?,
        };
        self.next = if at + 1 < self.columns.len() { at + 1 } else { 0 };
        self.columns.get(at)
    }
}
