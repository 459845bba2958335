//! `kind: lookup`: a table of values that expressions call like a function.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scalar::Scalar;

/// Values by key, for expressions: a table `ou_for` is called as `ou_for(department)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// What expressions call it: letters, digits and underscores.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The values. Keys are compared without regard to case.
    pub values: BTreeMap<String, Scalar>,
    /// What stands for every other key; without it there is no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
}
