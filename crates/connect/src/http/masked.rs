//! Texts that may have secrets in them, in two forms: the one that is sent and the one that is shown.

use std::fmt;

use tenure_core::secret::Secret;

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

/// The text with every one of the secrets in it replaced by `…`, for what the other side sent back. Secrets of
/// fewer than four characters are left: they would be found everywhere.
pub(crate) fn scrub(text: &str, secrets: &[Secret]) -> String {
    let mut clean = text.to_owned();
    for secret in secrets {
        let secret = secret.expose();
        if secret.len() >= 4 && clean.contains(secret) {
            clean = clean.replace(secret, MASK);
        }
    }
    clean
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
