//! What mail says: other alphabets, hostile names, and the first password only where it is asked for.

use serde_json::json;
use tenure_core::seams::Attempt;

use crate::office::{FIRST, plain, send, sink, words};

/// The body of a mail without its encoding, as far as tests need it.
fn decoded(mail: &str) -> String {
    let joined = mail.replace("=\n", "");
    let (mut bytes, mut rest) = (Vec::new(), joined.as_bytes());
    while let Some((first, more)) = rest.split_first() {
        let hex = (*first == b'=').then(|| more.get(..2)).flatten();
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &more[2..] } else { more };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn names_of_other_alphabets_arrive() {
    let sink = sink();
    let html =
        "<p>Hello {{ displayName }}</p>\n{% for group in memberOf %}\n<i>{{ group }}</i>\n{% endfor %}";
    let mailer = plain(
        &sink,
        json!({ "html": html, "text": "Здравствуйте, {{ displayName }}, desk {{ captured.desk }}" }),
    );
    let run = send(
        &mailer,
        &["ada@example.com"],
        "Ольга 李小龍 Müller",
        Attempt::First,
    )
    .await;
    assert!(run.outcome.is_success(), "{}", words(&run.outcome));
    assert_eq!(run.mail.unwrap().subject, "Welcome, Ольга 李小龍 Müller");
    let mail = &sink.received().unwrap()[0];
    assert!(mail.contains("\nSubject: Welcome, =?utf-8?b?"), "{mail}");
    assert!(
        mail.contains("Auto-Submitted: auto-generated") && mail.contains("multipart/alternative"),
        "{mail}"
    );
    assert!(mail.split_once("\n\n").unwrap().0.is_ascii(), "{mail}");
    let base64 = |text: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(text)
    };
    let text = "Здравствуйте, Ольга 李小龍 Müller, desk 4.17";
    let lines = mail.replace('\n', "");
    assert!(
        decoded(mail).contains(text) || lines.contains(&base64(text)),
        "{mail}"
    );
    let page = "<p>Hello Ольга 李小龍 Müller</p>\n<i>HR</i>\n<i>IT &amp; Co</i>\n";
    let crlf = page.replace('\n', "\r\n");
    let arrived =
        decoded(mail).contains(page) || lines.contains(&base64(page)) || lines.contains(&base64(&crlf));
    assert!(arrived, "{mail}");
}

#[tokio::test]
async fn hostile_names_make_no_header_and_no_markup() {
    let sink = sink();
    let mailer = plain(&sink, json!({}));
    let run = send(
        &mailer,
        &["ada@example.com"],
        "Ada\r\nBcc: all@example.com",
        Attempt::First,
    )
    .await;
    assert!(
        words(&run.outcome).contains("line break"),
        "{}",
        words(&run.outcome)
    );
    for address in [
        "ada@example.com\r\nRCPT TO:<all@example.com>",
        "ada",
        "a b@example.com",
        "<ada@example.com>",
    ] {
        let run = send(&mailer, &[address], "Ada", Attempt::First).await;
        assert!(
            words(&run.outcome).contains("no address"),
            "{address:?}: {}",
            words(&run.outcome)
        );
    }
    assert_eq!(sink.received().unwrap().len(), 0);
    let html = "<a title=\"{{ displayName }}\">{{ displayName }}</a>";
    let mailer = plain(&sink, json!({ "subject": "Welcome", "html": html, "text": "." }));
    let run = send(
        &mailer,
        &["ada@example.com"],
        "\"><script>'&\r\n.\r\nQUIT",
        Attempt::First,
    )
    .await;
    assert!(run.outcome.is_success(), "{}", words(&run.outcome));
    let mail = decoded(&sink.received().unwrap()[0]);
    assert!(
        mail.contains("<a title=\"&quot;&gt;&lt;script&gt;&#39;&amp;"),
        "{mail}"
    );
    assert!(!mail.contains("<script>"), "{mail}");
}

#[tokio::test]
async fn the_first_password_is_where_a_template_asks_for_it_and_never_shown() {
    let sink = sink();
    let run = send(
        &plain(&sink, json!({ "text": "It is {{ password }}" })),
        &["ada@example.com"],
        "Ada",
        Attempt::First,
    )
    .await;
    assert!(run.outcome.is_success(), "{}", words(&run.outcome));
    assert!(decoded(&sink.received().unwrap()[0]).contains(FIRST));
    assert_eq!(run.mail.as_ref().unwrap().text.as_deref(), Some("It is …"));
    assert!(!format!("{run:?}").contains("Passw0rd"), "{run:?}");
    let run = send(
        &plain(&sink, json!({ "text": "{{ title }}" })),
        &["ada@example.com"],
        "Ada",
        Attempt::First,
    )
    .await;
    assert!(
        words(&run.outcome).contains("`text` needs `title`"),
        "{}",
        words(&run.outcome)
    );
}
