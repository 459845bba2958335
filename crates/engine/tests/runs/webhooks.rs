//! Calls as operations of plans: made once, owed until they are made, and never made twice without a human.

use rstest::rstest;
use serde_json::{Value, json};
use tenure_core::account::Access;
use tenure_core::action::Action;
use tenure_core::outcome::Outcome;
use tenure_core::plan::{Change, FindingKind, Reason};
use tenure_core::profile::PersonKey;
use tenure_engine::{Settlement, WebhookTry};
use tenure_sim::population::{EventKind, Whom};
use tenure_sim::{Received, Reply, Sink};
use tenure_store::{JournalEntry, JournalEvent, OperationId, Run, RunState};

use crate::company::{Company, On, people};

const PERSON: &str = "E-100007";

/// The company with an application `desk` behind a sink, called by each rule.
pub async fn company(on: On, count: usize, sink: &Sink) -> Company {
    let mut company = Company::start(on, people(count)).await;
    let application = format!(
        "kind: application
name: desk
private_addresses: allowed
authorization: {{ type: bearer, value: \"{{{{ secret('desk') }}}}\" }}
limits: {{ retries: 0, concurrency: 4 }}
webhooks:
  - name: create
    url: {url}/create
    body: {{ name: \"{{{{ displayName }}}}\", login: \"{{{{ sAMAccountName }}}}\", dn: \"{{{{ account.dn }}}}\", key: \"{{{{ person.key }}}}\" }}
    capture: {{ contact: \"{{{{ answer.id }}}}\" }}
    idempotency_header: Idempotency-Key
  - name: welcome
    url: {url}/welcome
    body: {{ contact: \"{{{{ captured.contact }}}}\", mail: \"{{{{ mail }}}}\" }}
  - name: update
    method: PUT
    url: \"{url}/update/{{{{ captured.contact }}}}\"
    body: {{ title: \"{{{{ title | default('none') }}}}\" }}
  - name: close
    url: \"{url}/close/{{{{ captured.contact }}}}\"
  - name: forget
    method: DELETE
    url: \"{url}/forget/{{{{ captured.contact }}}}\"
  - name: reopen
    url: \"{url}/reopen/{{{{ captured.contact }}}}\"
---
kind: data_source
name: employees
",
        url = sink.url()
    );
    company.edit("kind: data_source\nname: employees\n", &application);
    company.edit(
        "    - create_account: { template: staff }\n",
        "    - create_account: { template: staff }\n    - call_webhook: desk/create\n    - call_webhook: { application: desk, webhook: welcome }\n",
    );
    company.edit(
        "    - modify_attributes: all\n",
        "    - modify_attributes: all\n    - call_webhook: desk/update\n",
    );
    company.edit(
        "  - disable: {}\n",
        "  - call_webhook: desk/close\n  - disable: {}\n",
    );
    company.edit(
        "  - delete: {}\n    after: 90d\n",
        "  - call_webhook: desk/forget\n    after: 30d\n  - delete: {}\n    after: 90d\n",
    );
    company.edit(
        "    - enable: {}\n",
        "    - enable: {}\n    - call_webhook: desk/reopen\n",
    );
    company.secret("desk", "planted-desk-key").await;
    sink.otherwise(Reply::json(201, &json!({ "id": 4711 })));
    company
}

/// What came for these paths since so many requests.
fn calls(sink: &Sink, since: usize) -> Vec<String> {
    let line = |received: &Received| format!("{} {}", received.method, received.path);
    sink.received().iter().skip(since).map(line).collect()
}

async fn journal(company: &Company, run: &Run) -> Vec<(OperationId, Outcome)> {
    let outcome = |entry: JournalEntry| match entry.event {
        JournalEvent::Outcome { outcome, .. } => Some((entry.id, outcome)),
        JournalEvent::Intent => None,
    };
    let journal = company.engine.store().journal(run.id).await.unwrap();
    journal.into_iter().filter_map(outcome).collect()
}

/// The calls of a plan, each with why.
async fn planned(company: &Company, run: &Run) -> Vec<String> {
    let changes = company.changes(run.id).await;
    let operations = changes.iter().flat_map(|change: &Change| &change.operations);
    operations
        .filter(|operation| matches!(operation.action, Action::CallWebhook { .. }))
        .map(|operation| format!("{} [{}]", operation.action.sentence(), operation.because))
        .collect()
}

fn whom() -> Whom {
    Whom::Employee(PERSON.to_owned())
}

async fn in_sync(company: &Company) {
    let again = company.plan().await;
    assert_eq!((again.state, again.summary.plan.changes), (RunState::Done, 0));
}

#[rstest]
#[tokio::test]
async fn each_event_calls_once_and_a_second_run_calls_nobody(#[values(On::Sqlite, On::Postgres)] on: On) {
    let sink = Sink::start().await.unwrap();
    let mut company = company(on, 30, &sink).await;
    let run = company.run().await;
    let joined = usize::try_from(run.applied.creates).unwrap();
    assert_eq!(sink.received().len(), 2 * joined);
    let created: Vec<Received> = sink
        .received()
        .into_iter()
        .filter(|call| call.path == "/create")
        .collect();
    let body: Value = created
        .iter()
        .map(|call| serde_json::from_str::<Value>(&call.body).unwrap())
        .find(|body| body["key"] == PERSON)
        .unwrap();
    assert_eq!(body["dn"], company.account(PERSON).await.0);
    assert!(body["login"].is_string() && body["name"].is_string(), "{body}");
    let keys: std::collections::BTreeSet<_> = created
        .iter()
        .map(|call| call.header("idempotency-key"))
        .collect();
    assert_eq!(keys.len(), joined, "each has a key of its own");
    let welcome = sink
        .received()
        .into_iter()
        .find(|call| call.path == "/welcome")
        .unwrap();
    assert!(welcome.body.contains("\"contact\":4711"), "{}", welcome.body);
    let outcomes = journal(&company, &run).await;
    let captured = |outcome: &Outcome| matches!(outcome, Outcome::Answered { captured, .. } if captured.get("contact") == Some(&json!(4711)));
    assert_eq!(
        outcomes.iter().filter(|(_, outcome)| captured(outcome)).count(),
        joined
    );
    in_sync(&company).await;

    let before = sink.received().len();
    company.pass(jiff::SignedDuration::from_hours(24));
    company.sim.event(EventKind::Move, whom(), 1).unwrap();
    company.run().await;
    assert_eq!(calls(&sink, before), ["PUT /update/4711"]);
    in_sync(&company).await;

    let before = sink.received().len();
    company.sim.event(EventKind::Terminate, whom(), 1).unwrap();
    company.run().await;
    assert_eq!(calls(&sink, before), ["POST /close/4711"]);
    in_sync(&company).await;
    company.pass(jiff::SignedDuration::from_hours(24 * 31));
    company.run().await;
    assert_eq!(calls(&sink, before + 1), ["DELETE /forget/4711"]);
    in_sync(&company).await;

    let before = sink.received().len();
    company.sim.population(|all| *all = people(30));
    company.run().await;
    assert!(
        calls(&sink, before).contains(&"POST /reopen/4711".to_owned()),
        "{:?}",
        calls(&sink, before)
    );
    in_sync(&company).await;
    assert!(!format!("{:?}", journal(&company, &run).await).contains("planted-desk-key"));
}

#[rstest]
#[tokio::test]
async fn a_call_that_fails_is_owed_and_the_next_run_makes_it_with_the_same_key(
    #[values(On::Sqlite, On::Postgres)] on: On,
) {
    let sink = Sink::start().await.unwrap();
    let company = company(on, 1, &sink).await;
    sink.reply([Reply::json(500, &json!({ "error": "out of order" }))]);
    let planned_run = company.plan().await;
    assert_eq!(
        planned(&company, &planned_run).await,
        ["call create at desk [joiner]", "call welcome at desk [joiner]"]
    );
    let run = company.apply(&planned_run).await.unwrap();
    assert_eq!(run.state, RunState::DoneWithFailures);
    // The account is whole; the second call needs what the first one would have brought.
    let outcomes = journal(&company, &run).await;
    let failed: Vec<String> = outcomes
        .iter()
        .filter_map(|(_, outcome)| match outcome {
            Outcome::Refused(refusal) | Outcome::Failed(refusal) => Some(refusal.message.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(failed.len(), 2, "{outcomes:?}");
    assert!(
        failed[0].contains("500") && failed[1].contains("captured.contact"),
        "{failed:?}"
    );
    let verified = outcomes
        .iter()
        .filter(|(_, outcome)| *outcome == Outcome::Verified);
    assert_eq!(verified.count(), 2, "created, and in its group: {outcomes:?}");

    let again = company.plan().await;
    assert_eq!(
        planned(&company, &again).await,
        [
            "call create at desk [joiner, owed since an earlier run]",
            "call welcome at desk [joiner, owed since an earlier run]"
        ]
    );
    let done = company.apply(&again).await.unwrap();
    assert_eq!(done.state, RunState::Done);
    assert_eq!(calls(&sink, 0), ["POST /create", "POST /create", "POST /welcome"]);
    let received = sink.received();
    assert_eq!(
        received[0].header("idempotency-key"),
        received[1].header("idempotency-key")
    );
    in_sync(&company).await;
}

#[tokio::test]
async fn a_failed_call_of_a_mover_is_owed_too() {
    let sink = Sink::start().await.unwrap();
    let mut company = company(On::Sqlite, 20, &sink).await;
    company.run().await;
    let before = sink.received().len();
    company.pass(jiff::SignedDuration::from_hours(24));
    company.sim.event(EventKind::Move, whom(), 1).unwrap();
    sink.reply([Reply::json(400, &json!({ "error": "no such title" }))]);
    let planned_run = company.plan().await;
    let run = company.apply(&planned_run).await.unwrap();
    assert_eq!(run.state, RunState::DoneWithFailures);
    let again = company.plan().await;
    assert_eq!(
        planned(&company, &again).await,
        ["call update at desk [mover, owed since an earlier run]"]
    );
    assert_eq!(company.changes(again.id).await[0].reason, Reason::Owed);
    company.apply(&again).await.unwrap();
    assert_eq!(calls(&sink, before), ["PUT /update/4711"; 2]);
    in_sync(&company).await;
}

#[tokio::test]
async fn a_failed_call_keeps_nobody_from_being_disabled() {
    let sink = Sink::start().await.unwrap();
    let mut company = company(On::Sqlite, 30, &sink).await;
    company.run().await;
    company.pass(jiff::SignedDuration::from_hours(24));
    let before = sink.received().len();
    company.sim.event(EventKind::Terminate, whom(), 1).unwrap();
    sink.reply([Reply::json(500, &json!({}))]);
    let planned_run = company.plan().await;
    let run = company.apply(&planned_run).await.unwrap();
    assert_eq!(run.state, RunState::DoneWithFailures);
    assert_eq!(company.account(PERSON).await.1, Access::Disabled);
    // Back before the call was ever made: what was done of the leaver rule is undone by the rehire rule.
    let again = company.plan().await;
    assert_eq!(
        planned(&company, &again).await,
        ["call close at desk [leaver, policy standard-leaver, owed since an earlier run]"]
    );
    company.sim.population(|all| *all = people(30));
    company.run().await;
    assert_eq!(company.account(PERSON).await.1, Access::Enabled);
    let calls = calls(&sink, before);
    assert_eq!(calls[..2], ["POST /close/4711", "POST /reopen/4711"], "{calls:?}");
    in_sync(&company).await;
}

#[rstest]
#[case(Settlement::Done, 1)]
#[case(Settlement::Repeat, 2)]
#[tokio::test]
async fn a_call_in_doubt_waits_for_a_human(
    #[case] how: Settlement,
    #[case] times: usize,
    #[values(On::Sqlite, On::Postgres)] on: On,
) {
    let sink = Sink::start().await.unwrap();
    let company = company(on, 1, &sink).await;
    // The second call is not repeatable, and what lies between says that it does not know.
    sink.reply([
        Reply::json(201, &json!({ "id": 4711 })),
        Reply::json(504, &json!({})),
    ]);
    let planned_run = company.plan().await;
    let run = company.apply(&planned_run).await.unwrap();
    assert_eq!(run.state, RunState::DoneWithFailures);
    let outcomes = journal(&company, &run).await;
    assert!(
        outcomes
            .iter()
            .any(|(_, outcome)| matches!(outcome, Outcome::InDoubt { .. })),
        "{outcomes:?}"
    );

    for _ in 0..2 {
        let again = company.plan().await;
        assert_eq!(again.summary.plan.operations, 0);
        let findings = company.engine.store().findings(again.id, None, 10).await.unwrap();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].kind, FindingKind::InDoubt);
        assert!(findings[0].text.contains("desk/welcome"), "{}", findings[0].text);
        if again.state != RunState::Done {
            company.apply(&again).await.unwrap();
        }
    }
    let key = PersonKey::new(company.known().await[0].0.as_str()).unwrap();
    let none = company
        .engine
        .settle(&key, Some("desk/create"), how)
        .await
        .unwrap();
    assert_eq!(none, []);
    let settled = company
        .engine
        .settle(&key, Some("desk/welcome"), how)
        .await
        .unwrap();
    assert_eq!(settled.len(), 1);
    company.run().await;
    let welcomes = calls(&sink, 0)
        .iter()
        .filter(|call| *call == "POST /welcome")
        .count();
    assert_eq!(welcomes, times);
    in_sync(&company).await;
}

#[tokio::test]
async fn a_webhook_is_tried_on_accounts_by_whatever_names_them() {
    let sink = Sink::start().await.unwrap();
    let company = company(On::Sqlite, 10, &sink).await;
    company.run().await;
    let before = sink.received().len();
    let dn = company.account(PERSON).await.0;
    let asked = [
        dn.clone(),
        PERSON.to_owned(),
        format!("employeeID={PERSON}"),
        "nobody".to_owned(),
    ];
    for (how, calls) in [(WebhookTry::ShowOnly, 0), (WebhookTry::Call, 3)] {
        let tests = company
            .engine
            .test_webhook(&company.documents, ("desk", "create"), None, &asked, how)
            .await
            .unwrap();
        for test in &tests[..3] {
            assert!(test.is_success(), "{test:?}");
            assert_eq!(test.account.as_ref().unwrap().dn.to_string(), dn);
            assert_eq!(test.person.as_ref().map(PersonKey::as_str), Some(PERSON));
            let request = test.shown.as_ref().unwrap().as_ref().unwrap();
            assert!(request.body.as_ref().unwrap().contains(PERSON));
            assert!(!format!("{test:?}").contains("planted-desk-key"));
        }
        assert!(!tests[3].is_success() && tests[3].account.is_err());
        assert_eq!(sink.received().len() - before, calls);
    }
    in_sync(&company).await;
}

#[rstest]
#[tokio::test]
async fn steps_of_the_joiner_rule_that_wait_repeat_no_call(#[values(On::Sqlite, On::Postgres)] on: On) {
    let sink = Sink::start().await.unwrap();
    let mut company = company(on, 30, &sink).await;
    company.edit(
        "webhook: welcome }\n",
        "webhook: welcome }\n    - call_webhook: desk/reopen\n      after: 20d\n    \
         - modify_attributes: { description: Settled }\n      after: 10d\n",
    );
    let run = company.run().await;
    let joined = usize::try_from(run.applied.creates).unwrap();
    assert_eq!(sink.received().len(), 2 * joined);
    in_sync(&company).await;

    // What changes meanwhile is followed, and is no second beginning.
    let before = sink.received().len();
    company.pass(jiff::SignedDuration::from_hours(24));
    company.sim.event(EventKind::Move, whom(), 1).unwrap();
    company.run().await;
    assert_eq!(calls(&sink, before), ["PUT /update/4711"]);
    in_sync(&company).await;

    company.pass(jiff::SignedDuration::from_hours(24 * 9));
    let run = company.run().await;
    assert_eq!(usize::try_from(run.applied.modifies).unwrap(), joined);
    // The accounts changed, which the application is told; of the joiner rule it hears nothing again.
    assert_eq!(calls(&sink, before), vec!["PUT /update/4711"; 1 + joined]);
    in_sync(&company).await;

    company.pass(jiff::SignedDuration::from_hours(24 * 10));
    company.run().await;
    assert_eq!(
        calls(&sink, before + 1 + joined),
        vec!["POST /reopen/4711"; joined]
    );
    in_sync(&company).await;
}
