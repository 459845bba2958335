//! What is done with people's folders on file shares: an operation of a plan, complete but for who the account is to the
//! file server, which is looked up when the folder is made.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{ActionKind, AttributeValues};
use crate::attribute_map;

/// Something that is done with an account's folder on a share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeFolder {
    /// The share, by its document.
    pub share: String,
    /// Where the folder is, below the share's `root`.
    pub path: String,
    /// What is done with it.
    pub work: FolderWork,
    /// Why there is no path; then nothing is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What the paths name of the account, as it will be then.
    #[serde(with = "attribute_map")]
    pub with: Vec<AttributeValues>,
}

/// What is done with a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FolderWork {
    /// It is there, and the account may use it.
    Create {
        /// What the account may do.
        rights: FolderRights,
        /// Whose it is.
        owner: FolderOwner,
        /// The account's security identifier; the one that its directory says when not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
    },
    /// It is elsewhere on the same share.
    Move {
        /// The share's document for the new place.
        share: String,
        /// The new place, below the `root` of that.
        to: String,
    },
    /// It is in the archive.
    Archive {
        /// Its place there, to which a few signs are added that tell it from all others.
        to: String,
        /// Under which name its place is remembered.
        remember: String,
    },
    /// What was archived is gone.
    Delete {
        /// Under which name its place is remembered.
        remembered: String,
    },
}

/// What an account may do in its folder, and in all that is made in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FolderRights {
    /// Everything, rights included.
    #[default]
    Full,
    /// Everything but rights and ownership.
    Modify,
}

/// Whose a folder is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FolderOwner {
    /// As the file server decides, or as it was.
    #[default]
    Unchanged,
    /// The account's.
    User,
}

impl HomeFolder {
    /// Which kind of action it is. Archiving and deleting are two parts of one.
    pub fn kind(&self) -> ActionKind {
        match self.work {
            FolderWork::Create { .. } => ActionKind::CreateHomeFolder,
            FolderWork::Move { .. } => ActionKind::MoveHomeFolder,
            FolderWork::Archive { .. } | FolderWork::Delete { .. } => ActionKind::DeleteHomeFolder,
        }
    }

    /// Writes this where paths are, for whoever may not see them.
    pub fn hide(&mut self, hidden: &str) {
        hidden.clone_into(&mut self.path);
        match &mut self.work {
            FolderWork::Move { to, .. } | FolderWork::Archive { to, .. } => hidden.clone_into(to),
            FolderWork::Create { user, .. } => {
                if let Some(user) = user {
                    hidden.clone_into(user);
                }
            }
            FolderWork::Delete { .. } => {}
        }
        if let Some(problem) = &mut self.problem {
            hidden.clone_into(problem);
        }
    }

    /// The action in words.
    pub fn sentence(&self) -> String {
        let Self { share, path, .. } = self;
        if let Some(problem) = &self.problem {
            return format!(
                "{} on {share}, for which there is no path: {problem}",
                self.kind().name().replace('_', " ")
            );
        }
        match &self.work {
            FolderWork::Create { rights, owner, .. } => {
                let rights = match rights {
                    FolderRights::Full => "full rights",
                    FolderRights::Modify => "the right to modify",
                };
                let owner = match owner {
                    FolderOwner::User => " and as its owner",
                    FolderOwner::Unchanged => "",
                };
                format!("create home folder {path} on {share} with {rights}{owner}")
            }
            FolderWork::Move { share: other, to } if other == share => {
                format!("move home folder {path} to {to} on {share}")
            }
            FolderWork::Move { share: other, to } => {
                format!("move home folder {path} on {share} to {to} on {other}")
            }
            FolderWork::Archive { to, .. } => format!("archive home folder {path} as {to} on {share}"),
            FolderWork::Delete { .. } => format!("delete the archived home folder {path} on {share}"),
        }
    }
}
