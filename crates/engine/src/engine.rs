//! The engine: what every run needs, in one place.

use std::path::PathBuf;
use std::sync::Arc;

use tenure_connect::script::ScriptFolders;
use tenure_connect::source::Variables;
use tenure_store::{Store, Vault};

use crate::clock::Clock;
use crate::connections::Connections;

/// Plans and carries out runs over one database. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) store: Store,
    pub(crate) vault: Arc<Vault>,
    pub(crate) connections: Connections,
    pub(crate) clock: Clock,
}

impl Engine {
    /// An engine on this database, with the vault of its secrets.
    /// Relative paths in documents begin in `folder`.
    pub fn new(store: Store, vault: Arc<Vault>, folder: PathBuf, clock: Clock) -> Self {
        let connections = Connections::new(store.clone(), Arc::clone(&vault), folder);
        Self {
            store,
            vault,
            connections,
            clock,
        }
    }

    /// The same engine, whose requests may name these environment variables.
    #[must_use]
    pub fn with_variables(mut self, variables: Variables) -> Self {
        self.connections.variables = variables;
        self
    }

    /// The same engine, which may run scripts from these folders.
    #[must_use]
    pub fn with_scripts(mut self, folders: ScriptFolders) -> Self {
        self.connections.script_folders = folders;
        self
    }

    /// The same engine at another time.
    #[must_use]
    pub fn at(&self, clock: Clock) -> Self {
        Self {
            clock,
            ..self.clone()
        }
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The vault.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }
}
