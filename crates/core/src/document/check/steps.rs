//! Steps of rules and policies.

use super::super::automation::{CallWebhook, ModifyAttributes, Notify, Step};
use super::super::channel::Channel;
use super::super::data_source::DataSource;
use super::super::directory::Directory;
use super::super::error::one_of;
use super::super::scalar::OneOrMany;
use super::super::set::Kind;
use super::super::tree::join;
use super::Checker;
use super::cloud::cloud_formats;
use super::notification::is_address;
use super::template::TemplateUse;
use super::texts::Secrets;
use crate::action::ActionKind;
use crate::attribute::AttributeName;
use crate::capability::{Support, hint, support};
use crate::compile::column_or_format;
use crate::expression::{Condition, Format};

/// The actions that a step can have.
type IsAsked = fn(&Step) -> bool;

/// The actions that a step can have, by their fields.
const ACTIONS: [(&str, IsAsked); 32] = [
    ("create_account", |step| step.create_account.is_some()),
    ("modify_by_template", |step| step.modify_by_template.is_some()),
    ("modify_attributes", |step| step.modify_attributes.is_some()),
    ("move", |step| step.move_to.is_some()),
    ("add_to_groups", |step| step.add_to_groups.is_some()),
    ("remove_from_groups", |step| step.remove_from_groups.is_some()),
    ("move_across_groups", |step| step.move_across_groups.is_some()),
    ("enable", |step| step.enable.is_some()),
    ("disable", |step| step.disable.is_some()),
    ("delete", |step| step.delete.is_some()),
    ("restore", |step| step.restore.is_some()),
    ("reset_password", |step| step.reset_password.is_some()),
    ("unlock", |step| step.unlock.is_some()),
    ("set_expiry", |step| step.set_expiry.is_some()),
    ("set_manager", |step| step.set_manager.is_some()),
    ("set_photo", |step| step.set_photo.is_some()),
    ("remove_photo", |step| step.remove_photo.is_some()),
    ("enable_remote_mailbox", |step| {
        step.enable_remote_mailbox.is_some()
    }),
    ("disable_remote_mailbox", |step| {
        step.disable_remote_mailbox.is_some()
    }),
    ("disable_lync", |step| step.disable_lync.is_some()),
    ("hide_from_address_lists", |step| {
        step.hide_from_address_lists.is_some()
    }),
    ("assign_licences", |step| step.assign_licences.is_some()),
    ("revoke_licences", |step| step.revoke_licences.is_some()),
    ("revoke_sessions", |step| step.revoke_sessions.is_some()),
    ("set_auto_reply", |step| step.set_auto_reply.is_some()),
    ("convert_mailbox", |step| step.convert_mailbox.is_some()),
    ("call_webhook", |step| step.call_webhook.is_some()),
    ("run_script", |step| step.run_script.is_some()),
    ("notify", |step| step.notify.is_some()),
    ("create_home_folder", |step| step.create_home_folder.is_some()),
    ("move_home_folder", |step| step.move_home_folder.is_some()),
    ("delete_home_folder", |step| step.delete_home_folder.is_some()),
];

impl Checker<'_> {
    pub(super) fn steps(&mut self, path: &str, steps: &[Step]) {
        for (at, step) in steps.iter().enumerate() {
            self.step(&format!("{path}[{at}]"), step);
        }
    }

    fn step(&mut self, path: &str, step: &Step) {
        let actions: Vec<_> = actions(step).collect();
        match actions.as_slice() {
            [_] => {}
            [] => {
                let names: Vec<String> = ACTIONS.iter().map(|(name, _)| format!("`{name}`")).collect();
                let hint = format!("add one of {}", names.join(", "));
                self.error(path, "a step without an action", hint);
            }
            several => {
                let found = format!("`{}` in one step", several.join("` and `"));
                self.error(path, found, "make a step of each");
            }
        }
        if let Some(create) = &step.create_account {
            self.reference(
                &format!("{path}.create_account.template"),
                Kind::Template,
                &create.template,
            );
            if step.after.is_some() {
                let hint = "accounts are made when people start; a later start is said by `lifecycle.starts`";
                self.error(&join(path, "after"), "`after` for `create_account`", hint);
            }
        }
        if let Some(template) = &step.modify_by_template {
            self.reference(&join(path, "modify_by_template"), Kind::Template, template);
        }
        match &step.modify_attributes {
            None | Some(ModifyAttributes::All(_)) => {}
            Some(ModifyAttributes::These(names)) => {
                for (at, name) in names.iter().enumerate() {
                    self.attribute(&format!("{path}.modify_attributes[{at}]"), name);
                }
            }
            Some(ModifyAttributes::Values(values)) => {
                for (name, value) in values {
                    let path = join(&join(path, "modify_attributes"), name.as_str());
                    self.attribute(&path, name);
                    if let Some(value) = value {
                        self.format(&path, value, Secrets::Refused);
                    }
                }
            }
        }
        if let Some(container) = &step.move_to {
            self.dn_format(&join(path, "move"), container);
        }
        for (field, groups) in [
            ("add_to_groups", &step.add_to_groups),
            ("remove_from_groups", &step.remove_from_groups),
        ] {
            let Some(groups) = groups else { continue };
            if (field == "remove_from_groups" && is_all(groups))
                || (field == "add_to_groups" && is_remembered(groups))
            {
                continue;
            }
            for (path, group) in each(&join(path, field), groups) {
                self.group(&path, group);
            }
        }
        self.directory_step(path, step);
        if let Some(call) = &step.call_webhook {
            self.call(&join(path, "call_webhook"), call);
        }
        self.cloud_step(path, step);
        self.home_folder_step(path, step);
        if let Some(script) = &step.run_script {
            self.reference(&join(path, "run_script"), Kind::Script, script);
        }
        if let Some(notify) = &step.notify {
            self.notify(&join(path, "notify"), notify);
        }
        if let Some(when) = &step.when {
            self.condition(&join(path, "when"), when);
        }
    }

    fn call(&mut self, path: &str, call: &CallWebhook) {
        self.reference(path, Kind::Application, &call.application);
        let Some(application) = self.documents.application(&call.application) else {
            return;
        };
        if application.webhook(&call.webhook).is_none() {
            let known = application.webhooks.iter().map(|webhook| webhook.name.as_str());
            let hint = match known.clone().next() {
                None => "it has none yet; add `webhooks` to it".to_owned(),
                Some(_) => one_of(&call.webhook, known),
            };
            let found = format!(
                "`{}`, and application `{}` has no such webhook",
                call.webhook, call.application
            );
            self.error(path, found, hint);
        }
    }

    fn notify(&mut self, path: &str, notify: &Notify) {
        self.reference(&join(path, "template"), Kind::Notification, &notify.template);
        if notify.to.as_slice().is_empty() {
            let hint = "write `manager`, `person`, an address or a group";
            self.error(&join(path, "to"), "nobody", hint);
        }
        let message = self.documents.notification(&notify.template);
        let mut mails = false;
        for (path, to) in each(&join(path, "to"), &notify.to) {
            if let Some(channel) = Channel::named(to) {
                self.in_channel(&path, channel, message);
                continue;
            }
            mails = true;
            if matches!(to.as_str(), "person" | "manager") {
                continue;
            }
            if Notify::is_group(to) {
                self.dn_format(&path, to);
            } else if to.contains("{{") {
                self.format(&path, to, Secrets::Refused);
            } else if !is_address(to) {
                let hint = "write `manager`, `person`, an address such as `hr@example.com`, the distinguished name of a \
                            group, or `channel:NAME`";
                self.error(&path, format!("`{to}`"), hint);
            }
        }
        // Otherwise the notification complains itself.
        if mails && self.documents.names(Kind::Channel).next().is_some() {
            self.needs_mail_server(&join(path, "to"));
        }
    }

    /// A call about an account needs the account: in a joiner rule it comes after the account is made, and nowhere
    /// after it is gone.
    pub(super) fn order_of_calls(&mut self, path: &str, event: &str, steps: &[Step]) {
        self.order_of_directory_steps(path, event, steps);
        let created = steps.iter().position(|step| step.create_account.is_some());
        let deleted = steps
            .iter()
            .position(|step| step.delete.is_some() && step.when.is_none());
        for (at, step) in steps.iter().enumerate() {
            let Some(field) = step.performs() else { continue };
            let path = format!("{path}[{at}].{field}");
            let what = match field {
                "call_webhook" => "a call",
                "run_script" => "a script",
                "create_home_folder" | "move_home_folder" | "delete_home_folder" => "a home folder",
                _ => "a message",
            };
            if event == "joiner" && created.is_none_or(|created| at < created) {
                let hint = "write it after `create_account`";
                self.error(&path, format!("{what} before there is an account"), hint);
            }
            if deleted.is_some_and(|deleted| deleted < at) {
                let found = format!("{what} after the account is deleted");
                self.error(&path, found, "write it before `delete`");
            }
            self.order_of_home_folders(&path, event, step, steps);
            if matches!(event, "mover" | "rehire") && step.after.is_some() {
                let found = format!("`after` for {what} in a {event} rule");
                let hint = "such steps wait in joiner and leaver rules only; leave `after` out";
                self.error(&path, found, hint);
            }
        }
    }

    pub(super) fn group(&mut self, path: &str, group: &str) {
        if group == "all" {
            let hint = "only `remove_from_groups: all`, without a list, means all groups";
            return self.error(path, "`all`, which is not the name of a group", hint);
        }
        self.dn_format(path, group);
    }

    /// What steps can only be asked together with the source and directory for which they are used.
    pub(super) fn steps_in_use(
        &mut self,
        path: &str,
        steps: &[Step],
        source: Option<&DataSource>,
        directory: Option<&Directory>,
    ) {
        for (at, step) in steps.iter().enumerate() {
            let path = format!("{path}[{at}]");
            if let Some(create) = &step.create_account {
                self.template_in_use(&create.template, TemplateUse::Creation, source, directory);
            }
            if let Some(template) = &step.modify_by_template {
                self.template_in_use(template, TemplateUse::Modification, source, directory);
            }
            if let Some(source) = source {
                self.names_in_use(&path, step, source);
            }
            let Some(directory) = directory else { continue };
            if let Some(container) = &step.move_to
                && directory.kind.has_containers()
            {
                self.within_base(&join(&path, "move"), container, directory);
            }
            self.directory_step_in_use(&path, step, directory);
            self.home_folder_in_use(&path, step, directory);
            for (action, kind) in
                actions(step).filter_map(|action| Some((action, ActionKind::of_name(action)?)))
            {
                self.capability(&join(&path, action), kind, directory);
            }
        }
    }

    /// Whether a directory can do what it is asked for.
    pub(super) fn capability(&mut self, path: &str, action: ActionKind, directory: &Directory) {
        let name = &directory.name;
        match support(directory.kind, action) {
            Support::Yes => {}
            Support::Needs(need) if need.is_said(directory) => {}
            Support::Needs(need) => {
                let found = format!("`{action}`, and directory `{name}` does not say how");
                self.error(path, found, format!("add `{}` to the directory", need.example()));
            }
            Support::No => {
                let kind = directory.kind;
                let found = format!(
                    "`{action}`, which directory `{name}` of `type: {}` cannot do",
                    kind.name()
                );
                self.error(path, found, hint(kind, action));
            }
        }
    }

    fn names_in_use(&mut self, path: &str, step: &Step, source: &DataSource) {
        let dn = AttributeName::new("dn");
        let mapped: Vec<_> = source.attributes.keys().collect();
        let known: Vec<_> = source.attributes.keys().chain(std::iter::once(&dn)).collect();
        let given = format!("data_source `{}`", source.name);
        let mut formats: Vec<(String, &str)> = Vec::new();
        match &step.modify_attributes {
            Some(ModifyAttributes::These(names)) => {
                for (at, name) in names.iter().enumerate() {
                    let path = format!("{path}.modify_attributes[{at}]");
                    self.known(&path, [name.as_str()], &mapped, &given);
                }
            }
            Some(ModifyAttributes::Values(values)) => {
                for (name, value) in values {
                    let path = join(&join(path, "modify_attributes"), name.as_str());
                    formats.extend(value.as_deref().map(|value| (path, value)));
                }
            }
            None | Some(ModifyAttributes::All(_)) => {}
        }
        formats.extend(
            step.move_to
                .as_deref()
                .map(|container| (join(path, "move"), container)),
        );
        for (field, groups) in [
            ("add_to_groups", &step.add_to_groups),
            ("remove_from_groups", &step.remove_from_groups),
        ] {
            let groups = groups
                .iter()
                .flat_map(|groups| each(&join(path, field), groups).collect::<Vec<_>>());
            formats.extend(groups.map(|(path, group)| (path, group.as_str())));
        }
        formats.extend(cloud_formats(path, step));
        formats.extend(super::directory_steps::formats(path, step));
        for (field, column) in [("set_photo", &step.set_photo), ("set_manager", &step.set_manager)] {
            if let Some(Ok(format)) = column.as_deref().map(column_or_format) {
                let names = format.columns().map(|(name, _)| name);
                self.known(&join(path, field), names, &known, &given);
            }
        }
        for (path, text) in formats {
            let Ok(format) = Format::parse(text) else { continue };
            self.known(&path, format.columns().map(|(name, _)| name), &known, &given);
        }
        if let Some(Ok(when)) = step.when.as_deref().map(Condition::parse) {
            self.known(
                &join(path, "when"),
                when.columns().map(|(name, _)| name),
                &known,
                &given,
            );
        }
    }
}

fn is_remembered(groups: &OneOrMany<String>) -> bool {
    matches!(groups, OneOrMany::One(word) if word == "remembered")
}

pub(super) fn is_all(groups: &OneOrMany<String>) -> bool {
    matches!(groups, OneOrMany::One(all) if all == "all")
}

fn actions(step: &Step) -> impl Iterator<Item = &'static str> {
    let asked = ACTIONS.iter().filter(move |(_, is_asked)| is_asked(step));
    asked.map(|(action, _)| *action)
}

/// Each of one or several values, with its path.
pub(super) fn each<'v, T>(
    path: &str,
    values: &'v OneOrMany<T>,
) -> impl Iterator<Item = (String, &'v T)> + use<'v, T> {
    let path = path.to_owned();
    let several = matches!(values, OneOrMany::Many(_));
    values.as_slice().iter().enumerate().map(move |(at, value)| {
        let path = if several {
            format!("{path}[{at}]")
        } else {
            path.clone()
        };
        (path, value)
    })
}
