//! Actions on what only a cloud directory has beside accounts and groups: licences, sessions and mailboxes. What
//! they are in a plan; how they are carried out belongs to the directory.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::ActionKind;

/// One such write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloudAction {
    /// Give the account licences.
    AssignLicences {
        /// By name or id, as the document writes them.
        licences: Vec<String>,
    },
    /// Take licences from the account.
    RevokeLicences {
        /// By name or id.
        licences: Vec<String>,
    },
    /// End every session, so that everybody who uses the account has to sign in again.
    RevokeSessions,
    /// Answer mail by itself, or no longer.
    SetAutoReply {
        /// What is answered; none switches it off.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply: Option<AutoReply>,
    },
    /// Make the mailbox one of another kind.
    ConvertMailbox {
        /// Which kind.
        to: MailboxKind,
    },
}

impl CloudAction {
    /// Which kind of action this is.
    pub fn kind(&self) -> ActionKind {
        match self {
            Self::AssignLicences { .. } => ActionKind::AssignLicences,
            Self::RevokeLicences { .. } => ActionKind::RevokeLicences,
            Self::RevokeSessions => ActionKind::RevokeSessions,
            Self::SetAutoReply { .. } => ActionKind::SetAutoReply,
            Self::ConvertMailbox { .. } => ActionKind::ConvertMailbox,
        }
    }

    /// The action in words, as plans and histories show it.
    pub fn sentence(&self) -> String {
        match self {
            Self::AssignLicences { licences } => format!("assign {}", licences.join(", ")),
            Self::RevokeLicences { licences } => format!("take back {}", licences.join(", ")),
            Self::RevokeSessions => "end all sessions".to_owned(),
            Self::SetAutoReply { reply: Some(_) } => "switch the automatic reply on".to_owned(),
            Self::SetAutoReply { reply: None } => "switch the automatic reply off".to_owned(),
            Self::ConvertMailbox {
                to: MailboxKind::Shared,
            } => "make the mailbox a shared one".to_owned(),
            Self::ConvertMailbox {
                to: MailboxKind::User,
            } => "make the mailbox a user's".to_owned(),
        }
    }
}

/// What a mailbox answers by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoReply {
    /// To people of the same organization. HTML is taken as such.
    pub internal: String,
    /// To everybody else; the same when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<String>,
    /// Who else is answered.
    #[serde(default)]
    pub audience: ReplyAudience,
}

/// Who outside of the organization gets an automatic reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplyAudience {
    /// Everybody.
    #[default]
    All,
    /// Whom the owner of the mailbox has among the contacts.
    Contacts,
    /// Nobody.
    None,
}

/// Kinds of mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailboxKind {
    /// One that several people open with their own accounts. It needs no licence up to 50 GB.
    Shared,
    /// One person's.
    User,
}

/// A licence that an account has, as the value of [`Licence::ATTRIBUTE`] shows it: `SPE_E3 05e9a617-…`, with a
/// third word when it comes with a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licence {
    /// What the vendor calls it; its id when the name is not known.
    pub name: String,
    /// Its id.
    pub id: String,
    /// How the account came by it.
    pub by: LicencePath,
}

/// How an account came by a licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicencePath {
    /// It was assigned to the account itself.
    Direct,
    /// It comes with a group, and goes when the account leaves that.
    Group,
}

impl Licence {
    /// The attribute of accounts that lists their licences.
    pub const ATTRIBUTE: &'static str = "assignedLicenses";
    const BY_GROUP: &'static str = "group";

    /// Reads a value of the attribute.
    pub fn parse(value: &str) -> Option<Self> {
        let mut words = value.split(' ');
        let (name, id) = (words.next()?.to_owned(), words.next()?.to_owned());
        let by = match words.next() {
            Some(Self::BY_GROUP) => LicencePath::Group,
            _ => LicencePath::Direct,
        };
        Some(Self { name, id, by })
    }

    /// Whether somebody who writes this means the licence.
    pub fn is(&self, text: &str) -> bool {
        self.name.eq_ignore_ascii_case(text) || self.id.eq_ignore_ascii_case(text)
    }
}

impl fmt::Display for Licence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.id)?;
        match self.by {
            LicencePath::Direct => Ok(()),
            LicencePath::Group => write!(f, " {}", Self::BY_GROUP),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_known_by_name_and_id() {
        for value in ["SPE_E3 05e9a617", "SPE_E3 05e9a617 group"] {
            let licence = Licence::parse(value).unwrap();
            assert_eq!(licence.to_string(), value);
            assert!(licence.is("spe_e3") && licence.is("05E9A617") && !licence.is("SPE_E5"));
        }
    }
}
