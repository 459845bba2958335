//! Records fetched from the endpoints of an application over HTTP.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;
use tenure_core::document::{self, Application, EndpointUse};
use tenure_core::fetching::{Begin, Mark};
use tenure_core::seams::{Completeness, Fetched, RecordPage, RecordSink, Secrets, Source, SourceError};

use super::ahead::{Ahead, Reader};
use super::call::{Call, Given};
use super::explain::{no_delta, no_progress, too_many_pages};
use super::parent::{Keeping, Parent, Remembering, Waiting, add};
use super::progress::{News, Progress};
use super::repeat::Repetition;
use super::trail::{Following, Trail};
use super::{Environment, misconfigured};
use crate::authorization::Tokens;
use crate::http::{HttpClient, HttpOptions, PrivateAddresses, Retries, Trust};

/// The longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How many reasons are told for which something is missing.
const TOLD: usize = 8;

/// Fetches the records of some endpoints of one application. Secrets are fetched from the vault for each fetch, so
/// that one that was changed is used from then on.
pub struct HttpSource {
    application: String,
    reader: Reader,
    /// The endpoints that are wanted, and those for whose records one of them is called.
    endpoints: Vec<Wanted>,
    concurrency: usize,
    secrets: Arc<dyn Secrets>,
    environment: Environment,
}

/// An endpoint of a source.
struct Wanted {
    name: String,
    /// Its place in the document; none when it is only needed for another one.
    place: Option<u16>,
    call: Call,
}

impl fmt::Debug for HttpSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoints: Vec<_> = self.endpoints.iter().map(|wanted| &wanted.name).collect();
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
        let find = |name: &str| {
            let found = application
                .endpoints
                .iter()
                .find(|endpoint| endpoint.name == name);
            found.ok_or_else(|| {
                let known: Vec<_> = application
                    .endpoints
                    .iter()
                    .map(|one| format!("`{}`", one.name))
                    .collect();
                let said = format!("it has no endpoint `{name}`");
                misconfigured(doing(), said, format!("its endpoints are: {}", known.join(", ")))
            })
        };
        let mut all: Vec<Wanted> = Vec::with_capacity(endpoints.len());
        for (place, wanted) in (0_u16..).zip(endpoints) {
            let endpoint = find(&wanted.endpoint)?;
            all.push(Wanted {
                name: endpoint.name.clone(),
                place: Some(place),
                call: Call::new(application, endpoint)?,
            });
        }
        for place in 0..all.len() {
            let Some(for_each) = all.get(place).and_then(|one| one.call.for_each.clone()) else {
                continue;
            };
            let parent = find(&for_each.endpoint)?;
            if parent.for_each.is_some() {
                let said = format!(
                    "`{}` is called for each record of another endpoint itself",
                    parent.name
                );
                let hint = "name an endpoint in `for_each` that is called by itself";
                return Err(misconfigured(doing(), said, hint));
            }
            if !all.iter().any(|one| one.name == parent.name) {
                all.push(Wanted {
                    name: parent.name.clone(),
                    place: None,
                    call: Call::new(application, parent)?,
                });
            }
        }
        let concurrency = options.concurrency;
        let tokens = Tokens::with_options(
            application,
            Arc::clone(&secrets),
            environment.clone(),
            options.clone(),
        )?;
        let client = HttpClient::new(options).map_err(|error| {
            misconfigured(doing(), error.to_string(), "check the file that `ca_file` names")
        })?;
        let reader = Reader { client, tokens };
        Ok(Self {
            application: application.name.clone(),
            reader,
            endpoints: all,
            concurrency,
            secrets,
            environment,
        })
    }

    /// Makes sure that the application will let requests in, as far as that can be told without calling it.
    ///
    /// # Errors
    /// There is no token and none can be had, see [`Tokens::ready`].
    pub async fn ready(&self) -> Result<(), SourceError> {
        match &self.reader.tokens {
            Some(tokens) => tokens.ready().await,
            None => Ok(()),
        }
    }

    async fn fetch_all(&self, begin: &Begin, sink: &mut dyn RecordSink) -> Result<Fetched, SourceError> {
        let vault = Remembering::new(self.secrets.as_ref());
        let mut tally = Tally::default();
        for wanted in self
            .endpoints
            .iter()
            .filter(|wanted| wanted.call.for_each.is_none())
        {
            self.fetch_with_dependents(wanted, &vault, begin, sink, &mut tally)
                .await?;
        }
        let mark = tally.delta.take().map(Mark::Link);
        Ok(Fetched {
            completeness: tally.completeness(),
            mark,
        })
    }

    async fn fetch_endpoint(
        &self,
        Wanted { name, place, call }: &Wanted,
        vault: &dyn Secrets,
        record: Option<&Parent>,
        begin: &Begin,
        sink: &mut dyn RecordSink,
    ) -> Result<(Completeness, Option<String>), SourceError> {
        let given = Given {
            environment: &self.environment,
            vault,
            record,
            begin,
        };
        let repeat = call.repeat.as_ref();
        let mut ahead = Ahead::new(&self.reader, call, given, self.concurrency);
        let mut progress = Progress::new(repeat.and_then(Repetition::records_a_step));
        let mut trail = Trail::default();
        loop {
            ahead.ask(&progress).await?;
            let Some(page) = ahead.take().await.transpose()? else {
                return Err(too_many_pages(name, ahead.last, &progress));
            };
            let contents = &page.records.contents;
            let news = progress.take(contents.records.len(), contents.total, page.identity);
            if news == News::Repeated {
                return Err(no_progress(page.request, repeat, &progress));
            }
            let following = match repeat {
                None => Following::None,
                Some(repeat) => trail.after(name, repeat, &page, &progress)?,
            };
            let ends = matches!(following, Following::None);
            if let Following::At(token) = following {
                ahead.token = Some(token);
            }
            if !ends {
                ahead.note(&page.records, &progress);
                ahead.ask(&progress).await?;
            }
            if !page.records.contents.records.is_empty() {
                sink.page(RecordPage {
                    endpoint: place.unwrap_or_default(),
                    body: page.records.body,
                    records: page.records.contents.records,
                })
                .await;
            }
            if ends {
                let delta = page.records.contents.delta;
                if call.delta_link().is_some() && delta.is_none() {
                    return Err(no_delta(page.request, call.delta_link().unwrap_or_default()));
                }
                return Ok((progress.completeness(name), delta));
            }
        }
    }

    /// Fetches an endpoint, and those that are called for each of its records after it.
    async fn fetch_with_dependents(
        &self,
        wanted: &Wanted,
        vault: &dyn Secrets,
        begin: &Begin,
        sink: &mut dyn RecordSink,
        tally: &mut Tally,
    ) -> Result<(), SourceError> {
        let dependents: Vec<_> = self
            .endpoints
            .iter()
            .filter(|other| other.depends_on(&wanted.name))
            .collect();
        if dependents.is_empty() {
            let (end, delta) = self.fetch_endpoint(wanted, vault, None, begin, sink).await?;
            tally.add(end);
            tally.delta = delta;
            return Ok(());
        }
        let inner: Option<&mut dyn RecordSink> = match wanted.place {
            Some(_) => Some(&mut *sink),
            None => None,
        };
        let mut keeping = Keeping::new(inner, columns(&dependents).as_ref());
        // What others are called for has to come as a whole.
        let begin = &begin.from_the_start();
        let (end, _) = self
            .fetch_endpoint(wanted, vault, None, begin, &mut keeping)
            .await?;
        let kept = keeping.finish()?;
        match (wanted.place, end) {
            (None, Completeness::Complete { .. }) => {}
            (None, Completeness::Incomplete { why, .. }) => tally.miss(why),
            (Some(_), end) => tally.add(end),
        }
        for dependent in dependents {
            let mut waiting = kept.iter();
            let mut running = FuturesOrdered::new();
            loop {
                while running.len() < self.concurrency
                    && let Some(kept) = waiting.next()
                {
                    running.push_back(self.fetch_dependent(dependent, &wanted.name, kept, vault, begin));
                }
                let Some(answer) = running.next().await else { break };
                let (pages, end) = answer?;
                tally.add(end);
                for page in pages {
                    sink.page(page).await;
                }
            }
        }
        Ok(())
    }

    /// All pages of an endpoint for one record of another.
    async fn fetch_dependent(
        &self,
        wanted: &Wanted,
        of: &str,
        kept: &str,
        vault: &dyn Secrets,
        begin: &Begin,
    ) -> Result<(Vec<RecordPage>, Completeness), SourceError> {
        let parent = Parent::new(kept, of)?;
        let mut waiting = Waiting::default();
        let (end, _) = self
            .fetch_endpoint(wanted, vault, Some(&parent), begin, &mut waiting)
            .await?;
        let members = wanted
            .call
            .for_each
            .as_ref()
            .map(|for_each| parent.members(for_each))
            .unwrap_or_default();
        let pages = waiting.0.into_iter().map(|page| add(page, &members));
        let pages = pages.collect::<Result<_, _>>().map_err(|said| {
            let doing = format!("adding to the records of `{}`", wanted.name);
            misconfigured(
                doing,
                said,
                "leave out `add` of its `for_each`, or correct its `records`",
            )
        })?;
        Ok((pages, end))
    }
}

impl Wanted {
    fn depends_on(&self, other: &str) -> bool {
        let for_each = self.call.for_each.as_ref();
        for_each.is_some_and(|for_each| for_each.endpoint == other)
    }
}

/// The columns of a record that any of these needs; none when one needs all of it.
fn columns(dependents: &[&Wanted]) -> Option<BTreeSet<String>> {
    let mut all = BTreeSet::new();
    for dependent in dependents {
        all.extend(dependent.call.columns()?);
        let added = dependent
            .call
            .for_each
            .iter()
            .flat_map(|for_each| for_each.add.values());
        all.extend(added.cloned());
    }
    Some(all)
}

/// What came of all endpoints together.
#[derive(Default)]
struct Tally {
    count: u64,
    missing: Vec<String>,
    further: usize,
    /// Where changes from now on are told.
    delta: Option<String>,
}

impl Tally {
    fn add(&mut self, end: Completeness) {
        match end {
            Completeness::Complete { count } => self.count += count,
            Completeness::Incomplete { count, why } => {
                self.count += count;
                self.miss(why);
            }
        }
    }

    fn miss(&mut self, why: String) {
        if self.missing.len() < TOLD {
            self.missing.push(why);
        } else {
            self.further += 1;
        }
    }

    fn completeness(mut self) -> Completeness {
        if self.missing.is_empty() {
            return Completeness::Complete { count: self.count };
        }
        if self.further > 0 {
            self.missing.push(format!("and {} more like these", self.further));
        }
        Completeness::Incomplete {
            count: self.count,
            why: self.missing.join("; "),
        }
    }
}

#[async_trait]
impl Source for HttpSource {
    async fn fetch(&self, sink: &mut dyn RecordSink) -> Result<Completeness, SourceError> {
        let fetched = self.fetch_from(&Begin::default(), sink).await?;
        Ok(fetched.completeness)
    }

    async fn fetch_from(&self, begin: &Begin, sink: &mut dyn RecordSink) -> Result<Fetched, SourceError> {
        let fetched = self.fetch_all(begin, sink).await;
        if let Some(tokens) = &self.reader.tokens {
            tokens.settled().await;
        }
        fetched
    }
}

/// The client's bounds as the documents have them.
pub(crate) fn options(
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
        pacer: Some(environment.manners.of(application)),
        retries: Retries {
            times: limits.retries as usize,
            ..Retries::default()
        },
        private_addresses: match application.private_addresses {
            document::PrivateAddresses::Refused => PrivateAddresses::Refused,
            document::PrivateAddresses::Allowed => PrivateAddresses::Allowed,
        },
        trust,
        ..HttpOptions::default()
    })
}
