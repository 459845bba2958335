//! Seeing what was written: every account is looked at again, more than once where it does not show at first, and
//! compared.

use serde_json::Value as Json;
use tenure_core::account::Access;
use tenure_core::action::Action;
use tenure_core::cloud::{CloudAction, MailboxKind};
use tenure_core::directory_action::DirectoryAction;
use tenure_core::outcome::{Outcome, Refusal};

use super::Microsoft365;
use super::decide::{Context, found, has};
use super::fault::{Fault, refusal};
use super::job::{Job, State};
use super::licences::Subscriptions;
use super::look::{Look, PASSWORD_SET, SESSIONS, Wanted};
use super::user::User;

impl Microsoft365 {
    /// Looks at all that was acknowledged, and ends those writes.
    pub(super) async fn verify(&self, jobs: &mut [Job], context: &Context) {
        let mut waits = self.settings.look_again.iter();
        loop {
            let mut open: Vec<&mut Job> = jobs
                .iter_mut()
                .filter(|job| matches!(job.state, State::Written))
                .collect();
            if open.is_empty() {
                return;
            }
            let wanted: Vec<Wanted<'_>> = open
                .iter()
                .map(|job| Wanted {
                    account: job.called(),
                    action: &job.write.action,
                })
                .collect();
            let looks = self.look(&wanted).await;
            let wait = waits.next();
            for (job, look) in open.iter_mut().zip(looks) {
                let judged = look.map_err(unseen).and_then(|look| judge(job, &look, context));
                match judged {
                    Ok(outcome) => job.end(outcome),
                    Err(_) if wait.is_some() => {}
                    Err(refusal) => job.end(Outcome::Failed(refusal)),
                }
            }
            match wait {
                Some(wait) if jobs.iter().any(|job| !job.is_done()) => tokio::time::sleep(*wait).await,
                _ => {}
            }
        }
    }
}

fn unseen(fault: Fault) -> Refusal {
    Refusal {
        message: format!("written, but not seen to be: {}", fault.refusal.message),
        ..fault.refusal
    }
}

fn judge(job: &mut Job, look: &Look, context: &Context) -> Result<Outcome, Refusal> {
    let action = &job.write.action;
    let Some(user) = &look.user else {
        return match action {
            Action::Delete { .. } => Ok(Outcome::Verified),
            _ => Err(not_so("there is no such user")),
        };
    };
    if let Action::Delete { .. } = action {
        return Err(not_so("the user is still there"));
    }
    let outcome = compare(action, user, &job.found, look, context)?;
    job.account = Some(user.account());
    Ok(outcome)
}

fn compare(
    action: &Action,
    user: &User,
    before: &Look,
    look: &Look,
    context: &Context,
) -> Result<Outcome, Refusal> {
    match action {
        Action::CreateAccount {
            attributes, access, ..
        } => {
            if let Some(other) = attributes.iter().find(|one| !has(user, &one.name, &one.values)) {
                return Err(not_so(&found(&other.name, &user.attribute(&other.name))));
            }
            access_is(user, *access)?;
        }
        Action::ModifyAttributes { changes } => {
            if let Some(other) = changes.iter().find(|one| !has(user, &one.name, &one.after)) {
                return Err(not_so(&found(&other.name, &user.attribute(&other.name))));
            }
        }
        Action::Enable => access_is(user, Access::Enabled)?,
        Action::Disable => access_is(user, Access::Disabled)?,
        Action::AddToGroups { group } | Action::RemoveFromGroups { group } => {
            let id = context.groups.get(group.as_str());
            let is_in = matches!(id, Some(Ok(id)) if look.groups.contains(id));
            match (action, is_in) {
                (Action::AddToGroups { .. }, false) => return Err(not_so("the account is not in the group")),
                (Action::RemoveFromGroups { .. }, true) => {
                    return Err(not_so("the account is still in the group"));
                }
                _ => {}
            }
        }
        Action::Cloud(action) => return cloud(action, user, before, look, context),
        Action::Directory(action) => return beside(action, before, look),
        Action::Move { .. }
        | Action::Delete { .. }
        | Action::CallWebhook { .. }
        | Action::RunScript { .. }
        | Action::Notify { .. }
        | Action::HomeFolder(_) => {}
    }
    Ok(Outcome::Verified)
}

fn cloud(
    action: &CloudAction,
    user: &User,
    before: &Look,
    look: &Look,
    context: &Context,
) -> Result<Outcome, Refusal> {
    match action {
        CloudAction::AssignLicences { licences } | CloudAction::RevokeLicences { licences } => {
            let nothing = Subscriptions::default();
            let known = match &context.subscriptions {
                Some(Ok(known)) => known,
                _ => &nothing,
            };
            let held = known.of(user);
            let wanted = matches!(action, CloudAction::AssignLicences { .. });
            let other = licences
                .iter()
                .find(|name| held.iter().any(|licence| licence.is(name)) != wanted);
            match (other, wanted) {
                (Some(name), true) => return Err(not_so(&format!("the account has no licence `{name}`"))),
                (Some(name), false) => {
                    return Err(not_so(&format!("the account still has the licence `{name}`")));
                }
                (None, _) => {}
            }
        }
        CloudAction::RevokeSessions => {
            let stale = |at: &str| format!("sessions since {at} are still good");
            return moved(SESSIONS, before, look, stale);
        }
        CloudAction::SetAutoReply { reply } => {
            let status = match &look.mailbox {
                Some(Ok(mailbox)) => mailbox["automaticRepliesSetting"]["status"]
                    .as_str()
                    .unwrap_or_default(),
                _ => return Err(not_so("the mailbox cannot be seen")),
            };
            if (status == "disabled") == reply.is_some() {
                return Err(not_so(&format!("the automatic reply is `{status}`")));
            }
        }
        CloudAction::ConvertMailbox { to } => match &look.mailbox {
            Some(Ok(mailbox)) if mailbox["userPurpose"] == purpose(*to) => {}
            Some(Ok(mailbox)) => {
                let is = mailbox["userPurpose"].as_str().unwrap_or("unknown");
                return Err(not_so(&format!("the mailbox is of the kind `{is}`")));
            }
            _ => return Err(not_so("the mailbox cannot be seen")),
        },
    }
    Ok(Outcome::Verified)
}

/// Whether a moment that a write brings forward is another than before.
fn moved(
    property: &str,
    before: &Look,
    look: &Look,
    stale: impl Fn(&str) -> String,
) -> Result<Outcome, Refusal> {
    let at = |look: &Look| {
        let user = look.user.as_ref();
        user.and_then(|user| user.text(property)).map(str::to_owned)
    };
    match (at(before), at(look)) {
        (_, None) => Ok(Outcome::Unverified {
            why: format!("the service does not show `{property}`"),
        }),
        (Some(before), Some(after)) if before == after => Err(not_so(&stale(&after))),
        _ => Ok(Outcome::Verified),
    }
}

fn beside(action: &DirectoryAction, before: &Look, look: &Look) -> Result<Outcome, Refusal> {
    if let DirectoryAction::ResetPassword { .. } = action {
        return moved(PASSWORD_SET, before, look, |at| {
            format!("the password is still that of {at}")
        });
    }
    match (action, &before.photo, &look.photo) {
        (DirectoryAction::SetPhoto { .. }, _, None) => Err(not_so("the account has no photo")),
        (DirectoryAction::SetPhoto { .. }, Some(before), Some(after)) if before == after => {
            Ok(Outcome::Unverified {
                why: "the photo shows no change; it may be the one that was there".to_owned(),
            })
        }
        (DirectoryAction::RemovePhoto { .. }, _, Some(_)) => Err(not_so("the photo is still there")),
        _ => Ok(Outcome::Verified),
    }
}

/// What Graph calls a kind of mailbox.
pub(super) fn purpose(kind: MailboxKind) -> Json {
    match kind {
        MailboxKind::Shared => "shared".into(),
        MailboxKind::User => "user".into(),
    }
}

fn access_is(user: &User, wanted: Access) -> Result<(), Refusal> {
    match user.access {
        now if now == wanted => Ok(()),
        Access::Enabled => Err(not_so("the account is enabled")),
        Access::Disabled => Err(not_so("the account is disabled")),
    }
}

/// The service said yes, and it is not so.
fn not_so(found: &str) -> Refusal {
    refusal(
        format!("acknowledged but not carried out: afterwards {found}"),
        "Another program may have changed it at the same time. Run again, and look into the tenant's audit log.",
    )
}
