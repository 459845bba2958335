//! How far a run is, for whoever watches it.

/// Something worth showing while a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Records that have come so far, and how many are expected where the source says so.
    Fetched {
        /// So far.
        records: u64,
    },
    /// Accounts that were read so far.
    Read {
        /// So far.
        accounts: u64,
    },
    /// Fetching and reading are over; the plan is being made.
    Planning,
    /// Operations that have an outcome, of all that the plan has.
    Applied {
        /// So far.
        done: u64,
        /// In all.
        of: u64,
    },
}

/// Whoever watches a run.
pub trait Watch: Send + Sync {
    /// Called often; must return at once.
    fn progress(&self, progress: Progress);
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn progress(&self, _: Progress) {}
}
