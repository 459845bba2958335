//! Until when sign-in is possible, as Active Directory writes it: in steps of 100 nanoseconds since 1601 (MS-ADTS 2.2.9,
//! `accountExpires`), where 0 and the largest number mean always.

use jiff::Timestamp;

use crate::lifecycle::Lifecycle;

/// Always.
pub(super) const NEVER: &str = "9223372036854775807";

/// Seconds from 1601 to 1970.
const TO_UNIX: i64 = 11_644_473_600;

/// The end that somebody's record says; none where it cannot be told.
pub(super) fn of(lifecycle: &Lifecycle) -> Option<String> {
    match lifecycle {
        Lifecycle::Active { until: None } => Some(NEVER.to_owned()),
        Lifecycle::Active { until: Some(end) } | Lifecycle::Ended { since: end } => filetime(*end),
        Lifecycle::Upcoming { .. } | Lifecycle::Inactive => None,
    }
}

/// Whether a value means always.
pub(super) fn is_never(value: &str) -> bool {
    matches!(value, "0" | NEVER)
}

fn filetime(at: Timestamp) -> Option<String> {
    let micros = at.as_microsecond().checked_add(TO_UNIX * 1_000_000)?;
    Some(micros.checked_mul(10)?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_counted_from_1601() {
        let end: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
        let active = |until| of(&Lifecycle::Active { until });
        assert_eq!(active(Some(end)).as_deref(), Some("134379648000000000"));
        assert!(is_never(&active(None).unwrap()) && is_never("0"));
        assert_eq!(of(&Lifecycle::Inactive), None);
    }
}
