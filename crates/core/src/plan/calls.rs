//! Steps that no directory shows to be done (calls, scripts, messages, passwords): which are planned now, and which later.
//!
//! Such a step belongs to its event. It is planned when the event begins, and after that only while the link says that it
//! is owed.

use jiff::Timestamp;

use crate::dn::Dn;
use crate::link::{Link, LinkState, Owed, Owing, StepKey};

use super::change::Event;

/// The event for which a person's steps are asked, and what is left of it from earlier runs.
#[derive(Clone, Debug)]
pub(super) struct Occasion<'a> {
    event: Event,
    owing: Option<&'a Owing>,
    /// Groups that were left when the person left.
    left_groups: &'a [Dn],
    beginning: Beginning,
    now: Timestamp,
}

/// How an event stands before the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beginning {
    /// It begins with this plan.
    Now,
    /// It begins with this plan if there is something to write to the directory.
    WithWrites,
    /// It has begun, or was over before there was a call to make.
    Before,
}

/// What becomes of a call that a step asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It is planned.
    Now(Owed),
    /// It is planned if something is written to the directory.
    WithWrites(Owed),
    /// It was owed before, and is planned again.
    Again(Owed),
    /// Nothing.
    Nothing,
}

impl<'a> Occasion<'a> {
    /// The event of a person with this link, or without one.
    pub(super) fn new(event: Event, link: Option<&'a Link>, now: Timestamp) -> Self {
        let owing = link.and_then(Link::owing);
        let begun = owing.is_some_and(|owing| owing.event == event);
        let beginning = match (event, link.map(|link| link.state)) {
            _ if begun => Beginning::Before,
            // Somebody who left before has nothing to begin, but for one who was about to come back.
            (Event::Leaver, Some(LinkState::Left)) if owing.is_none() => Beginning::Before,
            // Its calls were planned with the account; what is left of the rule is written to the directory.
            (Event::Joiner, Some(LinkState::Joining)) => Beginning::Before,
            // Of an account that is seen for the first time nobody knows when its owner left.
            (Event::Leaver, None) => Beginning::WithWrites,
            (Event::Joiner | Event::Leaver | Event::Rehire, _) => Beginning::Now,
            (Event::Mover | Event::Match, _) => Beginning::Before,
        };
        Self {
            event,
            owing,
            left_groups: link
                .and_then(|link| link.memory.as_ref())
                .map_or(&[], |memory| memory.groups.as_slice()),
            beginning,
            now,
        }
    }

    /// What becomes of a call in a rule, whose date has come.
    pub(super) fn asked(&self, rule: Event, key: &StepKey) -> Asked {
        if let Some(owed) = self.owed(key) {
            return Asked::Again(owed.clone());
        }
        let beginning = match rule {
            // What a mover rule asks for is asked again with each change.
            Event::Mover | Event::Match => Beginning::WithWrites,
            _ if rule == self.event => self.beginning,
            _ => Beginning::Before,
        };
        match beginning {
            Beginning::Now => Asked::Now(self.owe(key)),
            Beginning::WithWrites => Asked::WithWrites(self.owe(key)),
            Beginning::Before => Asked::Nothing,
        }
    }

    /// What becomes of a call in a rule, whose date has not come: it is owed from now on, or still.
    pub(super) fn later(&self, rule: Event, key: &StepKey) -> Option<Owed> {
        match (self.owed(key), self.beginning) {
            (Some(owed), _) => Some(owed.clone()),
            (None, Beginning::Now | Beginning::WithWrites) if rule == self.event => Some(self.owe(key)),
            (None, _) => None,
        }
    }

    /// The groups that were left when the person left.
    pub(super) fn left_groups(&self) -> &'a [Dn] {
        self.left_groups
    }

    /// The call as it is owed from earlier runs.
    pub(super) fn owed(&self, key: &StepKey) -> Option<&'a Owed> {
        self.owing.and_then(|owing| owing.call(key))
    }

    fn owe(&self, key: &StepKey) -> Owed {
        Owed {
            step: key.clone(),
            occasion: self.now.as_microsecond().to_string(),
        }
    }
}
