//! When a request is made again, and after how long.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// How often a request is made again, and how the waits between grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// The most times that a request is made again.
    pub times: usize,
    /// The first wait; each further one is twice as long. Up to as much again is added at random.
    pub first: Duration,
    /// The longest wait that is chosen here. What the other side asks for may be longer.
    pub longest: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            times: 4,
            first: Duration::from_millis(500),
            longest: Duration::from_secs(30),
        }
    }
}

impl Retries {
    /// The waits of one request.
    pub(crate) fn waits(&self) -> ExponentialBackoff {
        ExponentialBuilder::new()
            .with_min_delay(self.first)
            .with_max_delay(self.longest)
            .with_max_times(self.times)
            .with_jitter()
            .build()
    }
}

/// Whether an answer says that the same request may do better later.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 500 | 502 | 503 | 504)
}

/// How long the other side asks to be left in peace: `Retry-After` in seconds, fractions too, or as a date
/// (RFC 9110, section 10.2.3), which is read by the other side's own clock when it sent that.
pub(crate) fn asked_wait(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = |text: &str| rfc2822::parse(text).ok().map(|date| date.timestamp());
    let then = date(text)?;
    let now = headers
        .get(DATE)
        .and_then(|now| date(now.to_str().ok()?))
        .unwrap_or_else(Timestamp::now);
    Some(Duration::try_from(then.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(retry_after: &str, date: Option<&str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, retry_after.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        asked_wait(&headers)
    }

    #[test]
    fn retry_after_is_read_as_seconds_fractions_or_a_date() {
        assert_eq!(wait("2", None), Some(Duration::from_secs(2)));
        assert_eq!(wait("0.25", None), Some(Duration::from_millis(250)));
        let now = Some("Wed, 21 Oct 2026 07:28:00 GMT");
        assert_eq!(
            wait("Wed, 21 Oct 2026 07:28:30 GMT", now),
            Some(Duration::from_secs(30))
        );
        assert_eq!(wait("Wed, 21 Oct 2026 07:27:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(wait("soon", None), None);
        assert_eq!(wait("-1", None), None);
        assert_eq!(wait("NaN", None), None);
    }

    #[test]
    fn waits_grow_and_end() {
        let retries = Retries {
            times: 3,
            first: Duration::from_secs(1),
            longest: Duration::from_secs(3),
        };
        let waits: Vec<_> = retries.waits().collect();
        assert_eq!(waits.len(), 3);
        assert!(
            waits
                .iter()
                .zip([1, 2, 3])
                .all(|(wait, least)| wait.as_secs() >= least && wait.as_secs() <= 6)
        );
    }
}
