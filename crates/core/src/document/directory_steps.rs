//! Parameters of steps that directories of accounts carry out: how an account is disabled, deleted, brought back, and
//! moved from group to group.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scalar::{OneOrMany, Span};
use crate::attribute::AttributeName;

/// Sign-in is not possible; and what else is done to the account of somebody who left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Disable {
    /// Attributes that get a value once, when the event begins: for example the date and the reason in `description`.
    /// Formats; beside the person's attributes they may name `event` and `since`, the moment from which it counts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub stamp: BTreeMap<AttributeName, String>,
    /// The container to which the account goes. A format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub move_to: Option<String>,
    /// Whether Exchange's address lists leave the account out (`msExchHideFromAddressLists`).
    #[serde(skip_serializing_if = "is_not")]
    pub hide_from_address_lists: bool,
    /// Groups that the account leaves: `all`, or their names. Formats. They are remembered for somebody who comes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove_from_groups: Option<OneOrMany<String>>,
}

/// There is no account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Delete {
    /// Whether objects below the account go with it; while there are any, a server deletes nothing otherwise.
    #[serde(skip_serializing_if = "is_not")]
    pub children: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_not(said: &bool) -> bool {
    !said
}

/// How long after its deletion an account can come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Restore {
    /// After that a new account is made; `30d` when not said, which is how long Microsoft 365 keeps deleted users. Active
    /// Directory keeps deleted objects for 180 days, and for 60 in domains that began before Windows Server 2003 SP1.
    pub within: Span,
}

impl Default for Restore {
    fn default() -> Self {
        Self {
            within: Span::from_secs(30 * 86_400),
        }
    }
}

/// Until when sign-in is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    /// Until the end of the employment or contract, in the person's own zone; without an end always.
    End,
    /// Always.
    Never,
}

/// The groups of a family that an account is in: these, and no others of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveAcrossGroups {
    /// Groups that it is in. Formats.
    pub to: OneOrMany<String>,
    /// The family: groups by name, and containers with all groups in them. It is in none of them but those above.
    pub among: OneOrMany<String>,
}
