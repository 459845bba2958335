//! What a planner hands out while it plans: changes and findings, counted on their way.

use serde::{Deserialize, Serialize};

use crate::account::{Access, Account};
use crate::link::{InSync, Link};
use crate::plan::change::{Change, Event, Finding, FindingKind};
use crate::plan::guard::Counts;
use crate::profile::{PersonKey, Profile};

/// Takes what a planner finds, while it finds it.
pub trait PlanSink {
    /// A change.
    fn change(&mut self, change: Change);
    /// Something about a person who is left alone.
    fn finding(&mut self, finding: Finding);
    /// Nothing is to do for the person of this link while these stay as they are.
    fn in_sync(&mut self, key: &PersonKey, state: InSync);
}

/// The plan in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// People with something to do.
    pub changes: u64,
    /// Writes in all.
    pub operations: u64,
    /// People for whom nothing is to do.
    pub unchanged: u64,
    /// People who are hired and have not started.
    pub upcoming: u64,
    /// People who are not active and have no account.
    pub ignored: u64,
    /// People and records left alone, for a reason that somebody should look at.
    pub findings: u64,
    /// Joiners.
    pub joiners: u64,
    /// Movers.
    pub movers: u64,
    /// Leavers.
    pub leavers: u64,
    /// Rehires.
    pub rehires: u64,
    /// Accounts recognised.
    pub matches: u64,
    /// People with an account in use, before the plan.
    pub population: u64,
    /// What the writes amount to.
    pub counts: Counts,
}

/// Where a planner puts what it finds.
pub(super) struct Out<'a> {
    pub(super) sink: &'a mut dyn PlanSink,
    pub(super) summary: Summary,
}

impl Out<'_> {
    pub(super) fn finding(&mut self, person: Option<&PersonKey>, kind: FindingKind, text: String) {
        self.summary.findings += 1;
        self.sink.finding(Finding {
            person: person.cloned(),
            kind,
            text,
        });
    }

    pub(super) fn change(&mut self, change: Change) {
        let summary = &mut self.summary;
        summary.changes += 1;
        summary.operations += change.operations.len() as u64;
        match change.event {
            Event::Joiner => summary.joiners += 1,
            Event::Mover => summary.movers += 1,
            Event::Leaver => summary.leavers += 1,
            Event::Rehire => summary.rehires += 1,
            Event::Match => summary.matches += 1,
        }
        summary.counts += Counts::of_operations(&change.operations);
        self.sink.change(change);
    }
}

/// Says which calls of a person are in doubt.
pub(super) fn doubts(link: Option<&Link>, out: &mut Out<'_>) {
    let memory = link.and_then(|link| Some((&link.key, link.memory.as_ref()?)));
    for (key, doubt) in memory
        .iter()
        .flat_map(|(key, memory)| memory.in_doubt.iter().map(move |doubt| (*key, doubt)))
    {
        let text = format!(
            "{}: {}; say which with `tenure webhook settle {key} --done` or `--repeat`",
            doubt.owed.step, doubt.what
        );
        out.finding(Some(key), FindingKind::InDoubt, text);
    }
}

/// Says that an account is disabled which Tenure has not disabled.
pub(super) fn notice_of_disabled(event: Event, profile: &Profile, account: &Account, out: &mut Out<'_>) {
    if event == Event::Match && account.access == Access::Disabled {
        let text = format!(
            "the account {} is disabled though the person is active; Tenure did not disable it and leaves it so",
            account.dn
        );
        out.finding(Some(&profile.key), FindingKind::Notice, text);
    }
}

/// Says that a linked account is not there.
pub(super) fn account_gone(profile: &Profile, out: &mut Out<'_>) {
    if profile.lifecycle.is_active() {
        out.finding(
            Some(&profile.key),
            FindingKind::AccountGone,
            "the linked account is not in the directory any more, or is outside its base; restore it, or \
             remove the link with `tenure unlink` to have a new one made"
                .to_owned(),
        );
    } else {
        out.summary.ignored += 1;
    }
}
