//! Environment variables that requests may name: those made for it, and those that somebody allowed. Everything else
//! in the environment, such as the vault's key, stays out of reach of documents.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tenure_core::expression::VariableHook;

/// What the names of variables begin with that need not be allowed one by one.
pub const PREFIX: &str = "TENURE_VAR_";

/// The environment variables that can be named.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    allowed: Arc<BTreeSet<String>>,
    /// Taken instead of the machine's.
    given: Option<Arc<BTreeMap<String, String>>>,
}

impl Variables {
    /// The machine's, of which those with other names than `TENURE_VAR_…` have to be allowed.
    pub fn of_machine(allowed: impl IntoIterator<Item = String>) -> Self {
        Self {
            allowed: Arc::new(allowed.into_iter().collect()),
            given: None,
        }
    }

    /// These instead of the machine's.
    #[must_use]
    pub fn with_values(mut self, values: BTreeMap<String, String>) -> Self {
        self.given = Some(Arc::new(values));
        self
    }
}

impl VariableHook for Variables {
    fn variable(&self, name: &str) -> Result<String, String> {
        if !name.starts_with(PREFIX) && !self.allowed.contains(name) {
            return Err(format!(
                "only variables whose names begin with `{PREFIX}` can be read, and those that `--allow-env` names"
            ));
        }
        let value = match &self.given {
            Some(given) => given.get(name).cloned(),
            None => std::env::var(name).ok(),
        };
        value.filter(|value| !value.is_empty()).ok_or_else(|| {
            "there is no environment variable of that name with a value; set it where Tenure runs".to_owned()
        })
    }
}
