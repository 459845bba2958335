//! Pages that are asked for before they are wanted, as far as it is known that they exist.

use std::collections::VecDeque;
use std::sync::Arc;

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use tenure_core::document::AnswerFormat;
use tenure_core::seams::SourceError;
use tokio::task::JoinHandle;
use xxhash_rust::xxh3::xxh3_64;

use super::answer::{self, Records, Shape};
use super::call::{Call, Given, Prepared};
use super::explain::{refused, stopped, unreadable};
use super::link;
use super::progress::Progress;
use super::repeat::{Origin, Repetition, Step};
use super::split::SplitError;
use super::standing::{Before, Standing};
use crate::authorization::Tokens;
use crate::http::{HttpAnswer, HttpClient, HttpRequest};

/// Answers of more bytes are read on a thread of their own.
const LONG_ANSWER: usize = 4 << 20;
/// Those that are turned into records first.
const LONG_TO_TURN: usize = 512 << 10;

/// The pages that have been asked for and not been taken yet, in order.
pub(super) struct Ahead<'a> {
    reader: &'a Reader,
    call: &'a Call,
    given: Given<'a>,
    /// The call as it is for all pages, unless it names `page`.
    prepared: Option<Arc<Prepared>>,
    pages: VecDeque<Reading>,
    most: usize,
    next: u32,
    /// The last page that may be asked for at all.
    pub(super) last: u32,
    numbered: bool,
    /// What leads to the next page, when pages are not numbered.
    pub(super) token: Option<String>,
    /// What the last page said, when the call names it.
    before: Option<Before>,
}

impl<'a> Ahead<'a> {
    /// None yet, and never more than so many at the same time.
    pub(super) fn new(reader: &'a Reader, call: &'a Call, given: Given<'a>, most: usize) -> Self {
        let repeat = call.repeat.as_ref();
        Self {
            reader,
            call,
            given,
            prepared: None,
            pages: VecDeque::with_capacity(most),
            most,
            next: 1,
            last: repeat.map_or(1, |repeat| repeat.max_pages),
            numbered: repeat.is_some_and(Repetition::is_numbered),
            token: None,
            before: None,
        }
    }

    /// Asks for further pages, as far as that makes sense now.
    pub(super) async fn ask(&mut self, progress: &Progress) -> Result<(), SourceError> {
        let reach = if self.numbered && !self.call.named.needs_page_before() {
            progress.reach()
        } else {
            progress.number() + 1
        };
        let last = reach.min(self.last);
        while self.next <= last && self.pages.len() < self.most {
            if !self.numbered && self.next > 1 && self.token.is_none() {
                break;
            }
            let token = self.token.take();
            let prepared = self.prepared(token.as_deref()).await?;
            let reading = self.reader.clone().read(self.next, token, prepared);
            self.pages.push_back(Reading(tokio::spawn(reading)));
            self.next += 1;
        }
        Ok(())
    }

    /// The call of the next page.
    async fn prepared(&mut self, token: Option<&str>) -> Result<Arc<Prepared>, SourceError> {
        if let Some(prepared) = &self.prepared {
            return Ok(Arc::clone(prepared));
        }
        let standing = Standing {
            number: self.next,
            offset: self.call.offset(self.next),
            cursor: token.map(str::to_owned),
            before: self.before.take(),
        };
        let prepared = Arc::new(self.call.prepare(self.given, &standing).await?);
        if !self.call.named.any() {
            self.prepared = Some(Arc::clone(&prepared));
        }
        Ok(prepared)
    }

    /// Takes note of what a page said, which has been counted in.
    pub(super) fn note(&mut self, page: &Records, progress: &Progress) {
        if self.call.named.needs_page_before() {
            self.before = Some(Before::of(page, progress, &self.call.named));
        }
    }

    /// The next page; none when there may be none any more.
    pub(super) async fn take(&mut self) -> Option<Result<PageRead, SourceError>> {
        let page = self.pages.pop_front()?;
        Some(page.read().await)
    }
}

/// A page on its way. It is given up when nobody wants it any more.
struct Reading(JoinHandle<Result<PageRead, SourceError>>);

impl Reading {
    async fn read(mut self) -> Result<PageRead, SourceError> {
        (&mut self.0).await.unwrap_or_else(|_| Err(stopped()))
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A page that came and was read.
pub(super) struct PageRead {
    pub(super) records: Records,
    /// What leads to the next page, from wherever the document says.
    pub(super) next: Option<String>,
    /// A hash of its records.
    pub(super) identity: u64,
    /// How it was asked for, without secrets.
    pub(super) request: String,
}

/// Fetches and reads pages.
#[derive(Clone)]
pub(super) struct Reader {
    pub(super) client: HttpClient,
    /// Where requests have their token from, when the application uses OAuth 2.0.
    pub(super) tokens: Option<Arc<Tokens>>,
}

impl Reader {
    async fn read(
        self,
        number: u32,
        token: Option<String>,
        call: Arc<Prepared>,
    ) -> Result<PageRead, SourceError> {
        let mut request = call.page(number, token.as_deref())?;
        let answer = match &self.tokens {
            Some(tokens) => tokens.send(&self.client, &mut request).await?,
            None => self
                .client
                .send(&request)
                .await
                .map_err(|failure| refused(failure, &call))?,
        };
        self.page(&request, &answer, &call).await
    }

    /// Reads the page that an answer is.
    pub(super) async fn page(
        &self,
        request: &HttpRequest,
        answer: &HttpAnswer,
        call: &Prepared,
    ) -> Result<PageRead, SourceError> {
        let most = self.client.options().response_bytes;
        let kind = answer
            .headers
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let (body, shape) = (answer.body.clone(), Arc::clone(&call.shape));
        let is_long = is_long(&body, &shape);
        let task = move || {
            answer::read(body, &kind, &shape, most).map(|records| (identity(&records), records, shape))
        };
        let result = if is_long {
            tokio::task::spawn_blocking(task).await.map_err(|_| stopped())?
        } else {
            task()
        };
        let (identity, records, shape) = result.map_err(|error| unreadable(request, answer, &error))?;
        let contents = &records.contents;
        if let (None, false, Some(path)) = (contents.total, contents.records.is_empty(), &shape.layout.total)
        {
            let error = SplitError::Absent {
                path: path.to_string(),
                names: Vec::new(),
            };
            return Err(unreadable(request, answer, &error));
        }
        let next = call.step().and_then(|step| in_header(step, &answer.headers));
        Ok(PageRead {
            next: next.or_else(|| records.contents.next.clone()),
            records,
            identity,
            request: request.to_string(),
        })
    }
}

fn is_long(body: &[u8], shape: &Shape) -> bool {
    let long = match shape.format {
        AnswerFormat::Json => LONG_ANSWER,
        AnswerFormat::Xml | AnswerFormat::Csv => LONG_TO_TURN,
    };
    body.len() > long || body.starts_with(b"\x1f\x8b")
}

fn identity(records: &Records) -> u64 {
    let places = &records.contents.records;
    let first = places.first().map_or(0, |first| first.start as usize);
    let last = places.last().map_or(0, |last| last.end as usize);
    xxh3_64(records.body.get(first..last).unwrap_or_default())
}

/// What leads to the next page, when it stands in the header of an answer.
fn in_header(step: &Step, headers: &HeaderMap) -> Option<String> {
    let (name, is_link) = match step {
        Step::Cursor {
            origin: Origin::Header(name),
            ..
        } => (name, false),
        Step::Link {
            origin: Origin::Header(name),
        } => (name, name.eq_ignore_ascii_case("link")),
        _ => return None,
    };
    let texts: Vec<_> = headers
        .get_all(name.as_str())
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    let found = if is_link {
        link::next(texts.iter().map(AsRef::as_ref))
    } else {
        texts.first().map(AsRef::as_ref)
    };
    found
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}
