//! `tenure fetch`: what comes from a data source, and what the mapping makes of it.

use std::sync::Arc;

use comfy_table::{Table, presets};
use serde_json::{Map, Value, json};
use tenure_core::attribute::Dictionary;
use tenure_core::document::Document;
use tenure_core::fixture::yaml;
use tenure_core::profile::{PersonKey, Profile};
use tenure_core::redact::{HIDDEN, Redaction};
use tenure_core::seams::Completeness;
use tenure_engine::FetchReport;

use crate::exit::Exit;
use crate::home::Home;
use crate::output::json::{VERSION, print};
use crate::output::plan::{finding, thousands};
use crate::output::progress::Bars;
use crate::output::style::Style;

/// Findings that are shown to people.
const FINDINGS: usize = 20;

pub async fn fetch(home: &Home, source: &str, sample: usize, as_json: bool) -> super::Result {
    let documents = home.documents()?;
    let engine = home.engine().await?;
    let bars = Arc::new(Bars::new());
    let report = engine.fetch(&documents, source, bars.clone()).await?;
    drop(bars);
    let redaction = Redaction::of(&documents);
    let samples: Vec<&Profile> = report.profiles.iter().take(sample).collect();
    if as_json {
        print_json(&report, &samples, &redaction);
    } else {
        print_text(&report, &samples, &redaction);
    }
    Ok(match report.completeness {
        Completeness::Complete { .. } => Exit::Done,
        Completeness::Incomplete { .. } => Exit::Failed,
    })
}

/// Prints a person, as last fetched, as a fixture.
pub async fn fixture(home: &Home, source: &str, key: &str, as_json: bool) -> super::Result {
    let documents = home.documents()?;
    let engine = home.engine().await?;
    let key = PersonKey::new(key).ok_or_else(|| format!("`{key}` cannot be a person's key"))?;
    let fixture = engine.fixture(&documents, source, &key).await?;
    if as_json {
        print(&json!({ "version": VERSION, "document": Document::Fixture(fixture) }));
    } else {
        print!("{}", yaml(&fixture)?);
    }
    Ok(Exit::Done)
}

fn print_json(report: &FetchReport, samples: &[&Profile], redaction: &Redaction) {
    let incomplete = match &report.completeness {
        Completeness::Complete { .. } => None,
        Completeness::Incomplete { why, .. } => Some(why),
    };
    print(&json!({
        "version": VERSION,
        "records": report.records,
        "people": report.profiles.len(),
        "incomplete": incomplete,
        "attributes": report.filled.iter().map(|column| (column.attribute.clone(), column.people.into())).collect::<Map<_, Value>>(),
        "findings": report.findings,
        "sample": samples.iter().map(|profile| json!({
            "key": profile.key,
            "lifecycle": profile.lifecycle,
            "attributes": attributes(profile, &report.dictionary, redaction),
        })).collect::<Vec<_>>(),
    }));
}

fn print_text(report: &FetchReport, samples: &[&Profile], redaction: &Redaction) {
    let style = Style::stdout();
    println!(
        "{} records, {} people",
        thousands(report.records),
        thousands(report.profiles.len() as u64)
    );
    match &report.completeness {
        Completeness::Complete { .. } => println!("{}", style.green("everything came")),
        Completeness::Incomplete { why, .. } => println!("{} {why}", style.red("not everything came:")),
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["ATTRIBUTE", "PEOPLE WITH A VALUE"]);
    for column in &report.filled {
        table.add_row([column.attribute.clone(), thousands(column.people)]);
    }
    println!("\n{table}");
    for profile in samples {
        println!("\n{} {}", style.bold(&profile.key), style.dim(lifecycle(profile)));
        for (name, values) in attributes(profile, &report.dictionary, redaction) {
            println!("    {name}: {}", joined(&values));
        }
    }
    if !report.findings.is_empty() {
        println!();
    }
    for found in report.findings.iter().take(FINDINGS) {
        finding(found, style);
    }
    if let Some(more) = report
        .findings
        .len()
        .checked_sub(FINDINGS)
        .filter(|more| *more > 0)
    {
        println!("… and {} more", thousands(more as u64));
    }
}

fn lifecycle(profile: &Profile) -> String {
    let value = serde_json::to_value(profile.lifecycle).unwrap_or_default();
    value
        .get("state")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn attributes(profile: &Profile, dictionary: &Dictionary, redaction: &Redaction) -> Map<String, Value> {
    let mut attributes = Map::new();
    for (index, value) in profile.attributes.iter() {
        let name = dictionary
            .name(index)
            .map(ToString::to_string)
            .unwrap_or_default();
        let hidden = redaction.hides(&name);
        if let Value::Array(values) = attributes.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
            values.push(if hidden { HIDDEN.into() } else { value.into() });
        }
    }
    attributes
}

fn joined(values: &Value) -> String {
    let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
    values
        .iter()
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}
