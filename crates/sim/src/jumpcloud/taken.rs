//! Who has which unique value. JumpCloud lets no two users share one of these.

use std::collections::HashMap;

use super::{
    pick::{Scalar, scalars},
    shelf::Shelf,
};

/// The fields that are unique.
const UNIQUE: [&str; 3] = ["username", "email", "employeeIdentifier"];

/// The unique values in use, each with the number of its owner.
pub(super) struct Taken {
    names: Vec<String>,
    owners: HashMap<(usize, String), u32>,
}

impl Taken {
    /// Reads them off the records.
    pub(super) fn read(shelf: &Shelf) -> Self {
        let mut taken = Self {
            names: UNIQUE.map(str::to_owned).to_vec(),
            owners: HashMap::with_capacity(shelf.len() * UNIQUE.len()),
        };
        for (number, record) in shelf.records() {
            taken.learn(record, number);
        }
        taken
    }

    pub(super) fn learn(&mut self, record: &[u8], number: u32) {
        for key in self.keys(record) {
            self.owners.insert(key, number);
        }
    }

    pub(super) fn forget(&mut self, record: &[u8]) {
        for key in self.keys(record) {
            self.owners.remove(&key);
        }
    }

    /// The field of `record` whose value somebody other than `number` has.
    pub(super) fn clash(&self, record: &[u8], number: Option<u32>) -> Option<(&str, String)> {
        let clashing =
            |key: &(usize, String)| self.owners.get(key).is_some_and(|owner| Some(*owner) != number);
        let (field, value) = self.keys(record).into_iter().find(clashing)?;
        Some((self.names.get(field)?, value))
    }

    fn keys(&self, record: &[u8]) -> Vec<(usize, String)> {
        let values = scalars(record, &self.names);
        let texts = values
            .into_iter()
            .enumerate()
            .filter_map(|(field, value)| match value {
                Scalar::Text(text) if !text.is_empty() => Some((field, text)),
                _ => None,
            });
        texts.collect()
    }
}
