//! `writes`: accounts created and modified in slapd, beside `ldapadd` and `ldapmodify` of the same entries.

use std::fs;
use std::time::Duration;

use tempfile::TempDir;
use tenure_lab::{Durability, Slapd, SlapdOptions};

use crate::Outcome;
use crate::bare::ldap::carry_out;
use crate::child::Used;
use crate::people::{Plain, mapping, plain};
use crate::table::{Table, memory, processor, rate, ratio, say, seconds, thousands};
use crate::tenure::{self, Home, PENDING};

const PEOPLE: usize = 10_000;
/// `ldapadd` processes at once.
const PROCESSES: [usize; 4] = [1, 2, 4, 8];
/// As many as there are rows of several processes at once, of which the best counts.
const PASSES: usize = 3;
const TENURE: &str = "ou=tenure,dc=lab,dc=test";
const BARE: &str = "ou=bare,dc=lab,dc=test";
const CONTAINERS: &str = "dn: ou=tenure,dc=lab,dc=test\nobjectClass: organizationalUnit\nou: tenure\n\n\
                          dn: ou=bare,dc=lab,dc=test\nobjectClass: organizationalUnit\nou: bare\n";

fn documents(slapd: &Slapd) -> String {
    format!(
        r#"kind: data_source
name: employees
file: {{ path: people.jsonl, primary_key: uid, format: json_lines }}
attributes:
{}---
kind: directory
name: corp
type: ldap
url: {}
encryption: none
base: {TENURE}
bind: {{ user: "{}", password: "{{{{ secret('slapd') }}}}" }}
---
kind: template
name: staff
container: {TENURE}
rdn_attribute: uid
rdn: "{{{{ uid }}}}"
---
kind: automation
name: corp
source: employees
directory: corp
correlate: [uid]
rules:
  joiner: [{{ create_account: {{ template: staff }} }}]
  mover: [{{ modify_attributes: all }}]
"#,
        mapping(),
        slapd.ldap_url(),
        slapd.root_dn(),
    )
}

/// A creation and a modification of everybody.
#[derive(Clone, Copy, Default)]
struct Pair {
    create: Duration,
    modify: Duration,
}

impl Pair {
    /// The shorter of each.
    fn and_best(self, other: Self) -> Self {
        Self {
            create: self.create.min(other.create),
            modify: self.modify.min(other.modify),
        }
    }
}

/// Measures.
pub fn measure(people: Option<usize>, durable: bool) -> Outcome<Table> {
    let binary = tenure::build()?;
    let people = people.unwrap_or(PEOPLE);
    let options = SlapdOptions {
        durability: if durable {
            Durability::Durable
        } else {
            Durability::NoSync
        },
        ..SlapdOptions::default()
    };
    let flushed = if durable {
        "flushed to the disk"
    } else {
        "not flushed"
    };
    let mut table = Table::new(
        &format!("writes: {} accounts in slapd, {flushed}", thousands(people)),
        &[
            "",
            "create",
            "",
            "modify",
            "",
            "time on processors",
            "peak memory",
        ],
    );
    let mut row = |what: &str, pair: &Pair, used: Used| {
        table.row([
            what.to_owned(),
            seconds(pair.create),
            rate(people, pair.create),
            seconds(pair.modify),
            rate(people, pair.modify),
            processor(used),
            memory(used),
        ]);
    };
    let mut bare = Vec::new();
    for processes in PROCESSES {
        say(&format!("writes: {processes} × ldapadd and ldapmodify"));
        let pair = bare_tools(&options, people, processes)?;
        row(
            &format!("{processes} × ldapadd, ldapmodify"),
            &pair,
            Used::default(),
        );
        bare.push(pair);
    }
    let (mut tenure, mut used) = (None::<Pair>, Used::default());
    for pass in 1..=PASSES {
        say(&format!("writes: tenure, pass {pass} of {PASSES}"));
        let (pair, spent) = with_tenure(&binary, &options, people)?;
        tenure = Some(tenure.map_or(pair, |best| best.and_best(pair)));
        used = spent;
    }
    let tenure = tenure.unwrap_or_default();
    row(&format!("tenure apply (best of {PASSES})"), &tenure, used);
    if let Some((one, several)) = bare.split_first() {
        let best = |of: fn(&Pair) -> Duration| several.iter().map(of).min().unwrap_or_default();
        for (what, create, modify) in [
            ("rate beside 1 process", one.create, one.modify),
            (
                "rate beside the best of 2, 4, 8",
                best(|pair| pair.create),
                best(|pair| pair.modify),
            ),
        ] {
            table.row([
                what.to_owned(),
                format!("**{}**", ratio(create, tenure.create)),
                String::new(),
                format!("**{}**", ratio(modify, tenure.modify)),
                String::new(),
                String::new(),
                String::new(),
            ]);
        }
    }
    Ok(table)
}

fn bare_tools(options: &SlapdOptions, people: usize, processes: usize) -> Outcome<Pair> {
    let slapd = Slapd::start(options)?;
    slapd.ldapadd(CONTAINERS)?;
    let folder = TempDir::with_prefix("tenure-bench-")?;
    let parts = |promoted, write: fn(Plain, &str, &mut String)| {
        let mut parts = vec![String::new(); processes];
        for person in plain(people, promoted) {
            if let Some(part) = parts.get_mut(person.number % processes) {
                write(person, BARE, part);
            }
        }
        parts
    };
    let entries = parts(false, Plain::write_entry);
    let create = carry_out("ldapadd", &slapd, folder.path(), &entries)?;
    let changes = parts(true, Plain::write_change);
    let modify = carry_out("ldapmodify", &slapd, folder.path(), &changes)?;
    Ok(Pair { create, modify })
}

fn with_tenure(binary: &std::path::Path, options: &SlapdOptions, people: usize) -> Outcome<(Pair, Used)> {
    let slapd = Slapd::start(options)?;
    slapd.ldapadd(CONTAINERS)?;
    let home = Home::new(binary)?;
    home.secret("slapd", slapd.root_password())?;
    home.write("documents.yaml", &documents(&slapd))?;
    let mut used = Used::default();
    let mut apply = |promoted| -> Outcome<Duration> {
        let mut lines = String::new();
        plain(people, promoted).for_each(|person| person.write_json(&mut lines));
        fs::write(home.path().join("people.jsonl"), lines)?;
        home.run(&["plan", "corp", "--limit", "3"], PENDING)?;
        let run = home.latest_run()?;
        let applied = home.run(&["apply", &run], 0)?;
        used = used.and(applied.used);
        Ok(applied.wall)
    };
    let create = apply(false)?;
    let modify = apply(true)?;
    Ok((Pair { create, modify }, used))
}
