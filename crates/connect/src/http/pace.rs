//! Manners: how often an application is asked, how many calls are on their way, and when it is left in peace because
//! it said so. What an answer's header fields mean is read elsewhere.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::quota::Quota;

/// The ends of one window, as answers tell them in whole seconds, differ by less than this.
const SAME_WINDOW: Duration = Duration::from_secs(2);

/// Spaces requests evenly, with a burst of up to one second's worth after a quiet time, and lets no more go than the
/// application says are left.
#[derive(Debug)]
pub(crate) struct Pace {
    interval: Duration,
    state: Mutex<State>,
    /// Whoever waits looks again.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// When the next request is due if all before it had been evenly spaced.
    due: Instant,
    /// No request before this moment.
    held_until: Instant,
    /// Requests that have their turn and no answer yet.
    under_way: u64,
    /// What the application still allows, where it says so.
    allowance: Option<Allowance>,
}

/// What is left of a window of the application's own counting.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    /// The lowest number of calls that an answer of this window left.
    left: u64,
    /// When the window ends.
    until: Instant,
}

/// The application wants no calls for longer than somebody will wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong(pub(crate) Duration);

/// A request that has its turn. Its end makes room for another one.
#[derive(Debug)]
pub(crate) struct UnderWay<'p> {
    pace: &'p Pace,
    answered: bool,
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
                under_way: 0,
                allowance: None,
            }),
            changed: Notify::new(),
        }
    }

    /// Waits for a request's turn.
    ///
    /// # Errors
    /// The application wants to be left in peace for longer than `patience`. The even spacing is never too long.
    pub(crate) async fn turn(&self, patience: Duration) -> Result<UnderWay<'_>, TooLong> {
        let (due, under_way) = loop {
            let changed = self.changed.notified();
            let until = {
                let mut state = self.state();
                let Some(until) = state.closed_until() else {
                    let due = state.reserve(self.interval);
                    state.under_way += 1;
                    let under_way = UnderWay {
                        pace: self,
                        answered: false,
                    };
                    break (due, under_way);
                };
                until
            };
            in_time(until, patience)?;
            tokio::select! {
                () = sleep_until(until) => {}
                () = changed => {}
            }
        };
        wait_until(due).await;
        self.quiet(patience).await?;
        Ok(under_way)
    }

    /// Waits until nobody is kept from going, without taking a turn.
    ///
    /// # Errors
    /// As for [`Pace::turn`].
    pub(crate) async fn quiet(&self, patience: Duration) -> Result<(), TooLong> {
        loop {
            let held = self.state().held_until;
            if held <= Instant::now() {
                return Ok(());
            }
            in_time(held, patience)?;
            sleep_until(held).await;
        }
    }

    /// Lets nobody go before this much time has passed.
    pub(crate) fn hold(&self, time: Duration) {
        let now = Instant::now();
        let until = now.checked_add(time).unwrap_or(now);
        let mut state = self.state();
        state.held_until = state.held_until.max(until);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Until when nobody may go; none when one may go now.
    fn closed_until(&mut self) -> Option<Instant> {
        let now = Instant::now();
        if self.held_until > now {
            return Some(self.held_until);
        }
        self.allowance = self.allowance.filter(|allowance| allowance.until > now);
        // Those under way may have been counted already or not; with their answers that is known.
        self.allowance
            .filter(|allowance| allowance.left <= self.under_way)
            .map(|allowance| allowance.until)
    }

    /// Takes the next place in the row and says when it is.
    fn reserve(&mut self, interval: Duration) -> Instant {
        let now = Instant::now();
        let saved_up = Duration::from_secs(1).saturating_sub(interval);
        let due = self.due.max(now.checked_sub(saved_up).unwrap_or(now));
        self.due = due + interval;
        due.max(now)
    }

    fn learn(&mut self, quota: Quota) {
        let now = Instant::now();
        let until = now.checked_add(quota.resets_in).unwrap_or(now);
        let told = Allowance {
            left: quota.left,
            until,
        };
        let another = |known: Allowance| {
            known.until <= now || (told.left > known.left && until > known.until + SAME_WINDOW)
        };
        match self.allowance {
            // An answer that was overtaken by a later one knows less.
            Some(known) if !another(known) && told.left > known.left => {}
            _ => self.allowance = Some(told),
        }
    }
}

impl UnderWay<'_> {
    /// The request was answered, and this is what the answer says of the calls that are left.
    pub(crate) fn answered(mut self, quota: Option<Quota>) {
        self.answered = true;
        if let Some(quota) = quota {
            self.pace.state().learn(quota);
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut state = self.pace.state();
        state.under_way = state.under_way.saturating_sub(1);
        if !self.answered
            && let Some(allowance) = &mut state.allowance
        {
            // It may have been counted all the same.
            allowance.left = allowance.left.saturating_sub(1);
        }
        drop(state);
        self.pace.changed.notify_waiters();
    }
}

fn in_time(until: Instant, patience: Duration) -> Result<(), TooLong> {
    let wait = until.saturating_duration_since(Instant::now());
    if wait > patience {
        return Err(TooLong(wait));
    }
    Ok(())
}

/// Waits if that moment is still to come. The timer alone would take up to a millisecond for one that is past.
pub(crate) async fn wait_until(moment: Instant) {
    if moment > Instant::now() {
        sleep_until(moment).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_mins(5);

    fn quota(left: u64, seconds: u64) -> Quota {
        Quota {
            left,
            resets_in: Duration::from_secs(seconds),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_burst_requests_are_spaced_and_a_hold_moves_them_all() {
        let pace = Pace::new(Some(4.0));
        tokio::time::advance(Duration::from_mins(1)).await;
        let start = Instant::now();
        let mut turns = Vec::new();
        for _ in 0..6 {
            pace.turn(PATIENCE).await.unwrap().answered(None);
            turns.push(start.elapsed().as_millis());
        }
        for (turn, expected) in turns.iter().zip([0, 0, 0, 0, 250, 500]) {
            assert!((expected..expected + 2).contains(turn), "{turns:?}");
        }
        pace.hold(Duration::from_secs(9));
        pace.turn(PATIENCE).await.unwrap();
        assert!(start.elapsed() >= Duration::from_millis(9500));
        pace.hold(PATIENCE * 2);
        assert!(pace.turn(PATIENCE).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_nobody_waits() {
        let pace = Pace::new(None);
        let start = Instant::now();
        for _ in 0..1000 {
            pace.turn(PATIENCE).await.unwrap().answered(None);
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_go_than_are_left_and_the_next_window_opens_for_all() {
        let pace = Pace::new(None);
        let start = Instant::now();
        pace.turn(PATIENCE).await.unwrap().answered(Some(quota(2, 30)));
        let (one, two) = (
            pace.turn(PATIENCE).await.unwrap(),
            pace.turn(PATIENCE).await.unwrap(),
        );
        assert_eq!(start.elapsed(), Duration::ZERO);
        // The later answer is here first; the earlier one knows less than it.
        two.answered(Some(quota(0, 30)));
        one.answered(Some(quota(1, 30)));
        pace.turn(PATIENCE).await.unwrap().answered(Some(quota(9, 60)));
        assert!(start.elapsed() >= Duration::from_secs(30));
        // A call that came to nothing may have been counted.
        drop(pace.turn(PATIENCE).await.unwrap());
        let rest: Vec<_> = [(); 8].map(|()| pace.state().reserve(Duration::ZERO)).into();
        assert_eq!((rest.len(), pace.state().allowance.unwrap().left), (8, 8));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_goes_as_soon_as_an_answer_leaves_room() {
        let pace = Pace::new(None);
        let start = Instant::now();
        pace.turn(PATIENCE).await.unwrap().answered(Some(quota(2, 60)));
        let (one, two) = (
            pace.turn(PATIENCE).await.unwrap(),
            pace.turn(PATIENCE).await.unwrap(),
        );
        let answers = async {
            // Both were counted before the application said 5: it counts otherwise than it was taken to.
            one.answered(Some(quota(5, 90)));
            two.answered(Some(quota(5, 90)));
        };
        let (turn, ()) = tokio::join!(pace.turn(PATIENCE), answers);
        turn.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
