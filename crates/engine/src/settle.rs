//! Calls of which it is not known whether they were made: a human looks, and says what it was.

use tenure_core::link::{Doubt, Memory, Owing};
use tenure_core::profile::PersonKey;
use tenure_store::LinkRow;

use crate::engine::Engine;
use crate::error::EngineError;

/// What a human found out about a call that is in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It was made.
    Done,
    /// It was not, and the next run is to make it.
    Repeat,
}

impl Engine {
    /// Settles the calls about one person that are in doubt: all, or only that of one step. Gives those that it
    /// settled.
    pub async fn settle(
        &self,
        key: &PersonKey,
        step: Option<&str>,
        how: Settlement,
    ) -> Result<Vec<Doubt>, EngineError> {
        let mut all = Vec::new();
        for (source, directory, stored) in self.store.links_of(key).await? {
            if stored.link.memory.is_none_or(|memory| memory.in_doubt.is_empty()) {
                continue;
            }
            // A run that goes on may change the link until it is ours.
            let lease = self.claim(&directory).await?;
            let settled = self.settle_claimed(key, (&source, &directory), step, how).await;
            lease.release().await?;
            all.extend(settled?);
        }
        Ok(all)
    }

    async fn settle_claimed(
        &self,
        key: &PersonKey,
        (source, directory): (&str, &str),
        step: Option<&str>,
        how: Settlement,
    ) -> Result<Vec<Doubt>, EngineError> {
        let links = self.store.links_of(key).await?;
        let found = links
            .into_iter()
            .find(|(from, to, _)| from == source && to == directory);
        let Some((_, _, mut stored)) = found else {
            return Ok(Vec::new());
        };
        let Some(memory) = stored.link.memory.as_mut() else {
            return Ok(Vec::new());
        };
        let named = |doubt: &Doubt| step.is_none_or(|step| doubt.owed.step.is_named(step));
        let settled: Vec<Doubt> = memory.in_doubt.extract_if(.., |doubt| named(doubt)).collect();
        if settled.is_empty() {
            return Ok(settled);
        }
        if how == Settlement::Repeat {
            for doubt in &settled {
                owe(memory, doubt);
            }
            // Otherwise nobody would look at the person before something else changes.
            stored.link.in_sync = None;
        }
        if memory.is_empty() {
            stored.link.memory = None;
        }
        let row = LinkRow {
            source,
            directory,
            link: stored,
        };
        self.store.save_links(&[row]).await?;
        Ok(settled)
    }
}

/// Makes a call owed again.
fn owe(memory: &mut Memory, doubt: &Doubt) {
    let owing = memory.owing.get_or_insert_with(|| Owing {
        event: doubt.event,
        calls: Vec::new(),
    });
    if owing.call(&doubt.owed.step).is_none() {
        owing.calls.push(doubt.owed.clone());
    }
}
