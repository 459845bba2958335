//! Carrying out a batch: look at every object, decide, write, look again. Each round has all its requests in flight at
//! once, and the batch is shared out over the pool's connections.

use futures_util::stream::{self, StreamExt as _};
use tenure_core::action::Action;
use tenure_core::directory_action::DirectoryAction;
use tenure_core::outcome::Outcome;
use tenure_core::seams::{AccountRef, Applied, Attempt, Write};

use super::job::{Job, outcome_of};
use super::machinery::LdapAccounts;
use super::membership;
use super::restore::show_deleted;
use super::rules::Rules;
use crate::ldap::{Connection, Doing, Entry, LdapError, Lease, Reply, Request, ResultCode, Search};

/// With fewer writes than this another connection is not worth it.
const LEAST_SHARE: usize = 16;
/// A connection that breaks takes no more writes than these with it, and one that is slow does not keep many waiting.
const LARGEST_SHARE: usize = 500;

impl<R: Rules> LdapAccounts<R> {
    pub(super) async fn apply_all(&self, writes: Vec<Write>) -> Vec<Applied> {
        let connections = self.pool.settings().connections.max(1);
        let size = writes
            .len()
            .div_ceil(connections)
            .clamp(LEAST_SHARE, LARGEST_SHARE);
        let mut jobs = writes.into_iter().map(Job::new);
        let shares = std::iter::from_fn(|| {
            let share: Vec<Job> = jobs.by_ref().take(size).collect();
            (!share.is_empty()).then_some(share)
        });
        let numbered = stream::iter(
            shares
                .enumerate()
                .map(async |(at, share)| (at, self.apply_share(share).await)),
        );
        let mut applied: Vec<_> = numbered.buffer_unordered(connections).collect().await;
        applied.sort_unstable_by_key(|(at, _)| *at);
        applied.into_iter().flat_map(|(_, applied)| applied).collect()
    }

    async fn apply_share(&self, mut jobs: Vec<Job>) -> Vec<Applied> {
        match self.look(&mut jobs).await {
            Ok(mut connection) => {
                self.restore_all(&mut connection, &mut jobs).await;
                let encryption = connection.encryption();
                for job in jobs.iter_mut().filter(|job| !job.is_done()) {
                    job.state = self.decide(job, encryption);
                }
                write_steps(&mut connection, &mut jobs).await;
                let attribute = self.rules.member_of().member_attribute().to_owned();
                membership::write(&mut connection, &mut jobs, &attribute).await;
                self.verify(&mut connection, &mut jobs).await;
            }
            Err(error) => {
                let refusal = error.to_refusal();
                for job in &mut jobs {
                    job.end(Outcome::Failed(refusal.clone()));
                }
            }
        }
        jobs.into_iter().map(Job::into_applied).collect()
    }

    /// Looks at every object before it is written, on a connection that is kept for the rest. Since nothing is written
    /// yet, a connection that turns out to be broken is replaced once.
    async fn look(&self, jobs: &mut [Job]) -> Result<Lease<'_>, LdapError> {
        let mut connection = self.pool.get().await?;
        match self.look_on(&mut connection, jobs).await {
            Err(error) if error.is_about_the_connection() => {
                drop(connection);
                connection = self.pool.get().await?;
                self.look_on(&mut connection, jobs).await?;
            }
            other => other?,
        }
        Ok(connection)
    }

    async fn look_on(&self, connection: &mut Connection, jobs: &mut [Job]) -> Result<(), LdapError> {
        let searches: Vec<_> = jobs.iter().map(|job| self.first_request(job)).collect();
        let missing = self.look_round(connection, jobs, searches).await?;
        if missing.contains(&true) {
            self.look_elsewhere(connection, jobs, &missing).await?;
        }
        self.look_at_scope(connection, jobs).await?;
        for job in jobs {
            if let (Some(account), Some(entry)) = (&mut job.account, &job.found) {
                account.dn = tenure_core::dn::Dn::from_server(&entry.dn);
            }
        }
        Ok(())
    }

    /// Looks for the missing everywhere, so that an account outside the base is not taken for one that is gone.
    async fn look_elsewhere(
        &self,
        connection: &mut Connection,
        jobs: &mut [Job],
        missing: &[bool],
    ) -> Result<(), LdapError> {
        let context = self.naming_context(connection).await?;
        let search = |(job, missing): (&Job, &bool)| {
            let account = job.write.target.as_ref().filter(|_| *missing)?;
            self.rules
                .find_elsewhere(&account.id, context, self.attributes_for(job))
                .map(Request::from)
        };
        let searches = jobs.iter().zip(missing).map(search).collect();
        self.look_round(connection, jobs, searches).await.map(drop)
    }

    /// Looks at the objects for which there is a search; says for each whether it was looked for and not found.
    async fn look_round(
        &self,
        connection: &mut Connection,
        jobs: &mut [Job],
        searches: Vec<Option<Request>>,
    ) -> Result<Vec<bool>, LdapError> {
        let asked: Vec<bool> = searches.iter().map(Option::is_some).collect();
        let requests: Vec<Request> = searches.into_iter().flatten().collect();
        if requests.is_empty() {
            return Ok(asked);
        }
        let mut replies = self.ask_each(connection, requests).await.into_iter();
        let mut missing = Vec::with_capacity(jobs.len());
        for (job, asked) in jobs.iter_mut().zip(asked) {
            let reply = if asked { replies.next() } else { None };
            let Some(reply) = reply else {
                missing.push(false);
                continue;
            };
            let Reply { result, entries } = reply?;
            match result.code {
                ResultCode::SUCCESS | ResultCode::NO_SUCH_OBJECT => {
                    job.found = entries.into_iter().find(|entry| self.is_it(job, entry));
                }
                _ => job.end(outcome_of(Doing::Read, &result)),
            }
            missing.push(job.found.is_none() && !job.is_done());
        }
        Ok(missing)
    }

    fn first_request(&self, job: &Job) -> Option<Request> {
        let mut request = Request::from(self.first_look(job)?);
        if let Action::Directory(DirectoryAction::Restore { .. }) = &job.write.action {
            request.controls.push(show_deleted());
        }
        Some(request)
    }

    fn first_look(&self, job: &Job) -> Option<Search> {
        match (&job.write.target, &job.write.action, job.write.attempt) {
            (Some(account), _, _) => Some(self.rules.find(account, self.attributes_for(job))),
            (None, Action::CreateAccount { dn, .. }, Attempt::Again) => {
                Some(Search::object(dn.as_str(), self.attributes_for(job)))
            }
            (None, _, _) => None,
        }
    }

    /// Whether what was found is the account; a name may be another's by now.
    fn is_it(&self, job: &Job, entry: &Entry) -> bool {
        job.write
            .target
            .as_ref()
            .is_none_or(|account| self.id_of(entry).as_ref() == Some(&account.id))
    }

    pub(super) fn id_of(&self, entry: &Entry) -> Option<tenure_core::account::AccountId> {
        entry
            .first(self.rules.id_attribute())
            .and_then(|value| self.rules.id(value))
    }

    /// What has to be known of an object, before a write and after it.
    pub(super) fn attributes_for(&self, job: &Job) -> Vec<String> {
        let mut names = vec![self.rules.id_attribute().to_owned()];
        names.extend(self.rules.access_attribute().map(str::to_owned));
        names.extend(
            self.rules
                .protecting_attributes()
                .iter()
                .map(|name| (*name).to_owned()),
        );
        // Whoever is in no group is in none that is to be left alone.
        names.push("memberOf".to_owned());
        match &job.write.action {
            Action::CreateAccount { attributes, .. } => {
                names.push(self.rules.login_attribute().to_owned());
                names.extend(attributes.iter().map(|one| one.name.as_str().to_owned()));
            }
            Action::ModifyAttributes { changes } => {
                names.extend(changes.iter().map(|change| change.name.as_str().to_owned()));
            }
            Action::Directory(action) => {
                let needed = match action {
                    DirectoryAction::ResetPassword { .. } => vec![self.rules.password_set_attribute()],
                    DirectoryAction::Unlock => vec![self.rules.lockout_attribute()],
                    DirectoryAction::SetPhoto { .. } | DirectoryAction::RemovePhoto { .. } => {
                        vec![self.rules.photo_attribute()]
                    }
                    DirectoryAction::Restore { .. } => {
                        vec!["*", "isDeleted", "lastKnownParent", "msDS-LastKnownRDN"]
                    }
                };
                names.extend(needed.into_iter().map(str::to_owned));
            }
            Action::AddToGroups { .. }
            | Action::RemoveFromGroups { .. }
            | Action::Move { .. }
            | Action::Enable
            | Action::Disable
            | Action::Delete { .. }
            | Action::CallWebhook { .. }
            | Action::RunScript { .. }
            | Action::Notify { .. }
            | Action::HomeFolder(_)
            | Action::Cloud(_) => {}
        }
        names.sort_by_key(|name| name.to_ascii_lowercase());
        names.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
        names
    }

    /// The account an entry shows.
    pub(super) fn account_of(&self, entry: &Entry) -> Option<AccountRef> {
        Some(AccountRef {
            id: self.id_of(entry)?,
            dn: tenure_core::dn::Dn::from_server(&entry.dn),
        })
    }
}

/// Sends what is left to send, one request of each write a round, until nothing is.
async fn write_steps(connection: &mut Connection, jobs: &mut [Job]) {
    loop {
        let mut waiting = Vec::new();
        let mut requests = Vec::new();
        for job in jobs.iter_mut() {
            if let Some(step) = job.next_step() {
                requests.push(step.request);
                waiting.push((job, step.doing));
            }
        }
        if requests.is_empty() {
            return;
        }
        for ((job, doing), reply) in waiting.into_iter().zip(connection.exchange(requests).await) {
            job.answered(doing, reply);
        }
    }
}
