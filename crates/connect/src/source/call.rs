//! One inbound call: read from its document once, worked out before each fetch, and asked for page by page.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value as Json;
use tenure_core::document::{
    AnswerFormat, Application, Endpoint, ForEach, Incremental, Method as CallMethod,
};
use tenure_core::expression::Format;
use tenure_core::fetching::{Begin, Mark};
use tenure_core::seams::{Secrets, SourceError};
use tenure_core::secret::Secret;

use super::answer::Shape;
use super::authorization::{Credentials, set_header};
use super::explain::not_followed;
use super::link::resolve;
use super::message::{Kind, Message, Rendered};
use super::parent::Parent;
use super::path::MemberPath;
use super::render::{Renderer, parse, parse_fields};
use super::repeat::{Repetition, Step, Target};
use super::split::Layout;
use super::standing::{Named, Standing};
use super::{Environment, misconfigured};
use crate::http::{HttpRequest, Masked, Method, Repeatable, scrub};

/// A call as its documents describe it.
#[derive(Clone, Debug)]
pub(super) struct Call {
    name: String,
    method: CallMethod,
    url: Format,
    query: Vec<(String, Format)>,
    headers: Vec<(String, Format)>,
    message: Message,
    /// What it names of `page`.
    pub(super) named: Named,
    credentials: Credentials,
    /// How its answers are written, and where they have what.
    shape: Arc<Shape>,
    /// How it goes on; once only when there is none.
    pub(super) repeat: Option<Repetition>,
    /// How only what changed is fetched.
    pub(super) incremental: Option<Incremental>,
    /// The endpoint for each record of which it is made.
    pub(super) for_each: Option<ForEach>,
}

/// What a call is worked out from, besides where its repetition stands.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) environment: &'a Environment,
    pub(super) vault: &'a dyn Secrets,
    /// The record of another endpoint for which it is made.
    pub(super) record: Option<&'a Parent>,
    pub(super) begin: &'a Begin,
}

/// A call that is worked out, with its secrets.
pub(super) struct Prepared {
    request: HttpRequest,
    /// The credentials in the query, which links to further pages may leave out.
    keys: Vec<(String, Masked)>,
    message: Rendered,
    repeat: Option<Repetition>,
    /// How its answers are written, and where they have what.
    pub(super) shape: Arc<Shape>,
    /// The names of the secrets in it.
    pub(super) secret_names: Vec<String>,
    /// Where the first page is, when an earlier fetch was told.
    first: Option<String>,
}

impl Call {
    /// Reads an endpoint of an application.
    pub(super) fn new(application: &Application, endpoint: &Endpoint) -> Result<Self, SourceError> {
        let doing = format!(
            "reading the endpoint `{}` of the application `{}`",
            endpoint.name, application.name
        );
        let wrong = |said: String| misconfigured(&doing, said, "correct the document and check it again");
        let common = application
            .headers
            .iter()
            .map(|(name, value)| (name, value.as_str()));
        let own = endpoint
            .headers
            .iter()
            .map(|(name, value)| (name, value.0.as_str()));
        let message = Message::new(endpoint, &doing)?;
        let url = parse(&endpoint.url, || format!("{doing}: `url`"))?;
        let query = endpoint
            .query
            .iter()
            .map(|(name, value)| (name, value.0.as_str()));
        let query = parse_fields(&doing, "query parameter", query)?;
        let headers = parse_fields(&doing, "header", common.chain(own))?;
        let mut named = Named::default();
        named.add(&url);
        for (_, format) in query.iter().chain(&headers) {
            named.add(format);
        }
        message.each(&mut |format| named.add(format));
        let repeat = endpoint
            .repeat
            .as_ref()
            .map(|repeat| Repetition::new(repeat, endpoint, &message, &named, &doing))
            .transpose()?;
        let layout = Layout {
            records: MemberPath::of_records(&endpoint.records)
                .map_err(|said| wrong(format!("`records`: {said}")))?,
            total: match &endpoint.total {
                Some(path) => {
                    Some(MemberPath::of_value(path).map_err(|said| wrong(format!("`total`: {said}")))?)
                }
                None => None,
            },
            next: repeat.as_ref().and_then(Repetition::next_in_body).cloned(),
            delta: endpoint
                .incremental
                .as_ref()
                .and_then(|incremental| incremental.delta_link.as_deref())
                .map(MemberPath::of_value)
                .transpose()
                .map_err(|said| wrong(format!("`delta_link`: {said}")))?,
        };
        let shape = Shape {
            format: endpoint.answer,
            csv: endpoint.csv.clone(),
            layout,
            keeps_answer: named.has("answer") || repeat.as_ref().is_some_and(Repetition::asks_for_answer),
        };
        Ok(Self {
            name: endpoint.name.clone(),
            method: endpoint.method,
            url,
            query,
            headers,
            message,
            named,
            credentials: Credentials::new(&application.name, &application.authorization)?,
            shape: Arc::new(shape),
            repeat,
            incremental: endpoint.incremental.clone(),
            for_each: endpoint.for_each.clone(),
        })
    }

    /// Where its last answer says where changes from then on are told.
    pub(super) fn delta_link(&self) -> Option<&str> {
        self.incremental.as_ref()?.delta_link.as_deref()
    }

    /// The columns of `record` that it names; none when it takes the whole of it.
    pub(super) fn columns(&self) -> Option<BTreeSet<String>> {
        let mut columns = Some(BTreeSet::new());
        let mut visit = |format: &Format| {
            for (_, member) in format.columns().filter(|(name, _)| *name == "record") {
                match (member, &mut columns) {
                    (Some(member), Some(columns)) => {
                        columns.insert(member.to_owned());
                    }
                    _ => columns = None,
                }
            }
        };
        visit(&self.url);
        self.query
            .iter()
            .chain(&self.headers)
            .for_each(|(_, format)| visit(format));
        self.message.each(&mut visit);
        columns
    }

    /// Where its repetition stands before anything came.
    pub(super) fn first(&self) -> Standing {
        Standing::first(self.offset(1))
    }

    /// The number that its repetition has for a page, counted from 1.
    pub(super) fn offset(&self, page: u32) -> Option<i64> {
        self.repeat.as_ref()?.step().number(page)
    }

    /// Works out its formats, with secrets fetched now.
    pub(super) async fn prepare(
        &self,
        given: Given<'_>,
        standing: &Standing,
    ) -> Result<Prepared, SourceError> {
        let Given {
            environment,
            vault,
            record,
            begin,
        } = given;
        let of_page = match standing.number {
            1 => String::new(),
            number => format!(" for page {number}"),
        };
        let doing = format!("preparing the call of the endpoint `{}`{of_page}", self.name);
        let in_address = self.named.any().then(|| standing.in_address());
        let mut renderer = Renderer::new(doing, environment, vault);
        renderer.set_begin(begin);
        renderer.set_page(in_address.as_ref());
        let (method, url) = match self.method {
            CallMethod::Get => (Method::GET, &self.url),
            CallMethod::Post => (Method::POST, &self.url),
        };
        renderer.set_record(record.map(Parent::encoded));
        // Inbound calls only read, searches by POST too.
        let mut request = HttpRequest::new(method, renderer.text(url, "`url`").await?, Repeatable::Yes);
        renderer.set_record(record.map(Parent::plain));
        renderer.set_page(self.named.any().then_some(standing));
        let accepted = match self.shape.format {
            AnswerFormat::Json => "application/json",
            AnswerFormat::Xml => "application/xml, text/xml",
            AnswerFormat::Csv => "text/csv",
        };
        request.headers.push(("Accept".to_owned(), accepted.into()));
        if matches!(self.message, Message::Text(Kind::Soap, _)) {
            request.headers.push(("SOAPAction".to_owned(), "\"\"".into()));
        }
        for (name, format) in &self.query {
            let part = format!("the query parameter `{name}`");
            if renderer.leaves_out(format, &part)? {
                continue;
            }
            for value in renderer.values(format, &part).await? {
                request.query.push((name.clone(), value));
            }
        }
        for (name, format) in &self.headers {
            let part = format!("the header `{name}`");
            if renderer.leaves_out(format, &part)? {
                continue;
            }
            let value = renderer.text(format, &part).await?;
            set_header(&mut request, name, value);
        }
        let own = std::mem::take(&mut request.query);
        self.credentials.add(&mut renderer, &mut request).await?;
        let keys = std::mem::replace(&mut request.query, own);
        request
            .query
            .retain(|(name, _)| keys.iter().all(|(key, _)| key != name));
        request.query.extend(keys.iter().cloned());
        let message = self.message.render(&mut renderer).await?;
        let secrets = renderer.into_secrets();
        request.secrets.extend(forms(&request, &secrets));
        let secret_names = secrets.into_keys().collect();
        Ok(Prepared {
            request,
            keys,
            message,
            repeat: self.repeat.clone(),
            shape: Arc::clone(&self.shape),
            secret_names,
            first: match &begin.since {
                Some(Mark::Link(link)) if self.shape.layout.delta.is_some() => Some(link.clone()),
                _ => None,
            },
        })
    }
}

impl Prepared {
    /// What changes from page to page.
    pub(super) fn step(&self) -> Option<&Step> {
        self.repeat.as_ref().map(Repetition::step)
    }

    /// The request for a page, counted from 1; `token` is what the page before says of it.
    pub(super) fn page(&self, number: u32, token: Option<&str>) -> Result<HttpRequest, SourceError> {
        let (mut request, mut message) = (self.request.clone(), self.message.clone());
        if let (1, None, Some(link)) = (number, token, &self.first) {
            self.follow(&mut request, link)?;
            request.body = message.into_body();
            return Ok(request);
        }
        match (self.step(), token) {
            (Some(step @ Step::Number { target, .. }), _) => {
                if let Some(value) = step.number(number) {
                    put(
                        &mut request,
                        &mut message,
                        target,
                        &value.to_string(),
                        &value.into(),
                    );
                }
            }
            (Some(Step::Cursor { target, .. }), Some(cursor)) => {
                put(&mut request, &mut message, target, cursor, &cursor.into());
            }
            (Some(Step::Link { .. }), Some(link)) => self.follow(&mut request, link)?,
            (Some(Step::Cursor { .. } | Step::Link { .. }) | None, _) => {}
        }
        request.body = message.into_body();
        Ok(request)
    }

    /// Points a request to where a link leads. It has all that the query needs but, maybe, the key.
    fn follow(&self, request: &mut HttpRequest, link: &str) -> Result<(), SourceError> {
        let from = request
            .target()
            .map_err(|error| not_followed(request, &error.to_string()))?;
        let mut to = resolve(&from, link).map_err(|said| not_followed(request, &said))?;
        let is_key = |name: &str| self.keys.iter().any(|(key, _)| key == name);
        if to.query_pairs().any(|(name, _)| is_key(&name)) {
            let others: Vec<_> = to
                .query_pairs()
                .filter(|(name, _)| !is_key(name))
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect();
            to.query_pairs_mut().clear().extend_pairs(others);
        }
        request.url = Masked::Secret {
            shown: scrub(to.as_str(), &request.secrets),
            sent: Secret::new(String::from(to)),
        };
        request.query.clone_from(&self.keys);
        Ok(())
    }
}

/// Puts what changes into a request.
fn put(request: &mut HttpRequest, message: &mut Rendered, target: &Target, text: &str, value: &Json) {
    match target {
        Target::Query(name) => {
            request.query.retain(|(other, _)| other != name);
            request.query.push((name.clone(), text.into()));
        }
        Target::Header(name) => set_header(request, name, text.into()),
        Target::Body(path) => message.put(path.names(), value),
        Target::Named(_) => {}
    }
}

/// The secrets as they are, and as they look where they were put; each also as a query and as JSON write it.
pub(crate) fn forms(request: &HttpRequest, secrets: &BTreeMap<String, Secret>) -> Vec<Secret> {
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
