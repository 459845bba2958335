//! A notification read from its document once, and made into a message about each account.

use std::collections::BTreeMap;
use std::time::SystemTime;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MultiPart, SinglePart};
use serde::Serialize;
use serde_json::Value as Json;
use serde_json::value::{RawValue, to_raw_value};
use tenure_core::digest::{self, Digest};
use tenure_core::document::{InDoubt, Notification};
use tenure_core::expression::{ExpressionError, Scope, TextTemplate};
use tenure_core::seams::{SecretError, Secrets, SourceError, SourceTrouble, Subject};
use tenure_core::secret::Secret;

use crate::http::Masked;
use crate::source::{Environment, misconfigured};
use crate::webhook::fill::{Filler, for_header, for_text};

/// A notification as its document describes it.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    pub(super) name: String,
    pub(super) server: String,
    subject: TextTemplate,
    text: Option<TextTemplate>,
    html: Option<TextTemplate>,
    /// What is done when it is not known whether it was sent, as the document says it.
    pub(super) in_doubt: Option<InDoubt>,
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
    /// Who it is from; nothing for one that goes to channels only.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// To whom it goes, each in a mail of its own, and the channels it is posted to.
    pub to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The message as plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The message as HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// What is posted to channels, by their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub posts: BTreeMap<String, Json>,
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
            in_doubt: notification.in_doubt,
        })
    }

    /// Tenure's own message about a run, which this server sends.
    pub(super) fn own(server: &str) -> Result<Self, SourceError> {
        let read = |text: &str| {
            TextTemplate::parse(text).map_err(|error| {
                misconfigured("reading Tenure's own notification", error.to_string(), error.hint)
            })
        };
        Ok(Self {
            name: "Tenure's own".to_owned(),
            server: server.to_owned(),
            subject: read(digest::SUBJECT)?,
            text: Some(read(digest::TEXT)?),
            html: Some(read(digest::HTML)?),
            in_doubt: None,
        })
    }

    /// Whether it names the first password.
    pub(super) fn names_password(&self) -> bool {
        let mut named = [&self.text, &self.html].into_iter().flatten();
        named.any(|template| template.names("password"))
    }

    /// The message about a run.
    pub(super) fn compose_digest(
        &self,
        digest: &Digest,
        environment: &Environment,
    ) -> Result<Composed, SourceError> {
        let doing = format!(
            "writing the notification `{}` about run {}",
            self.name, digest.run
        );
        let wrong = |error: serde_json::Error| misconfigured(doing.as_str(), error.to_string(), "");
        let Json::Object(members) = serde_json::to_value(digest).map_err(wrong)? else {
            return Err(misconfigured(doing, "there is nothing to tell", ""));
        };
        let members: Result<Vec<(String, Box<RawValue>)>, _> = members
            .into_iter()
            .map(|(name, value)| Ok((name, to_raw_value(&value)?)))
            .collect();
        let members = members.map_err(wrong)?;
        let mut scope = Scope::new()
            .with_lookups(&environment.lookups)
            .with_now((environment.now)());
        for (name, value) in &members {
            scope = scope.with_value(name, &**value);
        }
        let fill =
            |template: &TextTemplate, part: &str, escape: Escape| match template.evaluate(&scope, &escape) {
                Ok(Ok(text)) => Ok(text),
                Ok(Err(missing)) => {
                    let said = format!("`{part}` needs `{missing}`, which has no value");
                    let hint = format!("ask for it with `{{% if {missing} %}}`, or write `default`");
                    Err(misconfigured(doing.as_str(), said, hint))
                }
                Err(error) => {
                    let said = format!("`{part}`: {error}");
                    Err(misconfigured(doing.as_str(), said, error.hint))
                }
            };
        let optional = |template: &Option<TextTemplate>, part: &str, escape: Escape| {
            let template = template.as_ref();
            let filled = template.map(|template| fill(template, part, escape));
            Ok::<_, SourceError>(filled.transpose()?.map(Masked::Plain))
        };
        Ok(Composed {
            subject: Masked::Plain(one_line(&fill(&self.subject, "subject", for_text)?)),
            text: optional(&self.text, "text", for_text)?,
            html: optional(&self.html, "html", for_html)?,
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
        if self.names_password() {
            filler.set_password(first_password(password, &doing, vault).await?);
        }
        let line = filler.template(&self.subject, "`subject`", &for_header).await?;
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
    pub(super) fn shown(&self, from: Option<&Mailbox>, to: &[String]) -> ShownMail {
        let shown = |text: &Option<Masked>| text.as_ref().map(|text| text.shown().to_owned());
        ShownMail {
            from: from.map(Mailbox::to_string).unwrap_or_default(),
            to: to.to_vec(),
            subject: self.subject.shown().to_owned(),
            text: shown(&self.text),
            html: shown(&self.html),
            posts: BTreeMap::new(),
        }
    }

    /// The subject and the plain text, for a channel.
    pub(super) fn plain(&self) -> Option<(&str, &str)> {
        Some((self.subject.expose(), self.text.as_ref()?.expose()))
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

/// How a value is made fit for its place.
type Escape = fn(&str) -> Result<String, String>;

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
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
