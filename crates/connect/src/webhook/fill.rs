//! Fills the formats of one call, script or message: each value escaped for its place, in the form that is sent and in
//! the one that is shown, where secrets are masked. A value that is missing fails the call.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value as Json;
use serde_json::value::RawValue;
use tenure_core::action::AttributeValues;
use tenure_core::expression::{Evaluated, ExpressionError, Format, Scope, SecretHook, TextTemplate, Value};
use tenure_core::seams::{SecretError, Secrets, SourceError, SourceTrouble, Subject};
use tenure_core::secret::Secret;

use crate::http::{MASK, Masked, scrub};
use crate::source::render::{Fetched, Masking};
use crate::source::{Environment, misconfigured};

/// What an expression gives, or the name of what it misses.
type Found<T> = Result<Result<T, String>, ExpressionError>;

/// Fills formats about one account.
pub(crate) struct Filler<'a> {
    doing: String,
    environment: &'a Environment,
    vault: &'a dyn Secrets,
    subject: &'a Subject,
    /// What calls before captured, as expressions read it.
    captured: Box<RawValue>,
    secrets: BTreeMap<String, Secret>,
    /// The first password of the account, for what may name it.
    password: Option<Secret>,
}

/// Which form of a text is filled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Secrets are masked.
    Shown,
    /// As it is sent.
    Sent,
}

impl<'a> Filler<'a> {
    /// For one call; `doing` is what errors begin with.
    pub(crate) fn new(
        doing: String,
        environment: &'a Environment,
        vault: &'a dyn Secrets,
        subject: &'a Subject,
    ) -> Result<Self, SourceError> {
        let captured = serde_json::value::to_raw_value(&subject.captured)
            .map_err(|error| misconfigured(doing.as_str(), error.to_string(), ""))?;
        Ok(Self {
            doing,
            environment,
            vault,
            subject,
            captured,
            secrets: BTreeMap::new(),
            password: None,
        })
    }

    /// Lets formats name the first password of the account.
    pub(crate) fn set_password(&mut self, password: Secret) {
        self.password = Some(password);
    }

    /// A text with statements.
    pub(crate) async fn template(
        &mut self,
        template: &TextTemplate,
        part: &str,
        escape: &(dyn Fn(&str) -> Result<String, String> + Sync),
    ) -> Result<Masked, SourceError> {
        let filled = self.twice(part, |scope| template.evaluate(scope, escape)).await?;
        Ok(filled.into_masked())
    }

    /// The secrets that were used, by name.
    pub(crate) fn into_secrets(self) -> BTreeMap<String, Secret> {
        self.secrets
    }

    /// An address: values become one segment of a path or one value of a query.
    pub(crate) async fn url(&mut self, format: &Format) -> Result<Masked, SourceError> {
        let mut url = self.one(format, "`url`", &for_url).await?;
        if let Masked::Secret { shown, .. } = &mut url {
            *shown = shown.replace("%E2%80%A6", MASK);
        }
        Ok(url)
    }

    /// The value of a header field; none when the format says so (`default('')`).
    pub(crate) async fn header(
        &mut self,
        name: &str,
        format: &Format,
    ) -> Result<Option<Masked>, SourceError> {
        let value = self
            .one(format, &format!("the header `{name}`"), &for_header)
            .await?;
        Ok(Some(value).filter(|value| !value.expose().is_empty()))
    }

    /// A text in which values are escaped.
    pub(crate) async fn one(
        &mut self,
        format: &Format,
        part: &str,
        escape: &(dyn Fn(&str) -> Result<String, String> + Sync),
    ) -> Result<Masked, SourceError> {
        let filled = self
            .twice(part, |scope| {
                Ok(match format.evaluate_escaped(scope, escape)? {
                    Evaluated::Values(values) => Ok(values.concat()),
                    Evaluated::Nothing { missing } => Err(missing),
                })
            })
            .await?;
        Ok(filled.into_masked())
    }

    /// The values of a query parameter.
    pub(crate) async fn values(&mut self, format: &Format, part: &str) -> Result<Vec<Masked>, SourceError> {
        let filled = self
            .twice(part, |scope| {
                Ok(match format.evaluate(scope)? {
                    Evaluated::Values(values) => Ok(values),
                    Evaluated::Nothing { missing } => Err(missing),
                })
            })
            .await?;
        Ok(match filled {
            Filled::Plain(values) => values.into_iter().map(Masked::Plain).collect(),
            Filled::Secret { sent, shown } => {
                let mut shown = shown.into_iter();
                let pair = |sent| Masked::Secret {
                    sent: Secret::new(sent),
                    shown: shown.next().unwrap_or_else(|| MASK.to_owned()),
                };
                sent.into_iter().map(pair).collect()
            }
        })
    }

    /// A text of a JSON body: numbers, yes and no, lists and objects stay what they are when the whole text is one
    /// expression. What is sent, and what is shown.
    pub(crate) async fn json(&mut self, format: &Format) -> Result<(Json, Json), SourceError> {
        let filled = self
            .twice("`body`", |scope| {
                let found = format.evaluate_json(scope)?;
                Ok(found)
            })
            .await?;
        Ok(match filled {
            Filled::Plain(value) => (value.clone(), value),
            Filled::Secret { sent, shown } => (sent, shown),
        })
    }

    /// Evaluates with masks for secrets, and where there were some once more with what they are.
    async fn twice<T>(
        &mut self,
        part: &str,
        evaluate: impl Fn(&Scope<'_>) -> Found<T>,
    ) -> Result<Filled<T>, SourceError> {
        let asked = RefCell::new(Vec::new());
        let shown = self.in_scope(Form::Shown, part, &Masking { asked: &asked }, &evaluate)?;
        let asked = asked.into_inner();
        if asked.is_empty() && self.password.is_none() {
            return Ok(Filled::Plain(shown));
        }
        for name in asked {
            self.fetch(name).await?;
        }
        let fetched = Fetched {
            secrets: &self.secrets,
        };
        let sent = self.in_scope(Form::Sent, part, &fetched, &evaluate)?;
        Ok(Filled::Secret { sent, shown })
    }

    async fn fetch(&mut self, name: String) -> Result<(), SourceError> {
        if !self.secrets.contains_key(&name) {
            let secret = self.vault.get(&name).await.map_err(|error| SourceError {
                kind: SourceTrouble::Unauthorized,
                doing: self.doing.clone(),
                hint: match &error {
                    SecretError::Missing { .. } => String::new(),
                    SecretError::Vault { .. } => "check the vault's key and file".to_owned(),
                },
                said: error.to_string(),
            })?;
            self.secrets.insert(name, secret);
        }
        Ok(())
    }

    fn in_scope<T>(
        &self,
        form: Form,
        part: &str,
        hook: &dyn SecretHook,
        evaluate: &impl Fn(&Scope<'_>) -> Found<T>,
    ) -> Result<T, SourceError> {
        let subject = self.subject;
        let mut scope = Scope::new()
            .with_lookups(&self.environment.lookups)
            .with_now((self.environment.now)())
            .with_variables(&self.environment.variables)
            .with_secrets(hook);
        for AttributeValues { name, values } in &subject.attributes {
            let value = match values.as_slice() {
                [] => continue,
                [one] => Value::from(one.as_str()),
                several => several.iter().map(String::as_str).collect::<Vec<_>>().into(),
            };
            scope = scope.with_value(name.as_str(), value);
        }
        let member = |name: &'static str, value: &'a str| (name.into(), Value::from(value));
        let account = subject.account.iter().flat_map(|account| {
            [
                member("dn", account.dn.as_str()),
                member("id", account.id.as_str()),
            ]
        });
        let key = subject.person.iter().map(|key| member("key", key.as_str()));
        let person = key.chain([member("name", &subject.name)]);
        scope = scope
            .with_value("account", Value::Map(account.collect()))
            .with_value("person", Value::Map(person.collect()))
            .with_value("captured", &*self.captured);
        if let Some(password) = &self.password {
            let password = match form {
                Form::Shown => MASK,
                Form::Sent => password.expose(),
            };
            scope = scope.with_value("password", password);
        }
        if let Some(run) = &subject.run {
            scope = scope.with_value("run", run.as_str());
        }
        match evaluate(&scope) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(missing)) => {
                let said = format!("{part} needs `{missing}`, which has no value");
                let hint = format!(
                    "give the account a value, or say what to send without one: `{{{{ {missing} | default('') }}}}`"
                );
                Err(misconfigured(&self.doing, said, hint))
            }
            Err(error) => {
                let secrets: Vec<_> = self.secrets.values().chain(&self.password).cloned().collect();
                Err(misconfigured(
                    &self.doing,
                    scrub(&format!("{part}: {error}"), &secrets),
                    error.hint,
                ))
            }
        }
    }
}

/// What came of a format.
enum Filled<T> {
    /// Without a secret.
    Plain(T),
    /// With one.
    Secret { sent: T, shown: T },
}

impl Filled<String> {
    fn into_masked(self) -> Masked {
        match self {
            Self::Plain(text) => Masked::Plain(text),
            Self::Secret { sent, shown } => Masked::Secret {
                sent: Secret::new(sent),
                shown,
            },
        }
    }
}

/// One segment of a path or one value of a query (RFC 3986, section 2.3).
fn for_url(text: &str) -> Result<String, String> {
    if matches!(text, "." | "..") {
        return Err(format!("is `{text}`, which leads elsewhere in an address"));
    }
    let mut made = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            made.push(char::from(byte));
        } else {
            // Writing into a text does not fail.
            let _ = write!(made, "%{byte:02X}");
        }
    }
    Ok(made)
}

/// A header field has one line (RFC 9110, section 5.5).
pub(crate) fn for_header(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err("has a line break or another control character, which a header cannot carry".to_owned());
    }
    Ok(text.to_owned())
}

/// A text in an element or an attribute of XML 1.0 (sections 2.2 and 2.4). Breaks are written as numbers, since
/// attributes lose them otherwise.
pub(crate) fn for_xml(text: &str) -> Result<String, String> {
    let mut made = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => made.push_str("&amp;"),
            '<' => made.push_str("&lt;"),
            '>' => made.push_str("&gt;"),
            '"' => made.push_str("&quot;"),
            '\'' => made.push_str("&apos;"),
            '\t' | '\n' | '\r' => {
                // Writing into a text does not fail.
                let _ = write!(made, "&#{};", u32::from(letter));
            }
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                return Err(format!(
                    "has the character U+{:04X}, which XML cannot carry",
                    u32::from(letter)
                ));
            }
            letter => made.push(letter),
        }
    }
    Ok(made)
}

/// A plain text has no rules.
#[expect(clippy::unnecessary_wraps, reason = "the others can refuse")]
pub(crate) fn for_text(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}
