//! Many requests in one (`$batch`): twenty at a time, those of one write after each other, and those that were told to
//! come back later sent again on their own after the time that was asked for.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value as Json, json};
use tenure_core::secret::Secret;
use tokio::time::Instant;

use super::fault::Fault;
use super::service::Service;
use crate::http::{HttpBody, HttpRequest, MASK, Masked, Method, Repeatable, asked_wait};

/// How many requests a batch may have.
const MOST: usize = 20;
/// How many bytes of bodies go together; Graph takes 4 MB.
const MOST_BYTES: usize = 1 << 20;
/// How much of a limit is used up when it is time to slow down, and for how long nothing is sent then.
const NEARLY: f64 = 0.9;
const BREATH: Duration = Duration::from_secs(1);
/// How often a request that was told to come back later is sent again.
const AGAIN: u32 = 8;
/// The wait when none is asked for; it doubles with each try.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest time for requests with all their waits.
const TOTAL: Duration = Duration::from_mins(5);

/// One request of a batch.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) method: Method,
    /// Below the version, `/users/…`.
    pub(super) path: String,
    pub(super) body: Option<Json>,
    pub(super) content_type: &'static str,
    /// What must not be shown of it.
    pub(super) secret: Option<Secret>,
}

impl Part {
    pub(super) fn get(path: String) -> Self {
        Self::new(Method::GET, path, None)
    }

    pub(super) fn new(method: Method, path: String, body: Option<Json>) -> Self {
        Self {
            method,
            path,
            body,
            content_type: "application/json",
            secret: None,
        }
    }
}

/// What became of a request: the body of a success, or why there is none.
pub(super) type Answer = Result<Json, Fault>;

/// A request on its way: which bundle it is of, and which one in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    bundle: usize,
    part: usize,
}

/// What is known of a request after a round.
enum News {
    Answered(Answer),
    /// To be sent again, after this time if one is asked for.
    Later(Option<Duration>, Fault),
}

impl Service {
    /// Sends bundles of requests. In a bundle each waits for the success of the one before. The answers are in the
    /// order of the requests.
    pub(super) async fn batch(&self, bundles: &[Vec<Part>]) -> Vec<Vec<Answer>> {
        let mut answers: Vec<Vec<Option<Answer>>> = bundles
            .iter()
            .map(|bundle| bundle.iter().map(|_| None).collect())
            .collect();
        let deadline = Instant::now() + TOTAL;
        let mut tries = 0;
        loop {
            let chunks = chunks(bundles, &answers);
            if chunks.is_empty() {
                break;
            }
            let sent = chunks.into_iter().map(|chunk| self.send(bundles, chunk));
            let news: Vec<_> = stream::iter(sent)
                .buffer_unordered(self.connections.max(1))
                .collect()
                .await;
            let mut wait: Option<Duration> = None;
            let last = tries >= AGAIN;
            for (place, news) in news.into_iter().flatten() {
                let answer = match news {
                    News::Answered(answer) => answer,
                    News::Later(_, fault) if last => Err(fault),
                    News::Later(asked, fault) => {
                        let asked = asked.unwrap_or(FIRST_WAIT * 2u32.pow(tries));
                        if Instant::now() + asked < deadline {
                            wait = Some(wait.map_or(asked, |known| known.max(asked)));
                            continue;
                        }
                        Err(fault)
                    }
                };
                settle(&mut answers, place, answer);
            }
            if let Some(wait) = wait {
                tries += 1;
                tracing::debug!(?wait, tries, "Graph asks for fewer requests");
                tokio::time::sleep(wait).await;
            }
        }
        let unanswered = || Err(Fault::unreadable("a request of a batch has no answer"));
        let whole = |bundle: Vec<Option<Answer>>| {
            let answers = bundle.into_iter().map(|answer| answer.unwrap_or_else(unanswered));
            answers.collect()
        };
        answers.into_iter().map(whole).collect()
    }

    /// Sends one batch, and says what is known of each of its requests.
    async fn send(&self, bundles: &[Vec<Part>], chunk: Vec<Place>) -> Vec<(Place, News)> {
        let mut requests = Vec::with_capacity(chunk.len());
        let mut secrets = Vec::new();
        let mut writes = false;
        for (at, place) in chunk.iter().enumerate() {
            let Some(part) = bundles
                .get(place.bundle)
                .and_then(|bundle| bundle.get(place.part))
            else {
                continue;
            };
            writes |= part.method != Method::GET;
            secrets.extend(part.secret.clone());
            let mut request =
                json!({ "id": at.to_string(), "method": part.method.as_str(), "url": part.path });
            if let Some(body) = &part.body {
                request["headers"] = json!({ "Content-Type": part.content_type });
                request["body"] = body.clone();
            }
            let follows = at.checked_sub(1).and_then(|before| chunk.get(before));
            if follows.is_some_and(|before| before.bundle == place.bundle) {
                request["dependsOn"] = json!([(at - 1).to_string()]);
            }
            requests.push(request);
        }
        let repeatable = if writes { Repeatable::No } else { Repeatable::Yes };
        let mut request = HttpRequest::new(Method::POST, format!("{}/$batch", self.root), repeatable);
        let text = json!({ "requests": requests }).to_string();
        request.body = Some(HttpBody {
            content_type: "application/json".to_owned(),
            text: if secrets.is_empty() {
                Masked::Plain(text)
            } else {
                Masked::Secret {
                    sent: Secret::new(text),
                    shown: MASK.to_owned(),
                }
            },
        });
        request.secrets = secrets;
        self.rest().await;
        let all = |news: &dyn Fn() -> News| chunk.iter().map(|place| (*place, news())).collect();
        let answer = match self.exchange(&self.graph, &mut request).await {
            Ok(answer) => answer,
            Err(fault) => return all(&|| News::Answered(Err(fault.clone()))),
        };
        let status = answer.status.as_u16();
        let body: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
        if matches!(status, 429 | 503) {
            // Nothing of it was looked at.
            let (asked, fault) = (asked_wait(&answer.headers), Fault::of(status, &body));
            self.leave_alone(asked.unwrap_or(FIRST_WAIT));
            return all(&|| News::Later(asked, fault.clone()));
        }
        if !answer.status.is_success() {
            return all(&|| News::Answered(Err(Fault::of(status, &body))));
        }
        if let Some(wait) = breath(&body) {
            self.leave_alone(wait);
        }
        let responses = body["responses"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        chunk
            .iter()
            .enumerate()
            .map(|(at, place)| {
                let id = at.to_string();
                let own = responses.iter().find(|response| response["id"] == id.as_str());
                let method = bundles
                    .get(place.bundle)
                    .and_then(|bundle| bundle.get(place.part))
                    .map(|part| &part.method);
                let news = own.map_or_else(
                    || News::Answered(Err(Fault::unreadable("a request of a batch has no answer"))),
                    |own| judged(own, method == Some(&Method::GET)),
                );
                (*place, news)
            })
            .collect()
    }
}

/// How long to send nothing: as long as any request was asked to wait, and a little when a limit is nearly reached
/// (`x-ms-throttle-limit-percentage`, which is sent from 80% on).
fn breath(body: &Json) -> Option<Duration> {
    let responses = body["responses"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let wait = |response: &Json| {
        if response["status"] == 429 {
            return asked(response);
        }
        let used = header(response, "x-ms-throttle-limit-percentage")?;
        let used: f64 = used.parse().ok()?;
        (used >= NEARLY).then_some(BREATH)
    };
    responses.iter().filter_map(wait).max()
}

/// A header of one answer.
fn header<'a>(response: &'a Json, name: &str) -> Option<&'a str> {
    let headers = response["headers"].as_object()?;
    let (_, value) = headers
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    value.as_str()
}

/// What the answer to one request says. Reading does no harm twice, so a service in trouble is asked again.
fn judged(response: &Json, reads: bool) -> News {
    let status = response["status"]
        .as_u64()
        .and_then(|status| u16::try_from(status).ok());
    let Some(status) = status else {
        return News::Answered(Err(Fault::unreadable("an answer in a batch has no status")));
    };
    let body = response.get("body").cloned().unwrap_or_default();
    if (200..300).contains(&status) {
        return News::Answered(Ok(body));
    }
    let mut fault = Fault::of(status, &body);
    if let Some(scope) = header(response, "x-ms-throttle-scope") {
        fault.refusal.message = format!("{} (limit of {scope})", fault.refusal.message);
    }
    match status {
        429 => News::Later(asked(response), fault),
        500 | 502..=504 if reads => News::Later(asked(response), fault),
        _ => News::Answered(Err(fault)),
    }
}

/// How long one request is asked to wait.
fn asked(response: &Json) -> Option<Duration> {
    let mut headers = HeaderMap::new();
    for (name, value) in response["headers"].as_object().into_iter().flatten() {
        let value = match value {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    asked_wait(&headers)
}

/// What is not answered yet, as many at a time as a batch takes; requests of one bundle stay together.
fn chunks(bundles: &[Vec<Part>], answers: &[Vec<Option<Answer>>]) -> Vec<Vec<Place>> {
    let mut chunks: Vec<Vec<Place>> = Vec::new();
    let mut bytes = 0;
    for (bundle, answers) in answers.iter().enumerate() {
        let open = answers.iter().enumerate().filter(|(_, answer)| answer.is_none());
        let places: Vec<Place> = open.map(|(part, _)| Place { bundle, part }).collect();
        if places.is_empty() {
            continue;
        }
        let parts = bundles.get(bundle).map(Vec::as_slice).unwrap_or_default();
        // Only pictures are long texts.
        let own = |part: &Part| part.body.as_ref().and_then(Json::as_str).map_or(0, str::len);
        let own: usize = parts.iter().map(own).sum();
        match chunks.last_mut() {
            Some(last) if last.len() + places.len() <= MOST && bytes + own <= MOST_BYTES => {
                last.extend(places);
                bytes += own;
            }
            _ => {
                chunks.push(places);
                bytes = own;
            }
        }
    }
    chunks
}

/// Keeps an answer. What waited for a request that was not carried out is not asked for again, and what waited for
/// one that only has to come back later waits on.
fn settle(answers: &mut [Vec<Option<Answer>>], place: Place, answer: Answer) {
    let Some(bundle) = answers.get_mut(place.bundle) else {
        return;
    };
    let waited = matches!(&answer, Err(fault) if fault.status == Some(424));
    let open_before = bundle
        .get(..place.part)
        .is_some_and(|before| before.iter().any(Option::is_none));
    if waited && open_before {
        return;
    }
    if let Err(fault) = &answer {
        for later in bundle
            .iter_mut()
            .skip(place.part + 1)
            .filter(|later| later.is_none())
        {
            *later = Some(Err(fault.clone()));
        }
    }
    if let Some(own) = bundle.get_mut(place.part) {
        *own = Some(answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(bundles: &[Vec<Part>]) -> Vec<Vec<Option<Answer>>> {
        let none = |bundle: &Vec<Part>| bundle.iter().map(|_| None).collect();
        bundles.iter().map(none).collect()
    }

    fn sizes(bundles: &[Vec<Part>]) -> Vec<usize> {
        chunks(bundles, &open(bundles)).iter().map(Vec::len).collect()
    }

    #[test]
    fn what_belongs_together_is_not_parted_and_pictures_do_not_pile_up() {
        let get = || Part::get("/users".to_owned());
        let threes: Vec<_> = (0..7).map(|_| vec![get(), get(), get()]).collect();
        assert_eq!(sizes(&threes), [18, 3]);
        let picture = || {
            let body = Json::from("A".repeat(600 << 10));
            vec![Part::new(
                Method::PUT,
                "/users/1/photo/$value".to_owned(),
                Some(body),
            )]
        };
        assert_eq!(sizes(&[vec![get()], picture(), picture(), vec![get()]]), [2, 2]);
    }

    #[test]
    fn what_waits_for_a_request_that_comes_back_later_waits_on() {
        let get = || Part::get("/users".to_owned());
        let mut answers = open(&[vec![get(), get()]]);
        let place = |part| Place { bundle: 0, part };
        let failed = |status| Err(Fault::of(status, &Json::Null));
        settle(&mut answers, place(1), failed(424));
        assert!(answers[0][1].is_none());
        settle(&mut answers, place(0), failed(400));
        let status = |part: usize| match &answers[0][part] {
            Some(Err(fault)) => fault.status,
            _ => None,
        };
        assert_eq!((status(0), status(1)), (Some(400), Some(400)));
    }

    #[test]
    fn the_longest_wait_counts_and_a_nearly_reached_limit_too() {
        let response = |status: u16, headers: Json| json!({ "status": status, "headers": headers });
        let body = |responses: Vec<Json>| json!({ "responses": responses });
        let throttled = response(429, json!({ "Retry-After": "2.128" }));
        let near = response(200, json!({ "x-ms-throttle-limit-percentage": "0.95" }));
        let far = response(200, json!({ "x-ms-throttle-limit-percentage": "0.8" }));
        assert_eq!(breath(&body(vec![far.clone()])), None);
        assert_eq!(breath(&body(vec![far, near.clone()])), Some(BREATH));
        assert_eq!(
            breath(&body(vec![near, throttled])),
            Some(Duration::from_millis(2128))
        );
    }
}
