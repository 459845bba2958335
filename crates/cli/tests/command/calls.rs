//! Webhooks from the command line: tried on accounts, called by runs, and `kill -9` between a call and its answer.

use std::process::Stdio;

use serde_json::{Value, json};
use tenure_lab::{Postgres, wait_until};
use tenure_sim::{Reply, Sink};
use tokio::runtime::Runtime;

use crate::corp;
use crate::home::{Home, LIMIT};

const RUN: [&str; 3] = ["run", "staff", "--yes"];

/// A home with one person in a file, an account in the built-in directory, and a desk behind a sink.
struct Desk {
    home: Home,
    sink: Sink,
    _runtime: Runtime,
}

impl Desk {
    fn new(database: Option<String>, webhook: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let sink = runtime.block_on(Sink::start()).unwrap();
        let documents = format!(
            r#"kind: application
name: desk
private_addresses: allowed
authorization: {{ type: bearer, value: "{{{{ secret('desk') }}}}" }}
limits: {{ retries: 0 }}
webhooks:
  - name: create
    description: Makes a contact.
    url: {url}/create
    body: {{ name: "{{{{ displayName }}}}", key: "{{{{ person.key }}}}" }}
    capture: {{ contact: "{{{{ answer.id }}}}" }}
    {webhook}
---
kind: automation
name: staff
source: people
directory: corp
correlate: [employeeID]
rules:
  joiner:
    - create_account: {{ template: staff }}
    - call_webhook: desk/create
    - add_to_groups: CN=All,DC=corp,DC=example
  mover: [{{ modify_attributes: all }}]
"#,
            url = sink.url()
        );
        let people = "{\"id\": \"7\", \"name\": \"Ada Byrne\", \"department\": \"Finance\"}\n".to_owned();
        let home = Home::with_database(
            database,
            &[
                ("corp.yaml", corp::documents()),
                ("staff.yaml", documents),
                ("people.jsonl", people),
            ],
        );
        home.secret("desk", "planted-desk-key");
        sink.otherwise(Reply::json(201, &json!({ "id": 4711 })));
        Self {
            home,
            sink,
            _runtime: runtime,
        }
    }

    /// Kills the run while its call waits for an answer.
    fn killed_in_the_call() -> Self {
        Self::killed(None, "")
    }

    fn killed(database: Option<String>, webhook: &str) -> Self {
        let desk = Self::new(database, webhook);
        desk.sink.reply([Reply::Silence]);
        let mut command = desk.home.command(&RUN);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("the call", LIMIT, || !desk.sink.received().is_empty()).unwrap();
        // SIGKILL.
        child.kill().unwrap();
        child.wait().unwrap();
        desk.sink.let_go();
        assert_eq!(desk.home.runs()[0]["state"], "applying");
        desk
    }

    fn calls(&self) -> usize {
        self.sink.received().len()
    }

    fn outcomes(&self, run: usize) -> Vec<String> {
        let shown = self.home.show(&self.home.runs()[run]);
        let outcomes = shown["outcomes"].as_array().unwrap();
        outcomes
            .iter()
            .map(|outcome| outcome["outcome"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn settled_by_a_human(database: Option<String>) {
    let desk = Desk::killed(database, "");
    let ended = desk.home.run(&["apply", "1"]).with(1);
    assert!(ended.out.contains("in doubt"), "{}", ended.out);
    assert_eq!(desk.outcomes(0), ["verified", "in_doubt", "verified"]);
    assert_eq!(desk.calls(), 1);

    // It is neither forgotten nor made by later runs.
    let shown = desk.home.json(0, &["plan", "staff", "--json"]);
    assert_eq!(shown["findings"][0]["kind"], "in_doubt");
    let settle = desk.home.run(&["webhook", "settle", "7"]).with(2);
    assert!(settle.out.contains("desk/create"), "{}", settle.out);
    desk.home.run(&RUN).with(0);
    assert_eq!(desk.calls(), 1);

    desk.home
        .run(&["webhook", "settle", "7", "desk/create", "--repeat"])
        .with(0);
    desk.home.run(&RUN).with(0);
    assert_eq!(desk.calls(), 2);
    desk.home.run(&["webhook", "settle", "7", "--done"]).with(1);
    let person = desk.home.json(0, &["person", "7", "--json"]);
    assert_eq!(person["accounts"][0]["calls"]["captured"]["contact"], 4711);
    assert_eq!(
        desk.home.json(0, &["plan", "staff", "--json"])["changes"],
        json!([])
    );
    assert_eq!(desk.calls(), 2);
}

#[test]
fn a_call_that_a_kill_left_in_doubt_is_not_made_again_until_a_human_says_so_on_sqlite() {
    settled_by_a_human(None);
}

#[test]
fn a_call_that_a_kill_left_in_doubt_is_not_made_again_until_a_human_says_so_on_postgresql() {
    let server = Postgres::start().unwrap();
    settled_by_a_human(Some(server.fresh_database().unwrap()));
}

#[test]
fn a_human_may_have_it_made_again_at_once() {
    let desk = Desk::killed_in_the_call();
    desk.home.run(&["apply", "1", "--repeat-in-doubt"]).with(0);
    assert_eq!(desk.outcomes(0), ["verified", "answered", "verified"]);
    assert_eq!(desk.calls(), 2);
}

#[test]
fn a_call_with_an_idempotency_key_is_made_again_with_the_same_one() {
    let desk = Desk::killed(None, "idempotency_header: Idempotency-Key");
    desk.home.run(&RUN).with(0);
    let keys: Vec<_> = desk
        .sink
        .received()
        .iter()
        .map(|call| call.header("idempotency-key").unwrap().to_owned())
        .collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
    assert_eq!(desk.outcomes(0), ["verified", "answered", "verified"]);
}

#[test]
fn webhooks_are_listed_shown_and_tried() {
    let desk = Desk::new(None, "success: \"answer.id\"");
    let plan = desk.home.run(&["plan", "staff"]).with(2);
    assert!(plan.out.contains("call create at desk  [joiner]"), "{}", plan.out);
    desk.home.run(&RUN).with(0);
    let listed = desk.home.json(0, &["webhook", "list", "desk", "--json"]);
    assert_eq!(listed["webhooks"][0]["webhook"], "create");
    assert_eq!(listed["webhooks"][0]["repeatable"], false);
    assert!(
        desk.home
            .run(&["webhook", "list"])
            .with(0)
            .out
            .contains("Makes a contact.")
    );

    let test = ["webhook", "test", "desk", "create", "--account"];
    let with = |more: &[&'static str]| -> Vec<&'static str> { [&test[..], more].concat() };
    let shown = desk.home.run(&with(&["7", "--show-only"])).with(0);
    assert!(shown.out.contains("\"name\": \"Ada Byrne\""), "{}", shown.out);
    assert!(shown.out.contains("Authorization: Bearer …"), "{}", shown.out);
    assert_eq!(desk.calls(), 1);

    let called: Value = desk.home.json(0, &with(&["Ada Byrne", "--json"]));
    let first = &called["tests"][0];
    assert_eq!(
        (&first["response"]["status"], &first["success"]),
        (&json!(201), &json!(true))
    );
    assert_eq!(first["result"]["captured"]["contact"], 4711);
    assert_eq!(first["why"], "`answer.id` holds");
    assert_eq!(desk.calls(), 2);

    desk.sink
        .reply([Reply::json(200, &json!({ "error": "planted-desk-key is known" }))]);
    let both = desk.home.run(&with(&["7", "--account", "nobody"])).with(1);
    assert!(both.out.contains("`answer.id` does not hold"), "{}", both.out);
    assert!(both.out.contains("0 of 2 succeeded"), "{}", both.out);
    assert!(!format!("{shown:?}{called}{both:?}").contains("planted-desk-key"));

    let wrong = desk
        .home
        .run(&["webhook", "test", "desk", "creat", "--account", "7"])
        .with(1);
    assert!(wrong.err.contains("its webhooks are: `create`"), "{}", wrong.err);
}

#[test]
fn what_an_account_lacks_is_taken_from_the_persons_record_when_a_webhook_is_tried() {
    let desk = Desk::new(None, "");
    for (file, old, new) in [
        (
            "corp.yaml",
            "department: department }",
            "department: department, roomNumber: room }",
        ),
        (
            "staff.yaml",
            "key: \"{{ person.key }}\"",
            "room: \"{{ roomNumber }}\"",
        ),
        ("staff.yaml", "    - call_webhook: desk/create\n", ""),
    ] {
        let documents = std::fs::read_to_string(desk.home.path().join(file)).unwrap();
        desk.home
            .write(file, &crate::documents::with(&documents, old, new));
    }
    desk.home.run(&RUN).with(0);
    let test = [
        "webhook",
        "test",
        "desk",
        "create",
        "--account",
        "7",
        "--show-only",
    ];
    desk.home.run(&test).with(1);
    // The record has a room since, and no run has written it into the account.
    let with_a_room =
        "{\"id\": \"7\", \"name\": \"Ada Byrne\", \"department\": \"Finance\", \"room\": \"B-12\"}\n";
    desk.home.write("people.jsonl", with_a_room);
    desk.home.run(&["plan", "staff"]).with(2);
    let shown = desk.home.run(&test).with(0);
    assert!(shown.out.contains("\"room\": \"B-12\""), "{}", shown.out);
}
