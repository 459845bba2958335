//! Telling people what runs did. Messages are owed before they are sent and kept with what became of them: one that
//! could not be sent goes with the next run, and none is sent twice for the same run.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use futures_util::future::join_all;
use jiff::SignedDuration;
use tenure_connect::mail::{MailRun, Mailer, RunMessage, ShownMail};
use tenure_core::attribute::AttributeName;
use tenure_core::digest::{Happened, Stage};
use tenure_core::document::{Automation, Channel, DigestOf, Documents, Kind, RunNotice};
use tenure_core::outcome::Outcome;
use tenure_core::profile::PersonKey;
use tenure_core::seams::Attempt;
use tenure_store::{Claim, Lease, NewNotice, Notice, NoticeEnd, NoticeId, NoticeState, Run, RunId, RunState};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::told::{About, Told};
use crate::webhooks::{WebhookTry, random};

/// Runs that are looked at for what is still to be told: the last one, and the one before, whose process may have died.
const RUNS: u32 = 2;
/// Changes that are read at once.
const PAGE: u32 = 5_000;
/// Messages of one automation that one run sends; what is left goes with the next one.
const MOST: u32 = 20_000;
/// Messages on their way at the same time.
const AT_ONCE: usize = 8;
/// Failures among those after which a mail server is left in peace until the next run.
const ENOUGH: usize = 3;
/// How long a message is tried.
const PATIENCE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// What a run says that somebody stopped.
pub(crate) const BY_HAND: &str = "stopped by hand";

/// A message about a run that was tried.
#[derive(Debug)]
pub struct DigestTest {
    /// The message, or why it cannot be written.
    pub shown: Result<ShownMail, String>,
    /// How sending it went, when it was not only shown.
    pub run: Option<MailRun>,
}

/// Which messages are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    /// Those that are owed.
    Owed,
    /// Those that a human asks for, also when they were refused; and those in doubt when that was decided.
    Asked { run: Option<RunId>, in_doubt: bool },
}

impl Engine {
    /// Tells those who want to know what the last runs of an automation did, and sends what is owed since earlier ones.
    /// Whatever goes wrong here is no trouble of the run: it is kept with the messages.
    pub(crate) async fn announce(&self, documents: &Documents, automation: &str) {
        if let Err(error) = self.try_to_announce(documents, automation).await {
            tracing::warn!(automation, "telling what the run did: {error}");
        }
    }

    async fn try_to_announce(&self, documents: &Documents, name: &str) -> Result<(), EngineError> {
        let Some(automation) = documents.automation(name) else {
            return Ok(());
        };
        if !automation.notify.is_empty() {
            for run in self.store.runs(Some(name), RUNS).await? {
                self.owe(documents, &run).await?;
            }
        }
        if self.store.open_notices(Some(name), 1).await?.is_empty() {
            return Ok(());
        }
        match self.store.claim(&format!("notices/{name}")).await? {
            // Another process is sending them.
            Claim::Taken { .. } => Ok(()),
            Claim::Held(lease) => {
                let sent = self.deliver(documents, name, Which::Owed, &lease).await;
                lease.release().await?;
                sent
            }
        }
    }

    /// Sends the messages that somebody waits for: of one run, or of all. Those that were refused are tried again, and
    /// with `in_doubt` those of which it is not known whether they were sent. Gives what became of all of them.
    ///
    /// # Errors
    /// Another process is sending them.
    pub async fn send_notices(
        &self,
        documents: &Documents,
        run: Option<RunId>,
        in_doubt: bool,
    ) -> Result<Vec<Notice>, EngineError> {
        if let Some(run) = run {
            self.store.run(run).await?;
        }
        let open = self.open_notices(run).await?;
        let mut automations: Vec<&str> = open.iter().map(|notice| notice.automation.as_str()).collect();
        automations.sort_unstable();
        automations.dedup();
        for name in automations {
            let lease = match self.store.claim(&format!("notices/{name}")).await? {
                Claim::Held(lease) => lease,
                Claim::Taken { by, .. } => {
                    return Err(EngineError::Asked {
                        said: format!("the messages of `{name}` are being sent by {by}"),
                        hint: "wait for it to end".to_owned(),
                    });
                }
            };
            let which = Which::Asked { run, in_doubt };
            let sent = self.deliver(documents, name, which, &lease).await;
            lease.release().await?;
            sent?;
        }
        let asked: BTreeSet<NoticeId> = open.into_iter().map(|notice| notice.id).collect();
        let mut runs: Vec<RunId> = asked.iter().map(|id| id.run).collect();
        runs.sort_unstable();
        runs.dedup();
        let mut now = Vec::new();
        for run in runs {
            let notices = self.store.notices(run).await?;
            now.extend(notices.into_iter().filter(|notice| asked.contains(&notice.id)));
        }
        Ok(now)
    }

    /// Gives up the messages of a run that were not sent. Gives those that it gave up.
    pub async fn drop_notices(&self, run: RunId) -> Result<Vec<Notice>, EngineError> {
        self.store.run(run).await?;
        let open = self.open_notices(Some(run)).await?;
        let ends: Vec<NoticeEnd> = open
            .iter()
            .map(|notice| NoticeEnd {
                id: notice.id.clone(),
                state: NoticeState::Dropped,
                said: None,
            })
            .collect();
        self.store.end_notices(&ends, self.clock.now()).await?;
        Ok(open)
    }

    /// Writes a message about a run, as it would be told now, and sends it to these addresses and channels.
    pub async fn test_digest(
        &self,
        documents: &Documents,
        (template, run): (Option<&str>, RunId),
        person: Option<&PersonKey>,
        to: &[String],
        how: WebhookTry,
    ) -> Result<DigestTest, EngineError> {
        if let Some(name) = template
            && documents.notification(name).is_none()
        {
            return Err(EngineError::no_document(documents, Kind::Notification, name));
        }
        let run = self.store.run(run).await?;
        let stage = stage_of(&run).unwrap_or(Stage::Held);
        let mut told = Told::new(self, documents);
        let digest = told.digest(&run, stage, About::of(person)).await?;
        let Some(digest) = digest else {
            return Err(EngineError::Asked {
                said: format!(
                    "run {} has nothing about `{}`",
                    run.id,
                    person.map(PersonKey::as_str).unwrap_or_default()
                ),
                hint: format!("name somebody of `tenure show {} --all`", run.id),
            });
        };
        let server = match documents.automation(&run.automation) {
            Some(automation) => automation.notify.iter().find_map(|notice| notice.server.clone()),
            None => None,
        };
        let message = RunMessage {
            template,
            server: server.as_deref(),
            digest: &digest,
        };
        let mailer = self.connections.mailer(documents, self.clock);
        let words = |why: tenure_core::outcome::Refusal| match why.hint.as_str() {
            "" => why.to_string(),
            hint => format!("{why}\n  {hint}"),
        };
        Ok(match how {
            WebhookTry::ShowOnly => DigestTest {
                shown: mailer.show_digest(message, to).map_err(words),
                run: None,
            },
            WebhookTry::Call => {
                let run = mailer.send_digest(message, to, (&key()?, Attempt::First)).await;
                DigestTest {
                    shown: run.mail.clone().ok_or_else(String::new),
                    run: Some(run),
                }
            }
        })
    }

    async fn open_notices(&self, run: Option<RunId>) -> Result<Vec<Notice>, EngineError> {
        Ok(match run {
            Some(run) => {
                let mut notices = self.store.notices(run).await?;
                notices.retain(|notice| notice.state.is_open());
                notices
            }
            None => self.store.open_notices(None, MOST).await?,
        })
    }

    /// Keeps the messages that a run in its present state asks for. Those that are kept already stay as they are.
    async fn owe(&self, documents: &Documents, run: &Run) -> Result<(), EngineError> {
        let Some(stage) = stage_of(run) else {
            return Ok(());
        };
        // By the documents of its plan: whoever is added later is not told of what was before.
        let stored = match self.store.document(&run.documents).await? {
            Some(text) if run.documents != documents.digest() => Documents::from_json(&text).ok(),
            _ => None,
        };
        let Some(automation) = stored.as_ref().unwrap_or(documents).automation(&run.automation) else {
            return Ok(());
        };
        if automation.notify.is_empty() {
            return Ok(());
        }
        let journal = Outcomes::new(self, run).await?;
        let happened = Happened {
            stage,
            changes: journal.successes > 0,
            failures: match run.state {
                RunState::Failed | RunState::DoneWithFailures => true,
                RunState::Interrupted => run.error.as_deref() != Some(BY_HAND),
                _ => false,
            },
        };
        let mut new = of_run(automation, run, happened)?;
        new.extend(self.of_people(automation, run, stage, &journal).await?);
        Ok(self
            .store
            .owe_notices(&run.automation, &new, self.clock.now())
            .await?)
    }

    /// The messages about single people.
    async fn of_people(
        &self,
        automation: &Automation,
        run: &Run,
        stage: Stage,
        journal: &Outcomes,
    ) -> Result<Vec<NewNotice>, EngineError> {
        let mut new = Vec::new();
        let wants = |notice: &&RunNotice| notice.digest == DigestOf::Person;
        if stage != Stage::Ended || !automation.notify.iter().any(|notice| wants(&notice)) {
            return Ok(new);
        }
        let mut after = None;
        loop {
            let changes = self.store.changes(run.id, after, PAGE).await?;
            let Some((last, _)) = changes.last() else {
                return Ok(new);
            };
            after = Some(*last);
            for (seq, change) in &changes {
                let (changes, failures) = journal.of_change(*seq);
                let happened = Happened {
                    stage,
                    changes,
                    failures,
                };
                for tell in &change.tell {
                    let notice = automation.notify.get(tell.notice as usize).filter(wants);
                    let Some(notice) = notice.filter(|notice| is_wanted(notice, happened)) else {
                        continue;
                    };
                    for to in &tell.to {
                        let person = Some(change.person.clone());
                        new.push(new_notice(
                            run,
                            (stage, tell.notice),
                            (person, &tell.of),
                            to,
                            notice,
                        )?);
                    }
                }
            }
        }
    }

    /// Sends messages of one automation, some at a time: each is noted as on its way before it leaves.
    async fn deliver(
        &self,
        documents: &Documents,
        automation: &str,
        which: Which,
        lease: &Lease,
    ) -> Result<(), EngineError> {
        let mut open = self.store.open_notices(Some(automation), MOST).await?;
        open.retain(|notice| which.includes(notice));
        let mut told = Told::new(self, documents);
        self.drop_what_is_over(&mut open, &mut told, which).await?;
        let mailer = self.connections.mailer(documents, self.clock);
        let mut silent: HashSet<String> = HashSet::new();
        let mut left = open.into_iter();
        loop {
            let batch: Vec<Notice> = left
                .by_ref()
                .filter(|notice| !silent.contains(destination(notice)))
                .take(AT_ONCE)
                .collect();
            if batch.is_empty() {
                return Ok(());
            }
            lease.renew().await?;
            let mut written = Vec::with_capacity(batch.len());
            for notice in &batch {
                let run = told.run(notice.id.run).await?;
                let about = About::of(notice.id.person.as_ref());
                written.push(told.digest(&run, notice.id.stage, about).await?);
            }
            let ids: Vec<NoticeId> = batch.iter().map(|notice| notice.id.clone()).collect();
            self.store.sending_notices(&ids, self.clock.now()).await?;
            let sending = batch.iter().zip(&written).map(|(notice, digest)| {
                let attempt = match notice.state {
                    // It is ours alone now: whoever was sending it is no more.
                    NoticeState::Sending => Attempt::Again,
                    _ => Attempt::First,
                };
                send(&mailer, notice, digest.as_ref(), attempt)
            });
            let outcomes = join_all(sending).await;
            silent.extend(silenced(&batch, &outcomes));
            let ends: Vec<NoticeEnd> = batch.iter().zip(outcomes).map(end).collect();
            self.store.end_notices(&ends, self.clock.now()).await?;
        }
    }

    /// Gives up messages that would be wrong by now, and those that were tried for too long.
    async fn drop_what_is_over(
        &self,
        open: &mut Vec<Notice>,
        told: &mut Told<'_>,
        which: Which,
    ) -> Result<(), EngineError> {
        let now = self.clock.now();
        let mut ends = Vec::new();
        for notice in open.iter() {
            let run = told.run(notice.id.run).await?;
            let said = if notice.id.stage == Stage::Held && run.state != RunState::Held {
                format!("run {} was not held any more before it could be sent", run.id)
            } else if which == Which::Owed && now.duration_since(notice.owed_since) > PATIENCE {
                let last = notice.said.as_deref().unwrap_or("it was never tried");
                format!("it could not be sent for 7 days: {last}")
            } else {
                continue;
            };
            ends.push(NoticeEnd {
                id: notice.id.clone(),
                state: NoticeState::Dropped,
                said: Some(said),
            });
        }
        if !ends.is_empty() {
            self.store.end_notices(&ends, now).await?;
            let over: BTreeSet<NoticeId> = ends.into_iter().map(|end| end.id).collect();
            open.retain(|notice| !over.contains(&notice.id));
        }
        Ok(())
    }
}

impl Which {
    fn includes(self, notice: &Notice) -> bool {
        match (self, notice.state) {
            (_, NoticeState::Sent | NoticeState::Dropped) => false,
            (Self::Owed, state) => matches!(state, NoticeState::Owed | NoticeState::Sending),
            (Self::Asked { run, in_doubt }, state) => {
                run.is_none_or(|run| run == notice.id.run) && (in_doubt || state != NoticeState::InDoubt)
            }
        }
    }
}

/// What the journal says, by changes.
pub(crate) struct Outcomes {
    pub(crate) by_change: BTreeMap<u64, Vec<Option<Outcome>>>,
    pub(crate) successes: u64,
}

impl Outcomes {
    pub(crate) async fn new(engine: &Engine, run: &Run) -> Result<Self, EngineError> {
        let mut outcomes = Self {
            by_change: BTreeMap::new(),
            successes: 0,
        };
        for entry in engine.store.journal(run.id).await? {
            let tenure_store::JournalEvent::Outcome { outcome, .. } = entry.event else {
                continue;
            };
            outcomes.successes += u64::from(outcome.is_success());
            let of_change = outcomes.by_change.entry(entry.id.change).or_default();
            let at = entry.id.operation as usize;
            if of_change.len() <= at {
                of_change.resize(at + 1, None);
            }
            if let Some(slot) = of_change.get_mut(at) {
                *slot = Some(outcome);
            }
        }
        Ok(outcomes)
    }

    /// Whether anything of a change was done, and whether anything of it did not go well.
    fn of_change(&self, seq: u64) -> (bool, bool) {
        let outcomes = self.by_change.get(&seq).map_or(&[][..], Vec::as_slice);
        let mut outcomes = outcomes.iter().flatten().map(Outcome::is_success);
        (
            outcomes.clone().any(|success| success),
            outcomes.any(|success| !success),
        )
    }
}

/// At which point a run is of which people are told; none while it is on its way.
fn stage_of(run: &Run) -> Option<Stage> {
    match run.state {
        RunState::Held => Some(Stage::Held),
        RunState::Interrupted => Some(Stage::Interrupted),
        RunState::Done | RunState::DoneWithFailures | RunState::Failed => Some(Stage::Ended),
        RunState::Fetching | RunState::Planned | RunState::Applying | RunState::Discarded => None,
    }
}

/// The messages about a whole run.
fn of_run(automation: &Automation, run: &Run, happened: Happened) -> Result<Vec<NewNotice>, EngineError> {
    let mut new = Vec::new();
    for (notice, number) in automation.notify.iter().zip(0u32..) {
        if notice.digest == DigestOf::Run && is_wanted(notice, happened) {
            for to in notice.to.as_slice() {
                new.push(new_notice(
                    run,
                    (happened.stage, number),
                    (None, &[]),
                    to,
                    notice,
                )?);
            }
        }
    }
    Ok(new)
}

fn is_wanted(notice: &RunNotice, happened: Happened) -> bool {
    notice.whens().iter().any(|when| happened.is(*when))
}

fn new_notice(
    run: &Run,
    (stage, notice): (Stage, u32),
    (person, found_by): (Option<PersonKey>, &[AttributeName]),
    to: &str,
    entry: &RunNotice,
) -> Result<NewNotice, EngineError> {
    Ok(NewNotice {
        id: NoticeId {
            run: run.id,
            stage,
            notice,
            person,
            to: to.to_owned(),
        },
        template: entry.template.clone(),
        server: entry.server.clone(),
        found_by: found_by.to_vec(),
        key: key()?,
    })
}

/// What other sides know a message by.
fn key() -> Result<String, EngineError> {
    let key = uuid::Builder::from_random_bytes(random()?);
    Ok(key.into_uuid().to_string())
}

async fn send(
    mailer: &Mailer,
    notice: &Notice,
    digest: Option<&tenure_core::digest::Digest>,
    attempt: Attempt,
) -> Outcome {
    let Some(digest) = digest else {
        return Outcome::Refused(tenure_core::outcome::Refusal {
            code: String::new(),
            message: "what it would tell is not there any more".to_owned(),
            hint: String::new(),
        });
    };
    let message = RunMessage {
        template: notice.template.as_deref(),
        server: notice.server.as_deref(),
        digest,
    };
    let to = std::slice::from_ref(&notice.id.to);
    mailer
        .send_digest(message, to, (&notice.key, attempt))
        .await
        .outcome
}

/// What a message came to.
fn end((notice, outcome): (&Notice, Outcome)) -> NoticeEnd {
    let (state, said) = match outcome {
        Outcome::Refused(why) => (NoticeState::Refused, why.to_string()),
        Outcome::Failed(why) => (NoticeState::Owed, why.to_string()),
        Outcome::InDoubt { what } => (NoticeState::InDoubt, what),
        Outcome::Answered { answer, .. } => (NoticeState::Sent, answer),
        Outcome::Verified
        | Outcome::Unverified { .. }
        | Outcome::Overtaken { .. }
        | Outcome::Waiting { .. } => (NoticeState::Owed, "it was not sent".to_owned()),
    };
    NoticeEnd {
        id: notice.id.clone(),
        state,
        said: Some(said),
    }
}

/// By what a message goes: a channel, or mail.
fn destination(notice: &Notice) -> &str {
    Channel::named(&notice.id.to).unwrap_or_default()
}

/// Where messages go that are not tried further for now, since nothing went there.
fn silenced(batch: &[Notice], outcomes: &[Outcome]) -> Vec<String> {
    let mut counts: HashMap<&str, (usize, usize)> = HashMap::new();
    for (notice, outcome) in batch.iter().zip(outcomes) {
        let (failed, others) = counts.entry(destination(notice)).or_default();
        match outcome {
            Outcome::Failed(_) => *failed += 1,
            _ => *others += 1,
        }
    }
    counts
        .into_iter()
        // A channel is one place; of mail it may be one address of many.
        .filter(|(to, (failed, others))| *others == 0 && (!to.is_empty() || *failed >= ENOUGH))
        .map(|(to, _)| to.to_owned())
        .collect()
}
