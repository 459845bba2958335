//! Functions that choose between values, and where they come from.

use super::evaluate::look_up;
use super::function::{Call, Function, OnMissing, function};
use super::value::Value;

pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "default(value, otherwise)",
        "The value, or else another one when it is missing or empty. `default('')` leaves it out.",
        "{{ nickname | default(firstname) }}" => "Ada",
        |call| {
            let value = call.take(0);
            Ok(if is_empty(&value) { call.take(1) } else { value })
        }
    )
    .when_missing(OnMissing::Call),
    function!(
        "coalesce(value, …)",
        "The first of the values that is there and not empty.",
        "{{ coalesce(nickname, middlename, firstname) }}" => "Ada",
        |call| {
            let first = call.args.iter().position(|arg| !is_empty(arg));
            Ok(call.take(first.unwrap_or(0)))
        }
    )
    .when_missing(OnMissing::Call),
    function!(
        "switch(value, cases, otherwise=)",
        "The value that stands beside this one in braces, without regard to case. No value when it is not there.",
        "{{ department | switch({'Sales': 'S', 'Research': 'R'}, 'X') }}" => "R",
        switch
    )
    .when_missing(OnMissing::Call),
    function!(
        "lookup(key, table)",
        "What a lookup table has for a key, without regard to case; for a missing key what it has for all others. \
         `table(key)` is the same.",
        "{{ department | lookup('ou_for') }}" => "OU=Research",
        lookup
    )
    .when_missing(OnMissing::Call),
    function!(
        "secret(name)",
        "A secret of the vault, in requests and connections only.",
        "Bearer {{ secret('token') }}" => "Bearer s3cr3t",
        secret
    ),
    function!(
        "env(name)",
        "An environment variable of the machine that Tenure runs on, in requests and connections only. Its name begins \
         with `TENURE_VAR_`, or was allowed with `--allow-env`.",
        "https://{{ env('TENURE_VAR_REGION') }}.example.com" => "https://eu.example.com",
        variable
    ),
];

fn is_empty(value: &Value<'_>) -> bool {
    match value {
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.iter().all(Value::is_missing),
        value => value.is_missing(),
    }
}

fn switch<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let Value::Map(cases) = call.take(1) else {
        return Err("needs its cases in braces, such as `{'Sales': 'S'}`".into());
    };
    let value = call.take(0);
    if !value.is_missing() {
        let kind = value.kind();
        let text = value
            .into_text()
            .ok_or_else(|| format!("needs a text, found {kind}"))?;
        let text = text.trim().to_lowercase();
        if let Some((_, found)) = cases
            .into_iter()
            .find(|(case, _)| case.trim().to_lowercase() == text)
        {
            return Ok(found);
        }
        return Ok(call.take(2));
    }
    Ok(if call.has(2) { call.take(2) } else { value })
}

fn lookup<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let (key, table) = (call.take(0), call.text(1)?);
    match look_up(call.scope, &table, key) {
        Ok(found) => found.map_err(|kind| format!("needs a text as its key, found {kind}")),
        Err(error) if error.hint.is_empty() => Err(format!("cannot be done: {}", error.problem)),
        Err(error) => Err(format!("cannot be done: {}; {}", error.problem, error.hint)),
    }
}

fn secret<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let name = call.text(0)?;
    let secret = call
        .scope
        .secret(&name)
        .map_err(|reason| format!("cannot give `{name}`: {reason}"))?;
    Ok(Value::from(secret.expose().to_owned()))
}

fn variable<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let name = call.text(0)?;
    let value = call
        .scope
        .variable(&name)
        .map_err(|reason| format!("cannot give `{name}`: {reason}"))?;
    Ok(Value::from(value))
}
