//! Messages about runs from the command line: `kill -9` between sending one and noting that, what is shown of those
//! that were not sent, and sending them.

use std::process::Stdio;

use tenure_lab::{Postgres, SmtpEncryption, SmtpSink, wait_until};
use tenure_sim::{Reply, Sink};

use crate::corp;
use crate::home::{Home, LIMIT};

const RUN: [&str; 3] = ["run", "staff", "--yes"];

/// A home with one person in a file, whose runs are told to this address.
fn home(database: Option<String>, port: u16, to: &str) -> Home {
    let documents = format!(
        r#"kind: mail_server
name: mail
host: localhost
port: {port}
encryption: none
from: tenure@example.com
---
kind: channel
name: it
style: teams
url: "{{{{ secret('hook') }}}}"
private_addresses: allowed
---
kind: automation
name: staff
source: people
directory: corp
correlate: [employeeID]
rules:
  joiner: [{{ create_account: {{ template: staff }} }}]
  mover: [{{ modify_attributes: all }}]
notify:
  - {{ to: "{to}" }}
"#
    );
    let people = "{\"id\": \"7\", \"name\": \"Ada Byrne\"}\n".to_owned();
    Home::with_database(
        database,
        &[
            ("corp.yaml", corp::documents()),
            ("staff.yaml", documents),
            ("people.jsonl", people),
        ],
    )
}

/// Runs, and kills that as soon as something has happened.
fn killed(home: &Home, when: impl FnMut() -> bool) {
    let mut command = home.command(&RUN);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the message", LIMIT, when).unwrap();
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A SQLite database in the home, and one of PostgreSQL.
fn databases() -> [Option<String>; 2] {
    [None, Some(Postgres::shared().unwrap().fresh_database().unwrap())]
}

#[test]
fn a_mail_that_a_kill_met_is_sent_again_as_the_same_mail() {
    for database in databases() {
        mail_met_by_a_kill(database);
    }
}

fn mail_met_by_a_kill(database: Option<String>) {
    let sink = SmtpSink::start(SmtpEncryption::None, None).unwrap();
    let home = home(database, sink.port(), "late@example.com");
    killed(&home, || !sink.received().unwrap().is_empty());
    let run = &home.runs()[0];
    assert_eq!(run["state"], "done");
    assert_eq!(home.show(run)["notices"][0]["state"], "sending");
    home.run(&RUN).with(0);
    home.run(&RUN).with(0);
    let received = sink.received().unwrap();
    let ids: Vec<&str> = received
        .iter()
        .filter_map(|mail| mail.lines().find(|line| line.starts_with("Message-ID: ")))
        .collect();
    assert!(ids.len() == 2 && ids[0] == ids[1], "{received:?}");
    assert_eq!(home.show(run)["notices"][0]["state"], "sent");
}

#[test]
fn a_post_that_a_kill_met_is_in_doubt_until_somebody_says_what_it_was() {
    for database in databases() {
        post_met_by_a_kill(database);
    }
}

fn post_met_by_a_kill(database: Option<String>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let chat = runtime.block_on(Sink::start()).unwrap();
    let home = home(database, 1, "channel:it");
    home.secret("hook", &format!("{}/workflows/planted-h00k", chat.url()));
    chat.reply([Reply::Silence]);
    killed(&home, || !chat.received().is_empty());
    home.run(&RUN).with(0);
    assert_eq!(chat.received().len(), 1);
    let shown = home.run(&["show", "1"]).with(0).out;
    assert!(
        shown.contains("Told:") && shown.contains("in doubt  channel:it about run 1"),
        "{shown}"
    );
    assert!(
        shown.contains("tenure notify send 1 --repeat-in-doubt"),
        "{shown}"
    );
    let listed = home.run(&["runs"]).with(0).out;
    assert!(listed.contains("1 message about runs was not sent:"), "{listed}");
    home.run(&["notify", "send"]).with(1);
    assert_eq!(chat.received().len(), 1);
    let sent = home
        .run(&["notify", "send", "1", "--repeat-in-doubt"])
        .with(0)
        .out;
    assert!(sent.contains("sent      channel:it about run 1"), "{sent}");
    assert_eq!(chat.received().len(), 2);
    assert!(!(shown + &listed + &sent).contains("h00k"));
    assert!(
        home.run(&["notify", "send"])
            .with(0)
            .out
            .contains("nothing to send")
    );

    // Tried by hand, in a channel and by what it looks like.
    let post = ["notify", "test", "--run", "1", "--to", "channel:it", "--json"];
    let tried = home.json(0, &post);
    let card = &tried["shown"]["posts"]["it"]["attachments"][0]["content"];
    assert_eq!(
        card["body"][0]["inlines"][0]["text"],
        "Run 1 of staff: 1 account created"
    );
    assert_eq!(chat.received().len(), 3);
    let person = ["notify", "test", "--run", "1", "--person", "7", "--show-only"];
    let shown = home.run(&person).with(0).out;
    assert!(shown.contains("Subject: Ada Byrne starts"), "{shown}");
    assert!(shown.contains("create CN=Ada Byrne,OU=Staff"), "{shown}");
}

#[test]
fn what_is_owed_is_shown_until_it_is_sent_or_given_up() {
    let mut sink = SmtpSink::start(SmtpEncryption::None, None).unwrap();
    let home = home(None, sink.port(), "it@example.com");
    sink.away();
    let out = home.run(&RUN).with(0).out;
    assert!(out.contains("owed      it@example.com about run 1"), "{out}");
    assert!(out.contains("tenure notify send 1"), "{out}");
    let open = home.json(0, &["runs", "--json"]);
    assert_eq!(open["notices_open"][0]["to"], "it@example.com");
    home.run(&["notify", "send"]).with(1);
    sink.back().unwrap();
    home.run(&["notify", "send"]).with(0);
    assert_eq!(sink.received().unwrap().len(), 1);
    let shown = home.run(&["show", "1"]).with(0).out;
    assert!(shown.contains("sent      it@example.com about run 1"), "{shown}");
    assert!(
        home.run(&["notify", "drop", "1"])
            .with(0)
            .out
            .contains("Nothing about run 1")
    );
}
