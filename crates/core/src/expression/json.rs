//! Raw JSON as values: nothing is read before it is asked for.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{Deserializer as _, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::value::Value;

/// What a raw value is, `name` being what it is called when there is none.
pub(super) fn value<'a>(raw: &'a RawValue, name: &'a str) -> Value<'a> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'"') => match string(text) {
            Some(text) if text.is_empty() => Value::Missing(Cow::Borrowed(name)),
            Some(text) => Value::Text(text),
            None => Value::Missing(Cow::Borrowed(name)),
        },
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'[' | b'{') if is_empty(raw) => Value::Missing(Cow::Borrowed(name)),
        Some(b'[' | b'{') => Value::Json(raw),
        Some(b'-' | b'0'..=b'9') => number(text),
        _ => Value::Missing(Cow::Borrowed(name)),
    }
}

/// A JSON string's text, borrowed when it has no escapes.
pub(crate) fn string(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str::<String>(raw).ok().map(Cow::Owned)
}

/// A JSON number; one that is whole but too large for us is kept as it is written.
fn number(text: &str) -> Value<'_> {
    if let Ok(number) = text.parse() {
        return Value::Int(number);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return Value::Text(Cow::Borrowed(text));
    }
    text.parse()
        .map_or(Value::Text(Cow::Borrowed(text)), Value::Float)
}

pub(super) fn kind(raw: &RawValue) -> &'static str {
    if raw.get().starts_with('[') {
        "a list"
    } else {
        "an object"
    }
}

/// Whether an array or object has nothing in it.
pub(super) fn is_empty(raw: &RawValue) -> bool {
    raw.get()
        .bytes()
        .skip(1)
        .find(|byte| !byte.is_ascii_whitespace())
        .is_none_or(|byte| matches!(byte, b']' | b'}'))
}

/// The items of an array; none when this is an object.
pub(super) fn items(raw: &RawValue) -> Option<Vec<Value<'_>>> {
    struct Items;
    impl<'de> Visitor<'de> for Items {
        type Value = Vec<Value<'de>>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an array")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut items = Vec::new();
            while let Some(raw) = seq.next_element::<&RawValue>()? {
                if items.len() >= super::meter::MAX_ITEMS {
                    return Err(A::Error::custom("too many items"));
                }
                items.push(value(raw, ""));
            }
            Ok(items)
        }
    }
    if !raw.get().starts_with('[') {
        return None;
    }
    serde_json::Deserializer::from_str(raw.get())
        .deserialize_seq(Items)
        .ok()
}

/// The member of an object with this name; none when there is none, or this is an array.
pub(super) fn member<'a>(raw: &'a RawValue, name: &str) -> Option<Value<'a>> {
    struct Member<'n>(&'n str);
    impl<'de> Visitor<'de> for Member<'_> {
        type Value = Option<&'de RawValue>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(Key(key)) = map.next_key()? {
                if key == self.0 {
                    found = Some(map.next_value()?);
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }
    if !raw.get().starts_with('{') {
        return None;
    }
    let found = serde_json::Deserializer::from_str(raw.get())
        .deserialize_map(Member(name))
        .ok()??;
    Some(value(found, ""))
}

/// A name in an object, borrowed when it has no escapes.
pub(crate) struct Key<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl<'de> Visitor<'de> for Name {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Name)
    }
}
