use std::{net::TcpListener, time::Duration};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tenure_sim::{JumpCloud, JumpCloudOptions, Population, SimError, jumpcloud::RateLimit};
use tokio::sync::oneshot;

use crate::caller::{Caller, KEY, client, options};

#[tokio::test]
async fn a_missing_or_wrong_key_is_refused() {
    let caller = Caller::among(3).await;
    let url = format!("{}/api/systemusers", caller.sim.url());
    for request in [
        caller.client.get(&url),
        caller.client.get(&url).header("x-api-key", "stale"),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(
            answer.json::<Value>().await.unwrap(),
            json!({"message": "Unauthorized"})
        );
    }
    assert_eq!(caller.sim.requests(), 2);
}

#[tokio::test]
async fn the_organisation_must_be_named_where_one_is_set() {
    let caller = Caller::of(JumpCloudOptions {
        org_id: Some("northwind".to_owned()),
        ..options(Population::generate(3, 1))
    })
    .await;
    let request = || {
        caller
            .client
            .get(format!("{}/api/systemusers", caller.sim.url()))
            .header("x-api-key", KEY)
    };
    assert_eq!(request().send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let named = request().header("x-org-id", "northwind").send().await.unwrap();
    assert_eq!(named.status(), StatusCode::OK);
}

#[tokio::test]
async fn more_than_the_rate_limit_is_told_to_wait() {
    let caller = Caller::of(JumpCloudOptions {
        rate_limit: Some(RateLimit {
            requests: 2,
            window: Duration::from_hours(1),
        }),
        ..options(Population::generate(3, 1))
    })
    .await;
    caller.get("/api/systemusers").await;
    caller.get("/api/systemusers").await;
    let refused = caller
        .send(reqwest::Method::GET, "/api/systemusers", None)
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let header = |name: &str| refused.headers()[name].to_str().unwrap().to_owned();
    let wait: u64 = header("retry-after").parse().unwrap();
    assert!((3000..=3600).contains(&wait), "{wait}");
    assert_eq!(header("x-ratelimit-limit"), "2");
    assert_eq!(header("x-ratelimit-remaining"), "0");
    assert_eq!(
        refused.json::<Value>().await.unwrap(),
        json!({"message": "Too Many Requests"})
    );
}

#[tokio::test]
async fn a_taken_port_is_reported() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let started = JumpCloud::start(JumpCloudOptions {
        port,
        ..options(Population::generate(1, 1))
    })
    .await;
    assert!(matches!(started, Err(SimError::Listen { port: found, .. }) if found == port));
}

#[tokio::test]
async fn it_serves_until_it_is_told_to_stop_even_with_connections_open() {
    let sim = JumpCloud::start(options(Population::generate(3, 1)))
        .await
        .unwrap();
    let url = format!("{}/api/systemusers", sim.url());
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(sim.serve_until(async {
        stopped.await.unwrap();
    }));
    let client = client();
    let silent = tokio::net::TcpStream::connect(url[7..].split_once('/').unwrap().0)
        .await
        .unwrap();
    assert!(client.get(&url).send().await.unwrap().error_for_status().is_err());
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    assert!(client.get(&url).send().await.is_err());
    drop(silent);
}
