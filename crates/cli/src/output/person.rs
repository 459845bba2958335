//! One person on the terminal: where they are recorded, which accounts are theirs, what was done.

use tenure_store::{HistoryEntry, RunId, StoredLink, StoredRecord};

use super::run::moment;
use super::style::Style;

/// Everything known of one person.
pub struct Person {
    /// Records, by data source.
    pub records: Vec<(String, StoredRecord)>,
    /// Accounts, by data source and directory.
    pub links: Vec<(String, String, StoredLink)>,
    /// What was done, newest first.
    pub history: Vec<HistoryEntry>,
    /// Changes that are planned and not carried out.
    pub pending: Vec<(RunId, tenure_core::plan::Change)>,
}

/// Prints a person.
pub fn person(key: &str, person: &Person, style: Style) {
    println!("{}", style.bold(format!("Person {key}")));
    for (source, record) in &person.records {
        println!();
        match record.gone_at {
            None => println!(
                "in {source} since {}, last seen {}",
                moment(record.first_seen),
                moment(record.fetched_at)
            ),
            Some(gone) => println!(
                "{}",
                style.red(format!("no longer in {source} since {}", moment(gone)))
            ),
        }
        let columns: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&record.columns).unwrap_or_default();
        for (name, value) in columns {
            println!("    {name}: {value}");
        }
    }
    for (source, directory, link) in &person.links {
        let state = serde_json::to_value(link.link.state).unwrap_or_default();
        println!();
        println!("account in {directory}: {}", link.dn);
        println!(
            "    {} since {}",
            state.as_str().unwrap_or_default(),
            moment(link.link.since)
        );
        println!("    {} ({source}), id {}", link.link.matched, link.link.account);
    }
    for (_, directory, link) in &person.links {
        let Some(memory) = &link.link.memory else { continue };
        for owed in memory.owing.iter().flat_map(|owing| &owing.calls) {
            println!("    {} {} ({directory})", style.yellow("owed:"), owed.step);
        }
        for doubt in &memory.in_doubt {
            println!(
                "    {} {}: {}",
                style.red("in doubt:"),
                doubt.owed.step,
                doubt.what
            );
        }
        for (name, value) in &memory.captured {
            println!("    captured {name}: {value}");
        }
    }
    for (run, change) in &person.pending {
        println!();
        println!(
            "{}",
            style.yellow(format!("planned in run {run}, not carried out:"))
        );
        super::plan::change(change, style);
    }
    if !person.history.is_empty() {
        println!();
        println!("{}", style.bold("History"));
    }
    for entry in &person.history {
        let outcome = super::outcome_words(&entry.outcome, style);
        println!(
            "  {}  run {}  {}: {}  {outcome}",
            moment(entry.at),
            entry.run,
            entry.event,
            entry.operation.action.sentence()
        );
    }
}
