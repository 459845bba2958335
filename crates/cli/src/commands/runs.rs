//! `tenure runs`, `tenure show` and `tenure discard`: what was planned and done.

use std::collections::HashMap;

use serde_json::json;
use tenure_core::document::Documents;
use tenure_core::redact::{HIDDEN, Redaction};
use tenure_engine::Engine;
use tenure_store::{JournalEntry, JournalEvent, Notice, Run, RunId, RunState};

use crate::arguments::Show;
use crate::exit::Exit;
use crate::home::Home;
use crate::output::json::{self, VERSION, print};
use crate::output::plan::thousands;
use crate::output::style::Style;
use crate::output::{notices, outcome_words, plan, run as output};

/// Changes that are read at once.
const PAGE: u32 = 5_000;
/// Messages that were not sent that are read.
const OPEN: u32 = 1_000;
/// Operations that went wrong that are shown.
const WRONG: usize = 25;

pub async fn runs(home: &Home, automation: Option<&str>, limit: u32, as_json: bool) -> super::Result {
    let engine = home.engine().await?;
    let runs = engine.store().runs(automation, limit).await?;
    let mut open = engine.store().open_notices(automation, OPEN).await?;
    hide(engine, &mut open).await?;
    if as_json {
        print(&json!({
            "version": VERSION,
            "runs": runs.iter().map(json::run).collect::<Vec<_>>(),
            "notices_open": open,
        }));
    } else if runs.is_empty() {
        println!("There are no runs yet. `tenure plan AUTOMATION` makes the first one.");
    } else {
        output::table(&runs, Style::stdout());
        notices::open(&open, Style::stdout());
    }
    Ok(Exit::Done)
}

pub async fn show(home: &Home, run: Option<RunId>, show: Show) -> super::Result {
    let engine = home.engine().await?;
    let run = match run {
        Some(run) => engine.store().run(run).await?,
        None => match engine.store().runs(None, 1).await?.pop() {
            Some(run) => run,
            None => return Err("there are no runs yet; `tenure plan AUTOMATION` makes the first one".into()),
        },
    };
    show_run(engine, &run, show).await?;
    Ok(Exit::Done)
}

pub async fn discard(home: &Home, run: RunId) -> super::Result {
    let engine = home.engine().await?;
    engine.discard(run).await?;
    println!("Run {run} is given up. What it had written stays as it is.");
    Ok(Exit::Done)
}

/// What is hidden by the documents that a run was planned with.
pub async fn redaction(engine: &Engine, run: &Run) -> super::Result<Redaction> {
    let Some(text) = engine.store().document(&run.documents).await? else {
        return Ok(Redaction::default());
    };
    Ok(Redaction::of(&Documents::from_json(&text)?))
}

/// Shows a run: its plan, and what became of it.
pub async fn show_run(engine: &Engine, run: &Run, show: Show) -> super::Result<()> {
    if show.json {
        return print_whole(engine, run).await;
    }
    let style = Style::stdout();
    output::head(run, style);
    println!();
    let limit = if show.all { u32::MAX } else { show.limit };
    let shown = print_changes(engine, run, limit, style).await?;
    let findings = engine.store().findings(run.id, None, limit).await?;
    for finding in &findings {
        plan::finding(finding, style);
    }
    let plan = &run.summary.plan;
    let more = (
        plan.changes - shown.min(plan.changes),
        run.summary.findings - (findings.len() as u64).min(run.summary.findings),
    );
    let words = [(more.0, "more changes"), (more.1, "more findings")];
    let words: Vec<String> = words
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", thousands(*count)))
        .collect();
    if !words.is_empty() {
        let hint = format!("… and {}: tenure show {} --all", words.join(", "), run.id);
        println!("{}", style.dim(hint));
    }
    if shown > 0 || !findings.is_empty() {
        println!();
    }
    if run.plan_digest.is_some() {
        output::plan_line(run, style);
    }
    plan::holds(run, style);
    if !matches!(
        run.state,
        RunState::Planned | RunState::Held | RunState::Fetching | RunState::Failed
    ) {
        return print_result(engine, run, style).await;
    }
    print_notices(engine, run, style).await
}

async fn print_notices(engine: &Engine, run: &Run, style: Style) -> super::Result<()> {
    let mut told = engine.store().notices(run.id).await?;
    hide(engine, &mut told).await?;
    notices::of_run(run, &told, style);
    Ok(())
}

/// Hides the addresses of messages that documents hide.
pub async fn hide(engine: &Engine, notices: &mut [Notice]) -> super::Result<()> {
    let mut redactions: HashMap<RunId, Redaction> = HashMap::new();
    for notice in notices.iter_mut().filter(|notice| !notice.found_by.is_empty()) {
        let id = notice.id.run;
        if let std::collections::hash_map::Entry::Vacant(entry) = redactions.entry(id) {
            let run = engine.store().run(id).await?;
            entry.insert(redaction(engine, &run).await?);
        }
        let hides = |redaction: &Redaction| notice.found_by.iter().any(|name| redaction.hides(name.as_str()));
        if redactions.get(&id).is_some_and(hides) {
            HIDDEN.clone_into(&mut notice.id.to);
            notice.said = notice.said.is_some().then(|| HIDDEN.to_owned());
        }
    }
    Ok(())
}

/// Shows what became of a run that was just carried out.
pub async fn show_result(engine: &Engine, run: &Run, as_json: bool) -> super::Result<()> {
    if as_json {
        return print_whole(engine, run).await;
    }
    print_result(engine, run, Style::stdout()).await
}

async fn print_whole(engine: &Engine, run: &Run) -> super::Result<()> {
    let redaction = redaction(engine, run).await?;
    let mut changes = engine.store().changes(run.id, None, u32::MAX).await?;
    let findings = engine.store().findings(run.id, None, u32::MAX).await?;
    let mut journal = engine.store().journal(run.id).await?;
    let places: HashMap<u64, usize> = changes
        .iter()
        .enumerate()
        .map(|(at, (seq, _))| (*seq, at))
        .collect();
    for entry in &mut journal {
        let change = places.get(&entry.id.change).and_then(|at| changes.get(*at));
        let operation = change.and_then(|(_, change)| change.operations.get(entry.id.operation as usize));
        if let (JournalEvent::Outcome { outcome, .. }, Some(operation)) = (&mut entry.event, operation) {
            redaction.outcome(operation, outcome);
        }
    }
    for (_, change) in &mut changes {
        redaction.change(change);
    }
    let mut notices = engine.store().notices(run.id).await?;
    hide(engine, &mut notices).await?;
    print(&json::plan(run, &changes, &findings, &journal, &notices));
    Ok(())
}

async fn print_changes(engine: &Engine, run: &Run, limit: u32, style: Style) -> super::Result<u64> {
    let redaction = redaction(engine, run).await?;
    let (mut after, mut shown) = (None, 0);
    while shown < limit {
        let mut changes = engine
            .store()
            .changes(run.id, after, PAGE.min(limit - shown))
            .await?;
        let Some((last, _)) = changes.last() else { break };
        after = Some(*last);
        for (_, change) in &mut changes {
            redaction.change(change);
            plan::change(change, style);
            shown += 1;
        }
    }
    Ok(u64::from(shown))
}

async fn print_result(engine: &Engine, run: &Run, style: Style) -> super::Result<()> {
    let journal = engine.store().journal(run.id).await?;
    print_wrong(engine, run, &journal, style).await?;
    output::outcome(run, &journal, style);
    if run.state == RunState::Interrupted {
        let why = run.error.as_deref().unwrap_or("it was interrupted");
        println!("{} {why}", style.yellow("Interrupted:"));
        println!("The rest can be carried out with `tenure apply {}`.", run.id);
    }
    print_notices(engine, run, style).await
}

/// Prints the operations that did not succeed, each with the person and what the other side said.
async fn print_wrong(
    engine: &Engine,
    run: &Run,
    journal: &[JournalEntry],
    style: Style,
) -> super::Result<()> {
    let redaction = redaction(engine, run).await?;
    let mut changes = HashMap::new();
    let wrong: Vec<_> = journal
        .iter()
        .filter_map(|entry| match &entry.event {
            JournalEvent::Outcome { outcome, .. } if !outcome.is_success() => Some((entry.id, outcome)),
            _ => None,
        })
        .collect();
    for (id, outcome) in wrong.iter().take(WRONG) {
        if let std::collections::hash_map::Entry::Vacant(e) = changes.entry(id.change) {
            e.insert(engine.store().change(run.id, id.change).await?);
        }
        let Some(Some(change)) = changes.get(&id.change) else {
            continue;
        };
        let operation = change.operations.get(id.operation as usize);
        let what = operation.map(|operation| operation.action.sentence());
        let mut outcome = (*outcome).clone();
        if let Some(operation) = operation {
            redaction.outcome(operation, &mut outcome);
        }
        println!(
            "{} ({}): {}",
            change.name,
            change.person,
            what.unwrap_or_default()
        );
        println!("    {}", outcome_words(&outcome, style));
        if let tenure_core::outcome::Outcome::Refused(refusal)
        | tenure_core::outcome::Outcome::Failed(refusal) = &outcome
            && !refusal.hint.is_empty()
        {
            println!("    {}", style.dim(&refusal.hint));
        }
    }
    if let Some(more) = wrong.len().checked_sub(WRONG).filter(|more| *more > 0) {
        println!(
            "{}",
            style.dim(format!("… and {more} more: tenure show {} --json", run.id))
        );
    }
    Ok(())
}
