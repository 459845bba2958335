//! Texts that may have secrets in them, in two forms: the one that is sent and the one that is shown.

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use tenure_core::secret::Secret;
use url::form_urlencoded::byte_serialize;

use super::body::excerpt;

/// What stands for a secret wherever something is shown.
pub(crate) const MASK: &str = "…";
/// How much of an answer is searched for secrets before its start is shown, in bytes.
const SEARCHED: usize = 64 << 10;

/// A text for a request. What is shown of it has `…` where the sent text has secrets.
#[derive(Clone)]
pub enum Masked {
    /// Nothing in it is secret.
    Plain(String),
    /// Some of it is.
    Secret {
        /// What is sent.
        sent: Secret,
        /// What is shown.
        shown: String,
    },
}

impl Masked {
    /// The text to send, for the one place that sends it.
    pub fn expose(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret { sent, .. } => sent.expose(),
        }
    }

    /// The text to show.
    pub fn shown(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret { shown, .. } => shown,
        }
    }

    /// Whether some of it is secret.
    pub fn is_secret(&self) -> bool {
        matches!(self, Self::Secret { .. })
    }
}

impl From<&str> for Masked {
    fn from(text: &str) -> Self {
        Self::Plain(text.to_owned())
    }
}

impl From<String> for Masked {
    fn from(text: String) -> Self {
        Self::Plain(text)
    }
}

impl From<Secret> for Masked {
    fn from(sent: Secret) -> Self {
        Self::Secret {
            sent,
            shown: MASK.to_owned(),
        }
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.shown(), f)
    }
}

/// The text with every one of the secrets in it replaced by `…`, for what the other side sent back: as they are, and
/// as addresses, forms, JSON, Base64 and hexadecimal digits have them. Secrets of fewer than four characters are left:
/// they would be found everywhere.
pub(crate) fn scrub(text: &str, secrets: &[Secret]) -> String {
    let mut clean = text.to_owned();
    for secret in secrets {
        let secret = secret.expose();
        if secret.len() < 4 {
            continue;
        }
        for form in written(secret) {
            if clean.contains(form.as_str()) {
                clean = clean.replace(form.as_str(), MASK);
            }
        }
    }
    clean
}

/// The ways in which a secret may be written in an answer, the longest first: one may stand within another.
fn written(secret: &str) -> Vec<String> {
    let form: String = byte_serialize(secret.as_bytes()).collect();
    let percent = percent_encoded(secret);
    let hexadecimal = secret.bytes().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    let json = serde_json::Value::from(secret).to_string();
    let json = json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
    let mut all = vec![
        secret.to_owned(),
        lower_percent(&form),
        lower_percent(&percent),
        percent.replace("%20", "+"),
        form,
        percent,
        hexadecimal,
        json.to_owned(),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
    ];
    all.sort_by_key(|form| std::cmp::Reverse(form.len()));
    all.dedup();
    all
}

/// As a part of an address (RFC 3986, section 2). Forms leave other characters as they are.
fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// `%2F` as `%2f`.
fn lower_percent(text: &str) -> String {
    let mut parts = text.split('%');
    let mut lower = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        lower.push('%');
        lower.push_str(&code.to_ascii_lowercase());
        lower.push_str(rest);
    }
    lower
}

/// The start of what the other side said, as one short line without the secrets. They are replaced before it is cut:
/// of one that stands across the cut the first part would be left.
pub(crate) fn said(body: &[u8], limit: usize, secrets: &[Secret]) -> String {
    let start = body.get(..body.len().min(SEARCHED)).unwrap_or_default();
    excerpt(scrub(&String::from_utf8_lossy(start), secrets).as_bytes(), limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_across_the_cut_is_not_shown_in_part() {
        let key = Secret::new("hunter22".to_owned());
        assert_eq!(said(b"the key hunter22 is bad", 12, &[key]), "the key … is…");
    }

    #[test]
    fn a_secret_is_found_however_it_is_written() {
        let key = [Secret::new("a b/\"~ü\"".to_owned())];
        for written in [
            "a b/\"~ü\"",
            "a+b%2F%22%7E%C3%BC%22",
            "a+b%2F%22~%C3%BC%22",
            "a%20b%2F%22~%C3%BC%22",
            "a%20b%2f%22~%c3%bc%22",
            "a b/\\\"~ü\\\"",
            "YSBiLyJ+w7wi",
            "YSBiLyJ-w7wi",
            "6120622f227ec3bc22",
        ] {
            assert_eq!(scrub(&format!("<{written}>"), &key), "<…>", "{written}");
        }
    }

    #[test]
    fn what_is_shown_never_has_the_secret() {
        let key = Secret::new("hunter22".to_owned());
        let masked = Masked::from(key.clone());
        assert_eq!((masked.expose(), masked.shown()), ("hunter22", "…"));
        assert_eq!(format!("{masked} {masked:?}"), "… \"…\"");
        assert_eq!(
            scrub("the key hunter22 is not valid", &[key]),
            "the key … is not valid"
        );
    }
}
