//! A table in Markdown.

use std::fmt;
use std::time::Duration;

use crate::child::Used;

/// Rows under a title.
pub struct Table {
    title: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(title: &str, head: &[&str]) -> Self {
        Self {
            title: title.to_owned(),
            head: head.iter().map(|text| (*text).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row, and shows it to whoever waits.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        say(&cells.join(" | "));
        self.rows.push(cells.into());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "### {}\n", self.title)?;
        writeln!(f, "| {} |", self.head.join(" | "))?;
        // The first column is words, the others are numbers.
        let lines: Vec<&str> = (0..self.head.len())
            .map(|column| if column == 0 { "---" } else { "---:" })
            .collect();
        writeln!(f, "| {} |", lines.join(" | "))?;
        for row in &self.rows {
            writeln!(f, "| {} |", row.join(" | "))?;
        }
        Ok(())
    }
}

/// Tells on standard error what is going on.
pub fn say(text: &str) {
    eprintln!("bench: {text}");
}

/// A span of time in seconds.
pub fn seconds(span: Duration) -> String {
    let seconds = span.as_secs_f64();
    if seconds < 0.1 {
        format!("{:.1} ms", seconds * 1000.0)
    } else if seconds < 10.0 {
        format!("{seconds:.2} s")
    } else {
        format!("{seconds:.1} s")
    }
}

/// A whole number with its thousands apart.
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many in each second.
pub fn rate(count: usize, span: Duration) -> String {
    format!("{}/s", whole(count as f64 / span.as_secs_f64()))
}

/// How many in each minute.
pub fn rate_a_minute(count: usize, span: Duration) -> String {
    format!("{}/min", whole(count as f64 * 60.0 / span.as_secs_f64()))
}

/// How often one span goes into another.
pub fn ratio(one: Duration, other: Duration) -> String {
    format!("{:.2}", one.as_secs_f64() / other.as_secs_f64())
}

/// The most memory of a child.
pub fn memory(used: Used) -> String {
    used.memory.map_or_else(none, megabytes)
}

/// A child's time on processors.
pub fn processor(used: Used) -> String {
    match used.processor {
        // Linux counts it in steps of 10 ms.
        Some(time) if time < Duration::from_millis(20) => "< 20 ms".to_owned(),
        time => time.map_or_else(none, seconds),
    }
}

/// Memory in MB (10⁶ bytes).
pub fn megabytes(bytes: u64) -> String {
    format!(
        "{} MB",
        thousands(usize::try_from(bytes / 1_000_000).unwrap_or(usize::MAX))
    )
}

/// Nothing to say.
pub fn none() -> String {
    "–".to_owned()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates are positive and far below 2^52"
)]
fn whole(number: f64) -> String {
    thousands(number.round() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(
            [7, 999, 1_000, 1_234_567].map(thousands),
            ["7", "999", "1,000", "1,234,567"]
        );
    }

    #[test]
    fn a_table_is_markdown() {
        let mut table = Table::new("Title", &["what", "time"]);
        table.row(["a".to_owned(), seconds(Duration::from_millis(1500))]);
        assert_eq!(
            table.to_string(),
            "### Title\n\n| what | time |\n| --- | ---: |\n| a | 1.50 s |\n"
        );
    }
}
