//! An account, a vault, and applications made of a few lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use tenure_connect::source::Environment;
use tenure_connect::webhook::{Call, Caller};
use tenure_core::account::AccountId;
use tenure_core::action::AttributeValues;
use tenure_core::attribute::AttributeName;
use tenure_core::dn::Dn;
use tenure_core::document::Application;
use tenure_core::expression::{Lookups, Table};
use tenure_core::profile::PersonKey;
use tenure_core::seams::{AccountRef, Attempt, SecretError, Secrets, Subject};
use tenure_core::secret::Secret;

pub const SECRET: &str = "planted & \"secret\"/7f3a";
pub const KEY: &str = "0c1f2e6a-5b1d-8f00-8d0e-0123456789ab";

/// A vault in memory.
struct Vault(BTreeMap<&'static str, String>);

#[async_trait]
impl Secrets for Vault {
    async fn get(&self, name: &str) -> Result<Secret, SecretError> {
        let missing = || SecretError::Missing {
            name: name.to_owned(),
        };
        self.0.get(name).cloned().map(Secret::new).ok_or_else(missing)
    }

    async fn put(&self, _: &str, _: Secret) -> Result<(), SecretError> {
        Ok(())
    }
}

pub fn caller(application: &Value) -> Caller {
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut document = json!({
        "name": "crew",
        "private_addresses": "allowed",
        "limits": { "retries": 2, "timeout": "5s" },
    });
    let fields = document.as_object_mut().unwrap();
    fields.extend(application.as_object().unwrap().clone());
    let application: Application = serde_json::from_value(document).unwrap();
    let environment = Environment {
        variables: tenure_connect::source::Variables::default(),
        manners: tenure_connect::http::Manners::default(),
        folder: std::env::temp_dir(),
        lookups: Lookups::new([(
            "site_of".to_owned(),
            Table::new([("Finance", "18".to_owned())], None),
        )]),
        now: Arc::new(|| "2026-01-05T08:00:00Z".parse().unwrap()),
    };
    let vault = Vault(BTreeMap::from([
        ("crew", SECRET.to_owned()),
        ("plain", "s3cret".to_owned()),
    ]));
    Caller::new(&application, Arc::new(vault), environment).unwrap()
}

/// One webhook `go` of an application at this address.
pub fn one(url: &str, webhook: &Value) -> Caller {
    let mut described = json!({ "name": "go", "url": format!("{url}/go") });
    let fields = described.as_object_mut().unwrap();
    fields.extend(webhook.as_object().unwrap().clone());
    caller(&json!({ "webhooks": [described] }))
}

/// An account with these attributes.
pub fn subject(attributes: &[(&str, &[&str])]) -> Subject {
    let values = |(name, values): &(&str, &[&str])| AttributeValues {
        name: AttributeName::new(name),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    Subject {
        person: PersonKey::new("E-7"),
        name: "Ada Byrne".to_owned(),
        account: Some(AccountRef {
            id: AccountId::new("a-1"),
            dn: Dn::from_server("CN=Ada Byrne,OU=Staff,DC=corp"),
        }),
        attributes: attributes.iter().map(values).collect(),
        captured: BTreeMap::from([("contact_id".to_owned(), json!(77))]),
        run: Some("12".to_owned()),
    }
}

pub async fn call(caller: &Caller, subject: &Subject) -> Call {
    caller.call("go", subject, KEY, Attempt::First).await
}
