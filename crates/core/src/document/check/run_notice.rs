//! `notify` of an automation.

use super::super::automation::{Automation, Notify};
use super::super::channel::Channel;
use super::super::notification::Notification;
use super::super::run_notice::{DigestOf, NoticeWhen, RunNotice};
use super::super::set::Kind;
use super::super::tree::join;
use super::Checker;
use super::notification::is_address;
use super::steps::each;
use crate::digest::NAMES;
use crate::expression::TextTemplate;

impl Checker<'_> {
    pub(super) fn run_notices(&mut self, automation: &Automation) {
        for (at, notice) in automation.notify.iter().enumerate() {
            self.run_notice(&format!("notify[{at}]"), notice);
        }
    }

    fn run_notice(&mut self, path: &str, notice: &RunNotice) {
        if notice.to.as_slice().is_empty() {
            let hint = "write an address, or `channel:NAME`";
            self.error(&join(path, "to"), "nobody", hint);
        }
        if notice.whens().is_empty() {
            let hint = "write some of `changes`, `held`, `failed` and `done`, or leave it out";
            self.error(&join(path, "when"), "an empty list", hint);
        }
        if notice.digest == DigestOf::Person
            && let Some(when) = notice
                .whens()
                .iter()
                .find(|when| matches!(when, NoticeWhen::Held | NoticeWhen::Done))
        {
            let word = if *when == NoticeWhen::Held { "held" } else { "done" };
            let hint = "write `changes` or `failed`; leave `digest` out for a message about the whole run";
            self.error(
                &join(path, "when"),
                format!("`{word}`, which is said of runs and not of people"),
                hint,
            );
        }
        let message = match &notice.template {
            None => None,
            Some(name) => {
                self.reference(&join(path, "template"), Kind::Notification, name);
                self.documents.notification(name)
            }
        };
        if let Some(message) = message {
            self.names_of_digest(&join(path, "template"), message);
        }
        match (&notice.server, &notice.template) {
            (Some(_), Some(_)) => {
                let hint = "the notification says which; leave one of them out";
                self.error(&join(path, "server"), "`server` beside `template`", hint);
            }
            (Some(server), None) => self.reference(&join(path, "server"), Kind::MailServer, server),
            (None, _) => {}
        }
        let (mut mails, of_person) = (false, notice.digest == DigestOf::Person);
        for (to_path, to) in each(&join(path, "to"), &notice.to) {
            if let Some(channel) = Channel::named(to) {
                self.in_channel(&to_path, channel, message);
                continue;
            }
            mails = true;
            match to.as_str() {
                "person" | "manager" if of_person => {}
                group if of_person && Notify::is_group(group) => {
                    self.dn_format(&to_path, group);
                }
                format if of_person && format.contains("{{") => {
                    self.format(&to_path, format, super::texts::Secrets::Refused);
                }
                address if is_address(address) && !address.contains("{{") => {}
                other => {
                    let hint = if of_person {
                        "write `person`, `manager`, an address, the distinguished name of a group, or `channel:NAME`"
                    } else {
                        "write an address such as `it@example.com`, or `channel:NAME`; `person` and `manager` need \
                         `digest: person`"
                    };
                    self.error(&to_path, format!("`{other}`"), hint);
                }
            }
        }
        if mails && notice.template.is_none() && notice.server.is_none() {
            let servers = self.documents.names(Kind::MailServer).count();
            if servers > 1 {
                let hint = "say which one sends it: `server: NAME`";
                self.error(path, "no `template` and no `server`, and there are several", hint);
            }
        }
        if mails {
            self.needs_mail_server(&join(path, "to"));
            // The only one is needed, although nobody names it.
            if let Some(only) = self.documents.names(Kind::MailServer).next().map(str::to_owned) {
                self.references.push((Kind::MailServer, only));
            }
        }
    }

    /// A message about a run names what a run has.
    fn names_of_digest(&mut self, path: &str, message: &Notification) {
        for (field, text) in message.templates() {
            let Ok(template) = TextTemplate::parse(text) else {
                continue;
            };
            for (name, _) in template.columns() {
                if !NAMES.contains(&name.as_str()) && name != "now" {
                    let found = format!("`{}`, whose {field} names `{name}`", message.name);
                    let known: Vec<String> = NAMES.iter().map(|name| format!("`{name}`")).collect();
                    let hint = format!("a message about a run can name {}", known.join(", "));
                    self.error(path, found, hint);
                }
            }
        }
    }
}
