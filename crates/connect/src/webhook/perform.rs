//! Calls as steps of plans: many about many accounts, as many at once as each application takes.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream;
use tenure_core::action::Action;
use tenure_core::outcome::{Outcome, Refusal};
use tenure_core::seams::{Performer, Task};

use super::caller::Caller;

/// Carries out the calls of a plan.
#[derive(Debug, Default)]
pub struct WebhookPerformer {
    /// By the names of applications; or why one cannot be called.
    callers: BTreeMap<String, Result<Caller, Refusal>>,
}

impl WebhookPerformer {
    /// For these applications. One that cannot be set up fails its calls, and no others.
    pub fn new(callers: BTreeMap<String, Result<Caller, Refusal>>) -> Self {
        Self { callers }
    }

    async fn one(&self, task: &Task) -> Outcome {
        let Action::CallWebhook {
            application, webhook, ..
        } = &task.action
        else {
            return refused("this is no call".to_owned());
        };
        match self.callers.get(application) {
            Some(Ok(caller)) => {
                let key = &task.idempotency_key;
                caller
                    .call(webhook, &task.subject, key, task.attempt)
                    .await
                    .outcome
            }
            Some(Err(why)) => Outcome::Refused(why.clone()),
            None => refused(format!("there is no application `{application}`")),
        }
    }
}

fn refused(message: String) -> Outcome {
    Outcome::Refused(Refusal {
        code: String::new(),
        message,
        hint: "correct the documents, and make a new plan".to_owned(),
    })
}

#[async_trait]
impl Performer for WebhookPerformer {
    async fn perform(&self, tasks: Vec<Task>) -> Vec<Outcome> {
        // Each caller has its own bound; together they may use all of them.
        let most = self
            .callers
            .values()
            .flatten()
            .map(Caller::concurrency)
            .sum::<usize>();
        let outcomes = stream::iter(tasks)
            .map(|task| async move { self.one(&task).await })
            .buffered(most.max(1))
            .collect()
            .await;
        for caller in self.callers.values().flatten() {
            caller.settled().await;
        }
        outcomes
    }
}
