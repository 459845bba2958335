//! `domain`: accounts with passwords created in a Samba Active Directory, beside `ldapadd` of the same entries.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;
use tenure_lab::SambaDc;

use crate::Outcome;
use crate::bare::ldap::carry_out;
use crate::child::Used;
use crate::people::{ATTRIBUTES, Plain, plain};
use crate::table::{Table, memory, processor, rate, ratio, say, seconds, thousands};
use crate::tenure::{self, Home, PENDING};

const PEOPLE: usize = 1_000;
/// `ldapadd` processes at once.
const PROCESSES: [usize; 2] = [1, 4];
const CONTAINER: &str = "OU=Tenure,DC=lab,DC=test";
/// What the attributes of plain people are called in a domain, in their order; what names them is left out.
const NAMES: [(&str, &str); 8] = [
    ("sAMAccountName", "uid"),
    ("sn", "sn"),
    ("givenName", "givenName"),
    ("displayName", "displayName"),
    ("mail", "mail"),
    ("title", "title"),
    ("department", "ou"),
    ("l", "l"),
];

fn documents(samba: &SambaDc) -> String {
    let mapping = NAMES.iter().fold(String::new(), |mut text, (attribute, column)| {
        let _ = writeln!(text, "  {attribute}: {column}");
        text
    });
    format!(
        r#"kind: data_source
name: employees
file: {{ path: people.jsonl, primary_key: uid, format: json_lines }}
attributes:
{mapping}---
kind: directory
name: corp
type: active_directory
url: {}
base: {CONTAINER}
bind: {{ user: {}, password: "{{{{ secret('samba') }}}}" }}
ca_file: {}
---
kind: template
name: staff
container: {CONTAINER}
rdn: "{{{{ sAMAccountName }}}}"
password: {{ length: 16 }}
---
kind: automation
name: corp
source: employees
directory: corp
correlate: [sAMAccountName]
rules:
  joiner: [{{ create_account: {{ template: staff }} }}]
"#,
        samba.ldaps_url(),
        samba.admin_user(),
        samba.ca_pem_path().display(),
    )
}

/// A domain with nobody in it.
fn domain() -> Outcome<SambaDc> {
    let samba = SambaDc::start()?;
    samba.ldapadd(&format!("dn: {CONTAINER}\nobjectClass: organizationalUnit\n"))?;
    Ok(samba)
}

/// The entry as LDIF, as Tenure would make it: enabled, with a password.
fn write_entry(person: Plain, out: &mut String) {
    let values = person.values();
    let value = |column: &str| {
        let found = ATTRIBUTES.iter().zip(&values).find(|(name, _)| **name == column);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    let key = value("uid");
    let _ = write!(out, "dn: CN={key},{CONTAINER}\nobjectClass: user\n");
    for (attribute, column) in NAMES {
        let _ = writeln!(out, "{attribute}: {}", value(column));
    }
    let password: Vec<u8> = format!("\"Pw-{key}-of-16+\"")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let _ = write!(
        out,
        "userAccountControl: 512\nunicodePwd:: {}\n\n",
        STANDARD.encode(password)
    );
}

/// Measures.
pub fn measure(people: Option<usize>) -> Outcome<Table> {
    let binary = tenure::build()?;
    let people = people.unwrap_or(PEOPLE);
    let title = format!(
        "domain: {} accounts with passwords in Samba, not flushed",
        thousands(people)
    );
    let mut table = Table::new(&title, &["", "create", "", "time on processors", "peak memory"]);
    let mut row = |what: &str, time: Duration, used: Used| {
        table.row([
            what.to_owned(),
            seconds(time),
            rate(people, time),
            processor(used),
            memory(used),
        ]);
    };
    let mut bare = Vec::new();
    for processes in PROCESSES {
        say(&format!("domain: {processes} × ldapadd"));
        let time = bare_tools(people, processes)?;
        row(&format!("{processes} × ldapadd"), time, Used::default());
        bare.push(time);
    }
    say("domain: tenure");
    let (time, used) = with_tenure(&binary, people)?;
    row("tenure apply", time, used);
    for (processes, bare) in PROCESSES.iter().zip(bare) {
        table.row([
            format!("rate beside {processes} × ldapadd"),
            format!("**{}**", ratio(bare, time)),
            String::new(),
            String::new(),
            String::new(),
        ]);
    }
    Ok(table)
}

fn bare_tools(people: usize, processes: usize) -> Outcome<Duration> {
    let samba = domain()?;
    let folder = TempDir::with_prefix("tenure-bench-")?;
    let mut parts = vec![String::new(); processes];
    for person in plain(people, false) {
        if let Some(part) = parts.get_mut(person.number % processes) {
            write_entry(person, part);
        }
    }
    carry_out("ldapadd", &samba, folder.path(), &parts)
}

fn with_tenure(binary: &Path, people: usize) -> Outcome<(Duration, Used)> {
    let samba = domain()?;
    let home = Home::new(binary)?;
    home.secret("samba", samba.admin_password())?;
    home.write("documents.yaml", &documents(&samba))?;
    let mut lines = String::new();
    plain(people, false).for_each(|person| person.write_json(&mut lines));
    fs::write(home.path().join("people.jsonl"), lines)?;
    home.run(&["plan", "corp", "--limit", "3"], PENDING)?;
    let applied = home.run(&["apply", &home.latest_run()?], 0)?;
    Ok((applied.wall, applied.used))
}
