//! `kind: share`, and the steps about home folders.

use super::super::automation::Step;
use super::super::directory::{Directory, DirectoryKind};
use super::super::set::Kind;
use super::super::share::{Share, path_parts};
use super::super::tree::join;
use super::Checker;
use super::texts::Secrets;
use crate::share_path::SharePath;
use crate::sid::Sid;

impl Checker<'_> {
    pub(super) fn share(&mut self, share: &Share) {
        if let Err(found) = share.place() {
            let hint =
                "write for example `smb://files.corp.example.com/homes`; a folder within it is its `root`";
            self.error("url", found, hint);
        }
        if let Some(root) = &share.root
            && let Err(why) = root.parse::<SharePath>()
        {
            let hint = "write a folder of the share, for example `staff\\homes`, or leave it out for the whole share";
            self.error("root", format!("`{root}`: {why}"), hint);
        }
        self.format("user", &share.user, Secrets::Allowed);
        self.credential("password", &share.password);
        let seconds = share.timeout.0.as_secs();
        if !(1..=Share::MAX_TIMEOUT).contains(&seconds) {
            let hint = "write a span of time from `1s` to `1h`";
            self.error("timeout", format!("{seconds} seconds"), hint);
        }
    }

    pub(super) fn home_folder_step(&mut self, path: &str, step: &Step) {
        if let Some(create) = &step.create_home_folder {
            let path = join(path, "create_home_folder");
            self.reference(&join(&path, "share"), Kind::Share, &create.share);
            self.share_path(&join(&path, "path"), &create.path);
            if let Some(user) = &create.user {
                let path = join(&path, "user");
                let format = self.format(&path, user, Secrets::Refused);
                if format.is_some_and(|format| format.columns().next().is_none()) {
                    match user.parse::<Sid>() {
                        Ok(_) => self.warning(
                            &path,
                            format!("`{user}`, the same for everybody"),
                            "write a format",
                        ),
                        Err(found) => self.error(&path, found, "write for example `{{ sambaSID }}`"),
                    }
                }
            }
        }
        if let Some(moved) = &step.move_home_folder {
            let path = join(path, "move_home_folder");
            self.reference(&join(&path, "share"), Kind::Share, &moved.share);
            self.share_path(&join(&path, "path"), &moved.path);
            self.share_path(&join(&path, "to"), &moved.to);
            if let Some(to) = &moved.to_share {
                let path = join(&path, "to_share");
                self.reference(&path, Kind::Share, to);
                let place = |name: &str| self.documents.share(name).and_then(|share| share.place().ok());
                if let (Some(from), Some(other)) = (place(&moved.share), place(to))
                    && !from.is(&other)
                {
                    let found = format!("`{to}`, which is another share than `{}`", moved.share);
                    let hint = "folders are moved within one share of one server; run a script where files have to be copied";
                    self.error(&path, found, hint);
                }
            } else if moved.path == moved.to {
                let hint = "write another place, or leave the step out";
                self.error(&join(&path, "to"), "the place where the folder is", hint);
            }
        }
        if let Some(deleted) = &step.delete_home_folder {
            let path = join(path, "delete_home_folder");
            self.reference(&join(&path, "share"), Kind::Share, &deleted.share);
            self.share_path(&join(&path, "path"), &deleted.path);
            self.share_path(&join(&path, "archive"), &deleted.archive);
        }
    }

    /// A path on a share: each of its names by itself.
    fn share_path(&mut self, path: &str, text: &str) {
        let hint = "write folders below the share's `root`, for example `{{ sAMAccountName }}` or `staff\\{{ uid }}`";
        for part in path_parts(text) {
            if part.contains("{{") {
                self.format(path, part, Secrets::Refused);
            } else if let Err(why) = SharePath::of([part]) {
                return self.error(path, format!("`{text}`: {why}"), hint);
            }
        }
    }

    /// What is kept for a while is deleted by a step that waits, and not after the account is gone.
    pub(super) fn order_of_home_folders(&mut self, path: &str, event: &str, step: &Step, steps: &[Step]) {
        let Some(keep) = step.delete_home_folder.as_ref().and_then(|deleted| deleted.keep) else {
            return;
        };
        let path = join(path, "keep");
        let seconds = |step: &Step| step.after.map_or(0, |after| after.0.as_secs());
        if matches!(event, "mover" | "rehire") && keep.0.is_positive() {
            let found = format!("a folder that is kept in a {event} rule");
            let hint = "steps wait in joiner and leaver rules only; leave `keep` out, or write `keep: 0s`";
            self.error(&path, found, hint);
        }
        let gone = steps
            .iter()
            .find(|step| step.delete.is_some() && step.when.is_none());
        let until = seconds(step) + keep.0.as_secs();
        if keep.0.is_positive() && gone.is_some_and(|gone| seconds(gone) <= until) {
            let found = format!("`{keep}`, and the account is deleted before that is over");
            let hint = "what happens to a folder is remembered with its account: delete the account later, or keep the \
                        folder for less time";
            self.error(&path, found, hint);
        }
    }

    /// Who the account is to the file server.
    pub(super) fn home_folder_in_use(&mut self, path: &str, step: &Step, directory: &Directory) {
        let Some(create) = &step.create_home_folder else {
            return;
        };
        if create.user.is_none() && directory.kind != DirectoryKind::ActiveDirectory {
            let found = format!(
                "no `user`, and directory `{}` of `type: {}` knows no security identifiers of its own",
                directory.name,
                directory.kind.name()
            );
            let hint = "add the account's security identifier on the file server, for example `user: \"{{ sambaSID }}\"`";
            self.error(&join(path, "create_home_folder"), found, hint);
        }
    }
}
