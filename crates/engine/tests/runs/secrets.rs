//! Secrets are planted and looked for wherever they could come out: the database's files, logs, errors and plans.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use rstest::rstest;
use tenure_core::seams::Secrets as _;
use tenure_engine::{EngineError, password_name};
use tenure_sim::Faults;
use tenure_sim::jumpcloud::faults::AnswerFault;
use tenure_store::RunState;

use crate::company::{API_KEY, AUTOMATION, Company, DIRECTORY, On, VAULT_KEY, people, watched};
use crate::logs::Logs;

const PEOPLE: usize = 40;
/// Another secret, in an address.
const IN_ADDRESS: &str = "planted+in/an address&9a41";
/// What is searched for to see whether the search finds anything.
const PERSON: &str = "E-100007";

/// A secret with what it is, in the forms in which it could come out.
pub fn forms(name: &str, secret: &str) -> Vec<(String, Vec<u8>)> {
    let percent: String = secret.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").unwrap();
        }
        text
    });
    let json = serde_json::to_string(secret).unwrap();
    let mut forms = vec![
        (name.to_owned(), secret.as_bytes().to_vec()),
        (
            format!("{name}, in Base64"),
            STANDARD_NO_PAD.encode(secret).into_bytes(),
        ),
        (
            format!("{name}, in Base64 for addresses"),
            URL_SAFE_NO_PAD.encode(secret).into_bytes(),
        ),
        (
            format!("{name}, in hexadecimal"),
            hex::encode(secret).into_bytes(),
        ),
        (format!("{name}, in an address"), percent.clone().into_bytes()),
        (
            format!("{name}, in a form"),
            percent.replace("%20", "+").into_bytes(),
        ),
        (
            format!("{name}, in JSON"),
            json.trim_matches('"').as_bytes().to_vec(),
        ),
    ];
    forms.sort_by(|one, other| one.1.cmp(&other.1).then_with(|| one.0.len().cmp(&other.0.len())));
    forms.dedup_by(|one, other| one.1 == other.1);
    forms
}

/// Which of these are somewhere in the bytes. All are looked for at once, since there are many bytes.
pub fn found<'a>(bytes: &[u8], wanted: &'a [(String, Vec<u8>)]) -> Vec<&'a str> {
    let mut by_start: Vec<Vec<usize>> = vec![Vec::new(); 1 << 16];
    let start = |text: &[u8]| usize::from(u16::from_be_bytes([text[0], text[1]]));
    for (at, (_, text)) in wanted.iter().enumerate() {
        by_start[start(text)].push(at);
    }
    let mut found = Vec::new();
    for at in 0..bytes.len().saturating_sub(1) {
        for candidate in &by_start[start(&bytes[at..at + 2])] {
            let (name, text) = &wanted[*candidate];
            if bytes[at..].starts_with(text) {
                found.push(name.as_str());
            }
        }
    }
    found
}

pub fn contains(bytes: &[u8], text: impl AsRef<[u8]>) -> bool {
    !found(bytes, &[(String::new(), text.as_ref().to_vec())]).is_empty()
}

/// Everything in the files below a folder that were written since a moment: a server may have many of other tests.
pub fn contents(folder: &Path, since: SystemTime) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A server's files come and go.
    let Ok(entries) = std::fs::read_dir(folder) else {
        return bytes;
    };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let written = std::fs::metadata(&path).and_then(|about| about.modified());
        if path.is_dir() {
            bytes.extend(contents(&path, since));
        } else if written.is_ok_and(|written| written >= since) {
            bytes.extend(std::fs::read(&path).unwrap_or_default());
        }
    }
    bytes
}

/// All that is written to the disk since a moment; `last` is something that was written last.
fn on_disk(on: On, company: &Company, since: SystemTime, last: &str) -> Vec<u8> {
    let folder = match on {
        On::Sqlite => company.folder().to_owned(),
        On::Postgres => tenure_lab::Postgres::shared().unwrap().socket_folder(),
    };
    let mut bytes = Vec::new();
    tenure_lab::wait_until("the database's files", Duration::from_secs(20), || {
        bytes = contents(&folder, since);
        contains(&bytes, last)
    })
    .unwrap();
    bytes
}

#[rstest]
#[tokio::test]
async fn no_secret_is_ever_written_in_clear(#[values(On::Sqlite, On::Postgres)] on: On) {
    let logs = Logs::gather();
    // Files of some systems know whole seconds only.
    let began = SystemTime::now() - Duration::from_secs(1);
    let mut said = String::new();
    let mut company = Company::start(on, people(PEOPLE)).await;
    company.secret("in-address", IN_ADDRESS).await;
    let run = company.run().await;
    assert_eq!(run.applied.creates, PEOPLE as u64);
    write!(said, "{run:?} {:?}", company.engine.vault()).unwrap();
    for change in company.changes(run.id).await {
        writeln!(said, "{} {change:?}", serde_json::to_string(&change).unwrap()).unwrap();
    }
    assert!(said.contains(PERSON) && said.contains("\"length\":16"), "{said}");

    let mut secrets = forms("the API key", API_KEY);
    secrets.extend(forms("the key in an address", IN_ADDRESS));
    secrets.extend(forms("the vault's key", VAULT_KEY));
    secrets.push((
        "the vault's key, as bytes".to_owned(),
        hex::decode(VAULT_KEY).unwrap(),
    ));
    let mut passwords = Vec::new();
    for number in 0..PEOPLE {
        let name = password_name(DIRECTORY, &format!("E-{}", 100_000 + number));
        let password = company.engine.vault().get(&name).await.unwrap();
        assert_eq!(password.expose().chars().count(), 16);
        write!(said, "{password:?}").unwrap();
        passwords.push(password.expose().to_owned());
        secrets.extend(forms(&name, password.expose()));
    }
    passwords.sort();
    passwords.dedup();
    assert_eq!(passwords.len(), PEOPLE, "no two people have the same password");

    // Every kind of trouble with the key in a header, and then in an address.
    for _ in 0..2 {
        for fault in [
            AnswerFault::Unauthorized {},
            AnswerFault::ServerError {},
            AnswerFault::CutConnection {},
            AnswerFault::TruncatedJson {},
        ] {
            company.sim.faults(Faults {
                answer: Some(fault),
                ..Faults::default()
            });
            let error = company.try_plan().await.unwrap_err();
            assert!(matches!(error, EngineError::Source(_)));
            writeln!(said, "{error} {error:?}").unwrap();
        }
        if !said.contains("apikey") {
            company.edit(
                "limits: { concurrency",
                "authorization: { type: api_key, key: apikey, add_to: query, value: \"{{ secret('in-address') }}\" }\n\
                 limits: { concurrency",
            );
        }
        // An answer that is well, to a key that is not in the header.
        company.sim.faults(Faults::default());
    }
    let error = company.try_plan().await.unwrap_err();
    writeln!(said, "{error} {error:?}").unwrap();
    assert!(said.contains("apikey="), "{said}");

    let last = format!("the last that was written {on:?} {}", run.plan_digest.unwrap());
    let mut options = watched(std::sync::Arc::new(tenure_engine::Unwatched));
    options.started_by.clone_from(&last);
    company
        .engine
        .plan(&company.documents, AUTOMATION, &options)
        .await
        .unwrap_err();
    for failed in company.engine.store().runs(None, 100).await.unwrap() {
        writeln!(said, "{failed:?}").unwrap();
    }
    assert_eq!(
        company.engine.store().run(run.id).await.unwrap().state,
        RunState::Done
    );

    let logs = logs.text();
    assert!(logs.contains("jumpcloud") || logs.contains("127.0.0.1"), "{logs}");
    let disk = on_disk(on, &company, began, &last);
    assert!(contains(&disk, PERSON));
    for (place, text) in [
        ("the database", disk.as_slice()),
        ("the logs", logs.as_bytes()),
        ("what is shown", said.as_bytes()),
    ] {
        assert_eq!(found(text, &secrets), [""; 0], "in {place}");
    }
}
