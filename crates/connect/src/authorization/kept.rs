//! What the vault keeps of an application's authorization: its token, or why it needs authorization.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tenure_core::secret::Secret;

use super::token::{Life, Token};

/// What is kept, with the settings that it was come by with.
#[derive(Debug)]
pub(super) struct Kept {
    /// See [`Settings::fingerprint`](super::settings::Settings::fingerprint).
    pub(super) settings: String,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// A token.
    Token(Token),
    /// There is no token that could be renewed.
    NeedsAuthorization(Need),
}

/// Why somebody has to agree, and since when that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) why: String,
    pub(super) since: Option<Timestamp>,
}

impl Need {
    /// Something that is seen now and not remembered.
    pub(super) fn seen(why: &str) -> Self {
        let why = why.to_owned();
        Self { why, since: None }
    }
}

/// As it is written. It goes into the vault as one secret.
#[derive(Default, Serialize, Deserialize)]
struct Written<'a> {
    settings: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    access_token: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lifetime: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    needs_authorization: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
}

impl Kept {
    /// As a secret for the vault.
    pub(super) fn write(&self) -> Secret {
        let mut written = Written {
            settings: self.settings.as_str().into(),
            ..Written::default()
        };
        match &self.what {
            What::Token(token) => {
                written.access_token = Some(token.access.expose().into());
                written.refresh_token = token.refresh.as_ref().map(|token| token.expose().into());
                written.expires_at = token.life.map(|life| life.ends);
                written.lifetime = token.life.map(|life| life.whole.as_secs());
            }
            What::NeedsAuthorization(Need { why, since }) => {
                written.needs_authorization = Some(why.as_str().into());
                written.since = *since;
            }
        }
        // Texts and numbers can always be written.
        Secret::new(serde_json::to_string(&written).unwrap_or_default())
    }

    /// From the vault; none when it is nothing that [`Kept::write`] wrote.
    pub(super) fn read(secret: &Secret) -> Option<Self> {
        let written: Written<'_> = serde_json::from_str(secret.expose()).ok()?;
        let what = match (written.needs_authorization, written.access_token) {
            (Some(why), _) => What::NeedsAuthorization(Need {
                why: why.into_owned(),
                since: written.since,
            }),
            (None, Some(access)) => What::Token(Token {
                access: Secret::new(access.into_owned()),
                refresh: written.refresh_token.map(|token| Secret::new(token.into_owned())),
                life: written.expires_at.map(|ends| Life {
                    ends,
                    whole: SignedDuration::from_secs(written.lifetime.unwrap_or_default()),
                }),
            }),
            (None, None) => return None,
        };
        Some(Self {
            settings: written.settings.into_owned(),
            what,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_and_is_not_shown() {
        let token = Token {
            access: Secret::new("acc\"hidden".to_owned()),
            refresh: Some(Secret::new("refre\\sh".to_owned())),
            life: Some(Life::begins(Timestamp::UNIX_EPOCH, 3600)),
        };
        let kept = Kept {
            settings: "s".to_owned(),
            what: What::Token(token.clone()),
        };
        let back = Kept::read(&kept.write()).unwrap();
        let What::Token(read) = &back.what else {
            panic!("a token was written")
        };
        assert!(read.is(&token) && read.life == token.life && back.settings == "s");
        assert_eq!(read.refresh.as_ref().map(Secret::expose), Some("refre\\sh"));
        assert!(!format!("{back:?}").contains("hidden") && !format!("{back:?}").contains("refre\\"));
        let need = Need {
            why: "nobody has agreed".to_owned(),
            since: Some(Timestamp::UNIX_EPOCH),
        };
        let kept = Kept {
            settings: "s".to_owned(),
            what: What::NeedsAuthorization(need.clone()),
        };
        let read = Kept::read(&kept.write()).unwrap().what;
        assert!(matches!(read, What::NeedsAuthorization(read) if read == need));
        assert!(Kept::read(&Secret::new("{}".to_owned())).is_none());
        assert!(Kept::read(&Secret::new("hunter22".to_owned())).is_none());
    }
}
