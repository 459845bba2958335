//! Manners over real HTTP: limits that an application counts itself, told in header fields of several kinds.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use futures_util::future::join_all;
use tenure_core::document::{Application, LimitHeaders, ResetUnit};

use super::*;

/// How many calls an application allows in a window, and for how long it says that a used window lasts.
const LIMIT: u64 = 20;
const REST: Duration = Duration::from_millis(40);
/// What it says while calls are left: longer than any test may take.
const LONG: Duration = Duration::from_mins(10);

/// Counts calls in windows. A window ends when it was used up and its rest is over, so that a client that leaves calls
/// of it unused waits for ever.
#[derive(Default)]
struct Counter {
    used: u64,
    used_up: Option<Instant>,
    windows: u64,
    refused: u64,
}

impl Counter {
    /// How many calls are left after this one and for how long; none when it is one too many.
    fn count(&mut self) -> (Option<u64>, Duration) {
        if self.used_up.is_some_and(|at| at.elapsed() >= REST) {
            (self.used, self.used_up) = (0, None);
            self.windows += 1;
        }
        if let Some(at) = self.used_up {
            self.refused += 1;
            return (None, REST.saturating_sub(at.elapsed()));
        }
        self.used += 1;
        if self.used < LIMIT {
            return (Some(LIMIT - self.used), LONG);
        }
        self.used_up = Some(Instant::now());
        (Some(0), REST)
    }
}

/// A server whose answers say what `head` makes of the calls that are left and the time until there are more.
async fn counting(
    head: impl Fn(u64, Duration) -> Vec<(&'static str, String)> + Clone + Send + Sync + 'static,
) -> (String, Arc<Mutex<Counter>>) {
    let counter = Arc::new(Mutex::new(Counter::default()));
    let counting = Arc::clone(&counter);
    let (url, _) = serve(move |_| {
        let (left, rest) = counting.lock().unwrap_or_else(PoisonError::into_inner).count();
        let mut response = Response::builder().status(if left.is_some() { 200 } else { 429 });
        for (name, value) in head(left.unwrap_or_default(), rest) {
            response = response.header(name, value);
        }
        response.body(Body::empty()).unwrap()
    })
    .await;
    (url, counter)
}

/// Makes so many calls at once.
async fn call(client: &HttpClient, url: &str, calls: u64) {
    let request = HttpRequest::get(url);
    let answers = join_all((0..calls).map(|_| client.send(&request))).await;
    for answer in answers {
        answer.unwrap();
    }
}

/// Header fields that say how many calls are left, and for how long.
type Head = fn(u64, Duration) -> Vec<(&'static str, String)>;

#[tokio::test]
async fn a_limit_that_is_told_is_used_up_and_never_overstepped() {
    let milliseconds = LimitHeaders {
        unit: Some(ResetUnit::Milliseconds),
        ..LimitHeaders::default()
    };
    let own = LimitHeaders {
        remaining: Some("Calls-Left".to_owned()),
        reset: Some("Calls-More-In".to_owned()),
        unit: Some(ResetUnit::Seconds),
        used: None,
    };
    let remote: Head = |left, rest| {
        vec![
            ("x-ratelimit-remaining", left.to_string()),
            ("x-ratelimit-reset", rest.as_millis().to_string()),
        ]
    };
    let named: Head = |left, rest| {
        vec![
            ("calls-left", left.to_string()),
            ("calls-more-in", rest.as_secs_f64().to_string()),
        ]
    };
    let draft: Head = |left, rest| {
        vec![
            ("ratelimit-remaining", left.to_string()),
            ("ratelimit-reset", rest.as_secs_f64().to_string()),
        ]
    };
    for (headers, head) in [
        (milliseconds, remote),
        (own, named),
        (LimitHeaders::default(), draft),
    ] {
        let (url, counter) = counting(head).await;
        let client = client(|options| {
            options.pacer = Some(Arc::new(Pacer::new(4, None, headers.clone())));
        });
        let calls = call(&client, &url, 5 * LIMIT);
        tokio::time::timeout(Duration::from_mins(1), calls).await.unwrap();
        let counter = counter.lock().unwrap();
        // The fifth window is used up, and every one before it was: all of the limit.
        assert_eq!(
            (counter.windows, counter.used, counter.refused),
            (4, LIMIT, 0),
            "{headers:?}"
        );
    }
}

#[tokio::test]
async fn a_refusal_without_a_time_is_waited_out_by_all_however_often_it_comes() {
    // HaloITSM says nothing but 429, and JumpCloud how many calls are left, which is none.
    for head in [vec![], vec![("x-ratelimit-remaining", "0".to_owned())]] {
        let (url, counter) = counting(move |_, _| head.clone()).await;
        let client = client(|options| options.retries.times = 1);
        call(&client, &url, 3 * LIMIT).await;
        let counter = counter.lock().unwrap();
        assert_eq!((counter.windows, counter.used), (2, LIMIT));
        assert!(counter.refused > 0);
    }
}

#[tokio::test]
async fn a_refusal_is_repeated_even_where_a_failure_is_not() {
    let (url, counter) = counting(|_, rest| vec![("retry-after", rest.as_secs_f64().to_string())]).await;
    let client = client(|_| {});
    let request = HttpRequest::new(Method::POST, url, Repeatable::No);
    for _ in 0..=LIMIT {
        client.send(&request).await.unwrap();
    }
    let counter = counter.lock().unwrap();
    assert_eq!((counter.windows, counter.used, counter.refused), (1, 1, 1));
}

#[tokio::test]
async fn a_rest_that_is_longer_than_the_time_allowed_is_told_at_once() {
    let busy = |_: &str| {
        Response::builder()
            .header("ratelimit", "\"day\";r=0;t=7200")
            .body(Body::empty())
            .unwrap()
    };
    let (url, calls) = serve(busy).await;
    let client = client(|_| {});
    let request = HttpRequest::get(url);
    client.send(&request).await.unwrap();
    let error = client.send(&request).await.unwrap_err();
    assert_eq!(
        error.error.to_string(),
        "not done within 300 s (last: the application allows no more calls for 7200 s)"
    );
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_clients_of_an_application_share_its_pace_and_places() {
    let application = |concurrency: u32| -> Application {
        serde_json::from_value(serde_json::json!({
            "name": "crew", "limits": { "concurrency": concurrency, "headers": { "unit": "milliseconds" } }
        }))
        .unwrap()
    };
    let manners = Manners::default();
    let head = |left: u64, rest: Duration| {
        vec![
            ("x-ratelimit-remaining", left.to_string()),
            ("x-ratelimit-reset", rest.as_millis().to_string()),
        ]
    };
    let (url, counter) = counting(head).await;
    let shared = || client(|options| options.pacer = Some(manners.of(&application(2))));
    let (one, other) = (shared(), shared());
    tokio::join!(call(&one, &url, LIMIT), call(&other, &url, LIMIT));
    let counter = counter.lock().unwrap();
    assert_eq!((counter.windows, counter.used, counter.refused), (1, LIMIT, 0));
    assert!(Arc::ptr_eq(
        &manners.of(&application(2)),
        &manners.of(&application(2))
    ));
    let before = manners.of(&application(2));
    assert!(!Arc::ptr_eq(&before, &manners.of(&application(3))));
}

/// Whoever waits for an answer here is counted until it is given.
#[tokio::test]
async fn no_more_calls_go_at_the_same_time_than_allowed() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (counted, highest) = (Arc::clone(&now), Arc::clone(&most));
    let router = Router::new().fallback(move || {
        let (now, most) = (Arc::clone(&counted), Arc::clone(&highest));
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            now.fetch_sub(1, Ordering::SeqCst);
            "done"
        }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    let pacer = Arc::new(Pacer::new(3, None, LimitHeaders::default()));
    let clients: Vec<_> = [(); 3]
        .map(|()| client(|options| options.pacer = Some(Arc::clone(&pacer))))
        .into();
    join_all(clients.iter().map(|client| call(client, &url, 20))).await;
    assert_eq!(most.load(Ordering::SeqCst), 3);
}
