//! `tenure person`, `tenure password` and `tenure unlink`: one person.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use tenure_core::profile::PersonKey;
use tenure_core::redact::HIDDEN;
use tenure_core::seams::Secrets as _;
use tenure_engine::Engine;
use tenure_store::{JournalEvent, RunId, RunState, StoredLink};

use crate::exit::Exit;
use crate::home::Home;
use crate::output::json::{VERSION, print};
use crate::output::person::{Person, person as show};
use crate::output::style::Style;

/// How much of a person's history is shown.
const HISTORY: u32 = 100;

pub async fn person(home: &Home, key: &str, as_json: bool) -> super::Result {
    let engine = home.engine().await?;
    let key = parse(key)?;
    let mut person = load(engine, &key).await?;
    if person.records.is_empty() && person.links.is_empty() && person.history.is_empty() {
        return Err(format!("nobody is known by the key `{key}`; keys are those of the data source, such as the employee number").into());
    }
    hide(home, engine, &mut person).await?;
    if as_json {
        print(&json!({
            "version": VERSION,
            "key": key,
            "records": person.records.iter().map(|(source, record)| json!({
                "source": source,
                "first_seen": record.first_seen,
                "last_seen": record.fetched_at,
                "gone_since": record.gone_at,
                "columns": serde_json::from_str::<Value>(&record.columns).unwrap_or_default(),
            })).collect::<Vec<_>>(),
            "accounts": person.links.iter().map(|(source, directory, link)| json!({
                "source": source,
                "directory": directory,
                "id": link.link.account,
                "dn": link.dn,
                "state": link.link.state,
                "since": link.link.since,
                "matched": link.link.matched,
                "calls": link.link.memory,
            })).collect::<Vec<_>>(),
            "history": person.history.iter().map(|entry| json!({
                "run": entry.run,
                "at": entry.at,
                "event": entry.event,
                "operation": entry.operation,
                "outcome": entry.outcome,
            })).collect::<Vec<_>>(),
        }));
    } else {
        show(key.as_str(), &person, Style::stdout());
    }
    Ok(Exit::Done)
}

/// Hides what the documents hide now, and what they hid when something was done.
async fn hide(home: &Home, engine: &Engine, person: &mut Person) -> super::Result<()> {
    let mut redaction = home.redaction()?;
    let runs = person.history.iter().map(|entry| entry.run);
    let runs: BTreeSet<RunId> = runs.chain(person.pending.iter().map(|(run, _)| *run)).collect();
    for run in runs {
        let run = engine.store().run(run).await?;
        redaction.add(super::runs::redaction(engine, &run).await?);
    }
    for entry in &mut person.history {
        redaction.outcome(&entry.operation, &mut entry.outcome);
        redaction.operation(&mut entry.operation);
    }
    person
        .pending
        .iter_mut()
        .for_each(|(_, change)| redaction.change(change));
    for (_, _, link) in &mut person.links {
        link.link.matched = redaction.matched(&link.link.matched);
    }
    for (source, record) in &mut person.records {
        let columns: Map<String, Value> = serde_json::from_str(&record.columns).unwrap_or_default();
        let shown = |(name, value): (String, Value)| {
            let value = if redaction.hides_column(source, &name) {
                HIDDEN.into()
            } else {
                value
            };
            (name, value)
        };
        record.columns = Value::Object(columns.into_iter().map(shown).collect()).to_string();
    }
    Ok(())
}

pub async fn password(home: &Home, key: &str, directory: Option<&str>) -> super::Result {
    let engine = home.engine().await?;
    for (_, directory, _) in links(engine, &parse(key)?, directory).await? {
        let secret = engine
            .vault()
            .get(&tenure_engine::password_name(&directory, key))
            .await;
        match secret {
            Ok(secret) => println!("{directory}: {}", secret.expose()),
            Err(_) => println!("{directory}: Tenure made no password for this account"),
        }
    }
    Ok(Exit::Done)
}

pub async fn unlink(home: &Home, key: &str, directory: Option<&str>) -> super::Result {
    let engine = home.engine().await?;
    let key = parse(key)?;
    for (source, directory, link) in links(engine, &key, directory).await? {
        engine.store().unlink(&source, &directory, &key).await?;
        println!(
            "{key} is no longer linked to {} in {directory}. The account itself was not touched.",
            link.dn
        );
    }
    Ok(Exit::Done)
}

fn parse(key: &str) -> super::Result<PersonKey> {
    PersonKey::new(key).ok_or_else(|| format!("`{key}` cannot be a person's key").into())
}

/// The accounts of a person, of one directory or of all; none is an error.
async fn links(
    engine: &Engine,
    key: &PersonKey,
    directory: Option<&str>,
) -> super::Result<Vec<(String, String, StoredLink)>> {
    let mut links = engine.store().links_of(key).await?;
    links.retain(|(_, linked, _)| directory.is_none_or(|directory| directory == linked));
    if links.is_empty() {
        return Err(format!("no account is linked to `{key}`").into());
    }
    Ok(links)
}

async fn load(engine: &Engine, key: &PersonKey) -> super::Result<Person> {
    let store = engine.store();
    let mut records = Vec::new();
    for (source, key) in store.find_people(key.as_str()).await? {
        if let Some(record) = store.record(&source, &key).await? {
            records.push((source, record));
        }
    }
    let mut pending = Vec::new();
    for (run, seq, change) in store.changes_of_person(key, 5).await? {
        let state = store.run(run).await?.state;
        if matches!(state, RunState::Planned | RunState::Held | RunState::Interrupted) {
            let ended =
                store.journal(run).await?.iter().any(|entry| {
                    entry.id.change == seq && matches!(entry.event, JournalEvent::Outcome { .. })
                });
            if !ended {
                pending.push((run, change));
            }
        }
    }
    Ok(Person {
        records,
        links: store.links_of(key).await?,
        history: store.history(key, HISTORY).await?,
        pending,
    })
}
