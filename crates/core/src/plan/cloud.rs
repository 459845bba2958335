//! What steps ask of an account in a cloud directory: licences by what the account has, the rest once per event, since
//! no listing shows it.

use crate::cloud::{AutoReply, CloudAction, Licence, LicencePath, MailboxKind, Photo, ReplyAudience};
use crate::expression::{Evaluated, Format, Scope};
use crate::link::{Link, LinkState};

use super::change::Event;
use super::steps::evaluate;

/// What a step asks for.
#[derive(Debug)]
pub enum CloudTask {
    /// These licences.
    AssignLicences(Vec<Format>),
    /// None of these licences, or none at all.
    RevokeLicences(Option<Vec<Format>>),
    /// No session.
    RevokeSessions,
    /// An automatic reply to people of the organization and to others, or none.
    SetAutoReply(Option<(Format, Option<Format>, ReplyAudience)>),
    /// A picture.
    SetPhoto(Format),
    /// No picture.
    RemovePhoto,
    /// A mailbox of a kind.
    ConvertMailbox(MailboxKind),
    /// A deleted account comes back.
    Restore {
        /// As long as it was not deleted longer ago.
        within: jiff::SignedDuration,
    },
}

/// Whether the event that a step belongs to begins with this plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    /// It does.
    Now,
    /// It has begun before.
    Before,
}

impl Beginning {
    /// Leaving begins when it takes somebody to another state than the link has; until a joiner or somebody who is
    /// back has all that the rule says, the event is begun anew with each plan.
    pub(super) fn of(event: Event, link: Option<&Link>) -> Self {
        match event {
            Event::Leaver if link.is_some_and(|link| link.state == LinkState::Left) => Self::Before,
            Event::Joiner | Event::Rehire | Event::Leaver => Self::Now,
            Event::Mover | Event::Match => Self::Before,
        }
    }
}

/// What is missing for a step to be fulfilled; `held` are the account's licences.
pub(super) fn ask(
    task: &CloudTask,
    held: &[Licence],
    beginning: Beginning,
    scope: &Scope<'_>,
    origin: &str,
) -> Result<Option<CloudAction>, String> {
    if let CloudTask::AssignLicences(wanted) = task {
        let mut licences = texts(wanted, scope, origin)?;
        licences.retain(|wanted| !held.iter().any(|licence| licence.is(wanted)));
        return Ok((!licences.is_empty()).then_some(CloudAction::AssignLicences { licences }));
    }
    if let CloudTask::RevokeLicences(unwanted) = task {
        let named = unwanted
            .as_ref()
            .map(|unwanted| texts(unwanted, scope, origin))
            .transpose()?;
        let goes = |licence: &&Licence| match &named {
            Some(named) => named.iter().any(|name| licence.is(name)),
            // What comes with a group goes with it.
            None => licence.by == LicencePath::Direct,
        };
        let licences: Vec<String> = held.iter().filter(goes).map(|one| one.name.clone()).collect();
        return Ok((!licences.is_empty()).then_some(CloudAction::RevokeLicences { licences }));
    }
    if beginning == Beginning::Before {
        return Ok(None);
    }
    Ok(match task {
        CloudTask::RevokeSessions => Some(CloudAction::RevokeSessions),
        CloudTask::SetAutoReply(None) => Some(CloudAction::SetAutoReply { reply: None }),
        CloudTask::SetAutoReply(Some((internal, external, audience))) => {
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
        CloudTask::SetPhoto(format) => match evaluate(format, scope, origin)? {
            // Somebody without a picture stays without one.
            Evaluated::Nothing { .. } => None,
            Evaluated::Values(values) => {
                let photo = Photo::from_base64(values.first().map(String::as_str).unwrap_or_default());
                let photo = photo.map_err(|error| format!("{origin}: {error}"))?;
                Some(CloudAction::SetPhoto { photo })
            }
        },
        CloudTask::RemovePhoto => Some(CloudAction::RemovePhoto),
        CloudTask::ConvertMailbox(to) => Some(CloudAction::ConvertMailbox { to: *to }),
        CloudTask::AssignLicences(_) | CloudTask::RevokeLicences(_) | CloudTask::Restore { .. } => None,
    })
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

    fn asked(task: &CloudTask, held: &[&str], beginning: Beginning) -> Option<String> {
        let held: Vec<Licence> = held.iter().filter_map(|value| Licence::parse(value)).collect();
        let (dictionary, attributes) = (Dictionary::default(), Attributes::default());
        let scope = Scope::of_attributes(&dictionary, &attributes);
        let action = ask(task, &held, beginning, &scope, "leaver").unwrap();
        action.map(|action| action.sentence())
    }

    fn formats(names: &[&str]) -> Vec<Format> {
        names.iter().map(|name| Format::parse(name).unwrap()).collect()
    }

    #[test]
    fn licences_are_asked_for_by_what_the_account_has() {
        let both = CloudTask::AssignLicences(formats(&["spe_e3", "FLOW"]));
        let held = ["SPE_E3 id-3", "VISIO id-4 group"];
        let before = Beginning::Before;
        assert_eq!(asked(&both, &held, before).as_deref(), Some("assign FLOW"));
        assert_eq!(
            asked(&CloudTask::AssignLicences(formats(&["ID-3"])), &held, before),
            None
        );
        // What comes with a group goes with it.
        let all = CloudTask::RevokeLicences(None);
        assert_eq!(asked(&all, &held, before).as_deref(), Some("take back SPE_E3"));
        assert_eq!(asked(&all, &held[1..], before), None);
        let named = CloudTask::RevokeLicences(Some(formats(&["VISIO", "OTHER"])));
        assert_eq!(asked(&named, &held, before).as_deref(), Some("take back VISIO"));
    }

    #[test]
    fn what_no_listing_shows_is_asked_for_when_the_event_begins() {
        for task in [
            CloudTask::RevokeSessions,
            CloudTask::RemovePhoto,
            CloudTask::SetAutoReply(None),
        ] {
            assert!(asked(&task, &[], Beginning::Now).is_some());
            assert_eq!(asked(&task, &[], Beginning::Before), None);
        }
        let photo = CloudTask::SetPhoto(Format::parse("{{ photo }}").unwrap());
        assert_eq!(
            asked(&photo, &[], Beginning::Now),
            None,
            "somebody without a picture"
        );
    }
}
