//! The rate limit.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How many requests are answered in which time. JumpCloud does not publish its own limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests in a window, for all callers together.
    pub requests: u32,
    /// How long a window lasts. It begins with the first request after the one before ended.
    pub window: Duration,
}

/// Counts requests against a limit.
pub(super) struct Pace {
    limit: RateLimit,
    window: Mutex<Option<(Instant, u32)>>,
}

impl Pace {
    pub(super) fn new(limit: RateLimit) -> Self {
        Self {
            limit,
            window: Mutex::new(None),
        }
    }

    /// Counts a request; over the limit, how long until requests are answered again.
    pub(super) fn admit(&self, now: Instant) -> Result<(), Duration> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let (start, used) = window
            .filter(|(start, _)| now.duration_since(*start) < self.limit.window)
            .unwrap_or((now, 0));
        if used >= self.limit.requests {
            return Err(self.limit.window.saturating_sub(now.duration_since(start)));
        }
        *window = Some((start, used + 1));
        Ok(())
    }

    pub(super) fn requests(&self) -> u32 {
        self.limit.requests
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_admits_its_number_and_then_says_how_long_to_wait() {
        let pace = Pace::new(RateLimit {
            requests: 2,
            window: Duration::from_secs(10),
        });
        let start = Instant::now();
        assert_eq!(pace.admit(start), Ok(()));
        assert_eq!(pace.admit(start + Duration::from_secs(1)), Ok(()));
        assert_eq!(
            pace.admit(start + Duration::from_secs(4)),
            Err(Duration::from_secs(6))
        );
        assert_eq!(pace.admit(start + Duration::from_secs(10)), Ok(()));
    }
}
