//! When a request is made again, and after how long.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::quota::from_now;

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
        self.builder().with_max_times(self.times).build()
    }

    /// The waits of a request that is told to come later: as many as there is time for, unless nothing is to be made
    /// again at all.
    pub(crate) fn patient_waits(&self) -> ExponentialBackoff {
        match self.times {
            0 => self.waits(),
            _ => self.builder().without_max_times().build(),
        }
    }

    fn builder(&self) -> ExponentialBuilder {
        ExponentialBuilder::new()
            .with_min_delay(self.first)
            .with_max_delay(self.longest)
            .with_jitter()
    }
}

/// Whether an answer says that the same request may do better later.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 500 | 502 | 503 | 504)
}

/// Whether an answer says that there were too many requests, and that this one was not looked at (RFC 6585,
/// section 4).
pub(crate) fn is_too_many(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS
}

/// Whether an answer says that the request was turned away before anything was done (RFC 6585, section 4; RFC 9110,
/// section 15.6.4).
pub(crate) fn was_not_done(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 503)
}

/// How long the other side asks to be left in peace: `Retry-After` in seconds, fractions too, or as a date
/// (RFC 9110, section 10.2.3), which is read by the other side's own clock when it sent that.
pub(crate) fn asked_wait(headers: &HeaderMap) -> Option<Duration> {
    let Some(written) = headers.get(RETRY_AFTER) else {
        return asked_milliseconds(headers);
    };
    let text = written.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = rfc2822::parse(text).ok()?;
    Some(from_now(headers, date.timestamp()))
}

/// The same in milliseconds, as some of Microsoft's services have it.
fn asked_milliseconds(headers: &HeaderMap) -> Option<Duration> {
    let written = ["retry-after-ms", "x-ms-retry-after-ms"]
        .iter()
        .find_map(|name| headers.get(*name))?;
    let milliseconds: f64 = written.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(milliseconds / 1e3).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(retry_after: &str, date: Option<&str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, retry_after.parse().unwrap());
        if let Some(date) = date {
            headers.insert(reqwest::header::DATE, date.parse().unwrap());
        }
        asked_wait(&headers)
    }

    #[test]
    fn retry_after_is_read_as_seconds_fractions_or_a_date() {
        assert_eq!(wait("2", None), Some(Duration::from_secs(2)));
        assert_eq!(wait("0.25", None), Some(Duration::from_millis(250)));
        assert_eq!(wait("2.128", None), Some(Duration::from_millis(2128)));
        let now = Some("Wed, 21 Oct 2026 07:28:00 GMT");
        assert_eq!(
            wait("Wed, 21 Oct 2026 07:28:30 GMT", now),
            Some(Duration::from_secs(30))
        );
        assert_eq!(wait("Wed, 21 Oct 2026 07:27:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(wait("soon", None), None);
        assert_eq!(wait("-1", None), None);
        assert_eq!(wait("NaN", None), None);
        let mut headers = HeaderMap::new();
        headers.insert("retry-after-ms", "250".parse().unwrap());
        assert_eq!(asked_wait(&headers), Some(Duration::from_millis(250)));
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
