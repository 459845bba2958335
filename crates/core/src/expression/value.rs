//! Values while an expression is worked out: borrowed from the record wherever that is possible, with raw JSON
//! taken apart only when it is asked for.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::{Timestamp, Zoned, civil};
use serde_json::value::RawValue;

use super::json;

/// A value in an expression.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// No value, with the name of the input that has none. JSON's `null`, `""` and `[]` in a record are this too.
    Missing(Cow<'a, str>),
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// A day or a moment.
    Moment(Moment),
    /// Several values.
    List(Vec<Value<'a>>),
    /// Named values in order, as written in braces.
    Map(Vec<(Cow<'a, str>, Value<'a>)>),
    /// An array or object of a record, not yet read.
    Json(&'a RawValue),
}

/// A day, or a moment in a time zone.
#[derive(Clone, Debug)]
pub enum Moment {
    /// A day of the calendar, without a zone.
    Day(civil::Date),
    /// A moment, as the clocks of a zone show it.
    At(Box<Zoned>),
}

impl Moment {
    /// The day or moment that a text writes in ISO 8601 or as LDAP's generalized time; one without an offset is UTC's.
    pub fn parse(text: &str) -> Option<Self> {
        super::dates::parse(text)
    }

    /// The first moment of it; a day begins in `zone`.
    pub(super) fn start(&self, zone: &jiff::tz::TimeZone) -> Option<Zoned> {
        match self {
            Self::Day(day) => day.to_zoned(zone.clone()).ok(),
            Self::At(at) => Some((**at).clone()),
        }
    }

    fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Day(one), Self::Day(other)) => Some(one.cmp(other)),
            (Self::At(one), other) => Some(one.timestamp().cmp(&other.start(one.time_zone())?.timestamp())),
            (one, Self::At(other)) => Some(one.start(other.time_zone())?.timestamp().cmp(&other.timestamp())),
        }
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{day}"),
            Self::At(at) if at.time_zone() == &jiff::tz::TimeZone::UTC => write!(f, "{}", at.timestamp()),
            Self::At(at) => write!(f, "{}", at.strftime("%Y-%m-%dT%H:%M:%S%:z")),
        }
    }
}

impl<'a> Value<'a> {
    /// No value, of no input in particular.
    pub(super) fn nothing() -> Self {
        Self::Missing(Cow::Borrowed(""))
    }

    /// What a raw JSON value of a record is: nothing, a plain value, or JSON to be read when it is asked for.
    pub fn from_json(raw: &'a RawValue, name: &'a str) -> Self {
        json::value(raw, name)
    }

    /// What the word for a value of this kind is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Missing(_) => "no value",
            Self::Bool(_) => "a yes or no",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::Moment(_) => "a date",
            Self::List(_) => "a list",
            Self::Map(_) => "named values",
            Self::Json(raw) => json::kind(raw),
        }
    }

    /// Whether there is no value.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing(_))
    }

    /// Whether it counts as yes: a missing or empty value, nought and false do not; nor does the text `false`,
    /// which some systems send for a switch.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Missing(_) => false,
            Self::Bool(yes) => *yes,
            Self::Int(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty() && !text.eq_ignore_ascii_case("false"),
            Self::List(items) => !items.is_empty(),
            Self::Map(items) => !items.is_empty(),
            Self::Moment(_) => true,
            Self::Json(raw) => !json::is_empty(raw),
        }
    }

    /// The value as text; none for a list, an object, or no value.
    pub(super) fn into_text(self) -> Option<Cow<'a, str>> {
        Some(match self {
            Self::Text(text) => text,
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Int(number) => Cow::Owned(number.to_string()),
            Self::Float(number) => Cow::Owned(number.to_string()),
            Self::Moment(moment) => Cow::Owned(moment.to_string()),
            Self::Missing(_) | Self::List(_) | Self::Map(_) | Self::Json(_) => return None,
        })
    }

    /// The value as JSON, with what is missing within it left out; none when there is no value at all.
    pub(super) fn to_json(&self) -> Option<serde_json::Value> {
        Some(match self {
            Self::Missing(_) => return None,
            Self::Bool(yes) => (*yes).into(),
            Self::Int(number) => (*number).into(),
            Self::Float(number) => (*number).into(),
            Self::Text(text) => text.as_ref().into(),
            Self::Moment(moment) => moment.to_string().into(),
            Self::List(items) => items.iter().filter_map(Self::to_json).collect(),
            Self::Map(members) => {
                let members = members
                    .iter()
                    .filter_map(|(name, value)| Some((name.to_string(), value.to_json()?)));
                serde_json::Value::Object(members.collect())
            }
            Self::Json(raw) => serde_json::from_str(raw.get()).ok()?,
        })
    }

    /// The value as a number, also when it is written as text.
    pub(super) fn number(&self) -> Option<Number> {
        match self {
            Self::Int(number) => Some(Number::Int(*number)),
            Self::Float(number) => Some(Number::Float(*number)),
            Self::Text(text) => Number::parse(text),
            _ => None,
        }
    }

    /// The items of a list; none when this is no list.
    pub(super) fn into_items(self) -> Option<Vec<Value<'a>>> {
        match self {
            Self::List(items) => Some(items),
            Self::Json(raw) => json::items(raw),
            _ => None,
        }
    }

    /// The member with this name; nothing when there is none.
    pub(super) fn member(&self, name: &str) -> Option<Value<'a>> {
        match self {
            Self::Map(members) => members
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone()),
            Self::Json(raw) => json::member(raw, name),
            _ => None,
        }
    }

    /// Whether two values are equal. Numbers equal numbers written as text, a day equals the same day as text, and
    /// a missing value equals only another missing one.
    pub(super) fn same(&self, other: &Value<'_>) -> bool {
        match (self, other) {
            (Self::Missing(_), Value::Missing(_)) => true,
            (Self::Missing(_), _) | (_, Value::Missing(_)) => false,
            (Self::Text(one), Value::Text(other)) => one == other,
            (Self::Bool(one), Value::Bool(other)) => one == other,
            (Self::Bool(yes), Value::Text(text)) => says(text, *yes),
            (Self::Text(text), Value::Bool(yes)) => says(text, *yes),
            (Self::Map(one), Value::Map(other)) => {
                one.len() == other.len()
                    && one
                        .iter()
                        .zip(other)
                        .all(|((one_name, one), (other_name, other))| {
                            one_name == other_name && one.same(other)
                        })
            }
            (Self::List(_) | Self::Json(_), _) | (_, Value::List(_) | Value::Json(_)) => {
                match (self.clone().into_items(), other.clone().into_items()) {
                    (Some(one), Some(other)) => {
                        one.len() == other.len() && one.iter().zip(&other).all(|(one, other)| one.same(other))
                    }
                    _ => false,
                }
            }
            _ => self.order(other) == Some(Ordering::Equal),
        }
    }

    /// Which of two values comes first; none when they cannot be compared. Numbers and dates are compared as such
    /// when one side is one and the other can be read as one.
    pub(super) fn order(&self, other: &Value<'_>) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(one), Value::Text(other)) => Some(one.as_ref().cmp(other.as_ref())),
            (Self::Bool(one), Value::Bool(other)) => Some(one.cmp(other)),
            (Self::Moment(one), Value::Moment(other)) => one.compare(other),
            (Self::Moment(one), Value::Text(other)) => one.compare(&super::dates::parse(other)?),
            (Self::Text(one), Value::Moment(other)) => super::dates::parse(one)?.compare(other),
            _ => self.number()?.order(other.number()?),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<bool> for Value<'_> {
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(at: Timestamp) -> Self {
        Self::Moment(Moment::At(Box::new(at.to_zoned(jiff::tz::TimeZone::UTC))))
    }
}

impl<'a> From<&'a RawValue> for Value<'a> {
    fn from(raw: &'a RawValue) -> Self {
        Self::from_json(raw, "")
    }
}

impl<'a, V: Into<Value<'a>>> From<Vec<V>> for Value<'a> {
    fn from(values: Vec<V>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

/// A number: whole where it can be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    /// The number that a text writes, with a point for fractions.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
            return None;
        }
        text.parse().map(Self::Int).ok().or_else(|| {
            text.parse()
                .ok()
                .filter(|number: &f64| number.is_finite())
                .map(Self::Float)
        })
    }

    pub(super) fn as_float(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Float(number) => number,
        }
    }

    pub(super) fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(one), Self::Int(other)) => Some(one.cmp(&other)),
            _ => self.as_float().partial_cmp(&other.as_float()),
        }
    }

    pub(super) fn value<'a>(self) -> Value<'a> {
        match self {
            Self::Int(number) => Value::Int(number),
            Self::Float(number) => Value::Float(number),
        }
    }
}

/// Whether a text means this truth value.
fn says(text: &str, yes: bool) -> bool {
    text.eq_ignore_ascii_case(if yes { "true" } else { "false" })
}
