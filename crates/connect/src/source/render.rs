//! Works out formats for requests: each in the form that is sent, and in the one that is shown, where every secret
//! is masked.

use std::cell::RefCell;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value as Json;
use serde_json::value::RawValue;
use tenure_core::expression::{Evaluated, ExpressionError, Format, Scope, SecretHook, Value};
use tenure_core::fetching::Begin;
use tenure_core::seams::{SecretError, Secrets, SourceError, SourceTrouble};
use tenure_core::secret::Secret;

use super::standing::{PAGE, Standing};
use super::{Environment, misconfigured};
use crate::http::{MASK, Masked, scrub};

/// How far an earlier fetch came.
const SINCE: &str = "since";

/// Reads a format; `doing` says where it stands.
pub(crate) fn parse(source: &str, doing: impl FnOnce() -> String) -> Result<Format, SourceError> {
    Format::parse(source).map_err(|error| misconfigured(doing(), error.to_string(), error.hint))
}

/// Reads the formats of a request's fields; `doing` says where they stand, and `part` what they are.
pub(crate) fn parse_fields<'f>(
    doing: &str,
    part: &str,
    fields: impl Iterator<Item = (&'f String, &'f str)>,
) -> Result<Vec<(String, Format)>, SourceError> {
    fields
        .map(|(name, source)| {
            let format = parse(source, || format!("{doing}: {part} `{name}`"))?;
            Ok((name.clone(), format))
        })
        .collect()
}

/// Works out the formats of one call, with the secrets that they name fetched once.
pub(crate) struct Renderer<'a> {
    doing: String,
    environment: &'a Environment,
    now: Timestamp,
    vault: &'a dyn Secrets,
    secrets: BTreeMap<String, Secret>,
    /// What `record` is.
    record: Option<&'a RawValue>,
    /// What `page` is.
    page: Option<&'a Standing>,
    /// What `since` and `last_run` are.
    begin: Option<&'a Begin>,
}

impl<'a> Renderer<'a> {
    /// For one call; `doing` is what errors begin with.
    pub(crate) fn new(doing: String, environment: &'a Environment, vault: &'a dyn Secrets) -> Self {
        Self {
            doing,
            environment,
            now: (environment.now)(),
            vault,
            secrets: BTreeMap::new(),
            record: None,
            page: None,
            begin: None,
        }
    }

    /// Says what `record` is from now on.
    pub(super) fn set_record(&mut self, record: Option<&'a RawValue>) {
        self.record = record;
    }

    /// Says what `page` is from now on.
    pub(super) fn set_page(&mut self, page: Option<&'a Standing>) {
        self.page = page;
    }

    /// Says from where the fetch begins.
    pub(super) fn set_begin(&mut self, begin: &'a Begin) {
        self.begin = Some(begin);
    }

    /// Whether a part of a request is left out: it names `since` while everything is fetched, or of `page` what the
    /// first call cannot know, and says nothing for that case.
    pub(super) fn leaves_out(&self, format: &Format, part: &str) -> Result<bool, SourceError> {
        let whole = names(format, SINCE) && self.since().is_none();
        let first = names(format, PAGE) && self.page.is_some_and(|page| page.number == 1);
        if !whole && !first {
            return Ok(false);
        }
        let asked = RefCell::new(Vec::new());
        let masking = Masking { asked: &asked };
        let evaluated = format.evaluate(&self.scope(&masking));
        match evaluated {
            Ok(Evaluated::Nothing { missing }) => {
                Ok(whole && missing == SINCE || first && misses_page(format, &missing))
            }
            Ok(Evaluated::Values(_)) => Ok(false),
            Err(error) => Err(self.wrong(part, error)),
        }
    }

    fn since(&self) -> Option<Value<'_>> {
        self.begin?.since.as_ref()?.value()
    }

    /// What errors begin with.
    pub(crate) fn doing(&self) -> &str {
        &self.doing
    }

    /// The secrets that were used, by name.
    pub(crate) fn into_secrets(self) -> BTreeMap<String, Secret> {
        self.secrets
    }

    /// The values of a format; `part` says which part of the request it is.
    pub(crate) async fn values(&mut self, format: &Format, part: &str) -> Result<Vec<Masked>, SourceError> {
        let asked = RefCell::new(Vec::new());
        let shown = self.evaluate(format, part, &Masking { asked: &asked })?;
        let asked = asked.into_inner();
        if asked.is_empty() {
            return Ok(shown.into_iter().map(Masked::Plain).collect());
        }
        for name in asked {
            self.fetch(name).await?;
        }
        let sent = self.evaluate(
            format,
            part,
            &Fetched {
                secrets: &self.secrets,
            },
        )?;
        let same = sent.len() == shown.len();
        let mut shown = shown.into_iter().filter(|_| same);
        Ok(sent
            .into_iter()
            .map(|sent| {
                let shown = shown.next().unwrap_or_else(|| MASK.to_owned());
                Masked::Secret {
                    sent: Secret::new(sent),
                    shown,
                }
            })
            .collect())
    }

    /// The one text of a format that must have one.
    pub(crate) async fn text(&mut self, format: &Format, part: &str) -> Result<Masked, SourceError> {
        let mut values = self.values(format, part).await?;
        match (values.pop(), values.is_empty()) {
            (Some(only), true) => Ok(only),
            (last, _) => {
                let found = values.len() + usize::from(last.is_some());
                Err(misconfigured(
                    &self.doing,
                    format!("{part} gives {found} values, and needs one"),
                    "",
                ))
            }
        }
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

    fn evaluate(
        &self,
        format: &Format,
        part: &str,
        hook: &dyn SecretHook,
    ) -> Result<Vec<String>, SourceError> {
        let evaluated = format.evaluate(&self.scope(hook));
        match evaluated {
            Ok(Evaluated::Values(values)) => Ok(values),
            Ok(Evaluated::Nothing { missing }) => {
                let said = format!("{part} needs `{missing}`, which has no value");
                let hint = match missing.as_str() {
                    "last_run" => {
                        "before the first successful run there is none; say what is sent then, for example \
                         `last_run | default('2020-01-01T00:00:00Z')`"
                    }
                    SINCE => {
                        "while everything is fetched there is none; put it into a parameter of its own, which is left \
                         out then, or say what is sent with `default`"
                    }
                    missing
                        if misses_page(format, missing) && self.page.is_some_and(|page| page.number == 1) =>
                    {
                        "the first call has no page before it; put it into a parameter of its own, which is left out \
                         then, or say what is sent with `default`"
                    }
                    missing if misses_page(format, missing) => {
                        "the page before does not say it; correct the path, end `repeat` before, or say what is sent \
                         with `default`"
                    }
                    _ => {
                        "requests can name secrets, environment variables, lookup tables, `now` and `last_run`, with \
                         `incremental` also `since`, with `repeat` also `page`, and with `for_each` the columns of \
                         `record`; see `tenure macros`"
                    }
                };
                Err(misconfigured(&self.doing, said, hint))
            }
            Err(error) => Err(self.wrong(part, error)),
        }
    }

    fn scope<'s>(&'s self, hook: &'s dyn SecretHook) -> Scope<'s> {
        let mut scope = Scope::new()
            .with_lookups(&self.environment.lookups)
            .with_now(self.now)
            .with_variables(&self.environment.variables)
            .with_secrets(hook);
        if let Some(record) = self.record {
            scope = scope.with_value("record", record);
        }
        if let Some(page) = self.page {
            scope = scope.with_value(PAGE, page.value());
        }
        if let Some(last_run) = self.begin.and_then(|begin| begin.last_run) {
            scope = scope.with_value("last_run", last_run);
        }
        if let Some(since) = self.since() {
            scope = scope.with_value(SINCE, since);
        }
        scope
    }

    fn wrong(&self, part: &str, error: ExpressionError) -> SourceError {
        let secrets: Vec<_> = self.secrets.values().cloned().collect();
        misconfigured(
            &self.doing,
            scrub(&format!("{part}: {error}"), &secrets),
            error.hint,
        )
    }
}

fn names(format: &Format, wanted: &str) -> bool {
    format.columns().any(|(name, _)| name == wanted)
}

/// Whether what a format misses is of `page`. Within an expression it may have another name, as in
/// `(page.records | last).id`, so that it is whatever is of nothing else.
fn misses_page(format: &Format, missing: &str) -> bool {
    let is_of = |name: &str| {
        missing
            .strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    names(format, PAGE) && !format.columns().any(|(name, _)| name != PAGE && is_of(name))
}

/// Works out a text that a connection needs, such as a password. `doing` is what errors begin with.
pub async fn connection_text(
    source: &str,
    doing: &str,
    environment: &Environment,
    vault: &dyn Secrets,
) -> Result<Secret, SourceError> {
    let format = parse(source, || doing.to_owned())?;
    let mut renderer = Renderer::new(doing.to_owned(), environment, vault);
    let text = renderer.text(&format, "it").await?;
    Ok(Secret::new(text.expose().to_owned()))
}

/// Gives a mask for every secret, and takes note of which were asked for.
pub(crate) struct Masking<'a> {
    pub(crate) asked: &'a RefCell<Vec<String>>,
}

impl SecretHook for Masking<'_> {
    fn secret(&self, name: &str) -> Result<Secret, String> {
        self.asked.borrow_mut().push(name.to_owned());
        Ok(Secret::new(MASK.to_owned()))
    }
}

/// Gives the secrets that were fetched.
pub(crate) struct Fetched<'a> {
    pub(crate) secrets: &'a BTreeMap<String, Secret>,
}

impl SecretHook for Fetched<'_> {
    fn secret(&self, name: &str) -> Result<Secret, String> {
        self.secrets.get(name).cloned().ok_or_else(|| {
            format!("the secret `{name}` is asked for only because of what another secret is, which is not possible")
        })
    }
}

/// A JSON value whose texts are formats.
#[derive(Clone, Debug)]
pub(crate) enum JsonFormat {
    /// A text.
    Text(Format),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Object(Vec<(String, Self)>),
    /// Anything else, which stays as it is.
    Plain(Json),
}

/// A JSON value in the form that is sent and in the one that is shown.
#[derive(Clone)]
pub(crate) struct MaskedJson {
    pub(crate) sent: Json,
    pub(crate) shown: Json,
}

impl JsonFormat {
    /// Reads the texts of a value as formats.
    pub(crate) fn parse(value: &Json, doing: &str) -> Result<Self, SourceError> {
        Ok(match value {
            Json::String(source) => Self::Text(parse(source, || format!("{doing}: `body`"))?),
            Json::Array(items) => Self::List(
                items
                    .iter()
                    .map(|item| Self::parse(item, doing))
                    .collect::<Result<_, _>>()?,
            ),
            Json::Object(members) => {
                let members = members
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), Self::parse(value, doing)?)));
                Self::Object(members.collect::<Result<_, SourceError>>()?)
            }
            plain => Self::Plain(plain.clone()),
        })
    }

    /// Goes through all formats in it.
    pub(super) fn each(&self, visit: &mut dyn FnMut(&Format)) {
        match self {
            Self::Text(format) => visit(format),
            Self::List(items) => items.iter().for_each(|item| item.each(visit)),
            Self::Object(members) => members.iter().for_each(|(_, value)| value.each(visit)),
            Self::Plain(_) => {}
        }
    }

    /// The value with its texts worked out: a format of several values gives a list, one of none an empty text.
    pub(crate) async fn render(&self, renderer: &mut Renderer<'_>) -> Result<MaskedJson, SourceError> {
        match self {
            Self::Text(format) => {
                let values = renderer.values(format, "`body`").await?;
                Ok(MaskedJson {
                    sent: texts(values.iter().map(Masked::expose)),
                    shown: texts(values.iter().map(Masked::shown)),
                })
            }
            Self::List(items) => {
                let (mut sent, mut shown) = (Vec::new(), Vec::new());
                for item in items {
                    let item = Box::pin(item.render(renderer)).await?;
                    sent.push(item.sent);
                    shown.push(item.shown);
                }
                Ok(MaskedJson {
                    sent: Json::Array(sent),
                    shown: Json::Array(shown),
                })
            }
            Self::Object(members) => {
                let (mut sent, mut shown) = (serde_json::Map::new(), serde_json::Map::new());
                for (name, value) in members {
                    if let Self::Text(format) = value
                        && renderer.leaves_out(format, "`body`")?
                    {
                        continue;
                    }
                    let value = Box::pin(value.render(renderer)).await?;
                    sent.insert(name.clone(), value.sent);
                    shown.insert(name.clone(), value.shown);
                }
                Ok(MaskedJson {
                    sent: Json::Object(sent),
                    shown: Json::Object(shown),
                })
            }
            Self::Plain(value) => Ok(MaskedJson {
                sent: value.clone(),
                shown: value.clone(),
            }),
        }
    }
}

fn texts<'t>(values: impl Iterator<Item = &'t str>) -> Json {
    let mut values: Vec<_> = values.map(Json::from).collect();
    match values.len() {
        0 | 1 => values.pop().unwrap_or_else(|| Json::from("")),
        _ => Json::Array(values),
    }
}
