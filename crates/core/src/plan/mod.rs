//! The plan: what has to be written so that accounts are as records and documents say, each change with its
//! reason. Made by a pure function, so that the same input gives the same plan to the byte.

mod calls;
mod change;
mod cloud;
mod correlate;
mod expiry;
mod guard;
mod joiner;
mod manager;
mod naming;
mod planner;
mod presence;
mod recipients;
mod register;
mod rules;
mod steps;
mod text;

pub use change::{Change, Event, Finding, FindingKind, Operation, Reason};
pub use cloud::CloudTask;
pub use guard::{Counts, Hold, HoldKind, Limit, Limits, Observation, Tally, holds};
pub use naming::NameKind;
pub use planner::{PlanSink, Planner, Summary, World};
pub use presence::{Absence, Presence, Sorted, sort};
pub use rules::{Perform, Recipient, Rules, Step, Task, Template, UniqueName};
