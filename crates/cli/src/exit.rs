//! How the command ends: the exit codes that scripts rely on.

use std::fmt::Display;
use std::process::ExitCode;

use tenure_store::{Run, RunState};

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do: 0.
    Done,
    /// An error, or operations that failed: 1.
    Failed,
    /// Changes are pending: 2.
    Pending,
    /// Guards hold the run: 3.
    Held,
}

impl Exit {
    /// Says what went wrong, and ends with an error.
    pub fn failed(error: &dyn Display) -> Self {
        eprintln!("{} {error}", crate::output::style::Style::stderr().red("error:"));
        Self::Failed
    }

    /// How a run ends the command.
    pub fn of(run: &Run) -> Self {
        match run.state {
            RunState::Done => Self::Done,
            RunState::Held => Self::Held,
            RunState::Planned | RunState::Interrupted | RunState::Applying | RunState::Fetching => {
                Self::Pending
            }
            RunState::DoneWithFailures | RunState::Failed | RunState::Discarded => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Pending => 2,
            Exit::Held => 3,
        })
    }
}
