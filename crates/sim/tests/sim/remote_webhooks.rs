use serde_json::json;
use sha2::{Digest, Sha256};
use tenure_sim::{
    Population, Remote, RemoteOptions,
    population::{EventKind, Whom},
    remote::Host,
};

use crate::{
    api::{Api, list},
    receiver::Receiver,
    remote::{among, of},
};

async fn wait_until<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        tokio::task::yield_now().await;
    }
}

/// HMAC-SHA256, worked out another way than the simulator does: with the key in one whole block.
fn hmac(key: &str, message: &str) -> String {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key.as_bytes());
    let inner = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x36))
        .chain_update(message)
        .finalize();
    let outer = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x5c))
        .chain_update(inner)
        .finalize();
    hex::encode(outer)
}

#[tokio::test]
async fn whoever_subscribed_is_told_ids_signed_with_the_time_of_the_first_try() {
    let (sim, api) = among(20).await;
    let mut receiver = Receiver::start(1, false).await;
    let wanted = json!({ "url": receiver.url, "subscribed_events": ["offboarding.completed"] });
    let made =
        api.post("/v1/webhook-callbacks", wanted).await.expect(201)["data"]["webhook_callback"].clone();
    let key = made["signing_key"].as_str().unwrap();
    sim.event(EventKind::Move, Whom::Anyone, 1).unwrap();
    sim.event(EventKind::Terminate, Whom::Employee("E-100004".to_owned()), 1)
        .unwrap();

    let (headers, text, body) = receiver.next().await;
    assert_eq!(body["event_type"], "offboarding.completed");
    assert_eq!(body["employment_id"], sim.employment_id(4));
    let names: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 3, "ids only: {body}");
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let time = header("x-remote-timestamp");
    assert_eq!(time.len(), 13, "milliseconds");
    assert_eq!(header("x-remote-signature"), hmac(key, &format!("{text}:{time}")));

    let (again, text_again, _) = receiver.next().await;
    assert_eq!(
        again["x-remote-timestamp"], headers["x-remote-timestamp"],
        "tried again, as it was"
    );
    assert_eq!(
        (&again["x-remote-signature"], text_again),
        (&headers["x-remote-signature"], text)
    );

    let company = body["company_id"].as_str().unwrap();
    let listed = api
        .get(&format!("/v1/companies/{company}/webhook-callbacks"))
        .await;
    assert_eq!(listed["data"][0]["id"], made["id"]);
    assert!(listed["data"][0].get("signing_key").is_none(), "shown once");
    let delivered = wait_until(async || {
        let events = api.get("/v1/webhook-events?successfully_delivered=true").await;
        list(&events["data"], "webhook_events").first().cloned()
    })
    .await;
    api.post("/v1/webhook-events/replay", json!({ "ids": [delivered["id"]] }))
        .await
        .expect(200);
    assert_eq!(receiver.next().await.2["event_type"], "offboarding.completed");

    let path = format!("/v1/webhook-callbacks/{}", made["id"].as_str().unwrap());
    api.patch(&path, json!({ "subscribe_to_all_events": true }))
        .await
        .expect(200);
    let work = json!({ "work_email": "new@northwind.test" });
    api.patch(&format!("/v2/employments/{}", sim.employment_id(2)), work)
        .await
        .expect(200);
    assert_eq!(receiver.next().await.2["event_type"], "employment.updated");
    assert_eq!(
        receiver.next().await.2["event_type"],
        "employment.work_email.updated"
    );
    api.delete(&path).await.expect(200);
    api.delete(&path).await.expect(404);
}

#[tokio::test]
async fn only_the_sandbox_sends_webhooks_on_demand() {
    let body =
        |sim: &Remote| json!({ "event_type": "employment.updated", "employment_id": sim.employment_id(0) });
    let (sim, api) = among(2).await;
    api.post("/v1/sandbox/webhook-callbacks/trigger", body(&sim))
        .await
        .expect(404);
    let (sim, api) = of(RemoteOptions {
        host: Host::Sandbox,
        ..RemoteOptions::new(Population::generate(2, 1), "ra_test_abc")
    })
    .await;
    let mut receiver = Receiver::start(0, false).await;
    let wanted = json!({ "url": receiver.url, "subscribe_to_all_events": true });
    api.post("/v1/webhook-callbacks", wanted).await.expect(201);
    api.post("/v1/sandbox/webhook-callbacks/trigger", body(&sim))
        .await
        .expect(200);
    assert_eq!(receiver.next().await.2["employment_id"], sim.employment_id(0));
}

/// Base64 for addresses, without padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: Vec<u8> = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1))
        .collect();
    let value = |six: &[u8]| (0..6).fold(0, |value, bit| value * 2 + six.get(bit).copied().unwrap_or(0));
    bits.chunks(6)
        .map(|six| char::from(LETTERS[usize::from(value(six))]))
        .collect()
}

#[tokio::test]
async fn an_assertion_gets_a_token_when_signed_with_the_secret_and_short_lived() {
    let (sim, _) = among(2).await;
    let api = Api::new(sim.url());
    let ask = async |secret: &str, seconds: i64| {
        let end = jiff::Timestamp::now().as_second() + seconds;
        let claims = json!({ "iss": "client", "exp": end }).to_string();
        let signed = format!(
            "{}.{}",
            base64(br#"{"alg":"HS256","typ":"JWT"}"#),
            base64(claims.as_bytes())
        );
        let signature = base64(&hex::decode(hmac(secret, &signed)).unwrap());
        let assertion = format!("{signed}.{signature}");
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", assertion.as_str()),
        ];
        api.form("/auth/oauth2/token", &form).await
    };
    let granted = ask("secret", 500).await.expect(200);
    let inside = Api::new(sim.url()).bearer(granted["access_token"].as_str().unwrap());
    assert_eq!(inside.status("/v1/employments").await, 200);
    for (secret, seconds) in [("guess", 500), ("secret", 700), ("secret", -5)] {
        assert_eq!(ask(secret, seconds).await.expect(400)["error"], "invalid_grant");
    }
}
