//! Carrying out writes: look at every account, decide, write, look again. Each round is sent in batches, several at
//! the same time.

use std::collections::BTreeSet;

use tenure_core::account::AccountId;
use tenure_core::action::Action;
use tenure_core::cloud::{CloudAction, MailboxKind};
use tenure_core::directory_action::DirectoryAction;
use tenure_core::outcome::{Outcome, Refusal};
use tenure_core::seams::{AccountRef, Applied, Attempt, Write};

use super::Microsoft365;
use super::batch::{Answer, Part};
use super::decide::Context;
use super::fault::Fault;
use super::job::{Job, State};
use super::look::Wanted;

/// What Graph says when a licence is used up.
const USED_UP: &str = "available licenses";

impl Microsoft365 {
    pub(super) async fn apply_all(&self, writes: Vec<Write>) -> Vec<Applied> {
        let mut jobs: Vec<Job> = writes.into_iter().map(Job::new).collect();
        let context = self.context(&jobs).await;
        self.look_first(&mut jobs).await;
        for job in jobs.iter_mut().filter(|job| !job.is_done()) {
            job.state = self.decide(job, &context);
        }
        self.write_steps(&mut jobs).await;
        self.write_memberships(&mut jobs).await;
        self.write_mailboxes(&mut jobs).await;
        self.verify(&mut jobs, &context).await;
        jobs.into_iter().map(Job::into_applied).collect()
    }

    /// What has to be known once for all writes.
    async fn context(&self, jobs: &[Job]) -> Context {
        let mut names: BTreeSet<String> = self.settings.scope.exclude_groups.iter().cloned().collect();
        let mut licences = false;
        for job in jobs {
            match &job.write.action {
                Action::AddToGroups { group } | Action::RemoveFromGroups { group } => {
                    names.insert(group.as_str().to_owned());
                }
                Action::Cloud(CloudAction::AssignLicences { .. } | CloudAction::RevokeLicences { .. }) => {
                    licences = true;
                }
                _ => {}
            }
        }
        let subscriptions = if licences {
            Some(self.read_subscriptions().await.map_err(Fault::into_outcome))
        } else {
            None
        };
        Context {
            groups: self.group_ids(names).await,
            subscriptions,
        }
    }

    /// Looks at every account that is there, or may have been made before.
    async fn look_first(&self, jobs: &mut [Job]) {
        let mut looked: Vec<&mut Job> = jobs
            .iter_mut()
            .filter(|job| job.write.target.is_some() || job.write.attempt == Attempt::Again)
            .collect();
        let wanted: Vec<Wanted<'_>> = looked
            .iter()
            .map(|job| Wanted {
                account: job.called(),
                action: &job.write.action,
            })
            .collect();
        let looks = self.look(&wanted).await;
        for (job, look) in looked.iter_mut().zip(looks) {
            match look {
                Ok(look) => {
                    if let Some(user) = &look.user {
                        job.account = Some(user.account());
                    }
                    job.found = look;
                }
                Err(fault) => job.end(fault.into_outcome()),
            }
        }
    }

    async fn write_steps(&self, jobs: &mut [Job]) {
        let mut sent: Vec<&mut Job> = Vec::new();
        let mut bundles: Vec<Vec<Part>> = Vec::new();
        for job in jobs {
            if let State::Steps(steps) = &mut job.state {
                bundles.push(std::mem::take(steps));
                sent.push(job);
            }
        }
        let mut used_up = Vec::new();
        for (job, answers) in sent.into_iter().zip(self.service.batch(&bundles).await) {
            match ended(job, answers) {
                Ok(()) => job.state = State::Written,
                Err(fault) if fault.said.contains(USED_UP) => used_up.push((job, fault)),
                Err(fault) => {
                    let fault = about_password(&job.write.action, fault);
                    job.end(fault.into_outcome());
                }
            }
        }
        if used_up.is_empty() {
            return;
        }
        // How many there are is only known to the list.
        let known = self.read_subscriptions().await.unwrap_or_default();
        for (job, fault) in used_up {
            let ids: Vec<String> = match &job.write.action {
                Action::Cloud(CloudAction::AssignLicences { licences }) => licences
                    .iter()
                    .filter_map(|name| Some(known.find(name).ok()?.id.clone()))
                    .collect(),
                _ => Vec::new(),
            };
            let outcome = match known.used_up(&ids) {
                Some(subscription) => Outcome::Refused(subscription.used_up()),
                None => fault.into_outcome(),
            };
            job.end(outcome);
        }
    }

    async fn write_mailboxes(&self, jobs: &mut [Job]) {
        for job in jobs {
            let State::Mailbox(to) = &job.state else { continue };
            let kind = match to {
                MailboxKind::Shared => "Shared",
                MailboxKind::User => "Regular",
            };
            let Some(user) = &job.found.user else { continue };
            let parameters = serde_json::json!({ "Identity": user.id.as_str(), "Type": kind });
            let answer = self
                .service
                .command("Set-Mailbox", &user.principal, &parameters)
                .await;
            match answer {
                Ok(_) => job.state = State::Written,
                Err(fault) => job.end(fault.into_outcome()),
            }
        }
    }
}

/// Who may set the password of whom is a matter of roles, which a refusal does not say.
fn about_password(action: &Action, fault: Fault) -> Fault {
    let Action::Directory(DirectoryAction::ResetPassword { .. }) = action else {
        return fault;
    };
    if fault.status != Some(403) {
        return fault;
    }
    Fault {
        refusal: Refusal {
            message: "the application that Tenure signs in as may not set this user's password".to_owned(),
            hint:
                "Give it the role User Administrator in the tenant; for users who have administrators' roles \
                   themselves it needs Privileged Authentication Administrator."
                    .to_owned(),
            ..fault.refusal
        },
        ..fault
    }
}

/// How a write's requests ended, all together; the first that failed counts. A new account is known from then on.
fn ended(job: &mut Job, answers: Vec<Answer>) -> Result<(), Fault> {
    let mut answers = answers.into_iter();
    let Some(first) = answers.next() else {
        return Err(Fault::unreadable("a request of a batch has no answer"));
    };
    let first = first?;
    if let (Action::CreateAccount { dn, .. }, Some(id)) = (&job.write.action, first["id"].as_str()) {
        job.account = Some(AccountRef {
            id: AccountId::new(id),
            dn: dn.clone(),
        });
    }
    answers
        .try_for_each(|answer| answer.map(drop))
        .map_err(|fault| after_creation(job, fault))
}

/// A new account that is there although not everything about it is.
fn after_creation(job: &Job, fault: Fault) -> Fault {
    if !matches!(job.write.action, Action::CreateAccount { .. }) {
        return fault;
    }
    let message = format!(
        "the user was made, but not its manager set: {}",
        fault.refusal.message
    );
    Fault {
        refusal: Refusal {
            message,
            ..fault.refusal
        },
        ..fault
    }
}
