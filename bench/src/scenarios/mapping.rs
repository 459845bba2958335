//! `mapping`: the scenarios for which midPoint publishes figures, by their names there. The letters: sources, mappings
//! single- and multi-valued, targets, mappings of targets, assignments, thousands of users.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tenure_sim::synthetic::wide_json_lines;

use crate::Outcome;
use crate::child::{Measured, Used};
use crate::table::{Table, memory, processor, rate_a_minute, say, seconds, thousands};
use crate::tenure::{self, Home};

const TARGETS: usize = 5;

/// Fifty attributes of one value and fifty of five.
fn source(file: &Path) -> String {
    let mut text = format!(
        "kind: data_source\nname: people\nfile: {{ path: \"{}\", primary_key: id, format: json_lines }}\nattributes:\n  \
         uid: id\n  givenName: firstname\n  sn: lastname\n  displayName: \"{{{{ firstname }}}} {{{{ lastname }}}}\"\n",
        file.display()
    );
    for kind in ["s", "m"] {
        for column in 1..=50 {
            let _ = writeln!(text, "  {kind}{column:02}: {kind}{column:02}");
        }
    }
    text
}

fn targets() -> String {
    let mut text =
        "kind: template\nname: staff\ncontainer: OU=Staff,DC=example,DC=com\nrdn: \"{{ uid }}\"\n".to_owned();
    for target in 1..=TARGETS {
        let _ = write!(
            text,
            "---
kind: directory
name: target-{target}
type: local
base: DC=example,DC=com
---
kind: automation
name: target-{target}
source: people
directory: target-{target}
correlate: [uid]
rules:
  joiner: [{{ create_account: {{ template: staff }} }}]
  mover: [{{ modify_attributes: all }}]
"
        );
    }
    text
}

/// Measures both.
pub fn measure(people: Option<usize>) -> Outcome<Table> {
    let binary = tenure::build()?;
    let mut table = Table::new(
        "mapping: midPoint's scenarios",
        &[
            "",
            "time",
            "people a minute",
            "midPoint, 31 threads",
            "times as many",
            "time on processors",
            "peak memory",
        ],
    );
    fetch_alone(&binary, people.unwrap_or(10_000), &mut table)?;
    five_targets(&binary, people.unwrap_or(5_000), &mut table)?;
    Ok(table)
}

fn write_people(folder: &TempDir, people: usize) -> Outcome<PathBuf> {
    let file = folder.path().join("people.jsonl");
    let mut out = BufWriter::new(File::create(&file)?);
    wide_json_lines(&mut out, people, 1)?;
    out.flush()?;
    Ok(file)
}

fn row(table: &mut Table, what: &str, people: usize, (wall, used): (Duration, Used), midpoint: usize) {
    let times = people as f64 * 60.0 / wall.as_secs_f64() / midpoint as f64;
    table.row([
        format!("{what}, {} people", thousands(people)),
        seconds(wall),
        format!("**{}**", rate_a_minute(people, wall)),
        format!("{}/min", thousands(midpoint)),
        format!("{times:.0}"),
        processor(used),
        memory(used),
    ]);
}

/// Everybody is read, mapped and remembered, and then all of that again.
fn fetch_alone(binary: &Path, people: usize, table: &mut Table) -> Outcome<()> {
    say("mapping: 1s-50m-0t-0m-0a-10ku");
    let folder = TempDir::with_prefix("tenure-bench-")?;
    let file = write_people(&folder, people)?;
    let home = Home::new(binary)?;
    home.write("people.yaml", &source(&file))?;
    for (what, midpoint) in [("import", 3_064), ("recompute", 6_228)] {
        let fetched = home.run(&["fetch", "people", "--sample", "1"], 0)?;
        let what = format!("`1s-50m-0t-0m-0a-10ku` {what}");
        row(table, &what, people, (fetched.wall, fetched.used), midpoint);
    }
    Ok(())
}

/// How the five targets follow each other.
#[derive(Clone, Copy)]
enum Order {
    OneByOne,
    AtOnce,
}

/// Everybody gets five accounts with all attributes, and then everything is mapped and compared anew.
fn five_targets(binary: &Path, people: usize, table: &mut Table) -> Outcome<()> {
    let folder = TempDir::with_prefix("tenure-bench-")?;
    let file = write_people(&folder, people)?;
    for (order, said) in [
        (Order::OneByOne, "one target after another"),
        (Order::AtOnce, "all targets at once"),
    ] {
        say(&format!("mapping: 1s-50m-5t-50m-0a-5ku, {said}"));
        let home = Home::new(binary)?;
        home.write("people.yaml", &source(&file))?;
        home.write("targets.yaml", &targets())?;
        let imported = for_each_target(&home, order, |target| ["run", target, "--yes", "--limit=1"])?;
        row(
            table,
            &format!("`1s-50m-5t-50m-0a-5ku` import, {said}"),
            people,
            imported,
            717,
        );
        // Any other document makes what is remembered of the comparison worthless.
        home.write("other.yaml", "kind: lookup\nname: other\nvalues: { a: b }\n")?;
        let compared = for_each_target(&home, order, |target| ["plan", target, "--limit", "1"])?;
        row(
            table,
            &format!("`1s-50m-5t-50m-0a-5ku` recompute, {said}"),
            people,
            compared,
            1_440,
        );
    }
    Ok(())
}

/// Runs a command for each target, and says how long all of them took and what they used together.
fn for_each_target(
    home: &Home,
    order: Order,
    words: impl Fn(&str) -> [&str; 4] + Sync,
) -> Outcome<(Duration, Used)> {
    let one = |target: usize| -> Result<Measured, String> {
        let target = format!("target-{target}");
        let words = words(&target);
        let measured = home.run(&words, 0).map_err(|error| error.to_string())?;
        say(&format!("{}: {}", words.join(" "), seconds(measured.wall)));
        Ok(measured)
    };
    let started = Instant::now();
    let ended: Vec<Result<Measured, String>> = match order {
        Order::OneByOne => (1..=TARGETS).map(one).collect(),
        Order::AtOnce => std::thread::scope(|scope| {
            let running: Vec<_> = (1..=TARGETS)
                .map(|target| scope.spawn(move || one(target)))
                .collect();
            let lost = |_| Err("the thread that runs a target has broken off".to_owned());
            running
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(lost))
                .collect()
        }),
    };
    let wall = started.elapsed();
    let mut used = Used::default();
    for measured in ended {
        let measured = measured?.used;
        used = match order {
            Order::OneByOne => used.and(measured),
            Order::AtOnce => used.beside(measured),
        };
    }
    Ok((wall, used))
}
