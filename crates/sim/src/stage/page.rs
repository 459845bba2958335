//! Which part of a list is served, and what faults do to it.

use std::ops::Range;

use super::{
    answer::Object,
    faults::{AnswerFault, Instead, Trouble},
};
use crate::population::mix;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// How many there are in all, as the answer has it.
    pub(crate) total: usize,
    /// The places of the list that are on the page.
    pub(crate) places: Range<usize>,
}

/// The page of `limit` places after the first `skip` of `count`.
pub(crate) fn cut(count: usize, mut skip: usize, mut limit: usize, trouble: &Trouble) -> Page {
    if trouble.answer == Some(AnswerFault::Empty {}) {
        return Page {
            total: 0,
            places: 0..0,
        };
    }
    let faults = &trouble.faults;
    if let Some(missing) = faults
        .missing_page
        .filter(|missing| missing.page.checked_mul(limit) == Some(skip))
    {
        match missing.instead {
            Instead::Nothing => limit = 0,
            Instead::NextPage => skip = skip.saturating_add(limit),
        }
    }
    let drift = faults.total_drift.saturating_mul(i64::from(trouble.seen));
    let total = i64::try_from(count).unwrap_or(i64::MAX).saturating_add(drift);
    Page {
        total: usize::try_from(total).unwrap_or(0),
        places: skip.min(count)..skip.saturating_add(limit).min(count),
    }
}

/// Whether the fault of missing people takes away the one with that number.
pub(crate) fn is_gone(number: u32, per_mille: u16) -> bool {
    per_mille > 0 && mix(u64::from(number)) % 1000 < u64::from(per_mille)
}

/// Takes out of a record what has vanished.
pub(crate) fn strip(record: &mut Object, trouble: &Trouble) {
    for field in &trouble.faults.vanished_fields {
        record.remove(field);
    }
}
