//! Runs scripts, a few at the same time, and says what became of each.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream;
use tenure_core::action::Action;
use tenure_core::document::Script;
use tenure_core::outcome::{Outcome, Refusal};
use tenure_core::seams::{Attempt, Performer, Secrets, Subject, Task};

use super::folders::ScriptFolders;
use super::prepared::{Prepared, Ready, ShownScript};
use super::process;
use crate::http::scrub;
use crate::perform::{refusal, refused};
use crate::source::Environment;

/// Scripts that run at the same time.
const CONCURRENCY: usize = 4;
/// How much of an output is shown where a script is tried, in characters.
const SHOWN: usize = 16 << 10;

/// One script, as it went.
#[derive(Clone, Debug)]
pub struct ScriptRun {
    /// What it got; none when it could not be made ready.
    pub script: Option<ShownScript>,
    /// The start of what it wrote to its standard output and to its standard error, without secrets.
    pub wrote: Option<(String, String)>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it counts as what it does; empty when the outcome says all.
    pub why: String,
    /// What could not be captured, each with why.
    pub not_captured: BTreeMap<String, String>,
}

/// Runs the scripts of documents, from allowed folders only.
pub struct ScriptRunner {
    scripts: BTreeMap<String, Result<Prepared, Refusal>>,
    folders: ScriptFolders,
    secrets: Arc<dyn Secrets>,
    environment: Environment,
}

impl fmt::Debug for ScriptRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptRunner").finish_non_exhaustive()
    }
}

impl ScriptRunner {
    /// For these scripts. One that cannot be read fails where it is to be run, and no other.
    pub fn new<'s>(
        scripts: impl Iterator<Item = &'s Script>,
        folders: ScriptFolders,
        secrets: Arc<dyn Secrets>,
        environment: Environment,
    ) -> Self {
        let read = |script: &Script| {
            (
                script.name.clone(),
                Prepared::new(script).map_err(|error| refusal(&error)),
            )
        };
        Self {
            scripts: scripts.map(read).collect(),
            folders,
            secrets,
            environment,
        }
    }

    /// What a script would get; nothing is run.
    ///
    /// # Errors
    /// There is no such script, it is not allowed, or something that it names has no value.
    pub async fn show(&self, script: &str, subject: &Subject, key: &str) -> Result<ShownScript, Refusal> {
        Ok(self.ready(script, subject, key).await?.1.shown())
    }

    /// Runs a script about one account; `key` is the operation's idempotency key.
    pub async fn run(&self, script: &str, subject: &Subject, key: &str, attempt: Attempt) -> ScriptRun {
        let (prepared, ready) = match self.ready(script, subject, key).await {
            Ok(ready) => ready,
            Err(why) => return ScriptRun::unstarted(None, Outcome::Refused(why)),
        };
        let shown = Some(ready.shown());
        if attempt == Attempt::Again && !prepared.repeatable {
            let what = format!(
                "Tenure was broken off while the script `{script}` ran, and running it again could do its work twice; \
                 look whether it was done"
            );
            return ScriptRun::unstarted(shown, Outcome::InDoubt { what });
        }
        let ended = match process::run(&ready, prepared.timeout).await {
            Ok(ended) => ended,
            Err(error) => {
                let message = format!("{} cannot be started: {error}", ready.program.display());
                let hint = "it must be a program, or a text whose first line names its interpreter (`#!`), and \
                            executable (`chmod +x`)";
                return ScriptRun::unstarted(shown, refused(message, hint));
            }
        };
        let wrote = |bytes: &[u8]| -> String {
            let text = scrub(&String::from_utf8_lossy(bytes), &ready.secrets);
            text.chars().take(SHOWN).collect()
        };
        let wrote = Some((wrote(&ended.output.bytes), wrote(&ended.errors.bytes)));
        let Some(status) = ended.status else {
            let message = format!(
                "it had not ended after {} s and was killed with all that it had started",
                prepared.timeout.as_secs()
            );
            let outcome = if prepared.repeatable {
                Outcome::Failed(Refusal {
                    code: String::new(),
                    message,
                    hint: "give it more time with `timeout`".to_owned(),
                })
            } else {
                Outcome::InDoubt {
                    what: format!("{message}; whether it did its work is not known"),
                }
            };
            return ScriptRun {
                wrote,
                ..ScriptRun::unstarted(shown, outcome)
            };
        };
        let judged = prepared.judge(status, &ended, &ready.secrets);
        ScriptRun {
            script: shown,
            wrote,
            outcome: judged.outcome,
            why: judged.why,
            not_captured: judged.not_captured,
        }
    }

    async fn ready(&self, name: &str, subject: &Subject, key: &str) -> Result<(&Prepared, Ready), Refusal> {
        let prepared = match self.scripts.get(name) {
            Some(Ok(prepared)) => prepared,
            Some(Err(why)) => return Err(why.clone()),
            None => {
                return Err(Refusal {
                    code: String::new(),
                    message: format!("there is no script `{name}`"),
                    hint: "correct the documents, and make a new plan".to_owned(),
                });
            }
        };
        let program = self.folders.find(&prepared.path)?;
        let ready = prepared.ready(program, subject, key, &self.environment, self.secrets.as_ref());
        Ok((prepared, ready.await.map_err(|error| refusal(&error))?))
    }
}

#[async_trait]
impl Performer for ScriptRunner {
    async fn perform(&self, tasks: Vec<Task>) -> Vec<Outcome> {
        stream::iter(tasks)
            .map(|task| async move {
                let Action::RunScript { script, .. } = &task.action else {
                    return refused("this is no script".to_owned(), "");
                };
                let key = &task.idempotency_key;
                self.run(script, &task.subject, key, task.attempt).await.outcome
            })
            .buffered(CONCURRENCY)
            .collect()
            .await
    }
}

impl ScriptRun {
    fn unstarted(script: Option<ShownScript>, outcome: Outcome) -> Self {
        Self {
            script,
            wrote: None,
            outcome,
            why: String::new(),
            not_captured: BTreeMap::new(),
        }
    }
}
