//! `kind: channel`, and notifications that go to one.

use super::super::channel::{Channel, ChannelStyle};
use super::super::notification::Notification;
use super::super::set::Kind;
use super::Checker;

impl Checker<'_> {
    pub(super) fn channel(&mut self, channel: &Channel) {
        self.credential("url", &channel.url);
        let clear = channel.url.trim_start();
        if clear.starts_with("http://") {
            let hint = "everybody on the way can read messages, and post; write `https://`";
            self.warning("url", "an address without encryption", hint);
        } else if !clear.starts_with("https://") && !clear.starts_with("{{") {
            let hint = "write the address of the incoming webhook, or `{{ secret('NAME') }}`";
            self.error("url", format!("`{clear}`, which is no address of HTTP"), hint);
        }
        if channel.field.is_some() && channel.style != ChannelStyle::Json {
            let hint = "only `style: json` has one; leave it out";
            self.error("field", "`field` for a style that has its own form", hint);
        }
        if let Some(header) = &channel.idempotency_header
            && (header.is_empty()
                || !header
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)))
        {
            let hint = "write for example `Idempotency-Key`";
            self.error(
                "idempotency_header",
                format!("`{header}`, which is no header"),
                hint,
            );
        }
    }

    /// A notification that goes to a channel.
    pub(super) fn in_channel(&mut self, path: &str, name: &str, message: Option<&Notification>) {
        self.reference(path, Kind::Channel, name);
        let Some(message) = message else { return };
        if message.text.is_none() {
            let found = format!("a channel for `{}`, which has no `text`", message.name);
            self.error(path, found, "add `text` to it; channels do not show HTML");
        }
        if message.names_password() {
            let found = format!("a channel for `{}`, which has the first password", message.name);
            let hint = "everybody in a channel reads it; send that by mail to one person";
            self.error(path, found, hint);
        }
    }

    /// Mail needs a server.
    pub(super) fn needs_mail_server(&mut self, path: &str) {
        if self.documents.names(Kind::MailServer).next().is_none() {
            let hint = "add a document with `kind: mail_server`".to_owned();
            self.missing(path, "no mail server that would send it".to_owned(), hint);
        }
    }
}
