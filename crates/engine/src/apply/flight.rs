//! A wave on its way: one operation of each of its changes, writes to the directory and calls beside them.

use std::time::{Duration, Instant};

use tenure_core::outcome::Outcome;
use tenure_core::seams::{Applied, Directory, Performer, Task, Write};

/// Operations that go together.
#[derive(Default)]
pub(super) struct Wave {
    writes: Vec<Write>,
    calls: Vec<Task>,
    places: Places,
}

/// Which changes of a window a wave belongs to, in the order of its operations, which is that of the window.
#[derive(Default)]
pub(super) struct Places {
    pub(super) written: Vec<usize>,
    pub(super) called: Vec<usize>,
}

impl Places {
    pub(super) fn contains(&self, at: usize) -> bool {
        self.written.binary_search(&at).is_ok() || self.called.binary_search(&at).is_ok()
    }
}

/// What came back.
pub(super) struct Landed {
    /// Of the writes, in their order.
    pub(super) answers: Vec<Applied>,
    /// How long those took.
    pub(super) took: Duration,
    /// Of the calls, in their order.
    pub(super) outcomes: Vec<Outcome>,
}

impl Wave {
    pub(super) fn write(&mut self, at: usize, write: Write) {
        self.writes.push(write);
        self.places.written.push(at);
    }

    pub(super) fn call(&mut self, at: usize, task: Task) {
        self.calls.push(task);
        self.places.called.push(at);
    }

    pub(super) fn writes(&self) -> &[Write] {
        &self.writes
    }

    pub(super) fn calls(&mut self) -> &mut [Task] {
        &mut self.calls
    }

    /// Sends everything.
    pub(super) fn fly<'d>(
        self,
        directory: &'d dyn Directory,
        performer: &'d dyn Performer,
    ) -> (Places, impl Future<Output = Landed> + 'd) {
        let Self {
            writes,
            calls,
            places,
        } = self;
        let started = Instant::now();
        let writing = async move {
            let answers = match writes.as_slice() {
                [] => Vec::new(),
                _ => directory.apply(writes).await,
            };
            (answers, started.elapsed())
        };
        let calling = async move {
            match calls.as_slice() {
                [] => Vec::new(),
                _ => performer.perform(calls).await,
            }
        };
        let flight = async move {
            let ((answers, took), outcomes) = tokio::join!(writing, calling);
            Landed {
                answers,
                took,
                outcomes,
            }
        };
        (places, flight)
    }
}
