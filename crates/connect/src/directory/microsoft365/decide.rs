//! What becomes of a write, given the account as it is: nothing left to do, overtaken, not allowed, or these requests.

use std::collections::HashMap;

use serde_json::json;
use tenure_core::account::Access;
use tenure_core::action::{Action, AttributeChange, AttributeValues};
use tenure_core::attribute::AttributeName;
use tenure_core::directory_action::DirectoryAction;
use tenure_core::dn::Dn;
use tenure_core::microsoft365::{Form, NAMING_ATTRIBUTE, property};
use tenure_core::outcome::Outcome;
use tenure_core::syntax::Syntax;

use super::Microsoft365;
use super::batch::Part;
use super::body::{Body, Manager};
use super::cloud::{beside, password_profile};
use super::fault::refusal;
use super::job::{Job, MemberChange, Membership, State};
use super::licences::Subscriptions;
use super::look::Look;
use super::service::encoded;
use super::user::User;
use crate::http::Method;

/// What was asked for once for all writes.
#[derive(Debug, Default)]
pub(super) struct Context {
    /// The ids of groups by name.
    pub(super) groups: HashMap<String, Result<String, Outcome>>,
    /// The tenant's licences.
    pub(super) subscriptions: Option<Result<Subscriptions, Outcome>>,
}

impl Context {
    fn group(&self, name: &Dn) -> Result<String, Outcome> {
        self.groups.get(name.as_str()).cloned().unwrap_or_else(|| {
            Err(Outcome::Failed(refusal(
                format!("the group `{name}` was not looked for"),
                "Run again.",
            )))
        })
    }

    pub(super) fn subscriptions(&self) -> Result<&Subscriptions, Outcome> {
        match &self.subscriptions {
            Some(Ok(subscriptions)) => Ok(subscriptions),
            Some(Err(outcome)) => Err(outcome.clone()),
            None => Err(Outcome::Failed(refusal(
                "the licences were not looked for",
                "Run again.",
            ))),
        }
    }
}

impl Microsoft365 {
    pub(super) fn decide(&self, job: &Job, context: &Context) -> State {
        let decided = match (&job.write.action, &job.found.user) {
            (Action::CreateAccount { .. }, _) => self.creation(job),
            (Action::Directory(DirectoryAction::Restore { .. }), None) => restoration(job),
            (Action::Delete { .. }, None) => Err(Outcome::Verified),
            (_, None) => Err(Outcome::Refused(refusal(
                "there is no such user any more",
                "It may have been deleted, and can be restored for thirty days.",
            ))),
            (Action::Directory(DirectoryAction::Restore { .. }), Some(_)) => Err(Outcome::Verified),
            (action, Some(user)) => self
                .may_change(action, user, &job.found, context)
                .and_then(|()| self.change(user, job, context)),
        };
        decided.unwrap_or_else(State::Done)
    }

    /// Whether the document and Microsoft let the account be changed.
    fn may_change(
        &self,
        action: &Action,
        user: &User,
        look: &Look,
        context: &Context,
    ) -> Result<(), Outcome> {
        let scope = &self.settings.scope;
        let refused = |why: &str, hint: &str| Err(Outcome::Refused(refusal(why, hint)));
        let is_user = |name: &String| {
            name.eq_ignore_ascii_case(&user.principal) || name.eq_ignore_ascii_case(user.id.as_str())
        };
        if scope.exclude_users.iter().any(is_user) {
            return refused(
                "the account is protected: it is among `exclude_users`",
                "Leave it out of the automation, or take it out of `scope.exclude_users` in the directory's document.",
            );
        }
        for name in &scope.exclude_groups {
            let group = context.group(&Dn::from_server(name))?;
            if look.groups.contains(&group) {
                return refused(
                    &format!("the account is protected: it is in the group `{name}`"),
                    "Leave it out of the automation, or take the group out of `scope.exclude_groups` in the \
                     directory's document.",
                );
            }
        }
        let in_cloud = match action {
            Action::AddToGroups { .. } | Action::RemoveFromGroups { .. } | Action::Cloud(_) => true,
            // The password is that of Active Directory.
            Action::Directory(action) => !matches!(action, DirectoryAction::ResetPassword { .. }),
            _ => false,
        };
        if user.synced && (!in_cloud || self.settings.protects_synced()) {
            return refused(
                "the user is synchronized from Active Directory, and is changed there",
                "Use a directory of `type: active_directory` for this person, or leave such users out by `filter: \
                 onPremisesSyncEnabled ne true`.",
            );
        }
        Ok(())
    }

    fn change(&self, user: &User, job: &Job, context: &Context) -> Result<State, Outcome> {
        let (action, look) = (&job.write.action, &job.found);
        let path = format!("/users/{}", user.id);
        match action {
            Action::ModifyAttributes { changes } => self.modification(changes, user),
            Action::Enable => set_access(user, Access::Enabled),
            Action::Disable => set_access(user, Access::Disabled),
            Action::AddToGroups { group } => membership(MemberChange::Add, context.group(group)?, user, look),
            Action::RemoveFromGroups { group } => {
                membership(MemberChange::Remove, context.group(group)?, user, look)
            }
            Action::Delete { dn, .. } if *dn != user.dn() => Err(Outcome::Overtaken {
                found: format!("the account is called `{}`", user.dn()),
            }),
            Action::Delete { .. } => Ok(State::Steps(vec![Part::new(Method::DELETE, path, None)])),
            Action::Cloud(action) => self.cloud(action, user, look, context),
            Action::Directory(action) => beside(action, user, job),
            Action::CreateAccount { .. }
            | Action::Move { .. }
            | Action::CallWebhook { .. }
            | Action::RunScript { .. }
            | Action::Notify { .. }
            | Action::HomeFolder(_) => Err(Outcome::not_possible(action.kind())),
        }
    }

    fn creation(&self, job: &Job) -> Result<State, Outcome> {
        let Action::CreateAccount {
            dn,
            attributes,
            password,
            access,
        } = &job.write.action
        else {
            return Err(Outcome::not_possible(job.write.action.kind()));
        };
        if let Some(user) = &job.found.user {
            return self.finish(user, attributes, *access);
        }
        let (Some(rule), Some(secret)) = (password, &job.write.password) else {
            return Err(Outcome::Refused(refusal(
                "Microsoft 365 makes no user without a first password",
                "Add `password: { must_change: true }` to the template.",
            )));
        };
        let principal = dn.rdn_value();
        let changes = attributes.iter().map(|one| (&one.name, one.values.as_slice()));
        let Body {
            properties: mut body,
            manager,
        } = Body::of(changes).map_err(Outcome::Refused)?;
        let nickname = principal.split('@').next().unwrap_or_default();
        let mut otherwise = |name: &str, value: Option<&str>| {
            if let Some(value) = value.filter(|_| !body.contains_key(name)) {
                body.insert(name.to_owned(), value.into());
            }
        };
        otherwise(NAMING_ATTRIBUTE, Some(&principal));
        otherwise("mailNickname", Some(nickname));
        otherwise("usageLocation", self.settings.usage_location.as_deref());
        body.insert("accountEnabled".to_owned(), (*access == Access::Enabled).into());
        body.insert("passwordProfile".to_owned(), password_profile(rule, secret));
        let mut create = Part::new(Method::POST, "/users".to_owned(), Some(body.into()));
        create.secret = Some(secret.clone());
        let mut steps = vec![create];
        if let Manager::Called(_) = manager {
            steps.extend(self.manager_part(&principal, &manager));
        }
        Ok(State::Steps(steps))
    }

    /// What is left of the making of an account that an earlier try has made. Anybody else's account differs.
    fn finish(&self, user: &User, attributes: &[AttributeValues], access: Access) -> Result<State, Outcome> {
        let is_manager =
            |one: &AttributeValues| property(&one.name).is_some_and(|known| known.form == Form::Account);
        let other = attributes
            .iter()
            .filter(|one| !is_manager(one))
            .find(|one| !has(user, &one.name, &one.values));
        if other.is_some() {
            return Err(Outcome::Refused(refusal(
                format!("another user is called `{}`", user.principal),
                "Give the template another format for `userPrincipalName`, or correlate the person with that user.",
            )));
        }
        let mut steps = Vec::new();
        for manager in attributes.iter().filter(|one| is_manager(one)) {
            if !has(user, &manager.name, &manager.values) {
                steps.extend(self.manager_part(user.id.as_str(), &Manager::of(&manager.values)));
            }
        }
        if user.access != access {
            steps.push(switch(user, access));
        }
        Ok(if steps.is_empty() {
            State::Written
        } else {
            State::Steps(steps)
        })
    }

    fn modification(&self, changes: &[AttributeChange], user: &User) -> Result<State, Outcome> {
        let open: Vec<&AttributeChange> = changes
            .iter()
            .filter(|change| !has(user, &change.name, &change.after))
            .collect();
        if let Some(moved) = open
            .iter()
            .find(|change| !has(user, &change.name, &change.before))
        {
            return Err(Outcome::Overtaken {
                found: found(&moved.name, &user.attribute(&moved.name)),
            });
        }
        let after = open.iter().map(|change| (&change.name, change.after.as_slice()));
        let Body {
            properties: body,
            manager,
        } = Body::of(after).map_err(Outcome::Refused)?;
        let mut steps = Vec::new();
        if !body.is_empty() {
            steps.push(Part::new(
                Method::PATCH,
                format!("/users/{}", user.id),
                Some(body.into()),
            ));
        }
        steps.extend(self.manager_part(user.id.as_str(), &manager));
        if steps.is_empty() {
            return Err(Outcome::Verified);
        }
        Ok(State::Steps(steps))
    }

    /// Setting the manager of a user, or taking it away.
    fn manager_part(&self, user: &str, manager: &Manager) -> Option<Part> {
        let path = format!("/users/{}/manager/$ref", encoded(user));
        match manager {
            Manager::Unsaid => None,
            Manager::Nobody => Some(Part::new(Method::DELETE, path, None)),
            Manager::Called(manager) => {
                let reference = format!("{}/users/{}", self.service.root, encoded(manager));
                Some(Part::new(
                    Method::PUT,
                    path,
                    Some(json!({ "@odata.id": reference })),
                ))
            }
        }
    }
}

fn restoration(job: &Job) -> Result<State, Outcome> {
    let id = job
        .write
        .target
        .as_ref()
        .map(|target| target.id.as_str())
        .unwrap_or_default();
    if !job.found.deleted {
        return Err(Outcome::Refused(refusal(
            "the user is not among the deleted ones any more",
            "Thirty days after its deletion a user is gone for good; remove the link with `tenure unlink` to have a \
             new one made.",
        )));
    }
    let path = format!("/directory/deletedItems/{}/restore", encoded(id));
    Ok(State::Steps(vec![Part::new(Method::POST, path, None)]))
}

fn set_access(user: &User, access: Access) -> Result<State, Outcome> {
    if user.access == access {
        return Err(Outcome::Verified);
    }
    Ok(State::Steps(vec![switch(user, access)]))
}

fn switch(user: &User, access: Access) -> Part {
    let body = json!({ "accountEnabled": access == Access::Enabled });
    Part::new(Method::PATCH, format!("/users/{}", user.id), Some(body))
}

fn membership(change: MemberChange, group: String, user: &User, look: &Look) -> Result<State, Outcome> {
    if look.groups.contains(&group) == (change == MemberChange::Add) {
        return Err(Outcome::Verified);
    }
    Ok(State::Membership(Membership {
        group,
        change,
        user: user.id.as_str().to_owned(),
    }))
}

/// Whether a user has exactly these values of an attribute.
pub(super) fn has(user: &User, name: &AttributeName, values: &[String]) -> bool {
    let now = user.attribute(name);
    let wanted = values
        .iter()
        .map(String::as_str)
        .filter(|value| !value.is_empty());
    Syntax::of(name).same_set(now.iter().map(String::as_str), wanted)
}

/// What is there instead, in words.
pub(super) fn found(name: &AttributeName, now: &[String]) -> String {
    match now {
        [] => format!("`{name}` has no value"),
        values => format!("`{name}` is `{}`", values.join("`, `")),
    }
}
