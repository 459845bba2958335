//! What steps ask of what only a cloud directory has: licences by what the account has, the rest once for each event.

use crate::cloud::{AutoReply, CloudAction, Licence, LicencePath, MailboxKind, ReplyAudience};
use crate::expression::{Evaluated, Format, Scope};
use crate::link::StepKey;

use super::decide::Decided;
use super::steps::evaluate;

/// What a step asks for. Of those with a key no listing shows whether they were done.
#[derive(Debug)]
pub enum CloudTask {
    /// These licences.
    AssignLicences(Vec<Format>),
    /// None of these licences, or none at all.
    RevokeLicences(Option<Vec<Format>>),
    /// No session.
    RevokeSessions(StepKey),
    /// An automatic reply to people of the organization and to others, or none.
    SetAutoReply(Option<(Format, Option<Format>, ReplyAudience)>, StepKey),
    /// A mailbox of a kind.
    ConvertMailbox(MailboxKind, StepKey),
}

impl CloudTask {
    /// What it is remembered by, when no listing shows whether it was done.
    pub(super) fn key(&self) -> Option<&StepKey> {
        match self {
            Self::AssignLicences(_) | Self::RevokeLicences(_) => None,
            Self::RevokeSessions(key) | Self::SetAutoReply(_, key) | Self::ConvertMailbox(_, key) => {
                Some(key)
            }
        }
    }
}

/// What is missing for a step to be fulfilled; `held` are the account's licences.
pub(super) fn ask(
    task: &CloudTask,
    held: &[Licence],
    scope: &Scope<'_>,
    origin: &str,
) -> Result<Option<CloudAction>, String> {
    Ok(match task {
        CloudTask::AssignLicences(wanted) => assign(texts(wanted, scope, origin)?, held),
        CloudTask::RevokeLicences(unwanted) => match unwanted {
            Some(unwanted) => {
                let named = texts(unwanted, scope, origin)?;
                revoke(held, |licence| named.iter().any(|name| licence.is(name)))
            }
            // What comes with a group goes with it.
            None => revoke(held, |licence| licence.by == LicencePath::Direct),
        },
        CloudTask::RevokeSessions(_) => Some(CloudAction::RevokeSessions),
        CloudTask::SetAutoReply(None, _) => Some(CloudAction::SetAutoReply { reply: None }),
        CloudTask::SetAutoReply(Some((internal, external, audience)), _) => {
            let external = external
                .as_ref()
                .map(|external| text(external, scope, origin))
                .transpose()?;
            Some(CloudAction::SetAutoReply {
                reply: Some(AutoReply {
                    internal: text(internal, scope, origin)?,
                    external,
                    audience: *audience,
                }),
            })
        }
        CloudTask::ConvertMailbox(to, _) => Some(CloudAction::ConvertMailbox { to: *to }),
    })
}

/// Gives what is not held by now.
fn assign(mut licences: Vec<String>, held: &[Licence]) -> Option<CloudAction> {
    licences.retain(|wanted| !held.iter().any(|licence| licence.is(wanted)));
    (!licences.is_empty()).then_some(CloudAction::AssignLicences { licences })
}

/// Takes back those of the held that are meant.
fn revoke(held: &[Licence], meant: impl Fn(&Licence) -> bool) -> Option<CloudAction> {
    let meant = held.iter().filter(|licence| meant(licence));
    let licences: Vec<String> = meant.map(|licence| licence.name.clone()).collect();
    (!licences.is_empty()).then_some(CloudAction::RevokeLicences { licences })
}

/// What is missing for the licences of a template: those that it gives, and those that it takes back.
pub(super) fn ask_template(
    decided: &Decided<'_>,
    held: &[Licence],
    scope: &Scope<'_>,
    origin: &str,
) -> Result<Vec<CloudAction>, String> {
    let mut wanted: Vec<String> = Vec::new();
    for said in decided.licences() {
        let name = text(said.what, scope, &said.because(origin))?;
        if !wanted.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            wanted.push(name);
        }
    }
    // A name that cannot be made for this person is none that a licence could have.
    let unwanted = decided.licences_to_revoke();
    let unwanted: Vec<String> = unwanted
        .filter_map(|format| text(format, scope, origin).ok())
        .collect();
    let goes = |licence: &Licence| {
        licence.by == LicencePath::Direct
            && unwanted.iter().any(|name| licence.is(name))
            && !wanted.iter().any(|name| licence.is(name))
    };
    // What is taken back goes first: of two editions of one product an account may not have both.
    let taken = revoke(held, goes);
    Ok(taken.into_iter().chain(assign(wanted, held)).collect())
}

/// The licences that an account has once an action is carried out.
pub(super) fn held_after(held: &mut Vec<Licence>, action: &CloudAction) {
    match action {
        CloudAction::AssignLicences { licences } => held.extend(licences.iter().map(|name| Licence {
            name: name.clone(),
            id: name.clone(),
            by: LicencePath::Direct,
        })),
        CloudAction::RevokeLicences { licences } => {
            held.retain(|licence| !licences.iter().any(|name| licence.is(name)));
        }
        CloudAction::RevokeSessions
        | CloudAction::SetAutoReply { .. }
        | CloudAction::ConvertMailbox { .. } => {}
    }
}

fn texts(formats: &[Format], scope: &Scope<'_>, origin: &str) -> Result<Vec<String>, String> {
    formats.iter().map(|format| text(format, scope, origin)).collect()
}

fn text(format: &Format, scope: &Scope<'_>, origin: &str) -> Result<String, String> {
    match evaluate(format, scope, origin)? {
        Evaluated::Values(values) => Ok(values.into_iter().next().unwrap_or_default()),
        Evaluated::Nothing { missing } => Err(format!(
            "{origin}: `{}` gives nothing, because `{missing}` has no value",
            format.source()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::{Attributes, Dictionary};

    fn asked(task: &CloudTask, held: &[&str]) -> Option<String> {
        let held: Vec<Licence> = held.iter().filter_map(|value| Licence::parse(value)).collect();
        let (dictionary, attributes) = (Dictionary::default(), Attributes::default());
        let scope = Scope::of_attributes(&dictionary, &attributes);
        let action = ask(task, &held, &scope, "leaver").unwrap();
        action.map(|action| action.sentence())
    }

    fn formats(names: &[&str]) -> Vec<Format> {
        names.iter().map(|name| Format::parse(name).unwrap()).collect()
    }

    #[test]
    fn licences_are_asked_for_by_what_the_account_has() {
        let both = CloudTask::AssignLicences(formats(&["spe_e3", "FLOW"]));
        let held = ["SPE_E3 id-3", "VISIO id-4 group"];
        assert_eq!(asked(&both, &held).as_deref(), Some("assign FLOW"));
        assert_eq!(asked(&CloudTask::AssignLicences(formats(&["ID-3"])), &held), None);
        // What comes with a group goes with it.
        let all = CloudTask::RevokeLicences(None);
        assert_eq!(asked(&all, &held).as_deref(), Some("take back SPE_E3"));
        assert_eq!(asked(&all, &held[1..]), None);
        let named = CloudTask::RevokeLicences(Some(formats(&["VISIO", "OTHER"])));
        assert_eq!(asked(&named, &held).as_deref(), Some("take back VISIO"));
    }
}
