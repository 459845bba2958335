//! Working out the value of a parsed expression.
//!
//! A missing value goes through members, calculations and calls unchanged, so that the result names the input that
//! had none. `and`, `or`, `not`, comparisons, lists and braces are the places where it does not.

use std::borrow::Cow;

use super::error::ExpressionError;
use super::function::Function;
use super::meter::{self, Meter};
use super::node::{Binary, Compared, Node};
use super::scope::Scope;
use super::value::{Number, Value};

/// The value of a node. Errors do not yet say which expression they are about.
pub(super) fn evaluate<'a>(
    node: &'a Node,
    scope: &'a Scope<'a>,
    meter: &Meter,
) -> Result<Value<'a>, ExpressionError> {
    Evaluation { scope, meter }.node(node)
}

struct Evaluation<'a, 'm> {
    scope: &'a Scope<'a>,
    meter: &'m Meter,
}

fn problem(problem: impl Into<String>) -> ExpressionError {
    ExpressionError::new("", problem)
}

impl<'a> Evaluation<'a, '_> {
    fn node(&self, node: &'a Node) -> Result<Value<'a>, ExpressionError> {
        self.meter.spend(0).map_err(problem)?;
        match node {
            Node::Name(name) => Ok(self.scope.resolve(name)),
            Node::Constant(value) => Ok(value.clone()),
            Node::Member { of, name, path } => self.member(of, name, path),
            Node::Item { of, index } => self.item(of, index),
            Node::Slice {
                of,
                start,
                stop,
                step,
            } => {
                let parts = [start, stop, step];
                self.slice(of, parts.map(Option::as_deref))
            }
            Node::Not(part) => Ok(Value::Bool(!self.node(part)?.is_true())),
            Node::Negative(part) => self.negative(part),
            Node::And(left, right) => {
                let left = self.node(left)?;
                if left.is_true() {
                    self.node(right)
                } else {
                    Ok(left)
                }
            }
            Node::Or(left, right) => {
                let left = self.node(left)?;
                if left.is_true() {
                    Ok(left)
                } else {
                    self.node(right)
                }
            }
            Node::Binary(operator, left, right) => {
                let (left, right) = (self.node(left)?, self.node(right)?);
                if left.is_missing() {
                    return Ok(left);
                }
                if right.is_missing() {
                    return Ok(right);
                }
                calculate(*operator, left, right)
                    .and_then(|value| self.meter.check(value))
                    .map_err(problem)
            }
            Node::Compare(first, rest) => self.compare(first, rest),
            Node::If { test, yes, no } => match (self.node(test)?.is_true(), no) {
                (true, _) => self.node(yes),
                (false, Some(no)) => self.node(no),
                (false, None) => Ok(Value::nothing()),
            },
            Node::List(parts) => {
                let items = parts
                    .iter()
                    .map(|part| self.node(part))
                    .collect::<Result<_, _>>()?;
                self.meter.check(Value::List(items)).map_err(problem)
            }
            Node::Map(parts) => self.map(parts),
            Node::Call { function, args } => self.call(function, args, node),
            Node::Table { table, key } => self.table(table, key),
        }
    }

    fn member(&self, of: &'a Node, name: &str, path: &'a str) -> Result<Value<'a>, ExpressionError> {
        let value = self.node(of)?;
        match &value {
            Value::Missing(_) | Value::Map(_) => {}
            Value::Json(raw) if raw.get().starts_with('{') => {}
            other => {
                let subject = path
                    .strip_suffix(name)
                    .map_or(path, |rest| rest.trim_end_matches('.'));
                let error = problem(format!(
                    "`{subject}` is {}, it has no member `{name}`",
                    other.kind()
                ));
                return Err(match other {
                    Value::List(_) | Value::Json(_) => error.hint(format!(
                        "choose one with `[0]`, or write `… | map(attribute='{name}')`"
                    )),
                    _ => error,
                });
            }
        }
        Ok(match value.member(name) {
            Some(Value::Missing(_)) | None => Value::Missing(Cow::Borrowed(path)),
            Some(value) => value,
        })
    }

    fn item(&self, of: &'a Node, index: &'a Node) -> Result<Value<'a>, ExpressionError> {
        let (value, index) = (self.node(of)?, self.node(index)?);
        if value.is_missing() {
            return Ok(value);
        }
        if index.is_missing() {
            return Ok(index);
        }
        let found = match (value, &index) {
            (value, Value::Text(name)) => value.member(name),
            (value, Value::Int(at)) => {
                let kind = value.kind();
                let Some(items) = value.into_items() else {
                    return Err(problem(format!("needs a list before `[{at}]`, found {kind}")));
                };
                place(*at, items.len()).and_then(|at| items.into_iter().nth(at))
            }
            (_, other) => {
                return Err(problem(format!(
                    "needs a number or a name in `[…]`, found {}",
                    other.kind()
                )));
            }
        };
        Ok(match found {
            Some(Value::Missing(_)) | None => {
                let index = index.into_text().unwrap_or_default();
                Value::Missing(Cow::Owned(format!("{}[{index}]", of.subject())))
            }
            Some(value) => value,
        })
    }

    fn slice(&self, of: &'a Node, parts: [Option<&'a Node>; 3]) -> Result<Value<'a>, ExpressionError> {
        let value = self.node(of)?;
        if value.is_missing() {
            return Ok(value);
        }
        let mut numbers = [None; 3];
        for (number, part) in numbers.iter_mut().zip(parts) {
            if let Some(part) = part {
                *number = match self.node(part)? {
                    Value::Int(number) => Some(number),
                    Value::Missing(_) => None,
                    other => {
                        return Err(problem(format!(
                            "needs numbers in `[…:…]`, found {}",
                            other.kind()
                        )));
                    }
                };
            }
        }
        let [start, stop, step] = numbers;
        let Ok(step) = usize::try_from(step.unwrap_or(1)).and_then(std::num::NonZeroUsize::try_from) else {
            return Err(
                problem("needs a step of 1 or more in `[…:…:…]`").hint("turn a list round with `reverse`")
            );
        };
        let chosen = |length: usize| {
            let first = start.map_or(0, |at| edge(at, length));
            (
                first,
                stop.map_or(length, |at| edge(at, length)).saturating_sub(first),
            )
        };
        let value = match value {
            Value::Text(text) => {
                let (first, count) = chosen(text.chars().count());
                Value::from(
                    text.chars()
                        .skip(first)
                        .take(count)
                        .step_by(step.get())
                        .collect::<String>(),
                )
            }
            value => {
                let kind = value.kind();
                let Some(items) = value.into_items() else {
                    return Err(problem(format!(
                        "needs a list or a text before `[…:…]`, found {kind}"
                    )));
                };
                let (first, count) = chosen(items.len());
                Value::List(
                    items
                        .into_iter()
                        .skip(first)
                        .take(count)
                        .step_by(step.get())
                        .collect(),
                )
            }
        };
        self.meter.check(value).map_err(problem)
    }

    fn negative(&self, part: &'a Node) -> Result<Value<'a>, ExpressionError> {
        let value = self.node(part)?;
        if value.is_missing() {
            return Ok(value);
        }
        match value.number() {
            Some(Number::Int(number)) => number.checked_neg().map(Value::Int).ok_or_else(too_large),
            Some(Number::Float(number)) => Ok(Value::Float(-number)),
            None => Err(problem(format!(
                "needs a number after `-`, found {}",
                value.kind()
            ))),
        }
    }

    fn compare(&self, first: &'a Node, rest: &'a [(Compared, Node)]) -> Result<Value<'a>, ExpressionError> {
        let mut left = self.node(first)?;
        for (how, right) in rest {
            let right = self.node(right)?;
            if !compare(*how, &left, &right).map_err(problem)? {
                return Ok(Value::Bool(false));
            }
            left = right;
        }
        Ok(Value::Bool(true))
    }

    fn map(&self, parts: &'a [(Node, Node)]) -> Result<Value<'a>, ExpressionError> {
        let mut members = Vec::with_capacity(parts.len());
        for (name, value) in parts {
            let name = self.node(name)?;
            let kind = name.kind();
            let Some(name) = name.into_text() else {
                return Err(problem(format!("needs texts as names in `{{…}}`, found {kind}")));
            };
            members.push((name, self.node(value)?));
        }
        Ok(Value::Map(members))
    }

    fn call(
        &self,
        function: &'static Function,
        args: &'a [Option<Node>],
        node: &'a Node,
    ) -> Result<Value<'a>, ExpressionError> {
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            values.push(match arg {
                Some(arg) => self.node(arg)?,
                None => Value::nothing(),
            });
        }
        // A given argument without a value must not be taken for one that was left out.
        for (value, arg) in values.iter_mut().zip(args) {
            if let (Value::Missing(name), Some(arg)) = (value, arg)
                && name.is_empty()
            {
                *name = Cow::Borrowed(arg.subject());
            }
        }
        let name = function.doc.name;
        match function.call(&mut values, self.scope, self.meter) {
            Ok(Value::Missing(input)) if input.is_empty() => {
                Ok(Value::Missing(Cow::Borrowed(node.subject())))
            }
            Ok(value) => Ok(value),
            Err(text) => Err(problem(format!("`{name}` {text}"))),
        }
    }

    fn table(&self, table: &'a str, key: &'a Node) -> Result<Value<'a>, ExpressionError> {
        let key = self.node(key)?;
        look_up(self.scope, table, key)?.map_err(|kind| {
            problem(format!(
                "the lookup table `{table}` needs a text as its key, found {kind}"
            ))
        })
    }
}

/// What a table has for a key. A missing key gets what the table has for every other one. A key that is no text is
/// told by its kind.
pub(super) fn look_up<'a>(
    scope: &'a Scope<'a>,
    table: &str,
    key: Value<'a>,
) -> Result<Result<Value<'a>, &'static str>, ExpressionError> {
    if key.is_missing() {
        return Ok(Ok(scope.look_up(table, "")?.map_or(key, Value::from)));
    }
    let kind = key.kind();
    let Some(key) = key.into_text() else {
        return Ok(Err(kind));
    };
    Ok(Ok(match scope.look_up(table, &key)? {
        Some(found) => Value::from(found),
        None => Value::Missing(Cow::Owned(format!("{table}('{key}')"))),
    }))
}

/// Where an index points to in a list, counted from its end when it is negative.
pub(super) fn place(at: i64, length: usize) -> Option<usize> {
    let at = if at < 0 {
        at.checked_add(i64::try_from(length).ok()?)?
    } else {
        at
    };
    usize::try_from(at).ok().filter(|at| *at < length)
}

/// Where a slice begins or ends: an index, counted from the end when it is negative, and never outside.
pub(super) fn edge(at: i64, length: usize) -> usize {
    let distance = usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX);
    if at < 0 {
        length.saturating_sub(distance)
    } else {
        distance.min(length)
    }
}

/// Whether two values compare so. A missing value equals only another one, is in nothing, has nothing in it, and
/// is neither less nor greater than anything.
pub(super) fn compare(how: Compared, left: &Value<'_>, right: &Value<'_>) -> Result<bool, String> {
    let wanted: fn(std::cmp::Ordering) -> bool = match how {
        Compared::Equal => return Ok(left.same(right)),
        Compared::NotEqual => return Ok(!left.same(right)),
        Compared::In => return contains(right, left),
        Compared::NotIn => return contains(right, left).map(|found| !found),
        Compared::Less => std::cmp::Ordering::is_lt,
        Compared::LessOrEqual => std::cmp::Ordering::is_le,
        Compared::Greater => std::cmp::Ordering::is_gt,
        Compared::GreaterOrEqual => std::cmp::Ordering::is_ge,
    };
    if left.is_missing() || right.is_missing() {
        return Ok(false);
    }
    let order = left.order(right);
    order
        .map(wanted)
        .ok_or_else(|| format!("cannot tell which is more, {} or {}", left.kind(), right.kind()))
}

/// Whether a list has an item, a text a part, or named values a name.
pub(super) fn contains(whole: &Value<'_>, part: &Value<'_>) -> Result<bool, String> {
    if whole.is_missing() || part.is_missing() {
        return Ok(false);
    }
    match whole {
        Value::Text(text) => match part.clone().into_text() {
            Some(part) => Ok(text.contains(&*part)),
            None => Err(format!("cannot look for {} in a text", part.kind())),
        },
        Value::Map(members) => Ok(members.iter().any(|(name, _)| Value::from(&**name).same(part))),
        Value::Json(raw) if raw.get().starts_with('{') => Ok(part
            .clone()
            .into_text()
            .is_some_and(|name| whole.member(&name).is_some())),
        whole => match whole.clone().into_items() {
            Some(items) => Ok(items.iter().any(|item| item.same(part))),
            None => Err(format!("cannot look for something in {}", whole.kind())),
        },
    }
}

fn too_large() -> ExpressionError {
    problem("gives a number that is too large")
}

fn calculate<'a>(operator: Binary, left: Value<'a>, right: Value<'a>) -> Result<Value<'a>, String> {
    if operator == Binary::Concatenate {
        return concatenate(left, right);
    }
    let (one, other) = match (operator, left, right) {
        // As elsewhere, `+` also puts texts and lists together.
        (Binary::Add, left @ Value::Text(_), right @ Value::Text(_))
            if left.number().is_none() || right.number().is_none() =>
        {
            return concatenate(left, right);
        }
        (
            Binary::Add,
            left @ (Value::List(_) | Value::Json(_)),
            right @ (Value::List(_) | Value::Json(_)),
        ) => {
            return match (left.into_items(), right.into_items()) {
                (Some(mut items), Some(more)) => {
                    items.extend(more);
                    Ok(Value::List(items))
                }
                _ => Err("cannot add an object".into()),
            };
        }
        (_, left, right) => match (left.number(), right.number()) {
            (Some(one), Some(other)) => (one, other),
            _ => {
                return Err(format!(
                    "cannot calculate with {} and {}; put texts together with `~`",
                    left.kind(),
                    right.kind()
                ));
            }
        },
    };
    number(operator, one, other).map(Number::value)
}

fn concatenate<'a>(left: Value<'a>, right: Value<'a>) -> Result<Value<'a>, String> {
    let kinds = (left.kind(), right.kind());
    let (Some(left), Some(right)) = (left.into_text(), right.into_text()) else {
        return Err(format!(
            "cannot put {} and {} together as one text",
            kinds.0, kinds.1
        ));
    };
    meter::room(left.len() + right.len())?;
    let mut text = left.into_owned();
    text.push_str(&right);
    Ok(Value::from(text))
}

/// Calculates in whole numbers as long as both are and nothing is left over; these must not overflow.
fn number(operator: Binary, one: Number, other: Number) -> Result<Number, String> {
    if let (Number::Int(one), Number::Int(other)) = (one, other) {
        let result = match operator {
            Binary::Add => one.checked_add(other),
            Binary::Subtract => one.checked_sub(other),
            Binary::Multiply => one.checked_mul(other),
            Binary::DivideWhole | Binary::Remainder | Binary::Divide if other == 0 => {
                return Err("cannot divide by nought".into());
            }
            Binary::DivideWhole => one.checked_div_euclid(other),
            Binary::Remainder => one.checked_rem_euclid(other),
            Binary::Divide if one.checked_rem(other) == Some(0) => one.checked_div(other),
            Binary::Power if other >= 0 => u32::try_from(other).ok().and_then(|other| one.checked_pow(other)),
            Binary::Divide | Binary::Power | Binary::Concatenate => {
                return fraction(operator, one as f64, other as f64);
            }
        };
        return result
            .map(Number::Int)
            .ok_or_else(|| "gives a number that is too large".into());
    }
    fraction(operator, one.as_float(), other.as_float())
}

fn fraction(operator: Binary, one: f64, other: f64) -> Result<Number, String> {
    let result = match operator {
        Binary::Add | Binary::Concatenate => one + other,
        Binary::Subtract => one - other,
        Binary::Multiply => one * other,
        Binary::Divide => one / other,
        Binary::DivideWhole => one.div_euclid(other),
        Binary::Remainder => one.rem_euclid(other),
        Binary::Power => one.powf(other),
    };
    if result.is_finite() {
        Ok(Number::Float(result))
    } else {
        Err("gives no finite number".into())
    }
}
