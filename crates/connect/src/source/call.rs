//! One inbound call: read from its document once, worked out before each fetch, and asked for page by page.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use tenure_core::document::{Application, Endpoint, Method as CallMethod};
use tenure_core::expression::Format;
use tenure_core::seams::{Secrets, SourceError};
use tenure_core::secret::Secret;

use super::authorization::{Credentials, set_header};
use super::path::MemberPath;
use super::render::{JsonFormat, MaskedJson, Renderer, parse};
use super::repeat::Repetition;
use super::split::Layout;
use super::{Environment, misconfigured};
use crate::http::{HttpBody, HttpRequest, Masked, Method, Repeatable};

/// A call as its documents describe it.
#[derive(Clone, Debug)]
pub(super) struct Call {
    name: String,
    method: CallMethod,
    url: Format,
    query: Vec<(String, Format)>,
    headers: Vec<(String, Format)>,
    body: Option<JsonFormat>,
    credentials: Credentials,
    /// Where its answers have what.
    pub(super) layout: Layout,
    /// How it goes on; once only when there is none.
    pub(super) repeat: Option<Repetition>,
}

/// A call that is worked out, with its secrets.
pub(super) struct Prepared {
    request: HttpRequest,
    body: Option<MaskedJson>,
    repeat: Option<Repetition>,
    /// The names of the secrets in it.
    pub(super) secret_names: Vec<String>,
}

impl Call {
    /// Reads an endpoint of an application.
    pub(super) fn new(application: &Application, endpoint: &Endpoint) -> Result<Self, SourceError> {
        let doing = format!(
            "reading the endpoint `{}` of the application `{}`",
            endpoint.name, application.name
        );
        let wrong = |said: String| misconfigured(&doing, said, "correct the document and check it again");
        let formats = |part: &str, fields: &mut dyn Iterator<Item = (&String, &str)>| {
            fields
                .map(|(name, source)| {
                    let format = parse(source, || format!("{doing}: {part} `{name}`"))?;
                    Ok((name.clone(), format))
                })
                .collect::<Result<Vec<_>, SourceError>>()
        };
        let common = application
            .headers
            .iter()
            .map(|(name, value)| (name, value.as_str()));
        let own = endpoint
            .headers
            .iter()
            .map(|(name, value)| (name, value.0.as_str()));
        let body = endpoint
            .body
            .as_ref()
            .map(|body| JsonFormat::parse(body, &doing))
            .transpose()?;
        let repeat = endpoint
            .repeat
            .as_ref()
            .map(|repeat| Repetition::new(repeat, &doing))
            .transpose()?;
        if body.is_some() && endpoint.method == CallMethod::Get {
            return Err(wrong(
                "it has a `body`, and GET sends none; write `method: POST`".to_owned(),
            ));
        }
        if repeat.is_some() && !matches!(body, None | Some(JsonFormat::Object(_))) {
            return Err(wrong(
                "its `body` must be an object for `repeat` to put its parameter in".to_owned(),
            ));
        }
        Ok(Self {
            name: endpoint.name.clone(),
            method: endpoint.method,
            url: parse(&endpoint.url, || format!("{doing}: `url`"))?,
            query: formats(
                "query parameter",
                &mut endpoint
                    .query
                    .iter()
                    .map(|(name, value)| (name, value.0.as_str())),
            )?,
            headers: formats("header", &mut common.chain(own))?,
            body,
            credentials: Credentials::new(&application.name, &application.authorization)?,
            layout: Layout {
                records: MemberPath::of_records(&endpoint.records)
                    .map_err(|said| wrong(format!("`records`: {said}")))?,
                total: match &endpoint.total {
                    Some(path) => {
                        Some(MemberPath::of_value(path).map_err(|said| wrong(format!("`total`: {said}")))?)
                    }
                    None => None,
                },
            },
            repeat,
        })
    }

    /// Works out its formats, with secrets fetched now.
    pub(super) async fn prepare(
        &self,
        environment: &Environment,
        vault: &dyn Secrets,
    ) -> Result<Prepared, SourceError> {
        let doing = format!("preparing the call of the endpoint `{}`", self.name);
        let mut renderer = Renderer::new(doing, environment, vault);
        let (method, url) = match self.method {
            CallMethod::Get => (Method::GET, &self.url),
            CallMethod::Post => (Method::POST, &self.url),
        };
        // Inbound calls only read, searches by POST too.
        let mut request = HttpRequest::new(method, renderer.text(url, "`url`").await?, Repeatable::Yes);
        request
            .headers
            .push(("Accept".to_owned(), "application/json".into()));
        for (name, format) in &self.query {
            for value in renderer
                .values(format, &format!("the query parameter `{name}`"))
                .await?
            {
                request.query.push((name.clone(), value));
            }
        }
        for (name, format) in &self.headers {
            let value = renderer.text(format, &format!("the header `{name}`")).await?;
            set_header(&mut request, name, value);
        }
        self.credentials.add(&mut renderer, &mut request).await?;
        let body = match &self.body {
            Some(body) => Some(body.render(&mut renderer).await?),
            None if self.method == CallMethod::Post && self.repeat.is_some() => {
                let empty = Json::Object(serde_json::Map::new());
                Some(MaskedJson {
                    sent: empty.clone(),
                    shown: empty,
                })
            }
            None => None,
        };
        let secrets = renderer.into_secrets();
        request.secrets.extend(forms(&request, &secrets));
        let secret_names = secrets.into_keys().collect();
        Ok(Prepared {
            request,
            body,
            repeat: self.repeat.clone(),
            secret_names,
        })
    }
}

impl Prepared {
    /// The request for a page, counted from 1.
    pub(super) fn page(&self, number: u32) -> HttpRequest {
        let mut request = self.request.clone();
        let place = self
            .repeat
            .as_ref()
            .map(|repeat| (repeat.parameter(), repeat.value(number)));
        match (&self.body, place) {
            (Some(body), place) => {
                let mut body = body.clone();
                for form in [&mut body.sent, &mut body.shown] {
                    if let (Json::Object(members), Some((parameter, value))) = (form, place) {
                        members.insert(parameter.to_owned(), value.into());
                    }
                }
                let sent = Secret::new(body.sent.to_string());
                let text = Masked::Secret {
                    sent,
                    shown: body.shown.to_string(),
                };
                request.body = Some(HttpBody {
                    content_type: "application/json".to_owned(),
                    text,
                });
            }
            (None, Some((parameter, value))) => {
                request.query.retain(|(name, _)| name != parameter);
                request
                    .query
                    .push((parameter.to_owned(), value.to_string().into()));
            }
            (None, None) => {}
        }
        request
    }
}

/// The secrets as they are, and as they look where they were put; each also as a query and as JSON write it.
fn forms(request: &HttpRequest, secrets: &BTreeMap<String, Secret>) -> Vec<Secret> {
    let fields = request
        .query
        .iter()
        .chain(&request.headers)
        .map(|(_, value)| value);
    let put = fields.filter(|value| value.is_secret()).map(Masked::expose);
    let forms = |text: &str| {
        let query = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let json = Json::from(text).to_string().trim_matches('"').to_owned();
        [text.to_owned(), query, json].map(Secret::new)
    };
    secrets
        .values()
        .map(Secret::expose)
        .chain(put)
        .flat_map(forms)
        .collect()
}
