//! Every action that Tenure can carry out on an account: its name, what a plan says of it, and its sentence.
//! A new action is added here, and then in each directory that can do it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Access;
use crate::attribute::AttributeName;
use crate::attribute_map;
use crate::cloud::CloudAction;
use crate::directory_action::DirectoryAction;
use crate::dn::Dn;
use crate::home_folder::HomeFolder;
use crate::password::PasswordRule;

/// The kinds of action, by the names that documents, plans and capabilities use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// Create an account.
    CreateAccount,
    /// Change attributes of an account.
    ModifyAttributes,
    /// Move an account to another container, or give it another name there.
    Move,
    /// Make an account a member of a group.
    AddToGroups,
    /// Take an account out of a group.
    RemoveFromGroups,
    /// Let an account sign in.
    Enable,
    /// Keep an account from signing in.
    Disable,
    /// Delete an account.
    Delete,
    /// Give an account another password.
    ResetPassword,
    /// End an account's lockout.
    Unlock,
    /// Set an account's picture.
    SetPhoto,
    /// Remove an account's picture.
    RemovePhoto,
    /// Bring a deleted account back.
    Restore,
    /// Make a call about an account to an application.
    CallWebhook,
    /// Give an account licences.
    AssignLicences,
    /// Take licences from an account.
    RevokeLicences,
    /// End an account's sessions.
    RevokeSessions,
    /// Switch a mailbox's automatic reply on or off.
    SetAutoReply,
    /// Make a mailbox one of another kind.
    ConvertMailbox,
    /// Run a program about an account.
    RunScript,
    /// Send a message about an account.
    Notify,
    /// Make an account's folder on a file share.
    CreateHomeFolder,
    /// Move an account's folder on a file share.
    MoveHomeFolder,
    /// Archive and delete an account's folder on a file share.
    DeleteHomeFolder,
}

impl ActionKind {
    /// The kinds that are writes to a directory, in the order in which documentation lists them. Calls touch no
    /// directory, and none is asked whether it can make them.
    pub const OF_DIRECTORIES: [Self; 18] = [
        Self::CreateAccount,
        Self::ModifyAttributes,
        Self::Move,
        Self::AddToGroups,
        Self::RemoveFromGroups,
        Self::Enable,
        Self::Disable,
        Self::Delete,
        Self::Restore,
        Self::ResetPassword,
        Self::Unlock,
        Self::SetPhoto,
        Self::RemovePhoto,
        Self::AssignLicences,
        Self::RevokeLicences,
        Self::RevokeSessions,
        Self::SetAutoReply,
        Self::ConvertMailbox,
    ];

    /// The kind of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::OF_DIRECTORIES.into_iter().find(|kind| kind.name() == name)
    }

    /// The name used in documents and machine-readable output.
    pub fn name(self) -> &'static str {
        match self {
            Self::CreateAccount => "create_account",
            Self::ModifyAttributes => "modify_attributes",
            Self::Move => "move",
            Self::AddToGroups => "add_to_groups",
            Self::RemoveFromGroups => "remove_from_groups",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Delete => "delete",
            Self::ResetPassword => "reset_password",
            Self::Unlock => "unlock",
            Self::SetPhoto => "set_photo",
            Self::RemovePhoto => "remove_photo",
            Self::Restore => "restore",
            Self::CallWebhook => "call_webhook",
            Self::AssignLicences => "assign_licences",
            Self::RevokeLicences => "revoke_licences",
            Self::RevokeSessions => "revoke_sessions",
            Self::SetAutoReply => "set_auto_reply",
            Self::ConvertMailbox => "convert_mailbox",
            Self::RunScript => "run_script",
            Self::Notify => "notify",
            Self::CreateHomeFolder => "create_home_folder",
            Self::MoveHomeFolder => "move_home_folder",
            Self::DeleteHomeFolder => "delete_home_folder",
        }
    }

    /// The write to a directory of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::OF_DIRECTORIES.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it is a write to a directory.
    pub fn is_of_directories(self) -> bool {
        !matches!(
            self,
            Self::CallWebhook
                | Self::RunScript
                | Self::Notify
                | Self::CreateHomeFolder
                | Self::MoveHomeFolder
                | Self::DeleteHomeFolder
        )
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One write, or one step that touches no directory, as a plan says it: complete, and for a write with the values before it and safe to try twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Create an account at `dn`.
    CreateAccount {
        /// Where the account will be.
        dn: Dn,
        /// Its values.
        #[serde(with = "attribute_map")]
        attributes: Vec<AttributeValues>,
        /// How its first password is made; none leaves the account without one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        password: Option<PasswordRule>,
        /// Whether sign-in is possible at once.
        access: Access,
    },
    /// Change attributes, each only from the values it had when the plan was made.
    ModifyAttributes {
        /// What changes, attribute by attribute.
        changes: Vec<AttributeChange>,
    },
    /// Move or rename.
    Move {
        /// Where the account was when the plan was made.
        from: Dn,
        /// Where it will be.
        to: Dn,
    },
    /// Become a member of `group`.
    AddToGroups {
        /// The group.
        group: Dn,
    },
    /// Be a member of `group` no longer.
    RemoveFromGroups {
        /// The group.
        group: Dn,
    },
    /// Let the account sign in.
    Enable,
    /// Keep the account from signing in.
    Disable,
    /// Delete the account.
    Delete {
        /// Where it was when the plan was made.
        dn: Dn,
        /// The values it had, for bringing it back.
        #[serde(with = "attribute_map")]
        stored: Vec<AttributeValues>,
        /// What becomes of objects below it.
        #[serde(default, skip_serializing_if = "Below::is_kept")]
        below: Below,
    },
    /// Change what the account has beside attributes and groups.
    Directory(DirectoryAction),
    /// Make a call about the account.
    CallWebhook {
        /// The application.
        application: String,
        /// Its webhook.
        webhook: String,
        /// What the webhook names of the account, as it will be then.
        #[serde(with = "attribute_map")]
        with: Vec<AttributeValues>,
    },
    /// Change what the account has in a cloud directory.
    Cloud(CloudAction),
    /// Run a program about the account.
    RunScript {
        /// The script.
        script: String,
        /// What the script names of the account, as it will be then.
        #[serde(with = "attribute_map")]
        with: Vec<AttributeValues>,
    },
    /// Send a message about the account.
    Notify {
        /// The message.
        message: String,
        /// The addresses that it goes to.
        to: Vec<String>,
        /// What the message names of the account, as it will be then.
        #[serde(with = "attribute_map")]
        with: Vec<AttributeValues>,
    },
    /// Do something with the account's folder on a file share.
    HomeFolder(HomeFolder),
}

impl Action {
    /// What a step that touches no directory is told of the account; nothing for a write.
    pub fn told(&self) -> &[AttributeValues] {
        match self {
            Self::CallWebhook { with, .. } | Self::RunScript { with, .. } | Self::Notify { with, .. } => with,
            Self::HomeFolder(folder) => &folder.with,
            _ => &[],
        }
    }

    /// Says what a step that touches no directory is told of the account. Of a write nothing changes.
    pub fn tell(&mut self, told: Vec<AttributeValues>) {
        match self {
            Self::CallWebhook { with, .. } | Self::RunScript { with, .. } | Self::Notify { with, .. } => {
                *with = told;
            }
            Self::HomeFolder(folder) => folder.with = told,
            _ => {}
        }
    }

    /// Which kind of action this is.
    pub fn kind(&self) -> ActionKind {
        match self {
            Self::CreateAccount { .. } => ActionKind::CreateAccount,
            Self::ModifyAttributes { .. } => ActionKind::ModifyAttributes,
            Self::Move { .. } => ActionKind::Move,
            Self::AddToGroups { .. } => ActionKind::AddToGroups,
            Self::RemoveFromGroups { .. } => ActionKind::RemoveFromGroups,
            Self::Enable => ActionKind::Enable,
            Self::Disable => ActionKind::Disable,
            Self::Delete { .. } => ActionKind::Delete,
            Self::Directory(action) => action.kind(),
            Self::CallWebhook { .. } => ActionKind::CallWebhook,
            Self::Cloud(action) => action.kind(),
            Self::RunScript { .. } => ActionKind::RunScript,
            Self::Notify { .. } => ActionKind::Notify,
            Self::HomeFolder(folder) => folder.kind(),
        }
    }

    /// The action in words, without its details, as plans and histories show it.
    pub fn sentence(&self) -> String {
        match self {
            Self::CreateAccount {
                dn,
                access: Access::Enabled,
                ..
            } => format!("create {dn}"),
            Self::CreateAccount {
                dn,
                access: Access::Disabled,
                ..
            } => format!("create {dn} (disabled)"),
            Self::ModifyAttributes { changes } => match changes.as_slice() {
                [one] => format!("change {}", one.name),
                many => format!("change {} attributes", many.len()),
            },
            Self::Move { from, to } if from.parent() == to.parent() => format!("rename to {}", to.rdn()),
            Self::Move { to, .. } => {
                format!(
                    "move to {}",
                    to.parent()
                        .map_or_else(|| to.to_string(), |parent| parent.to_string())
                )
            }
            Self::AddToGroups { group } => format!("add to {group}"),
            Self::RemoveFromGroups { group } => format!("remove from {group}"),
            Self::Enable => "enable".to_owned(),
            Self::Disable => "disable".to_owned(),
            Self::Delete {
                dn,
                below: Below::Deleted,
                ..
            } => format!("delete {dn} and everything below it"),
            Self::Delete { dn, .. } => format!("delete {dn}"),
            Self::Directory(action) => action.sentence(),
            Self::CallWebhook {
                application, webhook, ..
            } => format!("call {webhook} at {application}"),
            Self::Cloud(action) => action.sentence(),
            Self::RunScript { script, .. } => format!("run script {script}"),
            Self::HomeFolder(folder) => folder.sentence(),
            Self::Notify { message, to, .. } => match to.as_slice() {
                [] => format!("send {message} to nobody"),
                [one] => format!("send {message} to {one}"),
                [first, rest @ ..] => format!("send {message} to {first} and {} more", rest.len()),
            },
        }
    }
}

/// What becomes of objects below one that is deleted, for example the devices that a person's phone left there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Below {
    /// While there are any, nothing is deleted.
    #[default]
    Kept,
    /// They go too.
    Deleted,
}

impl Below {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    fn is_kept(&self) -> bool {
        *self == Self::Kept
    }
}

/// An attribute with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeValues {
    /// Which attribute.
    pub name: AttributeName,
    /// Its values, never empty texts.
    pub values: Vec<String>,
}

/// An attribute with its values before and after a change. No value means that it is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeChange {
    /// Which attribute.
    pub name: AttributeName,
    /// What it was when the plan was made.
    pub before: Vec<String>,
    /// What it will be.
    pub after: Vec<String>,
}
