//! Functions that answer yes or no. About a missing value they say no, but for those that ask whether it is missing.

use super::evaluate::{compare, contains};
use super::function::{Call, Function, OnMissing, function};
use super::node::Compared;
use super::pattern::compiled;
use super::value::Value;

pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "defined(value)",
        "Whether there is a value.",
        "{{ nickname is defined }}" => "false",
        |call| Ok(Value::Bool(!call.take(0).is_missing()))
    )
    .when_missing(OnMissing::Call),
    function!(
        "missing(value)",
        "Whether there is no value.",
        "{{ nickname is missing }}" => "true",
        |call| Ok(Value::Bool(call.take(0).is_missing()))
    )
    .when_missing(OnMissing::Call),
    function!(
        "empty(value)",
        "Whether there is no value, or one of nothing but space, or a list without items.",
        "{{ '  ' is empty }}" => "true",
        |call| Ok(Value::Bool(match call.take(0) {
            Value::Text(text) => text.trim().is_empty(),
            Value::List(items) => items.iter().all(Value::is_missing),
            value => value.is_missing(),
        }))
    )
    .when_missing(OnMissing::Call),
    function!(
        "contains(whole, part)",
        "Whether a text has a part, or a list an item.",
        "{{ groups is contains('staff') }}" => "true",
        |call| contains(&call.take(0), &call.take(1)).map(Value::Bool)
    )
    .when_missing(OnMissing::False),
    function!(
        "starts_with(text, start)",
        "Whether a text starts so.",
        "{{ lastname is starts_with('Love') }}" => "true",
        |call| Ok(Value::Bool(call.text(0)?.starts_with(&*call.text(1)?)))
    )
    .when_missing(OnMissing::False),
    function!(
        "ends_with(text, end)",
        "Whether a text ends so.",
        "{{ lastname is ends_with('lace') }}" => "true",
        |call| Ok(Value::Bool(call.text(0)?.ends_with(&*call.text(1)?)))
    )
    .when_missing(OnMissing::False),
    function!(
        "matches(text, pattern)",
        "Whether a regular expression is found in a text; `^` and `$` bind it to its ends.",
        "{{ employeeNumber is matches('^[0-9]{4}$') }}" => "true",
        |call| Ok(Value::Bool(compiled(&call.text(1)?)?.is_match(&call.text(0)?)))
    )
    .when_missing(OnMissing::False),
    function!(
        "same_text(one, other)",
        "Whether two texts are the same without regard to case and to space around them.",
        "{{ ' SALES' is same_text('Sales') }}" => "true",
        |call| Ok(Value::Bool(call.text(0)?.trim().to_lowercase() == call.text(1)?.trim().to_lowercase()))
    )
    .when_missing(OnMissing::False),
    function!(
        "xor(one, other)",
        "Whether exactly one of two values counts as yes.",
        "{{ xor(activated, suspended) }}" => "true",
        |call| Ok(Value::Bool(call.take(0).is_true() != call.take(1).is_true()))
    )
    .when_missing(OnMissing::Call),
    function!(
        "eq(one, other)",
        "Whether two values are equal, as `==`.",
        "{{ phoneNumbers | selectattr('type', 'eq', 'work') | map(attribute='number') }}" => "+49 30 1234",
        |call| comparison(call, Compared::Equal)
    )
    .when_missing(OnMissing::Call),
    function!(
        "ne(one, other)",
        "Whether two values differ, as `!=`.",
        "{{ phoneNumbers | selectattr('type', 'ne', 'work') | map(attribute='number') }}" => "0170 5678",
        |call| comparison(call, Compared::NotEqual)
    )
    .when_missing(OnMissing::Call),
    function!(
        "lt(one, other)",
        "Whether one value is less than another, as `<`.",
        "{{ [1, 5, 9] | select('lt', 5) }}" => "1",
        |call| comparison(call, Compared::Less)
    )
    .when_missing(OnMissing::False),
    function!(
        "le(one, other)",
        "Whether one value is another or less, as `<=`.",
        "{{ [1, 5, 9] | select('le', 5) }}" => "1 | 5",
        |call| comparison(call, Compared::LessOrEqual)
    )
    .when_missing(OnMissing::False),
    function!(
        "gt(one, other)",
        "Whether one value is more than another, as `>`.",
        "{{ [1, 5, 9] | select('gt', 5) }}" => "9",
        |call| comparison(call, Compared::Greater)
    )
    .when_missing(OnMissing::False),
    function!(
        "ge(one, other)",
        "Whether one value is another or more, as `>=`.",
        "{{ [1, 5, 9] | select('ge', 5) }}" => "5 | 9",
        |call| comparison(call, Compared::GreaterOrEqual)
    )
    .when_missing(OnMissing::False),
    function!(
        "in(item, whole)",
        "Whether a value is in a list, or a text in another one; as the word `in`.",
        "{{ groups | select('in', ['staff', 'guests']) }}" => "staff",
        |call| comparison(call, Compared::In)
    )
    .when_missing(OnMissing::False),
    function!(
        "string(value)",
        "Whether a value is a text.",
        "{{ firstname is string }}" => "true",
        |call| Ok(Value::Bool(matches!(call.take(0), Value::Text(_))))
    )
    .when_missing(OnMissing::False),
    function!(
        "number(value)",
        "Whether a value is a number, also one that is written as text.",
        "{{ employeeNumber is number }}" => "true",
        |call| Ok(Value::Bool(call.take(0).number().is_some()))
    )
    .when_missing(OnMissing::False),
    function!(
        "list(value)",
        "Whether a value is a list.",
        "{{ groups is list }}" => "true",
        |call| Ok(Value::Bool(call.take(0).into_items().is_some()))
    )
    .when_missing(OnMissing::False),
];

fn comparison<'a>(call: &mut Call<'a, '_>, how: Compared) -> Result<Value<'a>, String> {
    let (one, other) = (call.take(0), call.take(1));
    compare(how, &one, &other).map(Value::Bool)
}
