//! Ids of new accounts: UUIDs of version 7 (RFC 9562, section 5.7), which begin with the time, so that accounts made
//! together are stored together.

use jiff::Timestamp;
use uuid::Builder;

use crate::error::StoreError;

/// Random bytes of an id, of which twelve bits are taken by its number.
const RANDOM: usize = 10;
/// What fits into the twelve bits; more than these take the next millisecond.
const IN_A_MILLISECOND: u16 = 0x1000;

/// Ids for accounts that are made at the same time, each higher than the one before (RFC 9562, section 6.2, method 1).
pub(super) struct NewIds {
    millis: u64,
    randomness: Vec<u8>,
    given: u16,
}

impl NewIds {
    /// As many as this.
    pub(super) fn new(now: Timestamp, count: usize) -> Result<Self, StoreError> {
        let mut randomness = vec![0; count * RANDOM];
        getrandom::fill(&mut randomness).map_err(|source| StoreError::Randomness { source })?;
        Ok(Self {
            millis: u64::try_from(now.as_millisecond()).unwrap_or_default(),
            randomness,
            given: 0,
        })
    }

    /// The next one.
    pub(super) fn next(&mut self) -> String {
        let at = self.randomness.len().saturating_sub(RANDOM);
        let random = self.randomness.split_off(at);
        let mut bytes: [u8; RANDOM] = random.try_into().unwrap_or_default();
        if self.given == IN_A_MILLISECOND {
            self.given = 0;
            self.millis += 1;
        }
        [bytes[0], bytes[1]] = self.given.to_be_bytes();
        self.given += 1;
        Builder::from_unix_timestamp_millis(self.millis, &bytes)
            .into_uuid()
            .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_however_many_are_made_at_once() {
        let mut ids = NewIds::new(Timestamp::UNIX_EPOCH, 10_000).unwrap();
        let made: Vec<String> = (0..10_000).map(|_| ids.next()).collect();
        let wrong = made.windows(2).find(|pair| pair[0] >= pair[1]);
        assert_eq!(wrong, None);
        assert!(made.iter().all(|id| id.as_bytes()[14] == b'7'));
    }
}
