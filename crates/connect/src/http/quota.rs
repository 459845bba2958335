//! What an answer's header fields say of the calls that are left: the fields that most applications use, and those
//! that a document names.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{DATE, HeaderMap};
use tenure_core::document::{LimitHeaders, ResetUnit};

/// The most that is waited for because of a number whose unit is guessed.
const GUESSED: Duration = Duration::from_mins(1);
/// For how long nobody calls an application that says that its limit is reached, and not until when.
const BREATH: Duration = Duration::from_secs(1);
/// Fields in which applications say how many calls are left, each with the one that says when there are more.
/// `RateLimit-…` was in drafts of the IETF up to the sixth (draft-ietf-httpapi-ratelimit-headers), the others are
/// habits.
const KNOWN: [(&str, &str); 4] = [
    ("ratelimit-remaining", "ratelimit-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("x-rate-limit-remaining", "x-rate-limit-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset-after"),
];
/// How much of its limit somebody has used, 1 being all (Microsoft Graph).
const USED: &str = "x-ms-throttle-limit-percentage";

/// How many calls are left, and for how long that is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    pub(crate) left: u64,
    pub(crate) resets_in: Duration,
}

/// What the answer says of the calls that are left; none when it says nothing that can be gone by.
pub(crate) fn quota(headers: &HeaderMap, named: &LimitHeaders) -> Option<Quota> {
    by_name(headers, named)
        .or_else(|| standard(headers))
        .or_else(|| used(headers, named))
}

fn by_name(headers: &HeaderMap, named: &LimitHeaders) -> Option<Quota> {
    let found = |remaining: &str, reset: &str| {
        Some(Quota {
            left: whole(text(headers, remaining)?)?,
            resets_in: until(headers, reset, named)?,
        })
    };
    KNOWN.iter().find_map(|(remaining, reset)| {
        let remaining = named.remaining.as_deref().unwrap_or(remaining);
        found(remaining, named.reset.as_deref().unwrap_or(reset))
    })
}

/// When there are more calls again, as the field that says so has it.
fn until(headers: &HeaderMap, name: &str, named: &LimitHeaders) -> Option<Duration> {
    let written = text(headers, name)?;
    let Ok(number) = written.parse::<f64>() else {
        let moment = written
            .parse()
            .ok()
            .or_else(|| rfc2822::parse(written).ok().map(|date| date.timestamp()))?;
        return Some(from_now(headers, moment));
    };
    let unit = named.unit.or_else(|| {
        let lower = name.to_ascii_lowercase();
        (lower == "ratelimit-reset" || lower.ends_with("-after")).then_some(ResetUnit::Seconds)
    });
    let moment = |seconds: f64| {
        let since = jiff::SignedDuration::try_from_secs_f64(seconds).ok()?;
        Some(from_now(headers, Timestamp::UNIX_EPOCH.checked_add(since).ok()?))
    };
    match unit {
        Some(ResetUnit::Milliseconds) => Duration::try_from_secs_f64(number / 1e3).ok(),
        Some(ResetUnit::Seconds) => Duration::try_from_secs_f64(number).ok(),
        Some(ResetUnit::EpochSeconds) => moment(number),
        Some(ResetUnit::EpochMilliseconds) => moment(number / 1e3),
        // No window is as long as time has been counted.
        None if number >= 1e11 => moment(number / 1e3),
        None if number >= 1e8 => moment(number),
        None => Duration::try_from_secs_f64(number)
            .ok()
            .map(|wait| wait.min(GUESSED)),
    }
}

/// How long it is until a moment by the other side's own clock.
pub(crate) fn from_now(headers: &HeaderMap, moment: Timestamp) -> Duration {
    let sent = text(headers, DATE.as_str())
        .and_then(|date| rfc2822::parse(date).ok())
        .map_or_else(Timestamp::now, |date| date.timestamp());
    Duration::try_from(moment.duration_since(sent)).unwrap_or_default()
}

/// The field of the later drafts: `limit=100, remaining=7, reset=30` (the seventh), and `"name";r=7;t=30` after that,
/// of whose policies the one with the fewest calls counts.
fn standard(headers: &HeaderMap) -> Option<Quota> {
    let written = text(headers, "ratelimit")?;
    let value = |part: &str, name: &str| {
        part.split([';', ','])
            .filter_map(|parameter| parameter.trim().split_once('='))
            .find(|(key, _)| key.trim() == name)
            .map(|(_, value)| value.trim().to_owned())
    };
    let read = |part: &str, left: &str, reset: &str| {
        Some(Quota {
            left: whole(&value(part, left)?)?,
            resets_in: Duration::from_secs(whole(&value(part, reset)?)?),
        })
    };
    read(written, "remaining", "reset").or_else(|| {
        let policies = written.split(',').filter_map(|part| read(part, "r", "t"));
        policies.min_by_key(|quota| quota.left)
    })
}

fn used(headers: &HeaderMap, named: &LimitHeaders) -> Option<Quota> {
    let used: f64 = text(headers, named.used.as_deref().unwrap_or(USED))?
        .parse()
        .ok()?;
    (used >= 1.0).then_some(Quota {
        left: 0,
        resets_in: BREATH,
    })
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

/// A number of calls, of which some write fractions; those are not whole calls.
fn whole(text: &str) -> Option<u64> {
    let number = text.split_once('.').map_or(text, |(whole, _)| whole);
    if number.starts_with('-') {
        return number.parse::<i64>().ok().map(|_| 0);
    }
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderName;

    use super::*;

    fn read(fields: &[(&str, &str)], named: &LimitHeaders) -> Option<(u64, u128)> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let name: HeaderName = name.parse().unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        quota(&headers, named).map(|quota| (quota.left, quota.resets_in.as_millis()))
    }

    fn found(fields: &[(&str, &str)]) -> Option<(u64, u128)> {
        read(fields, &LimitHeaders::default())
    }

    #[test]
    fn the_usual_fields_are_known() {
        let date = ("date", "Wed, 21 Oct 2026 07:28:00 GMT");
        let x = |left, reset| {
            found(&[
                ("X-RateLimit-Remaining", left),
                ("X-RateLimit-Reset", reset),
                date,
            ])
        };
        assert_eq!(x("7", "30"), Some((7, 30_000)));
        assert_eq!(x("0", "1792567710"), Some((0, 30_000)));
        assert_eq!(x("0", "1792567710500"), Some((0, 30_500)));
        assert_eq!(x("0", "2026-10-21T07:28:30Z"), Some((0, 30_000)));
        assert_eq!(x("0", "Wed, 21 Oct 2026 07:28:30 GMT"), Some((0, 30_000)));
        // Already over, by the clock of whoever sent it.
        assert_eq!(x("0", "1792567600"), Some((0, 0)));
        // Sixty seconds in milliseconds, or most of a day in seconds: it is not said, and not waited for that long.
        assert_eq!(x("0", "60000"), Some((0, 60_000)));
        assert_eq!(x("-1", "5"), Some((0, 5_000)));
        for (left, reset) in [
            ("many", "30"),
            ("0", "soon"),
            ("0", "-1"),
            ("0", "NaN"),
            ("0", "inf"),
        ] {
            assert_eq!(x(left, reset), None, "{left} {reset}");
        }
        assert_eq!(found(&[("X-RateLimit-Remaining", "0")]), None);
        let standard = [("RateLimit-Remaining", "3"), ("RateLimit-Reset", "3600")];
        assert_eq!(found(&standard), Some((3, 3_600_000)));
        assert_eq!(
            found(&[("RateLimit", "limit=100, remaining=4, reset=50")]),
            Some((4, 50_000))
        );
        let policies = "\"burst\";r=9;t=1, \"daily\";r=2;t=40000";
        assert_eq!(found(&[("RateLimit", policies)]), Some((2, 40_000_000)));
    }

    #[test]
    fn a_document_names_other_fields_and_units() {
        let named = LimitHeaders {
            unit: Some(ResetUnit::Milliseconds),
            ..LimitHeaders::default()
        };
        let remote = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1500")];
        assert_eq!(read(&remote, &named), Some((0, 1500)));
        let named = LimitHeaders {
            remaining: Some("X-Calls-Left".to_owned()),
            reset: Some("X-Calls-More-At".to_owned()),
            unit: Some(ResetUnit::EpochSeconds),
            used: Some("X-Used".to_owned()),
        };
        let own = [
            ("x-calls-left", "5"),
            ("x-calls-more-at", "1792567710"),
            ("date", "Wed, 21 Oct 2026 07:28:00 GMT"),
        ];
        assert_eq!(read(&own, &named), Some((5, 30_000)));
        assert_eq!(read(&[("x-used", "1.25")], &named), Some((0, 1000)));
    }

    #[test]
    fn graph_says_which_part_of_the_limit_is_used() {
        assert_eq!(found(&[(USED, "0.97")]), None);
        assert_eq!(found(&[(USED, "1.0")]), Some((0, 1000)));
    }
}
