//! `tenure run` and `tenure apply`: carrying out plans.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;

use tenure_core::document::Documents;
use tenure_core::fetching::Wish;
use tenure_engine::{ApplyOptions, Engine, InDoubtCalls, Release, Stop};
use tenure_store::{Run, RunId, RunState};

use crate::arguments::Show;
use crate::exit::Exit;
use crate::home::Home;
use crate::output::progress::Bars;
use crate::output::style::Style;

use super::plan::make;
use super::runs::{show_result, show_run};

pub async fn run(home: &Home, automation: &str, fetch: Wish, yes: bool, show: Show) -> super::Result {
    let documents = home.documents()?;
    let engine = home.engine().await?;
    if let Some(left) = left_over(engine, automation).await? {
        eprintln!("Run {} was interrupted; finishing it first.", left.id);
        let finished = carry_out(engine, &documents, left.id, HOW).await?;
        let goes_on = finished.state != RunState::Interrupted;
        // For machines there is one document: that of the last run.
        if !show.json || !goes_on {
            show_result(engine, &finished, show.json).await?;
        }
        if !goes_on {
            return Ok(Exit::of(&finished));
        }
    }
    let planned = make(engine, &documents, automation, fetch).await?;
    if planned.state != RunState::Planned {
        show_run(engine, &planned, show).await?;
        return Ok(Exit::of(&planned));
    }
    if !yes {
        show_run(engine, &planned, show).await?;
        if show.json || !confirmed(&planned)? {
            return Ok(Exit::Pending);
        }
    } else if !show.json {
        show_run(engine, &planned, show).await?;
    }
    let done = carry_out(engine, &documents, planned.id, HOW).await?;
    show_result(engine, &done, show.json).await?;
    Ok(Exit::of(&done))
}

/// What a human has decided of what holds a run up: the guards, and calls that are in doubt.
pub type How = (Release, InDoubtCalls);

/// Nothing was decided.
pub const HOW: How = (Release::Keep, InDoubtCalls::Ask);

/// What the command line says that was decided.
pub fn how(release: bool, repeat_in_doubt: bool) -> How {
    let release = if release { Release::Release } else { Release::Keep };
    let in_doubt = if repeat_in_doubt {
        InDoubtCalls::Repeat
    } else {
        InDoubtCalls::Ask
    };
    (release, in_doubt)
}

pub async fn apply(home: &Home, run: RunId, how: How, json: bool) -> super::Result {
    let documents = home.documents()?;
    let engine = home.engine().await?;
    let done = carry_out(engine, &documents, run, how).await;
    if let Err(error) = &done
        && let Some(tenure_engine::EngineError::Held { .. }) = error.downcast_ref()
    {
        eprintln!("{} {error}", Style::stderr().red("held:"));
        return Ok(Exit::Held);
    }
    let done = done?;
    show_result(engine, &done, json).await?;
    Ok(Exit::of(&done))
}

/// The run of an automation that broke off, when there is one.
async fn left_over(engine: &Engine, automation: &str) -> super::Result<Option<Run>> {
    let broken_off = [RunState::Applying, RunState::Interrupted];
    Ok(engine.store().last_run(automation, &broken_off).await?)
}

/// Carries out a plan with progress bars. Ctrl-C lets what is in hand be finished.
pub async fn carry_out(
    engine: &Engine,
    documents: &Documents,
    run: RunId,
    (release, in_doubt): How,
) -> super::Result<Run> {
    let stop = Stop::new();
    let asked = stop.clone();
    let listening = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            eprintln!(
                "\nStopping after the operations in hand; the rest can be resumed with `tenure apply {run}`."
            );
            asked.ask();
        }
    });
    let options = ApplyOptions {
        release,
        watch: Arc::new(Bars::new()),
        stop,
        in_doubt,
    };
    let done = engine.apply(documents, run, &options).await;
    listening.abort();
    Ok(done?)
}

/// Asks on the terminal; without one the answer is no.
fn confirmed(run: &Run) -> super::Result<bool> {
    let style = Style::stderr();
    if !std::io::stdin().is_terminal() {
        eprintln!(
            "Nothing was written: there is no terminal to ask on. Carry it out with `tenure apply {}` or use --yes.",
            run.id
        );
        return Ok(false);
    }
    eprint!(
        "{} ",
        style.bold(format!(
            "Carry out {} operations? [y/N]",
            run.summary.plan.operations
        ))
    );
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    let yes = matches!(answer.trim().to_lowercase().as_str(), "y" | "yes");
    if !yes {
        eprintln!(
            "Nothing was written. The plan is kept: `tenure apply {}` carries it out.",
            run.id
        );
    }
    Ok(yes)
}
