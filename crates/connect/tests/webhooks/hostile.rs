//! Whatever is in an account arrives as it is, in every place and every kind of message.

use rstest::rstest;
use serde_json::{Value, json};
use tenure_core::outcome::Outcome;
use tenure_sim::{Received, Sink};

use crate::stage::{KEY, SECRET, call, one, subject};

const HOSTILE: [&str; 7] = [
    "O'Hara \"the boss\"",
    "<b>&amp;</b> ]]> <!--",
    "two\nlines\ttab",
    "😀 Zoë",
    "\"}, \"admin\": true, {\"",
    "{{ secret('crew') }} {% x %}",
    "a/b?c=d&e#f %2e+ \\",
];

async fn sent(webhook: Value, value: &str) -> Received {
    let sink = Sink::start().await.unwrap();
    let caller = one(sink.url(), &webhook);
    let made = call(&caller, &subject(&[("displayName", &[value]), ("sn", &["B"])])).await;
    assert!(made.outcome.is_success(), "{made:?}");
    let received = sink.received();
    assert_eq!(received.len(), 1);
    received.into_iter().next().unwrap()
}

#[rstest]
#[tokio::test]
async fn in_json(#[values(0, 1, 2, 3, 4, 5, 6)] which: usize) {
    let value = HOSTILE[which];
    let body = json!({ "name": "{{ displayName }}", "text": "Dear {{ displayName }}!", "list": ["{{ displayName }}"] });
    let received = sent(json!({ "body": body }), value).await;
    assert_eq!(received.method, "POST");
    assert_eq!(received.header("content-type"), Some("application/json"));
    let body: Value = serde_json::from_str(&received.body).unwrap();
    assert_eq!(
        body,
        json!({ "name": value, "text": format!("Dear {value}!"), "list": [value] })
    );
}

#[rstest]
#[tokio::test]
async fn in_a_form_and_a_query_and_a_path(#[values(0, 1, 2, 3, 4, 5, 6)] which: usize) {
    let value = HOSTILE[which];
    let sink = Sink::start().await.unwrap();
    let webhook = json!({
        "url": format!("{}/people/{{{{ displayName }}}}/x?q={{{{ displayName }}}}", sink.url()),
        "query": { "name": "{{ displayName }}" },
        "message": "form",
        "body": { "name": "{{ displayName }}", "fixed": 1 },
    });
    let made = call(&one(sink.url(), &webhook), &subject(&[("displayName", &[value])])).await;
    assert!(made.outcome.is_success(), "{made:?}");
    let received = sink.received().remove(0);
    let pairs = |text: &str| -> Vec<(String, String)> {
        url::form_urlencoded::parse(text.as_bytes())
            .into_owned()
            .collect()
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(pairs(&received.body), [pair("fixed", "1"), pair("name", value)]);
    assert_eq!(pairs(&received.query), [pair("q", value), pair("name", value)]);
    let segments: Vec<_> = received.path.split('/').collect();
    assert_eq!(
        (segments.len(), segments[1], segments[3]),
        (4, "people", "x"),
        "{}",
        received.path
    );
    // A segment is decoded like a query, but for the plus.
    assert_eq!(pairs(&format!("s={}", segments[2])), [pair("s", value)]);
}

#[rstest]
#[case("xml", "application/xml; charset=utf-8")]
#[case("soap", "text/xml; charset=utf-8")]
#[tokio::test]
async fn in_xml(#[case] message: &str, #[case] kind: &str, #[values(0, 1, 2, 3, 4, 5, 6)] which: usize) {
    let value = HOSTILE[which];
    let body = "<person name=\"{{ displayName }}\"><note>Dear {{ displayName }}</note></person>";
    let received = sent(json!({ "message": message, "body": body }), value).await;
    assert_eq!(received.header("content-type"), Some(kind));
    let (name, note) = read(&received.body);
    assert_eq!(
        (name, note),
        (value.to_owned(), format!("Dear {value}")),
        "{}",
        received.body
    );
    if message == "soap" {
        assert!(received.body.contains("<soap:Body><person"), "{}", received.body);
        assert_eq!(received.header("soapaction"), Some("\"\""));
    }
}

/// The attribute and the text of the message, as a reader of XML has them.
fn read(text: &str) -> (String, String) {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(text);
    let (mut name, mut note, mut within) = (String::new(), String::new(), false);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                within = start.local_name().as_ref() == "note";
                for attribute in start.attributes().flatten() {
                    if attribute.key.local_name().as_ref() == "name" {
                        let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0);
                        name = value.unwrap().into_owned();
                    }
                }
            }
            Event::End(_) => within = false,
            Event::Text(text) if within => note.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) if within => {
                let named = reference.xml10_content();
                match reference.resolve_char_ref().unwrap() {
                    Some(letter) => note.push(letter),
                    None => note.push_str(quick_xml::escape::resolve_predefined_entity(&named).unwrap()),
                }
            }
            Event::Eof => return (name, note),
            _ => {}
        }
    }
}

#[rstest]
#[tokio::test]
async fn in_a_plain_text(#[values(0, 1, 2, 3, 4, 5, 6)] which: usize) {
    let value = HOSTILE[which];
    let received = sent(
        json!({ "message": "text", "body": "Dear {{ displayName }}:" }),
        value,
    )
    .await;
    assert_eq!(received.body, format!("Dear {value}:"));
}

#[tokio::test]
async fn a_header_takes_what_it_can_carry_and_nothing_with_a_line_break() {
    let webhook =
        json!({ "headers": { "x-name": "{{ displayName }}", "x-left-out": "{{ title | default('') }}" } });
    let received = sent(webhook.clone(), "O'Hara \"Zoë\"; x=1").await;
    assert_eq!(received.header("x-name"), Some("O'Hara \"Zoë\"; x=1"));
    assert_eq!(received.header("x-left-out"), None);

    let sink = Sink::start().await.unwrap();
    for value in ["a\r\nx-admin: 1", "a\nb", "a\0"] {
        let made = call(&one(sink.url(), &webhook), &subject(&[("displayName", &[value])])).await;
        let Outcome::Refused(refusal) = &made.outcome else {
            panic!("{made:?}")
        };
        assert!(
            refusal.message.contains("which a header cannot carry"),
            "{refusal}"
        );
    }
    assert_eq!(sink.received(), []);
}

#[rstest]
#[case(json!({ "url": "http://127.0.0.1:9/{{ title }}" }), "`url` needs `title`")]
#[case(json!({ "query": { "t": "{{ title }}" } }), "the query parameter `t` needs `title`")]
#[case(json!({ "headers": { "t": "x {{ title }}" } }), "the header `t` needs `title`")]
#[case(json!({ "body": { "t": "{{ title }}" } }), "`body` needs `title`")]
#[case(json!({ "body": { "t": "Dear {{ title }}" } }), "`body` needs `title`")]
#[case(json!({ "message": "form", "body": { "t": "{{ title }}" } }), "`body` needs `title`")]
#[case(json!({ "message": "xml", "body": "<t>{{ title }}</t>" }), "`body` needs `title`")]
#[case(json!({ "message": "text", "body": "{{ title }}" }), "`body` needs `title`")]
#[case(json!({ "body": { "t": "{{ captured.other }}" } }), "`body` needs `captured.other`")]
#[tokio::test]
async fn what_is_missing_fails_the_call_and_nothing_is_sent(#[case] webhook: Value, #[case] said: &str) {
    let sink = Sink::start().await.unwrap();
    let made = call(&one(sink.url(), &webhook), &subject(&[("sn", &["B"])])).await;
    let Outcome::Refused(refusal) = &made.outcome else {
        panic!("{made:?}")
    };
    assert!(refusal.message.contains(said), "{refusal}");
    assert!(refusal.hint.contains("default('')"), "{}", refusal.hint);
    assert_eq!(sink.received(), []);
}

#[tokio::test]
async fn a_path_does_not_lead_elsewhere() {
    let sink = Sink::start().await.unwrap();
    let webhook = json!({ "url": format!("{}/people/{{{{ sn }}}}/x", sink.url()) });
    for value in ["..", "."] {
        let made = call(&one(sink.url(), &webhook), &subject(&[("sn", &[value])])).await;
        assert!(matches!(made.outcome, Outcome::Refused(_)), "{made:?}");
    }
    assert_eq!(sink.received(), []);
}

#[tokio::test]
async fn json_keeps_what_is_no_text() {
    let sink = Sink::start().await.unwrap();
    let webhook = json!({ "body": {
        "number": "{{ employeeNumber | int }}",
        "yes": "{{ title == 'Boss' }}",
        "groups": "{{ memberOf }}",
        "captured": "{{ captured.contact_id }}",
        "text": "{{ captured.contact_id }} {{ run }}",
        "nothing": "{{ mail | default(none) }}",
        "plain": [1, true, null],
        "site": "{{ site_of('Finance') | int }}",
        "day": "{{ now }}",
        "who": "{{ person.key }} {{ person.name }} {{ account.id }} {{ account.dn }}",
    } });
    let subject = subject(&[
        ("employeeNumber", &["0042"]),
        ("title", &["Boss"]),
        ("memberOf", &["CN=A", "CN=B"]),
    ]);
    let made = call(&one(sink.url(), &webhook), &subject).await;
    assert!(made.outcome.is_success(), "{made:?}");
    let body: Value = serde_json::from_str(&sink.received()[0].body).unwrap();
    assert_eq!(
        body,
        json!({
            "number": 42, "yes": true, "groups": ["CN=A", "CN=B"], "captured": 77, "text": "77 12",
            "nothing": null, "plain": [1, true, null], "site": 18, "day": "2026-01-05T08:00:00Z",
            "who": "E-7 Ada Byrne a-1 CN=Ada Byrne,OU=Staff,DC=corp",
        })
    );
}

#[tokio::test]
async fn secrets_are_sent_and_never_shown() {
    let sink = Sink::start().await.unwrap();
    let url = format!("{}/go/{{{{ secret('crew') }}}}", sink.url());
    let caller = crate::stage::caller(&json!({
        "authorization": { "type": "api_key", "key": "x-api-key", "value": "{{ secret('plain') }}" },
        "webhooks": [{
            "name": "go", "url": url, "idempotency_header": "Idempotency-Key",
            "headers": { "x-second": "{{ secret('plain') }}-{{ sn }}" },
            "query": { "key": "{{ secret('crew') }}" },
            "body": { "password": "{{ secret('crew') }}", "name": "{{ sn }}" },
        }],
    }));
    // An application that says back what it was told.
    let echo = json!({ "you_sent": SECRET, "encoded": url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect::<String>() });
    sink.otherwise(tenure_sim::Reply::json(400, &echo));
    let subject = subject(&[("sn", &["B"])]);
    let made = call(&caller, &subject).await;
    let received = sink.received().remove(0);
    assert_eq!(received.header("x-api-key"), Some("s3cret"));
    assert_eq!(received.header("x-second"), Some("s3cret-B"));
    assert_eq!(received.header("idempotency-key"), Some(KEY));
    let body: Value = serde_json::from_str(&received.body).unwrap();
    assert_eq!(body, json!({ "password": SECRET, "name": "B" }));
    assert_eq!(received.path, "/go/planted%20%26%20%22secret%22%2F7f3a");

    let shown = format!("{made:?} {:?}", caller.show("go", &subject, KEY).await.unwrap());
    for secret in ["planted", "7f3a", "s3cret"] {
        assert!(!shown.contains(secret), "{secret} is in {shown}");
    }
    let request = made.request.unwrap();
    assert_eq!(request.body.as_deref(), Some(r#"{"name":"B","password":"…"}"#));
    assert!(request.url.ends_with("/go/…?key=…"), "{}", request.url);
    assert_eq!(sink.received().len(), 1, "what is only shown is not sent");
}
