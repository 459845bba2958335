//! What a call carries: JSON, a form, XML, a SOAP envelope or a plain text; read once, worked out before each fetch.

use serde_json::Value as Json;
use tenure_core::document::{self, Endpoint, Method};
use tenure_core::expression::Format;
use tenure_core::seams::SourceError;
use tenure_core::secret::Secret;
use url::form_urlencoded;

use super::misconfigured;
use super::render::{JsonFormat, MaskedJson, Renderer, parse};
use crate::http::{HttpBody, Masked};

/// What stands around the body of a SOAP message.
pub(crate) const ENVELOPE: [&str; 2] = [
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<soap:Envelope \
     xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>",
    "</soap:Body></soap:Envelope>",
];

/// What a call carries, as its document describes it.
#[derive(Clone, Debug)]
pub(super) enum Message {
    None,
    Json(JsonFormat),
    Form(JsonFormat),
    Text(Kind, Format),
}

/// Kinds of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Xml,
    Soap,
    Plain,
}

impl Message {
    /// Reads what an endpoint says; `doing` is what errors begin with.
    pub(super) fn new(endpoint: &Endpoint, doing: &str) -> Result<Self, SourceError> {
        let wrong = |said: &str, hint: &str| Err(misconfigured(doing, said, hint));
        let sends = endpoint.body.is_some()
            || endpoint
                .message
                .is_some_and(|message| message != document::Message::None);
        if sends && endpoint.method == Method::Get {
            return wrong(
                "it has a `body`, and GET sends none; write `method: POST`",
                "correct the document and check it again",
            );
        }
        let empty = || Json::Object(serde_json::Map::new());
        let body = &endpoint.body;
        let kind = match endpoint.message {
            None if body.is_none() => return Ok(Self::None),
            None | Some(document::Message::Json) => {
                let body = body.clone().unwrap_or_else(empty);
                return Ok(Self::Json(JsonFormat::parse(&body, doing)?));
            }
            Some(document::Message::None) => return Ok(Self::None),
            Some(document::Message::Form) => {
                let body = body.clone().unwrap_or_else(empty);
                let plain = |value: &Json| !value.is_object() && !value.is_array();
                let fits = body.as_object().is_some_and(|fields| {
                    fields.values().all(|value| match value {
                        Json::Array(items) => items.iter().all(plain),
                        value => plain(value),
                    })
                });
                if !fits {
                    return wrong(
                        "its `body` is not a form",
                        "write names with texts, numbers or lists of them",
                    );
                }
                return Ok(Self::Form(JsonFormat::parse(&body, doing)?));
            }
            Some(document::Message::Xml) => Kind::Xml,
            Some(document::Message::Soap) => Kind::Soap,
            Some(document::Message::Text) => Kind::Plain,
        };
        match body {
            Some(Json::String(source)) => {
                let format = parse(source, || format!("{doing}: `body`"))?;
                Ok(Self::Text(kind, format))
            }
            _ => wrong(
                "its `body` is not a text",
                "write the text, for example with `body: |`",
            ),
        }
    }

    /// Whether it has fields into which a parameter can be put. Nothing has none, and becomes JSON for it.
    pub(super) fn has_fields(&self) -> bool {
        match self {
            Self::None => true,
            Self::Json(body) | Self::Form(body) => matches!(body, JsonFormat::Object(_)),
            Self::Text(..) => false,
        }
    }

    /// Goes through all formats in it.
    pub(super) fn each(&self, visit: &mut dyn FnMut(&Format)) {
        match self {
            Self::None => {}
            Self::Json(body) | Self::Form(body) => body.each(visit),
            Self::Text(_, format) => visit(format),
        }
    }

    /// Works out its formats.
    pub(super) async fn render(&self, renderer: &mut Renderer<'_>) -> Result<Rendered, SourceError> {
        Ok(match self {
            Self::None => Rendered::None,
            Self::Json(body) => Rendered::Json(body.render(renderer).await?),
            Self::Form(body) => Rendered::Form(body.render(renderer).await?),
            Self::Text(kind, format) => {
                let text = renderer.text(format, "`body`").await?;
                let content_type = match kind {
                    Kind::Xml => "application/xml; charset=utf-8",
                    Kind::Soap => "text/xml; charset=utf-8",
                    Kind::Plain => "text/plain; charset=utf-8",
                };
                let wrap = |text: &str| match kind {
                    Kind::Soap => format!("{}{}{}", ENVELOPE[0], text.trim(), ENVELOPE[1]),
                    Kind::Xml | Kind::Plain => text.to_owned(),
                };
                Rendered::Text(HttpBody {
                    content_type: content_type.to_owned(),
                    text: Masked::Secret {
                        sent: Secret::new(wrap(text.expose())),
                        shown: wrap(text.shown()),
                    },
                })
            }
        })
    }
}

/// What a call carries, worked out.
#[derive(Clone)]
pub(super) enum Rendered {
    None,
    Json(MaskedJson),
    Form(MaskedJson),
    Text(HttpBody),
}

impl Rendered {
    /// Puts a value where these names lead. A text has no fields, and is left as it is.
    pub(super) fn put(&mut self, names: &[String], value: &Json) {
        if matches!(self, Self::None) {
            let empty = Json::Object(serde_json::Map::new());
            *self = Self::Json(MaskedJson {
                sent: empty.clone(),
                shown: empty,
            });
        }
        if let Self::Json(body) | Self::Form(body) = self {
            for form in [&mut body.sent, &mut body.shown] {
                put(form, names, value);
            }
        }
    }

    /// The body of a request.
    pub(super) fn into_body(self) -> Option<HttpBody> {
        let (content_type, sent, shown) = match self {
            Self::None => return None,
            Self::Text(body) => return Some(body),
            Self::Json(body) => ("application/json", body.sent.to_string(), body.shown.to_string()),
            Self::Form(body) => (
                "application/x-www-form-urlencoded",
                form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(fields(&body.sent))
                    .finish(),
                fields(&body.shown)
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect::<Vec<_>>()
                    .join("&"),
            ),
        };
        Some(HttpBody {
            content_type: content_type.to_owned(),
            text: Masked::Secret {
                sent: Secret::new(sent),
                shown,
            },
        })
    }
}

fn put(body: &mut Json, names: &[String], value: &Json) {
    let Some((last, way)) = names.split_last() else {
        return;
    };
    let mut at = body;
    for name in way {
        let Json::Object(members) = at else { return };
        let inner = members.entry(name.clone()).or_insert(Json::Null);
        if !inner.is_object() {
            *inner = Json::Object(serde_json::Map::new());
        }
        at = inner;
    }
    if let Json::Object(members) = at {
        members.insert(last.clone(), value.clone());
    }
}

/// The fields of a form; one with several values is there several times.
pub(crate) fn fields(form: &Json) -> Vec<(String, String)> {
    let text = |value: &Json| match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    };
    let mut fields = Vec::new();
    for (name, value) in form.as_object().into_iter().flatten() {
        match value {
            Json::Array(items) => fields.extend(items.iter().map(|item| (name.clone(), text(item)))),
            value => fields.push((name.clone(), text(value))),
        }
    }
    fields
}
