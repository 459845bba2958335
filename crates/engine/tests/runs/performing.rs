//! Scripts and notifications as operations of plans: a script's result goes into the mail after it, what fails is owed,
//! and nothing is done twice.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use rstest::rstest;
use tenure_core::outcome::Outcome;
use tenure_core::plan::Change;
use tenure_engine::{ScriptFolders, WebhookTry};
use tenure_lab::{SmtpEncryption, SmtpSink};
use tenure_store::{JournalEvent, Run, RunState};

use crate::company::{Company, DIRECTORY, On, people};
use crate::logs::Logs;
use crate::secrets::{contains, contents, forms, found};

const GROUP: &str = "CN=All Staff,OU=Groups,DC=corp,DC=example,DC=com";
const WRONG: &str = "planted mail/p4ssword+&9e1";

/// The company with a script `provision` and a notification `welcome`, both of the joiner rule.
async fn company(on: On, count: usize, sink: &SmtpSink, login: &str) -> Company {
    let mut company = Company::start(on, people(count)).await;
    let documents = format!(
        "kind: script
name: provision
path: provision.sh
attributes: [mail]
arguments: [\"{{{{ sAMAccountName }}}}\"]
capture: {{ box: \"{{{{ result.box }}}}\" }}
---
kind: mail_server
name: mail
host: localhost
port: {port}
encryption: none
from: Tenure <tenure@example.com>
{login}---
kind: notification
name: welcome
subject: Welcome, {{{{ displayName }}}}
text: \"Your box is {{{{ captured.box }}}}, your password {{{{ password }}}}\"
---
kind: notification
name: moved
subject: News of {{{{ displayName }}}}
text: Something changed.
---
kind: data_source
name: employees
",
        port = sink.port()
    );
    company.edit("kind: data_source\nname: employees\n", &documents);
    company.edit(
        "    - create_account: { template: staff }\n",
        "    - create_account: { template: staff }\n    - run_script: provision\n    - notify: { template: welcome, to: person }\n",
    );
    let folder = scripts(&company);
    std::fs::create_dir(&folder).unwrap();
    let program = folder.join("provision.sh");
    let text = "#!/bin/sh\necho \"$TENURE_IDEMPOTENCY_KEY\" >> keys\ntest ! -e closed || { echo closed >&2; exit 4; }\necho \"{ \\\"box\\\": \\\"box of $1 $TENURE_ATTRIBUTE_MAIL\\\" }\"\n";
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    company.engine = company
        .engine
        .clone()
        .with_scripts(ScriptFolders::new([folder]).unwrap());
    company
}

fn scripts(company: &Company) -> PathBuf {
    company.folder().join("scripts")
}

async fn outcomes(company: &Company, run: &Run) -> Vec<Outcome> {
    let journal = company.engine.store().journal(run.id).await.unwrap();
    let outcomes = journal.into_iter().filter_map(|entry| match entry.event {
        JournalEvent::Outcome { outcome, .. } => Some(outcome),
        JournalEvent::Intent => None,
    });
    outcomes.collect()
}

/// The steps of a plan that touch no directory, each with why.
async fn planned(company: &Company, run: &Run) -> Vec<String> {
    let changes = company.changes(run.id).await;
    let operations = changes.iter().flat_map(|change: &Change| &change.operations);
    operations
        .filter(|operation| !operation.action.kind().is_of_directories())
        .map(|operation| format!("{} [{}]", operation.action.sentence(), operation.because))
        .collect()
}

async fn in_sync(company: &Company) {
    let again = company.plan().await;
    assert_eq!((again.state, again.summary.plan.changes), (RunState::Done, 0));
}

#[rstest]
#[tokio::test]
async fn a_scripts_result_goes_into_the_mail_after_it(#[values(On::Sqlite, On::Postgres)] on: On) {
    let sink = SmtpSink::start(SmtpEncryption::None, None).unwrap();
    let mut company = company(on, 4, &sink, "").await;
    let run = company.run().await;
    let joined = usize::try_from(run.applied.creates).unwrap();
    assert_eq!(run.state, RunState::Done, "{:?}", outcomes(&company, &run).await);
    let mails = sink.received().unwrap();
    assert!(joined > 0 && mails.len() == joined, "{mails:?}");
    let password = tenure_engine::password_name(DIRECTORY, "E-100000");
    let password = tenure_core::seams::Secrets::get(company.engine.vault(), &password)
        .await
        .unwrap();
    assert!(mails.iter().any(|mail| mail.contains("Your box is box of ")));
    let quoted = password.expose().replace('=', "=3D");
    assert!(
        mails.iter().any(|mail| mail.replace("=\n", "").contains(&quoted)),
        "{mails:?}"
    );
    let kept = format!("{:?}", outcomes(&company, &run).await);
    assert!(
        kept.contains("sent to ") && !kept.contains(password.expose()),
        "{kept}"
    );
    in_sync(&company).await;

    // The manager and the group are found in the directory, and the plan says whom it means.
    let (dn, _, _) = company.account("E-100000").await;
    company.edit(
        "  l: location\n",
        &format!("  l: location\n  manager: \"{{{{ '{dn}' }}}}\"\n"),
    );
    company.edit(
        "    - modify_attributes: all\n",
        &format!("    - modify_attributes: all\n    - notify: {{ template: moved, to: [manager, hr@example.com] }}\n    - notify: {{ template: moved, to: \"{GROUP}\" }}\n"),
    );
    let plan = company.plan().await;
    let sentences = planned(&company, &plan).await;
    assert_eq!(sentences.len(), 2 * joined, "{sentences:?}");
    let before = sink.received().unwrap().len();
    let applied = company.apply(&plan).await.unwrap();
    assert_eq!(
        applied.state,
        RunState::Done,
        "{:?}",
        outcomes(&company, &applied).await
    );
    let mails = sink.received().unwrap().split_off(before);
    let to_hr = mails
        .iter()
        .filter(|mail| mail.contains("\nRCPT hr@example.com\n"))
        .count();
    assert_eq!(
        (to_hr, mails.len()),
        (joined, joined * (2 + joined)),
        "{sentences:?}"
    );
    in_sync(&company).await;
}

#[tokio::test]
async fn a_script_that_fails_is_owed_and_run_again_with_the_same_key() {
    let sink = SmtpSink::start(SmtpEncryption::None, None).unwrap();
    let company = company(On::Sqlite, 1, &sink, "").await;
    let closed = scripts(&company).join("closed");
    std::fs::write(&closed, "").unwrap();
    let plan = company.plan().await;
    let run = company.apply(&plan).await.unwrap();
    assert_eq!(run.state, RunState::DoneWithFailures);
    let text = format!("{:?}", outcomes(&company, &run).await);
    assert!(
        text.contains("exit code 4: closed") && text.contains("captured.box"),
        "{text}"
    );
    std::fs::remove_file(&closed).unwrap();
    let again = company.plan().await;
    let planned = planned(&company, &again).await;
    assert_eq!(
        planned[0],
        "run script provision [joiner, owed since an earlier run]"
    );
    assert!(
        planned[1].starts_with("send welcome to ")
            && planned[1].ends_with("[joiner, owed since an earlier run]")
    );
    assert_eq!(company.apply(&again).await.unwrap().state, RunState::Done);
    let keys = std::fs::read_to_string(scripts(&company).join("keys")).unwrap();
    let keys: Vec<&str> = keys.lines().collect();
    assert!(keys.len() == 2 && keys[0] == keys[1], "{keys:?}");
    assert_eq!(sink.received().unwrap().len(), 1);
    in_sync(&company).await;

    // Tried by hand, on an account that is there.
    let accounts = ["E-100000".to_owned()];
    let tests = company
        .engine
        .test_script(&company.documents, "provision", None, &accounts, WebhookTry::Call)
        .await
        .unwrap();
    assert!(tests[0].is_success(), "{tests:?}");
    let to = ["me@example.com".to_owned()];
    let tests = company
        .engine
        .test_notification(
            &company.documents,
            ("welcome", &to),
            None,
            &accounts,
            WebhookTry::Call,
        )
        .await
        .unwrap();
    assert!(tests[0].is_success(), "{tests:?}");
    let mails = sink.received().unwrap();
    assert!(mails[1].contains("\nRCPT me@example.com\n"), "{mails:?}");
}

#[rstest]
#[tokio::test]
async fn the_password_of_a_mail_server_is_nowhere_to_be_read(#[values(On::Sqlite, On::Postgres)] on: On) {
    let logs = Logs::gather();
    let sink = SmtpSink::start(SmtpEncryption::None, Some(("tenure", "the right one"))).unwrap();
    let login = "user: tenure\npassword: \"{{ secret('smtp') }}\"\n";
    let company = company(on, 1, &sink, login).await;
    company.secret("smtp", WRONG).await;
    let plan = company.plan().await;
    let run = company.apply(&plan).await.unwrap();
    assert_eq!(run.state, RunState::DoneWithFailures);
    let said = format!(
        "{run:?} {:?} {}",
        outcomes(&company, &run).await,
        company.documents.to_json()
    );
    assert!(said.contains("535"), "{said}");
    let disk = contents(
        &match on {
            On::Sqlite => company.folder().to_owned(),
            On::Postgres => tenure_lab::Postgres::shared().unwrap().socket_folder(),
        },
        std::time::UNIX_EPOCH,
    );
    assert!(contains(&disk, b"corp-from-jumpcloud"));
    let secrets = forms("the password", WRONG);
    for (place, text) in [
        ("what is shown", said.as_bytes()),
        ("the logs", logs.text().as_bytes()),
        ("the database", disk.as_slice()),
    ] {
        assert_eq!(found(text, &secrets), [""; 0], "in {place}");
    }
}
