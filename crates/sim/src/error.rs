//! What can go wrong in the simulator itself, as opposed to the faults it is asked to show.

use std::{io, path::PathBuf};

/// Why the simulator could not start, stop or do what was asked of its people.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The port is taken or may not be used.
    #[error("listening on 127.0.0.1:{port} failed; choose another port, or 0 for any free one")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the operating system said.
        source: io::Error,
    },
    /// The server ended by itself.
    #[error("the simulator's server ended with an error")]
    Served(#[source] io::Error),
    /// An event names somebody who is not there.
    #[error("nobody here has the id or employeeIdentifier `{whom}`; list the people to see who there is")]
    Unknown {
        /// The id or employee identifier that was looked for.
        whom: String,
    },
    /// An event needs somebody of a kind that is not left, such as somebody still employed.
    #[error("an event of kind `{kind}` found nobody left it can happen to; hire somebody first")]
    NobodyLeft {
        /// The event's name.
        kind: &'static str,
    },
    /// A certificate cannot be used.
    #[error("the certificate {} cannot be used: {why}", file.display())]
    Certificate {
        /// Its file.
        file: PathBuf,
        /// What is wrong with it, or with its key.
        why: String,
    },
    /// The simulated directory refuses what was to be done to an object.
    #[error("the simulated directory refuses this for `{dn}`: {said}")]
    Refused {
        /// The object.
        dn: String,
        /// Its words.
        said: String,
    },
}
