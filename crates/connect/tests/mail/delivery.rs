//! What becomes of mail: encryption, signing in, servers that put off or refuse, and what may have been sent before.

use rstest::rstest;
use serde_json::json;
use tenure_core::seams::Attempt;
use tenure_lab::{SmtpEncryption, SmtpSink};

use crate::office::{KEY, LOGIN, mailer, plain, send, sink, words};

#[rstest]
#[tokio::test]
async fn mail_goes_encrypted_and_signed_in(
    #[values((SmtpEncryption::StartTls, "starttls"), (SmtpEncryption::Tls, "tls"))] how: (
        SmtpEncryption,
        &str,
    ),
) {
    let sink = SmtpSink::start(how.0, Some(LOGIN)).unwrap();
    let server = json!({ "encryption": how.1, "ca_file": "ca.pem", "user": "tenure", "password": "{{ secret('smtp') }}" });
    let run = send(
        &mailer(sink.port(), server, json!({})),
        &["ada@example.com"],
        "Ada",
        Attempt::First,
    )
    .await;
    assert_eq!(words(&run.outcome), "sent to ada@example.com");
    let received = sink.received().unwrap();
    assert!(
        received[0].starts_with("MAIL tenure@example.com\nRCPT ada@example.com\nTLS yes\nAUTH tenure\n"),
        "{}",
        received[0]
    );
    assert!(
        received[0].contains(&format!("\nMessage-ID: <{KEY}@example.com>\n")),
        "{}",
        received[0]
    );

    let server = json!({ "encryption": how.1, "ca_file": "ca.pem", "user": "tenure", "password": "{{ secret('wrong') }}" });
    let run = send(
        &mailer(sink.port(), server, json!({})),
        &["ada@example.com"],
        "Ada",
        Attempt::First,
    )
    .await;
    let said = words(&run.outcome);
    assert!(
        said.starts_with("refused: localhost:") && said.contains("535"),
        "{said}"
    );
    assert!(!format!("{run:?}").contains("wr0ng"), "{run:?}");

    // The machine's own authorities do not know the lab's.
    let run = send(
        &mailer(sink.port(), json!({ "encryption": how.1 }), json!({})),
        &["ada@example.com"],
        "Ada",
        Attempt::First,
    )
    .await;
    assert!(
        words(&run.outcome).contains("certificate"),
        "{}",
        words(&run.outcome)
    );
    assert_eq!(sink.received().unwrap().len(), 1);
}

#[tokio::test]
async fn without_encryption_where_it_is_asked_for_nothing_is_sent() {
    let sink = sink();
    let run = send(
        &mailer(sink.port(), json!({}), json!({})),
        &["ada@example.com"],
        "Ada",
        Attempt::First,
    )
    .await;
    assert!(!run.outcome.is_success(), "{}", words(&run.outcome));
    assert_eq!(sink.received().unwrap().len(), 0);
}

#[tokio::test]
async fn what_is_put_off_is_tried_again_and_what_is_refused_is_not() {
    let sink = sink();
    let mailer = plain(&sink, json!({}));
    let run = send(&mailer, &["busy@example.com"], "Ada", Attempt::First).await;
    assert_eq!(words(&run.outcome), "sent to busy@example.com");
    let run = send(&mailer, &["nobody@example.com"], "Ada", Attempt::First).await;
    let said = words(&run.outcome);
    assert!(
        said.starts_with("refused: localhost:") && said.contains("nobody of that name"),
        "{said}"
    );
    let run = send(&mailer, &["slow@example.com"], "Ada", Attempt::First).await;
    let said = words(&run.outcome);
    assert!(
        said.starts_with("failed: localhost:") && said.contains("come again later"),
        "{said}"
    );
    let run = send(
        &mailer,
        &["ada@example.com", "nobody@example.com", "bob@example.com"],
        "Ada",
        Attempt::First,
    )
    .await;
    let said = words(&run.outcome);
    assert!(
        said.starts_with("sent to ada@example.com, bob@example.com; not to nobody@example.com: "),
        "{said}"
    );
    assert_eq!(sink.received().unwrap().len(), 3);
}

#[tokio::test]
async fn what_may_have_been_sent_goes_again_with_the_same_id_or_is_asked_about() {
    let sink = sink();
    let again = send(
        &plain(&sink, json!({})),
        &["ada@example.com"],
        "Ada",
        Attempt::Again,
    )
    .await;
    assert!(again.outcome.is_success());
    assert!(sink.received().unwrap()[0].contains(&format!("<{KEY}@example.com>")));
    let asked = send(
        &plain(&sink, json!({ "in_doubt": "ask" })),
        &["ada@example.com"],
        "Ada",
        Attempt::Again,
    )
    .await;
    assert!(
        words(&asked.outcome).starts_with("in doubt: Tenure was broken off"),
        "{}",
        words(&asked.outcome)
    );
    let first = send(
        &plain(&sink, json!({ "in_doubt": "ask" })),
        &["ada@example.com"],
        "Ada",
        Attempt::First,
    )
    .await;
    assert!(first.outcome.is_success(), "{}", words(&first.outcome));
    assert_eq!(sink.received().unwrap().len(), 2);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_failure_that_may_pass() {
    let port = {
        let sink = sink();
        sink.port()
    };
    for more in [json!({}), json!({ "in_doubt": "ask" })] {
        let mailer = mailer(port, json!({ "encryption": "none" }), more);
        let run = send(&mailer, &["ada@example.com"], "Ada", Attempt::First).await;
        assert!(
            words(&run.outcome).starts_with("failed: localhost:"),
            "{}",
            words(&run.outcome)
        );
    }
    let nobody = send(&plain(&sink(), json!({})), &[], "Ada", Attempt::First).await;
    assert!(
        words(&nobody.outcome).contains("nobody to send it to"),
        "{}",
        words(&nobody.outcome)
    );
}
