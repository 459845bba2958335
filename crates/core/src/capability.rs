//! What each kind of directory can do: the one place that `tenure check`, the directories themselves and the
//! documentation ask. A new kind of directory or a new action is a line of [`support`].

use std::fmt::Write as _;

use crate::action::ActionKind;
use crate::document::{Directory, DirectoryKind};
use crate::seams::Capabilities;

/// Whether a kind of directory can do an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// Always.
    Yes,
    /// When its document says how.
    Needs(Need),
    /// Never.
    No,
}

/// What a directory's document has to say for an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Which attribute keeps an account from signing in.
    DisabledBy,
}

impl Need {
    /// The field of the directory's document.
    pub fn field(self) -> &'static str {
        match self {
            Self::DisabledBy => "disabled_by",
        }
    }

    /// How the field is written.
    pub fn example(self) -> &'static str {
        match self {
            Self::DisabledBy => "disabled_by: { attribute: …, value: … }",
        }
    }

    /// Whether a directory's document says it.
    pub fn is_said(self, directory: &Directory) -> bool {
        match self {
            Self::DisabledBy => directory.disabled_by.is_some(),
        }
    }
}

/// Whether a kind of directory can do an action.
pub fn support(kind: DirectoryKind, action: ActionKind) -> Support {
    use ActionKind::{
        AddToGroups, AssignLicences, CallWebhook, ConvertMailbox, CreateAccount, CreateHomeFolder, Delete,
        DeleteHomeFolder, Disable, Enable, ModifyAttributes, Move, MoveHomeFolder, Notify, RemoveFromGroups,
        RemovePhoto, ResetPassword, Restore, RevokeLicences, RevokeSessions, RunScript, SetAutoReply,
        SetPhoto, Unlock,
    };
    use DirectoryKind::{ActiveDirectory, Ldap, Local, Microsoft365};
    let can = match action {
        Enable | Disable if kind == Ldap => return Support::Needs(Need::DisabledBy),
        CreateAccount | ModifyAttributes | AddToGroups | RemoveFromGroups | Enable | Disable | Delete => true,
        Move => kind.has_containers(),
        ResetPassword => kind != Local,
        Unlock => matches!(kind, ActiveDirectory | Ldap),
        SetPhoto | RemovePhoto => kind != Local,
        // What LDAP servers delete comes back under another id only.
        Restore => matches!(kind, ActiveDirectory | Microsoft365),
        AssignLicences | RevokeLicences | RevokeSessions | SetAutoReply | ConvertMailbox => {
            kind == Microsoft365
        }
        CallWebhook | RunScript | Notify | CreateHomeFolder | MoveHomeFolder | DeleteHomeFolder => true,
    };
    if can { Support::Yes } else { Support::No }
}

/// What would be right where a kind of directory cannot do an action.
pub fn hint(kind: DirectoryKind, action: ActionKind) -> String {
    if kind == DirectoryKind::Microsoft365 && action == ActionKind::Move {
        return "there are no containers in Microsoft 365; leave the step out".to_owned();
    }
    let others = DirectoryKind::ALL.iter();
    let others = others.filter(|kind| support(**kind, action) != Support::No);
    let others: Vec<String> = others.map(|kind| format!("`type: {}`", kind.name())).collect();
    let others = others.join(" or ");
    format!("leave it out, or use it with a directory of {others}")
}

/// Whether a kind of directory can ask for another password at the first sign-in.
pub fn can_ask_for_another_password(kind: DirectoryKind) -> bool {
    match kind {
        DirectoryKind::ActiveDirectory | DirectoryKind::Local | DirectoryKind::Microsoft365 => true,
        DirectoryKind::Ldap => false,
    }
}

/// What a directory of a kind can do; `has` says what its document tells.
pub fn capabilities(kind: DirectoryKind, has: impl Fn(Need) -> bool) -> Capabilities {
    let can = |action: &ActionKind| match support(kind, *action) {
        Support::Yes => true,
        Support::Needs(need) => has(need),
        Support::No => false,
    };
    Capabilities {
        actions: ActionKind::OF_DIRECTORIES.into_iter().filter(can).collect(),
    }
}

/// The page of the documentation: every kind of directory with every action.
pub fn page() -> String {
    let mut page = "\
# What directories can do

This page is made by `tenure capabilities --markdown`. `tenure check` refuses documents that ask a directory for what it
cannot do, and a directory is never asked for it.

| action |"
        .to_owned();
    for kind in DirectoryKind::ALL {
        let _ = write!(page, " `{}` |", kind.name());
    }
    page.push_str("\n|---|");
    page.push_str(&"---|".repeat(DirectoryKind::ALL.len()));
    page.push('\n');
    for action in ActionKind::OF_DIRECTORIES {
        let _ = write!(page, "| `{}` |", action.name());
        for kind in DirectoryKind::ALL {
            let cell = match support(kind, action) {
                Support::Yes => "yes".to_owned(),
                Support::Needs(need) => format!("with `{}`", need.field()),
                Support::No => "no".to_owned(),
            };
            let _ = write!(page, " {cell} |");
        }
        page.push('\n');
    }
    let _ = write!(page, "| `create_account`, password with `must_change` |");
    for kind in DirectoryKind::ALL {
        let cell = if can_ask_for_another_password(kind) {
            "yes"
        } else {
            "no"
        };
        let _ = write!(page, " {cell} |");
    }
    page.push('\n');
    page.push_str(
        "\n`modify_by_template` is not an action by itself: it asks for changes of attributes, moves and groups. \
         `enable_remote_mailbox`, `disable_remote_mailbox` and `hide_from_address_lists` ask for changes of attributes, \
         too, in an `active_directory` whose schema has those of Exchange, and `disable_lync` where it has those of Skype \
         for Business. Calls, scripts, messages and home folders touch no directory and go with every one.\n",
    );
    page
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_page_of_the_documentation_is_this_one() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/capabilities.md");
        let written = std::fs::read_to_string(file)
            .unwrap_or_default()
            .replace("\r\n", "\n");
        assert!(
            written == page(),
            "docs/capabilities.md is not what the code says; write it anew with \
             `tenure capabilities --markdown > docs/capabilities.md`"
        );
    }

    #[test]
    fn ldap_cannot_switch_accounts_off_without_saying_how() {
        let without = capabilities(DirectoryKind::Ldap, |_| false).actions;
        assert!(!without.contains(&ActionKind::Disable) && without.contains(&ActionKind::Move));
        let with = capabilities(DirectoryKind::Ldap, |need| need == Need::DisabledBy).actions;
        assert!(with.contains(&ActionKind::Disable));
    }
}
