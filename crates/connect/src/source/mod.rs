//! Where records come from: an application's endpoints over HTTP, or a file. Records travel as whole pages with
//! byte ranges; what is in them is read elsewhere.

mod ahead;
mod answer;
pub(crate) mod authorization;
pub(crate) mod call;
pub(crate) mod encoding;
mod exchange;
mod explain;
mod file;
mod http;
mod link;
mod lists;
pub(crate) mod message;
mod parent;
mod path;
mod progress;
pub(crate) mod render;
mod repeat;
mod split;
mod standing;
mod table;
#[cfg(test)]
mod tests;
mod trail;
mod trial;
mod variables;
mod veil;
pub(crate) mod xml;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use tenure_core::expression::Lookups;
use tenure_core::seams::{SourceError, SourceTrouble};

use crate::http::Manners;

pub use exchange::{BODY_SHOWN, Body, Exchange, Field, Received, Sent};
pub use file::FileSource;
pub use http::HttpSource;
pub(crate) use http::options;
pub use lists::ListAt;
pub use render::connection_text;
pub use trial::{Found, More, Trial, try_endpoint};
pub use variables::Variables;

/// What sources need besides their documents.
#[derive(Clone)]
pub struct Environment {
    /// The folder that paths in documents are relative to.
    pub folder: PathBuf,
    /// The tables that formats can name.
    pub lookups: Lookups,
    /// The environment variables that formats can name.
    pub variables: Variables,
    /// Says what time it is, for formats that name `now`.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// What the calls to an application share, whoever makes them.
    pub manners: Manners,
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// A document that cannot be followed.
pub(crate) fn misconfigured(
    doing: impl Into<String>,
    said: impl Into<String>,
    hint: impl Into<String>,
) -> SourceError {
    SourceError {
        kind: SourceTrouble::Refused,
        doing: doing.into(),
        said: said.into(),
        hint: hint.into(),
    }
}
