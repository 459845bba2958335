//! Runs: what was started when and by whom, how far it came, and what it really did.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, SqlSafeStr as _};
use tenure_core::plan::{Counts, Hold, Summary};
use tenure_core::watching::DirectoryRead;

use crate::changes::tally_of_letter;
use crate::database::Store;
use crate::error::StoreError;
use crate::json::{from_json, to_json};
use crate::transaction::{Transaction, Value, timestamp};

/// The number of a run, counted up from one through all automations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub(crate) i64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for RunId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Records and accounts are being read and the plan is being made.
    Fetching,
    /// The plan is whole and nothing stands in its way.
    Planned,
    /// The plan is whole and waits for a human.
    Held,
    /// The plan is being carried out.
    Applying,
    /// Carrying it out was stopped on the way; it can be resumed.
    Interrupted,
    /// Everything was carried out.
    Done,
    /// Everything was tried; some operations failed.
    DoneWithFailures,
    /// It ended with an error.
    Failed,
    /// A human decided against it, or a newer run took its place.
    Discarded,
}

impl RunState {
    /// All states, in the order in which a run goes through them.
    pub const ALL: [Self; 9] = [
        Self::Fetching,
        Self::Planned,
        Self::Held,
        Self::Applying,
        Self::Interrupted,
        Self::Done,
        Self::DoneWithFailures,
        Self::Failed,
        Self::Discarded,
    ];

    /// The word used in output and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fetching => "fetching",
            Self::Planned => "planned",
            Self::Held => "held",
            Self::Applying => "applying",
            Self::Interrupted => "interrupted",
            Self::Done => "done",
            Self::DoneWithFailures => "done_with_failures",
            Self::Failed => "failed",
            Self::Discarded => "discarded",
        }
    }

    /// Whether nothing more happens to the run.
    pub fn is_over(self) -> bool {
        matches!(
            self,
            Self::Done | Self::DoneWithFailures | Self::Failed | Self::Discarded
        )
    }

    pub(crate) fn stored(name: &str) -> Result<Self, StoreError> {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == name)
            .ok_or_else(|| StoreError::Damaged {
                table: "runs",
                found: format!("the state {name:?}"),
            })
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A run that starts.
#[derive(Clone, Copy, Debug)]
pub struct NewRun<'a> {
    /// Which automation.
    pub automation: &'a str,
    /// Who or what started it, in words.
    pub started_by: &'a str,
    /// The time that the plan is judged at.
    pub clock: Timestamp,
    /// The digest of its documents.
    pub documents: &'a str,
}

/// What a plan was made from and comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunSummary {
    /// Records that were fetched.
    pub fetched: u64,
    /// From where the fetch began, in words, when it brought only what was new; none when it brought everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Records known from before that were not gone.
    pub known: u64,
    /// Accounts that were read.
    pub accounts: u64,
    /// People whose records could be used.
    pub people: u64,
    /// Findings beside the plan.
    pub findings: u64,
    /// How they were read.
    #[serde(skip_serializing_if = "DirectoryRead::is_plain")]
    pub directory_read: DirectoryRead,
    /// Why not everything came; none when it did.
    pub incomplete: Option<String>,
    /// Records without a usable key.
    pub keyless: u64,
    /// How many people have a value, by the name of the mapped attribute.
    pub filled: BTreeMap<String, u64>,
    /// The plan in numbers.
    pub plan: Summary,
}

/// A run as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// Which automation.
    pub automation: String,
    /// How far it is.
    pub state: RunState,
    /// Who or what started it, in words.
    pub started_by: String,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended or stopped.
    pub finished_at: Option<Timestamp>,
    /// The time that the plan is judged at.
    pub clock: Timestamp,
    /// The digest of its documents.
    pub documents: String,
    /// The digest of its plan, once the plan is whole.
    pub plan_digest: Option<String>,
    /// What the plan would do.
    pub counts: Counts,
    /// What was really done so far, by the journal: per account, each kind once.
    pub applied: Counts,
    /// What the plan was made from and comes to.
    pub summary: RunSummary,
    /// Why it was held.
    pub held: Vec<Hold>,
    /// What it failed with.
    pub error: Option<String>,
}

/// What else changes when a run is moved; what is none stays as it is.
#[derive(Clone, Debug, Default)]
pub struct RunChange {
    /// When it ended or stopped.
    pub finished_at: Option<Timestamp>,
    /// Why it is held.
    pub held: Option<Vec<Hold>>,
    /// What it failed with.
    pub error: Option<String>,
}

const COLUMNS: &str = "SELECT id, automation, state, started_by, started_at, finished_at, clock, documents, \
    plan_digest, counts, applied, summary, held, error FROM runs";

type Columns = (
    i64,
    String,
    String,
    String,
    i64,
    Option<i64>,
    i64,
    String,
    Option<String>,
    String,
    Option<String>,
    String,
    String,
    Option<String>,
);

impl Store {
    /// Starts a run, which is then `Fetching`.
    pub async fn start_run(&self, run: NewRun<'_>, at: Timestamp) -> Result<RunId, StoreError> {
        const DOING: &str = "starting a run";
        let mut writing = self.write(DOING).await?;
        let counts = to_json(DOING, &Counts::default())?;
        let summary = to_json(DOING, &RunSummary::default())?;
        let ids: Vec<(i64,)> = writing
            .fetch(
                "INSERT INTO runs (automation, state, started_by, started_at, clock, documents, counts, summary, held) \
                 VALUES ($1, 'fetching', $2, $3, $4, $5, $6, $7, '[]') RETURNING id",
                &[
                    run.automation.into(),
                    run.started_by.into(),
                    at.into(),
                    run.clock.into(),
                    run.documents.into(),
                    counts.into(),
                    summary.into(),
                ],
            )
            .await?;
        writing.commit().await?;
        ids.first()
            .map(|id| RunId(id.0))
            .ok_or_else(|| StoreError::Damaged {
                table: "runs",
                found: "no number for a new run".to_owned(),
            })
    }

    /// A run as it stands; [`StoreError::NoRun`] when there is none of that number.
    pub async fn run(&self, id: RunId) -> Result<Run, StoreError> {
        let mut reading = self.read("reading a run").await?;
        let sql = AssertSqlSafe(format!("{COLUMNS} WHERE id = $1")).into_sql_str();
        let rows: Vec<Columns> = reading.fetch_text(sql, &[id.0.into()]).await?;
        match rows.into_iter().next() {
            Some(columns) => run_of(&mut reading, columns).await,
            None => Err(StoreError::NoRun { run: id }),
        }
    }

    /// The latest runs, of one automation or of all, newest first.
    pub async fn runs(&self, automation: Option<&str>, limit: u32) -> Result<Vec<Run>, StoreError> {
        let mut reading = self.read("listing runs").await?;
        let limit = Value::from(i64::from(limit));
        let rows: Vec<Columns> = if let Some(automation) = automation {
            let sql = format!("{COLUMNS} WHERE automation = $1 ORDER BY id DESC LIMIT $2");
            reading
                .fetch_text(AssertSqlSafe(sql).into_sql_str(), &[automation.into(), limit])
                .await?
        } else {
            let sql = format!("{COLUMNS} ORDER BY id DESC LIMIT $1");
            reading
                .fetch_text(AssertSqlSafe(sql).into_sql_str(), &[limit])
                .await?
        };
        let mut runs = Vec::with_capacity(rows.len());
        for columns in rows {
            runs.push(run_of(&mut reading, columns).await?);
        }
        Ok(runs)
    }

    /// The latest run of an automation that is in one of these states.
    pub async fn last_run(&self, automation: &str, states: &[RunState]) -> Result<Option<Run>, StoreError> {
        let mut values: Vec<Value<'_>> = vec![automation.into()];
        values.extend(states.iter().map(|state| Value::from(state.name())));
        let places: Vec<String> = (0..states.len()).map(|at| format!("${}", at + 2)).collect();
        if places.is_empty() {
            return Ok(None);
        }
        let sql = format!(
            "{COLUMNS} WHERE automation = $1 AND state IN ({}) ORDER BY id DESC LIMIT 1",
            places.join(", ")
        );
        let mut reading = self.read("looking for a run").await?;
        let rows: Vec<Columns> = reading
            .fetch_text(AssertSqlSafe(sql).into_sql_str(), &values)
            .await?;
        match rows.into_iter().next() {
            Some(columns) => Ok(Some(run_of(&mut reading, columns).await?)),
            None => Ok(None),
        }
    }

    /// Moves a run on, when it is in one of the states `from`; otherwise nothing changes and
    /// [`StoreError::RunState`] says where it is. A run that goes to `Applying` loses its end and its error, since
    /// it goes on; whenever one stops or ends, what it did is counted from the journal.
    pub async fn move_run(
        &self,
        id: RunId,
        from: &[RunState],
        to: RunState,
        change: RunChange,
    ) -> Result<(), StoreError> {
        const DOING: &str = "moving a run on";
        let mut writing = self.write(DOING).await?;
        let held = change.held.map(|held| to_json(DOING, &held)).transpose()?;
        writing.set_state(id, from, to).await?;
        if to == RunState::Applying {
            writing
                .execute(
                    "UPDATE runs SET finished_at = NULL, error = NULL WHERE id = $1",
                    &[id.0.into()],
                )
                .await?;
        }
        if to == RunState::Interrupted || to.is_over() {
            writing.keep_applied(id).await?;
        }
        writing
            .execute(
                "UPDATE runs SET finished_at = coalesce($2, finished_at), held = coalesce($3, held), \
                 error = coalesce($4, error) WHERE id = $1",
                &[
                    id.0.into(),
                    change.finished_at.map_or(Value::Integer(None), Value::from),
                    held.as_deref().into(),
                    change.error.as_deref().into(),
                ],
            )
            .await?;
        writing.commit().await
    }

    /// Keeps a document under its digest; one that is known stays as it is.
    pub async fn save_document(&self, digest: &str, body: &str, at: Timestamp) -> Result<(), StoreError> {
        let mut writing = self.write("keeping a document").await?;
        writing
            .execute(
                "INSERT INTO documents (digest, body, first_used) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                &[digest.into(), body.into(), at.into()],
            )
            .await?;
        writing.commit().await
    }

    /// The document with this digest.
    pub async fn document(&self, digest: &str) -> Result<Option<String>, StoreError> {
        let mut reading = self.read("reading a document").await?;
        let rows: Vec<(String,)> = reading
            .fetch("SELECT body FROM documents WHERE digest = $1", &[digest.into()])
            .await?;
        Ok(rows.into_iter().next().map(|row| row.0))
    }

    /// What runs of an automation really did later than `since`, each with the time of its last write: runs that
    /// were interrupted count, and so does one that is under way or that died. Oldest run first.
    pub async fn applied_counts(
        &self,
        automation: &str,
        since: Timestamp,
    ) -> Result<Vec<(Timestamp, Counts)>, StoreError> {
        let mut reading = self.read("counting what earlier runs did").await?;
        let rows: Vec<(i64, String, Option<String>, Option<i64>)> = reading
            .fetch(
                "SELECT id, state, applied, applied_at FROM runs WHERE automation = $1 \
                 AND (applied_at > $2 OR state = 'applying') ORDER BY id",
                &[automation.into(), since.into()],
            )
            .await?;
        let mut applied = Vec::with_capacity(rows.len());
        for (id, state, counts, at) in rows {
            let (counts, at) = match (counts, at) {
                (Some(counts), Some(at)) if state != RunState::Applying.name() => {
                    (from_json("runs", &counts)?, Some(timestamp(at)))
                }
                _ => reading.applied(RunId(id)).await?,
            };
            applied.extend(at.filter(|at| *at > since).map(|at| (at, counts)));
        }
        Ok(applied)
    }
}

impl Transaction {
    /// Gives a run another state, when it is in one of the states `from`.
    pub(crate) async fn set_state(
        &mut self,
        id: RunId,
        from: &[RunState],
        to: RunState,
    ) -> Result<(), StoreError> {
        let mut values: Vec<Value<'_>> = vec![id.0.into(), to.name().into()];
        values.extend(from.iter().map(|state| Value::from(state.name())));
        let places: Vec<String> = (0..from.len()).map(|at| format!("${}", at + 3)).collect();
        // With no state to come from, there is no way.
        let places = if places.is_empty() {
            "NULL".to_owned()
        } else {
            places.join(", ")
        };
        let sql = format!("UPDATE runs SET state = $2 WHERE id = $1 AND state IN ({places})");
        if self
            .execute_text(AssertSqlSafe(sql).into_sql_str(), &values)
            .await?
            > 0
        {
            return Ok(());
        }
        let found: Vec<(String,)> = self
            .fetch("SELECT state FROM runs WHERE id = $1", &[id.0.into()])
            .await?;
        match found.first() {
            Some((found,)) => Err(StoreError::RunState {
                run: id,
                to,
                found: RunState::stored(found)?,
            }),
            None => Err(StoreError::NoRun { run: id }),
        }
    }

    /// Counts what the journal of a run says was done, and when last.
    async fn applied(&mut self, id: RunId) -> Result<(Counts, Option<Timestamp>), StoreError> {
        let rows: Vec<(String, i64, i64, i64)> = self
            .fetch(
                "SELECT substr(c.kinds, CAST(j.operation + 1 AS INTEGER), 1) AS kind, count(DISTINCT j.change), \
                 count(*), max(j.at) FROM outcomes j JOIN changes c ON c.run = j.run AND c.seq = j.change \
                 WHERE j.run = $1 AND j.success = 1 GROUP BY 1",
                &[id.0.into()],
            )
            .await?;
        let mut counts = Counts::default();
        for (kind, accounts, operations, _) in &rows {
            counts += tally_of_letter(kind, accounts.cast_unsigned(), operations.cast_unsigned())?;
        }
        Ok((counts, rows.iter().map(|row| row.3).max().map(timestamp)))
    }

    async fn keep_applied(&mut self, id: RunId) -> Result<(), StoreError> {
        let (counts, at) = self.applied(id).await?;
        let counts = to_json(self.doing, &counts)?;
        self.execute(
            "UPDATE runs SET applied = $2, applied_at = $3 WHERE id = $1",
            &[
                id.0.into(),
                counts.into(),
                at.map_or(Value::Integer(None), Value::from),
            ],
        )
        .await
        .map(drop)
    }
}

async fn run_of(reading: &mut Transaction, columns: Columns) -> Result<Run, StoreError> {
    let (
        id,
        automation,
        state,
        started_by,
        started_at,
        finished_at,
        clock,
        documents,
        plan_digest,
        counts,
        applied,
        summary,
        held,
        error,
    ) = columns;
    let (id, state) = (RunId(id), RunState::stored(&state)?);
    let applied = match applied {
        _ if state == RunState::Applying => reading.applied(id).await?.0,
        Some(applied) => from_json("runs", &applied)?,
        None => Counts::default(),
    };
    Ok(Run {
        id,
        automation,
        state,
        started_by,
        started_at: timestamp(started_at),
        finished_at: finished_at.map(timestamp),
        clock: timestamp(clock),
        documents,
        plan_digest,
        counts: from_json("runs", &counts)?,
        applied,
        summary: from_json("runs", &summary)?,
        held: from_json("runs", &held)?,
        error,
    })
}
