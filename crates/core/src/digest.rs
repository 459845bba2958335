//! What a run did, as people are told of it: counts, changes in words, what went wrong and what waits. Made from what is
//! stored of a run, without values that are hidden, and read by templates.

use serde::{Serialize, Serializer};

use crate::action::Action;
use crate::document::NoticeWhen;
use crate::outcome::Outcome;
use crate::plan::{Change, Counts, Finding, Hold};
use crate::redact::Redaction;

/// The most changes, failures and findings that one message tells of.
pub const TOLD: usize = 50;

/// What templates of messages about a run can name.
pub const NAMES: [&str; 20] = [
    "run",
    "automation",
    "headline",
    "state",
    "started_by",
    "started_at",
    "finished_at",
    "error",
    "counts",
    "changes",
    "more_changes",
    "failures",
    "more_failures",
    "held",
    "findings",
    "more_findings",
    "command",
    "release",
    "person",
    "stage",
];

/// The subject of messages when no template says another.
pub const SUBJECT: &str = "{{ headline }}";
/// The text of messages when no template says another.
pub const TEXT: &str = include_str!("digest/default.txt");
/// The same as HTML.
pub const HTML: &str = include_str!("digest/default.html");

/// At which point of a run people are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It waits for a human.
    Held,
    /// It broke off, and can go on.
    Interrupted,
    /// Nothing more happens to it.
    Ended,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Held, Self::Interrupted, Self::Ended];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Interrupted => "interrupted",
            Self::Ended => "ended",
        }
    }
}

/// What a message tells of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Digest {
    /// The run's number.
    pub run: String,
    /// Which automation.
    pub automation: String,
    /// What happened, in one line.
    pub headline: String,
    /// How far the run is.
    pub state: String,
    /// At which point it is told of.
    pub stage: Stage,
    /// Who or what started it.
    pub started_by: String,
    /// When it started, ISO 8601 in UTC.
    pub started_at: String,
    /// When it ended or stopped; nothing while it waits.
    pub finished_at: Option<String>,
    /// What it failed with.
    pub error: Option<String>,
    /// What was done; for a run that is held, what would be.
    #[serde(serialize_with = "counts")]
    pub counts: Counts,
    /// What was done, or would be, the first [`TOLD`].
    pub changes: Vec<ToldChange>,
    /// How many changes there are beside these.
    pub more_changes: u64,
    /// What did not go well, the first [`TOLD`].
    pub failures: Vec<ToldFailure>,
    /// How many there are beside these.
    pub more_failures: u64,
    /// Why it is held.
    pub held: Vec<ToldHold>,
    /// Who was left alone and why, the first [`TOLD`].
    pub findings: Vec<String>,
    /// How many there are beside these.
    pub more_findings: u64,
    /// The command that shows more.
    pub command: String,
    /// The command that lets a held run go on, when somebody may.
    pub release: Option<String>,
    /// Of whom it tells, when it tells of one person.
    pub person: Option<ToldPerson>,
}

/// Somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToldPerson {
    /// The key.
    pub key: String,
    /// What the person is called.
    pub name: String,
}

/// What was done for one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToldChange {
    /// The sign of its event, as plans have it.
    pub sign: char,
    /// The word for its event.
    pub event: &'static str,
    /// What the person is called.
    pub name: String,
    /// The person's key.
    pub person: String,
    /// Why.
    pub reason: String,
    /// What was done, each in words.
    pub what: Vec<String>,
}

/// Something that did not go well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToldFailure {
    /// What the person is called.
    pub name: String,
    /// The person's key.
    pub person: String,
    /// What was to be done.
    pub what: String,
    /// What became of it.
    pub why: String,
    /// What to do about it; may be empty.
    pub hint: String,
}

/// Why a run is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToldHold {
    /// What was found.
    pub text: String,
    /// What to do.
    pub hint: String,
}

/// What became of the operations of one change, by their places; none for what was not tried.
pub type Outcomes<'a> = &'a [Option<Outcome>];

impl ToldChange {
    /// What a change does, or with `outcomes` what it did; none when that is nothing.
    pub fn new(change: &Change, outcomes: Option<Outcomes<'_>>, redaction: &Redaction) -> Option<Self> {
        let was_done = |at: usize| match outcomes {
            None => true,
            Some(outcomes) => matches!(outcomes.get(at), Some(Some(outcome)) if outcome.is_success()),
        };
        let mut shown = change.clone();
        redaction.change(&mut shown);
        let operations = shown.operations.iter().enumerate();
        let what: Vec<String> = operations
            .filter(|(at, _)| was_done(*at))
            .flat_map(|(_, operation)| match &operation.action {
                Action::ModifyAttributes { changes } => {
                    changes.iter().map(|change| format!("change {change}")).collect()
                }
                action => vec![action.sentence()],
            })
            .collect();
        (!what.is_empty()).then(|| Self {
            sign: change.event.sign(),
            event: change.event.name(),
            name: shown.name,
            person: change.person.to_string(),
            reason: change.reason.to_string(),
            what,
        })
    }
}

impl ToldFailure {
    /// What did not go well of a change.
    pub fn of(change: &Change, outcomes: Outcomes<'_>, redaction: &Redaction) -> Vec<Self> {
        let mut told = Vec::new();
        for (operation, outcome) in change.operations.iter().zip(outcomes) {
            let Some(outcome) = outcome.as_ref().filter(|outcome| !outcome.is_success()) else {
                continue;
            };
            let (mut operation, mut outcome) = (operation.clone(), outcome.clone());
            redaction.outcome(&operation, &mut outcome);
            redaction.operation(&mut operation);
            let (why, hint) = match &outcome {
                Outcome::Refused(why) => (format!("refused: {why}"), why.hint.clone()),
                Outcome::Failed(why) => (format!("failed: {why}"), why.hint.clone()),
                Outcome::Overtaken { found } => {
                    (format!("left alone, since there was {found}"), String::new())
                }
                Outcome::Waiting { on } => (format!("not tried, since it waits for: {on}"), String::new()),
                Outcome::InDoubt { what } => (format!("in doubt: {what}"), String::new()),
                Outcome::Verified | Outcome::Unverified { .. } | Outcome::Answered { .. } => continue,
            };
            told.push(Self {
                name: change.name.clone(),
                person: change.person.to_string(),
                what: operation.action.sentence(),
                why,
                hint,
            });
        }
        told
    }
}

impl From<&Hold> for ToldHold {
    fn from(hold: &Hold) -> Self {
        Self {
            text: hold.text.clone(),
            hint: hold.hint.clone(),
        }
    }
}

/// A finding in one line.
pub fn finding(finding: &Finding) -> String {
    match &finding.person {
        Some(person) => format!("{person}: {}", finding.text),
        None => finding.text.clone(),
    }
}

/// What there is to tell of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Happened {
    /// At which point.
    pub stage: Stage,
    /// Whether anything was done.
    pub changes: bool,
    /// Whether anything did not go well.
    pub failures: bool,
}

impl Happened {
    /// Whether somebody who wants to be told then is told.
    pub fn is(self, when: NoticeWhen) -> bool {
        match when {
            NoticeWhen::Done => self.stage == Stage::Ended,
            NoticeWhen::Changes => self.stage == Stage::Ended && self.changes,
            NoticeWhen::Failed => self.stage != Stage::Held && self.failures,
            NoticeWhen::Held => self.stage == Stage::Held,
        }
    }
}

/// Counts in words: `2 accounts created, 1 changed`; none when there are none.
pub fn counted(counts: Counts) -> Option<String> {
    let parts = [
        (counts.creates, "created"),
        (counts.modifies, "changed"),
        (counts.moves, "moved"),
        (counts.enables, "enabled"),
        (counts.disables, "disabled"),
        (counts.deletes, "deleted"),
    ];
    let mut words = Vec::new();
    for (count, what) in parts.into_iter().filter(|(count, _)| *count > 0) {
        words.push(match (words.is_empty(), count) {
            (true, 1) => format!("1 account {what}"),
            (true, count) => format!("{count} accounts {what}"),
            (false, count) => format!("{count} {what}"),
        });
    }
    (!words.is_empty()).then(|| words.join(", "))
}

fn counts<S: Serializer>(counts: &Counts, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Named {
        created: u64,
        changed: u64,
        moved: u64,
        enabled: u64,
        disabled: u64,
        deleted: u64,
    }
    Named {
        created: counts.creates,
        changed: counts.modifies,
        moved: counts.moves,
        enabled: counts.enables,
        disabled: counts.disables,
        deleted: counts.deletes,
    }
    .serialize(serializer)
}
