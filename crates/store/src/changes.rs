//! Plans: streamed in while they are made, seen once they are whole.

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, SqlSafeStr as _};
use tenure_core::action::{Action, ActionKind, AttributeValues};
use tenure_core::attribute::AttributeName;
use tenure_core::plan::{Change, Counts, Finding, Hold, Operation};
use tenure_core::profile::PersonKey;

use crate::bulk::{Bulk, Kind};
use crate::database::Store;
use crate::error::StoreError;
use crate::json::{from_json, to_json};
use crate::runs::{RunId, RunState, RunSummary};
use crate::transaction::{Fetched, Transaction, Value, micros};

/// Rows and bytes that are gathered for one transaction.
const BATCH: usize = 20_000;
const BYTES: usize = 8 << 20;

/// A change as it is stored. Made by the thread that made the change, so that writing costs the database's thread
/// no serialising.
#[derive(Clone, Debug)]
pub struct ChangeRow {
    seq: u64,
    person: PersonKey,
    kinds: String,
    /// The change as JSON, as it goes into the plan's digest.
    pub body: String,
}

impl ChangeRow {
    /// Serialises the change with this number in its plan.
    pub fn of(seq: u64, change: &Change) -> Result<Self, StoreError> {
        Ok(Self {
            seq,
            person: change.person.clone(),
            kinds: kinds(&change.operations),
            body: to_json("serialising a change", change)?,
        })
    }
}

/// So many accounts, or operations where each counts, of the tally that the letter stands for. A plan keeps a letter
/// per operation, so that what was done is counted without reading the plan again.
pub(crate) fn tally_of_letter(letter: &str, accounts: u64, operations: u64) -> Result<Counts, StoreError> {
    let mut counts = Counts::default();
    let tally = match letter {
        "c" => &mut counts.creates,
        "m" => &mut counts.modifies,
        "v" => &mut counts.moves,
        "e" => &mut counts.enables,
        "d" => &mut counts.disables,
        "x" => &mut counts.deletes,
        "w" => {
            counts.calls = operations;
            return Ok(counts);
        }
        other => {
            let found = format!("an operation of the kind {other:?}");
            return Err(StoreError::Damaged {
                table: "changes",
                found,
            });
        }
    };
    *tally = accounts;
    Ok(counts)
}

/// A letter for each operation. All that is done to a new account is part of its creation.
fn kinds(operations: &[Operation]) -> String {
    let letters = operations.iter().map(|operation| letter(operation.action.kind()));
    if letters.clone().any(|letter| letter == CREATES) {
        let of_creation = |letter| if letter == CALLS { CALLS } else { CREATES };
        return letters.map(of_creation).collect();
    }
    letters.collect()
}

const CREATES: char = 'c';
/// Each counts, whatever else is done to the account.
const CALLS: char = 'w';

/// The letter of the tally that an action counts for, see [`Counts::of_operations`].
fn letter(kind: ActionKind) -> char {
    match kind {
        ActionKind::CreateAccount => CREATES,
        ActionKind::ModifyAttributes
        | ActionKind::AddToGroups
        | ActionKind::RemoveFromGroups
        | ActionKind::ResetPassword
        | ActionKind::Unlock
        | ActionKind::SetPhoto
        | ActionKind::RemovePhoto
        | ActionKind::AssignLicences
        | ActionKind::RevokeLicences
        | ActionKind::RevokeSessions
        | ActionKind::SetAutoReply
        | ActionKind::ConvertMailbox => 'm',
        ActionKind::Move => 'v',
        ActionKind::Enable | ActionKind::Restore => 'e',
        ActionKind::Disable => 'd',
        ActionKind::Delete => 'x',
        ActionKind::CallWebhook
        | ActionKind::RunScript
        | ActionKind::Notify
        | ActionKind::CreateHomeFolder
        | ActionKind::MoveHomeFolder
        | ActionKind::DeleteHomeFolder => CALLS,
    }
}

const SAVE_CHANGES: Bulk<4> = Bulk {
    columns: [
        ("seq", Kind::Integer),
        ("person_key", Kind::Text),
        ("kinds", Kind::Text),
        ("body", Kind::Text),
    ],
    sql: "INSERT INTO changes (run, seq, person_key, kinds, body) SELECT $1, seq, person_key, kinds, body FROM new",
};

const SAVE_FINDINGS: Bulk<2> = Bulk {
    columns: [("seq", Kind::Integer), ("body", Kind::Text)],
    sql: "INSERT INTO findings (run, seq, body) SELECT $1, seq, body FROM new",
};

/// What is true of rows whose plan is whole, or whose run is held without one.
const WHOLE: &str = "EXISTS (SELECT 1 FROM runs WHERE runs.id = p.run AND (runs.plan_digest IS NOT NULL OR runs.state = 'held'))";

/// Takes in the plan of one run. What is not finished is never seen, and goes when the next writer starts.
#[derive(Debug)]
pub struct PlanWriter {
    store: Store,
    run: RunId,
    changes: Vec<ChangeRow>,
    findings: Vec<(i64, String)>,
    bytes: usize,
    next_finding: i64,
}

impl Store {
    /// Starts taking in the plan of a run that is `Fetching`; what an earlier writer left is thrown away.
    pub async fn plan_writer(&self, run: RunId) -> Result<PlanWriter, StoreError> {
        let mut writing = self.write("starting to store a plan").await?;
        writing
            .set_state(run, &[RunState::Fetching], RunState::Fetching)
            .await?;
        writing
            .execute("DELETE FROM changes WHERE run = $1", &[run.0.into()])
            .await?;
        writing
            .execute("DELETE FROM findings WHERE run = $1", &[run.0.into()])
            .await?;
        writing.commit().await?;
        let (changes, findings) = (Vec::new(), Vec::new());
        Ok(PlanWriter {
            store: self.clone(),
            run,
            changes,
            findings,
            bytes: 0,
            next_finding: 0,
        })
    }

    /// Changes of a run's plan in order, from the one after `after`. None before the plan is whole.
    pub async fn changes(
        &self,
        run: RunId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<(u64, Change)>, StoreError> {
        let rows: Vec<(i64, String)> = self.page("seq, body", "changes", run, after, limit).await?;
        rows.into_iter()
            .map(|(seq, body)| Ok((seq.cast_unsigned(), from_json("changes", &body)?)))
            .collect()
    }

    /// One change of a run's plan.
    pub async fn change(&self, run: RunId, seq: u64) -> Result<Option<Change>, StoreError> {
        let changes = self.changes(run, seq.checked_sub(1), 1).await?;
        Ok(changes
            .into_iter()
            .find(|(found, _)| *found == seq)
            .map(|(_, change)| change))
    }

    /// What was planned for everybody with this key, newest first.
    pub async fn changes_of_person(
        &self,
        key: &PersonKey,
        limit: u32,
    ) -> Result<Vec<(RunId, u64, Change)>, StoreError> {
        let sql = format!(
            "SELECT p.run, p.seq, p.body FROM changes p WHERE p.person_key = $1 AND {WHOLE} \
             ORDER BY p.run DESC, p.seq DESC LIMIT $2"
        );
        let mut reading = self.read("reading a person's changes").await?;
        let rows: Vec<(i64, i64, String)> = reading
            .fetch_text(
                AssertSqlSafe(sql).into_sql_str(),
                &[key.as_str().into(), i64::from(limit).into()],
            )
            .await?;
        rows.into_iter()
            .map(|(run, seq, body)| Ok((RunId(run), seq.cast_unsigned(), from_json("changes", &body)?)))
            .collect()
    }

    /// The values of these attributes that accounts had whose deletion was planned in runs begun at `since` or later.
    /// One whose deletion came to nothing is still there, so that its names are taken anyway.
    pub async fn names_of_deleted(
        &self,
        attributes: &[AttributeName],
        since: Timestamp,
    ) -> Result<Vec<(AttributeName, String)>, StoreError> {
        let mut reading = self.read("reading the names of deleted accounts").await?;
        let rows: Vec<(String,)> = reading
            .fetch_text(
                "SELECT p.body FROM changes p JOIN runs ON runs.id = p.run \
                 WHERE runs.started_at >= $1 AND runs.plan_digest IS NOT NULL AND p.kinds LIKE '%x%'"
                    .into_sql_str(),
                &[micros(since).into()],
            )
            .await?;
        let mut names = Vec::new();
        for (body,) in rows {
            let change: Change = from_json("changes", &body)?;
            for operation in change.operations {
                let Action::Delete { stored, .. } = operation.action else {
                    continue;
                };
                let named = stored
                    .into_iter()
                    .filter(|values| attributes.contains(&values.name));
                names.extend(named.flat_map(|AttributeValues { name, values }| {
                    values.into_iter().map(move |value| (name.clone(), value))
                }));
            }
        }
        Ok(names)
    }

    /// Findings beside a run's plan in the order in which they were made, counted from nought, from the one after
    /// `after`. None before the plan is whole.
    pub async fn findings(
        &self,
        run: RunId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Finding>, StoreError> {
        let rows: Vec<(String,)> = self.page("body", "findings", run, after, limit).await?;
        rows.into_iter()
            .map(|(body,)| from_json("findings", &body))
            .collect()
    }

    async fn page<T: Fetched>(
        &self,
        columns: &str,
        table: &str,
        run: RunId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<T>, StoreError> {
        let sql = format!(
            "SELECT {columns} FROM {table} p WHERE p.run = $1 AND p.seq > $2 AND {WHOLE} ORDER BY p.seq LIMIT $3"
        );
        let after = after.map_or(-1, |after| i64::try_from(after).unwrap_or(i64::MAX));
        let mut reading = self.read("reading a plan").await?;
        reading
            .fetch_text(
                AssertSqlSafe(sql).into_sql_str(),
                &[run.0.into(), after.into(), i64::from(limit).into()],
            )
            .await
    }
}

impl PlanWriter {
    /// Takes changes, in any order of their numbers.
    pub async fn write(&mut self, changes: Vec<ChangeRow>) -> Result<(), StoreError> {
        self.bytes += changes.iter().map(|row| row.body.len()).sum::<usize>();
        self.changes.extend(changes);
        self.write_when_full().await
    }

    /// Takes findings, which are kept in the order in which they come.
    pub async fn write_findings(&mut self, findings: &[Finding]) -> Result<(), StoreError> {
        for finding in findings {
            self.findings
                .push((self.next_finding, to_json("serialising a finding", finding)?));
            self.next_finding += 1;
        }
        self.write_when_full().await
    }

    /// Makes the plan whole: with the rest of it, in one transaction, the run gets its digest, counts, summary and
    /// holds, and goes from `Fetching` to `state`; one that is `Done` with it ends `at` that time.
    pub async fn finish(
        mut self,
        plan_digest: &str,
        counts: Counts,
        summary: &RunSummary,
        state: RunState,
        held: &[Hold],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        const DOING: &str = "finishing a plan";
        let mut writing = self.store.write(DOING).await?;
        self.write_rest(&mut writing).await?;
        writing.set_state(self.run, &[RunState::Fetching], state).await?;
        writing
            .execute(
                "UPDATE runs SET plan_digest = $2, counts = $3, summary = $4, held = $5, finished_at = $6 WHERE id = $1",
                &[
                    self.run.0.into(),
                    plan_digest.into(),
                    to_json(DOING, &counts)?.into(),
                    to_json(DOING, summary)?.into(),
                    to_json(DOING, held)?.into(),
                    Value::Integer((state == RunState::Done).then(|| micros(at))),
                ],
            )
            .await?;
        writing.commit().await
    }

    /// Holds a run that cannot be planned: with the findings so far it goes from `Fetching` to `Held` in one
    /// transaction. It has no plan, and so no digest.
    pub async fn hold(mut self, held: &[Hold], summary: &RunSummary) -> Result<(), StoreError> {
        const DOING: &str = "holding a run";
        let mut writing = self.store.write(DOING).await?;
        self.write_rest(&mut writing).await?;
        writing
            .set_state(self.run, &[RunState::Fetching], RunState::Held)
            .await?;
        writing
            .execute(
                "UPDATE runs SET summary = $2, held = $3 WHERE id = $1",
                &[
                    self.run.0.into(),
                    to_json(DOING, summary)?.into(),
                    to_json(DOING, held)?.into(),
                ],
            )
            .await?;
        writing.commit().await
    }

    async fn write_when_full(&mut self) -> Result<(), StoreError> {
        if self.changes.len() + self.findings.len() < BATCH && self.bytes < BYTES {
            return Ok(());
        }
        let mut writing = self.store.write("storing a plan").await?;
        self.write_rest(&mut writing).await?;
        writing.commit().await
    }

    async fn write_rest(&mut self, writing: &mut Transaction) -> Result<(), StoreError> {
        let run = [Value::from(self.run.0)];
        let changes = self.changes.iter().map(|row| {
            [
                row.seq.cast_signed().into(),
                row.person.as_str().into(),
                row.kinds.as_str().into(),
                row.body.as_str().into(),
            ]
        });
        writing.bulk(&SAVE_CHANGES, &run, changes).await?;
        let findings = self
            .findings
            .iter()
            .map(|(seq, body)| [(*seq).into(), body.as_str().into()]);
        writing.bulk(&SAVE_FINDINGS, &run, findings).await?;
        self.changes.clear();
        self.findings.clear();
        self.bytes = 0;
        Ok(())
    }
}
