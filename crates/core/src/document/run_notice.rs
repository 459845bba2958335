//! `notify` of an automation: who is told what its runs did.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scalar::OneOrMany;

/// Somebody who is told what runs of an automation did, in one message for each run or for each person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunNotice {
    /// After which runs; `[changes, held, failed]` when not said, and with `digest: person` after `changes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<OneOrMany<NoticeWhen>>,
    /// The notification that is written; one of Tenure's own when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Who: addresses, and `channel:NAME`. With `digest: person` also `person`, `manager`, formats and groups.
    pub to: OneOrMany<String>,
    /// What one message is about.
    #[serde(default)]
    pub digest: DigestOf,
    /// The mail server, where no `template` says which; the only one when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}

/// What one message is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DigestOf {
    /// A whole run.
    #[default]
    Run,
    /// What one run did for one person.
    Person,
}

/// After which runs somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeWhen {
    /// Each that came to its end, also when nothing was to do.
    Done,
    /// Something was done.
    Changes,
    /// Something, or all of it, did not go well.
    Failed,
    /// It waits for somebody to look.
    Held,
}

impl RunNotice {
    /// After which runs, said or not.
    pub fn whens(&self) -> &[NoticeWhen] {
        match (&self.when, self.digest) {
            (Some(when), _) => when.as_slice(),
            (None, DigestOf::Run) => &[NoticeWhen::Changes, NoticeWhen::Held, NoticeWhen::Failed],
            (None, DigestOf::Person) => &[NoticeWhen::Changes],
        }
    }
}
