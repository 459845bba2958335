//! The rate limit.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How many requests are answered in which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests in a window, for all callers together.
    pub requests: u32,
    /// How long a window lasts. It begins with the first request after the one before ended, or, where it rolls, it
    /// always ends now.
    pub window: Duration,
}

/// Counts requests against a limit.
pub(crate) struct Pace {
    limit: RateLimit,
    window: Window,
}

enum Window {
    /// Begun by a request, with how many came since.
    Fixed(Mutex<Option<(Instant, u32)>>),
    /// When the requests came that are still counted.
    Rolling(Mutex<VecDeque<Instant>>),
}

impl Pace {
    pub(crate) fn new(limit: RateLimit) -> Self {
        Self {
            limit,
            window: Window::Fixed(Mutex::default()),
        }
    }

    pub(crate) fn rolling(limit: RateLimit) -> Self {
        Self {
            limit,
            window: Window::Rolling(Mutex::default()),
        }
    }

    /// Counts a request; over the limit, how long until requests are answered again.
    pub(crate) fn admit(&self, now: Instant) -> Result<(), Duration> {
        match &self.window {
            Window::Fixed(window) => {
                let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
                let (start, used) = window
                    .filter(|(start, _)| now.duration_since(*start) < self.limit.window)
                    .unwrap_or((now, 0));
                if used >= self.limit.requests {
                    return Err(self.limit.window.saturating_sub(now.duration_since(start)));
                }
                *window = Some((start, used + 1));
                Ok(())
            }
            Window::Rolling(came) => {
                let mut came = came.lock().unwrap_or_else(PoisonError::into_inner);
                let is_over = |first: &Instant| now.duration_since(*first) >= self.limit.window;
                while came.front().is_some_and(is_over) {
                    came.pop_front();
                }
                if came.len() >= self.limit.requests as usize {
                    let first = came.front().map_or(now, |first| *first);
                    return Err(self.limit.window.saturating_sub(now.duration_since(first)));
                }
                came.push_back(now);
                Ok(())
            }
        }
    }

    pub(crate) fn requests(&self) -> u32 {
        self.limit.requests
    }

    /// How many requests of the window were used by `now`, and how long until there is room again.
    pub(crate) fn used(&self, now: Instant) -> (u32, Duration) {
        let (start, used) = match &self.window {
            Window::Fixed(window) => {
                let window = *window.lock().unwrap_or_else(PoisonError::into_inner);
                window.unwrap_or((now, 0))
            }
            Window::Rolling(came) => {
                let came = came.lock().unwrap_or_else(PoisonError::into_inner);
                let used = u32::try_from(came.len()).unwrap_or(u32::MAX);
                (came.front().map_or(now, |first| *first), used)
            }
        };
        if now.duration_since(start) < self.limit.window {
            (used, self.limit.window.saturating_sub(now.duration_since(start)))
        } else {
            (0, self.limit.window)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: RateLimit = RateLimit {
        requests: 2,
        window: Duration::from_secs(10),
    };

    #[test]
    fn a_window_admits_its_number_and_then_says_how_long_to_wait() {
        let pace = Pace::new(LIMIT);
        let start = Instant::now();
        assert_eq!(pace.admit(start), Ok(()));
        assert_eq!(pace.admit(start + Duration::from_secs(1)), Ok(()));
        assert_eq!(
            pace.admit(start + Duration::from_secs(4)),
            Err(Duration::from_secs(6))
        );
        assert_eq!(
            pace.used(start + Duration::from_secs(4)),
            (2, Duration::from_secs(6))
        );
        assert_eq!(pace.admit(start + Duration::from_secs(10)), Ok(()));
    }

    #[test]
    fn a_rolling_window_admits_one_when_the_first_is_old_enough() {
        let pace = Pace::rolling(LIMIT);
        let start = Instant::now();
        let admit = |second| pace.admit(start + Duration::from_secs(second));
        assert_eq!((admit(0), admit(8)), (Ok(()), Ok(())));
        assert_eq!(admit(9), Err(Duration::from_secs(1)));
        assert_eq!(admit(10), Ok(()));
        assert_eq!(admit(11), Err(Duration::from_secs(7)));
    }
}
