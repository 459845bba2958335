//! Distinguished names (RFC 4514): made with escaping by construction, taken apart, and compared.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A distinguished name as text. Two names are the same when [`Dn::normalised`] is; `==` is that comparison.
#[derive(Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Dn(Box<str>);

impl Dn {
    /// Takes a name as a server or a document wrote it. It is checked by [`Dn::parse`] only.
    pub fn from_server(text: &str) -> Self {
        Self(text.into())
    }

    /// Checks that the text is a distinguished name.
    pub fn parse(text: &str) -> Result<Self, DnError> {
        for rdn in split_unescaped(text, b',') {
            for pair in split_unescaped(rdn, b'+') {
                let (name, value) = pair.split_once('=').ok_or_else(|| DnError {
                    text: text.into(),
                    part: rdn.trim().into(),
                })?;
                if name.trim().is_empty() || value.trim().is_empty() {
                    return Err(DnError {
                        text: text.into(),
                        part: rdn.trim().into(),
                    });
                }
            }
        }
        Ok(Self(text.trim().into()))
    }

    /// The name above all others, which has no parts.
    pub fn root() -> Self {
        Self("".into())
    }

    /// The name of a child of this one: `attribute=value,self`, with the value escaped.
    #[must_use]
    pub fn child(&self, attribute: &str, value: &str) -> Self {
        let value = escape_value(value);
        let comma = if self.0.is_empty() { "" } else { "," };
        Self(format!("{attribute}={value}{comma}{}", self.0).into())
    }

    /// The name without its first part; none for a name of one part.
    pub fn parent(&self) -> Option<Self> {
        let rdn = split_unescaped(&self.0, b',').next()?;
        self.0
            .get(rdn.len() + 1..)
            .map(|rest| Self(rest.trim_start().into()))
    }

    /// The first part as written, for example `CN=Ada Byrne`.
    pub fn rdn(&self) -> &str {
        split_unescaped(&self.0, b',').next().unwrap_or_default()
    }

    /// The value of the first part without its escapes, for example `Byrne, Ada`.
    pub fn rdn_value(&self) -> String {
        self.rdn()
            .split_once('=')
            .map_or_else(String::new, |(_, value)| unescape(value.trim()))
    }

    /// Whether this object is `ancestor` itself or somewhere below it.
    pub fn is_within(&self, ancestor: &Self) -> bool {
        let (own, above) = (self.normalised(), ancestor.normalised());
        own == above
            || above.is_empty()
            || own
                .strip_suffix(above.as_str())
                .is_some_and(|rest| rest.ends_with(','))
    }

    /// The form in which equal names are equal text: lower case, no needless space or escape.
    pub fn normalised(&self) -> String {
        let mut out = String::with_capacity(self.0.len());
        for (at, rdn) in split_unescaped(&self.0, b',').enumerate() {
            if at > 0 {
                out.push(',');
            }
            for (at, pair) in split_unescaped(rdn, b'+').enumerate() {
                if at > 0 {
                    out.push('+');
                }
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                out.extend(name.trim().chars().map(|c| c.to_ascii_lowercase()));
                out.push('=');
                let value = value.trim();
                if is_plain(value) {
                    out.extend(value.chars().map(|c| c.to_ascii_lowercase()));
                    continue;
                }
                let value = unescape(value).to_lowercase();
                let words: Vec<_> = value.split_whitespace().collect();
                out.push_str(&escape_value(&words.join(" ")));
            }
        }
        out
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Dn {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.normalised() == other.normalised()
    }
}
impl Eq for Dn {}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A text that is no distinguished name.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not a distinguished name: `{part}` should read `attribute=value`")]
pub struct DnError {
    /// What was given.
    pub text: String,
    /// The part that is wrong.
    pub part: String,
}

/// Whether a value, without spaces around it, has nothing in it that could be written in another way but by case. Most
/// have not.
pub(crate) fn is_plain(value: &str) -> bool {
    let mut before = b'x';
    value.bytes().all(|byte| {
        let is_space_after_space = byte == b' ' && before == b' ';
        before = byte;
        !is_space_after_space
            && (byte.is_ascii_alphanumeric()
                || matches!(byte, b' ' | b'.' | b'-' | b'_' | b'\'' | b'(' | b')' | b'@'))
    })
}

/// Escapes a value for use in a distinguished name (RFC 4514, section 2.4).
pub fn escape_value(value: &str) -> Cow<'_, str> {
    let special = |c: char| matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' | '\0');
    let needs_it = value.starts_with([' ', '#']) || value.ends_with(' ') || value.contains(special);
    if !needs_it {
        return Cow::Borrowed(value);
    }
    let last = value.len().saturating_sub(1);
    let mut out = String::with_capacity(value.len() + 4);
    for (at, c) in value.char_indices() {
        match c {
            '\0' => out.push_str("\\00"),
            ' ' if at == 0 || at == last => out.push_str("\\ "),
            '#' if at == 0 => out.push_str("\\#"),
            c if special(c) => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Undoes the escapes of a value, both `\,` and `\2C`.
fn unescape(value: &str) -> String {
    if !value.contains('\\') {
        return value.to_owned();
    }
    let mut out = Vec::with_capacity(value.len());
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some(next) = bytes.next() else { break };
        let second = bytes.clone().next();
        match (hex_digit(next), second.and_then(hex_digit)) {
            (Some(high), Some(low)) => {
                bytes.next();
                out.push(high << 4 | low);
            }
            _ => out.push(next),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

fn split_unescaped(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = (!text.is_empty()).then_some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut escaped = false;
        let at = text.bytes().position(|byte| {
            let found = byte == separator && !escaped;
            escaped = byte == b'\\' && !escaped;
            found
        });
        let (head, tail) = match at {
            Some(at) => (text.get(..at)?, text.get(at + 1..)),
            None => (text, None),
        };
        rest = tail;
        Some(head)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_plain_value_is_the_same_as_one_with_an_escape() {
        for value in ["Ada Byrne", "o'NEIL-Smith (2)", "x.y_z@Corp", "A", "a  b"] {
            let (first, rest) = value.split_at(1);
            let byte = first.as_bytes()[0];
            let escaped = Dn::from_server(&format!("cn=\\{byte:02X}{rest},DC=test"));
            assert_eq!(
                Dn::from_server(&format!("CN={value},dc=TEST")).normalised(),
                escaped.normalised()
            );
        }
    }

    #[test]
    fn a_child_is_escaped_and_comes_apart_again() {
        let people = Dn::parse("OU=People,DC=corp,DC=test").unwrap();
        let ada = people.child("CN", "Byrne, Ada");
        assert_eq!(ada.as_str(), "CN=Byrne\\, Ada,OU=People,DC=corp,DC=test");
        assert_eq!(ada.rdn_value(), "Byrne, Ada");
        assert_eq!(ada.parent().unwrap(), people);
        assert!(ada.is_within(&people));
        assert!(!people.is_within(&ada));
    }

    #[test]
    fn case_spaces_and_escape_forms_do_not_make_names_differ() {
        assert_eq!(
            Dn::from_server("CN=Ada  Byrne, OU=X"),
            Dn::from_server("cn=ada byrne,ou=x")
        );
        assert_eq!(
            Dn::from_server("CN=a\\2Cb,OU=X"),
            Dn::from_server("CN=a\\,b,OU=X")
        );
        assert_ne!(Dn::from_server("CN=a,OU=X"), Dn::from_server("CN=a,OU=Y"));
    }

    #[test]
    fn a_text_that_is_no_name_says_which_part() {
        assert_eq!(
            Dn::parse("OU=People,corp").unwrap_err().to_string(),
            "`OU=People,corp` is not a distinguished name: `corp` should read `attribute=value`"
        );
    }

    proptest! {
        #[test]
        fn any_value_survives(value in "\\PC{1,20}") {
            prop_assume!(!value.trim().is_empty() && value.trim() == value);
            let dn = Dn::parse("DC=test").unwrap().child("CN", &value);
            prop_assert_eq!(dn.rdn_value(), value);
            let parent = dn.parent().unwrap();
            prop_assert_eq!(parent.as_str(), "DC=test");
        }
    }
}
