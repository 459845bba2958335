//! How far the pages of a call have come: what was counted, what the other side says, and whether it was all.

use tenure_core::seams::Completeness;

/// What is known of the pages so far.
#[derive(Debug, Default)]
pub(super) struct Progress {
    number: u32,
    count: u64,
    total: Option<u64>,
    /// The most records that a page had.
    largest: u64,
    /// What identifies the records of the page before.
    last: Option<u64>,
    /// The number of all records before it first changed.
    first_total: Option<u64>,
    /// Whether that number became smaller, so that records moved up and may have slipped between two pages.
    shrank: bool,
    /// How many records a page must have for the next to follow without a gap, where pages begin at fixed places.
    step: Option<u64>,
    /// The page that came last and was shorter than that, with the number of its records.
    short: Option<(u32, u64)>,
    /// The first short page that others with records followed.
    gap: Option<(u32, u64)>,
    /// How many pages without records came last.
    empty: u32,
}

/// Whether a page says something new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It does, or has no records.
    New,
    /// Its records are those of the page before.
    Repeated,
}

impl Progress {
    /// Nothing yet. With a step, pages begin so many records after each other.
    pub(super) fn new(step: Option<u64>) -> Self {
        Self {
            step,
            ..Self::default()
        }
    }

    /// Counts a page in. `identity` is a hash of its records.
    pub(super) fn take(&mut self, records: usize, total: Option<u64>, identity: u64) -> News {
        self.number += 1;
        let records = records as u64;
        // Some applications say 0 past their last record.
        if let Some(total) = total.filter(|total| records > 0 || *total > 0 || self.count == 0) {
            self.shrank |= self.total.is_some_and(|before| total < before);
            self.first_total.get_or_insert(total);
            self.total = Some(total);
        }
        if records == 0 {
            self.empty += 1;
            return News::New;
        }
        self.empty = 0;
        if self.last.replace(identity) == Some(identity) {
            return News::Repeated;
        }
        self.count = self.count.saturating_add(records);
        self.largest = self.largest.max(records);
        self.gap = self.gap.or(self.short);
        self.short = Some((self.number, records)).filter(|_| self.step.is_some_and(|step| records < step));
        News::New
    }

    /// How many pages without records came one after the other, up to now.
    pub(super) fn empty_pages(&self) -> u32 {
        self.empty
    }

    /// Pages so far.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// Records so far.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// How many records there are in all, as said last.
    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    /// The last page that may be asked for now: the next, and with a known total those that the rest will take.
    pub(super) fn reach(&self) -> u32 {
        let rest = self.total.map_or(0, |total| total.saturating_sub(self.count));
        let pages = if self.largest == 0 {
            0
        } else {
            rest.div_ceil(self.largest)
        };
        self.number
            .saturating_add(u32::try_from(pages).unwrap_or(u32::MAX).max(1))
    }

    /// Whether that was all.
    pub(super) fn completeness(&self, endpoint: &str) -> Completeness {
        let (count, Some(total)) = (self.count, self.total) else {
            let count = self.count;
            let (Some((page, records)), Some(step)) = (self.gap, self.step) else {
                return Completeness::Complete { count };
            };
            let why = format!(
                "page {page} of `{endpoint}` had {records} records where the next one begins {step} further on, so that \
                 some were left out; make `increment` as large as a page, and say `total` where the answer has one"
            );
            return Completeness::Incomplete { count, why };
        };
        let first = self.first_total.filter(|first| *first != total);
        let changed = first
            .map(|first| format!("; the number was {first} at first and {total} at the end"))
            .unwrap_or_default();
        let of_pages = match self.number {
            1 => "1 page".to_owned(),
            more => format!("{more} pages"),
        };
        let why = if count != total {
            format!("`{endpoint}` says it has {total} records, and {count} came in {of_pages}{changed}")
        } else if self.shrank {
            format!(
                "records of `{endpoint}` were removed while its {of_pages} were fetched, so that others may have \
                 slipped between two pages{changed}"
            )
        } else {
            return Completeness::Complete { count };
        };
        Completeness::Incomplete { count, why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(pages: &[(usize, Option<u64>)]) -> Progress {
        let mut progress = Progress::default();
        for (identity, (records, total)) in pages.iter().enumerate() {
            assert_eq!(progress.take(*records, *total, identity as u64), News::New);
        }
        progress
    }

    #[test]
    fn pages_are_asked_for_ahead_only_where_records_are_known_to_be() {
        assert_eq!(after(&[]).reach(), 1);
        assert_eq!(after(&[(100, None)]).reach(), 2);
        assert_eq!(after(&[(100, Some(1000))]).reach(), 10);
        assert_eq!(after(&[(100, Some(1001))]).reach(), 11);
        assert_eq!(after(&[(100, Some(100))]).reach(), 2);
        // A short page moves the end.
        assert_eq!(after(&[(100, Some(300)), (50, Some(300))]).reach(), 4);
    }

    #[test]
    fn a_total_that_grew_is_met_and_one_that_shrank_is_not_trusted() {
        let complete = |count| Completeness::Complete { count };
        assert_eq!(
            after(&[(100, Some(150)), (51, Some(151)), (0, Some(151))]).completeness("users"),
            complete(151)
        );
        assert_eq!(
            after(&[(100, Some(100)), (0, Some(0))]).completeness("users"),
            complete(100)
        );
        assert_eq!(after(&[(0, Some(0))]).completeness("users"), complete(0));
        assert_eq!(
            after(&[(100, Some(150)), (49, Some(149)), (0, Some(149))]).completeness("users"),
            Completeness::Incomplete {
                count: 149,
                why:
                    "records of `users` were removed while its 3 pages were fetched, so that others may have \
                      slipped between two pages; the number was 150 at first and 149 at the end"
                        .to_owned()
            }
        );
    }

    #[test]
    fn a_short_page_before_others_leaves_a_gap_unless_a_total_says_otherwise() {
        let with = |step, total, pages: &[usize]| {
            let mut progress = Progress::new(step);
            for (identity, records) in pages.iter().enumerate() {
                progress.take(*records, total, identity as u64);
            }
            progress.completeness("users")
        };
        let complete = |count| Completeness::Complete { count };
        assert_eq!(with(Some(10), None, &[10, 10, 4, 0]), complete(24));
        assert_eq!(with(Some(10), Some(14), &[10, 3, 1, 0]), complete(14));
        assert_eq!(with(None, None, &[10, 3, 1]), complete(14));
        let Completeness::Incomplete { count: 14, why } = with(Some(10), None, &[10, 3, 1, 0]) else {
            panic!("taken as whole")
        };
        assert!(
            why.starts_with("page 2 of `users` had 3 records where the next one begins 10 further on"),
            "{why}"
        );
    }

    #[test]
    fn only_the_same_page_twice_in_a_row_is_a_repetition() {
        let mut progress = Progress::default();
        assert_eq!(
            [7, 8, 7, 7].map(|identity| progress.take(1, None, identity) == News::New),
            [true, true, true, false]
        );
    }
}
