//! Trying a script or a notification on chosen accounts, outside of any run.

use tenure_connect::mail::{MailRun, ShownMail};
use tenure_connect::script::{ScriptRun, ShownScript};
use tenure_core::document::{Documents, Kind};
use tenure_core::outcome::{Outcome, Refusal};
use tenure_core::profile::PersonKey;
use tenure_core::seams::{AccountRef, Attempt};

use crate::apply::password_name;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::webhooks::{WebhookTry, directory_of, random, with_hint};

/// A script or notification tried on one account; `S` is what is shown of it, `R` how it went.
#[derive(Debug)]
pub struct Tried<S, R> {
    /// What was asked for.
    pub asked: String,
    /// The account, when there is exactly one that fits; or why there is none.
    pub account: Result<AccountRef, String>,
    /// Whose account it is, when that is known.
    pub person: Option<PersonKey>,
    /// What it is made of, or why it cannot be; for an account that was found.
    pub shown: Option<Result<S, String>>,
    /// How it went, when it was not only shown.
    pub run: Option<R>,
}

/// A script that was tried.
pub type ScriptTest = Tried<ShownScript, ScriptRun>;
/// A notification that was tried.
pub type NotificationTest = Tried<ShownMail, MailRun>;

impl<S, R: Tries> Tried<S, R> {
    /// Whether all went well.
    pub fn is_success(&self) -> bool {
        match (&self.run, &self.shown) {
            (Some(run), _) => run.outcome().is_success(),
            (None, shown) => matches!(shown, Some(Ok(_))),
        }
    }

    /// What became of it, when it was not only shown.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.run.as_ref().map(Tries::outcome)
    }
}

/// What was tried and has an outcome.
pub trait Tries {
    /// What became of it.
    fn outcome(&self) -> &Outcome;
}

impl Tries for ScriptRun {
    fn outcome(&self) -> &Outcome {
        &self.outcome
    }
}

impl Tries for MailRun {
    fn outcome(&self) -> &Outcome {
        &self.outcome
    }
}

impl Engine {
    /// Tries a script on accounts of a directory, which are named as for [`test_webhook`](Self::test_webhook).
    pub async fn test_script(
        &self,
        documents: &Documents,
        script: &str,
        directory: Option<&str>,
        accounts: &[String],
        how: WebhookTry,
    ) -> Result<Vec<ScriptTest>, EngineError> {
        let described = documents
            .script(script)
            .ok_or_else(|| EngineError::no_document(documents, Kind::Script, script))?;
        let runner = self.connections.scripts(documents, self.clock);
        let directory = match directory {
            Some(name) => name.to_owned(),
            None => directory_of(documents, &|step| step.run_script.as_deref() == Some(script))?,
        };
        let found = self
            .find(documents, &directory, &described.named(), accounts)
            .await?;
        let mut tests = Vec::with_capacity(accounts.len());
        for (asked, found) in accounts.iter().zip(found) {
            let mut test = Tried::new(asked);
            match found {
                Err(why) => test.account = Err(why),
                Ok(found) => {
                    let key = key()?;
                    match how {
                        WebhookTry::ShowOnly => {
                            let shown = runner.show(script, &found.subject, &key).await;
                            test.shown = Some(shown.map_err(|why| text(&why)));
                        }
                        WebhookTry::Call => {
                            let run = runner.run(script, &found.subject, &key, Attempt::First).await;
                            test.shown = Some(run.script.clone().ok_or_else(String::new));
                            test.run = Some(run);
                        }
                    }
                    (test.account, test.person) = (Ok(found.account), found.person);
                }
            }
            tests.push(test);
        }
        Ok(tests)
    }

    /// Writes a notification about accounts of a directory, which are named as for
    /// [`test_webhook`](Self::test_webhook), and sends it to these addresses instead of to whom it would go.
    pub async fn test_notification(
        &self,
        documents: &Documents,
        (notification, to): (&str, &[String]),
        directory: Option<&str>,
        accounts: &[String],
        how: WebhookTry,
    ) -> Result<Vec<NotificationTest>, EngineError> {
        let described = documents
            .notification(notification)
            .ok_or_else(|| EngineError::no_document(documents, Kind::Notification, notification))?;
        let mailer = self.connections.mailer(documents, self.clock);
        let directory = match directory {
            Some(name) => name.to_owned(),
            None => directory_of(documents, &|step| {
                step.notify
                    .as_ref()
                    .is_some_and(|notify| notify.template == notification)
            })?,
        };
        let wanted = described.attributes();
        let found = self.find(documents, &directory, &wanted, accounts).await?;
        let mut tests = Vec::with_capacity(accounts.len());
        for (asked, found) in accounts.iter().zip(found) {
            let mut test = Tried::new(asked);
            match found {
                Err(why) => test.account = Err(why),
                Ok(found) => {
                    let person = found.person.as_ref().map(PersonKey::as_str).unwrap_or_default();
                    let password = password_name(&directory, person);
                    match how {
                        WebhookTry::ShowOnly => {
                            let shown = mailer.show(notification, to, &found.subject, &password).await;
                            test.shown = Some(shown.map_err(|why| text(&why)));
                        }
                        WebhookTry::Call => {
                            let key = key()?;
                            let tried = (key.as_str(), Attempt::First);
                            let run = mailer
                                .send(notification, to, &found.subject, &password, tried)
                                .await;
                            test.shown = Some(run.mail.clone().ok_or_else(String::new));
                            test.run = Some(run);
                        }
                    }
                    (test.account, test.person) = (Ok(found.account), found.person);
                }
            }
            tests.push(test);
        }
        Ok(tests)
    }
}

impl<S, R> Tried<S, R> {
    fn new(asked: &str) -> Self {
        Self {
            asked: asked.to_owned(),
            account: Err(String::new()),
            person: None,
            shown: None,
            run: None,
        }
    }
}

/// Each try is an operation of its own.
fn key() -> Result<String, EngineError> {
    Ok(uuid::Builder::from_random_bytes(random()?)
        .into_uuid()
        .to_string())
}

fn text(why: &Refusal) -> String {
    with_hint(why.to_string(), &why.hint)
}
