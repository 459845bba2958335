//! Storing a plan while it is made: the planner has a thread of its own, and what it finds goes to the database in
//! batches.

use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tenure_core::account::Snapshot;
use tenure_core::attribute::AttributeName;
use tenure_core::link::{InSync, Link};
use tenure_core::plan::{Change, Finding, PlanSink, Planner, Presence, Rules, Summary, World};
use tenure_core::profile::PersonKey;
use tenure_store::{ChangeRow, RunId};
use tokio::sync::mpsc;

use crate::engine::Engine;
use crate::error::EngineError;

/// Changes that go to the database at once, and how many such batches may wait.
const BATCH: usize = 512;
const BATCHES: usize = 16;
/// What a plan is made against, for a thread of its own.
pub(crate) struct OwnedWorld {
    pub(crate) rules: Arc<Rules>,
    pub(crate) snapshot: Snapshot,
    pub(crate) links: Arc<Vec<Link>>,
    pub(crate) now: Timestamp,
    pub(crate) taken: Vec<(AttributeName, String)>,
    /// What earlier runs began to create without learning how that ended.
    pub(crate) half_made: Vec<Change>,
}

impl Engine {
    /// Makes the plan on a thread of its own while its changes go into the database.
    pub(crate) async fn store_plan(
        &self,
        run: RunId,
        world: OwnedWorld,
        presence: Presence,
        findings: Vec<Finding>,
    ) -> Result<Made, EngineError> {
        let (batches, mut leaving) = mpsc::channel::<Batch>(BATCHES);
        let planning = tokio::task::spawn_blocking(move || {
            let mut writing = Writing::new(batches);
            for finding in findings {
                writing.finding(finding);
            }
            let planner = Planner::new(
                &world.rules,
                World {
                    snapshot: &world.snapshot,
                    links: &world.links,
                    now: world.now,
                },
                presence,
            )
            .finishing(world.half_made);
            let summary = planner.plan(&world.taken, &mut writing);
            writing.end(summary)
        });
        let mut writer = self.store.plan_writer(run).await?;
        let writing = async {
            while let Some(batch) = leaving.recv().await {
                writer.write(batch.changes).await?;
                writer.write_findings(&batch.findings).await?;
            }
            Ok::<_, EngineError>(writer)
        };
        let (planned, written) = tokio::join!(planning, writing);
        let writer = written?;
        let planned = planned.map_err(|error| EngineError::Broken(error.to_string()))??;
        Ok(Made {
            writer,
            digest: planned.digest,
            summary: planned.summary,
            in_sync: planned.in_sync,
            findings: planned.findings,
        })
    }
}

/// A plan that is in the database but for its end.
pub(crate) struct Made {
    pub(crate) writer: tenure_store::PlanWriter,
    pub(crate) digest: String,
    pub(crate) summary: Summary,
    pub(crate) in_sync: Vec<(PersonKey, InSync)>,
    pub(crate) findings: u64,
}

#[derive(Default)]
struct Batch {
    changes: Vec<ChangeRow>,
    findings: Vec<Finding>,
}

/// Takes the plan while it is made, and sends it off in batches.
struct Writing {
    batches: mpsc::Sender<Batch>,
    batch: Batch,
    seq: u64,
    digest: Sha256,
    in_sync: Vec<(PersonKey, InSync)>,
    findings: u64,
    error: Option<tenure_store::StoreError>,
}

struct Planned {
    digest: String,
    summary: Summary,
    in_sync: Vec<(PersonKey, InSync)>,
    findings: u64,
}

impl Writing {
    fn new(batches: mpsc::Sender<Batch>) -> Self {
        Self {
            batches,
            batch: Batch::default(),
            seq: 0,
            digest: Sha256::new(),
            in_sync: Vec::new(),
            findings: 0,
            error: None,
        }
    }

    fn send_when_full(&mut self) {
        if self.batch.changes.len() + self.batch.findings.len() >= BATCH {
            self.send();
        }
    }

    fn send(&mut self) {
        // When the writer has failed there is nobody to send to; its error ends the run.
        let _ = self.batches.blocking_send(std::mem::take(&mut self.batch));
    }

    fn end(mut self, summary: Summary) -> Result<Planned, EngineError> {
        self.send();
        match self.error {
            Some(error) => Err(error.into()),
            None => Ok(Planned {
                digest: hex::encode(self.digest.finalize()),
                summary,
                in_sync: self.in_sync,
                findings: self.findings,
            }),
        }
    }
}

impl PlanSink for Writing {
    fn change(&mut self, change: Change) {
        match ChangeRow::of(self.seq, &change) {
            Ok(row) => {
                self.digest.update(row.body.as_bytes());
                self.batch.changes.push(row);
                self.seq += 1;
                self.send_when_full();
            }
            Err(error) => {
                self.error.get_or_insert(error);
            }
        }
    }

    fn finding(&mut self, finding: Finding) {
        self.findings += 1;
        self.batch.findings.push(finding);
        self.send_when_full();
    }

    fn in_sync(&mut self, key: &PersonKey, state: InSync) {
        self.in_sync.push((key.clone(), state));
    }
}
