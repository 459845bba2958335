//! What became of an operation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::action::ActionKind;

/// The most values that one call may capture.
pub const MAX_CAPTURES: usize = 16;
/// The longest captured value, in bytes of JSON.
pub const MAX_CAPTURED: usize = 1024;

/// What became of one operation. Only what was seen afterwards is called verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Written, and seen to be so when read back.
    Verified,
    /// Acknowledged by the other side, which cannot be asked.
    Unverified {
        /// Why it could not be seen.
        why: String,
    },
    /// A step that touches no directory was done, and what came back counts as success.
    Answered {
        /// What came back in a few words: `201 Created`, `exit code 0: done`, `sent to hr@example.com`.
        answer: String,
        /// Values out of the answer, for later steps.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        captured: BTreeMap<String, serde_json::Value>,
    },
    /// It is not known whether it was done, and doing it again could do it twice. A human has to look.
    InDoubt {
        /// What is known, and where to look.
        what: String,
    },
    /// The other side said no for a reason that trying again does not mend.
    Refused(Refusal),
    /// Not carried out, or not seen to be; it may go well at another time.
    Failed(Refusal),
    /// Left alone, because the account had moved away from the values that the plan was made from.
    Overtaken {
        /// What was found instead.
        found: String,
    },
    /// Not tried, because an operation before it on the same account did not succeed.
    Waiting {
        /// What it waits for.
        on: String,
    },
}

impl Outcome {
    /// The end of an action that the directory does not know. A check of the documents finds these before they run.
    pub fn not_possible(action: ActionKind) -> Self {
        Self::Refused(Refusal {
            code: String::new(),
            message: format!("this directory cannot carry out `{action}`"),
            hint: "Take the step out of the rule; `tenure check` says what the directory can do.".to_owned(),
        })
    }

    /// Whether the operation's end was reached, so that what depends on it may go on.
    pub fn is_success(&self) -> bool {
        matches!(
            self,
            Self::Verified | Self::Unverified { .. } | Self::Answered { .. }
        )
    }
}

/// Why the other side did not do it, worded for an administrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The other side's code, for example `19 0000052D`.
    pub code: String,
    /// What it means.
    pub message: String,
    /// What to do about it; empty when nothing sensible can be said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hint: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.message)?;
        if !self.code.is_empty() {
            write!(f, " ({})", self.code)?;
        }
        Ok(())
    }
}
