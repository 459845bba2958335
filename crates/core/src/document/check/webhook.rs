//! Webhooks of an application: the request, what counts as success, and what is kept of the answer.

use super::super::application::{Application, Message};
use super::super::scalar::Scalar;
use super::super::tree::join;
use super::super::webhook::{InDoubt, Webhook, WebhookMethod};
use super::Checker;
use super::texts::Secrets;
use crate::expression::{Condition, Format};
use crate::outcome::{MAX_CAPTURED, MAX_CAPTURES};

/// What success and captures can name.
const ANSWER: [&str; 3] = ["status", "headers", "answer"];

impl Checker<'_> {
    pub(super) fn webhooks(&mut self, application: &Application) {
        for (at, webhook) in application.webhooks.iter().enumerate() {
            let path = format!("webhooks[{at}]");
            let name = join(&path, "name");
            if webhook.name.trim().is_empty() || webhook.name.contains(['/', '{']) {
                let hint = "write a short name, for example `create-contact`";
                self.error(&name, format!("`{}` as a name", webhook.name), hint);
            }
            let earlier = application.webhooks.iter().take(at);
            if earlier.clone().any(|other| other.name == webhook.name) {
                let found = format!("a second webhook `{}`", webhook.name);
                self.error(&name, found, "give one of them another name");
            }
            self.webhook(&path, application, webhook);
        }
    }

    fn webhook(&mut self, path: &str, application: &Application, webhook: &Webhook) {
        let url = join(path, "url");
        self.url(&url, application, &webhook.url);
        self.host(&url, &webhook.url);
        for (name, Scalar(value)) in &webhook.query {
            self.format(&join(&join(path, "query"), name), value, Secrets::Allowed);
        }
        for (name, Scalar(value)) in &webhook.headers {
            self.header(&join(&join(path, "headers"), name), name, value);
        }
        if let Some(name) = &webhook.idempotency_header {
            let at = join(path, "idempotency_header");
            self.header_name(&at, name);
            if webhook
                .headers
                .keys()
                .any(|other| other.eq_ignore_ascii_case(name))
            {
                let found = format!("`{name}`, which `headers` has too");
                self.error(
                    &at,
                    found,
                    "leave it out of `headers`; its value is made for each operation",
                );
            }
        }
        self.webhook_message(path, webhook);
        self.own_members(path, webhook);
        if let Some(success) = &webhook.success {
            self.success(&join(path, "success"), success);
        }
        self.captures(&join(path, "capture"), webhook);
        if webhook.in_doubt == Some(InDoubt::Repeat)
            && matches!(webhook.method, WebhookMethod::Post | WebhookMethod::Patch)
            && webhook.idempotency_header.is_none()
            && !self.is_of_preset(&join(path, "in_doubt"), application)
        {
            let found = format!(
                "`repeat` for {} without `idempotency_header`",
                webhook.method.name()
            );
            let hint = "right only when the application itself makes nothing twice; otherwise leave it out";
            self.warning(&join(path, "in_doubt"), found, hint);
        }
    }

    /// Whether a field is not the document's own: what a preset says of its application was looked up there.
    fn is_of_preset(&self, path: &str, application: &Application) -> bool {
        let origin = self.documents.origin(self.kind, &self.name);
        application.preset.is_some()
            && origin.is_some_and(|origin| origin.position(path) == origin.position("preset"))
    }

    /// Attributes must not choose the server that a request, with its key, goes to.
    fn host(&mut self, path: &str, url: &str) {
        let Some((_, rest)) = url.split_once("://") else {
            if url.contains("{{") {
                let hint =
                    "write the address out, beginning with `https://`; expressions may stand after the host";
                self.error(path, format!("`{url}`, of which the host is not known"), hint);
            }
            return;
        };
        let mut depth = 0_usize;
        let end = rest.char_indices().find(|(_, letter)| {
            match letter {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && matches!(letter, '/' | '?' | '#')
        });
        let host = rest.get(..end.map_or(rest.len(), |(at, _)| at)).unwrap_or(rest);
        if Format::parse(host).is_ok_and(|format| format.columns().next().is_some()) {
            let hint = "write the host out, or take it from a secret or a lookup by a fixed key";
            self.error(path, "a host that depends on the account", hint);
        }
    }

    fn webhook_message(&mut self, path: &str, webhook: &Webhook) {
        let at = join(path, "message");
        let sends_none = webhook.method == WebhookMethod::Get;
        if sends_none && webhook.message.is_some_and(|message| message != Message::None) {
            self.error(
                &at,
                "a message with `method: GET`",
                "leave it out, or write `method: POST`",
            );
        }
        let Some(body) = &webhook.body else {
            let needed = matches!(
                webhook.message,
                Some(Message::Xml | Message::Soap | Message::Text)
            );
            if needed {
                self.error(&at, "a message without a `body`", "write the text as `body`");
            }
            return;
        };
        let path = join(path, "body");
        if sends_none {
            self.error(
                &path,
                "a body with `method: GET`",
                "leave it out, or write `method: POST`",
            );
        }
        self.body(&path, webhook.message, body);
    }

    /// Members of what is no attribute: `account.dn`, `person.key`, `captured.id`.
    fn own_members(&mut self, path: &str, webhook: &Webhook) {
        let documents = self.documents;
        let captures: Vec<&str> = documents
            .iter()
            .filter_map(|document| match document {
                super::Document::Application(application) => Some(&application.webhooks),
                _ => None,
            })
            .flatten()
            .flat_map(|webhook| webhook.capture.keys().map(String::as_str))
            .collect();
        for (text, source) in webhook.texts() {
            let path = format!("{path}.{text}");
            let Ok(format) = Format::parse(source) else {
                continue;
            };
            for (name, member) in format.columns() {
                let known: &[&str] = match name {
                    "account" => &["dn", "id"],
                    "person" => &["key", "name"],
                    "captured" => {
                        if let Some(member) = member
                            && !captures.contains(&member)
                        {
                            let hint = "add it to `capture` of the webhook that is called before";
                            self.warning(
                                &path,
                                format!("`captured.{member}`, which no webhook captures"),
                                hint,
                            );
                        }
                        continue;
                    }
                    _ if ANSWER.contains(&name) => {
                        let found = format!("`{name}`, and there is no answer before the request");
                        self.error(&path, found, "only `success` and `capture` can name it");
                        continue;
                    }
                    _ => continue,
                };
                if member.is_none_or(|member| !known.contains(&member)) {
                    let named = member.map_or_else(|| name.to_owned(), |member| format!("{name}.{member}"));
                    let members: Vec<_> = known.iter().map(|member| format!("`{name}.{member}`")).collect();
                    self.error(
                        &path,
                        format!("`{named}`"),
                        format!("write {}", members.join(" or ")),
                    );
                }
            }
        }
    }

    fn success(&mut self, path: &str, text: &str) {
        let Some(condition) = self.condition(path, text) else {
            return;
        };
        if condition.uses_secret() {
            self.error(
                path,
                "a secret in a condition",
                "compare `status`, `headers` or `answer`",
            );
        }
        self.of_the_answer(path, condition.columns().map(|(name, _)| name));
        if !reads_answer(&condition) {
            let hint = "write for example `status == 201` or `answer.ok`";
            self.error(path, format!("`{text}`, which does not ask for the answer"), hint);
        }
    }

    fn captures(&mut self, path: &str, webhook: &Webhook) {
        if webhook.capture.len() > MAX_CAPTURES {
            let found = format!("{} values", webhook.capture.len());
            self.error(
                path,
                found,
                format!("keep up to {MAX_CAPTURES}, each of up to {MAX_CAPTURED} bytes"),
            );
        }
        for (name, text) in &webhook.capture {
            let path = join(path, name);
            let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            if !name.starts_with(|first: char| first.is_ascii_alphabetic()) || !name.bytes().all(letters) {
                let hint = "write letters, digits and `_`, for example `contact_id`";
                self.error(&path, format!("`{name}` as a name"), hint);
            }
            if !text.contains("{{") {
                let hint = format!("write for example `{{{{ answer.{} }}}}`", text.trim());
                self.error(&path, format!("`{text}`, which is always the same"), hint);
            } else if let Some(format) = self.format(&path, text, Secrets::Refused) {
                self.of_the_answer(&path, format.columns().map(|(name, _)| name));
            }
        }
    }

    fn of_the_answer<'n>(&mut self, path: &str, names: impl Iterator<Item = &'n str>) {
        for name in names.filter(|name| !ANSWER.contains(name)) {
            let hint = "name `status`, `headers` or `answer`, for example `answer.id`";
            self.error(path, format!("`{name}`, which is not of the answer"), hint);
        }
    }
}

fn reads_answer(condition: &Condition) -> bool {
    condition.columns().any(|(name, _)| ANSWER.contains(&name))
}
