//! Webhooks of an application: outbound calls, each about one account.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::application::Message;
use super::scalar::Scalar;
use super::tree::join;
use crate::attribute::AttributeName;
use crate::expression::Format;

/// One outbound call about an account. Its formats name the account's attributes, for example `{{ givenName }}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// What steps call it.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How it is called.
    #[serde(default)]
    pub method: WebhookMethod,
    /// Where it is. A format, whose values are escaped for the place in which they stand.
    pub url: String,
    /// Query parameters. Formats.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, Scalar>,
    /// Header fields. Formats.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Scalar>,
    /// What the body is; JSON when there is a `body` and this is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
    /// The body. Texts in it are formats, whose values are escaped as the message asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<serde_json::Value>,
    /// When the call has succeeded: a condition over `status`, `headers` and `answer`. Any status from 200 to 299
    /// when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success: Option<String>,
    /// Values that later steps can name, for example as `captured.contact_id`: formats over `status`, `headers` and
    /// `answer`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capture: BTreeMap<String, String>,
    /// The header field that carries a key which is the same whenever the same operation is tried again, for services
    /// that take one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_header: Option<String>,
    /// What is done when a crash has left it unknown whether the call was made. Not said, it is repeated when that is
    /// safe: GET, PUT and DELETE (RFC 9110, section 9.2.2), and any call with an idempotency header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_doubt: Option<InDoubt>,
}

/// What formats of webhooks, scripts and messages can name besides attributes. These names are not looked for in the directory.
const OWN_NAMES: [&str; 5] = ["account", "person", "captured", "run", "now"];

impl Webhook {
    /// The texts of the request that are formats, each with its path in the webhook.
    pub fn texts(&self) -> Vec<(String, &str)> {
        let mut texts = vec![("url".to_owned(), self.url.as_str())];
        for (field, values) in [("query", &self.query), ("headers", &self.headers)] {
            let values = values
                .iter()
                .map(|(name, Scalar(value))| (join(field, name), value.as_str()));
            texts.extend(values);
        }
        if let Some(body) = &self.body {
            collect("body", body, &mut texts);
        }
        texts
    }

    /// The attributes that its formats name, in the order in which they do.
    pub fn attributes(&self) -> Vec<AttributeName> {
        let texts = self.texts();
        named_attributes(std::iter::empty(), texts.iter().map(|(_, text)| *text))
    }

    /// Whether making the call twice does no more than making it once, as far as the document says.
    pub fn is_repeatable(&self) -> bool {
        match self.in_doubt {
            Some(InDoubt::Repeat) => true,
            Some(InDoubt::Ask) => false,
            None => {
                self.idempotency_header.is_some()
                    || matches!(
                        self.method,
                        WebhookMethod::Get | WebhookMethod::Put | WebhookMethod::Delete
                    )
            }
        }
    }
}

/// Whether a name that a format reads is looked for among attributes.
pub(super) fn is_attribute(name: &str) -> bool {
    !OWN_NAMES.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// These attributes and those that formats name, in the order in which they do.
pub(super) fn named_attributes<'t>(
    first: impl Iterator<Item = AttributeName>,
    texts: impl Iterator<Item = &'t str>,
) -> Vec<AttributeName> {
    let mut attributes: Vec<AttributeName> = Vec::new();
    let mut add = |name: AttributeName| {
        if !attributes.iter().any(|known| known.is(name.as_str())) {
            attributes.push(name);
        }
    };
    first.for_each(&mut add);
    for text in texts {
        // What cannot be read is said where documents are checked.
        let Ok(format) = Format::parse(text) else { continue };
        for (name, _) in format.columns().filter(|(name, _)| is_attribute(name)) {
            add(AttributeName::new(name));
        }
    }
    attributes
}

impl WebhookMethod {
    /// As it is sent.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Every text in a body, with its path.
pub(super) fn collect<'b>(path: &str, body: &'b serde_json::Value, texts: &mut Vec<(String, &'b str)>) {
    match body {
        serde_json::Value::String(text) => texts.push((path.to_owned(), text)),
        serde_json::Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                collect(&format!("{path}[{at}]"), item, texts);
            }
        }
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                collect(&join(path, name), value, texts);
            }
        }
        _ => {}
    }
}

/// Methods of webhooks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum WebhookMethod {
    /// GET.
    Get,
    /// POST.
    #[default]
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

/// What is done with a call of which it is not known whether it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InDoubt {
    /// It is made again.
    Repeat,
    /// It is left for a human to decide.
    Ask,
}
