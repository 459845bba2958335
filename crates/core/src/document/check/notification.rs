//! `kind: notification` and `kind: mail_server`.

use super::super::notification::{MailEncryption, MailServer, Notification};
use super::super::set::Kind;
use super::Checker;
use super::captures::Answer;
use crate::expression::TextTemplate;

/// Nothing comes back from a message.
const NOTHING: Answer = Answer {
    names: &[],
    of: "",
    condition: "",
    main: "",
    before: "",
};

impl Checker<'_> {
    pub(super) fn mail_server(&mut self, server: &MailServer) {
        let host = server.host.trim();
        if host.is_empty() || host.contains(['/', '@', ' ']) || host.contains("://") {
            let hint = "write its name only, for example `mail.example.com`; the port has a field of its own";
            self.error("host", format!("`{}`", server.host), hint);
        }
        let here = matches!(host, "localhost" | "127.0.0.1" | "::1");
        if server.encryption == MailEncryption::None && !here {
            let hint = "everybody on the way can read messages and passwords; write `starttls` or `tls`";
            self.warning("encryption", "`none` for a server that is not this machine", hint);
        }
        match (&server.user, &server.password) {
            (Some(_), None) => self.error("user", "`user` without `password`", "add `password`"),
            (None, Some(_)) => self.error("password", "`password` without `user`", "add `user`"),
            (Some(user), Some(password)) => {
                self.format("user", user, super::texts::Secrets::Allowed);
                self.credential("password", password);
            }
            (None, None) => {}
        }
        let address = server.from.rsplit('<').next().unwrap_or_default();
        if !is_address(address.trim_end_matches('>')) {
            let hint = "write for example `Tenure <tenure@example.com>`";
            self.error("from", format!("`{}`, which is no address", server.from), hint);
        }
    }

    pub(super) fn notification(&mut self, notification: &Notification) {
        let mut servers = self.documents.names(Kind::MailServer);
        match (&notification.server, servers.next(), servers.next()) {
            (Some(server), ..) => self.reference("server", Kind::MailServer, server),
            (None, Some(only), None) => {
                let only = only.to_owned();
                self.reference("server", Kind::MailServer, &only);
            }
            // Channels need none.
            (None, None, _) if self.documents.names(Kind::Channel).next().is_some() => {}
            (None, None, _) => {
                let hint = "add a document with `kind: mail_server`";
                self.missing(
                    "",
                    "no mail server that would send it".to_owned(),
                    hint.to_owned(),
                );
            }
            (None, Some(_), Some(_)) => {
                self.error("", "no `server`, and there are several", "say which one sends it");
            }
        }
        self.attribute("address", &notification.address);
        if notification.text.is_none() && notification.html.is_none() {
            self.error("", "neither `text` nor `html`", "write what the message says");
        }
        let templates: Vec<(&str, &str)> = notification.templates().collect();
        for (field, text) in templates {
            self.text_template(field, text);
        }
    }

    fn text_template(&mut self, path: &str, text: &str) {
        match TextTemplate::parse(text) {
            Ok(template) => {
                for table in template.tables() {
                    self.reference(path, Kind::Lookup, &table);
                }
                let columns = template.columns();
                let columns = columns
                    .iter()
                    .map(|(name, member)| (name.as_str(), member.as_deref()));
                self.own_members(path, columns, &NOTHING);
                if template.uses_secret() {
                    let hint = "a message is read by people; the first password is `{{ password }}`";
                    self.error(path, "a secret in a message", hint);
                }
                if path == "subject" && template.names("password") {
                    let hint = "subjects are shown and kept everywhere; write it in `text` or `html`";
                    self.error(path, "the password in a subject", hint);
                }
            }
            Err(error) => self.error(
                path,
                format!("a template that is wrong: {}", error.problem),
                error.hint,
            ),
        }
    }
}

/// Whether a text looks like an address of mail.
pub(super) fn is_address(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !text.contains(char::is_whitespace)
            && !domain.contains('@')
    })
}
