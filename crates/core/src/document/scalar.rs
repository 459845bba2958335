//! Small values that documents write in more than one way: scalars, spans of time, limits, one or several.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use jiff::SignedDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::plan::Limit;

/// By this name a reader of documents is asked for a scalar's text as it was written, so that `1.10` stays that.
pub(super) const AS_WRITTEN: &str = "tenure::as_written";

/// A text, number or truth value, kept as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Scalar(pub String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_newtype_struct(AS_WRITTEN, ScalarVisitor)
            .map(Self)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = String;

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a number")
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_i64<E>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_u64<E>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_f64<E>(self, number: f64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_bool<E>(self, yes: bool) -> Result<String, E> {
        Ok(yes.to_string())
    }
}

impl JsonSchema for Scalar {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Scalar".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

/// A span of time: `90s`, `15m`, `12h`, `30d`, `2w`. A day has 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub SignedDuration);

const UNITS: [(char, i64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl Span {
    /// So many seconds.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(SignedDuration::from_secs(seconds))
    }

    /// As the standard library counts time.
    pub fn to_std(self) -> std::time::Duration {
        self.0.unsigned_abs()
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("`{text}` is not a span of time; write for example `90s`, `15m`, `12h`, `30d` or `2w`")
        };
        let unit = text.chars().last().ok_or_else(wrong)?;
        let (_, seconds) = UNITS
            .iter()
            .find(|(letter, _)| *letter == unit)
            .ok_or_else(wrong)?;
        let number: u32 = text.trim_end_matches(unit).trim().parse().map_err(|_| wrong())?;
        Ok(Self::from_secs(i64::from(number) * seconds))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (letter, size) = UNITS
            .iter()
            .find(|(_, size)| seconds % size == 0)
            .unwrap_or(&('s', 1));
        write!(f, "{}{letter}", seconds / size)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Scalar::deserialize(deserializer)?.0;
        let expected = &"a span of time, for example `90s`, `15m`, `12h`, `30d` or `2w`";
        text.parse()
            .map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), expected))
    }
}

impl JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]+ *[wdhms]$", "description": "A span of time, for example 30d." })
    }
}

/// A guard's limit: `50`, `5%`, or over a span of time `10% per 7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuardLimit {
    /// How many.
    pub limit: Limit,
    /// Within which time; one run when not said.
    pub per: Option<Span>,
}

impl FromStr for GuardLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a limit; write for example `50`, `5%` or `10% per 7d`");
        let (amount, per) = match text.split_once("per") {
            Some((amount, span)) => (amount.trim(), Some(span.trim().parse()?)),
            None => (text.trim(), None),
        };
        let limit = match amount.strip_suffix('%') {
            Some(percent) => {
                let percent: f64 = percent.trim().parse().map_err(|_| wrong())?;
                if !(0.0..=100.0).contains(&percent) {
                    return Err(format!("`{amount}` is not between 0% and 100%"));
                }
                Limit::Percent(percent)
            }
            None => Limit::Count(amount.parse().map_err(|_| wrong())?),
        };
        Ok(Self { limit, per })
    }
}

impl fmt::Display for GuardLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.per {
            Some(span) => write!(f, "{} per {span}", self.limit),
            None => self.limit.fmt(f),
        }
    }
}

impl Serialize for GuardLimit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GuardLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Scalar::deserialize(deserializer)?.0;
        let expected = &"a limit: a number of accounts (`50`), a part of the people (`5%`, 0% to 100%), or either \
                         within a span of time (`10% per 7d`)";
        text.parse()
            .map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), expected))
    }
}

impl JsonSchema for GuardLimit {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "GuardLimit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "oneOf": [
                { "type": "integer", "minimum": 0 },
                { "type": "string", "pattern": "^ *[0-9.]+ *%?( *per *[0-9]+ *[wdhms])? *$" }
            ],
            "description": "A number of accounts, a percentage of the people, or either within a span of time (10% per 7d)."
        })
    }
}

/// One value, or a list of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    /// One.
    One(T),
    /// Several, in order.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    /// All of them, in order.
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor(PhantomData))
    }
}

struct OneOrManyVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrManyVisitor<T> {
    type Value = OneOrMany<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one value or a list of values")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OneOrMany<T>, E> {
        T::deserialize(text.into_deserializer()).map(OneOrMany::One)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<OneOrMany<T>, E> {
        T::deserialize(number.into_deserializer()).map(OneOrMany::One)
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<OneOrMany<T>, E> {
        T::deserialize(number.into_deserializer()).map(OneOrMany::One)
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<OneOrMany<T>, E> {
        T::deserialize(number.into_deserializer()).map(OneOrMany::One)
    }

    fn visit_bool<E: serde::de::Error>(self, yes: bool) -> Result<OneOrMany<T>, E> {
        T::deserialize(yes.into_deserializer()).map(OneOrMany::One)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OneOrMany<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(OneOrMany::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<OneOrMany<T>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items)).map(OneOrMany::Many)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_limits_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("12h", 43_200),
            ("30d", 2_592_000),
            ("2w", 1_209_600),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!((span.0.as_secs(), span.to_string().as_str()), (seconds, text));
        }
        assert!("30".parse::<Span>().is_err());
        assert!("d".parse::<Span>().is_err());
        let limit: GuardLimit = "10% per 7d".parse().unwrap();
        assert_eq!(
            limit,
            GuardLimit {
                limit: Limit::Percent(10.0),
                per: Some(Span::from_secs(604_800))
            }
        );
        assert_eq!("50".parse::<GuardLimit>().unwrap().limit, Limit::Count(50));
        assert!("110%".parse::<GuardLimit>().is_err());
        assert!("many".parse::<GuardLimit>().is_err());
    }
}
