//! A webhook read from its document once, and made into a request for each account.

use tenure_core::document::{Application, Webhook, WebhookMethod};
use tenure_core::expression::{Condition, ExpressionError, Format};
use tenure_core::seams::{Secrets, SourceError, Subject};

use super::body::Body;
use super::fill::Filler;
use crate::http::{HttpRequest, Method, Repeatable};
use crate::source::authorization::{Credentials, set_header};
use crate::source::call::forms;
use crate::source::render::{Renderer, parse, parse_fields};
use crate::source::{Environment, misconfigured};

/// A webhook as its documents describe it.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    pub(super) application: String,
    pub(super) name: String,
    method: WebhookMethod,
    url: Format,
    query: Vec<(String, Format)>,
    headers: Vec<(String, Format)>,
    body: Body,
    credentials: Credentials,
    idempotency_header: Option<String>,
    pub(super) success: Option<Condition>,
    pub(super) captures: Vec<(String, Format)>,
    pub(super) repeatable: bool,
}

impl Prepared {
    /// Reads a webhook of an application.
    pub(super) fn new(application: &Application, webhook: &Webhook) -> Result<Self, SourceError> {
        let doing = format!(
            "reading the webhook `{}` of the application `{}`",
            webhook.name, application.name
        );
        let common = application
            .headers
            .iter()
            .map(|(name, value)| (name, value.as_str()));
        let own = webhook
            .headers
            .iter()
            .map(|(name, value)| (name, value.0.as_str()));
        let wrong = |error: ExpressionError| misconfigured(&doing, format!("`success`: {error}"), error.hint);
        Ok(Self {
            application: application.name.clone(),
            name: webhook.name.clone(),
            method: webhook.method,
            url: parse(&webhook.url, || format!("{doing}: `url`"))?,
            query: parse_fields(
                &doing,
                "query parameter",
                webhook.query.iter().map(|(name, value)| (name, value.0.as_str())),
            )?,
            headers: parse_fields(&doing, "header", common.chain(own))?,
            body: Body::new(webhook, &doing)?,
            credentials: Credentials::new(&application.name, &application.authorization)?,
            idempotency_header: webhook.idempotency_header.clone(),
            success: webhook
                .success
                .as_deref()
                .map(Condition::parse)
                .transpose()
                .map_err(wrong)?,
            captures: parse_fields(
                &doing,
                "captured value",
                webhook.capture.iter().map(|(name, value)| (name, value.as_str())),
            )?,
            repeatable: webhook.is_repeatable(),
        })
    }

    /// The request about one account, with secrets fetched now.
    pub(super) async fn request(
        &self,
        subject: &Subject,
        idempotency_key: &str,
        environment: &Environment,
        vault: &dyn Secrets,
    ) -> Result<HttpRequest, SourceError> {
        let doing = format!("preparing `{}` at `{}`", self.name, self.application);
        let mut filler = Filler::new(doing.clone(), environment, vault, subject)?;
        let method = match self.method {
            WebhookMethod::Get => Method::GET,
            WebhookMethod::Post => Method::POST,
            WebhookMethod::Put => Method::PUT,
            WebhookMethod::Patch => Method::PATCH,
            WebhookMethod::Delete => Method::DELETE,
        };
        let repeatable = if self.repeatable {
            Repeatable::Yes
        } else {
            Repeatable::WhenNotDone
        };
        let mut request = HttpRequest::new(method, filler.url(&self.url).await?, repeatable);
        request
            .headers
            .push(("Accept".to_owned(), "application/json, */*;q=0.5".into()));
        if matches!(self.body, Body::Soap(_)) {
            request.headers.push(("SOAPAction".to_owned(), "\"\"".into()));
        }
        for (name, format) in &self.query {
            let part = format!("the query parameter `{name}`");
            for value in filler.values(format, &part).await? {
                request.query.push((name.clone(), value));
            }
        }
        for (name, format) in &self.headers {
            if let Some(value) = filler.header(name, format).await? {
                set_header(&mut request, name, value);
            }
        }
        if let Some(name) = &self.idempotency_header {
            set_header(&mut request, name, idempotency_key.into());
        }
        request.body = self.body.fill(&mut filler).await?;
        let mut secrets = filler.into_secrets();
        let mut renderer = Renderer::new(doing, environment, vault);
        self.credentials.add(&mut renderer, &mut request).await?;
        secrets.extend(renderer.into_secrets());
        request.secrets.extend(forms(&request, &secrets));
        Ok(request)
    }
}
