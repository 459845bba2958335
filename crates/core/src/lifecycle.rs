//! Where a person stands between hire and leave, judged from the record and the time of the run.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a person stands at the time of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Lifecycle {
    /// Should have an account in use. `until` is the moment at which that ends, when the record says one.
    Active {
        /// First moment at which the person is no longer active.
        until: Option<Timestamp>,
    },
    /// Hired, but the start is still to come.
    Upcoming {
        /// First moment at which the person is active.
        starts: Timestamp,
    },
    /// The end of employment or contract has passed.
    Ended {
        /// Since when.
        since: Timestamp,
    },
    /// The record says that the person is not active, without a date.
    Inactive,
}

impl Lifecycle {
    /// The state at `now` of a person whose record says this. The start counts from its first moment on, and
    /// the end from the moment at which it is over.
    pub fn judge(active: bool, starts: Option<Timestamp>, ends: Option<Timestamp>, now: Timestamp) -> Self {
        match (ends, starts) {
            (Some(since), _) if since <= now => Self::Ended { since },
            _ if !active => Self::Inactive,
            (_, Some(starts)) if starts > now => Self::Upcoming { starts },
            (until, _) => Self::Active { until },
        }
    }

    /// Whether the person should have an account in use now.
    pub fn is_active(&self) -> bool {
        matches!(self, Self::Active { .. })
    }

    /// When this state will change by the passing of time alone.
    pub fn changes_at(&self) -> Option<Timestamp> {
        match self {
            Self::Active { until } => *until,
            Self::Upcoming { starts } => Some(*starts),
            Self::Ended { .. } | Self::Inactive => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_end_counts_before_everything_and_the_start_only_for_the_active() {
        let now = at(100);
        let judge = |active, starts, ends| Lifecycle::judge(active, starts, ends, now);
        assert_eq!(judge(true, None, None), Lifecycle::Active { until: None });
        assert_eq!(
            judge(true, Some(at(100)), Some(at(101))),
            Lifecycle::Active { until: Some(at(101)) }
        );
        assert_eq!(
            judge(true, Some(at(101)), None),
            Lifecycle::Upcoming { starts: at(101) }
        );
        assert_eq!(judge(false, Some(at(101)), None), Lifecycle::Inactive);
        assert_eq!(
            judge(true, None, Some(at(100))),
            Lifecycle::Ended { since: at(100) }
        );
    }
}
