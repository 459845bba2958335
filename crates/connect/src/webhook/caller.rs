//! Calls the webhooks of one application, with its authorization, pace, retries and bounds.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tenure_core::document::Application;
use tenure_core::outcome::{Outcome, Refusal};
use tenure_core::seams::{Attempt, Secrets, SourceError, SourceTrouble, Subject};

use super::request::Prepared;
use super::shown::{ShownRequest, ShownResponse};
use crate::authorization::Tokens;
use crate::http::{HttpClient, HttpFailure, HttpRequest};
use crate::source::{Environment, misconfigured, options};

/// One call, as it went.
#[derive(Clone, Debug)]
pub struct Call {
    /// What was sent; none when no request could be made.
    pub request: Option<ShownRequest>,
    /// What came; none when nothing did.
    pub response: Option<ShownResponse>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it counts as what it does; empty when the outcome says all.
    pub why: String,
    /// What could not be captured, each with why.
    pub not_captured: BTreeMap<String, String>,
}

/// Calls the webhooks of one application. Secrets are fetched from the vault for each call.
pub struct Caller {
    webhooks: Vec<Prepared>,
    application: String,
    client: HttpClient,
    tokens: Option<Arc<Tokens>>,
    secrets: Arc<dyn Secrets>,
    environment: Environment,
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("application", &self.application)
            .finish_non_exhaustive()
    }
}

impl Caller {
    /// For the webhooks of an application. Nothing is called yet.
    ///
    /// # Errors
    /// Documents that cannot be followed: a format that is not right, or a `ca_file` that cannot be read.
    pub fn new(
        application: &Application,
        secrets: Arc<dyn Secrets>,
        environment: Environment,
    ) -> Result<Self, SourceError> {
        let options = options(application, &environment)?;
        let webhooks = application
            .webhooks
            .iter()
            .map(|webhook| Prepared::new(application, webhook));
        let tokens = Tokens::with_options(
            application,
            Arc::clone(&secrets),
            environment.clone(),
            options.clone(),
        )?;
        let client = HttpClient::new(options).map_err(|error| {
            let doing = format!("setting up the application `{}`", application.name);
            misconfigured(doing, error.to_string(), "check the file that `ca_file` names")
        })?;
        Ok(Self {
            webhooks: webhooks.collect::<Result<_, _>>()?,
            application: application.name.clone(),
            client,
            tokens,
            secrets,
            environment,
        })
    }

    /// Calls that go at the same time.
    pub(super) fn concurrency(&self) -> usize {
        self.client.options().concurrency.max(1)
    }

    /// The request as it would be sent; nothing is called.
    ///
    /// # Errors
    /// There is no such webhook, or something that it names has no value.
    pub async fn show(
        &self,
        webhook: &str,
        subject: &Subject,
        key: &str,
    ) -> Result<ShownRequest, SourceError> {
        let request = self.request(self.webhook(webhook)?, subject, key).await?;
        Ok(ShownRequest::new(&request))
    }

    /// Makes a call about one account; `key` is the operation's idempotency key.
    pub async fn call(&self, webhook: &str, subject: &Subject, key: &str, attempt: Attempt) -> Call {
        let webhook = match self.webhook(webhook) {
            Ok(webhook) => webhook,
            Err(error) => return Call::unsent(None, refused(&error)),
        };
        let mut request = match self.request(webhook, subject, key).await {
            Ok(request) => request,
            Err(error) => return Call::unsent(None, refused(&error)),
        };
        if attempt == Attempt::Again && !webhook.repeatable {
            let outcome = Outcome::InDoubt {
                what: format!(
                    "Tenure was broken off while it made this call, and {request} could do its work twice; look in \
                     `{}` whether it was done",
                    self.application
                ),
            };
            return Call::unsent(Some(ShownRequest::new(&request)), outcome);
        }
        let exchanged = match &self.tokens {
            Some(tokens) => match tokens.exchange(&self.client, &mut request).await {
                Ok(exchanged) => exchanged,
                Err(error) => return Call::unsent(Some(ShownRequest::new(&request)), refused(&error)),
            },
            None => self.client.exchange(&request).await,
        };
        let shown = ShownRequest::new(&request);
        match exchanged {
            Ok(answer) => {
                let judged = webhook.judge(&answer, &request.secrets);
                Call {
                    request: Some(shown),
                    response: Some(ShownResponse::new(&answer, &request)),
                    outcome: judged.outcome,
                    why: judged.why,
                    not_captured: judged.not_captured,
                }
            }
            Err(failure) => Call::unsent(Some(shown), self.failed(webhook, failure)),
        }
    }

    /// Lets what was renewed on the way come to its end.
    pub async fn settled(&self) {
        if let Some(tokens) = &self.tokens {
            tokens.settled().await;
        }
    }

    fn failed(&self, webhook: &Prepared, failure: HttpFailure) -> Outcome {
        if failure.error.is_unknown() && !webhook.repeatable {
            return Outcome::InDoubt {
                what: format!(
                    "{failure}; whether the call was carried out is not known; look in `{}`",
                    self.application
                ),
            };
        }
        refused(&SourceError::from(failure))
    }

    fn webhook(&self, name: &str) -> Result<&Prepared, SourceError> {
        self.webhooks
            .iter()
            .find(|webhook| webhook.name == name)
            .ok_or_else(|| {
                let known: Vec<_> = self
                    .webhooks
                    .iter()
                    .map(|one| format!("`{}`", one.name))
                    .collect();
                misconfigured(
                    format!("calling the application `{}`", self.application),
                    format!("it has no webhook `{name}`"),
                    format!("its webhooks are: {}", known.join(", ")),
                )
            })
    }

    async fn request(
        &self,
        webhook: &Prepared,
        subject: &Subject,
        key: &str,
    ) -> Result<HttpRequest, SourceError> {
        webhook
            .request(subject, key, &self.environment, self.secrets.as_ref())
            .await
    }
}

impl Call {
    fn unsent(request: Option<ShownRequest>, outcome: Outcome) -> Self {
        Self {
            request,
            response: None,
            outcome,
            why: String::new(),
            not_captured: BTreeMap::new(),
        }
    }
}

/// The outcome of a call that came to nothing.
fn refused(error: &SourceError) -> Outcome {
    let refusal = Refusal {
        code: String::new(),
        message: error.to_string(),
        hint: error.hint.clone(),
    };
    match error.kind {
        SourceTrouble::Unreachable => Outcome::Failed(refusal),
        _ => Outcome::Refused(refusal),
    }
}
