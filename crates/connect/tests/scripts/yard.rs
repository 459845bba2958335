//! A folder with programs, and an account to run them about.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use tenure_connect::script::{ScriptFolders, ScriptRun, ScriptRunner};
use tenure_connect::source::{Environment, Variables};
use tenure_core::account::AccountId;
use tenure_core::action::AttributeValues;
use tenure_core::attribute::AttributeName;
use tenure_core::dn::Dn;
use tenure_core::document::Script;
use tenure_core::expression::Lookups;
use tenure_core::outcome::Outcome;
use tenure_core::profile::PersonKey;
use tenure_core::seams::{AccountRef, Attempt, SecretError, Secrets, Subject};
use tenure_core::secret::Secret;

pub const SECRET: &str = "planted & \"secret\"/7f3a";
pub const KEY: &str = "0c1f2e6a-5b1d-8f00-8d0e-0123456789ab";

struct Vault;

#[async_trait]
impl Secrets for Vault {
    async fn get(&self, name: &str) -> Result<Secret, SecretError> {
        let missing = || SecretError::Missing {
            name: name.to_owned(),
        };
        (name == "api")
            .then(|| Secret::new(SECRET.to_owned()))
            .ok_or_else(missing)
    }

    async fn put(&self, _: &str, _: Secret) -> Result<(), SecretError> {
        Ok(())
    }
}

pub fn write(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A folder with a program `it` of this shell text.
pub fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("it"), &format!("#!/bin/sh\n{text}\n"), 0o755);
    folder
}

pub fn runner(folders: ScriptFolders, script: &Value) -> ScriptRunner {
    let mut document = json!({ "name": "it", "path": "it" });
    let fields = document.as_object_mut().unwrap();
    fields.extend(script.as_object().unwrap().clone());
    let script: Script = serde_json::from_value(document).unwrap();
    let environment = Environment {
        variables: Variables::default(),
        manners: tenure_connect::http::Manners::default(),
        folder: std::env::temp_dir(),
        lookups: Lookups::default(),
        now: Arc::new(|| "2026-01-05T08:00:00Z".parse().unwrap()),
    };
    ScriptRunner::new([&script].into_iter(), folders, Arc::new(Vault), environment)
}

pub fn allowed(folder: &Path) -> ScriptFolders {
    ScriptFolders::new([folder.to_owned()]).unwrap()
}

pub fn subject(name: &str) -> Subject {
    let attribute = |attribute: &str, values: &[&str]| AttributeValues {
        name: AttributeName::new(attribute),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    Subject {
        person: PersonKey::new("E-7"),
        name: name.to_owned(),
        account: Some(AccountRef {
            id: AccountId::new("a-1"),
            dn: Dn::from_server("CN=Ada,OU=Staff,DC=corp"),
        }),
        attributes: vec![
            attribute("displayName", &[name]),
            attribute("proxyAddresses", &["a", "b"]),
        ],
        captured: BTreeMap::from([("contact".to_owned(), json!(77))]),
        run: Some("12".to_owned()),
    }
}

/// Runs a shell text about somebody of this name.
pub async fn run(text: &str, script: Value, name: &str) -> ScriptRun {
    let folder = folder(text);
    let runner = runner(allowed(folder.path()), &script);
    runner.run("it", &subject(name), KEY, Attempt::First).await
}

/// The outcome in words.
pub fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Answered { answer, captured } => format!("answered {answer} {}", json!(captured)),
        Outcome::Refused(why) => format!("refused: {why}"),
        Outcome::Failed(why) => format!("failed: {why}"),
        Outcome::InDoubt { what } => format!("in doubt: {what}"),
        other => format!("{other:?}"),
    }
}
