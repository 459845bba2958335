//! Misbehaviour on demand.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// What goes wrong from now on. The default is: nothing.
///
/// Set from Rust with a simulator's `faults`, such as [`crate::JumpCloud::faults`], or as JSON with `POST /_sim/faults`, where what is left out is
/// as usual: `{"answer": {"serverError": {}}, "times": 2}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Faults {
    /// How answers are spoiled as a whole.
    pub answer: Option<AnswerFault>,
    /// How many requests are answered well before `answer` sets in.
    pub after: u32,
    /// How many requests `answer` spoils before all is well again; `None` for all that follow.
    pub times: Option<u32>,
    /// Every answer waits this long, in milliseconds.
    pub delay_ms: u64,
    /// One page of every list is not what it should be.
    pub missing_page: Option<MissingPage>,
    /// These fields are in no record.
    pub vanished_fields: Vec<String>,
    /// How many people in a thousand cannot be read, always the same ones; totals leave them out too.
    pub gone_per_mille: u16,
    /// Added to the total once for every request since the fault was set, so that it changes while one pages.
    pub total_drift: i64,
}

/// A whole answer gone wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum AnswerFault {
    /// 500.
    ServerError {},
    /// 401, as if the key had been revoked.
    Unauthorized {},
    /// 429.
    TooManyRequests {
        /// The header `Retry-After`, in seconds; left out when `None`.
        retry_after: Option<u32>,
    },
    /// The connection breaks in the middle of the body.
    CutConnection {},
    /// The body ends in the middle, but the answer says that this was all.
    TruncatedJson {},
    /// Half of the body comes, and then nothing more, on a connection that stays open.
    Stall {},
    /// Lists are empty and say so: no results, a total of 0.
    Empty {},
    /// 200, with a page to sign in on in place of JSON.
    SignInPage {},
    /// A byte in the middle of the body is one that no UTF-8 text has.
    InvalidUtf8 {},
    /// JSON that goes on for so long before it ends; its length is not told.
    Huge {
        /// How long, in MiB.
        mib: u32,
    },
    /// Compressed JSON, small on its way, that becomes this long.
    GzipBomb {
        /// How long, in MiB.
        mib: u32,
    },
    /// Requests that would change something are answered as done, and nothing is done. Only Graph knows it; others
    /// answer as usual.
    Acknowledged {},
}

/// A page that is not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MissingPage {
    /// Which one, counted from 0: the one that begins at `page` × its size.
    pub page: usize,
    /// What comes in its place.
    pub instead: Instead,
}

/// What comes in place of a missing page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Instead {
    /// No results, while the total is as always.
    Nothing,
    /// The results of the page after it.
    NextPage,
}

/// The faults one request meets.
#[derive(Clone, Default)]
pub(crate) struct Trouble {
    pub(crate) faults: Arc<Faults>,
    /// The spoiled answer, if it is this request's turn.
    pub(crate) answer: Option<AnswerFault>,
    /// How many requests came since the faults were set, this one included.
    pub(crate) seen: u32,
}

/// The faults that are set.
#[derive(Default)]
pub(crate) struct FaultDesk(Mutex<(Arc<Faults>, u32)>);

impl FaultDesk {
    pub(crate) fn set(&self, faults: Faults) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (Arc::new(faults), 0);
    }

    pub(crate) fn current(&self) -> Arc<Faults> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Counts a request and says what it meets.
    pub(crate) fn meet(&self) -> Trouble {
        let mut desk = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        desk.1 = desk.1.saturating_add(1);
        let (faults, seen) = (Arc::clone(&desk.0), desk.1);
        drop(desk);
        let spoiled = seen.checked_sub(faults.after).filter(|nth| *nth > 0);
        let on = spoiled.is_some_and(|nth| faults.times.is_none_or(|times| nth <= times));
        Trouble {
            answer: faults.answer.clone().filter(|_| on),
            seen,
            faults,
        }
    }
}
