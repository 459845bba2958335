//! Carrying out a stored plan: in waves of one operation per account, each wave's intents durable before it leaves
//! and its outcomes kept after. Starting anew and going on after a crash are the same code.

mod coming;
mod flight;
mod sealed;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;
use tenure_core::action::Action;
use tenure_core::directory_action::DirectoryAction;
use tenure_core::document::{Documents, Kind};
use tenure_core::link::LinkState;
use tenure_core::outcome::Outcome;
use tenure_core::plan::Change;
use tenure_core::seams::{Applied, Attempt, Directory, Performer, Subject, Task, Write};
use tenure_store::{
    Flush, JournalEntry, Lease, LinkRow, OperationId, OutcomeRow, Run, RunChange, RunId, RunState, Sealed,
    StoreError,
};
use tokio::task::JoinHandle;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::identity::identify;
use crate::links::LinksBefore;
use crate::notices::BY_HAND;
use crate::progress::{Progress, Watch};
use crate::stop::Stop;
use crate::track::{KeptAs, Track};
use crate::wave::WaveSize;
use coming::Coming;
use flight::{Landed, Places, Wave};

pub use sealed::password_name;

/// Changes that are on their way at the same time, and those at first, which nothing can be done before they are read.
const WINDOW: u32 = 4_096;
const FIRST_WINDOW: u32 = 512;

/// Calls in one wave: they are slower than writes, and those that a crash meets may be left in doubt.
const CALLS: usize = 32;

/// How a plan is carried out.
#[derive(Clone)]
pub struct ApplyOptions {
    /// Whether guards that hold the run are overruled.
    pub release: Release,
    /// Whoever watches.
    pub watch: Arc<dyn Watch>,
    /// Whoever may want it to stop.
    pub stop: Stop,
    /// What is done with calls that an interruption left in doubt.
    pub in_doubt: InDoubtCalls,
}

/// What is done with calls of which it is not known whether they were made, where making them twice does something
/// twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InDoubtCalls {
    /// They are left for a human to decide.
    #[default]
    Ask,
    /// A human has decided that they are made again.
    Repeat,
}

/// Whether guards that hold a run are overruled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// A held run stays held.
    Keep,
    /// A human has looked at the plan and lets it go on.
    Release,
}

impl Engine {
    /// Carries out a plan, or what is left of it. The run that comes back is `Done`, `DoneWithFailures`, or
    /// `Interrupted` when somebody wanted it to stop or the directory went away.
    pub async fn apply(
        &self,
        documents: &Documents,
        run: RunId,
        options: &ApplyOptions,
    ) -> Result<Run, EngineError> {
        let run = self.store.run(run).await?;
        may_go_on(&run, options.release)?;
        let automation = documents
            .automation(&run.automation)
            .ok_or_else(|| EngineError::no_document(documents, Kind::Automation, &run.automation))?;
        let lease = self.claim(&automation.directory).await?;
        let applied = self
            .apply_claimed(
                &run,
                documents,
                (&automation.source, &automation.directory),
                options,
                &lease,
            )
            .await;
        lease.release().await?;
        Box::pin(self.announce(documents, &run.automation)).await;
        applied
    }

    async fn apply_claimed(
        &self,
        run: &Run,
        documents: &Documents,
        (source, directory): (&str, &str),
        options: &ApplyOptions,
        lease: &Lease,
    ) -> Result<Run, EngineError> {
        let connection = self
            .connections
            .directory(documents, directory, self.clock)
            .await?;
        let performer = self.connections.performer(documents, self.clock);
        let before = LinksBefore::new(self.store.links(source, directory).await?);
        let mut journal: HashMap<u64, Vec<JournalEntry>> = HashMap::new();
        for entry in self.store.journal(run.id).await? {
            journal.entry(entry.id.change).or_default().push(entry);
        }
        let from = [
            RunState::Planned,
            RunState::Held,
            RunState::Applying,
            RunState::Interrupted,
        ];
        self.store
            .move_run(run.id, &from, RunState::Applying, RunChange::default())
            .await?;
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| EngineError::Broken(error.to_string()))?;
        let mut applying = Applying {
            engine: self,
            run: run.id,
            source,
            directory_name: directory,
            directory: connection.as_ref(),
            performer: &performer,
            in_doubt: options.in_doubt,
            before,
            lease,
            random: ChaCha20Rng::from_seed(seed),
            size: WaveSize::new(),
            pending: Pending::default(),
            done: journal
                .values()
                .flatten()
                .filter(|entry| is_outcome(entry))
                .count() as u64,
            of: run.summary.plan.operations,
            failures: 0,
            watch: &options.watch,
            stop: &options.stop,
        };
        let end = applying.changes(journal).await;
        let failures = applying.failures;
        let now = Some(self.clock.now());
        let (state, error) = match &end {
            Ok(End::Finished) if failures == 0 => (RunState::Done, None),
            Ok(End::Finished) => (RunState::DoneWithFailures, None),
            Ok(End::Stopped) => (RunState::Interrupted, Some(BY_HAND.to_owned())),
            Ok(End::Unreachable(why)) => (RunState::Interrupted, Some(why.clone())),
            Err(error) => (RunState::Interrupted, Some(error.to_string())),
        };
        let change = RunChange {
            finished_at: now,
            error,
            ..RunChange::default()
        };
        let moved = self
            .store
            .move_run(run.id, &[RunState::Applying], state, change)
            .await;
        end?;
        moved?;
        Ok(self.store.run(run.id).await?)
    }
}

/// Whether a run is in a state from which it can be carried out.
fn may_go_on(run: &Run, release: Release) -> Result<(), EngineError> {
    let not = |hint| {
        Err(EngineError::State {
            run: run.id,
            state: run.state,
            hint,
        })
    };
    match run.state {
        RunState::Planned | RunState::Applying | RunState::Interrupted => Ok(()),
        RunState::Held if release == Release::Keep => Err(EngineError::Held {
            run: run.id,
            holds: run.held.clone(),
        }),
        RunState::Held if run.held.iter().all(|hold| hold.kind.can_be_released()) => Ok(()),
        RunState::Held if run.plan_digest.is_none() => not(
            "nothing was planned; authorize the application as the run says, and run the automation again",
        ),
        RunState::Held => {
            not("what came was not whole, so the plan must not be carried out; run the automation again")
        }
        RunState::Fetching => not("its plan is not whole yet; run the automation again"),
        RunState::Done | RunState::DoneWithFailures => {
            not("there is nothing left to do; run the automation again")
        }
        RunState::Failed | RunState::Discarded => not("run the automation again"),
    }
}

fn is_outcome(entry: &JournalEntry) -> bool {
    matches!(entry.event, tenure_store::JournalEvent::Outcome { .. })
}

/// How carrying out came to its end.
enum End {
    Finished,
    Stopped,
    Unreachable(String),
}

/// What is next to be sent.
#[derive(Default)]
enum Ready {
    /// This, and it is on the disk that it is about to happen.
    Wave(Wave),
    /// Nothing for now.
    #[default]
    Nothing,
    /// Nothing, since the directory does not answer.
    Unreachable(String),
}

/// What waits for the next flush.
#[derive(Default)]
struct Pending<'a> {
    outcomes: Vec<OutcomeRow>,
    links: Vec<LinkRow<'a>>,
}

struct Applying<'a> {
    engine: &'a Engine,
    run: RunId,
    source: &'a str,
    directory_name: &'a str,
    directory: &'a dyn Directory,
    performer: &'a dyn Performer,
    in_doubt: InDoubtCalls,
    before: LinksBefore,
    lease: &'a Lease,
    random: ChaCha20Rng,
    size: WaveSize,
    pending: Pending<'a>,
    done: u64,
    of: u64,
    failures: u64,
    watch: &'a Arc<dyn Watch>,
    stop: &'a Stop,
}

impl Applying<'_> {
    /// All changes, a window of them at a time.
    async fn changes(&mut self, mut journal: HashMap<u64, Vec<JournalEntry>>) -> Result<End, EngineError> {
        let mut next = self.read_ahead(None, FIRST_WINDOW);
        loop {
            let changes = match next.await {
                Ok(changes) => changes?,
                Err(error) => return Err(EngineError::Broken(error.to_string())),
            };
            let Some((last, _)) = changes.last() else {
                return Ok(End::Finished);
            };
            next = self.read_ahead(Some(*last), WINDOW);
            let mut tracks = Vec::with_capacity(changes.len());
            for (seq, change) in changes {
                let mut track = Track::new(seq, change);
                if let Some(entries) = journal.remove(&seq) {
                    track.replay(&entries);
                    self.failures += u64::from(!track.is_open() && !track.has_succeeded());
                }
                if track.change.operations.is_empty() {
                    self.keep_link(&track, KeptAs::State(track.change.then));
                }
                tracks.push(track);
            }
            let end = self.window(&mut tracks).await?;
            if matches!(end, End::Unreachable(_)) {
                // Operations of the last wave, and of the one behind it, stay without outcomes: they may be half done,
                // and whoever resumes the run looks at what has an intent and no outcome, and finishes it.
                return Ok(end);
            }
            self.flush(Vec::new(), Vec::new()).await?;
            if !matches!(end, End::Finished) {
                return Ok(end);
            }
        }
    }

    /// The next window of changes, read while the one before is carried out.
    fn read_ahead(
        &self,
        after: Option<u64>,
        limit: u32,
    ) -> JoinHandle<Result<Vec<(u64, Change)>, StoreError>> {
        let (store, run) = (self.engine.store.clone(), self.run);
        tokio::spawn(async move { store.changes(run, after, limit).await })
    }

    /// All operations of these changes, wave by wave. While one wave is on its way the next is made ready behind it.
    async fn window(&mut self, tracks: &mut [Track]) -> Result<End, EngineError> {
        let mut ready = Ready::Nothing;
        loop {
            if matches!(ready, Ready::Nothing) {
                if self.stop.is_asked() {
                    return Ok(End::Stopped);
                }
                ready = self.prepare(tracks, None).await?;
            }
            let wave = match std::mem::take(&mut ready) {
                Ready::Wave(wave) => wave,
                Ready::Unreachable(why) => return Ok(End::Unreachable(why)),
                Ready::Nothing => {
                    let open = tracks.iter().filter(|track| track.is_open());
                    let Some(due) = open.filter_map(Track::due).min() else {
                        return Ok(End::Finished);
                    };
                    tokio::time::sleep_until(due.into()).await;
                    continue;
                }
            };
            let (places, flight) = wave.fly(self.directory, self.performer);
            let behind = async {
                if self.stop.is_asked() {
                    return Ok(Ready::Nothing);
                }
                self.prepare(tracks, Some(&places)).await
            };
            let (landed, behind) = tokio::join!(flight, behind);
            if let Some(why) = self.settle(tracks, &places, landed).await? {
                return Ok(End::Unreachable(why));
            }
            ready = match behind {
                Ok(ready) => ready,
                Err(error) => {
                    // What has landed is kept all the same, if it can be.
                    self.flush(Vec::new(), Vec::new()).await?;
                    return Err(error);
                }
            };
        }
    }

    /// Which changes go next, each with one operation. Behind a wave that is on its way there are only writes: of calls
    /// that were announced and not made a human may have to decide, so they are announced when they leave.
    fn choose(&self, tracks: &[Track], flying: Option<&Places>) -> Vec<usize> {
        let now = Instant::now();
        let coming = Coming::among(tracks);
        let calls_at_once = if flying.is_some() { 0 } else { CALLS };
        let mut calls = 0;
        tracks
            .iter()
            .enumerate()
            .filter(|(_, track)| track.is_open() && track.due().is_none_or(|due| due <= now))
            .filter(|(at, _)| !flying.is_some_and(|places| places.contains(*at)))
            .filter(|(_, track)| !coming.is_needed_by(track))
            .filter(|(_, track)| {
                let is_call = track.is_call();
                calls += usize::from(is_call);
                !is_call || calls <= calls_at_once
            })
            .map(|(at, _)| at)
            .take(self.size.get())
            .collect()
    }

    /// Makes the next wave ready: what it is about to do is on the disk then, with all that ended before.
    async fn prepare(&mut self, tracks: &[Track], flying: Option<&Places>) -> Result<Ready, EngineError> {
        let mut wave = Wave::default();
        let mut intents = Vec::new();
        let mut secrets = Vec::new();
        for at in self.choose(tracks, flying) {
            let Some((track, action)) = tracks.get(at).and_then(|track| Some((track, track.action()?)))
            else {
                continue;
            };
            intents.push(track.id());
            if !action.kind().is_of_directories() {
                wave.call(at, self.call(track, action));
                continue;
            }
            let password = self.password(track, action, &mut secrets).await?;
            let action = match action {
                Action::Directory(DirectoryAction::Restore { .. }) => self.restoring(track).await?,
                action => action.clone(),
            };
            let write = Write {
                target: track.account.clone(),
                action,
                password,
                attempt: track.attempt,
            };
            wave.write(at, write);
        }
        identify(self.directory, wave.calls()).await;
        if let Err(error) = self.keep_copies(wave.writes(), &mut secrets).await? {
            // Without a copy nothing is deleted.
            return Ok(Ready::Unreachable(error.to_string()));
        }
        let is_empty = intents.is_empty();
        self.flush(secrets, intents).await?;
        Ok(if is_empty {
            Ready::Nothing
        } else {
            Ready::Wave(wave)
        })
    }

    /// Keeps what became of a wave. Gives the reason when the directory is not to be reached at all.
    async fn settle(
        &mut self,
        tracks: &mut [Track],
        places: &Places,
        landed: Landed,
    ) -> Result<Option<String>, EngineError> {
        let (written, called) = (&places.written, &places.called);
        let Landed {
            answers,
            took,
            outcomes,
        } = landed;
        self.size.learn(written.len(), took);
        if answers.len() != written.len() || outcomes.len() != called.len() {
            return Err(EngineError::Broken(format!(
                "{} answers to {} writes and {} to {} calls",
                answers.len(),
                written.len(),
                outcomes.len(),
                called.len()
            )));
        }
        for (at, outcome) in called.iter().zip(outcomes) {
            let Some(track) = tracks.get_mut(*at) else {
                continue;
            };
            let applied = Applied {
                outcome,
                account: None,
            };
            let ended = track.ended(applied, Instant::now());
            self.keep(track, ended);
        }
        let unreachable = all_failed(&answers);
        if unreachable.is_some() && !called.is_empty() {
            // Of writes that did not get through nothing may be kept; what became of the calls is known.
            self.flush(Vec::new(), Vec::new()).await?;
        }
        let mut given_up = 0;
        for (at, applied) in written.iter().zip(answers) {
            let Some(track) = tracks.get_mut(*at) else {
                continue;
            };
            let ended = track.ended(applied, Instant::now());
            given_up += u64::from(!ended.outcomes.is_empty());
            self.keep(track, ended);
        }
        // When not one operation of a wave got through after all tries, the rest need not be tried.
        Ok(unreachable.filter(|_| given_up == written.len() as u64 && written.len() > 1))
    }

    /// A call as it is to be made.
    fn call(&self, track: &Track, action: &Action) -> Task {
        let before = track
            .account
            .as_ref()
            .and_then(|account| self.before.of(&track.change, account))
            .and_then(|link| link.memory.as_ref());
        let mut captured = before.map(|memory| memory.captured.clone()).unwrap_or_default();
        captured.extend(track.captured.clone());
        let attempt = match self.in_doubt {
            InDoubtCalls::Ask => track.attempt,
            InDoubtCalls::Repeat => Attempt::First,
        };
        Task {
            action: action.clone(),
            subject: Subject {
                person: Some(track.change.person.clone()),
                name: track.change.name.clone(),
                account: track.account.clone(),
                attributes: action.told().to_vec(),
                captured,
                run: Some(self.run.to_string()),
            },
            password: password_name(self.directory_name, track.change.person.as_str()),
            idempotency_key: track.idempotency_key(self.source),
            attempt,
        }
    }

    fn keep(&mut self, track: &Track, ended: crate::track::Ended) {
        self.done += ended.outcomes.len() as u64;
        self.failures += u64::from(ended.outcomes.iter().any(|row| !row.outcome.is_success()));
        self.pending.outcomes.extend(ended.outcomes);
        if let Some(state) = ended.link {
            self.keep_link(track, state);
        }
        self.watch.progress(Progress::Applied {
            done: self.done,
            of: self.of,
        });
    }

    fn keep_link(&mut self, track: &Track, kept: KeptAs) {
        if let Some(account) = &track.account {
            let (before, now) = (self.before.of(&track.change, account), self.engine.clock.now());
            let state = match (kept, before) {
                (KeptAs::State(state), _) => state,
                (KeptAs::Before, _) if track.has_created() => LinkState::Joining,
                (KeptAs::Before, Some(before)) => before.state,
                // It is the person's, whatever becomes of the rest.
                (KeptAs::Before, None) => LinkState::Active,
            };
            let memory = track.memory(before.and_then(|link| link.memory.as_deref()), now);
            let link = self.before.after(&track.change, account, state, now, memory);
            self.pending.links.push(LinkRow {
                source: self.source,
                directory: self.directory_name,
                link,
            });
        }
    }

    /// Puts on the disk what ended and what is about to happen.
    async fn flush(&mut self, secrets: Vec<Sealed>, intents: Vec<OperationId>) -> Result<(), EngineError> {
        let pending = std::mem::take(&mut self.pending);
        if pending.outcomes.is_empty() && pending.links.is_empty() && intents.is_empty() {
            return Ok(());
        }
        let flush = Flush {
            run: self.run,
            at: self.engine.clock.now(),
            outcomes: pending.outcomes,
            links: pending.links,
            secrets,
            intents,
            lease: self.lease,
        };
        Ok(self.engine.store.flush(flush).await?)
    }
}

/// Why all writes failed for the moment, when they did.
fn all_failed(answers: &[Applied]) -> Option<String> {
    let mut why = None;
    for answer in answers {
        match &answer.outcome {
            Outcome::Failed(refusal) => why = Some(refusal.to_string()),
            _ => return None,
        }
    }
    why
}
