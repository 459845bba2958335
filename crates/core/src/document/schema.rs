//! JSON Schemas of documents, for editors and forms.

use serde_json::{Value, json};

use super::set::Kind;
use super::{
    Application, Automation, Channel, DataSource, Directory, Fixture, Lookup, MailServer, NamedFormat,
    Notification, Policy, Script, Share, Template,
};

/// The names of all kinds of document, in the order in which documentation lists them.
pub fn kinds() -> [&'static str; 14] {
    Kind::ALL.map(Kind::name)
}

/// The JSON Schema (2020-12) of a kind's documents; none when there is no such kind. `kind` itself is required in it,
/// with its one value.
pub fn schema(kind: &str) -> Option<Value> {
    let kind: Kind = kind.parse().ok()?;
    let schema = match kind {
        Kind::Application => schemars::schema_for!(Application),
        Kind::DataSource => schemars::schema_for!(DataSource),
        Kind::Directory => schemars::schema_for!(Directory),
        Kind::Template => schemars::schema_for!(Template),
        Kind::Automation => schemars::schema_for!(Automation),
        Kind::Policy => schemars::schema_for!(Policy),
        Kind::Lookup => schemars::schema_for!(Lookup),
        Kind::Format => schemars::schema_for!(NamedFormat),
        Kind::Script => schemars::schema_for!(Script),
        Kind::Notification => schemars::schema_for!(Notification),
        Kind::MailServer => schemars::schema_for!(MailServer),
        Kind::Channel => schemars::schema_for!(Channel),
        Kind::Share => schemars::schema_for!(Share),
        Kind::Fixture => schemars::schema_for!(Fixture),
    };
    let mut schema = schema.to_value();
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        let description = format!("What this document is: `{}`.", kind.name());
        properties.insert(
            "kind".to_owned(),
            json!({ "const": kind.name(), "description": description }),
        );
    }
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.insert(0, json!("kind"));
    }
    Some(schema)
}
