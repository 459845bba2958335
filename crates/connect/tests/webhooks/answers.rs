//! What counts as success, what is kept of it, and what is done about everything else.

use rstest::rstest;
use serde_json::{Value, json};
use tenure_core::outcome::Outcome;
use tenure_core::seams::Attempt;
use tenure_sim::{Reply, Sink};

use crate::stage::{KEY, SECRET, call, one, subject};

/// What becomes of a call with this answer.
async fn outcome(webhook: Value, reply: Reply) -> (Outcome, String) {
    let sink = Sink::start().await.unwrap();
    sink.otherwise(reply);
    let made = call(&one(sink.url(), &webhook), &subject(&[])).await;
    (made.outcome, made.why)
}

fn is(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Answered { .. } => "answered",
        Outcome::Refused(_) => "refused",
        Outcome::Failed(_) => "failed",
        Outcome::InDoubt { .. } => "in doubt",
        _ => "other",
    }
}

#[rstest]
#[case(None, 201, "{}", "answered")]
#[case(None, 404, "{}", "refused")]
#[case(Some("status == 200"), 201, "{}", "refused")]
#[case(Some("status == 409 or status == 201"), 409, "{}", "answered")]
#[case(Some("answer.ok"), 200, r#"{"ok": true}"#, "answered")]
#[case(Some("answer.ok"), 200, r#"{"ok": false}"#, "refused")]
#[case(Some("answer.ok"), 200, "not json", "refused")]
#[case(Some("answer == 'done'"), 200, "done", "answered")]
#[case(
    Some("answer.reply.result == 'done'"),
    200,
    "<reply><result>done</result></reply>",
    "answered"
)]
#[case(Some("headers['x-result'] == 'fine'"), 200, "", "answered")]
#[case(Some("headers['x-result'] == 'bad'"), 200, "", "refused")]
#[tokio::test]
async fn success_is_what_the_condition_says(
    #[case] success: Option<&str>,
    #[case] status: u16,
    #[case] body: &str,
    #[case] expected: &str,
) {
    let webhook = success.map_or(json!({}), |success| json!({ "success": success }));
    let reply = Reply::with(status, "text/plain", body).and("x-result", "fine");
    let (outcome, why) = outcome(webhook, reply).await;
    assert_eq!(is(&outcome), expected, "{outcome:?}");
    if let Some(success) = success {
        assert!(why.contains(success), "{why}");
    }
}

#[tokio::test]
async fn values_are_captured_and_what_is_not_there_or_too_long_is_named() {
    let sink = Sink::start().await.unwrap();
    let body = json!({ "id": 9_007_199_254_740_993_i64, "tags": ["a", "b"], "long": "x".repeat(2_000) });
    sink.otherwise(Reply::json(201, &body).and("location", "/people/9"));
    let webhook = json!({ "capture": {
        "id": "{{ answer.id }}", "tags": "{{ answer.tags }}", "place": "at {{ headers.location }}",
        "long": "{{ answer.long }}", "none": "{{ answer.other }}", "status": "{{ status }}",
    } });
    let made = call(&one(sink.url(), &webhook), &subject(&[])).await;
    let Outcome::Answered { answer, captured } = made.outcome else {
        panic!("{made:?}")
    };
    assert_eq!(answer, "201 Created");
    assert_eq!(
        json!(captured),
        json!({ "id": 9_007_199_254_740_993_i64, "tags": ["a", "b"], "place": "at /people/9", "status": 201 })
    );
    assert_eq!(
        json!(made.not_captured),
        json!({ "long": "longer than 1024 bytes", "none": "`answer.other` has no value" })
    );
}

#[rstest]
#[case(500)]
#[case(429)]
#[case(503)]
#[tokio::test]
async fn trouble_that_passes_is_tried_again_with_the_same_key(#[case] status: u16) {
    let sink = Sink::start().await.unwrap();
    sink.reply([Reply::json(status, &json!({ "error": "later" }))]);
    let webhook = json!({ "idempotency_header": "Idempotency-Key", "body": {} });
    let made = call(&one(sink.url(), &webhook), &subject(&[])).await;
    assert_eq!(is(&made.outcome), "answered");
    let keys: Vec<_> = sink
        .received()
        .iter()
        .map(|received| received.header("idempotency-key").map(str::to_owned))
        .collect();
    assert_eq!(keys, [Some(KEY.to_owned()), Some(KEY.to_owned())]);
}

#[rstest]
// Turned away before anything was done: it may be tried again, and then is a failure.
#[case(json!({}), 503, 3, "failed")]
// The application itself says that it failed.
#[case(json!({}), 500, 1, "failed")]
// Somebody between here and there does not know.
#[case(json!({}), 502, 1, "in doubt")]
#[case(json!({ "method": "PATCH" }), 504, 1, "in doubt")]
#[case(json!({ "in_doubt": "repeat" }), 504, 3, "failed")]
#[case(json!({ "method": "PUT" }), 502, 3, "failed")]
#[case(json!({ "method": "PUT", "in_doubt": "ask" }), 502, 1, "in doubt")]
#[case(json!({ "idempotency_header": "x-key" }), 504, 3, "failed")]
#[tokio::test]
async fn only_what_is_safe_is_made_again(
    #[case] webhook: Value,
    #[case] status: u16,
    #[case] times: usize,
    #[case] expected: &str,
) {
    let sink = Sink::start().await.unwrap();
    sink.otherwise(Reply::json(status, &json!({ "error": "out of order" })));
    let made = call(&one(sink.url(), &webhook), &subject(&[])).await;
    assert_eq!(
        (sink.received().len(), is(&made.outcome)),
        (times, expected),
        "{made:?}"
    );
}

#[rstest]
#[case(json!({}), "in doubt")]
#[case(json!({ "method": "PUT" }), "failed")]
#[tokio::test]
async fn no_answer_leaves_what_is_not_repeatable_in_doubt(#[case] webhook: Value, #[case] expected: &str) {
    let sink = Sink::start().await.unwrap();
    sink.otherwise(Reply::Silence);
    let mut described = json!({ "name": "go", "url": format!("{}/go", sink.url()) });
    described
        .as_object_mut()
        .unwrap()
        .extend(webhook.as_object().unwrap().clone());
    let caller = crate::stage::caller(&json!({
        "limits": { "retries": 0, "timeout": "1s" }, "webhooks": [described],
    }));
    let made = call(&caller, &subject(&[])).await;
    assert_eq!(
        (sink.received().len(), is(&made.outcome)),
        (1, expected),
        "{made:?}"
    );
    sink.let_go();
}

#[tokio::test]
async fn without_a_connection_nothing_is_in_doubt() {
    let caller = crate::stage::caller(&json!({
        "limits": { "retries": 0 }, "webhooks": [{ "name": "go", "url": "http://127.0.0.1:9/go" }],
    }));
    let made = call(&caller, &subject(&[])).await;
    assert_eq!(is(&made.outcome), "failed", "{made:?}");
}

#[rstest]
#[case(json!({ "method": "POST" }), 0, "in doubt")]
#[case(json!({ "method": "PATCH" }), 0, "in doubt")]
#[case(json!({ "method": "PUT" }), 1, "answered")]
#[case(json!({ "method": "DELETE" }), 1, "answered")]
#[case(json!({ "method": "GET" }), 1, "answered")]
#[case(json!({ "idempotency_header": "Idempotency-Key" }), 1, "answered")]
#[case(json!({ "in_doubt": "repeat" }), 1, "answered")]
#[case(json!({ "method": "PUT", "in_doubt": "ask" }), 0, "in doubt")]
#[tokio::test]
async fn after_a_crash_only_what_is_safe_is_made_again(
    #[case] webhook: Value,
    #[case] times: usize,
    #[case] expected: &str,
) {
    let sink = Sink::start().await.unwrap();
    let caller = one(sink.url(), &webhook);
    let made = caller.call("go", &subject(&[]), KEY, Attempt::Again).await;
    assert_eq!(
        (sink.received().len(), is(&made.outcome)),
        (times, expected),
        "{made:?}"
    );
}

#[tokio::test]
async fn what_an_application_says_is_told_at_length_and_without_secrets() {
    let said = format!(
        "{}{SECRET}{}the end{}",
        "a".repeat(290),
        "b".repeat(280),
        "c".repeat(300)
    );
    let key = json!({ "headers": { "x-key": "{{ secret('crew') }}" } });
    let (refused, _) = outcome(key, Reply::with(400, "text/plain", said)).await;
    let Outcome::Refused(refusal) = refused else {
        panic!("{refused:?}")
    };
    assert!(refusal.message.contains("bbbthe endc"), "{refusal:?}");
    assert!(!refusal.message.contains("7f3a"), "{refusal:?}");
    assert!(refusal.message.chars().count() < 700, "{refusal:?}");
}
