//! What can go wrong while starting or asking a counterparty, worded for the developer whose test just failed.

use std::{fmt, io, path::PathBuf, process::ExitStatus, time::Duration};

/// Why a counterparty could not be started, asked or stopped.
#[derive(thiserror::Error)]
pub enum LabError {
    /// A program is not on this machine.
    #[error(
        "`{program}` is not installed: run `./dev test` as root, which installs it (Debian package `{package}`)"
    )]
    Missing {
        /// The program that was looked for.
        program: String,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// A page did not let anybody sign in.
    #[error("signing in with a browser: {why}")]
    Browser {
        /// What was wrong.
        why: String,
    },
    /// The counterparty can only be started by root.
    #[error("{what} needs root: {why}. Run the test as root, for example in a container")]
    NeedsRoot {
        /// What was to be started.
        what: &'static str,
        /// Why no ordinary user may.
        why: &'static str,
    },
    /// A command ended with an error.
    #[error("{doing}: `{program}` ended with {status}\n{output}")]
    Command {
        /// What was being done.
        doing: String,
        /// The program that was run.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// What it wrote to its standard error, or to its standard output where that was empty.
        output: String,
    },
    /// A server ended by itself.
    #[error("{server} ended with {status} while {doing}; the end of its log:\n{log}")]
    Ended {
        /// Which server.
        server: &'static str,
        /// What was being waited for.
        doing: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// The last lines it wrote.
        log: String,
    },
    /// Something did not happen in time.
    #[error("waited {} s for {what}, in vain{log}", limit.as_secs_f32())]
    TimedOut {
        /// What was waited for.
        what: String,
        /// How long.
        limit: Duration,
        /// The last lines the server wrote, on lines of their own, or nothing.
        log: String,
    },
    /// No loopback address or port was free.
    #[error("no {what} is free: {why}")]
    NoneFree {
        /// What ran out.
        what: &'static str,
        /// What may be in the way.
        why: String,
    },
    /// A file or folder could not be used.
    #[error("{doing} {path}: {source}")]
    File {
        /// What was being done to it.
        doing: &'static str,
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl LabError {
    /// For `map_err` around an operation on a file.
    pub(crate) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { doing, path, source }
    }
}

/// The same words as for display: a test that returns an error or unwraps it shows this to the developer.
impl fmt::Debug for LabError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}
