//! Sends notifications: each recipient gets a mail of their own, and what passes is tried again.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream;
use lettre::message::Mailbox;
use lettre::transport::smtp::Error as SmtpError;
use lettre::{Address, AsyncTransport as _};
use tenure_core::action::Action;
use tenure_core::document::{Document, Documents, Kind};
use tenure_core::outcome::{Outcome, Refusal};
use tenure_core::seams::{Attempt, Performer, Secrets, SourceTrouble, Subject, Task};

use super::compose::{Composed, Prepared, ShownMail};
use super::server::{Open, Server};
use crate::http::scrub;
use crate::perform::{refusal, refused};
use crate::source::Environment;

/// Messages that are sent at the same time.
const CONCURRENCY: usize = 4;
/// The most addresses of one message.
const MOST: usize = 500;
/// How often a mail is tried in one run.
const TRIES: u32 = 3;
/// The pause before the second try; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// A message, as it went.
#[derive(Clone, Debug)]
pub struct MailRun {
    /// What was sent; none when it could not be written.
    pub mail: Option<ShownMail>,
    /// What became of it.
    pub outcome: Outcome,
}

/// Sends the notifications of documents.
pub struct Mailer {
    notifications: BTreeMap<String, Result<Prepared, Refusal>>,
    servers: BTreeMap<String, Result<Server, Refusal>>,
    secrets: Arc<dyn Secrets>,
    environment: Environment,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").finish_non_exhaustive()
    }
}

/// What became of one mail to one address.
enum Delivery {
    Taken,
    /// Nothing will make the server take it.
    Refused(String),
    /// It may go another time.
    Failed(String),
    /// Nothing came back.
    Unknown(String),
}

/// Whether another try is right.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    Yes,
    No,
}

impl Mailer {
    /// For these documents. What cannot be read fails where it is to be sent, and nothing else. Nothing is connected
    /// yet.
    pub fn new(documents: &Documents, secrets: Arc<dyn Secrets>, environment: Environment) -> Self {
        let mut names = documents.names(Kind::MailServer);
        let only = match (names.next(), names.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        };
        let (mut notifications, mut servers) = (BTreeMap::new(), BTreeMap::new());
        for document in documents.iter() {
            match document {
                Document::Notification(notification) => {
                    let server = notification.server.as_deref().or(only).unwrap_or_default();
                    let read = Prepared::new(notification, server).map_err(|error| refusal(&error));
                    notifications.insert(notification.name.clone(), read);
                }
                Document::MailServer(server) => {
                    let read = Server::new(server).map_err(|error| refusal(&error));
                    servers.insert(server.name.clone(), read);
                }
                _ => {}
            }
        }
        Self {
            notifications,
            servers,
            secrets,
            environment,
        }
    }

    /// A message as it would be sent; nothing is.
    ///
    /// # Errors
    /// There is no such notification, or something that it names has no value.
    pub async fn show(
        &self,
        name: &str,
        to: &[String],
        subject: &Subject,
        password: &str,
    ) -> Result<ShownMail, Refusal> {
        let (prepared, server) = self.find(name)?;
        let composed = prepared.compose(subject, password, &self.environment, self.secrets.as_ref());
        let composed = composed.await.map_err(|error| refusal(&error))?;
        Ok(composed.shown(&server.from, to))
    }

    /// Sends a message about one account; `password` is the name of the account's first password in the vault, and `key`
    /// the operation's idempotency key.
    pub async fn send(
        &self,
        name: &str,
        to: &[String],
        subject: &Subject,
        password: &str,
        (key, attempt): (&str, Attempt),
    ) -> MailRun {
        let unsent = |outcome| MailRun { mail: None, outcome };
        let (prepared, server) = match self.find(name) {
            Ok(found) => found,
            Err(why) => return unsent(Outcome::Refused(why)),
        };
        let vault = self.secrets.as_ref();
        let composed = match prepared
            .compose(subject, password, &self.environment, vault)
            .await
        {
            Ok(composed) => composed,
            Err(error) => return unsent(Outcome::Refused(refusal(&error))),
        };
        let mail = Some(composed.shown(&server.from, to));
        if to.is_empty() {
            let hint = "give the person or manager an address in the directory; the message is sent by the next run \
                        then";
            let outcome = refused(
                "there is nobody to send it to: no address was found".to_owned(),
                hint,
            );
            return MailRun { mail, outcome };
        }
        if to.len() > MOST {
            let hint = "write the address of a mailing list instead of its members";
            let outcome = refused(format!("{} addresses, and {MOST} are the most", to.len()), hint);
            return MailRun { mail, outcome };
        }
        if attempt == Attempt::Again && !prepared.repeatable {
            let what = format!(
                "Tenure was broken off while it sent `{name}` to {}, and sending it again could send it twice; ask \
                 whether it came",
                to.join(", ")
            );
            return MailRun {
                mail,
                outcome: Outcome::InDoubt { what },
            };
        }
        let outcome = match server.open(&self.environment, vault).await {
            Ok(open) => self.deliver(prepared, &composed, (server, open), to, key).await,
            Err(error) => match error.kind {
                SourceTrouble::Unreachable => Outcome::Failed(refusal(&error)),
                _ => Outcome::Refused(refusal(&error)),
            },
        };
        MailRun { mail, outcome }
    }

    /// One mail for each address. The message counts as sent when it was taken for one of them: sent again, it would
    /// come to that one again.
    async fn deliver(
        &self,
        prepared: &Prepared,
        composed: &Composed,
        (server, open): (&Server, &Open),
        to: &[String],
        key: &str,
    ) -> Outcome {
        let (mut taken, mut refused_for, mut failed_for, mut unknown) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (address, number) in to.iter().zip(1..) {
            let id = match number {
                1 => format!("<{key}@{}>", server.from.email.domain()),
                _ => format!("<{key}.{number}@{}>", server.from.email.domain()),
            };
            match self.one(prepared, composed, (server, open), address, id).await {
                Delivery::Taken => taken.push(address.as_str()),
                Delivery::Refused(why) => refused_for.push(format!("{address}: {why}")),
                Delivery::Failed(why) => failed_for.push(format!("{address}: {why}")),
                Delivery::Unknown(why) => unknown.push(format!("{address}: {why}")),
            }
        }
        let not: Vec<&str> = [&refused_for, &failed_for, &unknown]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        if !taken.is_empty() {
            let mut answer = format!("sent to {}", taken.join(", "));
            if !not.is_empty() {
                answer = format!("{answer}; not to {}", not.join("; "));
            }
            return Outcome::Answered {
                answer,
                captured: BTreeMap::new(),
            };
        }
        let what = format!("{} did not take it: {}", server.place(), not.join("; "));
        if !unknown.is_empty() {
            return Outcome::InDoubt {
                what: format!("{what}; whether it was sent is not known"),
            };
        }
        let why = |hint: &str| Refusal {
            code: String::new(),
            message: what.clone(),
            hint: hint.to_owned(),
        };
        if failed_for.is_empty() {
            return Outcome::Refused(why(&format!(
                "check the address, and the settings of the mail server `{}`",
                server.name()
            )));
        }
        Outcome::Failed(why("the next run sends it again"))
    }

    async fn one(
        &self,
        prepared: &Prepared,
        composed: &Composed,
        (server, open): (&Server, &Open),
        address: &str,
        id: String,
    ) -> Delivery {
        let address: Address = match address.parse() {
            Ok(address) => address,
            Err(error) => return Delivery::Refused(format!("this is no address ({error})")),
        };
        let now = (self.environment.now)();
        let date = std::time::SystemTime::from(now);
        let message = match composed.to(&server.from, Mailbox::new(None, address), id, date) {
            Ok(message) => message,
            Err(error) => return Delivery::Refused(error.to_string()),
        };
        let (mut pause, mut tries) = (FIRST_PAUSE, 1);
        loop {
            let (delivery, again) = match self.attempt(prepared, open, &message).await {
                Ok(()) => return Delivery::Taken,
                Err(failed) => failed,
            };
            if tries == TRIES || again == Again::No {
                return delivery;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            tries += 1;
        }
    }

    /// One try; and when it failed, whether another one is right.
    async fn attempt(
        &self,
        prepared: &Prepared,
        open: &Open,
        message: &lettre::Message,
    ) -> Result<(), (Delivery, Again)> {
        let said = |error: &SmtpError| said(error, open);
        if !prepared.repeatable {
            // Whatever fails before the message goes is certain.
            match open.transport.test_connection().await {
                Ok(true) => {}
                Ok(false) => {
                    return Err((Delivery::Failed("the server is not ready".to_owned()), Again::Yes));
                }
                Err(error) if error.is_permanent() => {
                    return Err((Delivery::Refused(said(&error)), Again::No));
                }
                Err(error) => return Err((Delivery::Failed(said(&error)), Again::Yes)),
            }
        }
        let Err(error) = open.transport.send(message.clone()).await else {
            return Ok(());
        };
        let why = said(&error);
        Err(if error.is_permanent() || error.is_client() {
            (Delivery::Refused(why), Again::No)
        } else if error.is_transient() || prepared.repeatable {
            (Delivery::Failed(why), Again::Yes)
        } else {
            (Delivery::Unknown(why), Again::No)
        })
    }

    fn find(&self, name: &str) -> Result<(&Prepared, &Server), Refusal> {
        let missing = |what: &str, name: &str| Refusal {
            code: String::new(),
            message: format!("there is no {what} `{name}`"),
            hint: "correct the documents, and make a new plan".to_owned(),
        };
        let prepared = match self.notifications.get(name) {
            Some(Ok(prepared)) => prepared,
            Some(Err(why)) => return Err(why.clone()),
            None => return Err(missing("notification", name)),
        };
        match self.servers.get(&prepared.server) {
            Some(Ok(server)) => Ok((prepared, server)),
            Some(Err(why)) => Err(why.clone()),
            None => Err(missing("mail server", &prepared.server)),
        }
    }
}

#[async_trait]
impl Performer for Mailer {
    async fn perform(&self, tasks: Vec<Task>) -> Vec<Outcome> {
        stream::iter(tasks)
            .map(|task| async move {
                let Action::Notify { message, to, .. } = &task.action else {
                    return refused("this is no message".to_owned(), "");
                };
                let tried = (task.idempotency_key.as_str(), task.attempt);
                self.send(message, to, &task.subject, &task.password, tried)
                    .await
                    .outcome
            })
            .buffered(CONCURRENCY)
            .collect()
            .await
    }
}

/// What went wrong, with its causes and without secrets.
fn said(error: &SmtpError, open: &Open) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    let text = scrub(&text, &open.secrets);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
