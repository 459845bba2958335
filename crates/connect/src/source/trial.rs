//! One call of an endpoint, made to be looked at before anything is kept: the request as it was sent with its
//! secrets hidden, the answer as it came, the records in it, and whether more would follow.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use tenure_core::document::{Application, Endpoint, ForEach};
use tenure_core::fetching::Begin;
use tenure_core::seams::{RecordPage, Secrets, SourceError};

use super::ahead::{PageRead, Reader};
use super::call::{Call, Given, Prepared};
use super::exchange::{Exchange, received, sent};
use super::explain::refused;
use super::http::options;
use super::lists::{ListAt, lists};
use super::parent::{Parent, add};
use super::progress::Progress;
use super::repeat::{Repetition, Step};
use super::trail::{Following, Trail};
use super::{Environment, misconfigured};
use crate::authorization::Tokens;
use crate::http::{HttpAnswer, HttpClient, HttpRequest, refusal, scrub};

/// What came of a call that was made to be looked at.
#[derive(Debug)]
pub struct Trial {
    /// The call of the endpoint for whose first record this one was made; none for one that is called by itself.
    pub parent: Option<Exchange>,
    /// The call itself; none when it could not be made, as when the one before it failed.
    pub exchange: Option<Exchange>,
    /// What was found in the answer, or what is wrong and what to do.
    pub found: Result<Found, SourceError>,
}

/// What an answer has.
pub struct Found {
    /// Its records.
    pub page: RecordPage,
    /// How many there are in all, as the answer says.
    pub total: Option<u64>,
    /// Whether another call would follow.
    pub more: More,
    /// What does not fit together and would leave records out.
    pub warnings: Vec<String>,
    /// Where else the answer has lists of objects, when there are no records at the place that the document says.
    pub lists: Vec<ListAt>,
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found")
            .field("records", &self.page.records.len())
            .field("more", &self.more)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

/// Whether another call would follow, in words that say why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum More {
    /// None would.
    No(String),
    /// One would.
    Yes(String),
    /// It cannot go on.
    Stuck {
        /// What is wrong.
        said: String,
        /// What to do.
        hint: String,
    },
}

/// Calls an endpoint once, the first time that a fetch would. One that is called for each record of another is called
/// for `record`, or else for the first record of that one, which is fetched too. Nothing is tried again.
///
/// # Errors
/// Documents that cannot be followed. What happens once they can be is part of the trial.
pub async fn try_endpoint(
    application: &Application,
    endpoint: &Endpoint,
    record: Option<&Value>,
    secrets: Arc<dyn Secrets>,
    environment: Environment,
) -> Result<Trial, SourceError> {
    let doing = || format!("setting up the application `{}`", application.name);
    let mut once = options(application, &environment)?;
    once.retries.times = 0;
    let tokens = Tokens::with_options(
        application,
        Arc::clone(&secrets),
        environment.clone(),
        once.clone(),
    )?;
    let client = HttpClient::new(once)
        .map_err(|error| misconfigured(doing(), error.to_string(), "check the file that `ca_file` names"))?;
    let caller = Caller {
        application,
        reader: Reader { client, tokens },
        secrets,
        environment,
    };
    let trial = caller.endpoint(endpoint, record).await;
    if let Some(tokens) = &caller.reader.tokens {
        tokens.settled().await;
    }
    trial
}

/// What calls are made with.
struct Caller<'a> {
    application: &'a Application,
    reader: Reader,
    secrets: Arc<dyn Secrets>,
    environment: Environment,
}

impl Caller<'_> {
    async fn endpoint(&self, endpoint: &Endpoint, record: Option<&Value>) -> Result<Trial, SourceError> {
        let Some(for_each) = &endpoint.for_each else {
            if record.is_some() {
                return Err(misconfigured(
                    format!("testing the endpoint `{}`", endpoint.name),
                    "a record was given, and it is called by itself",
                    "leave the record out, or write `for_each` into the endpoint",
                ));
            }
            let (exchange, found) = self.call(endpoint, None).await?;
            return Ok(Trial {
                parent: None,
                exchange,
                found,
            });
        };
        let (parent, record) = match record {
            Some(record) => (None, record.to_string()),
            None => match self.first_record(for_each).await? {
                (parent, Ok(record)) => (parent, record),
                (parent, Err(error)) => {
                    return Ok(Trial {
                        parent,
                        exchange: None,
                        found: Err(error),
                    });
                }
            },
        };
        let record = Parent::new(&record, &for_each.endpoint)?;
        let (exchange, mut found) = self.call(endpoint, Some(&record)).await?;
        if let Ok(found) = &mut found {
            match add(found.page.clone(), &record.members(for_each)) {
                Ok(page) => found.page = page,
                Err(said) => found
                    .warnings
                    .push(format!("`add` of `for_each` cannot be done: {said}")),
            }
        }
        Ok(Trial {
            parent,
            exchange,
            found,
        })
    }

    /// The first record of the endpoint for whose records another one is called.
    async fn first_record(
        &self,
        for_each: &ForEach,
    ) -> Result<(Option<Exchange>, Result<String, SourceError>), SourceError> {
        let doing = || format!("looking for a record of `{}`", for_each.endpoint);
        let known = self.application.endpoints.iter();
        let Some(endpoint) = known.into_iter().find(|one| one.name == for_each.endpoint) else {
            let said = format!("there is no endpoint `{}`", for_each.endpoint);
            return Err(misconfigured(
                doing(),
                said,
                "correct `endpoint` of its `for_each`",
            ));
        };
        if endpoint.for_each.is_some() {
            let said = "it is called for each record of another endpoint itself";
            return Err(misconfigured(
                doing(),
                said,
                "name an endpoint in `for_each` that is called by itself",
            ));
        }
        let (exchange, found) = self.call(endpoint, None).await?;
        let record = found.and_then(|found| {
            let first = found
                .page
                .iter()
                .next()
                .map(|raw| String::from_utf8_lossy(raw).into_owned());
            first.ok_or_else(|| {
                let hint = "give a record with `--record`, as `--record '{\"id\": 7}'`";
                misconfigured(
                    doing(),
                    "it has none, so that there is nothing to call this one for",
                    hint,
                )
            })
        });
        Ok((exchange, record))
    }

    /// Makes the first call of an endpoint.
    async fn call(
        &self,
        endpoint: &Endpoint,
        record: Option<&Parent>,
    ) -> Result<(Option<Exchange>, Result<Found, SourceError>), SourceError> {
        let call = Call::new(self.application, endpoint)?;
        let given = Given {
            environment: &self.environment,
            vault: &*self.secrets,
            record,
            begin: &Begin::default(),
        };
        let prepared = match call.prepare(given, &call.first()).await {
            Ok(prepared) => prepared,
            Err(error) => return Ok((None, Err(error))),
        };
        let mut request = prepared.page(1, None)?;
        let client = &self.reader.client;
        let answer = match &self.reader.tokens {
            Some(tokens) => tokens.exchange(client, &mut request).await,
            None => Ok(client.exchange(&request).await),
        };
        let answer = answer.and_then(|answer| answer.map_err(|failure| refused(failure, &prepared)));
        let exchange = |received| {
            Some(Exchange {
                endpoint: endpoint.name.clone(),
                sent: sent(&request),
                received,
            })
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Ok((exchange(None), Err(error))),
        };
        let received = exchange(Some(received(&request, &answer)));
        if !answer.status.is_success() {
            let failure = refusal(&request, &answer, 1);
            let error = match &self.reader.tokens {
                Some(tokens) => tokens.explained(failure),
                None => refused(failure, &prepared),
            };
            return Ok((received, Err(error)));
        }
        let found = match self.reader.page(&request, &answer, &prepared).await {
            Ok(page) => Ok(found(
                endpoint,
                &request,
                &answer,
                &prepared,
                call.repeat.as_ref(),
                page,
            )),
            Err(mut error) => {
                let lists = lists(endpoint, &answer.body);
                if !lists.is_empty() {
                    let paths: Vec<_> = lists
                        .iter()
                        .map(|list| format!("`records: {}`", list.path))
                        .collect();
                    error.hint = format!("{}; there are lists here: {}", error.hint, paths.join(", "));
                }
                Err(error)
            }
        };
        Ok((received, found))
    }
}

fn found(
    endpoint: &Endpoint,
    request: &HttpRequest,
    answer: &HttpAnswer,
    prepared: &Prepared,
    repeat: Option<&Repetition>,
    page: PageRead,
) -> Found {
    let count = page.records.contents.records.len();
    let total = page.records.contents.total;
    let mut progress = Progress::new(repeat.and_then(Repetition::records_a_step));
    progress.take(count, total, page.identity);
    let more = match repeat {
        None => More::No("the endpoint has no `repeat`, so that it is called once".to_owned()),
        Some(repeat) => more(endpoint, request, prepared, repeat, &page, &progress),
    };
    let mut warnings = Vec::new();
    let count = count as u64;
    if let (More::No(_), Some(total)) = (&more, total)
        && total != count
    {
        let so = if repeat.is_some() {
            "check its `repeat`"
        } else {
            "write a `repeat`"
        };
        warnings.push(format!(
            "the answer says that there are {total} records, and {count} came; {so}"
        ));
    }
    let step = repeat.and_then(Repetition::records_a_step);
    if let (More::Yes(_), Some(step)) = (&more, step)
        && count != step
        && total.is_none_or(|total| total > count)
    {
        warnings.push(format!(
            "the page has {count} records and the next one begins {step} further on; make `increment` as large as a page"
        ));
    }
    let lists = if count == 0 {
        lists(endpoint, &answer.body)
    } else {
        Vec::new()
    };
    Found {
        page: RecordPage {
            endpoint: 0,
            body: page.records.body,
            records: page.records.contents.records,
        },
        total,
        more,
        warnings,
        lists,
    }
}

fn more(
    endpoint: &Endpoint,
    request: &HttpRequest,
    prepared: &Prepared,
    repeat: &Repetition,
    page: &PageRead,
    progress: &Progress,
) -> More {
    let ends = || {
        let document = endpoint.repeat.as_ref();
        let until = document.and_then(|repeat| repeat.until.as_deref());
        let as_long_as = document.and_then(|repeat| repeat.as_long_as.as_deref());
        match (until, as_long_as) {
            _ if page.records.contents.records.is_empty() && repeat.is_numbered() && as_long_as.is_none() => {
                "the page has no records".to_owned()
            }
            (Some(until), _) if page.next.is_some() || repeat.is_numbered() => {
                format!("`until` holds: {until}")
            }
            (_, Some(condition)) => format!("`while` does not hold: {condition}"),
            _ => format!("the answer has nothing {}", repeat.step().origin()),
        }
    };
    match Trail::default().after(&endpoint.name, repeat, page, progress) {
        Ok(Following::None) => More::No(ends()),
        Ok(Following::Next) => {
            let next = repeat
                .step()
                .number(2)
                .map(|number| number.to_string())
                .unwrap_or_default();
            More::Yes(format!("the next call has {} = {next}", repeat.step().name()))
        }
        Ok(Following::At(token)) => {
            let shown = scrub(&token, &request.secrets);
            let next = prepared.page(2, Some(&token));
            match (repeat.step(), next) {
                (_, Err(error)) => stuck(&error),
                (Step::Link { .. }, Ok(next)) => More::Yes(format!("the next call is {next}")),
                (step, Ok(_)) => More::Yes(format!("the next call has {} = {shown}", step.name())),
            }
        }
        Err(error) => stuck(&error),
    }
}

fn stuck(error: &SourceError) -> More {
    More::Stuck {
        said: error.said.clone(),
        hint: error.hint.clone(),
    }
}
