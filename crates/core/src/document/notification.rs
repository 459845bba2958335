//! `kind: notification` and `kind: mail_server`: what people are told, and the server that delivers it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::webhook::{InDoubt, is_attribute};
use crate::attribute::AttributeName;
use crate::expression::TextTemplate;

/// A server that takes mail (RFC 5321).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailServer {
    /// What notifications call it.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its name, as its certificate says it.
    pub host: String,
    /// Its port; 587 when not said, with `encryption: tls` 465 and with `none` 25.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How the connection is kept from being overheard.
    #[serde(default)]
    pub encryption: MailEncryption,
    /// File with the certificates (PEM) of the authority that signed the server's; the machine's own when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// Who Tenure is there; without it nobody signs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Its password; as a rule `{{ secret('name') }}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Who messages are from: `Tenure <tenure@example.com>`.
    pub from: String,
}

impl MailServer {
    /// The port, said or not.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.encryption {
            MailEncryption::StartTls => 587,
            MailEncryption::Tls => 465,
            MailEncryption::None => 25,
        })
    }
}

/// How a connection to a mail server is kept from being overheard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MailEncryption {
    /// By `STARTTLS`, without which nothing is sent.
    #[default]
    StartTls,
    /// From the start.
    Tls,
    /// Not at all; only for a server on this machine.
    None,
}

/// A message about an account, sent by mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notification {
    /// What steps call it.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The mail server; the only one when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The attribute with the address of people; `mail` when not said.
    #[serde(default = "Notification::mail")]
    pub address: AttributeName,
    /// The subject. A template.
    pub subject: String,
    /// The message as plain text. A template; made from `html` when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The message as HTML. A template, in which values are escaped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// What is done when it is not known whether it was sent: `repeat` when not said, since a mail that comes twice has
    /// the same id; in a channel, where two are two, `ask`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_doubt: Option<InDoubt>,
}

impl Notification {
    fn mail() -> AttributeName {
        AttributeName::new("mail")
    }

    /// The templates, each with its field.
    pub fn templates(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("subject", Some(&self.subject)),
            ("text", self.text.as_ref()),
            ("html", self.html.as_ref()),
        ]
        .into_iter()
        .filter_map(|(field, text)| Some((field, text?.as_str())))
    }

    /// The attributes that its templates name.
    pub fn attributes(&self) -> Vec<AttributeName> {
        let mut attributes: Vec<AttributeName> = Vec::new();
        for (_, text) in self.templates() {
            // What cannot be read is said where documents are checked.
            let Ok(template) = TextTemplate::parse(text) else {
                continue;
            };
            for (name, _) in template.columns() {
                if is_attribute(&name)
                    && name != "password"
                    && !attributes.iter().any(|known| known.is(&name))
                {
                    attributes.push(AttributeName::new(&name));
                }
            }
        }
        attributes
    }

    /// Whether a template names the first password.
    pub fn names_password(&self) -> bool {
        let mut templates = self.templates();
        templates.any(|(_, text)| TextTemplate::parse(text).is_ok_and(|read| read.names("password")))
    }
}
