//! What guards look at: this fetch and plan beside what earlier runs saw and did.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tenure_core::attribute::AttributeName;
use tenure_core::join::{Joined, Known};
use tenure_core::plan::{Limits, Observation, Summary};
use tenure_core::profile::PersonKey;
use tenure_store::{Run, RunState, Store};

use crate::error::EngineError;

/// Attributes that fewer people than this had are not missed.
const NOTABLE: u64 = 10;
/// An attribute has vanished when fewer than one in so many of those who had it are left.
const LEFT_OF: u64 = 10;

/// How many people have a value, by the name of the attribute.
pub(crate) fn filled(mapped: &[AttributeName], joined: &Joined) -> BTreeMap<String, u64> {
    mapped
        .iter()
        .zip(&joined.filled)
        .map(|(name, count)| (name.to_string(), *count))
        .collect()
}

/// The last run of an automation whose data was in order, however long ago: trouble that lasts must not become what
/// is usual.
pub(crate) async fn last_good(store: &Store, automation: &str) -> Result<Option<Run>, EngineError> {
    let good = [
        RunState::Planned,
        RunState::Applying,
        RunState::Interrupted,
        RunState::Done,
        RunState::DoneWithFailures,
    ];
    Ok(store.last_run(automation, &good).await?)
}

/// What this run saw, beside the one before.
pub(crate) struct Seen<'a> {
    pub(crate) automation: &'a str,
    pub(crate) limits: &'a Limits,
    pub(crate) joined: &'a Joined,
    pub(crate) known: &'a Known,
    pub(crate) filled: &'a BTreeMap<String, u64>,
    pub(crate) before: Option<&'a Run>,
    pub(crate) incomplete: Vec<String>,
    pub(crate) summary: &'a Summary,
    pub(crate) now: Timestamp,
}

/// Gathers what guards look at.
pub(crate) async fn observe(store: &Store, seen: Seen<'_>) -> Result<Observation, EngineError> {
    let longest = seen.limits.budgets.iter().map(|(_, _, span)| *span).max();
    let history = match longest {
        Some(span) => {
            let since = seen.now.checked_sub(span).unwrap_or(Timestamp::MIN);
            store.applied_counts(seen.automation, since).await?
        }
        None => Vec::new(),
    };
    let is_here = |key: &PersonKey| match seen.known.place(key) {
        Some(at) => seen.joined.seen.get(at as usize).copied().unwrap_or(false),
        None => seen.joined.new.contains(key),
    };
    let before = seen.before.map(|run| &run.summary.filled);
    let vanished = before.into_iter().flatten().filter_map(|(name, before)| {
        let now = *seen.filled.get(name)?;
        (*before >= NOTABLE && now < before / LEFT_OF).then(|| (name.clone(), *before, now))
    });
    Ok(Observation {
        planned: seen.summary.counts,
        population: seen.summary.population,
        fetched: seen.joined.present(),
        known: seen.known.present(),
        missing_canaries: seen
            .limits
            .canaries
            .iter()
            .filter(|key| !is_here(key))
            .cloned()
            .collect(),
        vanished: vanished.collect(),
        incomplete: seen.incomplete,
        history,
    })
}
