//! Reading what stands behind the question mark, and bodies of forms.

use std::convert::Infallible;

use axum::{extract::FromRequestParts, http::request::Parts};

use self::percent::decode;

/// The parameters of a request, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads `a=1&b=x+y`.
    pub(crate) fn read(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        });
        Self(pairs.collect())
    }

    /// The last value of that name; names differ by more than case.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut found = self
            .0
            .iter()
            .rev()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }

    /// As [`Parameters::get`], empty counting as absent.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Written out again, without those of the given names.
    pub(crate) fn without(&self, names: &[&str]) -> String {
        let kept = self.0.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        let pairs: Vec<_> = kept
            .map(|(name, value)| format!("{}={}", percent::encode(name), percent::encode(value)))
            .collect();
        pairs.join("&")
    }
}

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::read(parts.uri.query().unwrap_or_default()))
    }
}

/// Percent signs.
pub(crate) mod percent {
    /// Reads `%41` and `+`.
    pub(crate) fn decode(text: &str) -> String {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let [first, after @ ..] = rest {
            rest = after;
            match (first, after) {
                (b'+', _) => bytes.push(b' '),
                (b'%', [high, low, beyond @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                    bytes.push(digit(*high) << 4 | digit(*low));
                    rest = beyond;
                }
                (byte, _) => bytes.push(*byte),
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Writes everything but letters, digits and `-._~$` as `%41`.
    pub(crate) fn encode(text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~$".contains(&byte) {
                out.push(char::from(byte));
            } else {
                out.push('%');
                out.push_str(&hex::encode_upper([byte]));
            }
        }
        out
    }

    fn digit(byte: u8) -> u8 {
        match byte {
            b'0'..=b'9' => byte - b'0',
            _ => (byte | 0x20) - b'a' + 10,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_out_again() {
        let read = Parameters::read("a=1+2&b=%C3%A9%zz&$top=3&empty=&a=%26");
        assert_eq!(read.get("a"), Some("&"));
        assert_eq!(read.get("b"), Some("é%zz"));
        assert_eq!((read.get("empty"), read.filled("empty")), (Some(""), None));
        assert_eq!(read.without(&["a"]), "b=%C3%A9%25zz&$top=3&empty=");
    }
}
