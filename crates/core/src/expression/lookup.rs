//! Lookup tables: values by key, called like functions in expressions (`ou_for(department)`).

use std::collections::HashMap;
use std::sync::Arc;

/// Tables by name.
#[derive(Clone, Debug, Default)]
pub struct Lookups {
    tables: Arc<HashMap<String, Table>>,
}

/// Values by key. Keys are compared without regard to case and to space around them.
#[derive(Clone, Debug, Default)]
pub struct Table {
    entries: HashMap<String, String>,
    otherwise: Option<String>,
}

impl Table {
    /// A table of these values, with what stands for every other key.
    pub fn new<K: AsRef<str>, V: Into<String>>(
        entries: impl IntoIterator<Item = (K, V)>,
        otherwise: Option<String>,
    ) -> Self {
        let entries = entries
            .into_iter()
            .map(|(key, value)| (normalised(key.as_ref()), value.into()))
            .collect();
        Self { entries, otherwise }
    }

    /// The value for a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries
            .get(&normalised(key))
            .or(self.otherwise.as_ref())
            .map(String::as_str)
    }
}

fn normalised(key: &str) -> String {
    key.trim().to_lowercase()
}

impl Lookups {
    /// These tables.
    pub fn new<N: Into<String>>(tables: impl IntoIterator<Item = (N, Table)>) -> Self {
        let tables = tables
            .into_iter()
            .map(|(name, table)| (name.into(), table))
            .collect();
        Self {
            tables: Arc::new(tables),
        }
    }

    /// The table with this name.
    pub fn get(&self, name: &str) -> Option<&Table> {
        self.tables.get(name)
    }

    /// The names of all tables, in no order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tables.keys().map(String::as_str)
    }
}
