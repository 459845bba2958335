//! Guards: limits that hold a whole run for a human before its first write.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::action::ActionKind;
use crate::profile::PersonKey;

use super::change::Operation;

/// How many accounts a plan or a run touches, by what is done to them, and how many calls it makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Accounts created.
    pub creates: u64,
    /// Accounts with changed attributes or groups.
    pub modifies: u64,
    /// Accounts moved or renamed.
    pub moves: u64,
    /// Accounts enabled.
    pub enables: u64,
    /// Accounts disabled.
    pub disables: u64,
    /// Accounts deleted.
    pub deletes: u64,
    /// Webhooks called, scripts run and messages sent.
    pub calls: u64,
}

impl Counts {
    /// What one account's operations count for: each kind once, a creation with all that belongs to it as one, and each
    /// call.
    pub fn of_operations(operations: &[Operation]) -> Self {
        let calls = operations
            .iter()
            .filter(|operation| is_call(operation.action.kind()));
        let mut counts = Self {
            calls: calls.count() as u64,
            ..Self::default()
        };
        if operations
            .iter()
            .any(|operation| operation.action.kind() == ActionKind::CreateAccount)
        {
            counts.creates = 1;
            return counts;
        }
        for operation in operations {
            match operation.action.kind() {
                ActionKind::CreateAccount => counts.creates = 1,
                ActionKind::ModifyAttributes
                | ActionKind::AddToGroups
                | ActionKind::RemoveFromGroups
                | ActionKind::ResetPassword
                | ActionKind::Unlock
                | ActionKind::SetPhoto
                | ActionKind::RemovePhoto
                | ActionKind::AssignLicences
                | ActionKind::RevokeLicences
                | ActionKind::RevokeSessions
                | ActionKind::SetAutoReply
                | ActionKind::ConvertMailbox => counts.modifies = 1,
                ActionKind::Move => counts.moves = 1,
                ActionKind::Enable | ActionKind::Restore => counts.enables = 1,
                ActionKind::Disable => counts.disables = 1,
                ActionKind::Delete => counts.deletes = 1,
                ActionKind::CallWebhook
                | ActionKind::RunScript
                | ActionKind::Notify
                | ActionKind::CreateHomeFolder
                | ActionKind::MoveHomeFolder
                | ActionKind::DeleteHomeFolder => {}
            }
        }
        counts
    }

    /// One of the counts.
    pub fn of(&self, tally: Tally) -> u64 {
        match tally {
            Tally::Creates => self.creates,
            Tally::Modifies => self.modifies,
            Tally::Moves => self.moves,
            Tally::Disables => self.disables,
            Tally::Deletes => self.deletes,
            Tally::Calls => self.calls,
        }
    }
}

/// Whether an action touches no directory, so that nothing but its number limits it.
fn is_call(kind: ActionKind) -> bool {
    matches!(
        kind,
        ActionKind::CallWebhook | ActionKind::RunScript | ActionKind::Notify
    )
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.creates += other.creates;
        self.modifies += other.modifies;
        self.moves += other.moves;
        self.enables += other.enables;
        self.disables += other.disables;
        self.deletes += other.deletes;
        self.calls += other.calls;
    }
}

/// What a guard can count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tally {
    /// Accounts created.
    Creates,
    /// Accounts with changed attributes or groups.
    Modifies,
    /// Accounts moved or renamed.
    Moves,
    /// Accounts disabled.
    Disables,
    /// Accounts deleted.
    Deletes,
    /// Webhooks called, scripts run and messages sent.
    Calls,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Creates => "creates",
            Self::Modifies => "modifies",
            Self::Moves => "moves",
            Self::Disables => "disables",
            Self::Deletes => "deletes",
            Self::Calls => "calls",
        })
    }
}

/// The limits of one automation, as its document says them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The most of one kind in one run.
    pub per_run: Vec<(Tally, Limit)>,
    /// The most of one kind in a span of time that ends now.
    pub budgets: Vec<(Tally, Limit, SignedDuration)>,
    /// People who must be in every fetch.
    pub canaries: Vec<PersonKey>,
    /// How much smaller than what is known a fetch may be.
    pub shrink: Option<Limit>,
}

/// A number of people, or a part of those there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// So many.
    Count(u64),
    /// So many of a hundred.
    Percent(f64),
}

impl Eq for Limit {}

impl Limit {
    /// How many that is of a population. A part that is not nought allows one at least, so that a small company
    /// can let somebody go.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "populations are small and positive"
    )]
    pub fn of(self, population: u64) -> u64 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) if percent <= 0.0 => 0,
            Self::Percent(percent) => ((population as f64 * percent / 100.0 + 1e-9).floor() as u64).max(1),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// What guards look at.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// What the plan would do.
    pub planned: Counts,
    /// People with an account in use, before the plan.
    pub population: u64,
    /// Records in this fetch.
    pub fetched: u64,
    /// Records known from before that were not gone.
    pub known: u64,
    /// Why the fetch or the reading of the directory is not complete; empty when both are.
    pub incomplete: Vec<String>,
    /// Canaries that are not in the fetch.
    pub missing_canaries: Vec<PersonKey>,
    /// Mapped attributes that used to have values and have (nearly) none now: name, before, now.
    pub vanished: Vec<(String, u64, u64)>,
    /// What earlier runs did, and when.
    pub history: Vec<(Timestamp, Counts)>,
}

/// Why a run is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Which guard.
    pub kind: HoldKind,
    /// What was found and what the limit is.
    pub text: String,
    /// What to do.
    pub hint: String,
}

/// Kinds of guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldKind {
    /// Nothing came from the source.
    Empty,
    /// Not everything came.
    Incomplete,
    /// Much less came than is known.
    Shrink,
    /// A person who must be there is not.
    Canary,
    /// A mapped column has lost its values.
    Column,
    /// More changes in one run than allowed.
    Limit,
    /// More changes in a span of time than allowed.
    Budget,
    /// An approval is asked for.
    Approval,
    /// An application lets nobody in until somebody has agreed (again). Nothing was fetched or planned.
    Authorization,
}

impl HoldKind {
    /// Whether a human may let the run go on as it is. Data that is not whole, or did not come, must be fetched again
    /// instead.
    pub fn can_be_released(self) -> bool {
        !matches!(self, Self::Empty | Self::Incomplete | Self::Authorization)
    }
}

/// The guards that trip, most fundamental first.
pub fn holds(limits: &Limits, seen: &Observation, now: Timestamp) -> Vec<Hold> {
    let mut holds = Vec::new();
    let mut hold = |kind, text: String, hint: &str| {
        holds.push(Hold {
            kind,
            text,
            hint: hint.to_owned(),
        });
    };

    for why in &seen.incomplete {
        hold(
            HoldKind::Incomplete,
            why.clone(),
            "Nothing is concluded from data that is not whole. Run again; if it stays so, look at the source.",
        );
    }
    if seen.fetched == 0 && seen.known > 0 {
        hold(
            HoldKind::Empty,
            format!(
                "the source answered with no record at all; {} are known",
                seen.known
            ),
            "Check the endpoint's URL, filter and permissions with `tenure fetch`.",
        );
    }
    if !holds.is_empty() {
        // Whatever else looks wrong comes of it.
        return holds;
    }
    hold_changes(limits, seen, now, &mut holds);
    holds
}

/// The guards that look at data that is whole.
fn hold_changes(limits: &Limits, seen: &Observation, now: Timestamp, holds: &mut Vec<Hold>) {
    let mut hold = |kind, text: String, hint: &str| {
        let hint = hint.to_owned();
        holds.push(Hold { kind, text, hint });
    };
    if let Some(shrink) = limits.shrink {
        let missing = seen.known.saturating_sub(seen.fetched);
        let allowed = shrink.of(seen.known);
        if missing > allowed {
            hold(
                HoldKind::Shrink,
                format!(
                    "{} records came, {} fewer than the {} known; allowed are {allowed} fewer ({shrink})",
                    seen.fetched, missing, seen.known
                ),
                "If so many really left, raise `guards.shrink` for one run; otherwise look at the source.",
            );
        }
    }
    for canary in &seen.missing_canaries {
        hold(
            HoldKind::Canary,
            format!("`{canary}`, who must be in every fetch, is not in this one"),
            "Look for this person in the source. If they really left, name another in `guards.canaries`.",
        );
    }
    for (attribute, before, after) in &seen.vanished {
        hold(
            HoldKind::Column,
            format!("`{attribute}` had a value for {before} people and has one for {after} now"),
            "The source may have renamed or withheld a column. Compare `tenure fetch` with the mapping.",
        );
    }
    for (tally, limit) in &limits.per_run {
        let (planned, allowed) = (seen.planned.of(*tally), limit.of(seen.population));
        if planned > allowed {
            hold(
                HoldKind::Limit,
                format!(
                    "{planned} {tally} planned, {allowed} allowed in one run ({limit} of {} people)",
                    seen.population
                ),
                "Look at the plan. If it is right, release this run or raise the limit under `guards`.",
            );
        }
    }
    for (tally, limit, span) in &limits.budgets {
        let since = now.checked_sub(*span).unwrap_or(Timestamp::MIN);
        let spent: u64 = seen
            .history
            .iter()
            .filter(|(at, _)| *at > since)
            .map(|(_, counts)| counts.of(*tally))
            .sum();
        let (planned, allowed) = (
            seen.planned.of(*tally),
            limit.of(seen.population + spent_gone(*tally, spent)),
        );
        if planned > 0 && spent + planned > allowed {
            hold(
                HoldKind::Budget,
                format!(
                    "{planned} {tally} planned and {spent} done within {}, {allowed} allowed ({limit})",
                    days(*span)
                ),
                "Look at what earlier runs did with `tenure runs`. If it is all right, release this run or raise the budget.",
            );
        }
    }
}

/// People who are no longer in the population because of what was counted, so that the part is of those there were.
fn spent_gone(tally: Tally, spent: u64) -> u64 {
    if matches!(tally, Tally::Disables | Tally::Deletes) {
        spent
    } else {
        0
    }
}

fn days(span: SignedDuration) -> String {
    let hours = span.as_hours();
    if hours % 24 == 0 {
        format!("{} days", hours / 24)
    } else {
        format!("{hours} hours")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(limits: &Limits, seen: &Observation) -> Vec<String> {
        let now = Timestamp::from_second(1_000_000).unwrap();
        holds(limits, seen, now)
            .into_iter()
            .map(|hold| hold.text)
            .collect()
    }

    #[test]
    fn an_empty_answer_holds_only_where_somebody_is_known() {
        let limits = Limits::default();
        assert!(texts(&limits, &Observation::default()).is_empty());
        let seen = Observation {
            known: 300,
            ..Observation::default()
        };
        insta::assert_snapshot!(texts(&limits, &seen).join("\n"), @"the source answered with no record at all; 300 are known");
    }

    #[test]
    fn a_slow_bleed_trips_the_budget() {
        let week = SignedDuration::from_hours(7 * 24);
        let limits = Limits {
            budgets: vec![(Tally::Disables, Limit::Percent(10.0), week)],
            ..Limits::default()
        };
        let day = |n: i64| Timestamp::from_second(1_000_000 - n * 86_400).unwrap();
        let disables = |disables| Counts {
            disables,
            ..Counts::default()
        };
        let seen = Observation {
            planned: disables(30),
            population: 910,
            history: vec![
                (day(1), disables(30)),
                (day(2), disables(30)),
                (day(3), disables(30)),
                (day(9), disables(500)),
            ],
            ..Observation::default()
        };
        insta::assert_snapshot!(texts(&limits, &seen).join("\n"), @"30 disables planned and 90 done within 7 days, 100 allowed (10%)");
        let early = Observation {
            history: vec![(day(1), disables(30))],
            population: 970,
            ..seen
        };
        assert!(texts(&limits, &early).is_empty());
    }

    #[test]
    fn a_percentage_lets_one_go_in_a_small_company() {
        assert_eq!(Limit::Percent(10.0).of(5), 1);
        assert_eq!(Limit::Percent(10.0).of(1_000), 100);
        assert_eq!(Limit::Percent(0.0).of(1_000), 0);
    }
}
