//! Steps that touch no directory, of all kinds, each handed to who carries it out.

use async_trait::async_trait;
use tenure_core::action::ActionKind;
use tenure_core::outcome::{Outcome, Refusal};
use tenure_core::seams::{Performer, SourceError, Task};

use crate::mail::Mailer;
use crate::script::ScriptRunner;
use crate::share::FolderKeeper;
use crate::webhook::WebhookPerformer;

/// Carries out the steps of a plan that touch no directory.
#[derive(Debug)]
pub struct Performers {
    /// Calls.
    pub webhooks: WebhookPerformer,
    /// Programs.
    pub scripts: ScriptRunner,
    /// Messages.
    pub mail: Mailer,
    /// Home folders.
    pub folders: FolderKeeper,
}

#[async_trait]
impl Performer for Performers {
    async fn perform(&self, tasks: Vec<Task>) -> Vec<Outcome> {
        let mut outcomes: Vec<Option<Outcome>> = vec![None; tasks.len()];
        let (mut calls, mut scripts, mut messages, mut folders) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut at = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
        let [called, ran, sent, kept] = &mut at;
        for (place, task) in tasks.into_iter().enumerate() {
            let (tasks, places) = match task.action.kind() {
                ActionKind::RunScript => (&mut scripts, &mut *ran),
                ActionKind::Notify => (&mut messages, &mut *sent),
                ActionKind::CreateHomeFolder | ActionKind::MoveHomeFolder | ActionKind::DeleteHomeFolder => {
                    (&mut folders, &mut *kept)
                }
                _ => (&mut calls, &mut *called),
            };
            tasks.push(task);
            places.push(place);
        }
        let (calls, scripts, messages, folders) = tokio::join!(
            self.webhooks.perform(calls),
            self.scripts.perform(scripts),
            self.mail.perform(messages),
            self.folders.perform(folders)
        );
        for (place, outcome) in at
            .iter()
            .flatten()
            .zip(calls.into_iter().chain(scripts).chain(messages).chain(folders))
        {
            if let Some(slot) = outcomes.get_mut(*place) {
                *slot = Some(outcome);
            }
        }
        outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap_or_else(|| refused("it was not carried out".to_owned(), "")))
            .collect()
    }
}

/// An outcome for what cannot be done as it is.
pub(crate) fn refused(message: String, hint: &str) -> Outcome {
    Outcome::Refused(Refusal {
        code: String::new(),
        message,
        hint: hint.to_owned(),
    })
}

/// Why a step cannot be done, by what is wrong with its document or its values.
pub(crate) fn refusal(error: &SourceError) -> Refusal {
    Refusal {
        code: String::new(),
        message: error.to_string(),
        hint: error.hint.clone(),
    }
}
