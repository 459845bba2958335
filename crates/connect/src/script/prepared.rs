//! A script read from its document once, and made ready for each account: arguments, environment and standard input.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use tenure_core::action::AttributeValues;
use tenure_core::document::{Scalar, Script};
use tenure_core::expression::{Condition, Format};
use tenure_core::profile::PersonKey;
use tenure_core::seams::{Secrets, SourceError, Subject};
use tenure_core::secret::Secret;

use crate::http::Masked;
use crate::source::render::parse;
use crate::source::{Environment, misconfigured};
use crate::webhook::fill::Filler;

/// The longest value that goes into an environment variable, in bytes. Longer ones are on standard input only.
const LONGEST_VARIABLE: usize = 32 << 10;

/// A script as its document describes it.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) name: String,
    pub(super) path: String,
    arguments: Vec<Format>,
    environment: Vec<(String, Format)>,
    pub(super) timeout: std::time::Duration,
    pub(super) success: Option<Condition>,
    pub(super) captures: Vec<(String, Format)>,
    pub(super) repeatable: bool,
}

/// A script about one account, ready to run.
pub(super) struct Ready {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) environment: Vec<(String, Masked)>,
    pub(super) input: String,
    pub(super) secrets: Vec<Secret>,
}

/// What a script gets, as it is shown. Where it has secrets there is `…`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownScript {
    /// The file.
    pub program: String,
    /// What it is called with.
    pub arguments: Vec<String>,
    /// Its environment variables.
    pub environment: BTreeMap<String, String>,
    /// What it reads on its standard input.
    pub input: String,
}

impl Prepared {
    /// Reads a script.
    pub(super) fn new(script: &Script) -> Result<Self, SourceError> {
        let doing = format!("reading the script `{}`", script.name);
        let format = |part: &str, text: &str| parse(text, || format!("{doing}: {part}"));
        let named = |part: &str, fields: &mut dyn Iterator<Item = (&String, &str)>| {
            fields
                .map(|(name, text)| Ok((name.clone(), format(&format!("{part} `{name}`"), text)?)))
                .collect::<Result<Vec<_>, SourceError>>()
        };
        let variables = script.environment.iter();
        let captures = script.capture.iter();
        let success = script.success.as_deref().map(Condition::parse).transpose();
        Ok(Self {
            name: script.name.clone(),
            path: script.path.clone(),
            arguments: script
                .arguments
                .iter()
                .map(|Scalar(text)| format("an argument", text))
                .collect::<Result<_, _>>()?,
            environment: named(
                "the variable",
                &mut variables.map(|(name, Scalar(text))| (name, text.as_str())),
            )?,
            captures: named(
                "the captured value",
                &mut captures.map(|(name, text)| (name, text.as_str())),
            )?,
            timeout: script.timeout.to_std(),
            success: success
                .map_err(|error| misconfigured(&doing, format!("`success`: {error}"), error.hint))?,
            repeatable: script.is_repeatable(),
        })
    }

    /// Fills in one account.
    pub(super) async fn ready(
        &self,
        program: PathBuf,
        subject: &Subject,
        key: &str,
        environment: &Environment,
        vault: &dyn Secrets,
    ) -> Result<Ready, SourceError> {
        let doing = format!("preparing the script `{}`", self.name);
        let mut filler = Filler::new(doing, environment, vault, subject)?;
        let mut arguments = Vec::with_capacity(self.arguments.len());
        for (format, number) in self.arguments.iter().zip(1..) {
            let part = format!("argument {number}");
            let argument = filler.one(format, &part, &for_program).await?;
            arguments.push(argument.expose().to_owned());
        }
        let mut variables = given(subject, key, &self.name);
        for (name, format) in &self.environment {
            let part = format!("the variable `{name}`");
            variables.push((name.clone(), filler.one(format, &part, &for_program).await?));
        }
        Ok(Ready {
            program,
            arguments,
            environment: variables,
            input: input(subject, key),
            secrets: filler.into_secrets().into_values().collect(),
        })
    }
}

impl Ready {
    /// As it is shown.
    pub(super) fn shown(&self) -> ShownScript {
        let variables = self.environment.iter();
        ShownScript {
            program: self.program.display().to_string(),
            arguments: self.arguments.clone(),
            environment: variables
                .map(|(name, value)| (name.clone(), value.shown().to_owned()))
                .collect(),
            input: self.input.clone(),
        }
    }
}

/// The account as JSON.
fn input(subject: &Subject, key: &str) -> String {
    let attributes: Map<String, Json> = subject
        .attributes
        .iter()
        .map(|AttributeValues { name, values }| (name.as_str().to_owned(), json!(values)))
        .collect();
    json!({
        "account": subject.account.as_ref().map(|account| json!({ "dn": account.dn.as_str(), "id": account.id.as_str() })),
        "attributes": attributes,
        "person": { "key": subject.person.as_ref().map(PersonKey::as_str), "name": subject.name },
        "captured": subject.captured,
        "run": subject.run,
        "idempotency_key": key,
    })
    .to_string()
}

/// The account as environment variables.
fn given(subject: &Subject, key: &str, script: &str) -> Vec<(String, Masked)> {
    let mut variables = vec![
        ("TENURE_SCRIPT".to_owned(), script.to_owned()),
        ("TENURE_IDEMPOTENCY_KEY".to_owned(), key.to_owned()),
        ("TENURE_PERSON_NAME".to_owned(), subject.name.clone()),
    ];
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            variables.push((format!("TENURE_{name}"), value));
        }
    };
    let account = subject.account.as_ref();
    add("ACCOUNT_DN", account.map(|account| account.dn.to_string()));
    add("ACCOUNT_ID", account.map(|account| account.id.to_string()));
    add("PERSON_KEY", subject.person.as_ref().map(ToString::to_string));
    add("RUN", subject.run.clone());
    for AttributeValues { name, values } in &subject.attributes {
        let name = name.as_str().to_ascii_uppercase().replace(['-', '.'], "_");
        add(&format!("ATTRIBUTE_{name}"), Some(values.join("\n")));
    }
    for (name, value) in &subject.captured {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        add(&format!("CAPTURED_{}", name.to_ascii_uppercase()), Some(text));
    }
    // What no variable can carry is on standard input.
    variables.retain(|(_, value)| value.len() <= LONGEST_VARIABLE && !value.contains('\0'));
    variables
        .into_iter()
        .map(|(name, value)| (name, Masked::Plain(value)))
        .collect()
}

/// Arguments and variables end at a zero byte, and have no other rules.
fn for_program(text: &str) -> Result<String, String> {
    if text.contains('\0') {
        return Err("has a zero byte, which no program can be given".to_owned());
    }
    Ok(text.to_owned())
}
