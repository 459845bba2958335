//! Records fetched from the endpoints of an application over HTTP.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tenure_core::document::{self, Application, EndpointUse};
use tenure_core::seams::{Completeness, RecordPage, RecordSink, Secrets, Source, SourceError};
use tokio::task::JoinHandle;
use xxhash_rust::xxh3::xxh3_64;

use super::call::{Call, Prepared};
use super::explain::{no_progress, refused, stopped, too_many_pages, unreadable};
use super::progress::{News, Progress};
use super::split::{Contents, Layout, SplitError, split};
use super::{Environment, misconfigured};
use crate::http::{HttpClient, HttpOptions, PrivateAddresses, Retries, Trust};

/// Answers of more bytes are split on a thread of their own.
const LONG_ANSWER: usize = 4 << 20;
/// The longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Fetches the records of some endpoints of one application. Secrets are fetched from the vault for each fetch, so
/// that one that was changed is used from then on.
pub struct HttpSource {
    application: String,
    reader: Reader,
    calls: Vec<(u16, String, Call)>,
    concurrency: usize,
    secrets: Arc<dyn Secrets>,
    environment: Environment,
}

impl fmt::Debug for HttpSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoints: Vec<_> = self.calls.iter().map(|(_, name, _)| name).collect();
        f.debug_struct("HttpSource")
            .field("application", &self.application)
            .field("endpoints", &endpoints)
            .finish_non_exhaustive()
    }
}

impl HttpSource {
    /// A source of these endpoints of an application, within the application's limits. Nothing is called yet.
    ///
    /// # Errors
    /// Documents that cannot be followed: an endpoint, a format or a path that is not right, or a `ca_file` that
    /// cannot be read.
    pub fn new(
        application: &Application,
        endpoints: &[EndpointUse],
        secrets: Arc<dyn Secrets>,
        environment: Environment,
    ) -> Result<Self, SourceError> {
        let options = options(application, &environment)?;
        Self::with_options(application, endpoints, secrets, environment, options)
    }

    pub(super) fn with_options(
        application: &Application,
        endpoints: &[EndpointUse],
        secrets: Arc<dyn Secrets>,
        environment: Environment,
        options: HttpOptions,
    ) -> Result<Self, SourceError> {
        let doing = || format!("setting up the application `{}`", application.name);
        let mut calls = Vec::with_capacity(endpoints.len());
        for (place, wanted) in (0_u16..).zip(endpoints) {
            let endpoint = application
                .endpoints
                .iter()
                .find(|endpoint| endpoint.name == wanted.endpoint);
            let endpoint = endpoint.ok_or_else(|| {
                let known: Vec<_> = application
                    .endpoints
                    .iter()
                    .map(|one| format!("`{}`", one.name))
                    .collect();
                let said = format!("it has no endpoint `{}`", wanted.endpoint);
                misconfigured(doing(), said, format!("its endpoints are: {}", known.join(", ")))
            })?;
            calls.push((place, endpoint.name.clone(), Call::new(application, endpoint)?));
        }
        let concurrency = options.concurrency;
        let client = HttpClient::new(options).map_err(|error| {
            misconfigured(doing(), error.to_string(), "check the file that `ca_file` names")
        })?;
        let reader = Reader { client };
        Ok(Self {
            application: application.name.clone(),
            reader,
            calls,
            concurrency,
            secrets,
            environment,
        })
    }

    async fn fetch_endpoint(
        &self,
        (place, name, call): &(u16, String, Call),
        sink: &mut dyn RecordSink,
    ) -> Result<Completeness, SourceError> {
        let prepared = Arc::new(call.prepare(&self.environment, self.secrets.as_ref()).await?);
        let layout = Arc::new(call.layout.clone());
        let mut ahead = Ahead {
            reader: &self.reader,
            prepared: &prepared,
            layout: &layout,
            pages: VecDeque::with_capacity(self.concurrency),
            most: self.concurrency,
            next: 1,
            last: call.repeat.as_ref().map_or(1, |repeat| repeat.max_pages),
        };
        let mut progress = Progress::default();
        loop {
            ahead.ask(&progress);
            let Some(page) = ahead.pages.pop_front() else {
                return Err(too_many_pages(name, ahead.last, &progress));
            };
            let PageRead {
                body,
                contents,
                identity,
            } = page.read().await?;
            let news = progress.take(contents.records.len(), contents.total, identity);
            if news == News::Repeated {
                return Err(no_progress(
                    prepared.page(progress.number()).to_string(),
                    call.repeat.as_ref(),
                    &progress,
                ));
            }
            let ends = match &call.repeat {
                None => true,
                Some(repeat) => repeat.ends_with(&contents, &body, &progress).map_err(|error| {
                    misconfigured(format!("`until` of `{name}`"), error.to_string(), error.hint)
                })?,
            };
            if !ends {
                ahead.ask(&progress);
            }
            if !contents.records.is_empty() {
                sink.page(RecordPage {
                    endpoint: *place,
                    body,
                    records: contents.records,
                })
                .await;
            }
            if ends {
                return Ok(progress.completeness(name));
            }
        }
    }
}

#[async_trait]
impl Source for HttpSource {
    async fn fetch(&self, sink: &mut dyn RecordSink) -> Result<Completeness, SourceError> {
        let (mut all, mut missing) = (0, Vec::new());
        for call in &self.calls {
            match self.fetch_endpoint(call, sink).await? {
                Completeness::Complete { count } => all += count,
                Completeness::Incomplete { count, why } => {
                    all += count;
                    missing.push(why);
                }
            }
        }
        if missing.is_empty() {
            return Ok(Completeness::Complete { count: all });
        }
        Ok(Completeness::Incomplete {
            count: all,
            why: missing.join("; "),
        })
    }
}

/// The client's bounds as the documents have them.
pub(super) fn options(
    application: &Application,
    environment: &Environment,
) -> Result<HttpOptions, SourceError> {
    let limits = &application.limits;
    let timeout = limits.timeout.to_std();
    let trust = match &application.ca_file {
        None => Trust::Machine,
        Some(file) => {
            let path = environment.folder.join(file);
            let pem = std::fs::read_to_string(&path).map_err(|error| {
                let doing = format!("reading the certificates in {}", path.display());
                misconfigured(
                    doing,
                    error.to_string(),
                    "check `ca_file`; it is relative to the documents' folder",
                )
            })?;
            Trust::Authorities { pem }
        }
    };
    Ok(HttpOptions {
        connect_timeout: timeout.min(CONNECT),
        read_timeout: timeout,
        total_time: limits.total_time.to_std(),
        response_bytes: u64::from(limits.response_mib) << 20,
        concurrency: limits.concurrency.max(1) as usize,
        rate: limits.calls_per_minute.map(|calls| f64::from(calls) / 60.0),
        retries: Retries {
            times: limits.retries as usize,
            ..Retries::default()
        },
        private_addresses: match application.private_addresses {
            document::PrivateAddresses::Refused => PrivateAddresses::Refused,
            document::PrivateAddresses::Allowed => PrivateAddresses::Allowed,
        },
        trust,
    })
}

/// The pages that have been asked for and not been taken yet, in order.
struct Ahead<'a> {
    reader: &'a Reader,
    prepared: &'a Arc<Prepared>,
    layout: &'a Arc<Layout>,
    pages: VecDeque<Reading>,
    most: usize,
    next: u32,
    last: u32,
}

impl Ahead<'_> {
    /// Asks for further pages, as far as that makes sense now.
    fn ask(&mut self, progress: &Progress) {
        let last = progress.reach().min(self.last);
        while self.next <= last && self.pages.len() < self.most {
            let reading =
                self.reader
                    .clone()
                    .read(self.next, Arc::clone(self.prepared), Arc::clone(self.layout));
            self.pages.push_back(Reading(tokio::spawn(reading)));
            self.next += 1;
        }
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

/// A page that came and was split.
struct PageRead {
    body: Bytes,
    contents: Contents,
    /// A hash of its records.
    identity: u64,
}

/// Fetches and splits pages.
#[derive(Clone)]
struct Reader {
    client: HttpClient,
}

impl Reader {
    async fn read(
        self,
        number: u32,
        call: Arc<Prepared>,
        layout: Arc<Layout>,
    ) -> Result<PageRead, SourceError> {
        let request = call.page(number);
        let answer = self
            .client
            .send(&request)
            .await
            .map_err(|failure| refused(failure, &call))?;
        let body = answer.body.clone();
        let task =
            move || split(&body, &layout).map(|contents| (identity(&body, &contents), contents, layout));
        let result = if answer.body.len() > LONG_ANSWER {
            tokio::task::spawn_blocking(task).await.map_err(|_| stopped())?
        } else {
            task()
        };
        let (identity, contents, layout) = result.map_err(|error| unreadable(&request, &answer, &error))?;
        if let (None, false, Some(path)) = (contents.total, contents.records.is_empty(), &layout.total) {
            let error = SplitError::Absent {
                path: path.to_string(),
                names: Vec::new(),
            };
            return Err(unreadable(&request, &answer, &error));
        }
        Ok(PageRead {
            body: answer.body,
            contents,
            identity,
        })
    }
}

fn identity(body: &[u8], contents: &Contents) -> u64 {
    let first = contents.records.first().map_or(0, |first| first.start as usize);
    let last = contents.records.last().map_or(0, |last| last.end as usize);
    xxh3_64(body.get(first..last).unwrap_or_default())
}
