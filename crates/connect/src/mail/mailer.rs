//! Sends notifications: each recipient gets a mail of their own, and what passes is tried again.

use std::borrow::Cow;
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
use tenure_core::digest::Digest;
use tenure_core::document::{Channel as DocumentChannel, Document, Documents, InDoubt, Kind};
use tenure_core::outcome::{Outcome, Refusal};
use tenure_core::seams::{Attempt, Performer, Secrets, SourceTrouble, Subject, Task};

use super::channel::Channel;
use super::compose::{Composed, Prepared, ShownMail};
use super::delivery::Delivery;
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
    channels: BTreeMap<String, Channel>,
    /// The mail server where none is named.
    only: Option<String>,
    secrets: Arc<dyn Secrets>,
    environment: Environment,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").finish_non_exhaustive()
    }
}

/// A message about a run.
#[derive(Clone, Copy, Debug)]
pub struct RunMessage<'a> {
    /// The notification; Tenure's own without one.
    pub template: Option<&'a str>,
    /// The mail server for Tenure's own; the only one when not said.
    pub server: Option<&'a str>,
    /// What there is to tell.
    pub digest: &'a Digest,
}

/// A message that was written, with what it takes to send it.
struct Ready<'a> {
    prepared: Cow<'a, Prepared>,
    server: Option<&'a Server>,
    composed: Composed,
    mail: ShownMail,
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
        let (mut notifications, mut servers, mut channels) =
            (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
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
                Document::Channel(channel) => {
                    channels.insert(channel.name.clone(), Channel::new(channel));
                }
                _ => {}
            }
        }
        Self {
            notifications,
            servers,
            channels,
            only: only.map(str::to_owned),
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
        Ok(self.about_account(name, to, subject, password).await?.mail)
    }

    /// Sends a message about one account; `password` is the name of the account's first password in the vault, and `key`
    /// the operation's idempotency key.
    pub async fn send(
        &self,
        name: &str,
        to: &[String],
        subject: &Subject,
        password: &str,
        tried: (&str, Attempt),
    ) -> MailRun {
        match self.about_account(name, to, subject, password).await {
            Ok(ready) => self.send_ready(ready, to, tried).await,
            Err(why) => MailRun {
                mail: None,
                outcome: Outcome::Refused(why),
            },
        }
    }

    /// A message about a run as it would be sent; nothing is.
    ///
    /// # Errors
    /// There is no such notification, or something that it names has no value.
    pub fn show_digest(&self, message: RunMessage<'_>, to: &[String]) -> Result<ShownMail, Refusal> {
        Ok(self.about_run(message, to)?.mail)
    }

    /// Sends a message about a run; `key` is the same whenever it is tried.
    pub async fn send_digest(
        &self,
        message: RunMessage<'_>,
        to: &[String],
        tried: (&str, Attempt),
    ) -> MailRun {
        match self.about_run(message, to) {
            Ok(ready) => self.send_ready(ready, to, tried).await,
            Err(why) => MailRun {
                mail: None,
                outcome: Outcome::Refused(why),
            },
        }
    }

    async fn about_account(
        &self,
        name: &str,
        to: &[String],
        subject: &Subject,
        password: &str,
    ) -> Result<Ready<'_>, Refusal> {
        let prepared = self.prepared(name)?;
        if prepared.names_password() && to.iter().any(|to| DocumentChannel::named(to).is_some()) {
            return Err(Refusal {
                code: String::new(),
                message: format!("`{name}` has the first password, and everybody in a channel would read it"),
                hint: "send that by mail to one person".to_owned(),
            });
        }
        let server = self.server_for(prepared, to)?;
        let composed = prepared.compose(subject, password, &self.environment, self.secrets.as_ref());
        let composed = composed.await.map_err(|error| refusal(&error))?;
        self.ready(Cow::Borrowed(prepared), server, composed, to)
    }

    fn about_run(&self, message: RunMessage<'_>, to: &[String]) -> Result<Ready<'_>, Refusal> {
        let prepared = if let Some(name) = message.template {
            Cow::Borrowed(self.prepared(name)?)
        } else {
            let server = message.server.or(self.only.as_deref()).unwrap_or_default();
            Cow::Owned(Prepared::own(server).map_err(|error| refusal(&error))?)
        };
        let server = self.server_for(&prepared, to)?;
        let composed = prepared
            .compose_digest(message.digest, &self.environment)
            .map_err(|error| refusal(&error))?;
        self.ready(prepared, server, composed, to)
    }

    fn ready<'a>(
        &'a self,
        prepared: Cow<'a, Prepared>,
        server: Option<&'a Server>,
        composed: Composed,
        to: &[String],
    ) -> Result<Ready<'a>, Refusal> {
        let mut mail = composed.shown(server.map(|server| &server.from), to);
        for name in to.iter().filter_map(|to| DocumentChannel::named(to)) {
            let channel = self.channels.get(name).ok_or_else(|| missing("channel", name))?;
            let Some((subject, text)) = composed.plain() else {
                return Err(Refusal {
                    code: String::new(),
                    message: format!("`{}` has no `text` for the channel `{name}`", prepared.name),
                    hint: "add `text` to the notification; channels do not show HTML".to_owned(),
                });
            };
            mail.posts.insert(name.to_owned(), channel.written(subject, text));
        }
        Ok(Ready {
            prepared,
            server,
            composed,
            mail,
        })
    }

    async fn send_ready(&self, ready: Ready<'_>, to: &[String], (key, attempt): (&str, Attempt)) -> MailRun {
        let mail = Some(ready.mail.clone());
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
        if attempt == Attempt::Again && to.iter().any(|to| !self.is_repeatable(&ready.prepared, to)) {
            let what = format!(
                "Tenure was broken off while it sent `{}` to {}, and sending it again could send it twice; ask \
                 whether it came",
                ready.prepared.name,
                to.join(", ")
            );
            return MailRun {
                mail,
                outcome: Outcome::InDoubt { what },
            };
        }
        let vault = self.secrets.as_ref();
        let open = match ready.server {
            None => None,
            Some(server) => match server.open(&self.environment, vault).await {
                Ok(open) => Some((server, open)),
                Err(error) => {
                    let outcome = match error.kind {
                        SourceTrouble::Unreachable => Outcome::Failed(refusal(&error)),
                        _ => Outcome::Refused(refusal(&error)),
                    };
                    return MailRun { mail, outcome };
                }
            },
        };
        let outcome = self.deliver(&ready, open, to, key).await;
        MailRun { mail, outcome }
    }

    /// Whether a message is sent again to somebody when it is not known whether it was sent.
    fn is_repeatable(&self, prepared: &Prepared, to: &str) -> bool {
        match (prepared.in_doubt, DocumentChannel::named(to)) {
            (Some(in_doubt), _) => in_doubt == InDoubt::Repeat,
            (None, None) => true,
            (None, Some(channel)) => self.channels.get(channel).is_some_and(Channel::takes_keys),
        }
    }

    /// One mail for each address. The message counts as sent when it was taken for one of them: sent again, it would
    /// come to that one again.
    async fn deliver(
        &self,
        ready: &Ready<'_>,
        open: Option<(&Server, &Open)>,
        to: &[String],
        key: &str,
    ) -> Outcome {
        let (mut taken, mut refused_for, mut failed_for, mut unknown) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (address, number) in to.iter().zip(1..) {
            let repeatable = self.is_repeatable(&ready.prepared, address);
            let delivery = match (DocumentChannel::named(address), open) {
                (Some(name), _) => match (self.channels.get(name), ready.mail.posts.get(name)) {
                    (Some(channel), Some(post)) => {
                        let vault = self.secrets.as_ref();
                        channel
                            .post(post, (key, repeatable), &self.environment, vault)
                            .await
                    }
                    _ => Delivery::Refused(missing("channel", name).message),
                },
                (None, Some((server, open))) => {
                    let id = match number {
                        1 => format!("<{key}@{}>", server.from.email.domain()),
                        _ => format!("<{key}.{number}@{}>", server.from.email.domain()),
                    };
                    self.one(&ready.composed, (server, open), address, (id, repeatable))
                        .await
                }
                (None, None) => Delivery::Refused("there is no mail server".to_owned()),
            };
            match delivery {
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
        let what = match open {
            Some((server, _)) => format!("{} did not take it: {}", server.place(), not.join("; ")),
            None => format!("it was not taken: {}", not.join("; ")),
        };
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
            return Outcome::Refused(why(&match open {
                Some((server, _)) => format!(
                    "check the address, and the settings of the mail server `{}`",
                    server.name()
                ),
                None => "check the channel, and the address of its incoming webhook".to_owned(),
            }));
        }
        Outcome::Failed(why("the next run sends it again"))
    }

    async fn one(
        &self,
        composed: &Composed,
        (server, open): (&Server, &Open),
        address: &str,
        (id, repeatable): (String, bool),
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
            let (delivery, again) = match attempt(repeatable, open, &message).await {
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

    fn prepared(&self, name: &str) -> Result<&Prepared, Refusal> {
        match self.notifications.get(name) {
            Some(Ok(prepared)) => Ok(prepared),
            Some(Err(why)) => Err(why.clone()),
            None => Err(missing("notification", name)),
        }
    }

    /// The server that sends a message; none when all of it goes to channels.
    fn server_for(&self, prepared: &Prepared, to: &[String]) -> Result<Option<&Server>, Refusal> {
        if !to.is_empty() && to.iter().all(|to| DocumentChannel::named(to).is_some()) {
            return Ok(None);
        }
        match self.servers.get(&prepared.server) {
            // It is only looked at.
            None if to.is_empty() => Ok(None),
            Some(Ok(server)) => Ok(Some(server)),
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

fn missing(what: &str, name: &str) -> Refusal {
    Refusal {
        code: String::new(),
        message: format!("there is no {what} `{name}`"),
        hint: "correct the documents, and make a new plan".to_owned(),
    }
}

/// One try; and when it failed, whether another one is right.
async fn attempt(repeatable: bool, open: &Open, message: &lettre::Message) -> Result<(), (Delivery, Again)> {
    let said = |error: &SmtpError| said(error, open);
    if !repeatable {
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
    } else if error.is_transient() || repeatable {
        (Delivery::Failed(why), Again::Yes)
    } else {
        (Delivery::Unknown(why), Again::No)
    })
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
