//! A mail server with a notification, and an account to write about.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use tenure_connect::mail::{MailRun, Mailer};
use tenure_connect::source::{Environment, Variables};
use tenure_core::account::AccountId;
use tenure_core::action::AttributeValues;
use tenure_core::attribute::AttributeName;
use tenure_core::dn::Dn;
use tenure_core::document::{Document, Documents, MailServer, Notification};
use tenure_core::expression::Lookups;
use tenure_core::outcome::Outcome;
use tenure_core::profile::PersonKey;
use tenure_core::seams::{AccountRef, Attempt, SecretError, Secrets, Subject};
use tenure_core::secret::Secret;
use tenure_lab::{Authority, SmtpEncryption, SmtpSink};

pub const LOGIN: (&str, &str) = ("tenure", "planted mail/p4ssword+&9e1");
pub const FIRST: &str = "first-Passw0rd<&>9";
pub const KEY: &str = "0c1f2e6a-5b1d-8f00-8d0e-0123456789ab";

struct Vault;

thread_local! {
    /// The address of a channel, of each test its own.
    static HOOK: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps the address of a channel.
pub fn hook(url: &str) {
    HOOK.with_borrow_mut(|hook| url.clone_into(hook));
}

/// A vault.
pub fn secrets() -> Arc<dyn Secrets> {
    drop(rustls::crypto::ring::default_provider().install_default());
    Arc::new(Vault)
}

/// What messages are written in.
pub fn environment() -> Environment {
    Environment {
        variables: Variables::default(),
        manners: tenure_connect::http::Manners::default(),
        folder: Authority::shared()
            .unwrap()
            .ca_pem_path()
            .parent()
            .unwrap()
            .to_owned(),
        lookups: Lookups::default(),
        now: Arc::new(|| "2026-01-05T08:00:00Z".parse().unwrap()),
    }
}

#[async_trait]
impl Secrets for Vault {
    async fn get(&self, name: &str) -> Result<Secret, SecretError> {
        match name {
            "smtp" => Ok(Secret::new(LOGIN.1.to_owned())),
            "wrong" => Ok(Secret::new("planted wr0ng/p4ss+&3b7".to_owned())),
            "hook" => Ok(Secret::new(HOOK.with_borrow(String::clone))),
            "password/corp/E-7" => Ok(Secret::new(FIRST.to_owned())),
            _ => Err(SecretError::Missing {
                name: name.to_owned(),
            }),
        }
    }

    async fn put(&self, _: &str, _: Secret) -> Result<(), SecretError> {
        Ok(())
    }
}

/// What sends this notification by a server at this port, whose document has these fields.
pub fn mailer(port: u16, server: Value, notification: Value) -> Mailer {
    let filled = |mut document: Value, fields: Value| {
        let Value::Object(fields) = fields else {
            panic!("{fields}")
        };
        document.as_object_mut().unwrap().extend(fields);
        document
    };
    let server: MailServer = serde_json::from_value(filled(
        json!({ "name": "mail", "host": "localhost", "port": port, "from": "Tenure <tenure@example.com>" }),
        server,
    ))
    .unwrap();
    let notification: Notification = serde_json::from_value(filled(
        json!({ "name": "welcome", "subject": "Welcome, {{ displayName }}", "text": "Hello {{ displayName }}" }),
        notification,
    ))
    .unwrap();
    let documents: Documents = [Document::MailServer(server), Document::Notification(notification)]
        .into_iter()
        .collect();
    Mailer::new(&documents, secrets(), environment())
}

/// A server without encryption, for what is not about it.
pub fn sink() -> SmtpSink {
    SmtpSink::start(SmtpEncryption::None, None).unwrap()
}

pub fn plain(sink: &SmtpSink, notification: Value) -> Mailer {
    mailer(sink.port(), json!({ "encryption": "none" }), notification)
}

pub fn subject(name: &str) -> Subject {
    let attribute = |attribute: &str, values: &[&str]| AttributeValues {
        name: AttributeName::new(attribute),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    Subject {
        person: PersonKey::new("E-7"),
        name: name.to_owned(),
        account: Some(AccountRef {
            id: AccountId::new("a-1"),
            dn: Dn::from_server("CN=Ada,OU=Staff,DC=corp"),
        }),
        attributes: vec![
            attribute("displayName", &[name]),
            attribute("memberOf", &["HR", "IT & Co"]),
        ],
        captured: BTreeMap::from([("desk".to_owned(), json!("4.17"))]),
        run: Some("12".to_owned()),
    }
}

pub async fn send(mailer: &Mailer, to: &[&str], name: &str, attempt: Attempt) -> MailRun {
    let to: Vec<String> = to.iter().map(|to| (*to).to_owned()).collect();
    mailer
        .send(
            "welcome",
            &to,
            &subject(name),
            "password/corp/E-7",
            (KEY, attempt),
        )
        .await
}

/// The outcome in words.
pub fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Answered { answer, .. } => answer.clone(),
        Outcome::Refused(why) => format!("refused: {why}"),
        Outcome::Failed(why) => format!("failed: {why}"),
        Outcome::InDoubt { what } => format!("in doubt: {what}"),
        other => format!("{other:?}"),
    }
}
