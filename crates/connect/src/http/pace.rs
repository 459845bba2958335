//! Manners: how often an application is asked, and when it is left in peace because it said so.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Spaces requests evenly, with a burst of up to one second's worth after a quiet time.
#[derive(Debug)]
pub(crate) struct Pace {
    interval: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// When the next request is due if all before it had been evenly spaced.
    due: Instant,
    /// No request before this moment.
    held_until: Instant,
}

impl Pace {
    /// A pace of so many requests a second; none, and values that are not above zero, set no limit.
    pub(crate) fn new(per_second: Option<f64>) -> Self {
        let interval = per_second
            .filter(|rate| *rate > 0.0)
            .and_then(|rate| Duration::try_from_secs_f64(1.0 / rate).ok())
            .unwrap_or_default();
        let now = Instant::now();
        Self {
            interval,
            state: Mutex::new(State {
                due: now,
                held_until: now,
            }),
        }
    }

    /// Takes the next place in the row and says when it is.
    pub(crate) fn reserve(&self) -> Instant {
        let now = Instant::now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let saved_up = Duration::from_secs(1).saturating_sub(self.interval);
        let due = state.due.max(now.checked_sub(saved_up).unwrap_or(now));
        state.due = due + self.interval;
        due.max(state.held_until).max(now)
    }

    /// Lets nobody go before this much time has passed.
    pub(crate) fn hold(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.held_until = state.held_until.max(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_a_burst_requests_are_spaced_and_a_hold_moves_them_all() {
        let pace = Pace::new(Some(4.0));
        tokio::time::advance(Duration::from_mins(1)).await;
        let start = Instant::now();
        let waits: Vec<_> = (0..6).map(|_| (pace.reserve() - start).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 250, 500]);
        pace.hold(Duration::from_secs(9));
        assert_eq!((pace.reserve() - start).as_millis(), 9000);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_nobody_waits() {
        let pace = Pace::new(None);
        let start = Instant::now();
        assert!((0..1000).all(|_| pace.reserve() == start));
    }
}
