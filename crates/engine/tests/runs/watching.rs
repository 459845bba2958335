//! Watches that act at a certain moment of a run, so that tests can meet it there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use tenure_engine::{Progress, Stop, Watch};
use tokio::sync::oneshot;

/// Wishes a run to stop as soon as an operation has its outcome.
pub struct StopAtFirstOutcome(pub Stop);

impl Watch for StopAtFirstOutcome {
    fn progress(&self, progress: Progress) {
        if matches!(progress, Progress::Applied { .. }) {
            self.0.ask();
        }
    }
}

/// Keeps a fetch waiting at its first page until it is let on.
pub struct Gate {
    reached: Mutex<Option<oneshot::Sender<()>>>,
    open: Mutex<Receiver<()>>,
    passed: AtomicBool,
}

impl Gate {
    /// The gate, what says that a run stands before it, and what lets the run on.
    pub fn new() -> (Arc<Self>, oneshot::Receiver<()>, Sender<()>) {
        let (reached, is_reached) = oneshot::channel();
        let (let_on, open) = channel();
        let gate = Self {
            reached: Mutex::new(Some(reached)),
            open: Mutex::new(open),
            passed: AtomicBool::new(false),
        };
        (Arc::new(gate), is_reached, let_on)
    }
}

impl Watch for Gate {
    fn progress(&self, progress: Progress) {
        // Records are counted on a thread of their own, which may wait.
        if !matches!(progress, Progress::Fetched { .. }) || self.passed.swap(true, Ordering::SeqCst) {
            return;
        }
        if let Some(reached) = self.reached.lock().unwrap().take() {
            reached.send(()).unwrap();
        }
        self.open.lock().unwrap().recv().unwrap();
    }
}
