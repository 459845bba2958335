//! What becomes of a write to what a user has beside properties and groups: licences, sessions, photo and mailbox.

use serde_json::{Value as Json, json};
use tenure_core::cloud::{AutoReply, CloudAction, LicencePath, ReplyAudience};
use tenure_core::directory_action::DirectoryAction;
use tenure_core::outcome::Outcome;
use tenure_core::password::PasswordRule;
use tenure_core::secret::Secret;

use super::Microsoft365;
use super::batch::Part;
use super::decide::Context;
use super::fault::refusal;
use super::job::{Job, State};
use super::licences::Subscriptions;
use super::look::Look;
use super::user::User;
use super::verify::purpose;
use crate::http::Method;

/// What becomes of a write to what other directories have too.
pub(super) fn beside(action: &DirectoryAction, user: &User, job: &Job) -> Result<State, Outcome> {
    let path = || format!("/users/{}/photo/$value", user.id);
    let part = match action {
        DirectoryAction::ResetPassword { rule } => {
            let Some(secret) = &job.write.password else {
                let why = "there is no password to set";
                return Err(Outcome::Refused(refusal(why, "Make a new plan.")));
            };
            let body = json!({ "passwordProfile": password_profile(rule, secret) });
            let mut part = Part::new(Method::PATCH, format!("/users/{}", user.id), Some(body));
            part.secret = Some(secret.clone());
            part
        }
        DirectoryAction::SetPhoto { photo, .. } => {
            let body = Some(Json::from(photo.as_base64()));
            let mut part = Part::new(Method::PUT, path(), body);
            part.content_type = photo.media_type();
            part
        }
        DirectoryAction::RemovePhoto { .. } if job.found.photo.is_none() => return Err(Outcome::Verified),
        DirectoryAction::RemovePhoto { .. } => Part::new(Method::DELETE, path(), None),
        // The user is there.
        DirectoryAction::Restore { .. } => return Err(Outcome::Verified),
        DirectoryAction::Unlock => return Err(Outcome::not_possible(action.kind())),
    };
    Ok(State::Steps(vec![part]))
}

/// A password as Graph takes it.
pub(super) fn password_profile(rule: &PasswordRule, secret: &Secret) -> Json {
    json!({ "password": secret.expose(), "forceChangePasswordNextSignIn": rule.must_change })
}

impl Microsoft365 {
    pub(super) fn cloud(
        &self,
        action: &CloudAction,
        user: &User,
        look: &Look,
        context: &Context,
    ) -> Result<State, Outcome> {
        let path = |end: &str| format!("/users/{}/{end}", user.id);
        let one = |part| Ok(State::Steps(vec![part]));
        match action {
            CloudAction::AssignLicences { licences } => {
                self.assignment(licences, user, context.subscriptions()?)
            }
            CloudAction::RevokeLicences { licences } => revocation(licences, user, context.subscriptions()?),
            CloudAction::RevokeSessions => one(Part::new(Method::POST, path("revokeSignInSessions"), None)),
            CloudAction::SetAutoReply { reply } => {
                mailbox(look)?;
                let body = json!({ "automaticRepliesSetting": auto_reply(reply.as_ref()) });
                one(Part::new(Method::PATCH, path("mailboxSettings"), Some(body)))
            }
            CloudAction::ConvertMailbox { to } => {
                if mailbox(look)?["userPurpose"] == purpose(*to) {
                    return Err(Outcome::Verified);
                }
                Ok(State::Mailbox(*to))
            }
        }
    }

    fn assignment(&self, names: &[String], user: &User, known: &Subscriptions) -> Result<State, Outcome> {
        let held = known.of(user);
        let mut ids = Vec::new();
        for name in names {
            let wanted = known.find(name).map_err(Outcome::Refused)?;
            if !held.iter().any(|licence| licence.is(&wanted.id)) {
                ids.push(wanted.id.clone());
            }
        }
        if ids.is_empty() {
            return Err(Outcome::Verified);
        }
        if let Some(used_up) = known.used_up(&ids) {
            return Err(Outcome::Refused(used_up.used_up()));
        }
        let mut steps = Vec::new();
        if user.text("usageLocation").is_none() {
            let country = self.settings.usage_location.as_deref().ok_or_else(|| {
                Outcome::Refused(refusal(
                    "a user without a country cannot have licences",
                    "Map `usageLocation`, or name a country as `usage_location` in the directory's document.",
                ))
            })?;
            let body = json!({ "usageLocation": country });
            steps.push(Part::new(
                Method::PATCH,
                format!("/users/{}", user.id),
                Some(body),
            ));
        }
        let add: Vec<Json> = ids
            .iter()
            .map(|id| json!({ "skuId": id, "disabledPlans": [] }))
            .collect();
        steps.push(licence_part(user, &add, &[]));
        Ok(State::Steps(steps))
    }
}

fn revocation(names: &[String], user: &User, known: &Subscriptions) -> Result<State, Outcome> {
    let held = known.of(user);
    let mut ids = Vec::new();
    for licence in names
        .iter()
        .filter_map(|name| held.iter().find(|licence| licence.is(name)))
    {
        if licence.by == LicencePath::Group {
            return Err(Outcome::Refused(refusal(
                format!("the licence `{}` comes with a group", licence.name),
                "Take the account out of the group that gives it.",
            )));
        }
        ids.push(licence.id.clone());
    }
    if ids.is_empty() {
        return Err(Outcome::Verified);
    }
    Ok(State::Steps(vec![licence_part(user, &[], &ids)]))
}

fn licence_part(user: &User, add: &[Json], remove: &[String]) -> Part {
    let body = json!({ "addLicenses": add, "removeLicenses": remove });
    Part::new(
        Method::POST,
        format!("/users/{}/assignLicense", user.id),
        Some(body),
    )
}

fn auto_reply(reply: Option<&AutoReply>) -> Json {
    let Some(reply) = reply else {
        return json!({ "status": "disabled" });
    };
    json!({
        "status": "alwaysEnabled",
        "externalAudience": match reply.audience {
            ReplyAudience::All => "all",
            ReplyAudience::Contacts => "contactsOnly",
            ReplyAudience::None => "none",
        },
        "internalReplyMessage": reply.internal,
        "externalReplyMessage": reply.external.as_ref().unwrap_or(&reply.internal),
    })
}

fn mailbox(look: &Look) -> Result<&Json, Outcome> {
    match &look.mailbox {
        Some(Ok(mailbox)) => Ok(mailbox),
        Some(Err(refusal)) => Err(Outcome::Refused(refusal.clone())),
        None => Err(Outcome::Refused(refusal(
            "the account has no mailbox in Exchange Online",
            "Assign a licence with a mailbox first.",
        ))),
    }
}
