//! Functions of lists. Items without a value are passed over, but `join` makes no text with a part missing.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;

use super::function::{Call, Function, OnMissing, callable, function};
use super::meter;
use super::value::Value;

pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "split(text, separator=)",
        "The parts of a text between separators, without space around them and empty parts; else its words.",
        "{{ 'a, b,,c' | split(',') }}" => "a | b | c",
        split
    ),
    function!(
        "join(list, separator=)",
        "One text of all items. When an input has no value there is none; see `compact`. Empty texts are passed over.",
        "{{ [lastname, firstname] | join(', ') }}" => "Lovelace, Ada",
        join
    ),
    function!(
        "compact(list)",
        "The items that have a value.",
        "{{ [firstname, middlename, lastname] | compact | join(' ') }}" => "Ada Lovelace",
        |call| present(call).map(Value::List)
    )
    .when_missing(OnMissing::Call),
    function!(
        "first(list)",
        "The first item that has a value.",
        "{{ groups | first }}" => "staff",
        |call| Ok(present(call)?.into_iter().next().unwrap_or_else(Value::nothing))
    ),
    function!(
        "last(list)",
        "The last item that has a value.",
        "{{ groups | last }}" => "admins",
        |call| Ok(present(call)?.pop().unwrap_or_else(Value::nothing))
    ),
    function!(
        "length(value)",
        "How many items a list has, or characters a text. A missing value has none.",
        "{{ groups | length }}" => "3",
        length
    )
    .when_missing(OnMissing::Call),
    function!(
        "sort(list, attribute=)",
        "The items in order, as texts without regard to case; those of objects by a member.",
        "{{ groups | sort }}" => "admins | staff | vpn",
        sort
    ),
    function!(
        "reverse(list)",
        "The items, last first; the characters of a text likewise.",
        "{{ groups | reverse }}" => "admins | vpn | staff",
        reverse
    ),
    function!(
        "unique(list)",
        "The items without repetitions, the first of each kept. Case counts.",
        "{{ ['a', 'b', 'a'] | unique }}" => "a | b",
        unique
    ),
    function!(
        "select(list, test=, …)",
        "The items for which a test says yes; without one, those that count as yes.",
        "{{ groups | select('starts_with', 's') }}" => "staff",
        |call| select(call, Keep::Yes)
    ),
    function!(
        "reject(list, test=, …)",
        "The items for which a test says no.",
        "{{ groups | reject('starts_with', 's') }}" => "vpn | admins",
        |call| select(call, Keep::No)
    ),
    function!(
        "selectattr(list, attribute, test=, …)",
        "The objects of whose member a test says yes; without one, those whose member counts as yes.",
        "{{ phoneNumbers | selectattr('type', 'eq', 'mobile') | map(attribute='number') | first }}" => "0170 5678",
        |call| select_by(call, Keep::Yes)
    ),
    function!(
        "rejectattr(list, attribute, test=, …)",
        "The objects of whose member a test says no.",
        "{{ phoneNumbers | rejectattr('type', 'eq', 'mobile') | map(attribute='number') | first }}" => "+49 30 1234",
        |call| select_by(call, Keep::No)
    ),
    function!(
        "map(list, function=, attribute=, …)",
        "A function of every item, with further arguments after its name; or a member of every object that has it.",
        "{{ groups | map('upper') }}" => "STAFF | VPN | ADMINS",
        map
    ),
];

/// The items of the first argument that have a value.
fn present<'a>(call: &mut Call<'a, '_>) -> Result<Vec<Value<'a>>, String> {
    let mut items = call.items(0)?;
    items.retain(|item| !item.is_missing());
    Ok(items)
}

fn split<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let (text, separator) = (call.text(0)?, call.text_or(1, "")?);
    let parts: Box<dyn Iterator<Item = &str>> = if separator.is_empty() {
        Box::new(text.split_whitespace())
    } else {
        Box::new(text.split(&*separator))
    };
    let parts = parts.map(str::trim).filter(|part| !part.is_empty());
    let parts: Vec<Value<'a>> = parts
        .take(meter::MAX_ITEMS + 1)
        .map(|part| Value::from(part.to_owned()))
        .collect();
    Ok(Value::List(parts))
}

fn join<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let (items, separator) = (call.items(0)?, call.text_or(1, "")?);
    let mut joined = String::new();
    for item in items {
        if let Value::Missing(name) = &item {
            if !name.is_empty() {
                return Ok(item);
            }
            continue;
        }
        let kind = item.kind();
        let text = item
            .into_text()
            .ok_or_else(|| format!("needs texts, found {kind} in the list"))?;
        if text.is_empty() {
            continue;
        }
        if !joined.is_empty() {
            joined.push_str(&separator);
        }
        meter::room(joined.len() + text.len())?;
        joined.push_str(&text);
    }
    if joined.is_empty() {
        Ok(Value::nothing())
    } else {
        Ok(Value::from(joined))
    }
}

fn length<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let count = match call.args.first() {
        Some(Value::Text(text)) => text.chars().count(),
        Some(Value::Map(members)) => members.len(),
        _ => present(call)?.len(),
    };
    i64::try_from(count)
        .map(Value::Int)
        .map_err(|_| "counts too many".into())
}

fn sort<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let mut keyed = Vec::new();
    let attribute = if call.has(1) { Some(call.text(1)?) } else { None };
    for item in present(call)? {
        let key = match &attribute {
            Some(name) => item.member(name).unwrap_or_else(Value::nothing),
            None => item.clone(),
        };
        let key = match key {
            Value::Text(text) => Value::from(text.to_lowercase()),
            Value::List(_) | Value::Map(_) | Value::Json(_) => {
                return Err(
                    "needs texts, numbers or dates to sort by; for objects, say `attribute='…'`".into(),
                );
            }
            key => key,
        };
        call.meter.spend(0)?;
        keyed.push((key, item));
    }
    keyed.sort_by(|(one, _), (other, _)| sorted(one, other));
    Ok(Value::List(keyed.into_iter().map(|(_, item)| item).collect()))
}

/// A total order: missing values last, numbers before dates before texts, and each kind among itself.
fn sorted(one: &Value<'_>, other: &Value<'_>) -> Ordering {
    let rank = |value: &Value<'_>| match value {
        Value::Bool(_) => 0,
        Value::Int(_) | Value::Float(_) => 1,
        Value::Moment(_) => 2,
        Value::Missing(_) => 4,
        _ => 3,
    };
    rank(one)
        .cmp(&rank(other))
        .then_with(|| one.order(other).unwrap_or(Ordering::Equal))
}

fn reverse<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    if let Some(Value::Text(text)) = call.args.first() {
        return Ok(Value::from(text.chars().rev().collect::<String>()));
    }
    let mut items = call.items(0)?;
    items.reverse();
    Ok(Value::List(items))
}

fn unique<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let mut seen = HashSet::new();
    let mut kept: Vec<Value<'a>> = Vec::new();
    for item in present(call)? {
        let key = match &item {
            Value::List(_) | Value::Map(_) | Value::Json(_) => super::encodings::json_text(&item)?,
            plain => plain.clone().into_text().map(Cow::into_owned).unwrap_or_default(),
        };
        call.meter.spend(key.len())?;
        if seen.insert(key) {
            kept.push(item);
        }
    }
    Ok(Value::List(kept))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Yes,
    No,
}

impl Keep {
    fn wants(self, yes: bool) -> bool {
        (self == Self::Yes) == yes
    }
}

/// Asks a test, named by the argument at `name` with its own arguments after it, about a value.
fn ask<'a>(call: &Call<'a, '_>, name: usize, value: Value<'a>) -> Result<bool, String> {
    if !call.has(name) {
        return Ok(value.is_true());
    }
    apply(call, name, name + 1, value).map(|answer| answer.is_true())
}

/// Calls the function that the argument at `name` names, with a value and the arguments from `more` on.
fn apply<'a>(call: &Call<'a, '_>, name: usize, more: usize, value: Value<'a>) -> Result<Value<'a>, String> {
    let function = match call.args.get(name) {
        Some(Value::Text(name)) => callable(name).ok_or_else(|| format!("knows no function `{name}`"))?,
        _ => return Err("needs the name of a function in quotes".into()),
    };
    let mut args = vec![value];
    args.extend(call.args.get(more..).unwrap_or_default().iter().cloned());
    let given = args.iter().skip(1).filter(|arg| !arg.is_missing()).count() + 1;
    super::function::find(function.doc.name).map_or(Ok(()), |known| known.accepts(given))?;
    function
        .call(&mut args, call.scope, call.meter)
        .map_err(|problem| format!("`{}` {problem}", function.doc.name))
}

fn select<'a>(call: &mut Call<'a, '_>, keep: Keep) -> Result<Value<'a>, String> {
    let mut kept = Vec::new();
    for item in present(call)? {
        if keep.wants(ask(call, 1, item.clone())?) {
            kept.push(item);
        }
    }
    Ok(Value::List(kept))
}

fn select_by<'a>(call: &mut Call<'a, '_>, keep: Keep) -> Result<Value<'a>, String> {
    let attribute = call.text(1)?;
    let mut kept = Vec::new();
    for item in present(call)? {
        call.meter.spend(0)?;
        let member = item.member(&attribute).unwrap_or_else(Value::nothing);
        if keep.wants(ask(call, 2, member)?) {
            kept.push(item);
        }
    }
    Ok(Value::List(kept))
}

fn map<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let mut mapped = Vec::new();
    let named = call.has(1);
    let attribute = if named || !call.has(2) {
        None
    } else {
        Some(call.text(2)?)
    };
    if !named && attribute.is_none() {
        return Err("needs the name of a function, or `attribute='…'`".into());
    }
    for item in present(call)? {
        call.meter.spend(0)?;
        let value = match &attribute {
            Some(name) => item.member(name).unwrap_or_else(Value::nothing),
            None => apply(call, 1, 2, item)?,
        };
        if !value.is_missing() {
            mapped.push(value);
        }
    }
    Ok(Value::List(mapped))
}
