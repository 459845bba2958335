//! `plan`: planning alone, and mapping with joining alone, in this process on one thread.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use tenure_core::account::{Access, Account, AccountId, Snapshot};
use tenure_core::attribute::{Attributes, AttributesBuilder, Dictionary};
use tenure_core::compile::{Compiled, compile};
use tenure_core::dn::Dn;
use tenure_core::document::{Severity, load};
use tenure_core::join::{FetchedRecord, Join, Known, KnownRecord};
use tenure_core::lifecycle::Lifecycle;
use tenure_core::link::{InSync, Link, LinkState};
use tenure_core::plan::{Change, Finding, PlanSink, Planner, Presence, Summary, World};
use tenure_core::profile::{PersonKey, Profile, RecordHash};
use tenure_sim::synthetic::write_json_lines;

use crate::Outcome;
use crate::people::{ATTRIBUTES, Names, Plain, mapping};
use crate::table::{Table, rate, say, seconds, thousands};

const PEOPLE: usize = 1_000_000;
/// Records that are mapped from JSON; they lie in memory while that is measured.
const RECORDS: usize = 200_000;
/// One of so many people differs.
const DIFFERING: usize = 100;
const CONTAINER: &str = "OU=Staff,DC=corp,DC=example,DC=com";

fn documents() -> String {
    format!(
        r#"kind: data_source
name: plain
file: {{ path: people.jsonl, primary_key: uid, format: json_lines }}
attributes:
{}---
kind: data_source
name: jumpcloud
file: {{ path: people.jsonl, primary_key: _id, format: json_lines }}
attributes:
  employeeID: employeeIdentifier
  givenName: firstname
  sn: "{{{{ lastname | default(firstname) }}}}"
  displayName: "{{{{ [firstname, lastname] | join(' ') | default(username) }}}}"
  mail: {{ from: email, write: keep_if_source_empty }}
  title: jobTitle
  department: department
  employeeType: employeeType
  l: location
  telephoneNumber: "{{{{ phoneNumbers | selectattr('type', 'eq', 'work') | map(attribute='number') | first }}}}"
lifecycle:
  active: activated and not suspended
  starts: "{{{{ attributes | selectattr('name', 'eq', 'startDate') | map(attribute='value') | first }}}}"
  time_zone: Europe/Berlin
---
kind: directory
name: corp
type: local
base: DC=corp,DC=example,DC=com
---
kind: template
name: staff
container: {CONTAINER}
rdn: ["{{{{ displayName }}}}", "{{{{ displayName }}}} ({{{{ ou }}}})"]
unique:
  sAMAccountName:
    - "{{{{ givenName | ascii | substring(0, 1) }}}}{{{{ sn }}}}"
    - "{{{{ givenName }}}}.{{{{ sn }}}}"
    - "{{{{ uid }}}}"
  userPrincipalName: "{{{{ sAMAccountName }}}}@corp.example.com"
---
kind: automation
name: corp
source: plain
directory: corp
correlate: [uid, mail]
rules:
  joiner: [{{ create_account: {{ template: staff }} }}]
  mover: [{{ modify_attributes: all }}]
---
kind: automation
name: jumpcloud
source: jumpcloud
directory: corp
correlate: [employeeID, mail]
rules:
  joiner: []
  mover: [{{ modify_attributes: all }}]
"#,
        mapping()
    )
}

fn compiled(automation: &str) -> Outcome<Compiled> {
    let (documents, problems) = load(&[("bench.yaml".to_owned(), documents())]);
    if let Some(error) = problems
        .iter()
        .find(|problem| problem.severity == Severity::Error)
    {
        return Err(error.to_string().into());
    }
    Ok(compile(&documents, automation)?)
}

/// Takes a plan and keeps its numbers, as little as a sink can do.
#[derive(Default)]
struct Counting {
    changes: usize,
    operations: usize,
    findings: usize,
    in_sync: usize,
}

impl PlanSink for Counting {
    fn change(&mut self, change: Change) {
        self.changes += 1;
        self.operations += change.operations.len();
    }

    fn finding(&mut self, _: Finding) {
        self.findings += 1;
    }

    fn in_sync(&mut self, _: &PersonKey, _: InSync) {
        self.in_sync += 1;
    }
}

/// Measures.
pub fn measure(people: Option<usize>) -> Outcome<Table> {
    let mut table = Table::new(
        "plan: in memory, on one thread",
        &["", "time", "on the processor", "people", "found"],
    );
    let size = people.unwrap_or(PEOPLE);
    let mut row = |what: &str, people: usize, time: Time, found: String| {
        table.row([
            format!("{what}, {}", thousands(people)),
            format!("**{}**", seconds(time.wall)),
            seconds(time.processor),
            rate(people, time.wall),
            found,
        ]);
    };
    say(&format!("plan: making {} people", thousands(size)));
    let (time, summary, sink) = planned(size, Accounts::Linked, Names::Many)?;
    if sink.changes != size.div_ceil(DIFFERING) || sink.in_sync + sink.changes != size {
        return Err(format!("this is not what was to be planned: {summary:?}").into());
    }
    let found = format!("{} movers", thousands(sink.changes));
    row("planning, everybody linked, 1 % differ", size, time, found);
    for (what, names) in [
        ("planning, everybody joins and is named", Names::Many),
        ("the same with only 180 names in all", Names::Few),
    ] {
        let (time, summary, sink) = planned(size, Accounts::None, names)?;
        if sink.changes != size || sink.findings > 0 {
            return Err(format!("this is not what was to be planned: {summary:?}").into());
        }
        let found = format!("{} joiners", thousands(sink.changes));
        row(what, size, time, found);
    }

    let size = people.unwrap_or(RECORDS);
    say(&format!("plan: making {} records", thousands(size)));
    let [new, known] = joined(size)?;
    row(
        "join and map of new records from JSON",
        size,
        new.0,
        format!("{} profiles", thousands(new.1)),
    );
    row(
        "join of unchanged records from JSON",
        size,
        known.0,
        format!("{} unchanged", thousands(known.1)),
    );
    Ok(table)
}

/// How long something took.
#[derive(Clone, Copy)]
struct Time {
    wall: Duration,
    /// How much of it this thread was on a processor; the rest it waited for one.
    processor: Duration,
}

/// When something began.
struct Start {
    at: Instant,
    processor: Duration,
}

impl Start {
    fn now() -> Self {
        Self {
            at: Instant::now(),
            processor: on_processor(),
        }
    }

    fn elapsed(&self) -> Time {
        Time {
            wall: self.at.elapsed(),
            processor: on_processor().saturating_sub(self.processor),
        }
    }
}

/// The time that this thread has been on a processor; zero where Linux does not say.
fn on_processor() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|text| text.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// Which accounts there are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Accounts {
    Linked,
    None,
}

fn planned(people: usize, accounts: Accounts, names: Names) -> Outcome<(Time, Summary, Counting)> {
    let rules = compiled("corp")?.rules;
    let now = Timestamp::now();
    let mut profiles = Vec::with_capacity(people);
    let (mut read, mut links) = (Vec::new(), Vec::new());
    let mut builder = AttributesBuilder::new();
    for number in 0..people {
        let differs = number.is_multiple_of(DIFFERING) && accounts == Accounts::Linked;
        let person = Plain {
            number,
            promoted: differs,
            names,
        };
        let key = PersonKey::new(&person.key()).ok_or("a key that cannot be one")?;
        if accounts == Accounts::Linked {
            let id = AccountId::new(&format!("{number:08x}-0000-4000-8000-000000000000"));
            let before = Plain {
                number,
                promoted: false,
                names,
            };
            read.push(Account {
                id: id.clone(),
                dn: Dn::from_server(&format!("CN={},{CONTAINER}", person.key())),
                access: Access::Enabled,
                attributes: attributes(before, &rules.dictionary, &mut builder),
            });
            links.push(Link {
                key: key.clone(),
                account: id,
                state: LinkState::Active,
                since: now,
                matched: "created".to_owned(),
                in_sync: None,
                memory: None,
            });
        }
        profiles.push(Profile {
            key,
            lifecycle: Lifecycle::Active { until: None },
            attributes: attributes(person, &rules.dictionary, &mut builder),
            record: RecordHash(number as u64),
        });
    }
    let snapshot = Snapshot::new(read);
    let presence = Presence {
        profiles,
        ..Presence::default()
    };
    say("plan: planning");
    let mut sink = Counting::default();
    let world = World {
        snapshot: &snapshot,
        links: &links,
        now,
    };
    let started = Start::now();
    let summary = Planner::new(&rules, world, presence).plan(&[], &mut sink);
    Ok((started.elapsed(), summary, sink))
}

fn attributes(person: Plain, dictionary: &Dictionary, builder: &mut AttributesBuilder) -> Attributes {
    for (name, value) in ATTRIBUTES.iter().zip(person.values()) {
        if let Some(index) = dictionary.index(name) {
            builder.push(index, &value);
        }
    }
    builder.finish()
}

/// Joins records that are new, and the same ones again when they are known: how long, and how many.
fn joined(records: usize) -> Outcome<[(Time, usize); 2]> {
    let reading = compiled("jumpcloud")?.reading;
    let now = Timestamp::now();
    let mut text = Vec::new();
    write_json_lines(&mut text, records, 1)?;
    let lines: Vec<&[u8]> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .collect();

    let mut kept: Vec<FetchedRecord> = Vec::with_capacity(records);
    let nobody = Known::default();
    let started = Start::now();
    let mut join = Join::new(&reading, &nobody, now);
    for line in &lines {
        join.record(0, line, &mut |record| kept.push(record));
    }
    let new = join.finish(&mut |record| kept.push(record));
    let first = (started.elapsed(), new.profiles.len());

    let mut known: Vec<KnownRecord> = kept
        .into_iter()
        .map(|record| KnownRecord {
            key: record.key,
            hash: record.hash,
            filled: record.filled,
            gone: false,
        })
        .collect();
    known.sort_unstable_by(|one, other| one.key.cmp(&other.key));
    let known = Known::new(known);
    let started = Start::now();
    let mut join = Join::new(&reading, &known, now);
    for line in &lines {
        join.record(0, line, &mut |_| {});
    }
    let again = join.finish(&mut |_| {});
    Ok([first, (started.elapsed(), again.unchanged.len())])
}
