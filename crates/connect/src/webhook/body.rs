//! What a webhook carries: JSON, a form, XML, a SOAP envelope or a plain text.

use serde_json::Value as Json;
use tenure_core::document::{self, Webhook, WebhookMethod};
use tenure_core::expression::Format;
use tenure_core::seams::SourceError;
use tenure_core::secret::Secret;
use url::form_urlencoded;

use super::fill::{Filler, for_text, for_xml};
use crate::http::{HttpBody, Masked};
use crate::source::message::{ENVELOPE, fields};
use crate::source::misconfigured;
use crate::source::render::{JsonFormat, parse};

/// What a webhook carries, as its document describes it.
#[derive(Clone, Debug)]
pub(super) enum Body {
    None,
    Json(JsonFormat),
    Form(JsonFormat),
    Xml(Format),
    Soap(Format),
    Text(Format),
}

impl Body {
    /// Reads what a webhook says; `doing` is what errors begin with.
    pub(super) fn new(webhook: &Webhook, doing: &str) -> Result<Self, SourceError> {
        use document::Message;
        let wrong = |said: &str, hint: &str| Err(misconfigured(doing, said, hint));
        if webhook.method == WebhookMethod::Get && webhook.body.is_some() {
            return wrong("it has a `body`, and GET sends none", "write `method: POST`");
        }
        let text = |make: fn(Format) -> Self| match &webhook.body {
            Some(Json::String(source)) => Ok(make(parse(source, || format!("{doing}: `body`"))?)),
            _ => wrong(
                "its `body` is not a text",
                "write the text, for example with `body: |`",
            ),
        };
        let empty = Json::Object(serde_json::Map::new());
        let body = webhook.body.as_ref();
        match webhook.message {
            Some(Message::None) => Ok(Self::None),
            None if body.is_none() => Ok(Self::None),
            None | Some(Message::Json) => Ok(Self::Json(JsonFormat::parse(body.unwrap_or(&empty), doing)?)),
            Some(Message::Form) => match body.unwrap_or(&empty) {
                form @ Json::Object(_) => Ok(Self::Form(JsonFormat::parse(form, doing)?)),
                _ => wrong(
                    "its `body` is not a form",
                    "write names with texts, numbers or lists of them",
                ),
            },
            Some(Message::Xml) => text(Self::Xml),
            Some(Message::Soap) => text(Self::Soap),
            Some(Message::Text) => text(Self::Text),
        }
    }

    /// The body about one account.
    pub(super) async fn fill(&self, filler: &mut Filler<'_>) -> Result<Option<HttpBody>, SourceError> {
        let (kind, text) = match self {
            Self::None => return Ok(None),
            Self::Json(body) => {
                let (sent, shown) = fill(body, filler).await?;
                ("application/json", masked(sent.to_string(), shown.to_string()))
            }
            Self::Form(body) => {
                let (sent, shown) = fill(body, filler).await?;
                let mut encoded = form_urlencoded::Serializer::new(String::new());
                let shown = fields(&shown)
                    .into_iter()
                    .map(|(name, value)| format!("{name}={value}"));
                (
                    "application/x-www-form-urlencoded",
                    masked(
                        encoded.extend_pairs(fields(&sent)).finish(),
                        shown.collect::<Vec<_>>().join("&"),
                    ),
                )
            }
            Self::Xml(format) => (
                "application/xml; charset=utf-8",
                filler.one(format, "`body`", &for_xml).await?,
            ),
            Self::Soap(format) => {
                let inner = filler.one(format, "`body`", &for_xml).await?;
                let whole = |text: &str| format!("{}{}{}", ENVELOPE[0], text.trim(), ENVELOPE[1]);
                (
                    "text/xml; charset=utf-8",
                    masked(whole(inner.expose()), whole(inner.shown())),
                )
            }
            Self::Text(format) => (
                "text/plain; charset=utf-8",
                filler.one(format, "`body`", &for_text).await?,
            ),
        };
        Ok(Some(HttpBody {
            content_type: kind.to_owned(),
            text,
        }))
    }
}

fn masked(sent: String, shown: String) -> Masked {
    Masked::Secret {
        sent: Secret::new(sent),
        shown,
    }
}

/// A JSON value with its formats filled: what is sent, and what is shown.
async fn fill(value: &JsonFormat, filler: &mut Filler<'_>) -> Result<(Json, Json), SourceError> {
    Ok(match value {
        JsonFormat::Text(format) => filler.json(format).await?,
        JsonFormat::List(items) => {
            let (mut sent, mut shown) = (Vec::new(), Vec::new());
            for item in items {
                let (one, other) = Box::pin(fill(item, filler)).await?;
                sent.push(one);
                shown.push(other);
            }
            (Json::Array(sent), Json::Array(shown))
        }
        JsonFormat::Object(members) => {
            let (mut sent, mut shown) = (serde_json::Map::new(), serde_json::Map::new());
            for (name, value) in members {
                let (one, other) = Box::pin(fill(value, filler)).await?;
                sent.insert(name.clone(), one);
                shown.insert(name.clone(), other);
            }
            (Json::Object(sent), Json::Object(shown))
        }
        JsonFormat::Plain(value) => (value.clone(), value.clone()),
    })
}
