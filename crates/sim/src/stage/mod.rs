//! What every simulated vendor stands on: listening, the gate with its rate limit and faults, the simulator's own
//! controls, paging, tokens, and the people with what was written about them.

pub(crate) mod answer;
pub(crate) mod bearer;
pub(crate) mod control;
pub(crate) mod courier;
pub(crate) mod desk;
pub(crate) mod encoding;
pub mod faults;
pub(crate) mod gate;
pub(crate) mod listen;
pub(crate) mod login;
pub(crate) mod pace;
pub(crate) mod page;
pub(crate) mod parameters;
pub(crate) mod register;
mod simulator;
mod spoiled;
pub(crate) mod table;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use axum::{extract::Request, response::Response};
use tokio::sync::watch;

pub(crate) use self::simulator::running_simulator;
use self::{
    answer::Refused,
    desk::People,
    faults::FaultDesk,
    pace::{Pace, RateLimit},
};
/// What there is one of behind every simulator.
pub(crate) struct Stage {
    pub(crate) faults: FaultDesk,
    pub(crate) pace: Option<Pace>,
    pub(crate) requests: AtomicU64,
    /// The seed of the next event that comes without one.
    seeds: AtomicU64,
    /// Becomes true when the server is asked to stop.
    pub(crate) stopping: watch::Sender<bool>,
}

impl Stage {
    pub(crate) fn new(rate_limit: Option<RateLimit>) -> Self {
        Self {
            faults: FaultDesk::default(),
            pace: rate_limit.map(Pace::new),
            requests: AtomicU64::new(0),
            seeds: AtomicU64::new(1),
            stopping: watch::Sender::new(false),
        }
    }

    /// As [`Stage::new`], with a limit whose window rolls.
    pub(crate) fn rolling(rate_limit: Option<RateLimit>) -> Self {
        Self {
            pace: rate_limit.map(Pace::rolling),
            ..Self::new(None)
        }
    }

    pub(crate) fn next_seed(&self) -> u64 {
        self.seeds.fetch_add(1, Ordering::Relaxed)
    }
}

/// Why a request is told to come back later.
#[derive(Clone, Copy)]
pub(crate) enum Wait {
    /// The rate limit is used up for this long.
    Limit(Duration),
    /// A fault says so, and after how many seconds to come back, or not even that.
    Fault(Option<u32>),
}

impl Wait {
    /// The seconds to wait, rounded up, where they are known.
    pub(crate) fn seconds(self) -> Option<u32> {
        match self {
            Self::Limit(wait) => u32::try_from(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).ok(),
            Self::Fault(seconds) => seconds,
        }
    }
}

/// A simulated vendor: its people, and how it says no.
pub(crate) trait Vendor: People + Send + Sync + Sized + 'static {
    fn stage(&self) -> &Stage;

    /// The refusal of a request that may not enter.
    fn enter(&self, request: &Request) -> Result<(), Refused>;

    /// What somebody gets whose key or token is no longer good.
    fn unauthorized(&self) -> Response;

    fn server_error(&self) -> Response;

    fn too_many_requests(&self, wait: Wait) -> Response;

    /// Whether a request takes the fault of too many requests in its parts rather than as a whole.
    fn has_parts(&self, _request: &Request) -> bool {
        false
    }

    /// Puts on an answer what all of them carry.
    fn leave(&self, _answer: &mut Response) {}
}
