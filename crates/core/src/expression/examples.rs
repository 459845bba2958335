//! What the documentation of the functions says, done.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::value::RawValue;

use super::{Evaluated, Format, Lookups, Names, Scope, SecretHook, Table, Value, VariableHook, functions};
use crate::secret::Secret;

/// The record that the examples speak of.
pub(super) const RECORD: &str = r#"{
    "firstname": "Ada", "middlename": null, "lastname": "Lovelace", "nickname": "", "department": "Research",
    "employeeNumber": "4711", "start": "2026-11-01", "activated": true, "suspended": false, "age": 36, "share": 0.5,
    "groups": ["staff", "vpn", "admins"], "none": [], "site": {"name": "Berlin", "rooms": [1, 2]},
    "phoneNumbers": [{"type": "mobile", "number": "0170 5678"}, {"type": "work", "number": "+49 30 1234"}]
}"#;

pub(super) struct Record<'a>(BTreeMap<&'a str, &'a RawValue>);

impl<'a> Record<'a> {
    pub(super) fn new(json: &'a str) -> Self {
        Self(serde_json::from_str(json).unwrap())
    }
}

impl Names for Record<'_> {
    fn get<'s>(&'s self, name: &'s str) -> Option<Value<'s>> {
        self.0.get(name).map(|raw| Value::from_json(raw, name))
    }
}

pub(super) struct Vault;

impl SecretHook for Vault {
    fn secret(&self, name: &str) -> Result<Secret, String> {
        if name == "token" {
            Ok(Secret::new("s3cr3t".into()))
        } else {
            Err("there is no such secret".into())
        }
    }
}

impl VariableHook for Vault {
    fn variable(&self, name: &str) -> Result<String, String> {
        match name {
            "TENURE_VAR_REGION" => Ok("eu".to_owned()),
            _ => Err("there is no such variable".to_owned()),
        }
    }
}

pub(super) fn lookups() -> Lookups {
    Lookups::new([(
        "ou_for",
        Table::new([("Sales", "OU=Sales"), ("research", "OU=Research")], None),
    )])
}

pub(super) fn now() -> Timestamp {
    "2026-11-21T08:00:00Z".parse().unwrap()
}

/// What a format gives of the record: its values with ` | ` between them, `(no value)`, or its error.
pub(super) fn gives(format: &str) -> String {
    let (record, lookups) = (Record::new(RECORD), lookups());
    let scope = Scope::of_names(&record)
        .with_lookups(&lookups)
        .with_now(now())
        .with_secrets(&Vault)
        .with_variables(&Vault);
    match Format::parse(format).and_then(|format| format.evaluate(&scope)) {
        Ok(Evaluated::Values(values)) => values.join(" | "),
        Ok(Evaluated::Nothing { .. }) => "(no value)".to_owned(),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn every_example_of_the_documentation_gives_what_it_says() {
    let mut wrong = Vec::new();
    for doc in functions() {
        let given = gives(doc.example);
        if given != doc.result {
            wrong.push(format!(
                "{}: {} gives {given}, not {}",
                doc.name, doc.example, doc.result
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_function_is_used_by_its_own_example_and_documented_once() {
    let mut names = std::collections::HashSet::new();
    for doc in functions() {
        assert!(names.insert(doc.name), "{} is there twice", doc.name);
        assert!(
            doc.example.contains(doc.name),
            "the example of {} does not use it",
            doc.name
        );
        assert!(
            doc.signature.starts_with(doc.name) && doc.signature.ends_with(')'),
            "{}",
            doc.signature
        );
        assert!(doc.description.ends_with('.'), "{}", doc.description);
    }
}
