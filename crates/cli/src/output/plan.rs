//! A plan on the terminal: the change list, what was left alone, and what it amounts to.

use tenure_core::plan::{Change, Event, Finding, Hold, Summary};
use tenure_store::Run;

use super::style::Style;

/// Prints one entry of the change list.
pub fn change(change: &Change, style: Style) {
    let text = change.to_string();
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    println!("{}", of_event(change.event, first, style));
    for line in lines {
        println!("{line}");
    }
}

/// Prints something that was left alone.
pub fn finding(finding: &Finding, style: Style) {
    println!("{}", style.yellow(finding));
}

/// Prints why a run is held, and what to do.
pub fn holds(run: &Run, style: Style) {
    if run.held.is_empty() {
        return;
    }
    println!();
    println!(
        "{}",
        style.red(format!("Run {} is held. Nothing was written.", run.id))
    );
    for Hold { text, hint, .. } in &run.held {
        println!("  {} {text}", style.red("held:"));
        println!("        {}", style.dim(hint));
    }
    if run.held.iter().all(|hold| hold.kind.can_be_released()) {
        println!(
            "  If the plan is right all the same: tenure apply {} --release",
            run.id
        );
    }
}

/// The plan in one line.
pub fn sum(summary: &Summary, findings: u64, style: Style) -> String {
    let parts = [
        (summary.joiners, Event::Joiner, "to create"),
        (summary.movers, Event::Mover, "to change"),
        (summary.leavers, Event::Leaver, "leaving"),
        (summary.rehires, Event::Rehire, "returning"),
        (summary.matches, Event::Match, "recognised"),
    ];
    let mut words: Vec<String> = parts
        .iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, event, what)| of_event(*event, &format!("{} {what}", thousands(*count)), style))
        .collect();
    if words.is_empty() {
        words.push("nothing to do".to_owned());
    }
    words.push(format!("{} as they should be", thousands(summary.unchanged)));
    if summary.upcoming > 0 {
        words.push(format!("{} yet to start", thousands(summary.upcoming)));
    }
    if findings > 0 {
        words.push(style.yellow(format!("{} left alone", thousands(findings))));
    }
    words.join(", ")
}

/// A number as people read it.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn of_event(event: Event, text: &str, style: Style) -> String {
    match event {
        Event::Joiner => style.green(text),
        Event::Mover => style.yellow(text),
        Event::Leaver => style.red(text),
        Event::Rehire | Event::Match => style.cyan(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(thousands),
            ["0", "999", "1,000", "1,234,567"]
        );
    }
}
