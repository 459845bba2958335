//! Fixtures that were tried: which passed, and what differs where they did not.

use serde_json::{Value, json};
use tenure_core::fixture::{Difference, Tried};

use super::json::VERSION;
use super::style::Style;

/// How to come to a fixture, for those who have none.
const HOW: &str = "\
There are no fixtures among the documents. One is a person with the attributes that the mapping has to give:

kind: fixture
name: ada
source: employees
records:
  people: { employeeNumber: 1001, firstName: Ada, lastName: Lovelace }
expect:
  attributes: { displayName: Ada Lovelace }
  lifecycle: active

`tenure fetch SOURCE --fixture KEY` prints one of a person who was fetched.";

/// Prints what came of fixtures.
pub fn print(tried: &[Tried], style: Style) {
    if tried.is_empty() {
        println!("{HOW}");
        return;
    }
    for one in tried {
        let word = if one.differences.is_empty() {
            style.green("passed")
        } else {
            style.red("differs")
        };
        println!(
            "{word} {} {}",
            one.fixture,
            style.dim(format!("({})", one.source))
        );
        for difference in &one.differences {
            self::difference(difference, style);
        }
    }
    let passed = tried.iter().filter(|one| one.differences.is_empty()).count();
    match tried.len() - passed {
        0 => println!("{passed} passed"),
        differ => println!("{passed} passed, {differ} differ"),
    }
}

fn difference(difference: &Difference, style: Style) {
    let Difference {
        what,
        expected,
        found,
        why,
    } = difference;
    println!("    {}", style.bold(what));
    println!("        expected {}", listed(expected));
    println!("        found    {}", style.yellow(listed(found)));
    if !why.is_empty() {
        println!("        {}", style.dim(why));
    }
}

fn listed(values: &[String]) -> String {
    if values.is_empty() {
        "nothing".to_owned()
    } else {
        values.join(" | ")
    }
}

/// What came of fixtures, for machines.
pub fn json(tried: &[Tried]) -> Value {
    json!({
        "version": VERSION,
        "passed": tried.iter().filter(|one| one.differences.is_empty()).count(),
        "fixtures": tried,
    })
}
