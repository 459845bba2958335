//! How things look on a terminal, and as JSON for machines.

pub mod fixtures;
pub mod json;
pub mod notices;
pub mod person;
pub mod plan;
pub mod progress;
pub mod run;
pub mod style;
pub mod trial;

use tenure_core::outcome::Outcome;

/// What became of an operation, in a few words.
pub fn outcome_words(outcome: &Outcome, style: style::Style) -> String {
    match outcome {
        Outcome::Verified => style.green("verified"),
        Outcome::Unverified { why } => style.yellow(format!("not verified: {why}")),
        Outcome::Answered { answer, captured } if captured.is_empty() => {
            style.green(format!("answered {answer}"))
        }
        Outcome::Answered { answer, captured } => {
            let captured: Vec<_> = captured
                .iter()
                .map(|(name, value)| format!("{name} = {value}"))
                .collect();
            style.green(format!("answered {answer}; captured {}", captured.join(", ")))
        }
        Outcome::InDoubt { what } => style.red(format!("in doubt: {what}")),
        Outcome::Refused(refusal) => style.red(format!("refused: {refusal}")),
        Outcome::Failed(refusal) => style.red(format!("failed: {refusal}")),
        Outcome::Overtaken { found } => style.yellow(format!("overtaken: {found}")),
        Outcome::Waiting { on } => style.yellow(format!("not tried, since \"{on}\" did not succeed")),
    }
}
