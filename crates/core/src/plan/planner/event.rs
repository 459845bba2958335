//! What happens to somebody who has an account: which event, why, and from which date delays count.

use jiff::Timestamp;

use crate::lifecycle::Lifecycle;
use crate::link::{Link, LinkState};
use crate::plan::change::{Event, Operation, Reason};
use crate::plan::steps::Draft;
use crate::profile::Profile;

/// What happens to somebody who has an account, and why; nothing while they have not started.
pub(super) fn event_of(lifecycle: &Lifecycle, link: Option<&Link>) -> Option<(Event, Reason)> {
    let leaving = link.is_some_and(|link| {
        link.owing().is_some_and(|owing| owing.event == Event::Leaver) || link.has_left_groups()
    });
    Some(match (lifecycle, link.map(|link| link.state)) {
        // Some of the leaver rule was done before it was known that the person stays.
        (Lifecycle::Active { .. }, Some(LinkState::Active)) if leaving => {
            (Event::Rehire, Reason::ActiveAgain)
        }
        (Lifecycle::Active { .. }, Some(LinkState::Left)) => (Event::Rehire, Reason::ActiveAgain),
        (Lifecycle::Active { .. }, Some(LinkState::Joining)) => (Event::Joiner, Reason::Unfinished),
        (Lifecycle::Active { .. }, Some(_)) => (Event::Mover, Reason::Differs),
        (Lifecycle::Active { .. }, None) => (Event::Match, Reason::Recognised),
        (Lifecycle::Ended { since }, _) => (Event::Leaver, Reason::Ended { since: *since }),
        (Lifecycle::Inactive, _) => (Event::Leaver, Reason::Inactive),
        (Lifecycle::Upcoming { .. }, _) => return None,
    })
}

/// The date that delays count from.
pub(super) fn anchor_of(profile: &Profile, link: Option<&Link>, event: Event, now: Timestamp) -> Timestamp {
    match (&profile.lifecycle, link) {
        (Lifecycle::Ended { since }, _) => *since,
        (_, Some(link))
            if event == Event::Mover || matches!(link.state, LinkState::Left | LinkState::Joining) =>
        {
            link.since
        }
        _ => now,
    }
}

/// Asks for the steps of an event, and for calls that earlier ones left owed.
pub(super) fn ask(draft: &mut Draft<'_>, event: Event) -> Result<(), String> {
    match event {
        Event::Joiner | Event::Rehire => {
            draft.ask(event)?;
            draft.ask(Event::Mover)
        }
        Event::Mover | Event::Match => {
            draft.ask(Event::Mover)?;
            draft.ask_owed(Event::Joiner)?;
            draft.ask_owed(Event::Rehire)
        }
        Event::Leaver => draft.ask(Event::Leaver),
    }
}

/// Whether a change without operations would leave a link as it is. An event that was broken off is over with the
/// change that undoes it, even when there is nothing to write.
pub(super) fn is_as_before(link: &Link, event: Event, then: LinkState) -> bool {
    link.state == then && (event != Event::Rehire || (link.owing().is_none() && !link.has_left_groups()))
}

pub(super) fn has_doubts(link: &Link) -> bool {
    link.memory
        .as_ref()
        .is_some_and(|memory| !memory.in_doubt.is_empty())
}

/// Why a change is planned, by its event and by what is in it.
pub(super) fn reason_of(event: Event, reason: Reason, operations: &[Operation]) -> Reason {
    match event {
        Event::Mover
            if !operations.is_empty() && operations.iter().all(|operation| operation.owed.is_some()) =>
        {
            Reason::Owed
        }
        Event::Mover => Reason::Differs,
        _ => reason,
    }
}
