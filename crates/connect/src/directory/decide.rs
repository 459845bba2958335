//! What becomes of a write, given the object as it is: nothing left to do, overtaken, not allowed, or these requests.

use std::borrow::Cow;

use tenure_core::account::Access;
use tenure_core::action::{Action, AttributeChange, AttributeValues, Below};
use tenure_core::attribute::AttributeName;
use tenure_core::directory_action::DirectoryAction;
use tenure_core::dn::Dn;
use tenure_core::outcome::Outcome;
use tenure_core::photo::PhotoDigest;
use tenure_core::syntax::Syntax;

use super::job::{Job, Membership, State, Steps, outcome_of};
use super::machinery::LdapAccounts;
use super::rules::{FirstSignIn, MemberOf, NewAccount, Rules, Step, refusal, replace};
use crate::ldap::{
    Attribute, Change, ChangeKind, Control, Criticality, Doing, Encryption, Entry, LdapResult, Operation,
    Request, ResultCode,
};

impl<R: Rules> LdapAccounts<R> {
    pub(super) fn decide(&self, job: &Job, encryption: Encryption) -> State {
        let is_new = matches!(job.write.action, Action::CreateAccount { .. });
        let protected = job.found.as_ref().filter(|_| !is_new);
        let protected = protected.and_then(|entry| self.rules.protected(entry));
        if let Some(why) = protected.or_else(|| self.out_of_scope(job)) {
            return State::Done(Outcome::Refused(why));
        }
        if let Action::CreateAccount { .. } = &job.write.action {
            return self.decide_creation(job, encryption).unwrap_or_else(State::Done);
        }
        let Some(entry) = &job.found else {
            return State::Done(match &job.write.action {
                Action::Delete { .. } => Outcome::Verified,
                _ => not_found(),
            });
        };
        let dn = Dn::from_server(&entry.dn);
        if !dn.is_within(&self.base) {
            return State::Done(self.outside(&dn));
        }
        let decided = match &job.write.action {
            Action::Directory(action) => self.decide_directory(action, job, entry, encryption),
            action => self.decide_change(action, entry, &dn),
        };
        decided.unwrap_or_else(State::Done)
    }

    fn decide_change(&self, action: &Action, entry: &Entry, dn: &Dn) -> Result<State, Outcome> {
        let step = |doing, operation: Operation| {
            State::Steps(Steps::one(
                Step {
                    doing,
                    request: operation.into(),
                },
                None,
            ))
        };
        match action {
            Action::ModifyAttributes { changes } => modification(changes, entry),
            Action::Move { from, to } => {
                if is_at(dn, from, to) {
                    return Err(Outcome::Verified);
                }
                if dn != from {
                    return Err(Outcome::Overtaken {
                        found: format!("the account is at `{dn}`"),
                    });
                }
                if !to.is_within(&self.base) {
                    return Err(self.outside(to));
                }
                let new_superior = to.parent().filter(|above| Some(above) != dn.parent().as_ref());
                Ok(step(
                    Doing::Move,
                    Operation::ModifyDn {
                        dn: entry.dn.clone(),
                        new_rdn: to.rdn().to_owned(),
                        new_superior: new_superior.map(|above| above.as_str().to_owned()),
                    },
                ))
            }
            Action::AddToGroups { group } => self.membership(Doing::AddMember, group, entry),
            Action::RemoveFromGroups { group } => self.membership(Doing::RemoveMember, group, entry),
            Action::Enable => self.access_change(entry, Access::Enabled),
            Action::Disable => self.access_change(entry, Access::Disabled),
            Action::Delete { dn: known, .. } if dn != known => Err(Outcome::Overtaken {
                found: format!("the account is at `{dn}`"),
            }),
            Action::Delete { below, .. } => {
                let mut request = Request::from(Operation::Delete { dn: entry.dn.clone() });
                if *below == Below::Deleted {
                    request.controls.push(tree_delete());
                }
                let doing = Doing::Delete;
                Ok(State::Steps(Steps::one(Step { doing, request }, None)))
            }
            Action::CreateAccount { .. } => Err(not_found()),
            action @ (Action::CallWebhook { .. }
            | Action::RunScript { .. }
            | Action::Notify { .. }
            | Action::HomeFolder(_)
            | Action::Directory(_)
            | Action::Cloud(_)) => Err(Outcome::not_possible(action.kind())),
        }
    }

    fn decide_directory(
        &self,
        action: &DirectoryAction,
        job: &Job,
        entry: &Entry,
        encryption: Encryption,
    ) -> Result<State, Outcome> {
        let change = |change: Change| {
            let step = Step::modify(Doing::Modify, &entry.dn, vec![change]);
            Ok(State::Steps(Steps::one(step, None)))
        };
        match action {
            DirectoryAction::ResetPassword { rule } => {
                let dn = Dn::from_server(&entry.dn);
                let Some(password) = &job.write.password else {
                    let why = "there is no password to set";
                    return Err(Outcome::Refused(refusal(why, "Make a new plan.")));
                };
                let steps = self.rules.reset_password(&NewAccount {
                    dn: &dn,
                    attributes: &[],
                    password: Some(password),
                    first_sign_in: if rule.must_change {
                        FirstSignIn::MustChange
                    } else {
                        FirstSignIn::Plain
                    },
                    access: Access::Enabled,
                    encryption,
                });
                Ok(State::Steps(Steps::rest(steps.map_err(Outcome::Refused)?)))
            }
            DirectoryAction::Unlock if !self.is_locked(entry) => Err(Outcome::Verified),
            DirectoryAction::Unlock => change(self.rules.unlock()),
            DirectoryAction::SetPhoto { photo, before } => {
                let now = self.photo_of(entry);
                if now.as_ref() == Some(&photo.digest()) {
                    return Err(Outcome::Verified);
                }
                if now != *before {
                    return Err(other_photo());
                }
                change(replace(self.rules.photo_attribute(), photo.to_bytes()))
            }
            DirectoryAction::RemovePhoto { before } => match self.photo_of(entry) {
                None => Err(Outcome::Verified),
                Some(now) if Some(&now) != before.as_ref() => Err(other_photo()),
                Some(_) => change(Change {
                    kind: ChangeKind::Replace,
                    attribute: Attribute {
                        name: self.rules.photo_attribute().to_owned(),
                        values: Vec::new(),
                    },
                }),
            },
            DirectoryAction::Restore { .. } => Err(Outcome::not_possible(action.kind())),
        }
    }

    /// Whether wrong passwords have locked an account.
    pub(super) fn is_locked(&self, entry: &Entry) -> bool {
        entry
            .first(self.rules.lockout_attribute())
            .is_some_and(|since| since != b"0")
    }

    /// What tells the picture that is there from others.
    pub(super) fn photo_of(&self, entry: &Entry) -> Option<PhotoDigest> {
        entry.first(self.rules.photo_attribute()).map(PhotoDigest::of)
    }

    fn decide_creation(&self, job: &Job, encryption: Encryption) -> Result<State, Outcome> {
        let Action::CreateAccount {
            dn,
            attributes,
            password,
            access,
        } = &job.write.action
        else {
            return Err(not_found());
        };
        if !dn.is_within(&self.base) {
            return Err(self.outside(dn));
        }
        if password.is_some() != job.write.password.is_some() {
            let why = "the password rule and the password do not belong together";
            return Err(Outcome::Refused(refusal(why, "Make a new plan.")));
        }
        let must_change = password.as_ref().is_some_and(|rule| rule.must_change);
        let new = NewAccount {
            dn,
            attributes,
            password: job.write.password.as_ref(),
            first_sign_in: if must_change {
                FirstSignIn::MustChange
            } else {
                FirstSignIn::Plain
            },
            access: *access,
            encryption,
        };
        match &job.found {
            Some(entry) if self.was_made_before(&new, entry) => {
                let steps = self.rules.finish(&new, entry).map_err(Outcome::Refused)?;
                Ok(if steps.is_empty() {
                    State::Written
                } else {
                    State::Steps(Steps::rest(steps))
                })
            }
            Some(_) => Err(outcome_of(Doing::Create, &bare(ResultCode::EXISTS))),
            None => {
                let creation = self.rules.create(&new).map_err(Outcome::Refused)?;
                Ok(State::Steps(Steps::creation(creation, dn.as_str())))
            }
        }
    }

    /// Whether an object is what an earlier try of this write has made: its login name and every other value are those
    /// of the write. Anybody else's account differs, and is not given another password.
    fn was_made_before(&self, new: &NewAccount<'_>, entry: &Entry) -> bool {
        let login = new
            .attributes
            .iter()
            .any(|one| one.name.is(self.rules.login_attribute()))
            || new
                .dn
                .rdn()
                .split_once('=')
                .is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case(self.rules.login_attribute()));
        login
            && self.rules.protected(entry).is_none()
            && self.different_value(new.attributes, entry).is_none()
    }

    fn membership(&self, doing: Doing, group: &Dn, entry: &Entry) -> Result<State, Outcome> {
        // Where only groups know their members, the server's answer to the change says whether there was one to make.
        if matches!(self.rules.member_of(), MemberOf::Account)
            && is_member(entry, group) == (doing == Doing::AddMember)
        {
            return Err(Outcome::Verified);
        }
        Ok(State::Membership(Membership {
            doing,
            group: group.as_str().to_owned(),
            member: entry.dn.clone(),
        }))
    }

    fn access_change(&self, entry: &Entry, access: Access) -> Result<State, Outcome> {
        let change = self.rules.set_access(entry, access).map_err(Outcome::Refused)?;
        if self.access_of(entry) == access {
            return Err(Outcome::Verified);
        }
        Ok(State::Steps(Steps::one(
            Step::modify(Doing::SetAccess, &entry.dn, vec![change]),
            None,
        )))
    }

    pub(super) fn access_of(&self, entry: &Entry) -> Access {
        let values = self
            .rules
            .access_attribute()
            .map(|name| entry.values(name))
            .unwrap_or_default();
        if values.iter().any(|value| self.rules.disables(value)) {
            Access::Disabled
        } else {
            Access::Enabled
        }
    }

    /// The first of a new account's attributes that an object has other values of.
    pub(super) fn different_value<'a>(
        &self,
        attributes: &'a [AttributeValues],
        entry: &Entry,
    ) -> Option<&'a AttributeName> {
        // Servers add the classes above those that are asked for; whether sign-in is possible is compared on its own.
        let access = self.rules.access_attribute();
        let is_compared = |one: &&AttributeValues| {
            !one.name.is("objectClass") && access.is_none_or(|access| !one.name.is(access))
        };
        let differs = |one: &&AttributeValues| {
            let values: Vec<String> = one
                .values
                .iter()
                .filter(|value| !value.is_empty())
                .cloned()
                .collect();
            !has(entry, &one.name, &values)
        };
        attributes
            .iter()
            .filter(is_compared)
            .find(differs)
            .map(|one| &one.name)
    }

    pub(super) fn outside(&self, dn: &Dn) -> Outcome {
        Outcome::Refused(refusal(
            format!(
                "`{dn}` is not below `{}`, which is all that this directory manages",
                self.base
            ),
            "Correct the template's container, or `base` in the directory's document.",
        ))
    }
}

fn other_photo() -> Outcome {
    Outcome::Overtaken {
        found: "there is another photo".to_owned(),
    }
}

/// Deletes what is below an object too (MS-ADTS 3.1.1.3.4.1.15).
fn tree_delete() -> Control {
    Control::raw("1.2.840.113556.1.4.805", Criticality::Critical, None)
}

/// Whether the account is at `to` as written; a rename that changes nothing but case counts.
pub(super) fn is_at(dn: &Dn, from: &Dn, to: &Dn) -> bool {
    dn == to && (from != to || dn.rdn() == to.rdn())
}

/// Whether an account's own `memberOf` names a group.
pub(super) fn is_member(entry: &Entry, group: &Dn) -> bool {
    texts(entry, "memberOf")
        .iter()
        .any(|name| Dn::from_server(name) == *group)
}

/// Whether an object has exactly these values of an attribute.
pub(super) fn has(entry: &Entry, name: &AttributeName, values: &[String]) -> bool {
    let now = texts(entry, name.as_str());
    Syntax::of(name).same_set(now.iter().map(AsRef::as_ref), values.iter().map(String::as_str))
}

/// An object's values of an attribute as text.
pub(super) fn texts<'a>(entry: &'a Entry, name: &str) -> Vec<Cow<'a, str>> {
    entry
        .values(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value))
        .collect()
}

fn modification(changes: &[AttributeChange], entry: &Entry) -> Result<State, Outcome> {
    let (mut gentle, mut whole) = (Vec::new(), Vec::new());
    for change in changes
        .iter()
        .filter(|change| !has(entry, &change.name, &change.after))
    {
        let now = texts(entry, change.name.as_str());
        if !has(entry, &change.name, &change.before) {
            return Err(Outcome::Overtaken {
                found: found(&change.name, &now),
            });
        }
        let replacement = of_values(
            ChangeKind::Replace,
            change,
            change.after.iter().map(String::as_str),
        );
        if now.len() <= 1 && change.after.len() <= 1 {
            gentle.push(replacement.clone());
        } else {
            gentle.extend(value_by_value(change, &now));
        }
        whole.push(replacement);
    }
    if gentle.is_empty() {
        return Err(Outcome::Verified);
    }
    // Values of some attributes cannot be told apart by the server; those are replaced as a whole.
    let otherwise = (gentle != whole).then(|| {
        (
            ResultCode::INAPPROPRIATE_MATCHING,
            Step::modify(Doing::Modify, &entry.dn, whole),
        )
    });
    Ok(State::Steps(Steps::one(
        Step::modify(Doing::Modify, &entry.dn, gentle),
        otherwise,
    )))
}

/// What goes and what comes. A value that is there is not sent, so that those of many values stay untouched.
fn value_by_value(change: &AttributeChange, now: &[Cow<'_, str>]) -> impl Iterator<Item = Change> {
    let syntax = Syntax::of(&change.name);
    let goes = now
        .iter()
        .map(AsRef::as_ref)
        .filter(|old| !change.after.iter().any(|new| syntax.same(old, new)));
    let comes = change
        .after
        .iter()
        .map(String::as_str)
        .filter(|new| !now.iter().any(|old| syntax.same(old, new)));
    let parts = [
        of_values(ChangeKind::Delete, change, goes),
        of_values(ChangeKind::Add, change, comes),
    ];
    parts.into_iter().filter(|part| !part.attribute.values.is_empty())
}

fn of_values<'a>(
    kind: ChangeKind,
    change: &AttributeChange,
    values: impl Iterator<Item = &'a str>,
) -> Change {
    let values = values
        .filter(|value| !value.is_empty())
        .map(|value| value.as_bytes().to_vec())
        .collect();
    Change {
        kind,
        attribute: Attribute {
            name: change.name.as_str().to_owned(),
            values,
        },
    }
}

/// What is there instead, in words.
pub(super) fn found(name: &AttributeName, now: &[Cow<'_, str>]) -> String {
    match now {
        [] => format!("`{name}` has no value"),
        values => format!("`{name}` is `{}`", values.join("`, `")),
    }
}

fn not_found() -> Outcome {
    outcome_of(Doing::Modify, &bare(ResultCode::NO_SUCH_OBJECT))
}

/// A result as a server would give it.
fn bare(code: ResultCode) -> LdapResult {
    LdapResult {
        code,
        matched: String::new(),
        diagnostic: String::new(),
        referrals: Vec::new(),
        name: None,
    }
}
