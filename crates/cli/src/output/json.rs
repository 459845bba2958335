//! Output for machines. Each document has `version`, which changes when a field changes its meaning or goes away;
//! new fields may come at any time.

use serde_json::{Value, json};
use tenure_core::plan::{Change, Finding};
use tenure_store::{JournalEntry, JournalEvent, Notice, Run};

/// The version of every JSON document that the command prints.
pub const VERSION: u32 = 1;

/// A run, without its plan.
pub fn run(run: &Run) -> Value {
    json!({
        "id": run.id,
        "automation": run.automation,
        "state": run.state,
        "started_by": run.started_by,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "clock": run.clock,
        "documents_digest": run.documents,
        "plan_digest": run.plan_digest,
        "planned": run.counts,
        "applied": run.applied,
        "summary": run.summary,
        "held": run.held,
        "error": run.error,
    })
}

/// A run with its plan and what became of it.
pub fn plan(
    run: &Run,
    changes: &[(u64, Change)],
    findings: &[Finding],
    journal: &[JournalEntry],
    notices: &[Notice],
) -> Value {
    json!({
        "version": VERSION,
        "run": self::run(run),
        "changes": changes.iter().map(|(seq, change)| with_number(*seq, change)).collect::<Vec<_>>(),
        "findings": findings,
        "outcomes": journal.iter().filter_map(outcome).collect::<Vec<_>>(),
        "notices": notices,
    })
}

fn with_number(seq: u64, change: &Change) -> Value {
    let mut value = serde_json::to_value(change).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.insert("number".to_owned(), seq.into());
    }
    value
}

fn outcome(entry: &JournalEntry) -> Option<Value> {
    let JournalEvent::Outcome { outcome, account } = &entry.event else {
        return None;
    };
    let mut value = serde_json::to_value(outcome).unwrap_or_default();
    let object = value.as_object_mut()?;
    object.insert("change".to_owned(), entry.id.change.into());
    object.insert("operation".to_owned(), entry.id.operation.into());
    object.insert("at".to_owned(), json!(entry.at));
    if let Some(account) = account {
        object.insert(
            "account".to_owned(),
            json!({ "id": account.id, "dn": account.dn }),
        );
    }
    Some(value)
}

/// Prints a document.
pub fn print(value: &Value) {
    println!("{}", serde_json::to_string_pretty(value).unwrap_or_default());
}
