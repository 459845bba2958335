//! Making a plan: everybody in the source beside every account in the directory, guarded, and stored before anything
//! is written anywhere else.

use std::sync::Arc;

use jiff::Timestamp;
use tenure_core::account::Snapshot;
use tenure_core::attribute::AttributeName;
use tenure_core::compile::{Compiled, compile};
use tenure_core::document::{Automation, Documents, Kind, check_automation};
use tenure_core::fetching::{Extent, Mark, Wish};
use tenure_core::join::{Joined, Known, Reading};
use tenure_core::link::Link;
use tenure_core::plan::{
    Absence, Change, Finding, FindingKind, Hold, HoldKind, Presence, Rules, Sorted, holds, sort,
};
use tenure_core::profile::PersonKey;
use tenure_core::seams::{Completeness, Directory, SourceTrouble};
use tenure_core::watching::DirectoryRead;
use tenure_store::{Claim, Lease, NewRun, Run, RunChange, RunId, RunState, RunSummary};
use tokio::sync::oneshot;

use crate::accounts::{Asking, Read};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::gather::{Gathered, Remember};
use crate::observe::{Seen, filled, last_good, observe};
use crate::parts::{self, Outset};
use crate::progress::{Progress, Watch};
use crate::storing::OwnedWorld;

/// People whose remembered columns are read at once.
const AGAIN: usize = 20_000;

/// How a plan is made.
#[derive(Clone)]
pub struct PlanOptions {
    /// Who or what asked for it, in words.
    pub started_by: String,
    /// How much is fetched.
    pub fetch: Wish,
    /// Whoever watches.
    pub watch: Arc<dyn Watch>,
}

impl Engine {
    /// Fetches, reads, plans and guards, and stores the plan. The run that comes back is `Planned`, `Held`, or `Done`
    /// when there is nothing to do. One whose application needs authorization is held without a plan.
    pub async fn plan(
        &self,
        documents: &Documents,
        automation: &str,
        options: &PlanOptions,
    ) -> Result<Run, EngineError> {
        let errors = check_automation(documents, automation);
        if !errors.is_empty() {
            return Err(EngineError::Documents(errors));
        }
        let planned = Box::pin(self.plan_checked(documents, automation, options)).await;
        Box::pin(self.announce(documents, automation)).await;
        planned
    }

    async fn plan_checked(
        &self,
        documents: &Documents,
        automation: &str,
        options: &PlanOptions,
    ) -> Result<Run, EngineError> {
        let compiled = compile(documents, automation)?;
        let automation = documents
            .automation(automation)
            .ok_or_else(|| EngineError::no_document(documents, Kind::Automation, automation))?;
        let lease = self.claim(&automation.directory).await?;
        let planned = match self.claim_source(&automation.source, &compiled.reading).await {
            Err(error) => Err(error),
            Ok(of_source) => {
                let planned = Box::pin(self.plan_claimed(documents, automation, compiled, options)).await;
                if let Some(of_source) = of_source {
                    of_source.release().await?;
                }
                planned
            }
        };
        lease.release().await?;
        planned
    }

    /// Gives up a run whose plan waits or was interrupted.
    pub async fn discard(&self, run: RunId) -> Result<(), EngineError> {
        let waiting = [
            RunState::Planned,
            RunState::Held,
            RunState::Interrupted,
            RunState::Applying,
            RunState::Fetching,
        ];
        let change = RunChange {
            finished_at: Some(self.clock.now()),
            ..RunChange::default()
        };
        Ok(self
            .store
            .move_run(run, &waiting, RunState::Discarded, change)
            .await?)
    }

    /// Keeps other processes away from a directory.
    pub(crate) async fn claim(&self, directory: &str) -> Result<Lease, EngineError> {
        match self.store.claim(&format!("directory/{directory}")).await? {
            Claim::Held(lease) => Ok(lease),
            Claim::Taken { by, .. } => Err(EngineError::Busy {
                directory: directory.to_owned(),
                by,
            }),
        }
    }

    async fn plan_claimed(
        &self,
        documents: &Documents,
        automation: &Automation,
        compiled: Compiled,
        options: &PlanOptions,
    ) -> Result<Run, EngineError> {
        self.settle_earlier_runs(&automation.name).await?;
        let now = self.clock.now();
        let digest = documents.digest();
        self.store
            .save_document(&digest, &documents.to_json(), now)
            .await?;
        let new = NewRun {
            automation: &automation.name,
            started_by: &options.started_by,
            clock: now,
            documents: &digest,
        };
        let run = self.store.start_run(new, now).await?;
        if let Err(error) = Box::pin(self.make(run, documents, automation, compiled, options, now)).await {
            if let Some(hold) = needs_authorization(&error) {
                self.hold(run, hold).await?;
                return Ok(self.store.run(run).await?);
            }
            let change = RunChange {
                finished_at: Some(self.clock.now()),
                error: Some(error.to_string()),
                ..RunChange::default()
            };
            self.store
                .move_run(run, &[RunState::Fetching], RunState::Failed, change)
                .await?;
            return Err(error);
        }
        Ok(self.store.run(run).await?)
    }

    /// Holds a run that came to no plan.
    async fn hold(&self, run: RunId, hold: Hold) -> Result<(), EngineError> {
        let finding = Finding {
            person: None,
            kind: FindingKind::Notice,
            text: format!("{}; nothing was fetched, and nobody is taken as gone", hold.text),
        };
        let summary = RunSummary {
            findings: 1,
            ..RunSummary::default()
        };
        let mut writer = self.store.plan_writer(run).await?;
        writer.write_findings(&[finding]).await?;
        Ok(writer.hold(&[hold], &summary).await?)
    }

    /// An earlier plan that waits is replaced by the one that is about to be made; a run that broke off in the middle
    /// of its writes has to come to its end first, since its accounts may not be linked yet.
    async fn settle_earlier_runs(&self, automation: &str) -> Result<(), EngineError> {
        for run in self.store.runs(Some(automation), 100).await? {
            match run.state {
                RunState::Applying | RunState::Interrupted => {
                    return Err(EngineError::Unfinished { run: run.id });
                }
                RunState::Planned | RunState::Held | RunState::Fetching => self.discard(run.id).await?,
                _ => {}
            }
        }
        Ok(())
    }

    async fn make(
        &self,
        run: RunId,
        documents: &Documents,
        automation: &Automation,
        compiled: Compiled,
        options: &PlanOptions,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let Compiled {
            reading,
            rules,
            mapped,
            approval,
        } = compiled;
        let (reading, rules) = (Arc::new(reading), Arc::new(rules));
        let before = last_good(&self.store, &automation.name).await?;
        let looked = self
            .look(documents, automation, Arc::clone(&reading), &rules, options, now)
            .await?;
        let Looked {
            mut joined,
            known,
            links,
            snapshot,
            directory_read,
            directory,
            mut incomplete,
            outset,
            mark,
        } = looked;
        // A part may well be one record, which happens to have none.
        if outset.course.begin.since.is_none() {
            incomplete.extend(without_keys(&joined, before.as_ref()));
        }
        options.watch.progress(Progress::Planning);

        let extent = outset.course.extent;
        let absence = absence(&incomplete, extent, &mut joined, before.as_ref());
        let mark = parts::mark(&reading, mark, &mut joined, now);
        let sorted = sort(&joined, &known, &links, &snapshot, rules.documents, absence, now);
        let presence = self
            .presence(&automation.source, &reading, &known, sorted, now, &mut joined)
            .await?;
        let mut summary = RunSummary {
            fetched: joined.records,
            known: known.present(),
            accounts: snapshot.accounts().len() as u64,
            directory_read,
            people: (presence.profiles.len() + presence.in_sync.len()) as u64,
            incomplete: (!incomplete.is_empty()).then(|| incomplete.join("; ")),
            keyless: outset.keyless(&joined, before.as_ref()),
            since: outset.since(),
            filled: filled(&mapped, &joined),
            ..RunSummary::default()
        };
        let gives_addresses = rules.gives_addresses() && !presence.profiles.is_empty();
        let mut taken = Vec::new();
        if gives_addresses || presence.wants_accounts(&links) {
            taken = self.taken(&*directory, &rules, now).await?;
        }
        let half_made = self.half_made(&automation.name, &presence, &links).await?;
        let world = OwnedWorld {
            rules: Arc::clone(&rules),
            snapshot,
            links,
            now,
            taken,
            half_made,
        };
        let made = self
            .store_plan(run, world, presence, std::mem::take(&mut joined.findings))
            .await?;
        (summary.findings, summary.plan) = (made.findings, made.summary);

        let seen = Seen {
            automation: &automation.name,
            limits: &rules.limits,
            joined: &joined,
            known: &known,
            filled: &summary.filled,
            before: before.as_ref(),
            incomplete,
            summary: &made.summary,
            now,
        };
        let mut held = holds(&rules.limits, &observe(&self.store, seen).await?, now);
        if let Some(workflow) = approval.filter(|_| made.summary.changes > 0) {
            held.push(needs_approval(&workflow));
        }
        self.store
            .save_in_sync(&automation.source, &automation.directory, &made.in_sync)
            .await?;
        if held.is_empty() && absence == Absence::Proven {
            self.mark_gone(&automation.source, &known, &joined, now).await?;
        }
        let state = match (held.is_empty(), made.summary.changes) {
            (false, _) => RunState::Held,
            (true, 0) => RunState::Done,
            (true, _) => RunState::Planned,
        };
        let (counts, at) = (made.summary.counts, self.clock.now());
        made.writer
            .finish(&made.digest, counts, &summary, state, &held, at)
            .await?;
        // Only a plan that is stored and stands on whole data may leave out what it has seen the next time.
        if held.is_empty() && absence == Absence::Proven {
            self.remember(&automation.source, &outset, mark, now).await?;
        }
        Ok(())
    }

    /// What earlier runs began to create without learning how that ended, when there is somebody whom it may concern.
    async fn half_made(
        &self,
        automation: &str,
        presence: &Presence,
        links: &[Link],
    ) -> Result<Vec<Change>, EngineError> {
        if presence.has_unlinked(links) {
            Ok(self.store.half_made(automation).await?)
        } else {
            Ok(Vec::new())
        }
    }

    /// Names that nobody new is given: those that others have, and those that others had until lately.
    async fn taken(
        &self,
        directory: &dyn Directory,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Vec<(AttributeName, String)>, EngineError> {
        let named = rules.named_attributes();
        let mut taken = directory.taken(&named).await?;
        if let Some(span) = rules.retired_for {
            let since = now.checked_sub(span).unwrap_or(Timestamp::MIN);
            taken.extend(self.store.names_of_deleted(&named, since).await?);
        }
        Ok(taken)
    }

    /// Fetches the source and reads the directory, both at the same time.
    async fn look(
        &self,
        documents: &Documents,
        automation: &Automation,
        reading: Arc<Reading>,
        rules: &Rules,
        options: &PlanOptions,
        now: Timestamp,
    ) -> Result<Looked, EngineError> {
        let watch = &options.watch;
        let mut outset = self
            .outset(documents, &automation.source, &reading, options.fetch, now)
            .await?;
        let source = self
            .connections
            .source(documents, &automation.source, self.clock)
            .await?;
        let directory = self
            .connections
            .directory(documents, &automation.directory, self.clock)
            .await?;
        let asking = Asking {
            store: &self.store,
            automation: &automation.name,
            directory: directory.as_ref(),
            document: documents
                .directory(&automation.directory)
                .ok_or_else(|| EngineError::no_document(documents, Kind::Directory, &automation.directory))?,
            dictionary: Arc::new(rules.dictionary.clone()),
            wish: options.fetch,
            now,
            watch: Arc::clone(watch),
        };
        let (tell, known) = oneshot::channel();
        let remembering = async {
            let (known, links) = tokio::join!(
                self.store.known_records(&automation.source),
                self.store.links(&automation.source, &automation.directory)
            );
            let known = Arc::new(Known::new(known?));
            // Nobody listens any more when the fetch has failed, which is told there.
            let _ = tell.send(Arc::clone(&known));
            Ok::<_, EngineError>((known, Arc::new(links?)))
        };
        let remember = Remember {
            store: &self.store,
            source: &automation.source,
            at: now,
        };
        let (remembered, gathered, accounts) = tokio::join!(
            remembering,
            self.gather_enough(
                source.as_ref(),
                reading,
                known,
                remember,
                &mut outset,
                Arc::clone(watch)
            ),
            Box::pin(asking.read())
        );
        let (known, links) = remembered?;
        let Gathered {
            joined,
            completeness,
            mark,
            ..
        } = gathered?;
        let Read {
            snapshot,
            completeness: directory_completeness,
            how: directory_read,
        } = accounts?;
        let incomplete = reasons(&completeness, &directory_completeness);
        Ok(Looked {
            joined,
            known,
            links,
            snapshot,
            directory_read,
            directory,
            incomplete,
            outset,
            mark,
        })
    }

    /// Who is in the source, with those mapped again who need a look although their records are as they were.
    async fn presence(
        &self,
        source: &str,
        reading: &Reading,
        known: &Known,
        sorted: Sorted,
        now: Timestamp,
        joined: &mut Joined,
    ) -> Result<Presence, EngineError> {
        let mut profiles = std::mem::take(&mut joined.profiles);
        for again in sorted.again.chunks(AGAIN) {
            profiles.extend(self.map_again(source, reading, known, again, now, joined).await?);
        }
        profiles.sort_unstable_by_key(|(place, _)| *place);
        Ok(Presence {
            profiles: profiles.into_iter().map(|(_, profile)| profile).collect(),
            in_sync: sorted.in_sync,
            absent: sorted.absent,
        })
    }

    async fn map_again(
        &self,
        source: &str,
        reading: &Reading,
        known: &Known,
        again: &[(u32, u32)],
        now: Timestamp,
        joined: &mut Joined,
    ) -> Result<Vec<(u32, tenure_core::profile::Profile)>, EngineError> {
        let mut places: Vec<(&PersonKey, u32)> = again
            .iter()
            .filter_map(|(place, at)| Some((&known.at(*at)?.key, *place)))
            .collect();
        places.sort_unstable();
        let keys: Vec<PersonKey> = places.iter().map(|(key, _)| (*key).clone()).collect();
        let records = self.store.records(source, &keys).await?;
        let remembered = records.iter().filter_map(|record| {
            let at = places.binary_search_by(|(key, _)| (*key).cmp(&record.key)).ok()?;
            let (_, place) = places.get(at)?;
            Some((*place, record.key.clone(), record.hash, record.columns.as_str()))
        });
        Ok(reading.map_again(remembered, now, &mut joined.findings))
    }

    async fn mark_gone(
        &self,
        source: &str,
        known: &Known,
        joined: &Joined,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let gone: Vec<PersonKey> = known
            .records()
            .iter()
            .zip(&joined.seen)
            .filter(|(record, seen)| !**seen && !record.gone)
            .map(|(record, _)| record.key.clone())
            .collect();
        Ok(self.store.mark_gone(source, now, &gone).await?)
    }
}

/// Why the fetch or the reading was not complete.
fn reasons(source: &Completeness, directory: &Completeness) -> Vec<String> {
    let why = |what: &str, completeness: &Completeness| match completeness {
        Completeness::Complete { .. } => None,
        Completeness::Incomplete { why, .. } => Some(format!("not everything came from the {what}: {why}")),
    };
    why("source", source)
        .into_iter()
        .chain(why("directory", directory))
        .collect()
}

/// Records that have lost their keys are as good as records that did not come.
fn without_keys(joined: &Joined, before: Option<&Run>) -> Option<String> {
    let too_many = match before {
        None => joined.keyless == joined.records,
        Some(run) => joined.keyless.saturating_sub(run.summary.keyless) * 2 > joined.records,
    };
    (too_many && joined.keyless > 0).then(|| {
        format!(
            "{} of {} records have no usable key; compare `primary_key` with what `tenure fetch` shows",
            joined.keyless, joined.records
        )
    })
}

/// Whether those who did not come may be taken as gone. A record that came twice took the place of another, and one
/// that has lost its key belongs to somebody who only seems to be missing.
fn absence(incomplete: &[String], extent: Extent, joined: &mut Joined, before: Option<&Run>) -> Absence {
    if extent == Extent::Part {
        // Whoever did not come counts as they were, so that only those are gone of whom the source says so.
        return if incomplete.is_empty() {
            Absence::Proven
        } else {
            Absence::Unproven
        };
    }
    let lost_keys = joined
        .keyless
        .saturating_sub(before.map_or(0, |run| run.summary.keyless));
    let doubt = if joined.repeated > 0 {
        format!(
            "{} record(s) came more than once, so that others may not have come at all",
            joined.repeated
        )
    } else if lost_keys > 0 && before.is_some() {
        format!(
            "{lost_keys} more record(s) than in the last run have no key, and may belong to people who seem to be missing"
        )
    } else {
        return if incomplete.is_empty() {
            Absence::Proven
        } else {
            Absence::Unproven
        };
    };
    let text = format!("{doubt}; nobody is taken as gone in this run");
    joined.findings.push(Finding {
        person: None,
        kind: FindingKind::Notice,
        text,
    });
    Absence::Unproven
}

/// The hold of a run that waits for somebody to agree to an application, when that is why it cannot go on.
fn needs_authorization(error: &EngineError) -> Option<Hold> {
    let EngineError::Source(error) = error else {
        return None;
    };
    (error.kind == SourceTrouble::NeedsAuthorization).then(|| Hold {
        kind: HoldKind::Authorization,
        text: error.to_string(),
        hint: format!("{}; the next run goes on by itself", error.hint),
    })
}

fn needs_approval(workflow: &str) -> Hold {
    Hold {
        kind: HoldKind::Approval,
        text: format!("the plan needs approval by the workflow `{workflow}`"),
        hint: "Look at the plan with `tenure show`, then release it with `tenure apply --release`."
            .to_owned(),
    }
}

/// What the source and the directory have, beside what is known.
struct Looked {
    joined: Joined,
    known: Arc<Known>,
    links: Arc<Vec<Link>>,
    snapshot: Snapshot,
    /// How that was read.
    directory_read: DirectoryRead,
    directory: Box<dyn Directory>,
    /// Why not all of it came; empty when it did.
    incomplete: Vec<String>,
    /// From where the fetch began.
    outset: Outset,
    /// How far it came, as the source says.
    mark: Option<Mark>,
}
