//! What earlier runs began to create without learning how that ended.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, SqlSafeStr as _};
use tenure_core::action::Action;
use tenure_core::outcome::Outcome;
use tenure_core::plan::Change;

use crate::database::Store;
use crate::error::StoreError;
use crate::journal::JournalEvent;
use crate::json::from_json;
use crate::runs::RunId;

/// What is true of a change `c` when no later run of the automation `$1` came to an end with an account for the person.
const LATEST: &str = "NOT EXISTS (SELECT 1 FROM changes d JOIN outcomes k ON k.run = d.run AND k.change = d.seq \
     JOIN runs q ON q.id = d.run WHERE d.person_key = c.person_key AND d.run > c.run AND d.kinds LIKE 'c%' \
     AND q.automation = $1)";

impl Store {
    /// Changes of an automation's earlier runs that begin with creating an account, of which it is not known how that
    /// ended: it failed for the moment, or the run was given up in the middle of it. One for each person, the latest;
    /// none for whom a later run learnt how a creation ended.
    pub async fn half_made(&self, automation: &str) -> Result<Vec<Change>, StoreError> {
        let mut begun = BTreeMap::new();
        let changes = self.failed_creations(automation).await?.into_iter();
        for (run, change) in changes.chain(self.given_up(automation).await?) {
            let latest = begun
                .entry(change.person.clone())
                .or_insert_with(|| (run, change.clone()));
            if latest.0 < run {
                *latest = (run, change);
            }
        }
        Ok(begun.into_values().map(|(_, change)| change).collect())
    }

    async fn failed_creations(&self, automation: &str) -> Result<Vec<(RunId, Change)>, StoreError> {
        let sql = format!(
            "SELECT c.run, j.operation, j.body, c.body FROM runs r JOIN outcomes j ON j.run = r.id \
             JOIN changes c ON c.run = r.id AND c.seq = j.change \
             WHERE r.automation = $1 AND r.state IN ('done_with_failures', 'discarded') AND j.success = 0 \
             AND c.kinds LIKE 'c%' AND {LATEST}"
        );
        let mut reading = self.read("reading which creations failed").await?;
        let rows: Vec<(i64, i64, String, String)> = reading
            .fetch_text(AssertSqlSafe(sql).into_sql_str(), &[automation.into()])
            .await?;
        let mut failed = Vec::new();
        for (run, operation, outcome, body) in rows {
            if let Outcome::Failed(_) = from_json("outcomes", &outcome)? {
                let change: Change = from_json("changes", &body)?;
                if u32::try_from(operation).is_ok_and(|operation| creates(&change, operation)) {
                    failed.push((RunId(run), change));
                }
            }
        }
        Ok(failed)
    }

    /// Creations that were about to be written when their run broke off, which then was not resumed.
    async fn given_up(&self, automation: &str) -> Result<Vec<(RunId, Change)>, StoreError> {
        let mut reading = self.read("reading which runs were given up").await?;
        let runs: Vec<(i64,)> = reading
            .fetch(
                "SELECT id FROM runs WHERE automation = $1 AND state = 'discarded' \
                 AND EXISTS (SELECT 1 FROM intents WHERE intents.run = runs.id)",
                &[automation.into()],
            )
            .await?;
        let sql = format!("SELECT c.seq FROM changes c WHERE c.run = $2 AND c.kinds LIKE 'c%' AND {LATEST}");
        let mut given_up = Vec::new();
        for (id,) in runs {
            let run = RunId(id);
            let mut open = BTreeSet::new();
            for entry in self.journal(run).await? {
                match entry.event {
                    JournalEvent::Intent => open.insert(entry.id),
                    JournalEvent::Outcome { .. } => open.remove(&entry.id),
                };
            }
            if open.is_empty() {
                continue;
            }
            let latest: Vec<(i64,)> = reading
                .fetch_text(
                    AssertSqlSafe(sql.clone()).into_sql_str(),
                    &[automation.into(), id.into()],
                )
                .await?;
            let latest: BTreeSet<u64> = latest.into_iter().map(|(seq,)| seq.cast_unsigned()).collect();
            for id in open.into_iter().filter(|id| latest.contains(&id.change)) {
                if let Some(change) = self.change(run, id.change).await?
                    && creates(&change, id.operation)
                {
                    given_up.push((run, change));
                }
            }
        }
        Ok(given_up)
    }
}

/// Whether an operation creates the account. Nothing else is done for a person before.
fn creates(change: &Change, operation: u32) -> bool {
    let operation = change.operations.get(operation as usize);
    operation.is_some_and(|operation| matches!(operation.action, Action::CreateAccount { .. }))
}
