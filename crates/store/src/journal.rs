//! The journal: an intent before each write, an outcome after it, never changed afterwards.

use std::collections::HashSet;
use std::fmt::{self, Write as _};

use jiff::Timestamp;
use tenure_core::account::AccountId;
use tenure_core::dn::Dn;
use tenure_core::outcome::Outcome;
use tenure_core::plan::{Change, Event, Operation};
use tenure_core::profile::PersonKey;
use tenure_core::seams::AccountRef;

use crate::bulk::{Bulk, Kind};
use crate::database::Store;
use crate::error::StoreError;
use crate::json::{from_json, to_json};
use crate::leases::Lease;
use crate::links::LinkRow;
use crate::packing::{escape, unescape};
use crate::runs::RunId;
use crate::transaction::{Transaction, Value, timestamp};
use crate::vault::Sealed;

/// An operation of a run's plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId {
    /// The number of the change in the plan.
    pub change: u64,
    /// The place of the operation in the change, from nought.
    pub operation: u32,
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.change, self.operation)
    }
}

/// The end of one operation.
#[derive(Clone, Debug)]
pub struct OutcomeRow {
    /// Which operation.
    pub id: OperationId,
    /// What became of it.
    pub outcome: Outcome,
    /// The account as it is called now, when it is known.
    pub account: Option<AccountRef>,
}

/// Everything that must be on the disk before the next writes leave.
#[derive(Debug)]
pub struct Flush<'a> {
    /// Which run.
    pub run: RunId,
    /// When.
    pub at: Timestamp,
    /// What ended.
    pub outcomes: Vec<OutcomeRow>,
    /// Links that came about or changed by it.
    pub links: Vec<LinkRow<'a>>,
    /// First passwords of accounts about to be created.
    pub secrets: Vec<Sealed>,
    /// What is about to be written to the directory.
    pub intents: Vec<OperationId>,
    /// The lease under which the run is carried out.
    pub lease: &'a Lease,
}

/// An entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// Which operation.
    pub id: OperationId,
    /// What is known of it.
    pub event: JournalEvent,
    /// Since when.
    pub at: Timestamp,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalEvent {
    /// Its write was about to leave.
    Intent,
    /// It ended.
    Outcome {
        /// What became of it.
        outcome: Outcome,
        /// The account as it was called then, when it was known.
        account: Option<AccountRef>,
    },
}

/// Something that was done, or tried, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// In which run.
    pub run: RunId,
    /// When it ended.
    pub at: Timestamp,
    /// The rule that it followed.
    pub event: Event,
    /// What was planned; its action has a sentence.
    pub operation: Operation,
    /// What became of it.
    pub outcome: Outcome,
}

const OUTCOMES: Bulk<6> = Bulk {
    columns: [
        ("change", Kind::Integer),
        ("operation", Kind::Integer),
        ("success", Kind::Integer),
        ("body", Kind::Text),
        ("account_id", Kind::Text),
        ("account_dn", Kind::Text),
    ],
    sql: "INSERT INTO outcomes (run, change, operation, at, success, body, account_id, account_dn) \
          SELECT $1, change, operation, $2, success, body, account_id, account_dn FROM new WHERE true \
          ON CONFLICT DO NOTHING",
};

const ENDED: Bulk<2> = Bulk {
    columns: [("change", Kind::Integer), ("operation", Kind::Integer)],
    sql: "SELECT o.change, o.operation FROM new CROSS JOIN outcomes o WHERE o.run = $1 AND o.change = new.change \
          AND o.operation = new.operation",
};

impl Store {
    /// Keeps outcomes, links, secrets and intents in one transaction; when this returns they are on the disk, and
    /// when it fails none of them is there. The lease is renewed by it; a process that lost its lease writes
    /// nothing ([`StoreError::LeaseLost`]). An operation has one outcome at most ([`StoreError::Journal`]); it may
    /// have several intents, since a write may be tried again.
    pub async fn flush(&self, flush: Flush<'_>) -> Result<(), StoreError> {
        let mut writing = self.write("writing the journal").await?;
        writing.renew(flush.lease).await?;
        let kept = writing.outcomes(&flush).await?;
        if kept < flush.outcomes.len() as u64 {
            drop(writing);
            return Err(self.second_outcome(&flush).await?);
        }
        if let Err(error) = writing.save_links(&flush.links).await {
            drop(writing);
            return Err(self.why_not_linked(&flush.links, error).await);
        }
        writing.save_secrets(&flush.secrets, flush.at).await?;
        writing.intents(&flush).await?;
        writing.commit().await
    }

    /// The journal of a run, by operation, each with its first intent and then its outcome.
    pub async fn journal(&self, run: RunId) -> Result<Vec<JournalEntry>, StoreError> {
        type Row = (i64, i64, i64, String, Option<String>, Option<String>);
        let mut reading = self.read("reading the journal").await?;
        let intents: Vec<(i64, String)> = reading
            .fetch(
                "SELECT at, operations FROM intents WHERE run = $1 ORDER BY flush",
                &[run.0.into()],
            )
            .await?;
        let outcomes: Vec<Row> = reading
            .fetch(
                "SELECT change, operation, at, body, account_id, account_dn FROM outcomes WHERE run = $1 \
                 ORDER BY change, operation",
                &[run.0.into()],
            )
            .await?;
        let mut journal = Vec::with_capacity(outcomes.len() * 2);
        for (at, operations) in &intents {
            for text in operations.split(',') {
                journal.push(JournalEntry {
                    id: intent(text)?,
                    event: JournalEvent::Intent,
                    at: timestamp(*at),
                });
            }
        }
        // The order is kept among equals, so that the first intent is the one that stays.
        journal.sort_by_key(|entry| entry.id);
        journal.dedup_by_key(|entry| entry.id);
        for (change, operation, at, body, account, dn) in outcomes {
            let outcome = from_json("outcomes", &body)?;
            let account = account.zip(dn).map(|(id, dn)| AccountRef {
                id: AccountId::new(&unescape(&id)),
                dn: Dn::from_server(&unescape(&dn)),
            });
            let event = JournalEvent::Outcome { outcome, account };
            journal.push(JournalEntry {
                id: operation_id(change, operation)?,
                event,
                at: timestamp(at),
            });
        }
        journal.sort_by_key(|entry| entry.id);
        Ok(journal)
    }

    /// What was done for everybody with this key, newest first.
    pub async fn history(&self, key: &PersonKey, limit: u32) -> Result<Vec<HistoryEntry>, StoreError> {
        let mut reading = self.read("reading a person's history").await?;
        let rows: Vec<(i64, i64, i64, i64, String, String)> = reading
            .fetch(
                "SELECT j.run, j.change, j.operation, j.at, j.body, c.body FROM changes c \
                 JOIN outcomes j ON j.run = c.run AND j.change = c.seq \
                 WHERE c.person_key = $1 ORDER BY j.at DESC, j.run DESC, j.change DESC, j.operation DESC LIMIT $2",
                &[key.as_str().into(), i64::from(limit).into()],
            )
            .await?;
        rows.into_iter()
            .map(|(run, change, operation, at, outcome, body)| {
                let id = operation_id(change, operation)?;
                let change: Change = from_json("changes", &body)?;
                let operation = change
                    .operations
                    .into_iter()
                    .nth(id.operation as usize)
                    .ok_or_else(|| StoreError::Damaged {
                        table: "outcomes",
                        found: format!("operation {id}, which was never planned"),
                    })?;
                Ok(HistoryEntry {
                    run: RunId(run),
                    at: timestamp(at),
                    event: change.event,
                    operation,
                    outcome: from_json("outcomes", &outcome)?,
                })
            })
            .collect()
    }

    /// The error for outcomes of which not all were new.
    async fn second_outcome(&self, flush: &Flush<'_>) -> Result<StoreError, StoreError> {
        let mut reading = self.read("looking for an outcome that is there already").await?;
        let ended: Vec<(i64, i64)> = reading
            .bulk_fetch(
                &ENDED,
                &[flush.run.0.into()],
                flush.outcomes.iter().map(|row| id_values(row.id)),
            )
            .await?;
        let mut seen = HashSet::new();
        let operation = match ended.first() {
            Some((change, operation)) => operation_id(*change, *operation)?,
            None => flush
                .outcomes
                .iter()
                .map(|row| row.id)
                .find(|id| !seen.insert(*id))
                .unwrap_or(OperationId {
                    change: 0,
                    operation: 0,
                }),
        };
        Ok(StoreError::Journal {
            run: flush.run,
            operation,
            found: "it has an outcome already, and was to get a second one; nothing was written".to_owned(),
        })
    }
}

impl Transaction {
    /// Adds outcomes and says how many of them were new.
    async fn outcomes(&mut self, flush: &Flush<'_>) -> Result<u64, StoreError> {
        let bodies = flush
            .outcomes
            .iter()
            .map(|row| to_json(self.doing, &row.outcome))
            .collect::<Result<Vec<_>, _>>()?;
        let values = flush.outcomes.iter().zip(&bodies).map(|(row, body)| {
            let [change, operation] = id_values(row.id);
            let account = row.account.as_ref();
            [
                change,
                operation,
                i64::from(row.outcome.is_success()).into(),
                body.as_str().into(),
                Value::Text(account.map(|account| escape(account.id.as_str()))),
                Value::Text(account.map(|account| escape(account.dn.as_str()))),
            ]
        });
        self.bulk(&OUTCOMES, &[flush.run.0.into(), flush.at.into()], values)
            .await
    }

    /// Adds intents.
    async fn intents(&mut self, flush: &Flush<'_>) -> Result<(), StoreError> {
        if flush.intents.is_empty() {
            return Ok(());
        }
        let mut operations = String::with_capacity(flush.intents.len() * 10);
        for id in &flush.intents {
            let comma = if operations.is_empty() { "" } else { "," };
            // Writing into memory does not fail.
            let _ = write!(operations, "{comma}{id}");
        }
        self.execute(
            "INSERT INTO intents (run, flush, at, operations) \
             SELECT $1, coalesce(max(flush), 0) + 1, $2, $3 FROM intents WHERE run = $1",
            &[flush.run.0.into(), flush.at.into(), operations.into()],
        )
        .await
        .map(drop)
    }
}

fn id_values(id: OperationId) -> [Value<'static>; 2] {
    [id.change.cast_signed().into(), i64::from(id.operation).into()]
}

/// An operation as it is written in a row of intents.
fn intent(text: &str) -> Result<OperationId, StoreError> {
    text.split_once('.')
        .and_then(|(change, operation)| {
            Some(OperationId {
                change: change.parse().ok()?,
                operation: operation.parse().ok()?,
            })
        })
        .ok_or_else(|| StoreError::Damaged {
            table: "intents",
            found: format!("the operation {text:?}"),
        })
}

fn operation_id(change: i64, operation: i64) -> Result<OperationId, StoreError> {
    let found = || StoreError::Damaged {
        table: "outcomes",
        found: format!("operation {change}.{operation}"),
    };
    Ok(OperationId {
        change: u64::try_from(change).map_err(|_| found())?,
        operation: u32::try_from(operation).map_err(|_| found())?,
    })
}
