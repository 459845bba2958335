//! The plan: what has to be written so that accounts are as records and documents say, each change with its
//! reason. Made by a pure function, so that the same input gives the same plan to the byte.

mod addresses;
mod calls;
mod change;
mod cloud;
mod correlate;
mod decide;
mod expiry;
mod guard;
mod half_made;
mod home_folders;
mod joiner;
mod mailbox;
mod manager;
mod models;
mod naming;
mod planner;
mod presence;
mod recipients;
mod register;
mod rules;
mod steps;
mod text;

pub use addresses::Addresses;
pub(crate) use addresses::PROXY_ADDRESSES;
pub use change::{Change, Event, Finding, FindingKind, Operation, Reason, Tell};
pub use cloud::CloudTask;
pub use guard::{Counts, Hold, HoldKind, Limit, Limits, Observation, Tally, holds};
pub use mailbox::{MailboxTask, RemoteMailbox};
pub use naming::{NameKind, Numbers};
pub use planner::{PlanSink, Planner, Summary, World};
pub use presence::{Absence, Presence, Sorted, sort};
pub use rules::{
    FolderFormats, Model, Perform, Recipient, ReservedName, Rules, Says, Step, Task, Teller, Template,
    TemplateRule, UniqueName,
};
