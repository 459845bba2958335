//! Steps that directories of accounts carry out, and which of them a directory has.

use super::super::automation::Step;
use super::super::directory::{Directory, DirectoryKind};
use super::super::scalar::OneOrMany;
use super::super::tree::join;
use super::Checker;
use super::steps::{each, is_all};
use super::texts::Secrets;

impl Checker<'_> {
    pub(super) fn directory_step(&mut self, path: &str, step: &Step) {
        if let Some(disable) = &step.disable {
            let path = join(path, "disable");
            for (name, format) in &disable.stamp {
                let path = join(&join(&path, "stamp"), name.as_str());
                self.attribute(&path, name);
                self.format(&path, format, Secrets::Refused);
            }
            if let Some(container) = &disable.move_to {
                self.dn_format(&join(&path, "move_to"), container);
            }
            if let Some(groups) = disable
                .remove_from_groups
                .as_ref()
                .filter(|groups| !is_all(groups))
            {
                self.groups(&join(&path, "remove_from_groups"), groups);
            }
        }
        if let Some(across) = &step.move_across_groups {
            let path = join(path, "move_across_groups");
            self.groups(&join(&path, "to"), &across.to);
            self.groups(&join(&path, "among"), &across.among);
        }
        if let Some(rule) = &step.reset_password {
            self.number(&format!("{path}.reset_password.length"), rule.length, 8..=128);
        }
        if let Some(mailbox) = &step.enable_remote_mailbox {
            let path = join(path, "enable_remote_mailbox");
            let domain = &mailbox.routing_domain;
            if !is_domain(domain) {
                let hint = "write the tenant's routing domain, for example `corp.mail.onmicrosoft.com`";
                self.error(&join(&path, "routing_domain"), format!("`{domain}`"), hint);
            }
            if let Some(alias) = &mailbox.alias {
                self.format(&join(&path, "alias"), alias, Secrets::Refused);
            }
        }
        if let Some(manager) = &step.set_manager {
            self.column(&join(path, "set_manager"), manager);
        }
        if let Some(photo) = &step.set_photo {
            self.column(&join(path, "set_photo"), photo);
        }
    }

    fn groups(&mut self, path: &str, groups: &OneOrMany<String>) {
        for (path, group) in each(path, groups) {
            self.group(&path, group);
        }
    }

    /// Where in the life of an account a step has a meaning.
    pub(super) fn order_of_directory_steps(&mut self, path: &str, event: &str, steps: &[Step]) {
        for (at, step) in steps.iter().enumerate() {
            let path = format!("{path}[{at}]");
            if step.reset_password.is_some() && event == "joiner" {
                self.error(
                    &join(&path, "reset_password"),
                    "`reset_password` in a joiner rule",
                    "the first password is made by `password` of the template",
                );
            }
            if step.reset_password.is_some() && event == "mover" {
                self.error(
                    &join(&path, "reset_password"),
                    "`reset_password` in a mover rule, which is asked with every change of a person",
                    "write it in the leaver or rehire rule",
                );
            }
            if step.restore.is_some() && event != "rehire" {
                let found = format!("`restore` in a {event} rule");
                self.error(&join(&path, "restore"), found, "write it in the rehire rule");
            }
            if step.set_manager.is_some() && event != "mover" {
                let found = format!("`set_manager` in a {event} rule");
                let hint = "write it in the mover rule; new accounts get their manager too";
                self.error(&join(&path, "set_manager"), found, hint);
            }
            if step.set_manager.is_some() && (step.when.is_some() || step.after.is_some()) {
                self.error(
                    &join(&path, "set_manager"),
                    "`set_manager` with `when` or `after`",
                    "leave them out; a format that gives no value leaves the manager as it is",
                );
            }
            if step.restore.is_some() && (step.when.is_some() || step.after.is_some()) {
                self.error(
                    &join(&path, "restore"),
                    "`restore` with `when` or `after`",
                    "leave them out: an account comes back before anything can be asked of it",
                );
            }
        }
    }

    /// What only some kinds of directory have.
    pub(super) fn directory_step_in_use(&mut self, path: &str, step: &Step, directory: &Directory) {
        use DirectoryKind::{ActiveDirectory, Local};
        let hides = step
            .disable
            .as_ref()
            .is_some_and(|disable| disable.hide_from_address_lists);
        let children = step.delete.is_some_and(|delete| delete.children);
        let asked = [
            (
                "set_expiry",
                step.set_expiry.is_some(),
                &[ActiveDirectory, Local][..],
            ),
            ("disable.hide_from_address_lists", hides, &[ActiveDirectory]),
            ("delete.children", children, &[ActiveDirectory]),
            (
                "enable_remote_mailbox",
                step.enable_remote_mailbox.is_some(),
                &[ActiveDirectory],
            ),
            (
                "disable_remote_mailbox",
                step.disable_remote_mailbox.is_some(),
                &[ActiveDirectory],
            ),
            ("disable_lync", step.disable_lync.is_some(), &[ActiveDirectory]),
            (
                "hide_from_address_lists",
                step.hide_from_address_lists.is_some(),
                &[ActiveDirectory],
            ),
        ];
        for (action, is_asked, kinds) in asked {
            if !is_asked || kinds.contains(&directory.kind) {
                continue;
            }
            let found = format!(
                "`{action}`, which directory `{}` (`type: {}`) cannot do",
                directory.name,
                directory.kind.name()
            );
            let can: Vec<String> = kinds.iter().map(|kind| format!("`{}`", kind.name())).collect();
            let hint = format!("leave it out; it is for {} only", can.join(" and "));
            self.error(&format!("{path}.{action}"), found, hint);
        }
        if let Some(container) = step.disable.as_ref().and_then(|disable| disable.move_to.as_ref()) {
            self.within_base(&format!("{path}.disable.move_to"), container, directory);
        }
    }
}

/// Labels of letters, digits and hyphens with dots between them.
fn is_domain(text: &str) -> bool {
    let label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    text.contains('.') && text.len() <= 255 && text.split('.').all(label)
}

/// The formats of such steps that name a person's attributes, with their paths.
pub(super) fn formats<'s>(path: &str, step: &'s Step) -> Vec<(String, &'s str)> {
    let mut formats: Vec<(String, &str)> = Vec::new();
    if let Some(disable) = &step.disable {
        let path = join(path, "disable");
        let moved = disable.move_to.as_deref();
        formats.extend(moved.map(|container| (join(&path, "move_to"), container)));
        if let Some(groups) = &disable.remove_from_groups {
            let groups = each(&join(&path, "remove_from_groups"), groups);
            formats.extend(groups.map(|(path, group)| (path, group.as_str())));
        }
        // `event` and `since` are given beside the person's attributes.
        let plain = |format: &&String| !format.contains("event") && !format.contains("since");
        for (name, format) in disable.stamp.iter().filter(|(_, format)| plain(format)) {
            formats.push((join(&join(&path, "stamp"), name.as_str()), format));
        }
    }
    let alias = step.enable_remote_mailbox.as_ref();
    let alias = alias.and_then(|mailbox| mailbox.alias.as_deref());
    formats.extend(alias.map(|alias| (format!("{path}.enable_remote_mailbox.alias"), alias)));
    if let Some(across) = &step.move_across_groups {
        for (field, groups) in [("to", &across.to), ("among", &across.among)] {
            let groups = each(&format!("{path}.move_across_groups.{field}"), groups);
            formats.extend(groups.map(|(path, group)| (path, group.as_str())));
        }
    }
    formats
}
