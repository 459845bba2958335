//! Seeing what was written: every object is read back on the connection that wrote it, and compared.

use tenure_core::account::Access;
use tenure_core::action::Action;
use tenure_core::directory_action::DirectoryAction;
use tenure_core::dn::Dn;
use tenure_core::outcome::{Outcome, Refusal};
use tenure_core::seams::AccountRef;

use super::decide::{found, has, is_at, is_member, texts};
use super::job::{Job, State};
use super::machinery::LdapAccounts;
use super::rules::{MemberOf, Rules, refusal};
use crate::ldap::{Connection, Doing, Entry, Filter, LdapError, Reply, Request, ResultCode, Search, explain};

impl<R: Rules> LdapAccounts<R> {
    /// Reads back all that was acknowledged, and ends those writes.
    pub(super) async fn verify(&self, connection: &mut Connection, jobs: &mut [Job]) {
        let mut waiting = Vec::new();
        let mut requests: Vec<Request> = Vec::new();
        for job in jobs.iter_mut().filter(|job| matches!(job.state, State::Written)) {
            if let Some(search) = self.second_look(job) {
                requests.push(search.into());
                waiting.push(job);
            }
        }
        if requests.is_empty() {
            return;
        }
        for (job, reply) in waiting.into_iter().zip(self.ask_each(connection, requests).await) {
            let outcome = self.judge(job, reply).unwrap_or_else(Outcome::Failed);
            job.end(outcome);
        }
    }

    fn second_look(&self, job: &Job) -> Option<Search> {
        let attributes = self.attributes_for(job);
        let account = job.account.as_ref();
        match &job.write.action {
            Action::CreateAccount { dn, .. } => Some(Search::object(dn.as_str(), attributes)),
            Action::Move { to, .. } => {
                let moved = AccountRef {
                    id: account?.id.clone(),
                    dn: to.clone(),
                };
                Some(self.rules.find(&moved, attributes))
            }
            Action::AddToGroups { group } | Action::RemoveFromGroups { group } => {
                let MemberOf::Groups { attribute, .. } = self.rules.member_of() else {
                    return account.map(|account| self.rules.find(account, attributes));
                };
                let filter = Filter::equal(attribute, account?.dn.as_str());
                Some(Search {
                    filter,
                    ..Search::object(group.as_str(), vec!["1.1".to_owned()])
                })
            }
            _ => account.map(|account| self.rules.find(account, attributes)),
        }
    }

    fn judge(&self, job: &mut Job, reply: Result<Reply, LdapError>) -> Result<Outcome, Refusal> {
        let Reply { result, entries } = reply.map_err(|error| {
            let lost = error.to_refusal();
            Refusal {
                message: format!("written, but not seen to be: {}", lost.message),
                ..lost
            }
        })?;
        if !matches!(result.code, ResultCode::SUCCESS | ResultCode::NO_SUCH_OBJECT) {
            let why = explain(Doing::Read, &result);
            return Err(Refusal {
                message: format!("written, but not seen to be: {}", why.message),
                ..why
            });
        }
        let entry = entries.into_iter().next();
        if let (Action::AddToGroups { .. } | Action::RemoveFromGroups { .. }, MemberOf::Groups { .. }) =
            (&job.write.action, self.rules.member_of())
        {
            return membership_is(&job.write.action, entry.is_some()).map(|()| Outcome::Verified);
        }
        if let Action::Delete { .. } = &job.write.action {
            let is_there = entry
                .is_some_and(|entry| self.id_of(&entry) == job.account.as_ref().map(|one| one.id.clone()));
            return if is_there {
                Err(not_so("the object is still there"))
            } else {
                Ok(Outcome::Verified)
            };
        }
        let entry = entry.ok_or_else(|| not_so("the object is not there"))?;
        let before = std::mem::replace(&mut job.account, self.account_of(&entry));
        if before.is_some_and(|before| job.account.as_ref().is_none_or(|now| now.id != before.id)) {
            return Err(not_so("another object has its name"));
        }
        if let Action::Directory(DirectoryAction::ResetPassword { rule }) = &job.write.action {
            return self.password_is_new(rule.must_change, job.found.as_ref(), &entry);
        }
        self.compare(&job.write.action, &entry)
            .map(|()| Outcome::Verified)
    }

    /// Nobody can read a password; that it was set just now can be seen in most directories.
    fn password_is_new(
        &self,
        must_change: bool,
        before: Option<&Entry>,
        now: &Entry,
    ) -> Result<Outcome, Refusal> {
        let name = self.rules.password_set_attribute();
        let Some(set) = now.text(name) else {
            let why = format!("the server does not show when a password was set (`{name}`)");
            return Ok(Outcome::Unverified { why });
        };
        let is_new = match set {
            // Active Directory's sign that another one has to be chosen.
            "0" => must_change,
            set => before.and_then(|before| before.text(name)) != Some(set),
        };
        if is_new {
            Ok(Outcome::Verified)
        } else {
            Err(not_so("the password is as old as before"))
        }
    }

    fn compare(&self, action: &Action, entry: &Entry) -> Result<(), Refusal> {
        match action {
            Action::CreateAccount {
                attributes, access, ..
            } => match self.different_value(attributes, entry) {
                Some(name) => Err(not_so(&found(name, &texts(entry, name.as_str())))),
                None => self.access_is(entry, *access),
            },
            Action::ModifyAttributes { changes } => {
                match changes
                    .iter()
                    .find(|change| !has(entry, &change.name, &change.after))
                {
                    Some(change) => Err(not_so(&found(&change.name, &texts(entry, change.name.as_str())))),
                    None => Ok(()),
                }
            }
            Action::Move { from, to } => {
                let dn = Dn::from_server(&entry.dn);
                if is_at(&dn, from, to) {
                    Ok(())
                } else {
                    Err(not_so(&format!("the account is at `{dn}`")))
                }
            }
            Action::AddToGroups { group } | Action::RemoveFromGroups { group } => {
                membership_is(action, is_member(entry, group))
            }
            Action::Enable => self.access_is(entry, Access::Enabled),
            Action::Disable => self.access_is(entry, Access::Disabled),
            Action::Directory(DirectoryAction::Unlock) if self.is_locked(entry) => {
                Err(not_so("the account is locked"))
            }
            Action::Directory(DirectoryAction::SetPhoto { photo, .. })
                if self.photo_of(entry) != Some(photo.digest()) =>
            {
                Err(not_so("there is another photo, or none"))
            }
            Action::Directory(DirectoryAction::RemovePhoto { .. }) if self.photo_of(entry).is_some() => {
                Err(not_so("there is a photo"))
            }
            Action::Delete { .. }
            | Action::CallWebhook { .. }
            | Action::RunScript { .. }
            | Action::Notify { .. }
            | Action::HomeFolder(_)
            | Action::Directory(_)
            | Action::Cloud(_) => Ok(()),
        }
    }

    fn access_is(&self, entry: &Entry, wanted: Access) -> Result<(), Refusal> {
        match self.access_of(entry) {
            now if now == wanted => Ok(()),
            Access::Enabled => Err(not_so("the account is enabled")),
            Access::Disabled => Err(not_so("the account is disabled")),
        }
    }
}

fn membership_is(action: &Action, is_member: bool) -> Result<(), Refusal> {
    match (action, is_member) {
        (Action::AddToGroups { .. }, false) => Err(not_so("the account is not in the group")),
        (Action::RemoveFromGroups { .. }, true) => Err(not_so("the account is still in the group")),
        _ => Ok(()),
    }
}

/// The server said yes, and it is not so.
fn not_so(found: &str) -> Refusal {
    refusal(
        format!("acknowledged but not carried out: afterwards {found}"),
        "Another server or program may have changed it at the same time. Run again, and look into the server's log.",
    )
}
