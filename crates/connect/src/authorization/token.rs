//! A token with what is known of its life.

use jiff::{SignedDuration, Timestamp};
use tenure_core::secret::Secret;

/// A token is renewed when less than this is left of its life, or of a short life a fifth.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
const PART: i32 = 5;

/// A token, and what it can be renewed with.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) access: Secret,
    pub(super) refresh: Option<Secret>,
    /// None when the other side did not say: it is good until it is refused.
    pub(super) life: Option<Life>,
}

/// How long a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) ends: Timestamp,
    pub(super) whole: SignedDuration,
}

impl Life {
    /// A life of so many seconds that begins now.
    pub(super) fn begins(now: Timestamp, seconds: u64) -> Self {
        let whole = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
        Self {
            ends: now.checked_add(whole).unwrap_or(Timestamp::MAX),
            whole,
        }
    }

    /// Whether it is time for a new token.
    fn is_over_soon(self, now: Timestamp) -> bool {
        let margin = MARGIN.min(self.whole / PART);
        now.checked_add(margin).unwrap_or(Timestamp::MAX) >= self.ends
    }
}

impl Token {
    /// Whether requests can go with it.
    pub(super) fn is_good(&self, now: Timestamp) -> bool {
        self.life.is_none_or(|life| !life.is_over_soon(now))
    }

    /// Whether it is the very same token.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.access.expose() == other.access.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_before_its_end_and_one_of_a_short_life_later() {
        let now = Timestamp::UNIX_EPOCH;
        let good_after = |life: u64, seconds: i64| {
            let token = Token {
                access: Secret::new("a".to_owned()),
                refresh: None,
                life: Some(Life::begins(now, life)),
            };
            token.is_good(now + SignedDuration::from_secs(seconds))
        };
        assert!(good_after(3600, 3539) && !good_after(3600, 3540));
        assert!(good_after(10, 7) && !good_after(10, 8));
        assert!(!good_after(0, 0));
        assert!(good_after(u64::MAX, 1_000_000_000));
    }
}
