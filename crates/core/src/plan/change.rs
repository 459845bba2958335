//! What a plan is made of: changes with their operations and reasons, and findings about people left alone.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::action::Action;
use crate::attribute::AttributeName;
use crate::dn::Dn;
use crate::link::{LinkState, Owed};
use crate::profile::{PersonKey, RecordHash};

/// Everything to be done for one person's account, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The person.
    pub person: PersonKey,
    /// What the person is called, for those who read the plan.
    pub name: String,
    /// Which rule applies.
    pub event: Event,
    /// Why.
    pub reason: Reason,
    /// The account; none when the first operation creates it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Where the account is; none when the first operation creates it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dn: Option<Dn>,
    /// How the account was found to be this person's, when this plan is the first to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched: Option<String>,
    /// Where the person stands once all operations are done.
    pub then: LinkState,
    /// The writes; none when there is only the link to keep.
    pub operations: Vec<Operation>,
    /// Calls that the event asks for at a later date.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub later: Vec<Owed>,
    /// Who is told in one message what came of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tell: Vec<Tell>,
    /// Hash of the record that the change was made from; none when the record is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordHash>,
}

/// Who is told of one change, by an entry of the automation's `notify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tell {
    /// Which entry, counted from nought.
    pub notice: u32,
    /// Addresses and channels.
    pub to: Vec<String>,
    /// The attributes of the account from which addresses were taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<AttributeName>,
}

/// One write of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// What to do.
    pub action: Action,
    /// Where it comes from: the rule and step, or the mapping.
    pub because: String,
    /// For a step that no directory shows to be done: which one, so that it is remembered until it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owed: Option<Owed>,
}

impl Operation {
    /// A write to the directory.
    pub fn write(action: Action, because: impl Into<String>) -> Self {
        Self {
            action,
            because: because.into(),
            owed: None,
        }
    }
}

/// The lifecycle event that a change follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Somebody starts and gets an account.
    Joiner,
    /// Something about a person changed.
    Mover,
    /// Somebody ended.
    Leaver,
    /// Somebody who had left is back.
    Rehire,
    /// An account that was there already is recognised as a person's.
    Match,
}

impl Event {
    /// The word used in documents and output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Joiner => "joiner",
            Self::Mover => "mover",
            Self::Leaver => "leaver",
            Self::Rehire => "rehire",
            Self::Match => "match",
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a change is planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Reason {
    /// Active in the source, without an account.
    NoAccount,
    /// The account was created, but not everything that the rule says was done.
    Unfinished,
    /// An earlier run began to create the account and did not learn how that ended. It is there, and is finished.
    HalfMade,
    /// Record and account differ, or a step of the rule is not yet fulfilled.
    Differs,
    /// The employment or contract ended.
    Ended {
        /// When.
        since: Timestamp,
    },
    /// The record says that the person is not active.
    Inactive,
    /// The record is no longer in the source, all of which was read.
    Absent,
    /// Active again after having left.
    ActiveAgain,
    /// A call that an earlier run did not get done.
    Owed,
    /// The account is this person's, and all is as it should be.
    Recognised,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAccount => f.write_str("active in the source, has no account"),
            Self::Unfinished => f.write_str("joined, but not everything of the joiner rule was done"),
            Self::HalfMade => {
                f.write_str("an earlier run may have left the account half made; it is finished")
            }
            Self::Differs => f.write_str("the account differs from what the source says"),
            Self::Ended { since } => write!(f, "ended at {since}"),
            Self::Inactive => f.write_str("the source says that the person is not active"),
            Self::Absent => f.write_str("no longer in the source, which was read completely"),
            Self::ActiveAgain => f.write_str("active again after having left"),
            Self::Owed => f.write_str("a call is owed since an earlier run"),
            Self::Recognised => f.write_str("an existing account is this person's"),
        }
    }
}

/// Something about one person or record that was left alone, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The person, when the key is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonKey>,
    /// What kind of finding.
    pub kind: FindingKind,
    /// In words, with what would help.
    pub text: String,
}

/// Kinds of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The record cannot be used: no key, a key twice, only in some endpoints, a value that cannot be read.
    Record,
    /// Several accounts fit, or the account that fits belongs to somebody else.
    Conflict,
    /// No name, container or other value that an account must have can be made.
    Value,
    /// The account that was linked is not there.
    AccountGone,
    /// It is not known whether a call was made.
    InDoubt,
    /// Something worth knowing; nothing is left undone because of it.
    Notice,
}

impl FindingKind {
    /// The word used in output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Conflict => "conflict",
            Self::Value => "value",
            Self::AccountGone => "account_gone",
            Self::InDoubt => "in_doubt",
            Self::Notice => "notice",
        }
    }
}
