//! Simulators of the vendors' APIs, served over real HTTP, and the people they know.
//!
//! [`population`] makes up people, as untidy as in real life, and lets them be hired, moved, renamed, suspended
//! and removed. [`jumpcloud`] serves them the way JumpCloud does, with its traps, and misbehaves on demand.
//! [`synthetic`] writes the same people to files. The same seed gives the same bytes everywhere.

mod error;
pub mod jumpcloud;
pub mod population;
pub mod synthetic;

pub use error::SimError;
pub use jumpcloud::{JumpCloud, JumpCloudOptions, faults::Faults};
pub use population::{Mess, Population, PopulationOptions};
