//! The client: sends one request, as often as its bounds allow, and reads the answer within its bounds.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, StatusCode};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::address::{PrivateAddresses, Resolver, check_literal};
use super::body::{BodyTrouble, read_all, read_start};
use super::error::{HttpError, HttpFailure, RedirectRefused};
use super::masked::said;
use super::pace::Pace;
use super::request::{HttpRequest, Repeatable};
use super::retry::{Retries, asked_wait, is_passing};
use super::tls::{TlsError, Trust, tls_config};

/// How much of an error's body is read and kept.
const ERROR_BODY: usize = 64 << 10;
/// How much of it is shown, in characters.
const ERROR_SHOWN: usize = 300;
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
    /// How often a request is made again.
    pub retries: Retries,
    /// Whether private addresses may be connected to.
    pub private_addresses: PrivateAddresses,
    /// Whose certificates are believed.
    pub trust: Trust,
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
    places: Semaphore,
    pace: Pace,
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
        let places = Semaphore::new(options.concurrency.clamp(1, Semaphore::MAX_PERMITS));
        let pace = Pace::new(options.rate);
        Ok(Self {
            shared: Arc::new(Shared {
                client,
                options,
                places,
                pace,
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

    async fn exchange_counted(&self, request: &HttpRequest) -> Result<(HttpAnswer, usize), HttpFailure> {
        let failed = |tries, error| HttpFailure {
            request: request.to_string(),
            tries,
            error,
        };
        let prepared = self.prepare(request).map_err(|error| failed(0, error))?;
        // Fails only when the semaphore is closed, which nobody does.
        let _place = self.shared.places.acquire().await.ok();
        wait_until(self.shared.pace.reserve()).await;
        let options = &self.shared.options;
        let deadline = Instant::now() + options.total_time;
        let mut waits = options.retries.waits();
        let mut tries = 0;
        loop {
            tries += 1;
            let result = timeout_at(deadline, self.try_once(prepared.clone()))
                .await
                .unwrap_or_else(|_| {
                    let last = "still waiting for the answer".to_owned();
                    Err(HttpError::TotalTime {
                        after: options.total_time,
                        last,
                    })
                });
            let (passing, asked) = match &result {
                Ok(answer) => (is_passing(answer.status), asked_wait(&answer.headers)),
                Err(error) => (error.is_passing(), None),
            };
            let next = waits
                .next()
                .filter(|_| passing && request.repeatable == Repeatable::Yes);
            let Some(chosen) = next else {
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
            if asked.is_some() {
                self.shared.pace.hold(wait);
            }
            wait_until(self.shared.pace.reserve().max(Instant::now() + wait)).await;
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

/// Waits if that moment is still to come. The timer alone would take up to a millisecond for one that is past.
async fn wait_until(moment: Instant) {
    if moment > Instant::now() {
        sleep_until(moment).await;
    }
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
