//! Messages posted to channels, as those services take them and answer.

use rstest::rstest;
use serde_json::{Value, json};
use tenure_connect::mail::Mailer;
use tenure_core::document::{Channel, Document, Documents, Notification};
use tenure_core::seams::Attempt;
use tenure_sim::{Reply, Sink};

use crate::office::{KEY, environment, secrets, send, words};

const TO: [&str; 1] = ["channel:it"];
const NAME: &str = "Ada <!channel> & <https://evil.example|click>";

/// What posts to a channel with these fields.
fn channel(fields: &Value, notification: &Value) -> Mailer {
    let mut channel = json!({ "name": "it", "url": "{{ secret('hook') }}", "private_addresses": "allowed" });
    channel
        .as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    let mut message = json!({ "name": "welcome", "subject": "Welcome, {{ displayName }}", "text": "Hello {{ displayName }}\n\n{{ memberOf | join(', ') }}" });
    message
        .as_object_mut()
        .unwrap()
        .extend(notification.as_object().unwrap().clone());
    let channel: Channel = serde_json::from_value(channel).unwrap();
    let message: Notification = serde_json::from_value(message).unwrap();
    let documents: Documents = [Document::Channel(channel), Document::Notification(message)]
        .into_iter()
        .collect();
    Mailer::new(&documents, secrets(), environment())
}

/// The same at a sink, whose address is a secret.
fn at(sink: &Sink, fields: &Value) -> Mailer {
    crate::office::hook(&format!("{}/services/T0/B0/planted-h00k", sink.url()));
    channel(fields, &json!({}))
}

#[tokio::test]
async fn each_style_writes_as_its_service_reads() {
    let sink = Sink::start().await.unwrap();
    sink.reply([
        Reply::with(202, "text/plain", ""),
        Reply::with(200, "text/html", "ok"),
        Reply::with(200, "text/plain", "ok"),
    ]);
    for style in [
        json!({ "style": "teams" }),
        json!({ "style": "slack" }),
        json!({ "style": "json", "field": "message" }),
    ] {
        let run = send(&at(&sink, &style), &TO, NAME, Attempt::First).await;
        assert_eq!(words(&run.outcome), "sent to channel:it");
    }
    let received = sink.received();
    assert!(
        received
            .iter()
            .all(|one| one.path == "/services/T0/B0/planted-h00k" && one.method == "POST")
    );
    assert!(
        received
            .iter()
            .all(|one| one.header("content-type") == Some("application/json"))
    );
    let bodies: Vec<Value> = received
        .iter()
        .map(|one| serde_json::from_str(&one.body).unwrap())
        .collect();
    let card = &bodies[0]["attachments"][0];
    assert_eq!(card["contentType"], "application/vnd.microsoft.card.adaptive");
    let run = |text: &str| json!({ "type": "TextRun", "text": text });
    assert_eq!(
        card["content"]["body"],
        json!([
            { "type": "RichTextBlock", "inlines": [{ "type": "TextRun", "text": format!("Welcome, {NAME}"), "size": "Medium", "weight": "Bolder" }] },
            { "type": "RichTextBlock", "spacing": "None", "inlines": [run(&format!("Hello {NAME}"))] },
            { "type": "RichTextBlock", "spacing": "None", "inlines": [run("\u{a0}")] },
            { "type": "RichTextBlock", "spacing": "None", "inlines": [run("HR, IT & Co")] },
        ])
    );
    let escaped = "Ada &lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;";
    assert_eq!(
        bodies[1],
        json!({
            "text": format!("Welcome, {escaped}"),
            "blocks": [
                { "type": "header", "text": { "type": "plain_text", "text": format!("Welcome, {NAME}"), "emoji": false } },
                { "type": "section", "text": { "type": "mrkdwn", "text": format!("Hello {escaped}\n\nHR, IT &amp; Co"), "verbatim": true } },
            ],
        })
    );
    assert_eq!(
        bodies[2],
        json!({ "message": format!("Welcome, {NAME}\n\nHello {NAME}\n\nHR, IT & Co") })
    );
}

#[rstest]
#[case::slack_does_not_read_it(
    "slack",
    400,
    "invalid_payload",
    "refused: it was not taken: channel:it: 400 Bad Request"
)]
#[case::slack_has_no_such_hook(
    "slack",
    404,
    "no_service",
    "refused: it was not taken: channel:it: 404 Not Found"
)]
#[case::somebody_between("slack", 502, "", "in doubt: it was not taken: channel:it: 502 Bad Gateway")]
#[case::the_service_is_unwell(
    "json",
    503,
    "planted-h00k",
    "failed: it was not taken: channel:it: 503 Service Unavailable"
)]
#[case::old_connectors_say_yes_and_mean_no(
    "teams",
    200,
    "Webhook message delivery failed with error: HTTP error 413",
    "refused: it was not taken: channel:it: Webhook message delivery failed"
)]
#[case::old_connectors_are_asked_too_much(
    "teams",
    200,
    "Webhook message delivery failed with error: HTTP error 429",
    "failed: it was not taken: channel:it: Webhook message delivery failed"
)]
#[tokio::test(start_paused = true)]
async fn what_is_not_taken_is_told_without_the_address(
    #[case] style: &str,
    #[case] status: u16,
    #[case] body: &str,
    #[case] wanted: &str,
) {
    let sink = Sink::start().await.unwrap();
    sink.otherwise(Reply::with(status, "text/plain", body));
    let run = send(&at(&sink, &json!({ "style": style })), &TO, "Ada", Attempt::First).await;
    let said = words(&run.outcome);
    assert!(said.starts_with(wanted), "{said}");
    assert!(!format!("{run:?}").contains("h00k"), "{run:?}");
}

#[tokio::test]
async fn who_is_asked_to_come_later_does() {
    let sink = Sink::start().await.unwrap();
    sink.reply([Reply::with(429, "text/plain", "rate_limited").and("Retry-After", "0.2")]);
    let run = send(
        &at(&sink, &json!({ "style": "slack" })),
        &TO,
        "Ada",
        Attempt::First,
    )
    .await;
    assert_eq!(words(&run.outcome), "sent to channel:it");
    assert_eq!(sink.received().len(), 2);
}

#[tokio::test]
async fn a_post_that_may_have_been_made_is_made_again_only_where_that_is_safe() {
    let sink = Sink::start().await.unwrap();
    let run = send(
        &at(&sink, &json!({ "style": "slack" })),
        &TO,
        "Ada",
        Attempt::Again,
    )
    .await;
    assert!(
        words(&run.outcome).starts_with("in doubt: "),
        "{}",
        words(&run.outcome)
    );
    assert_eq!(sink.received().len(), 0);
    let keyed = json!({ "style": "json", "idempotency_header": "Idempotency-Key" });
    let run = send(&at(&sink, &keyed), &TO, "Ada", Attempt::Again).await;
    assert_eq!(words(&run.outcome), "sent to channel:it");
    assert_eq!(sink.received()[0].header("idempotency-key"), Some(KEY));
}

#[tokio::test]
async fn nothing_leads_elsewhere_and_nobody_is_told_a_password() {
    let sink = Sink::start().await.unwrap();
    let refused = json!({ "style": "slack", "private_addresses": "refused" });
    let run = send(&at(&sink, &refused), &TO, "Ada", Attempt::First).await;
    assert!(
        words(&run.outcome).contains("is a private address"),
        "{}",
        words(&run.outcome)
    );
    sink.reply([Reply::with(307, "text/plain", "").and("Location", "http://localhost:1/elsewhere")]);
    let run = send(
        &at(&sink, &json!({ "style": "slack" })),
        &TO,
        "Ada",
        Attempt::First,
    )
    .await;
    assert!(
        words(&run.outcome).contains("redirects are followed only within"),
        "{}",
        words(&run.outcome)
    );
    let told = channel(&json!({ "style": "slack" }), &json!({ "text": "{{ password }}" }));
    let run = send(&told, &TO, "Ada", Attempt::First).await;
    assert!(
        words(&run.outcome).contains("the first password"),
        "{}",
        words(&run.outcome)
    );
    let elsewhere = send(&told, &["channel:hr"], "Ada", Attempt::First).await;
    assert!(!elsewhere.outcome.is_success());
    crate::office::hook("planted-no-address");
    let run = send(
        &channel(&json!({ "style": "slack" }), &json!({})),
        &TO,
        "Ada",
        Attempt::First,
    )
    .await;
    assert!(
        words(&run.outcome).contains("no address of HTTP") && !format!("{run:?}").contains("planted"),
        "{run:?}"
    );
    assert_eq!(sink.received().len(), 1);
}
