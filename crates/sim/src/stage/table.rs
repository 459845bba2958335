//! Things a vendor knows beside the people, such as customers and departments.

use std::collections::BTreeMap;

use super::answer::Object;

/// Records by number.
#[derive(Default)]
pub(crate) struct Table {
    rows: BTreeMap<u64, Object>,
    next: u64,
}

impl Table {
    /// These records, numbered from `first`, each shown its number.
    pub(crate) fn of(first: u64, records: impl IntoIterator<Item = impl FnOnce(u64) -> Object>) -> Self {
        let mut table = Self {
            rows: BTreeMap::new(),
            next: first,
        };
        for record in records {
            table.add(record);
        }
        table
    }

    /// Adds a record, which is shown its number, and says that number.
    pub(crate) fn add(&mut self, record: impl FnOnce(u64) -> Object) -> u64 {
        let number = self.next;
        self.next += 1;
        self.rows.insert(number, record(number));
        number
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Object> {
        self.rows.get(&number)
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut Object> {
        self.rows.get_mut(&number)
    }

    pub(crate) fn remove(&mut self, number: u64) -> Option<Object> {
        self.rows.remove(&number)
    }

    /// In the order of the numbers.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (u64, &Object)> {
        self.rows.iter().map(|(number, row)| (*number, row))
    }

    /// The first record whose `field` is this text.
    pub(crate) fn find(&self, field: &str, text: &str) -> Option<(u64, &Object)> {
        self.rows()
            .find(|(_, row)| row.get(field).is_some_and(|value| value == text))
    }
}
