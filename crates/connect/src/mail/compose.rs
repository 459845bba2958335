//! A notification read from its document once, and made into a message about each account.

use std::time::SystemTime;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MultiPart, SinglePart};
use serde::Serialize;
use tenure_core::document::Notification;
use tenure_core::expression::{ExpressionError, TextTemplate};
use tenure_core::seams::{SecretError, Secrets, SourceError, SourceTrouble, Subject};
use tenure_core::secret::Secret;

use crate::http::Masked;
use crate::source::{Environment, misconfigured};
use crate::webhook::fill::{Filler, for_header, for_text};

/// A notification as its document describes it.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) name: String,
    pub(super) server: String,
    subject: TextTemplate,
    text: Option<TextTemplate>,
    html: Option<TextTemplate>,
    pub(super) repeatable: bool,
}

/// A message about one account, ready to be addressed.
pub(super) struct Composed {
    subject: Masked,
    text: Option<Masked>,
    html: Option<Masked>,
}

/// A message as it is shown. Where it has the first password there is `…`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownMail {
    /// Who it is from.
    pub from: String,
    /// To whom it goes, each in a mail of its own.
    pub to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The message as plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The message as HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}

impl Prepared {
    /// Reads a notification, which this server sends.
    pub(super) fn new(notification: &Notification, server: &str) -> Result<Self, SourceError> {
        let doing = format!("reading the notification `{}`", notification.name);
        let wrong = |part: &str, error: ExpressionError| {
            misconfigured(&doing, format!("`{part}`: {error}"), error.hint)
        };
        let read = |part: &str, text: &Option<String>| {
            let template = text.as_deref().map(TextTemplate::parse).transpose();
            template.map_err(|error| wrong(part, error))
        };
        Ok(Self {
            name: notification.name.clone(),
            server: server.to_owned(),
            subject: TextTemplate::parse(&notification.subject).map_err(|error| wrong("subject", error))?,
            text: read("text", &notification.text)?,
            html: read("html", &notification.html)?,
            repeatable: notification.is_repeatable(),
        })
    }

    /// The message about one account. The first password is asked of the vault only where a template names it.
    pub(super) async fn compose(
        &self,
        subject: &Subject,
        password: &str,
        environment: &Environment,
        vault: &dyn Secrets,
    ) -> Result<Composed, SourceError> {
        let doing = format!("writing the notification `{}`", self.name);
        let mut filler = Filler::new(doing.clone(), environment, vault, subject)?;
        let named = [&self.text, &self.html].into_iter().flatten();
        if named.into_iter().any(|template| template.names("password")) {
            filler.set_password(first_password(password, &doing, vault).await?);
        }
        let line = filler.template(&self.subject, "`subject`", &for_header).await?;
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = match &self.text {
            Some(template) => Some(filler.template(template, "`text`", &for_text).await?),
            None => None,
        };
        let html = match &self.html {
            Some(template) => Some(filler.template(template, "`html`", &for_html).await?),
            None => None,
        };
        Ok(Composed {
            subject: Masked::Plain(one_line(line.shown())),
            text,
            html,
        })
    }
}

impl Composed {
    /// As it is shown.
    pub(super) fn shown(&self, from: &Mailbox, to: &[String]) -> ShownMail {
        let shown = |text: &Option<Masked>| text.as_ref().map(|text| text.shown().to_owned());
        ShownMail {
            from: from.to_string(),
            to: to.to_vec(),
            subject: self.subject.shown().to_owned(),
            text: shown(&self.text),
            html: shown(&self.html),
        }
    }

    /// The mail to one address, with an id that is the same whenever it is tried again.
    pub(super) fn to(
        &self,
        from: &Mailbox,
        to: Mailbox,
        id: String,
        date: SystemTime,
    ) -> Result<lettre::Message, lettre::error::Error> {
        let plain = |text: &Masked| SinglePart::plain(text.expose().to_owned());
        let html = |text: &Masked| {
            SinglePart::builder()
                .header(ContentType::TEXT_HTML)
                .body(text.expose().to_owned())
        };
        let builder = lettre::Message::builder()
            .from(from.clone())
            .to(to)
            .subject(self.subject.expose())
            .date(date)
            .message_id(Some(id))
            // RFC 3834, section 5: nobody's absence is answered.
            .raw_header(lettre::message::header::HeaderValue::new(
                lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        match (&self.text, &self.html) {
            (Some(text), Some(page)) => builder.multipart(
                MultiPart::alternative()
                    .singlepart(plain(text))
                    .singlepart(html(page)),
            ),
            (Some(text), None) => builder.singlepart(plain(text)),
            (None, Some(page)) => builder.singlepart(html(page)),
            (None, None) => builder.body(String::new()),
        }
    }
}

async fn first_password(name: &str, doing: &str, vault: &dyn Secrets) -> Result<Secret, SourceError> {
    vault.get(name).await.map_err(|error| match error {
        SecretError::Missing { .. } => misconfigured(
            doing,
            "it names the first password, and Tenure made none for this account",
            "use it in joiner rules whose template has `password`",
        ),
        SecretError::Vault { .. } => SourceError {
            kind: SourceTrouble::Unauthorized,
            doing: doing.to_owned(),
            said: error.to_string(),
            hint: "check the vault's key and file".to_owned(),
        },
    })
}

/// A text in HTML, also within a quoted attribute.
#[expect(clippy::unnecessary_wraps, reason = "others can refuse")]
fn for_html(text: &str) -> Result<String, String> {
    let mut made = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => made.push_str("&amp;"),
            '<' => made.push_str("&lt;"),
            '>' => made.push_str("&gt;"),
            '"' => made.push_str("&quot;"),
            '\'' => made.push_str("&#39;"),
            letter => made.push(letter),
        }
    }
    Ok(made)
}
