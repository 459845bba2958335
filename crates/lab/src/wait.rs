//! Waiting for a condition with a deadline, which is what tests do instead of sleeping.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::LabError;

/// How long to leave the processor to others between two looks.
pub(crate) const PAUSE: Duration = Duration::from_millis(5);

/// Asks `condition` again and again until it holds, at most for `limit`. `what` completes the sentence
/// "waited 5 s for …, in vain".
pub fn wait_until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) -> Result<(), LabError> {
    let deadline = Instant::now() + limit;
    while !condition() {
        if Instant::now() >= deadline {
            return Err(LabError::TimedOut {
                what: what.to_owned(),
                limit,
                log: String::new(),
            });
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}
