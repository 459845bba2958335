//! Webhooks of an application: the request, what counts as success, and what is kept of the answer.

use super::super::application::{Application, Message};
use super::super::scalar::Scalar;
use super::super::tree::join;
use super::super::webhook::{InDoubt, Webhook, WebhookMethod};
use super::Checker;
use super::captures::Answer;
use super::texts::Secrets;
use crate::expression::Format;

/// What success and captures can name.
const ANSWER: Answer = Answer {
    names: &["status", "headers", "answer"],
    of: "the answer",
    condition: "`status == 201` or `answer.ok`",
    main: "answer",
    before: "answer before the request",
};

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
        for (text, source) in webhook.texts() {
            self.own_members_of(&format!("{path}.{text}"), source, &ANSWER);
        }
        if let Some(success) = &webhook.success {
            self.success(&join(path, "success"), success, &ANSWER);
        }
        self.captures(&join(path, "capture"), &webhook.capture, &ANSWER);
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
        let Some(host) = host_of(url) else {
            if url.contains("{{") {
                let hint =
                    "write the address out, beginning with `https://`; expressions may stand after the host";
                self.error(path, format!("`{url}`, of which the host is not known"), hint);
            }
            return;
        };
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
}

/// The host of an address whose parts may be expressions, with its port; none when no address is written out.
pub(super) fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let mut depth = 0_usize;
    let end = rest.char_indices().find(|(_, letter)| {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(letter, '/' | '?' | '#')
    });
    rest.get(..end.map_or(rest.len(), |(at, _)| at))
}
