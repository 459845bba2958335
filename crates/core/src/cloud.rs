//! Actions on what a cloud directory has beside accounts and groups: licences, sessions, photos and mailboxes. What
//! they are in a plan; how they are carried out belongs to the directory.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::ActionKind;

/// One write to what an account has in a cloud directory.
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
    /// Set the account's picture.
    SetPhoto {
        /// The picture.
        photo: Photo,
    },
    /// Have no picture.
    RemovePhoto,
    /// Make the mailbox one of another kind.
    ConvertMailbox {
        /// Which kind.
        to: MailboxKind,
    },
    /// Bring a deleted account back.
    Restore,
}

impl CloudAction {
    /// Which kind of action this is.
    pub fn kind(&self) -> ActionKind {
        match self {
            Self::AssignLicences { .. } => ActionKind::AssignLicences,
            Self::RevokeLicences { .. } => ActionKind::RevokeLicences,
            Self::RevokeSessions => ActionKind::RevokeSessions,
            Self::SetAutoReply { .. } => ActionKind::SetAutoReply,
            Self::SetPhoto { .. } => ActionKind::SetPhoto,
            Self::RemovePhoto => ActionKind::RemovePhoto,
            Self::ConvertMailbox { .. } => ActionKind::ConvertMailbox,
            Self::Restore => ActionKind::Restore,
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
            Self::SetPhoto { photo } => format!("set the photo ({} KiB)", photo.bytes().div_ceil(1024)),
            Self::RemovePhoto => "remove the photo".to_owned(),
            Self::ConvertMailbox {
                to: MailboxKind::Shared,
            } => "make the mailbox a shared one".to_owned(),
            Self::ConvertMailbox {
                to: MailboxKind::User,
            } => "make the mailbox a user's".to_owned(),
            Self::Restore => "restore the deleted account".to_owned(),
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

/// A picture in Base64 (RFC 4648, section 4).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Photo(String);

impl Photo {
    /// The most bytes that a picture may have. Microsoft takes 4 MB in a request, and Base64 makes a third more of it.
    pub const MOST_BYTES: usize = 2 << 20;

    /// Takes a picture in Base64; line breaks in it and a `data:` URL around it are left out.
    ///
    /// # Errors
    /// Text that is no Base64, a picture that is no JPEG or PNG, or one that is too large.
    pub fn from_base64(text: &str) -> Result<Self, String> {
        let text = match text.split_once(";base64,") {
            Some((kind, text)) if kind.starts_with("data:") => text,
            _ => text,
        };
        let plain: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let letters = plain.trim_end_matches('=');
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        if letters.is_empty() || !plain.len().is_multiple_of(4) || !letters.bytes().all(is_letter) {
            return Err("the photo is not Base64".to_owned());
        }
        let photo = Self(plain);
        if photo.media_type().is_none() {
            return Err("the photo is neither a JPEG nor a PNG picture".to_owned());
        }
        if photo.bytes() > Self::MOST_BYTES {
            return Err(format!(
                "the photo has {} KiB, and may have {} at most",
                photo.bytes() >> 10,
                Self::MOST_BYTES >> 10
            ));
        }
        Ok(photo)
    }

    /// As Base64.
    pub fn as_base64(&self) -> &str {
        &self.0
    }

    /// What kind of picture it is, by its first bytes.
    pub fn media_type(&self) -> Option<&'static str> {
        if self.0.starts_with("/9j/") {
            Some("image/jpeg")
        } else if self.0.starts_with("iVBORw0KGgo") {
            Some("image/png")
        } else {
            None
        }
    }

    /// How many bytes it has.
    pub fn bytes(&self) -> usize {
        let padding = self.0.bytes().rev().take_while(|byte| *byte == b'=').count();
        (self.0.len() / 4 * 3).saturating_sub(padding)
    }
}

impl fmt::Debug for Photo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Photo({} bytes)", self.bytes())
    }
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
    fn a_photo_is_a_picture_of_bounded_size() {
        let photo = Photo::from_base64("data:image/png;base64,iVBORw0K\nGgo=").unwrap();
        assert_eq!((photo.bytes(), photo.media_type()), (8, Some("image/png")));
        assert_eq!(format!("{photo:?}"), "Photo(8 bytes)");
        for wrong in ["", "no", "YWJj", "/9j/*", "/9j/A"] {
            assert!(Photo::from_base64(wrong).is_err(), "{wrong}");
        }
        let long = format!("/9j/{}", "A".repeat(6 << 20));
        assert_eq!(
            Photo::from_base64(&long).unwrap_err(),
            "the photo has 4608 KiB, and may have 2048 at most"
        );
    }

    #[test]
    fn a_licence_is_known_by_name_and_id() {
        for value in ["SPE_E3 05e9a617", "SPE_E3 05e9a617 group"] {
            let licence = Licence::parse(value).unwrap();
            assert_eq!(licence.to_string(), value);
            assert!(licence.is("spe_e3") && licence.is("05E9A617") && !licence.is("SPE_E5"));
        }
    }
}
