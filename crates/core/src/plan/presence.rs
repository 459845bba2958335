//! Who is in the source, as a planner needs it: who needs no look, who has to be mapped again, who is gone.

use jiff::Timestamp;

use crate::account::Snapshot;
use crate::join::{Joined, Known};
use crate::link::{Link, LinkState};
use crate::profile::Profile;

/// People whose records were mapped, and those for whom that was not needed.
#[derive(Debug, Default)]
pub struct Presence {
    /// People whose records were mapped, in the order of the source.
    pub profiles: Vec<Profile>,
    /// Places in the links of people whose record and account are as they were when last nothing was to do.
    pub in_sync: Vec<u32>,
    /// Places in the links of people who are not in the source, ordered by key. Empty unless all of it was read.
    pub absent: Vec<u32>,
}

impl Presence {
    /// Whether somebody has no linked account. `links` are ordered by key.
    pub fn has_unlinked(&self, links: &[Link]) -> bool {
        self.profiles.iter().any(|profile| is_unlinked(profile, links))
    }

    /// Whether somebody active has no linked account, so that names may be needed. `links` are ordered by key.
    pub fn wants_accounts(&self, links: &[Link]) -> bool {
        let mut active = self
            .profiles
            .iter()
            .filter(|profile| profile.lifecycle.is_active());
        active.any(|profile| is_unlinked(profile, links))
    }
}

fn is_unlinked(profile: &Profile, links: &[Link]) -> bool {
    let link = links
        .binary_search_by(|link| link.key.cmp(&profile.key))
        .ok()
        .and_then(|at| links.get(at));
    link.is_none_or(|link| link.state == LinkState::Deleted)
}

/// Whether those who did not come may be taken as gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// The source was read completely.
    Proven,
    /// It was not, or cannot be told.
    Unproven,
}

/// A fetch sorted by what has to be done with each person.
#[derive(Debug, Default)]
pub struct Sorted {
    /// Places in the links of people for whom nothing is to do.
    pub in_sync: Vec<u32>,
    /// Records that are as they were, of people who need a look all the same: the place in the source and the place
    /// among what is known.
    pub again: Vec<(u32, u32)>,
    /// Places in the links of people who are not in the source.
    pub absent: Vec<u32>,
}

/// Sorts a fetch. `links` are ordered by key; `documents` is the start of their digest.
pub fn sort(
    joined: &Joined,
    known: &Known,
    links: &[Link],
    snapshot: &Snapshot,
    documents: u64,
    absence: Absence,
    now: Timestamp,
) -> Sorted {
    let mut sorted = Sorted::default();
    let link_of = |at: u32| {
        let record = known.at(at)?;
        let place = links.binary_search_by(|link| link.key.cmp(&record.key)).ok()?;
        Some((u32::try_from(place).ok()?, links.get(place)?, record))
    };
    for (place, at) in &joined.unchanged {
        let quiet = link_of(*at).filter(|(_, link, record)| {
            let same_account = |fingerprint| {
                snapshot
                    .get(&link.account)
                    .map(|account| account.fingerprint() == fingerprint)
            };
            link.in_sync.is_some_and(|state| {
                state.holds(record.hash, documents, now) && same_account(state.account) == Some(true)
            })
        });
        match quiet {
            Some((link, ..)) => sorted.in_sync.push(link),
            None => sorted.again.push((*place, *at)),
        }
    }
    if absence == Absence::Proven {
        let is_here = |link: &Link| match known.place(&link.key) {
            Some(at) => joined.seen.get(at as usize).copied().unwrap_or(false),
            None => joined.new.contains(&link.key),
        };
        let gone = links
            .iter()
            .zip(0u32..)
            .filter(|(link, _)| link.state != LinkState::Deleted && !is_here(link));
        sorted.absent = gone.map(|(_, at)| at).collect();
    }
    sorted
}
