//! Who has to wait for others of the same run.

use std::collections::HashSet;

use tenure_core::action::{Action, AttributeChange};
use tenure_core::dn::Dn;
use tenure_core::syntax::Syntax;

use crate::track::Track;

/// Accounts that are still to be created, for those who refer to them: a manager who is hired on the same day.
pub(super) struct Coming(HashSet<String>);

impl Coming {
    pub(super) fn among(tracks: &[Track]) -> Self {
        let open = || tracks.iter().filter(|track| track.is_open());
        if !open().any(|track| references(track).next().is_some()) {
            return Self(HashSet::new());
        }
        Self(
            open()
                .filter_map(|track| match track.action() {
                    Some(Action::CreateAccount { dn, .. }) => Some(dn.normalised()),
                    _ => None,
                })
                .collect(),
        )
    }

    pub(super) fn is_needed_by(&self, track: &Track) -> bool {
        !self.0.is_empty()
            && references(track).any(|value| self.0.contains(&Dn::from_server(value).normalised()))
    }
}

/// The objects that the next write of a change refers to.
fn references(track: &Track) -> impl Iterator<Item = &str> {
    let changes: &[AttributeChange] = match track.action() {
        Some(Action::ModifyAttributes { changes }) => changes,
        _ => &[],
    };
    changes
        .iter()
        .filter(|change| Syntax::of(&change.name) == Syntax::Dn)
        .flat_map(|change| change.after.iter().map(String::as_str))
}
