//! Functions, filters and tests: one table. `x | name(a)`, `name(x, a)` and `x is name(a)` are the same call.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use super::meter::Meter;
use super::scope::Scope;
use super::value::{Number, Value};

/// What a function does, for the documentation. Every example is tested.
#[derive(Clone, Copy, Debug)]
pub struct FunctionDoc {
    /// Its name.
    pub name: &'static str,
    /// Its parameters, the value before the `|` first; one with `=` may be left out, `…` stands for more of them.
    pub signature: &'static str,
    /// What it gives.
    pub description: &'static str,
    /// A format that uses it.
    pub example: &'static str,
    /// What that format gives; several values with ` | ` between them, `(no value)` for none.
    pub result: &'static str,
}

/// What a function is called with.
pub(super) struct Call<'a, 'c> {
    pub(super) args: &'c mut [Value<'a>],
    pub(super) scope: &'a Scope<'a>,
    pub(super) meter: &'c Meter,
}

impl<'a> Call<'a, '_> {
    /// Takes an argument; nothing when it was not given.
    pub(super) fn take(&mut self, at: usize) -> Value<'a> {
        self.args
            .get_mut(at)
            .map_or_else(Value::nothing, |arg| std::mem::replace(arg, Value::nothing()))
    }

    /// Takes an argument that must be text, or a list of one.
    pub(super) fn text(&mut self, at: usize) -> Result<Cow<'a, str>, String> {
        let value = match self.take(at) {
            list @ (Value::List(_) | Value::Json(_)) => {
                let kind = list.kind();
                match list.into_items().map(|mut items| (items.len(), items.pop())) {
                    Some((1, Some(only))) => only,
                    Some(_) => {
                        return Err("needs a text, found several values; use `first`, `join` or `map`".into());
                    }
                    None => return Err(format!("needs a text, found {kind}")),
                }
            }
            value => value,
        };
        let kind = value.kind();
        value
            .into_text()
            .ok_or_else(|| format!("needs a text, found {kind}"))
    }

    /// Takes an argument that may be left out, as text.
    pub(super) fn text_or(&mut self, at: usize, otherwise: &'a str) -> Result<Cow<'a, str>, String> {
        if self.has(at) {
            self.text(at)
        } else {
            Ok(Cow::Borrowed(otherwise))
        }
    }

    /// Whether an argument was given and has a value.
    pub(super) fn has(&self, at: usize) -> bool {
        self.args.get(at).is_some_and(|arg| !arg.is_missing())
    }

    /// An argument that must be a whole number.
    pub(super) fn int(&self, at: usize) -> Result<i64, String> {
        let arg = self.args.get(at);
        match arg.and_then(Value::number) {
            Some(Number::Int(number)) => Ok(number),
            _ => Err(format!(
                "needs a whole number, found {}",
                arg.map_or("no value", Value::kind)
            )),
        }
    }

    /// An argument that may be left out, as a whole number.
    pub(super) fn int_or(&self, at: usize, otherwise: i64) -> Result<i64, String> {
        if self.has(at) { self.int(at) } else { Ok(otherwise) }
    }

    /// An argument as a number of characters or items: a negative one is nought.
    pub(super) fn count(&self, at: usize) -> Result<usize, String> {
        self.int(at).map(|number| usize::try_from(number).unwrap_or(0))
    }

    /// Takes an argument as items: those of a list, or the one value itself.
    pub(super) fn items(&mut self, at: usize) -> Result<Vec<Value<'a>>, String> {
        match self.take(at) {
            Value::Missing(_) => Ok(Vec::new()),
            list @ (Value::List(_) | Value::Json(_)) => {
                if matches!(&list, Value::Json(raw) if raw.get().starts_with('{')) {
                    return Ok(vec![list]);
                }
                list.into_items()
                    .ok_or_else(|| format!("needs a list of at most {} items", super::meter::MAX_ITEMS))
            }
            one => Ok(vec![one]),
        }
    }
}

/// How a function takes an argument without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnMissing {
    /// It is not called: there is no value, because of that input.
    NoValue,
    /// It is not called: the answer is no.
    False,
    /// It knows what to do.
    Call,
}

pub(super) type Run = for<'a> fn(&mut Call<'a, '_>) -> Result<Value<'a>, String>;

/// A function with its documentation.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) doc: FunctionDoc,
    pub(super) on_missing: OnMissing,
    pub(super) run: Run,
}

impl Function {
    pub(super) const fn new(doc: FunctionDoc, run: Run) -> Self {
        Self {
            doc,
            on_missing: OnMissing::NoValue,
            run,
        }
    }

    pub(super) const fn when_missing(mut self, on_missing: OnMissing) -> Self {
        self.on_missing = on_missing;
        self
    }

    /// Calls it, for a value that another function has, with the limits kept.
    pub(super) fn call<'a>(
        &self,
        args: &mut [Value<'a>],
        scope: &'a Scope<'a>,
        meter: &Meter,
    ) -> Result<Value<'a>, String> {
        if self.on_missing != OnMissing::Call {
            // What is left out is missing without a name; what has no value has one.
            let missing = args.iter_mut().enumerate().find(|(at, arg)| match arg {
                Value::Missing(name) => *at == 0 || !name.is_empty(),
                _ => false,
            });
            if let Some((_, missing)) = missing {
                return Ok(match self.on_missing {
                    OnMissing::False => Value::Bool(false),
                    _ => std::mem::replace(missing, Value::nothing()),
                });
            }
        }
        let value = (self.run)(&mut Call { args, scope, meter })?;
        meter.check(value)
    }
}

/// One parameter, as the signature says it.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) required: bool,
}

/// A function as the parser sees it.
pub(super) struct Known {
    pub(super) function: &'static Function,
    pub(super) parameters: Vec<Parameter>,
    /// Whether any number of further arguments may follow.
    pub(super) more: bool,
}

static KNOWN: LazyLock<HashMap<&'static str, Known>> = LazyLock::new(|| {
    tables()
        .map(|function| (function.doc.name, Known::new(function)))
        .collect()
});

/// The functions by theme, in the order of the documentation.
pub(super) fn themes() -> [(&'static str, &'static [Function]); 11] {
    [
        ("Texts", super::text::FUNCTIONS),
        ("Names and telephone numbers", super::names::FUNCTIONS),
        ("Several values", super::lists::FUNCTIONS),
        ("Choices", super::choices::FUNCTIONS),
        ("Tests", super::tests::FUNCTIONS),
        ("Numbers", super::numbers::FUNCTIONS),
        ("Dates", super::dates::FUNCTIONS),
        ("Other languages and protocols", super::encodings::FUNCTIONS),
        ("Countries", super::country::FUNCTIONS),
        ("Languages", super::language::FUNCTIONS),
        ("Made and reserved names", super::generated::FUNCTIONS),
    ]
}

fn tables() -> impl Iterator<Item = &'static Function> {
    themes().into_iter().flat_map(|(_, functions)| functions)
}

impl Known {
    fn new(function: &'static Function) -> Self {
        let inner = function
            .doc
            .signature
            .split_once('(')
            .map_or("", |(_, rest)| rest.trim_end_matches(')'));
        let mut known = Self {
            function,
            parameters: Vec::new(),
            more: false,
        };
        for part in inner.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            if part == "…" {
                known.more = true;
            } else {
                let name = part.split('=').next().unwrap_or(part);
                known.parameters.push(Parameter {
                    name,
                    required: !part.contains('='),
                });
            }
        }
        known
    }

    /// Whether it can be called with so many arguments, by place.
    pub(super) fn accepts(&self, given: usize) -> Result<(), String> {
        let required = self
            .parameters
            .iter()
            .filter(|parameter| parameter.required)
            .count();
        if given < required || (given > self.parameters.len() && !self.more) {
            return Err(format!(
                "calls `{}` with other arguments than it takes",
                self.function.doc.signature
            ));
        }
        Ok(())
    }
}

/// The function of this name.
pub(super) fn find(name: &str) -> Option<&'static Known> {
    KNOWN.get(name)
}

/// The function of this name, when its name may come from a value: secrets and environment variables are
/// asked for in plain sight only.
pub(super) fn callable(name: &str) -> Option<&'static Function> {
    find(name)
        .map(|known| known.function)
        .filter(|function| !matches!(function.doc.name, "secret" | "env"))
}

/// The names of all functions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    KNOWN.keys().copied()
}

/// Every function, filter and test of the language, by theme.
pub fn functions() -> impl Iterator<Item = &'static FunctionDoc> {
    tables().map(|function| &function.doc)
}

/// A row of a table of functions.
macro_rules! function {
    ($signature:literal, $description:literal, $example:literal => $result:literal, $run:expr) => {
        $crate::expression::function::Function::new(
            $crate::expression::function::FunctionDoc {
                name: $crate::expression::function::name_of($signature),
                signature: $signature,
                description: $description,
                example: $example,
                result: $result,
            },
            $run,
        )
    };
}
pub(super) use function;

/// The name that a signature starts with.
pub(super) const fn name_of(signature: &'static str) -> &'static str {
    let bytes = signature.as_bytes();
    let mut end = 0;
    while end < bytes.len() && bytes[end] != b'(' {
        end += 1;
    }
    let (name, _) = signature.split_at(end);
    name
}
