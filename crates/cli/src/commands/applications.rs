//! `tenure applications`: which there are, how their requests are let in, and what somebody has to do about it.

use jiff::Timestamp;
use serde_json::json;
use tenure_connect::authorization::State;
use tenure_engine::ApplicationReport;

use crate::exit::Exit;
use crate::home::Home;
use crate::output::json::{VERSION, print};
use crate::output::run::moment;
use crate::output::style::Style;

pub async fn applications(home: &Home, as_json: bool) -> super::Result {
    let documents = home.documents()?;
    let reports = home.engine().await?.applications(&documents).await?;
    if as_json {
        let applications: Vec<_> = reports.iter().map(machine).collect();
        print(&json!({ "version": VERSION, "applications": applications }));
    } else if reports.is_empty() {
        println!("There are no applications among the documents (`kind: application`).");
    } else {
        let style = Style::stdout();
        for report in &reports {
            println!("{}  {}", style.bold(&report.application), words(report, style));
            if matches!(report.state, Some(State::NeedsAuthorization { .. })) {
                println!("  run `tenure authorize {}`", report.application);
            }
        }
    }
    let needed = |report: &ApplicationReport| matches!(report.state, Some(State::NeedsAuthorization { .. }));
    Ok(if reports.iter().any(needed) {
        Exit::Held
    } else {
        Exit::Done
    })
}

fn words(report: &ApplicationReport, style: Style) -> String {
    let kind = report.way();
    match &report.state {
        None => kind.to_owned(),
        Some(State::Authorized { until: Some(until) }) => {
            let until = moment(*until);
            format!("{kind}, {}, token until {until}", style.green("authorized"))
        }
        Some(State::Authorized { until: None }) => format!("{kind}, {}", style.green("authorized")),
        Some(State::NeedsAuthorization { why, since }) => {
            let needs = style.red("needs authorization");
            let since = since.map_or_else(String::new, |since| format!(" since {}", moment(since)));
            format!("{kind}, {needs}{since}: {why}")
        }
    }
}

fn machine(report: &ApplicationReport) -> serde_json::Value {
    let nothing: (Option<Timestamp>, Option<Timestamp>, Option<&str>) = (None, None, None);
    let (until, since, why) = match &report.state {
        Some(State::Authorized { until }) => (*until, None, None),
        Some(State::NeedsAuthorization { why, since }) => (None, *since, Some(why.as_str())),
        None => nothing,
    };
    json!({
        "application": report.application,
        "authorization": report.kind,
        "grant": report.grant,
        "authorized": report.state.as_ref().map(|state| matches!(state, State::Authorized { .. })),
        "token_until": until,
        "needs_authorization_since": since,
        "why": why,
    })
}
