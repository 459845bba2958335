//! A call of an endpoint that was made to be looked at: request, answer, columns, and what may be made of them.

use std::fmt::Write as _;

use comfy_table::{Table, presets};
use serde_json::{Value, json};
use tenure_connect::source::{BODY_SHOWN, Exchange, Field, Found, More, Received, Sent};
use tenure_core::seams::SourceError;
use tenure_core::survey::{Column, Kind, Suggestion, Suggestions, Surveyed};
use tenure_engine::EndpointReport;

use super::json::VERSION;
use super::plan::thousands;
use super::style::Style;

/// Prints a trial for people.
pub fn print(application: &str, endpoint: &str, report: &EndpointReport, style: Style) {
    if let Some(parent) = &report.trial.parent {
        println!(
            "{}",
            style.bold(format!("First `{}`, for its first record:", parent.endpoint))
        );
        exchange(parent, Shown::WithoutBody, style);
        println!();
    }
    if let Some(own) = &report.trial.exchange {
        exchange(own, Shown::Whole, style);
        println!();
    }
    match &report.trial.found {
        Err(error) => wrong(error, style),
        Ok(found) => {
            self::found(found, style);
            if let Some(surveyed) = &report.surveyed {
                columns(surveyed, style);
            }
            suggestions(application, endpoint, &report.suggestions, style);
        }
    }
}

/// How much of an exchange is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Whole,
    WithoutBody,
}

fn exchange(exchange: &Exchange, shown: Shown, style: Style) {
    let Sent {
        method,
        url,
        headers,
        body,
    } = &exchange.sent;
    println!("{}", style.bold(format!("{method} {url}")));
    fields(headers, style);
    if let Some(body) = body {
        println!("\n{body}");
    }
    let Some(received) = &exchange.received else {
        return;
    };
    println!();
    let Received {
        status,
        reason,
        headers,
        took,
        body,
    } = received;
    let status_line = format!("{status} {reason}");
    let status_line = if (200..300).contains(status) {
        style.green(status_line.trim_end())
    } else {
        style.red(status_line.trim_end())
    };
    println!(
        "{status_line} in {} ms, {} bytes",
        thousands(u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
        thousands(body.bytes as u64)
    );
    fields(headers, style);
    if shown == Shown::WithoutBody {
        return;
    }
    println!("\n{}", body.text);
    if body.cut {
        println!(
            "{}",
            style.dim(format!("… only the first {} KiB are shown", BODY_SHOWN >> 10))
        );
    }
}

fn fields(fields: &[Field], style: Style) {
    for field in fields {
        println!("    {} {}", style.dim(format!("{}:", field.name)), field.value);
    }
}

fn wrong(error: &SourceError, style: Style) {
    println!("{} {error}", style.red("error:"));
    if !error.hint.is_empty() {
        println!("  {}", error.hint);
    }
}

fn found(found: &Found, style: Style) {
    let count = found.page.records.len() as u64;
    let records = match count {
        0 => "no records".to_owned(),
        1 => "1 record".to_owned(),
        more => format!("{} records", thousands(more)),
    };
    match found.total {
        Some(total) => println!("{records}, of {} in all", thousands(total)),
        None => println!("{records}"),
    }
    match &found.more {
        More::No(why) => println!("No further call would follow: {why}"),
        More::Yes(why) => println!("Another call would follow: {why}"),
        More::Stuck { said, hint } => {
            println!("{} {said}", style.red("It cannot go on from here:"));
            println!("  {hint}");
        }
    }
    for warning in &found.warnings {
        println!("{} {warning}", style.yellow("warning:"));
    }
    if !found.lists.is_empty() {
        println!("The answer has lists elsewhere:");
        for list in &found.lists {
            println!("    records: {}    ({} objects)", list.path, list.objects);
        }
    }
}

fn columns(surveyed: &Surveyed, style: Style) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["COLUMN", "TYPE", "FILLED", "SAMPLE"]);
    for column in &surveyed.columns {
        let name = if column.usable {
            column.path.clone()
        } else {
            format!("{} (no mapping can name it)", column.path)
        };
        let mut filled = format!("{} of {}", column.filled, surveyed.records);
        if column.unique && column.filled > 1 {
            filled.push_str(", unique");
        }
        table.add_row([name, kind(column), filled, column.sample.clone()]);
    }
    println!("\n{}", table.trim_fmt());
    if surveyed.left_out > 0 {
        println!("… and {} more columns", thousands(surveyed.left_out as u64));
    }
    if surveyed.unreadable > 0 {
        println!(
            "{} {} of the records are no objects, so that nothing in them has a name",
            style.yellow("warning:"),
            surveyed.unreadable
        );
    }
}

/// What a column's values are, as people read it.
fn kind(column: &Column) -> String {
    match (&*column.kinds, column.form) {
        ([], _) => "never filled".to_owned(),
        ([Kind::List], Some(form)) => format!("list, {}", form.word()),
        (_, Some(form)) => form.word().to_owned(),
        (kinds, None) => {
            let words: Vec<_> = kinds.iter().map(|kind| kind.word()).collect();
            words.join(" or ")
        }
    }
}

fn suggestions(application: &str, endpoint: &str, suggestions: &Suggestions, style: Style) {
    let Suggestions {
        primary_key,
        attributes,
        lifecycle,
    } = suggestions;
    if primary_key.is_empty() && attributes.is_empty() {
        return;
    }
    println!(
        "\n{}",
        style.bold("Suggestions: guesses by names and values, to be looked over")
    );
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for Suggestion { target, from, why } in primary_key.iter().chain(attributes).chain(lifecycle) {
        table.add_row([format!("  {target}"), from.clone(), style.dim(why)]);
    }
    println!("{}", table.trim_fmt());
    if let Some(key) = primary_key.first().filter(|_| !attributes.is_empty()) {
        println!("\n{}", style.bold("As a document"));
        print!("{}", document(application, endpoint, key, attributes, lifecycle));
    }
}

/// The suggestions as a data source.
fn document(
    application: &str,
    endpoint: &str,
    key: &Suggestion,
    attributes: &[Suggestion],
    lifecycle: &[Suggestion],
) -> String {
    let quoted = |text: &str| json!(text).to_string();
    let mut text = format!(
        "kind: data_source\nname: {}\napplication: {}\nendpoints: [{{ endpoint: {}, primary_key: {} }}]\nattributes:\n",
        quoted(&format!("{application}-{endpoint}")),
        quoted(application),
        quoted(endpoint),
        quoted(&key.from)
    );
    for Suggestion { target, from, .. } in attributes {
        // Writing into a text does not fail.
        let _ = writeln!(text, "  {target}: {}", quoted(from));
    }
    if !lifecycle.is_empty() {
        text.push_str("lifecycle:\n");
    }
    for Suggestion { target, from, .. } in lifecycle {
        // Writing into a text does not fail.
        let _ = writeln!(text, "  {target}: {}", quoted(from));
    }
    text
}

/// A trial for machines.
pub fn json(application: &str, endpoint: &str, report: &EndpointReport) -> Value {
    let mut value = json!({
        "version": VERSION,
        "application": application,
        "endpoint": endpoint,
        "parent": report.trial.parent.as_ref().map(exchange_json),
        "call": report.trial.exchange.as_ref().map(exchange_json),
        "error": report.trial.found.as_ref().err().map(|error| json!({
            "doing": error.doing,
            "said": error.said,
            "hint": error.hint,
        })),
        "found": null,
        "columns": [],
        "suggestions": report.suggestions,
    });
    if let Ok(found) = &report.trial.found {
        value["found"] = json!({
            "records": found.page.records.len(),
            "total": found.total,
            "more": more(&found.more),
            "warnings": found.warnings,
            "lists": found.lists.iter().map(|list| json!({ "path": list.path, "objects": list.objects })).collect::<Vec<_>>(),
        });
    }
    if let Some(surveyed) = &report.surveyed {
        value["columns"] = json!(surveyed.columns);
        value["columns_left_out"] = json!(surveyed.left_out);
        value["unreadable_records"] = json!(surveyed.unreadable);
    }
    value
}

fn more(more: &More) -> Value {
    match more {
        More::No(why) => json!({ "follows": "no", "why": why }),
        More::Yes(why) => json!({ "follows": "yes", "why": why }),
        More::Stuck { said, hint } => json!({ "follows": "stuck", "why": said, "hint": hint }),
    }
}

fn exchange_json(exchange: &Exchange) -> Value {
    let fields = |fields: &[Field]| {
        let field = |field: &Field| json!({ "name": field.name, "value": field.value });
        fields.iter().map(field).collect::<Vec<_>>()
    };
    json!({
        "endpoint": exchange.endpoint,
        "request": {
            "method": exchange.sent.method,
            "url": exchange.sent.url,
            "headers": fields(&exchange.sent.headers),
            "body": exchange.sent.body,
        },
        "answer": exchange.received.as_ref().map(|received| json!({
            "status": received.status,
            "reason": received.reason,
            "milliseconds": u64::try_from(received.took.as_millis()).unwrap_or(u64::MAX),
            "headers": fields(&received.headers),
            "body": received.body.text,
            "body_bytes": received.body.bytes,
            "body_cut": received.body.cut,
        })),
    })
}
