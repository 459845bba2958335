//! Functions that write a value for another language or protocol, or read it from there.

use std::borrow::Cow;
use std::fmt::Write;

use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, Engine as _, GeneralPurpose, GeneralPurposeConfig};
use sha2::{Digest, Sha256, Sha384, Sha512};
use uuid::Uuid;

use super::function::{Call, Function, OnMissing, function};
use super::meter;
use super::value::Value;
use crate::shape::shape;

pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "dn_escape(text)",
        "The text as a value within a distinguished name (RFC 4514).",
        "CN={{ 'Lovelace, Ada' | dn_escape }}" => "CN=Lovelace\\, Ada",
        |call| Ok(Value::from(crate::dn::escape_value(&call.text(0)?).into_owned()))
    ),
    function!(
        "filter_escape(text)",
        "The text as a value within an LDAP search filter (RFC 4515).",
        "(cn={{ 'Ada (King)*' | filter_escape }})" => "(cn=Ada \\28King\\29\\2a)",
        filter_escape
    ),
    function!(
        "url_encode(text)",
        "The text as a part of a URL: all but letters, digits and `-._~` as `%` and two digits (RFC 3986).",
        "{{ 'a b/ü' | url_encode }}" => "a%20b%2F%C3%BC",
        url_encode
    ),
    function!(
        "base64(text, encoding=)",
        "The bytes of a text in Base64, in UTF-8 or as `utf-16le`.",
        "{{ 'Ada' | base64 }}" => "QWRh",
        base64
    ),
    function!(
        "from_base64(text, encoding=)",
        "The text whose bytes are given in Base64, in UTF-8 or as `utf-16le`.",
        "{{ 'QWRh' | from_base64 }}" => "Ada",
        from_base64
    ),
    function!(
        "hex(text)",
        "The UTF-8 bytes of a text in hexadecimal.",
        "{{ 'Ada' | hex }}" => "416461",
        |call| {
            let text = call.text(0)?;
            meter::room(text.len().saturating_mul(2))?;
            Ok(Value::from(hex::encode(text.as_bytes())))
        }
    ),
    function!(
        "hash(text, algorithm=)",
        "The hash of a text in hexadecimal: `sha256`, `sha384` or `sha512`.",
        "{{ 'Ada' | hash | truncate(8) }}" => "99a563ab",
        hash
    ),
    function!(
        "guid(value)",
        "A GUID in small letters with hyphens, from any usual way of writing it or the Base64 of an `objectGUID`.",
        "{{ '{6F9619FF-8B86-D011-B42D-00CF4FC964FF}' | guid }}" => "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
        |call| Ok(Value::from(read_guid(&call.text(0)?)?.to_string()))
    ),
    function!(
        "guid_base64(value)",
        "The Base64 of a GUID's bytes as Active Directory has them, which Entra calls the immutable id.",
        "{{ '6f9619ff-8b86-d011-b42d-00cf4fc964ff' | guid_base64 }}" => "/xmWb4aLEdC0LQDPT8lk/w==",
        |call| Ok(Value::from(encode(&read_guid(&call.text(0)?)?.to_bytes_le())))
    ),
    function!(
        "json(value)",
        "The value as JSON, quotes included. A missing one is `null`.",
        "{{ {'name': firstname, 'nick': nickname} | json }}" => "{\"name\":\"Ada\",\"nick\":null}",
        |call| json_text(&call.take(0)).map(Value::from)
    )
    .when_missing(OnMissing::Call),
];

fn filter_escape<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let text = call.text(0)?;
    meter::room(text.len().saturating_mul(3))?;
    let mut made = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '*' => made.push_str("\\2a"),
            '(' => made.push_str("\\28"),
            ')' => made.push_str("\\29"),
            '\\' => made.push_str("\\5c"),
            '\0' => made.push_str("\\00"),
            c => made.push(c),
        }
    }
    Ok(Value::from(made))
}

fn url_encode<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let text = call.text(0)?;
    meter::room(text.len().saturating_mul(3))?;
    let mut made = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                made.push(char::from(byte));
            }
            byte => {
                let _ = write!(made, "%{byte:02X}");
            }
        }
    }
    Ok(Value::from(made))
}

/// What the characters of a text become as bytes.
enum Encoding {
    Utf8,
    Utf16,
}

impl Encoding {
    fn named(name: &str) -> Result<Self, String> {
        match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Ok(Self::Utf8),
            "utf-16le" | "utf16le" => Ok(Self::Utf16),
            _ => Err(format!(
                "needs `utf-8` or `utf-16le` as its encoding, found `{name}`"
            )),
        }
    }
}

fn base64<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let (text, encoding) = (call.text(0)?, call.text_or(1, "utf-8")?);
    meter::room(text.len().saturating_mul(3))?;
    Ok(Value::from(match Encoding::named(&encoding)? {
        Encoding::Utf8 => encode(text.as_bytes()),
        Encoding::Utf16 => encode(&text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
    }))
}

fn from_base64<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let (text, encoding) = (call.text(0)?, call.text_or(1, "utf-8")?);
    let bytes = decode(&text).ok_or_else(|| format!("cannot read `{}` as Base64", shape(&text)))?;
    let decoded = match Encoding::named(&encoding)? {
        Encoding::Utf8 => String::from_utf8(bytes).ok(),
        Encoding::Utf16 if bytes.len() % 2 == 0 => {
            let units: Vec<u16> = bytes
                .as_chunks()
                .0
                .iter()
                .map(|unit| u16::from_le_bytes(*unit))
                .collect();
            String::from_utf16(&units).ok()
        }
        Encoding::Utf16 => None,
    };
    decoded
        .map(Value::from)
        .ok_or_else(|| format!("finds no text in {encoding} in `{}`", shape(&text)))
}

/// Base64 with padding (RFC 4648, section 4).
fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads Base64, with or without padding, also in the alphabet for URLs (RFC 4648, section 5).
fn decode(text: &str) -> Option<Vec<u8>> {
    // Bits that are left over are not looked at: some write them carelessly.
    const RULES: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true);
    const READER: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, RULES);
    let text = text.trim();
    let bare = text.trim_end_matches('=');
    if text.len() - bare.len() > 2 {
        return None;
    }
    READER.decode(bare.replace('-', "+").replace('_', "/")).ok()
}

fn hash<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let (text, algorithm) = (call.text(0)?, call.text_or(1, "sha256")?);
    Ok(Value::from(match algorithm.to_ascii_lowercase().as_str() {
        "sha256" => hex::encode(Sha256::digest(text.as_bytes())),
        "sha384" => hex::encode(Sha384::digest(text.as_bytes())),
        "sha512" => hex::encode(Sha512::digest(text.as_bytes())),
        _ => {
            return Err(format!(
                "needs `sha256`, `sha384` or `sha512`, found `{algorithm}`"
            ));
        }
    }))
}

fn read_guid(text: &str) -> Result<Uuid, String> {
    let text = text.trim();
    let read = Uuid::try_parse(text).ok();
    read.or_else(|| <[u8; 16]>::try_from(decode(text)?).ok().map(Uuid::from_bytes_le))
        .ok_or_else(|| format!("cannot read `{}` as a GUID", shape(text)))
}

/// A value as JSON. What came as JSON is left as it is.
pub(super) fn json_text(value: &Value<'_>) -> Result<String, String> {
    let mut made = String::new();
    write_json(value, &mut made)?;
    Ok(made)
}

fn write_json(value: &Value<'_>, made: &mut String) -> Result<(), String> {
    match value {
        Value::Missing(_) => made.push_str("null"),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
            made.push_str(&value.clone().into_text().unwrap_or_default());
        }
        Value::Text(text) => quote(text, made),
        Value::Moment(moment) => quote(&moment.to_string(), made),
        Value::Json(raw) => made.push_str(raw.get()),
        Value::List(items) => {
            made.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    made.push(',');
                }
                write_json(item, made)?;
            }
            made.push(']');
        }
        Value::Map(members) => {
            made.push('{');
            for (at, (name, value)) in members.iter().enumerate() {
                if at > 0 {
                    made.push(',');
                }
                quote(name, made);
                made.push(':');
                write_json(value, made)?;
            }
            made.push('}');
        }
    }
    meter::room(made.len())
}

fn quote(text: &str, made: &mut String) {
    made.push_str(&serde_json::Value::from(Cow::Borrowed(text)).to_string());
}
