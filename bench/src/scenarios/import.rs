//! `import`: the first time that many people are read from a file, mapped, planned and stored.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use tempfile::TempDir;
use tenure_lab::Postgres;
use tenure_sim::synthetic::write_json_lines;

use crate::Outcome;
use crate::table::{Table, megabytes, memory, none, processor, rate, say, seconds, thousands};
use crate::tenure::{self, Home, PENDING};

const PEOPLE: usize = 1_000_000;

fn documents(file: &Path) -> String {
    format!(
        r#"kind: data_source
name: employees
file: {{ path: "{}", primary_key: _id, format: json_lines }}
attributes:
  uid: username
  employeeID: employeeIdentifier
  givenName: firstname
  sn: "{{{{ lastname | default(firstname) }}}}"
  displayName: "{{{{ [firstname, lastname] | join(' ') | default(username) }}}}"
  mail: {{ from: email, write: keep_if_source_empty }}
  title: jobTitle
  department: department
  employeeType: employeeType
  l: location
---
kind: directory
name: corp
type: local
base: DC=corp,DC=example,DC=com
---
kind: template
name: staff
container: OU=Staff,DC=corp,DC=example,DC=com
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
        file.display()
    )
}

/// Measures on both databases.
pub fn measure(people: Option<usize>) -> Outcome<Table> {
    let binary = tenure::build()?;
    let people = people.unwrap_or(PEOPLE);
    let folder = TempDir::with_prefix("tenure-bench-")?;
    let file = folder.path().join("people.jsonl");
    say(&format!("import: writing {} people to a file", thousands(people)));
    let mut out = BufWriter::new(File::create(&file)?);
    write_json_lines(&mut out, people, 1)?;
    out.flush()?;
    drop(out);

    let mut table = Table::new(
        &format!(
            "import: `tenure plan` of {} people ({}) into an empty directory",
            thousands(people),
            megabytes(file.metadata()?.len())
        ),
        &[
            "database",
            "time",
            "people",
            "until the file is read",
            "from there to the end",
            "time on processors",
            "peak memory",
        ],
    );
    let mut measure = |what: &str, home: &Home| -> Outcome<()> {
        say(&format!("import: on {what}"));
        home.write("documents.yaml", &documents(&file))?;
        let planned = home.watch(&["plan", "corp", "--limit", "3"], PENDING, Some(&file))?;
        let read = planned.file_closed;
        table.row([
            what.to_owned(),
            seconds(planned.wall),
            format!("**{}**", rate(people, planned.wall)),
            read.map_or_else(none, seconds),
            read.map_or_else(none, |read| seconds(planned.wall.saturating_sub(read))),
            processor(planned.used),
            memory(planned.used),
        ]);
        Ok(())
    };
    measure("SQLite", &Home::new(&binary)?)?;
    let postgres = Postgres::start()?;
    let home = Home::new(&binary)?.with_database(postgres.fresh_database()?);
    measure("PostgreSQL", &home)?;
    Ok(table)
}
