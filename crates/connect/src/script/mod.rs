//! Scripts: programs of the administrator's own, run about one account, from folders that the server allows, without a
//! shell, in a clean environment, and killed with all that they have started when their time is over.

mod folders;
mod judge;
mod prepared;
mod process;
mod runner;

pub use folders::{ScriptFolderError, ScriptFolders};
pub use prepared::ShownScript;
pub use runner::{ScriptRun, ScriptRunner};
