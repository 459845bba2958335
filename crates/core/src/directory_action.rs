//! Actions on what directories keep beside attributes and groups: passwords, lockouts, pictures, and accounts that were
//! deleted.

use serde::{Deserialize, Serialize};

use crate::action::ActionKind;
use crate::password::PasswordRule;
use crate::photo::{Photo, PhotoDigest};
use crate::seams::StoredObject;

/// One such write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryAction {
    /// Give the account another password.
    ResetPassword {
        /// How it is made.
        rule: PasswordRule,
    },
    /// End a lockout after wrong passwords.
    Unlock,
    /// Set the account's picture.
    SetPhoto {
        /// The picture.
        photo: Photo,
        /// What the picture was when the plan was made, where the directory shows it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<PhotoDigest>,
    },
    /// Have no picture.
    RemovePhoto {
        /// What the picture was when the plan was made, where the directory shows it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<PhotoDigest>,
    },
    /// Bring a deleted account back, with all that it had.
    Restore {
        /// The account as it was when Tenure deleted it. A plan has none: it is taken from the vault when the write is
        /// made.
        #[serde(skip)]
        stored: Option<Box<StoredObject>>,
    },
}

impl DirectoryAction {
    /// Which kind of action this is.
    pub fn kind(&self) -> ActionKind {
        match self {
            Self::ResetPassword { .. } => ActionKind::ResetPassword,
            Self::Unlock => ActionKind::Unlock,
            Self::SetPhoto { .. } => ActionKind::SetPhoto,
            Self::RemovePhoto { .. } => ActionKind::RemovePhoto,
            Self::Restore { .. } => ActionKind::Restore,
        }
    }

    /// The action in words, as plans and histories show it.
    pub fn sentence(&self) -> String {
        match self {
            Self::ResetPassword { rule } if rule.must_change => format!(
                "reset the password ({} random characters, to be changed at the next sign-in)",
                rule.length
            ),
            Self::ResetPassword { rule } => {
                format!("reset the password ({} random characters)", rule.length)
            }
            Self::Unlock => "unlock".to_owned(),
            Self::SetPhoto { photo, .. } => format!("set the photo ({} KiB)", photo.bytes().div_ceil(1024)),
            Self::RemovePhoto { .. } => "remove the photo".to_owned(),
            Self::Restore { .. } => "restore the deleted account".to_owned(),
        }
    }
}
