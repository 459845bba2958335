//! Where an expression's names get their values from.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;

use crate::attribute::{Attributes, Dictionary};
use crate::secret::Secret;

use super::error::{ExpressionError, nearest};
use super::lookup::Lookups;
use super::value::Value;

/// Named values that are found one by one, such as the columns of a record.
pub trait Names {
    /// The value with this name; none when there is no such name.
    fn get<'s>(&'s self, name: &'s str) -> Option<Value<'s>>;
}

/// Hands out secrets, where expressions may have them.
pub trait SecretHook {
    /// The secret with this name, or why it cannot be had.
    fn secret(&self, name: &str) -> Result<Secret, String>;
}

/// Hands out environment variables, where expressions may have them.
pub trait VariableHook {
    /// The variable with this name, or why it cannot be had.
    fn variable(&self, name: &str) -> Result<String, String>;
}

/// What an expression may name. A name is looked for among the single values first, then the columns, and last
/// the attributes (these in any case). Nothing is read before it is asked for.
#[derive(Clone, Default)]
pub struct Scope<'a> {
    values: Vec<(Cow<'a, str>, Value<'a>)>,
    names: Option<&'a dyn Names>,
    attributes: Option<(&'a Dictionary, &'a Attributes)>,
    lookups: Option<&'a Lookups>,
    secrets: Option<&'a dyn SecretHook>,
    variables: Option<&'a dyn VariableHook>,
    now: Option<Timestamp>,
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.values.iter().map(|(name, _)| name);
        f.debug_struct("Scope")
            .field("values", &names.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl<'a> Scope<'a> {
    /// A scope without any name.
    pub fn new() -> Self {
        Self::default()
    }

    /// The attributes of a profile or an account.
    pub fn of_attributes(dictionary: &'a Dictionary, attributes: &'a Attributes) -> Self {
        Self {
            attributes: Some((dictionary, attributes)),
            ..Self::default()
        }
    }

    /// The columns of a record, or other names that are found one by one.
    pub fn of_names(names: &'a dyn Names) -> Self {
        Self {
            names: Some(names),
            ..Self::default()
        }
    }

    /// And these tables.
    #[must_use]
    pub fn with_lookups(mut self, lookups: &'a Lookups) -> Self {
        self.lookups = Some(lookups);
        self
    }

    /// And the time of the run, as `now`.
    #[must_use]
    pub fn with_now(mut self, now: Timestamp) -> Self {
        self.now = Some(now);
        self
    }

    /// And this value, which comes before any other of its name.
    #[must_use]
    pub fn with_value(mut self, name: &'a str, value: impl Into<Value<'a>>) -> Self {
        self.values.push((Cow::Borrowed(name), value.into()));
        self
    }

    /// And secrets, for requests.
    #[must_use]
    pub fn with_secrets(mut self, secrets: &'a dyn SecretHook) -> Self {
        self.secrets = Some(secrets);
        self
    }

    /// And environment variables, for requests.
    #[must_use]
    pub fn with_variables(mut self, variables: &'a dyn VariableHook) -> Self {
        self.variables = Some(variables);
        self
    }

    /// The value of a name; missing when there is none.
    pub(super) fn resolve<'s>(&'s self, name: &'s str) -> Value<'s> {
        if let Some((_, value)) = self
            .values
            .iter()
            .rev()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
        {
            return value.clone();
        }
        if let Some(value) = self.names.and_then(|names| names.get(name)) {
            return value;
        }
        if let Some((dictionary, attributes)) = self.attributes
            && let Some(index) = dictionary.index(name)
        {
            let mut values = attributes.get(index).map(Value::from);
            return match (values.next(), values.next()) {
                (None, _) => Value::Missing(Cow::Borrowed(name)),
                (Some(value), None) => value,
                (Some(first), Some(second)) => {
                    Value::List([first, second].into_iter().chain(values).collect())
                }
            };
        }
        if name == "now"
            && let Some(now) = self.now
        {
            return now.into();
        }
        Value::Missing(Cow::Borrowed(name))
    }

    /// What a table has for a key; none when it has nothing.
    pub(super) fn look_up(&self, table: &str, key: &str) -> Result<Option<&str>, ExpressionError> {
        let found = self.lookups.and_then(|lookups| lookups.get(table));
        found.map(|found| found.get(key)).ok_or_else(|| {
            let mut known: Vec<&str> = super::function::names().collect();
            known.extend(self.lookups.into_iter().flat_map(Lookups::names));
            let error =
                ExpressionError::new(table, format!("there is no function or lookup table `{table}`"));
            match nearest(table, known.into_iter()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("lookup tables are documents of the kind `lookup`"),
            }
        })
    }

    pub(super) fn secret(&self, name: &str) -> Result<Secret, String> {
        match self.secrets {
            Some(secrets) => secrets.secret(name),
            None => Err("secrets can be used in requests and connections only".into()),
        }
    }

    pub(super) fn variable(&self, name: &str) -> Result<String, String> {
        match self.variables {
            Some(variables) => variables.variable(name),
            None => Err("environment variables can be used in requests and connections only".into()),
        }
    }
}
