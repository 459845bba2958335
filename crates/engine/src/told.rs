//! What there is to tell of a run, gathered from what is stored of it.

use std::collections::HashMap;

use jiff::Timestamp;
use tenure_core::digest::{self, Digest, Stage, TOLD, ToldChange, ToldFailure, ToldHold, ToldPerson};
use tenure_core::document::Documents;
use tenure_core::plan::{Change, Counts, Event, Operation};
use tenure_core::profile::PersonKey;
use tenure_core::redact::Redaction;
use tenure_store::{Run, RunId, RunState};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::notices::Outcomes;

/// Changes that are read at once.
const PAGE: u32 = 200;
/// Runs that are looked through for a change of one person.
const RUNS: u32 = 200;

/// Gathers what messages tell, each thing once.
pub(crate) struct Told<'a> {
    engine: &'a Engine,
    documents: &'a Documents,
    runs: HashMap<RunId, Run>,
    digests: HashMap<(RunId, Stage), Digest>,
    /// The journal of the run that was asked for last, and what its documents hide.
    journal: Option<(RunId, Outcomes)>,
    redactions: HashMap<String, Redaction>,
}

/// Of whom a message tells.
#[derive(Clone, Copy)]
pub(crate) enum About<'a> {
    /// Everybody.
    Everybody,
    /// One person.
    Person(&'a PersonKey),
}

impl<'a> About<'a> {
    pub(crate) fn of(person: Option<&'a PersonKey>) -> Self {
        person.map_or(Self::Everybody, Self::Person)
    }
}

impl<'a> Told<'a> {
    pub(crate) fn new(engine: &'a Engine, documents: &'a Documents) -> Self {
        Self {
            engine,
            documents,
            runs: HashMap::new(),
            digests: HashMap::new(),
            journal: None,
            redactions: HashMap::new(),
        }
    }

    /// A run as it stands.
    pub(crate) async fn run(&mut self, id: RunId) -> Result<Run, EngineError> {
        if let Some(run) = self.runs.get(&id) {
            return Ok(run.clone());
        }
        let run = self.engine.store.run(id).await?;
        self.runs.insert(id, run.clone());
        Ok(run)
    }

    /// What a message tells; none about somebody of whom the run has nothing.
    pub(crate) async fn digest(
        &mut self,
        run: &Run,
        stage: Stage,
        about: About<'_>,
    ) -> Result<Option<Digest>, EngineError> {
        if let (About::Everybody, Some(digest)) = (about, self.digests.get(&(run.id, stage))) {
            return Ok(Some(digest.clone()));
        }
        let redaction = self.redaction(run).await?;
        if self.journal.as_ref().is_none_or(|(of, _)| *of != run.id) {
            self.journal = Some((run.id, Outcomes::new(self.engine, run).await?));
        }
        let Some((_, journal)) = &self.journal else {
            return Ok(None);
        };
        match about {
            About::Everybody => {
                let digest = of_run(self.engine, run, stage, journal, &redaction).await?;
                self.digests.insert((run.id, stage), digest.clone());
                Ok(Some(digest))
            }
            About::Person(key) => {
                let changes = self.engine.store.changes_of_person(key, RUNS).await?;
                let found = changes.into_iter().find(|(of, ..)| *of == run.id);
                Ok(found.map(|(_, seq, change)| of_person(run, stage, (seq, &change), journal, &redaction)))
            }
        }
    }

    /// What the documents of the plan hide, and those of today.
    async fn redaction(&mut self, run: &Run) -> Result<Redaction, EngineError> {
        if let Some(redaction) = self.redactions.get(&run.documents) {
            return Ok(redaction.clone());
        }
        let mut redaction = Redaction::of(self.documents);
        if let Some(text) = self.engine.store.document(&run.documents).await? {
            let stored = Documents::from_json(&text);
            let stored = stored.map_err(|error| EngineError::Broken(error.to_string()))?;
            redaction.add(Redaction::of(&stored));
        }
        self.redactions.insert(run.documents.clone(), redaction.clone());
        Ok(redaction)
    }
}

/// What is the same for all that is told of a run.
fn outline(run: &Run, stage: Stage) -> Digest {
    Digest {
        run: run.id.to_string(),
        automation: run.automation.clone(),
        headline: String::new(),
        state: run.state.name().replace('_', " "),
        stage,
        started_by: run.started_by.clone(),
        started_at: moment(run.started_at),
        finished_at: run.finished_at.map(moment),
        error: None,
        counts: Counts::default(),
        changes: Vec::new(),
        more_changes: 0,
        failures: Vec::new(),
        more_failures: 0,
        held: Vec::new(),
        findings: Vec::new(),
        more_findings: 0,
        command: format!("tenure show {}", run.id),
        release: None,
        person: None,
    }
}

async fn of_run(
    engine: &Engine,
    run: &Run,
    stage: Stage,
    journal: &Outcomes,
    redaction: &Redaction,
) -> Result<Digest, EngineError> {
    let mut digest = outline(run, stage);
    digest.error.clone_from(&run.error);
    if stage == Stage::Held {
        digest.counts = run.counts;
        digest.held = run.held.iter().map(ToldHold::from).collect();
        let can_go_on = run.plan_digest.is_some() && run.held.iter().all(|hold| hold.kind.can_be_released());
        digest.release = can_go_on.then(|| format!("tenure apply {} --release", run.id));
        let seen = planned(engine, run, redaction, &mut digest.changes).await?;
        digest.more_changes = run.summary.plan.changes.saturating_sub(seen);
    } else {
        digest.counts = run.applied;
        for (seq, outcomes) in &journal.by_change {
            let successes = outcomes
                .iter()
                .flatten()
                .filter(|outcome| outcome.is_success())
                .count();
            let failures = outcomes.iter().flatten().count() - successes;
            let tells_change = successes > 0 && digest.changes.len() < TOLD;
            let tells_failure = failures > 0 && digest.failures.len() < TOLD;
            let change = if tells_change || tells_failure {
                engine.store.change(run.id, *seq).await?
            } else {
                None
            };
            let told = change
                .as_ref()
                .filter(|_| tells_change)
                .and_then(|change| ToldChange::new(change, Some(outcomes), redaction));
            match told {
                Some(told) => digest.changes.push(told),
                None => digest.more_changes += u64::from(successes > 0),
            }
            match change.as_ref().filter(|_| tells_failure) {
                Some(change) => {
                    let mut told = ToldFailure::of(change, outcomes, redaction);
                    let room = TOLD.saturating_sub(digest.failures.len());
                    digest.more_failures += told.len().saturating_sub(room) as u64;
                    told.truncate(room);
                    digest.failures.extend(told);
                }
                None => digest.more_failures += failures as u64,
            }
        }
    }
    let most = u32::try_from(TOLD).unwrap_or(u32::MAX);
    let findings = engine.store.findings(run.id, None, most).await?;
    digest.more_findings = run.summary.findings.saturating_sub(findings.len() as u64);
    digest.findings = findings.iter().map(digest::finding).collect();
    digest.headline = headline(run, &digest);
    Ok(digest)
}

/// The first changes of a plan; gives how many were looked at.
async fn planned(
    engine: &Engine,
    run: &Run,
    redaction: &Redaction,
    told: &mut Vec<ToldChange>,
) -> Result<u64, EngineError> {
    let (mut after, mut seen) = (None, 0);
    while told.len() < TOLD {
        let changes = engine.store.changes(run.id, after, PAGE).await?;
        let Some((last, _)) = changes.last() else { break };
        after = Some(*last);
        for (_, change) in &changes {
            if told.len() == TOLD {
                break;
            }
            seen += 1;
            told.extend(ToldChange::new(change, None, redaction));
        }
    }
    Ok(seen)
}

fn of_person(
    run: &Run,
    stage: Stage,
    (seq, change): (u64, &Change),
    journal: &Outcomes,
    redaction: &Redaction,
) -> Digest {
    let mut digest = outline(run, stage);
    let outcomes = journal.by_change.get(&seq).map_or(&[][..], Vec::as_slice);
    digest.changes.extend(match stage {
        Stage::Held => ToldChange::new(change, None, redaction),
        Stage::Interrupted | Stage::Ended => ToldChange::new(change, Some(outcomes), redaction),
    });
    digest.failures = ToldFailure::of(change, outcomes, redaction);
    let done: Vec<Operation> = change
        .operations
        .iter()
        .zip(outcomes)
        .filter(|(_, outcome)| {
            outcome
                .as_ref()
                .is_some_and(tenure_core::outcome::Outcome::is_success)
        })
        .map(|(operation, _)| operation.clone())
        .collect();
    digest.counts = Counts::of_operations(&done);
    let name = &change.name;
    digest.headline = match change.event {
        _ if digest.changes.is_empty() => format!("{name}: something did not go well"),
        Event::Joiner => format!("{name} starts"),
        Event::Mover => format!("{name}: the account was changed"),
        Event::Leaver => format!("{name} has left"),
        Event::Rehire => format!("{name} is back"),
        Event::Match => format!("{name}: an account was recognised"),
    };
    digest.command = format!("tenure person {}", change.person);
    digest.person = Some(ToldPerson {
        key: change.person.to_string(),
        name: name.clone(),
    });
    digest
}

fn headline(run: &Run, digest: &Digest) -> String {
    let who = format!("Run {} of {}", run.id, run.automation);
    let failures = digest.failures.len() as u64 + digest.more_failures;
    let failed = match failures {
        0 => String::new(),
        1 => ", 1 operation did not go well".to_owned(),
        many => format!(", {many} operations did not go well"),
    };
    match run.state {
        _ if digest.stage == Stage::Held => match digest.held.first() {
            Some(hold) => format!("{who} is held: {}", hold.text),
            None => format!("{who} is {}", digest.state),
        },
        RunState::Failed => format!("{who} failed"),
        RunState::Interrupted => format!("{who} was interrupted{failed}"),
        _ => {
            let done = digest::counted(digest.counts);
            let calls = (!digest.changes.is_empty()).then(|| "no account was changed".to_owned());
            let done = done.or(calls).unwrap_or_else(|| "nothing to do".to_owned());
            format!("{who}: {done}{failed}")
        }
    }
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
