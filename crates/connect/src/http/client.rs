//! The client: sends one request, as often as its bounds allow, and reads the answer within its bounds.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, StatusCode};
use tenure_core::document::LimitHeaders;
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::address::{PrivateAddresses, Resolver, check_literal};
use super::body::{BodyTrouble, read_all, read_start};
use super::error::{HttpError, HttpFailure, RedirectRefused, STILL_WAITING};
use super::manners::Pacer;
use super::masked::said;
use super::pace::{TooLong, wait_until};
use super::quota::quota;
use super::request::{HttpRequest, Repeatable};
use super::retry::{Retries, asked_wait, is_passing, is_too_many, was_not_done};
use super::tls::{TlsError, Trust, tls_config};

/// How much of an error's body is read and kept.
const ERROR_BODY: usize = 64 << 10;
/// How much of it is shown, in characters.
const ERROR_SHOWN: usize = 600;
const REDIRECTS: usize = 5;

/// The bounds within which one application is talked to.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// For connecting, with TLS.
    pub connect_timeout: Duration,
    /// Between two pieces of an answer.
    pub read_timeout: Duration,
    /// For a request with all its repetitions and waits.
    pub total_time: Duration,
    /// The longest answer in bytes, after decompression.
    pub response_bytes: u64,
    /// Requests at the same time.
    pub concurrency: usize,
    /// Requests a second; none for as many as go.
    pub rate: Option<f64>,
    /// What is shared with other clients of the same application, in place of `concurrency` and `rate` of its own.
    pub pacer: Option<Arc<Pacer>>,
    /// Whether each request waits for a place among those at the same time.
    pub places: Places,
    /// How often a request is made again.
    pub retries: Retries,
    /// Whether private addresses may be connected to.
    pub private_addresses: PrivateAddresses,
    /// Whose certificates are believed.
    pub trust: Trust,
}

/// Who takes a place among the requests that go at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Places {
    /// Each request by itself.
    #[default]
    PerRequest,
    /// Whoever makes the request has one, see [`HttpClient::at_ease`].
    ByCaller,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_mins(1),
            total_time: Duration::from_mins(5),
            response_bytes: 64 << 20,
            concurrency: 2,
            rate: None,
            pacer: None,
            places: Places::default(),
            retries: Retries::default(),
            private_addresses: PrivateAddresses::default(),
            trust: Trust::default(),
        }
    }
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct HttpAnswer {
    /// Its code.
    pub status: StatusCode,
    /// Its header fields.
    pub headers: HeaderMap,
    /// Its body, decompressed; of an error the first 64 KiB.
    pub body: Bytes,
    /// How long the last try took.
    pub took: Duration,
}

/// Talks to one application. Copies share connections, pace and bounds.
#[derive(Clone, Debug)]
pub struct HttpClient {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    client: Client,
    options: HttpOptions,
    pacer: Arc<Pacer>,
}

impl HttpClient {
    /// A client with these bounds. Connections are made when they are needed.
    pub fn new(options: HttpOptions) -> Result<Self, TlsError> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls_config(&options.trust)?)
            .dns_resolver(Arc::new(Resolver { private: options.private_addresses }))
            .redirect(Policy::custom(follow_within_host))
            // Both would carry a URL's secrets elsewhere.
            .referer(false)
            .no_proxy()
            .connect_timeout(options.connect_timeout)
            .read_timeout(options.read_timeout)
            .http2_adaptive_window(true)
            .tcp_nodelay(true)
            .user_agent(concat!("tenure/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| TlsError::Setup { why: error.to_string() })?;
        let own = || {
            Arc::new(Pacer::new(
                options.concurrency,
                options.rate,
                LimitHeaders::default(),
            ))
        };
        let pacer = options.pacer.clone().unwrap_or_else(own);
        Ok(Self {
            shared: Arc::new(Shared {
                client,
                options,
                pacer,
            }),
        })
    }

    /// The bounds of this client.
    pub fn options(&self) -> &HttpOptions {
        &self.shared.options
    }

    /// Sends a request and gives the answer if it is a success (2xx).
    pub async fn send(&self, request: &HttpRequest) -> Result<HttpAnswer, HttpFailure> {
        let (answer, tries) = self.exchange_counted(request).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        Err(refusal(request, &answer, tries))
    }

    /// Sends a request and gives the answer whatever its status, for those who judge that themselves. A status that
    /// says that the same request may do better later has been tried again before.
    pub async fn exchange(&self, request: &HttpRequest) -> Result<HttpAnswer, HttpFailure> {
        self.exchange_counted(request).await.map(|(answer, _)| answer)
    }

    /// Waits until the application may be called, and takes a place among those who call it at the same time. For
    /// requests that must not wait in the middle of what they belong to.
    ///
    /// # Errors
    /// The application wants to be left in peace for longer than `patience`.
    pub(crate) async fn at_ease(&self, patience: Duration) -> Result<Option<SemaphorePermit<'_>>, HttpError> {
        let place = self.shared.pacer.at_ease(patience).await;
        place.map_err(|TooLong(wait)| too_long(patience, wait))
    }

    async fn exchange_counted(&self, request: &HttpRequest) -> Result<(HttpAnswer, usize), HttpFailure> {
        let failed = |tries, error| HttpFailure {
            request: request.to_string(),
            tries,
            error,
        };
        let prepared = self.prepare(request).map_err(|error| failed(0, error))?;
        let options = &self.shared.options;
        let pacer = &self.shared.pacer;
        let mut ends = None;
        let mut waits = options.retries.waits();
        let mut patient_waits = options.retries.patient_waits();
        let mut tries = 0;
        loop {
            let left = ends.map_or(options.total_time, |ends: Instant| {
                ends.saturating_duration_since(Instant::now())
            });
            // A place is kept while a request is made, not while it waits to be made again.
            let place = match options.places {
                Places::PerRequest => pacer.place().await,
                Places::ByCaller => None,
            };
            let turn = pacer.pace.turn(left).await;
            let under_way =
                turn.map_err(|TooLong(wait)| failed(tries, too_long(options.total_time, wait)))?;
            // Waiting for one's turn is not the application's time.
            let deadline = *ends.get_or_insert_with(|| Instant::now() + options.total_time);
            tries += 1;
            let result = timeout_at(deadline, self.try_once(prepared.clone()))
                .await
                .unwrap_or_else(|_| {
                    let last = STILL_WAITING.to_owned();
                    Err(HttpError::TotalTime {
                        after: options.total_time,
                        last,
                    })
                });
            let told = result
                .as_ref()
                .ok()
                .and_then(|answer| quota(&answer.headers, &pacer.headers));
            let (passing, too_many, asked) = match &result {
                Ok(answer) => (
                    is_passing(answer.status),
                    is_too_many(answer.status),
                    asked_wait(&answer.headers),
                ),
                Err(error) => (error.is_passing(), false, None),
            };
            // A refusal that says when to come back without the usual field says it in its own.
            let asked = asked.or_else(|| {
                told.filter(|quota| too_many && quota.left == 0)
                    .map(|quota| quota.resets_in)
            });
            if result.is_ok() {
                under_way.answered(told);
            } else {
                drop(under_way);
            }
            let again = passing && may_be_repeated(request.repeatable, &result);
            // Being asked for fewer calls is no failure: only the time ends that.
            let next = if too_many {
                patient_waits.next()
            } else {
                waits.next()
            };
            let Some(chosen) = next.filter(|_| again) else {
                return result
                    .map(|answer| (answer, tries))
                    .map_err(|error| failed(tries, error));
            };
            let wait = asked.map_or(chosen, |asked| asked.max(options.retries.first));
            let last = match result {
                Ok(answer) => HttpError::Status {
                    status: answer.status,
                    said: said(&answer.body, ERROR_SHOWN, &request.secrets),
                },
                Err(error) => error,
            };
            tracing::debug!(%request, tries, ?wait, "will be tried again: {last}");
            if Instant::now() + wait >= deadline {
                let last = match asked {
                    Some(asked) => format!("{last}; it asks to wait {} s", asked.as_secs_f64()),
                    None => last.to_string(),
                };
                return Err(failed(
                    tries,
                    HttpError::TotalTime {
                        after: options.total_time,
                        last,
                    },
                ));
            }
            if asked.is_some() || too_many {
                pacer.pace.hold(wait);
            }
            drop(place);
            wait_until(Instant::now() + wait).await;
        }
    }

    fn prepare(&self, request: &HttpRequest) -> Result<Prepared, HttpError> {
        let target = request.target()?;
        check_literal(target.host().as_ref(), self.shared.options.private_addresses)
            .map_err(|refused| HttpError::PrivateAddress { host: refused.host })?;
        Ok(Prepared {
            method: request.method.clone(),
            target,
            headers: request.header_map()?,
            body: request.payload(),
        })
    }

    async fn try_once(&self, request: Prepared) -> Result<HttpAnswer, HttpError> {
        let Shared { client, options, .. } = self.shared.as_ref();
        let begun = Instant::now();
        let wrong = |error: &reqwest::Error| {
            HttpError::from_exchange(error, options.connect_timeout, options.read_timeout)
        };
        let mut sending = client
            .request(request.method, request.target)
            .headers(request.headers);
        if let Some(body) = request.body {
            sending = sending.body(body);
        }
        let mut response = sending.send().await.map_err(|error| wrong(&error))?;
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let body = if status.is_success() {
            read_all(response, options.response_bytes)
                .await
                .map_err(|trouble| match trouble {
                    BodyTrouble::TooLarge => HttpError::TooLarge {
                        limit: options.response_bytes,
                    },
                    BodyTrouble::Exchange(error) => wrong(&error),
                })?
        } else {
            read_start(response, ERROR_BODY).await
        };
        Ok(HttpAnswer {
            status,
            headers,
            body,
            took: begun.elapsed(),
        })
    }
}

/// Whether doing it again cannot do it twice, for a try that ended with a trouble that passes.
fn may_be_repeated(repeatable: Repeatable, result: &Result<HttpAnswer, HttpError>) -> bool {
    match (repeatable, result) {
        (Repeatable::Yes, _) => true,
        (Repeatable::No, Ok(answer)) => is_too_many(answer.status),
        (Repeatable::No, Err(_)) => false,
        (Repeatable::WhenNotDone, Ok(answer)) => was_not_done(answer.status),
        (Repeatable::WhenNotDone, Err(error)) => !error.is_unknown(),
    }
}

/// What an answer that is no success comes to.
pub(crate) fn refusal(request: &HttpRequest, answer: &HttpAnswer, tries: usize) -> HttpFailure {
    HttpFailure {
        request: request.to_string(),
        tries,
        error: HttpError::Status {
            status: answer.status,
            said: said(&answer.body, ERROR_SHOWN, &request.secrets),
        },
    }
}

/// A request whose parts have been checked, ready to be sent any number of times.
#[derive(Clone)]
struct Prepared {
    method: reqwest::Method,
    target: url::Url,
    headers: HeaderMap,
    body: Option<Bytes>,
}

fn too_long(after: Duration, wait: Duration) -> HttpError {
    let last = format!(
        "the application allows no more calls for {} s",
        wait.as_secs_f64().ceil()
    );
    HttpError::TotalTime { after, last }
}

/// Follows a redirect to the same host and port, or from http to https there. Keys in own headers would go along
/// anywhere else.
fn follow_within_host(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    if attempt.previous().len() > REDIRECTS {
        return attempt.error(RedirectRefused::TooMany);
    }
    let (to, from) = (attempt.url(), attempt.previous().last());
    let same = from.is_some_and(|from| {
        let upgraded =
            from.scheme() == "http" && to.scheme() == "https" && from.port().or(to.port()).is_none();
        from.host() == to.host()
            && (upgraded
                || (from.scheme() == to.scheme()
                    && from.port_or_known_default() == to.port_or_known_default()))
    });
    if same {
        return attempt.follow();
    }
    let to = to.origin().ascii_serialization();
    attempt.error(RedirectRefused::Elsewhere { to })
}
