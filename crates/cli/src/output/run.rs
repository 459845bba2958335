//! A run on the terminal: what it is, and what became of its operations.

use comfy_table::{Table, presets};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tenure_core::outcome::Outcome;
use tenure_core::plan::Counts;
use tenure_store::{JournalEntry, JournalEvent, Run, RunState};

use super::plan::{sum, thousands};
use super::style::Style;

/// Prints what a run is, in a few lines.
pub fn head(run: &Run, style: Style) {
    println!(
        "{} {}, {}, started {} by {}",
        style.bold(format!("Run {}", run.id)),
        run.automation,
        state(run.state, style),
        moment(run.started_at),
        run.started_by
    );
    let summary = &run.summary;
    if run.plan_digest.is_some() {
        let (records, accounts) = (thousands(summary.fetched), thousands(summary.accounts));
        match &summary.since {
            None => println!("{records} records fetched, {accounts} accounts read"),
            Some(since) => {
                println!("{records} new or changed records fetched since {since}, {accounts} accounts read");
            }
        }
    }
    if !summary.directory_read.is_plain() {
        println!("{}", summary.directory_read);
    }
    if let Some(why) = &summary.incomplete {
        println!("{}", style.red(why));
    }
    if let Some(error) = &run.error {
        println!("{} {error}", style.red("error:"));
    }
}

/// Prints the plan in one line.
pub fn plan_line(run: &Run, style: Style) {
    println!(
        "{}: {}",
        style.bold("Plan"),
        sum(&run.summary.plan, run.summary.findings, style)
    );
}

/// Prints what really happened.
pub fn outcome(run: &Run, journal: &[JournalEntry], style: Style) {
    let mut tally = Tally::default();
    for entry in journal {
        if let JournalEvent::Outcome { outcome, .. } = &entry.event {
            tally.add(outcome);
        }
    }
    println!(
        "{}: {}; {}",
        style.bold("Result"),
        done(run.applied),
        tally.words(run.summary.plan.operations, style)
    );
}

/// Runs as a table.
pub fn table(runs: &[Run], style: Style) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["RUN", "AUTOMATION", "STATE", "STARTED", "BY", "PLAN"]);
    for run in runs {
        table.add_row([
            run.id.to_string(),
            run.automation.clone(),
            state(run.state, style),
            moment(run.started_at),
            run.started_by.clone(),
            match &run.error {
                Some(error) if run.plan_digest.is_none() => {
                    error.lines().next().unwrap_or_default().to_owned()
                }
                None if run.plan_digest.is_none() && !run.held.is_empty() => {
                    run.held.iter().map(|hold| hold.text.as_str()).collect()
                }
                _ => sum(&run.summary.plan, run.summary.findings, style),
            },
        ]);
    }
    println!("{table}");
}

/// A moment in the zone of this machine, to the second.
pub fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

fn state(state: RunState, style: Style) -> String {
    let name = state.name().replace('_', " ");
    match state {
        RunState::Done => style.green(name),
        RunState::Planned | RunState::Fetching | RunState::Applying => style.cyan(name),
        RunState::Held | RunState::Interrupted => style.yellow(name),
        RunState::DoneWithFailures | RunState::Failed => style.red(name),
        RunState::Discarded => style.dim(name),
    }
}

fn done(counts: Counts) -> String {
    let parts = [
        (counts.creates, "created"),
        (counts.modifies, "changed"),
        (counts.moves, "moved"),
        (counts.enables, "enabled"),
        (counts.disables, "disabled"),
        (counts.deletes, "deleted"),
    ];
    let mut words: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| {
            let accounts = if *count == 1 { "account" } else { "accounts" };
            format!("{} {accounts} {what}", thousands(*count))
        })
        .collect();
    match counts.calls {
        0 => {}
        1 => words.push("1 call made".to_owned()),
        calls => words.push(format!("{} calls made", thousands(calls))),
    }
    if words.is_empty() {
        "no account was touched".to_owned()
    } else {
        words.join(", ")
    }
}

/// How many operations ended how.
#[derive(Default)]
struct Tally {
    verified: u64,
    unverified: u64,
    refused: u64,
    failed: u64,
    overtaken: u64,
    waiting: u64,
    answered: u64,
    in_doubt: u64,
}

impl Tally {
    fn add(&mut self, outcome: &Outcome) {
        *match outcome {
            Outcome::Verified => &mut self.verified,
            Outcome::Unverified { .. } => &mut self.unverified,
            Outcome::Answered { .. } => &mut self.answered,
            Outcome::InDoubt { .. } => &mut self.in_doubt,
            Outcome::Refused(_) => &mut self.refused,
            Outcome::Failed(_) => &mut self.failed,
            Outcome::Overtaken { .. } => &mut self.overtaken,
            Outcome::Waiting { .. } => &mut self.waiting,
        } += 1;
    }

    fn words(&self, of: u64, style: Style) -> String {
        let bad = [
            (self.unverified, "not verified"),
            (self.refused, "refused"),
            (self.failed, "failed"),
            (self.overtaken, "overtaken"),
            (self.waiting, "waiting for others"),
            (self.in_doubt, "in doubt"),
        ];
        let mut text = style.green(format!(
            "{} of {} operations verified",
            thousands(self.verified),
            thousands(of)
        ));
        if self.answered > 0 {
            let calls = if self.answered == 1 { "call" } else { "calls" };
            text.push_str(&style.green(format!(", {} {calls} answered", thousands(self.answered))));
        }
        for (count, what) in bad.iter().filter(|(count, _)| *count > 0) {
            text.push_str(", ");
            text.push_str(&style.red(format!("{} {what}", thousands(*count))));
        }
        text
    }
}
