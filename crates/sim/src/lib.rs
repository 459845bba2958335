//! Simulators of the vendors' APIs, served over real HTTP, and the people they know.
//!
//! [`population`] makes up people, as untidy as in real life, and lets them be hired, moved, renamed, suspended
//! and removed. [`jumpcloud`], [`atera`], [`haloitsm`], [`remote`] and [`graph`] serve the same people the way each
//! vendor does, with its traps, and misbehave on demand. `active_directory`, behind the feature of that name, does the
//! same over LDAP.
//! A [`Sink`] is nobody's API: it takes whatever comes and answers as it is told.
//! [`synthetic`] writes the same people to files. The same seed gives the same bytes everywhere.

#[cfg(feature = "active-directory")]
pub mod active_directory;
pub mod atera;
mod error;
pub mod graph;
pub mod haloitsm;
pub mod jumpcloud;
pub mod population;
pub mod remote;
mod sink;
mod stage;
pub mod synthetic;

#[cfg(feature = "active-directory")]
pub use active_directory::{ActiveDirectory, ActiveDirectoryOptions};
pub use atera::{Atera, AteraOptions};
pub use error::SimError;
pub use graph::{Graph, GraphOptions};
pub use haloitsm::{HaloItsm, HaloItsmOptions};
pub use jumpcloud::{JumpCloud, JumpCloudOptions};
pub use population::{Mess, Population, PopulationOptions};
pub use remote::{Remote, RemoteOptions};
pub use sink::{Received, Reply, Sink};
pub use stage::{
    faults::{self, Faults},
    login::Login,
    pace::RateLimit,
};
