//! Functions of numbers, switches and bits.

use super::function::{Call, Function, function};
use super::value::{Number, Value};
use crate::shape::shape;

pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "int(value)",
        "The value as a whole number, what is behind the point cut off.",
        "{{ '0042' | int }}" => "42",
        |call| whole(call, f64::trunc)
    ),
    function!(
        "float(value)",
        "The value as a number with a fraction.",
        "{{ '1.50' | float }}" => "1.5",
        |call| Ok(Value::Float(number(&call.take(0))?.as_float()))
    ),
    function!(
        "round(value, digits=)",
        "The number with so many digits behind the point; a half goes away from nought.",
        "{{ 2.345 | round(1) }}" => "2.3",
        round
    ),
    function!(
        "abs(value)",
        "The number without its sign.",
        "{{ (-3) | abs }}" => "3",
        absolute
    ),
    function!(
        "min(list)",
        "The least of the items.",
        "{{ [3, 1, 2] | min }}" => "1",
        |call| extreme(call, std::cmp::Ordering::Less)
    ),
    function!(
        "max(list)",
        "The greatest of the items.",
        "{{ [3, 1, 2] | max }}" => "3",
        |call| extreme(call, std::cmp::Ordering::Greater)
    ),
    function!(
        "bool(value)",
        "Yes for the texts true, yes, y, on, 1 and a number other than 0; no for false, no, n, off and 0.",
        "{{ 'Yes' | bool }}" => "true",
        boolean
    ),
    function!(
        "bit(value, mask, operation=)",
        "Whether all bits of a mask are set (`test`); or the number with them set (`set`), taken out (`clear`), or \
         with only them kept (`and`).",
        "{{ 512 | bit(2, 'set') }}" => "514",
        bit
    ),
];

fn number(value: &Value<'_>) -> Result<Number, String> {
    value.number().ok_or_else(|| match value {
        Value::Text(text) => format!("needs a number, found `{}`", shape(text)),
        other => format!("needs a number, found {}", other.kind()),
    })
}

/// A number without a fraction as a whole one.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked before")]
fn integral<'a>(number: f64) -> Result<Value<'a>, String> {
    const LIMIT: f64 = 9.0e18;
    if number.abs() < LIMIT {
        Ok(Value::Int(number as i64))
    } else {
        Err("gives a number that is too large".into())
    }
}

fn whole<'a>(call: &mut Call<'a, '_>, rounded: fn(f64) -> f64) -> Result<Value<'a>, String> {
    match call.take(0) {
        Value::Bool(yes) => Ok(Value::Int(i64::from(yes))),
        value => match number(&value)? {
            Number::Int(number) => Ok(Value::Int(number)),
            Number::Float(number) => integral(rounded(number)),
        },
    }
}

fn round<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let digits = call.int_or(1, 0)?;
    if digits == 0 {
        return whole(call, f64::round);
    }
    let Some(digits) = i32::try_from(digits)
        .ok()
        .filter(|digits| (1..=15).contains(digits))
    else {
        return Err(format!("needs between 0 and 15 digits, found {digits}"));
    };
    Ok(match number(&call.take(0))? {
        Number::Int(number) => Value::Int(number),
        Number::Float(number) => {
            let scale = 10_f64.powi(digits);
            let scaled = number * scale;
            // What is too large for the scale has no digits there.
            Value::Float(if scaled.is_finite() {
                scaled.round() / scale
            } else {
                number
            })
        }
    })
}

fn absolute<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    match number(&call.take(0))? {
        Number::Int(number) => number
            .checked_abs()
            .map(Value::Int)
            .ok_or_else(|| "gives a number that is too large".into()),
        Number::Float(number) => Ok(Value::Float(number.abs())),
    }
}

fn extreme<'a>(call: &mut Call<'a, '_>, wanted: std::cmp::Ordering) -> Result<Value<'a>, String> {
    let mut best = Value::nothing();
    for item in call.items(0)? {
        if item.is_missing() {
            continue;
        }
        if best.is_missing() {
            best = item;
            continue;
        }
        let order = item.order(&best);
        if order.ok_or_else(|| format!("cannot compare {} with {}", item.kind(), best.kind()))? == wanted {
            best = item;
        }
    }
    Ok(best)
}

fn boolean<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let value = call.take(0);
    if let Value::Bool(_) = value {
        return Ok(value);
    }
    if let Some(number) = value.number() {
        return Ok(Value::Bool(number.as_float() != 0.0));
    }
    let kind = value.kind();
    let text = value
        .into_text()
        .ok_or_else(|| format!("needs a text or a number, found {kind}"))?;
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "y" | "on" => Ok(Value::Bool(true)),
        "false" | "no" | "n" | "off" => Ok(Value::Bool(false)),
        _ => Err(format!("cannot read `{}` as a yes or no", shape(&text))),
    }
}

fn bit<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let (value, mask, operation) = (call.int(0)?, call.int(1)?, call.text_or(2, "test")?);
    Ok(match &*operation {
        "test" => Value::Bool(value & mask == mask),
        "set" => Value::Int(value | mask),
        "clear" => Value::Int(value & !mask),
        "and" => Value::Int(value & mask),
        other => return Err(format!("needs `test`, `set`, `clear` or `and`, found `{other}`")),
    })
}
