//! `tenure test`: one real call of an endpoint, or the mapping of fixtures.

use jiff::Timestamp;
use tenure_core::document::{Fixture, Kind};
use tenure_core::fixture::try_fixture;
use tenure_core::redact::{HIDDEN, Redaction};

use crate::arguments::Test;
use crate::exit::Exit;
use crate::home::Home;
use crate::output::style::Style;
use crate::output::{fixtures, json, trial};

pub async fn test(home: &Home, test: &Test) -> super::Result {
    match (&test.application, &test.endpoint) {
        (Some(application), Some(endpoint)) => call(home, application, endpoint, test).await,
        _ => all(home, test),
    }
}

fn all(home: &Home, test: &Test) -> super::Result {
    let documents = home.documents()?;
    let wanted = |fixture: &&Fixture| {
        test.fixture.as_ref().is_none_or(|name| *name == fixture.name)
            && test.source.as_ref().is_none_or(|name| *name == fixture.source)
    };
    let known: Vec<&str> = documents.names(Kind::Fixture).collect();
    let chosen: Vec<&Fixture> = documents.fixtures().filter(wanted).collect();
    if chosen.is_empty() && !known.is_empty() {
        return Err(match (&test.fixture, &test.source) {
            (Some(name), None) => format!("there is no fixture `{name}`; there are: {}", known.join(", ")),
            (None, Some(name)) => format!("there is no fixture of the data source `{name}`"),
            _ => format!("there is no such fixture; there are: {}", known.join(", ")),
        }
        .into());
    }
    if chosen.is_empty() && (test.fixture.is_some() || test.source.is_some()) {
        return Err(
            "there are no fixtures among the documents; `tenure fetch SOURCE --fixture KEY` prints one"
                .into(),
        );
    }
    let now = Timestamp::now();
    let redaction = Redaction::of(&documents);
    let mut tried = chosen
        .into_iter()
        .map(|fixture| try_fixture(&documents, fixture, now))
        .collect::<Result<Vec<_>, _>>()?;
    for difference in tried.iter_mut().flat_map(|tried| &mut tried.differences) {
        if redaction.hides(&difference.what) {
            difference
                .expected
                .iter_mut()
                .for_each(|value| HIDDEN.clone_into(value));
            difference
                .found
                .iter_mut()
                .for_each(|value| HIDDEN.clone_into(value));
        }
    }
    if test.json {
        json::print(&fixtures::json(&tried));
    } else {
        fixtures::print(&tried, Style::stdout());
    }
    Ok(if tried.iter().all(|tried| tried.differences.is_empty()) {
        Exit::Done
    } else {
        Exit::Failed
    })
}

async fn call(home: &Home, application: &str, endpoint: &str, test: &Test) -> super::Result {
    let record = test.record.as_deref().map(record).transpose()?;
    let documents = home.documents()?;
    let engine = home.engine().await?;
    let report = engine
        .try_endpoint(&documents, application, endpoint, record.as_ref())
        .await?;
    if test.json {
        json::print(&trial::json(application, endpoint, &report));
    } else {
        trial::print(application, endpoint, &report, Style::stdout());
    }
    Ok(if report.trial.found.is_ok() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

fn record(text: &str) -> super::Result<serde_json::Value> {
    let read = serde_json::from_str(text).map_err(|error| error.to_string());
    read.and_then(|value: serde_json::Value| {
        if value.is_object() {
            Ok(value)
        } else {
            Err("it is no object".to_owned())
        }
    })
    .map_err(|why| {
        format!("`--record` cannot be read: {why}; write for example --record '{{\"id\": 7}}'").into()
    })
}
