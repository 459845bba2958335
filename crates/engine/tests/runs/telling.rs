//! Telling what runs did: by mail and in a channel, once for each run, also when the server was away for a while.

use rstest::rstest;
use tenure_core::profile::PersonKey;
use tenure_engine::WebhookTry;
use tenure_lab::{SmtpEncryption, SmtpSink};
use tenure_sim::{Reply, Sink};
use tenure_store::{Notice, NoticeState, RunState};

use crate::company::{Company, On, people};

/// A company that tells of its runs as `notify` says.
async fn company(on: On, count: usize, sink: &SmtpSink, more: &str, notify: &str) -> Company {
    let mut company = Company::start(on, people(count)).await;
    let documents = format!(
        "kind: mail_server
name: mail
host: localhost
port: {port}
encryption: none
from: Tenure <tenure@example.com>
---
{more}kind: data_source
name: employees
",
        port = sink.port()
    );
    company.edit("kind: data_source\nname: employees\n", &documents);
    company.edit("guards:\n", &format!("notify:\n{notify}guards:\n"));
    company
}

fn sink() -> SmtpSink {
    SmtpSink::start(SmtpEncryption::None, None).unwrap()
}

fn mails(sink: &SmtpSink) -> Vec<String> {
    let mails = sink.received().unwrap().into_iter();
    mails
        .map(|mail| mail.replace("=\n", "").replace("=3D", "="))
        .collect()
}

fn message_id(mail: &str) -> &str {
    mail.lines()
        .find(|line| line.starts_with("Message-ID: "))
        .unwrap()
}

/// What is kept of messages about a run: to whom, how far, and what was said last.
async fn told(company: &Company, run: tenure_store::RunId) -> Vec<(String, NoticeState)> {
    let notices = company.engine.store().notices(run).await.unwrap();
    let told = notices
        .into_iter()
        .map(|notice: Notice| (notice.id.to, notice.state));
    told.collect()
}

#[rstest]
#[tokio::test]
async fn a_run_tells_what_it_did_and_one_without_changes_nothing(#[values(On::Sqlite, On::Postgres)] on: On) {
    let sink = sink();
    let notify = "  - { to: it@example.com }\n  - { when: done, to: audit@example.com }\n";
    let company = company(on, 3, &sink, "", notify).await;
    let run = company.run().await;
    let received = mails(&sink);
    let to = |who: &str| {
        received
            .iter()
            .filter(|mail| mail.contains(&format!("\nRCPT {who}\n")))
            .count()
    };
    assert_eq!(
        (received.len(), to("it@example.com"), to("audit@example.com")),
        (2, 1, 1)
    );
    let creates = run.applied.creates;
    assert!(
        received[0].contains(&format!(
            "Subject: Run 1 of corp-from-jumpcloud: {creates} accounts created\n"
        )),
        "{}",
        received[0]
    );
    assert!(
        received[0].contains("multipart/alternative") && received[0].contains("prefers-color-scheme: dark")
    );
    assert!(received[0].contains("More: tenure show 1"), "{}", received[0]);
    assert!(received[0].contains("E-100000"), "{}", received[0]);
    // Nothing to do: only who asked to be told anyway is told.
    assert_eq!(company.run().await.state, RunState::Done);
    let received = mails(&sink);
    assert_eq!(received.len(), 3);
    assert!(
        received[2].contains("\nRCPT audit@example.com\n") && received[2].contains("nothing to do"),
        "{}",
        received[2]
    );
    assert_eq!(told(&company, run.id).await.len(), 2);
}

#[tokio::test]
async fn what_is_told_reads_well() {
    let sink = sink();
    let company = company(On::Sqlite, 1, &sink, "", "  - { to: it@example.com }\n").await;
    let run = company.run().await;
    let test = company
        .engine
        .test_digest(
            &company.documents,
            (None, run.id),
            None,
            &["me@example.com".to_owned()],
            WebhookTry::ShowOnly,
        )
        .await
        .unwrap();
    let mail = test.shown.unwrap();
    insta::assert_snapshot!(format!("{}\n\n{}", mail.subject, mail.text.unwrap()));
    insta::assert_snapshot!(mail.html.unwrap());
}

#[rstest]
#[tokio::test]
async fn a_held_run_tells_why_and_how_it_goes_on(#[values(On::Sqlite, On::Postgres)] on: On) {
    let sink = sink();
    let mut company = company(on, 3, &sink, "", "  - { to: it@example.com }\n").await;
    company.edit("  deletes: 5\n", "  deletes: 5\n  creates: 1\n");
    let run = company.plan().await;
    assert_eq!(run.state, RunState::Held);
    let received = mails(&sink);
    assert_eq!(received.len(), 1);
    assert!(
        received[0].contains("Subject: Run 1 of corp-from-jumpcloud is held: "),
        "{}",
        received[0]
    );
    assert!(
        received[0].contains("tenure apply 1 --release"),
        "{}",
        received[0]
    );
    assert!(received[0].contains("What it would do:"), "{}", received[0]);
    // It is let go, and then it tells what it did.
    company.release(&run).await.unwrap();
    let received = mails(&sink);
    assert_eq!(received.len(), 2);
    assert!(
        received[1].contains("accounts created") && received[1].contains("What was done:"),
        "{}",
        received[1]
    );
}

#[tokio::test]
async fn a_source_that_fails_is_told() {
    let sink = sink();
    let company = company(
        On::Sqlite,
        2,
        &sink,
        "",
        "  - { when: failed, to: it@example.com }\n",
    )
    .await;
    company.secret("jumpcloud", "another").await;
    let error = company.try_plan().await.unwrap_err().to_string();
    let received = mails(&sink);
    assert_eq!(received.len(), 1, "{error}");
    assert!(
        received[0].contains("Subject: Run 1 of corp-from-jumpcloud failed\n"),
        "{}",
        received[0]
    );
    assert!(received[0].contains("401"), "{}", received[0]);
}

#[rstest]
#[tokio::test]
async fn a_server_that_was_away_gets_it_with_the_next_run_and_once(
    #[values(On::Sqlite, On::Postgres)] on: On,
) {
    let mut sink = sink();
    let company = company(on, 2, &sink, "", "  - { to: [it@example.com, hr@example.com] }\n").await;
    sink.away();
    let run = company.run().await;
    let owed = |state| {
        vec![
            ("hr@example.com".to_owned(), state),
            ("it@example.com".to_owned(), state),
        ]
    };
    assert_eq!(told(&company, run.id).await, owed(NoticeState::Owed));
    let open = company.engine.store().open_notices(None, 10).await.unwrap();
    let said = open[0].said.clone().unwrap();
    assert!(said.contains("Connection refused"), "{said}");
    sink.back().unwrap();
    assert_eq!(company.run().await.summary.plan.changes, 0);
    assert_eq!(told(&company, run.id).await, owed(NoticeState::Sent));
    company.run().await;
    let received = mails(&sink);
    assert_eq!(received.len(), 2);
    for mail in &received {
        let key = open.iter().find(|notice| message_id(mail).contains(&notice.key));
        assert!(
            mail.contains(&format!("\nRCPT {}\n", key.unwrap().id.to)),
            "{mail}"
        );
    }
}

#[rstest]
#[tokio::test]
async fn what_is_refused_waits_for_somebody(#[values(On::Sqlite, On::Postgres)] on: On) {
    let sink = sink();
    let to = "  - { to: [nobody@example.com, slow@example.com, busy@example.com] }\n";
    let company = company(on, 2, &sink, "", to).await;
    let run = company.run().await;
    let wanted = |nobody| {
        vec![
            ("busy@example.com".to_owned(), NoticeState::Sent),
            ("nobody@example.com".to_owned(), nobody),
            ("slow@example.com".to_owned(), NoticeState::Owed),
        ]
    };
    assert_eq!(told(&company, run.id).await, wanted(NoticeState::Refused));
    // The next run leaves alone what was refused; somebody who asks for it tries again.
    company.run().await;
    let tries = |notices: Vec<Notice>| notices.into_iter().map(|notice| notice.tries).collect::<Vec<_>>();
    let store = company.engine.store();
    assert_eq!(tries(store.notices(run.id).await.unwrap()), [1, 1, 2]);
    let sent = company
        .engine
        .send_notices(&company.documents, Some(run.id), false)
        .await
        .unwrap();
    assert_eq!(tries(sent), [2, 3]);
    assert_eq!(company.engine.drop_notices(run.id).await.unwrap().len(), 2);
    assert!(store.open_notices(None, 10).await.unwrap().is_empty());
    assert_eq!(sink.received().unwrap().len(), 1);
}

#[rstest]
#[tokio::test]
async fn what_one_run_did_for_a_person_comes_in_one_message(#[values(On::Sqlite, On::Postgres)] on: On) {
    let sink = sink();
    let more = "kind: notification
name: news
subject: \"{{ headline }}\"
text: |
  {% for change in changes %}
  {{ change.event }} of {{ change.name }}
  {% for line in change.what %}
  * {{ line }}
  {% endfor %}
  {% endfor %}
html: |
  {% for change in changes %}{% for line in change.what %}<p>{{ line }}</p>{% endfor %}{% endfor %}
---
";
    let notify = "  - { digest: person, template: news, to: [person, hr@example.com] }\n";
    let mut company = company(on, 3, &sink, more, notify).await;
    company.edit(
        "  title: jobTitle\n",
        "  title: { from: jobTitle, redact: true }\n",
    );
    let plan = company.plan().await;
    let shown: String = company
        .changes(plan.id)
        .await
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(shown.contains("hr@example.com what was done"), "{shown}");
    let run = company.apply(&plan).await.unwrap();
    let joined = usize::try_from(run.applied.creates).unwrap();
    let received = mails(&sink);
    assert_eq!(received.len(), 2 * joined);
    assert!(
        received
            .iter()
            .all(|mail| mail.contains(" starts\n") && mail.contains("* create CN=")),
        "{received:?}"
    );
    assert!(
        received.iter().all(|mail| mail.contains("* add to CN=All Staff")),
        "{received:?}"
    );

    // A title changes, which nobody reads.
    let title = "planted <title>";
    company.edit(
        "  title: { from: jobTitle, redact: true }\n",
        &format!("  title: {{ from: \"{{{{ '{title}' }}}}\", redact: true }}\n  description: \"{{{{ '<b>' ~ lastname }}}}\"\n"),
    );
    let before = received.len();
    let run = company.run().await;
    let changed = usize::try_from(run.applied.modifies).unwrap();
    let received = mails(&sink).split_off(before);
    assert_eq!(received.len(), 2 * changed);
    for mail in &received {
        assert!(
            mail.contains("* change title: ") && !mail.contains("planted"),
            "{mail}"
        );
        assert!(
            mail.contains("<p>change description: (nothing) -&gt; &lt;b&gt;"),
            "{mail}"
        );
    }
    let key = PersonKey::new("E-100001").unwrap();
    let test = company
        .engine
        .test_digest(
            &company.documents,
            (Some("news"), run.id),
            Some(&key),
            &["me@example.com".to_owned()],
            WebhookTry::Call,
        )
        .await
        .unwrap();
    assert!(test.run.unwrap().outcome.is_success());
}

#[rstest]
#[tokio::test]
async fn a_channel_is_told_too(#[values(On::Sqlite, On::Postgres)] on: On) {
    let (sink, chat) = (sink(), Sink::start().await.unwrap());
    let more = "kind: channel
name: it
style: slack
url: \"{{ secret('hook') }}\"
private_addresses: allowed
---
";
    let company = company(on, 2, &sink, more, "  - { to: \"channel:it\" }\n").await;
    let hook = format!("{}/services/planted-h00k", chat.url());
    company.secret("hook", &hook).await;
    chat.reply([
        Reply::with(429, "text/plain", "rate_limited").and("Retry-After", "0.2"),
        Reply::with(502, "text/plain", "planted-h00k is unwell"),
    ]);
    let run = company.run().await;
    assert_eq!(
        told(&company, run.id).await,
        [("channel:it".to_owned(), NoticeState::InDoubt)]
    );
    let said = format!("{:?}", company.engine.store().notices(run.id).await.unwrap());
    assert!(!said.contains("h00k"), "{said}");
    // Nobody knows whether it came: it is not posted again until somebody says so.
    company.run().await;
    assert_eq!(chat.received().len(), 2);
    let sent = company
        .engine
        .send_notices(&company.documents, None, true)
        .await
        .unwrap();
    assert_eq!(sent[0].state, NoticeState::Sent);
    let body = &chat.received()[2].body;
    assert!(
        body.contains("accounts created") && body.contains("tenure show 1"),
        "{body}"
    );
}
