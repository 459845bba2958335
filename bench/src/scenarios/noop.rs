//! `noop`: a full run that finds nothing to do, from the simulated JumpCloud to slapd.

use std::path::Path;

use tenure_lab::{Slapd, SlapdOptions};
use tenure_sim::{JumpCloud, JumpCloudOptions, Population};
use tokio::runtime::Runtime;

use crate::Outcome;
use crate::bare::fetch::{self, PAGE};
use crate::bare::ldap::{self, Paging};
use crate::child::Measured;
use crate::table::{Table, megabytes, memory, none, processor, rate, ratio, say, seconds, thousands};
use crate::tenure::{self, Home};

const SIZES: [usize; 2] = [10_000, 100_000];
/// Each time is the best of so many.
const TIMES: usize = 3;
const KEY: &str = "bench";
const BASE: &str = "ou=people,dc=lab,dc=test";
const CONTAINER: &str = "dn: ou=people,dc=lab,dc=test\nobjectClass: organizationalUnit\nou: people\n";
/// What Tenure reads of each account.
const ATTRIBUTES: [&str; 14] = [
    "uid",
    "cn",
    "sn",
    "givenName",
    "displayName",
    "mail",
    "title",
    "departmentNumber",
    "employeeNumber",
    "employeeType",
    "l",
    "telephoneNumber",
    "mobile",
    "entryUUID",
];

fn documents(jumpcloud: &str, slapd: &Slapd) -> String {
    format!(
        r#"kind: application
name: jumpcloud
preset: jumpcloud
private_addresses: allowed
limits: {{ concurrency: {concurrency} }}
endpoints: [{{ name: users, url: "{jumpcloud}/api/systemusers" }}]
---
kind: data_source
name: employees
application: jumpcloud
endpoints: [{{ endpoint: users, primary_key: _id }}]
attributes:
  uid: username
  cn: displayname
  sn: "{{{{ lastname | default(firstname) }}}}"
  givenName: firstname
  displayName: displayname
  mail: email
  title: jobTitle
  departmentNumber: department
  employeeNumber: employeeIdentifier
  employeeType: employeeType
  l: location
  telephoneNumber: "{{{{ phoneNumbers | selectattr('type', 'eq', 'work') | map(attribute='number') | first }}}}"
  mobile: "{{{{ phoneNumbers | selectattr('type', 'eq', 'mobile') | map(attribute='number') | first }}}}"
---
kind: directory
name: corp
type: ldap
url: {url}
encryption: none
base: {BASE}
bind: {{ user: "{user}", password: "{{{{ secret('slapd') }}}}" }}
---
kind: template
name: staff
container: {BASE}
rdn_attribute: uid
rdn: "{{{{ uid }}}}"
---
kind: automation
name: corp-from-jumpcloud
source: employees
directory: corp
correlate: [uid]
rules:
  joiner: [{{ create_account: {{ template: staff }} }}]
  mover: [{{ modify_attributes: all }}]
"#,
        concurrency = fetch::CONCURRENCY,
        url = slapd.ldap_url(),
        user = slapd.root_dn(),
    )
}

/// Measures all sizes.
pub fn measure(people: Option<usize>) -> Outcome<Table> {
    let binary = tenure::build()?;
    let mut table = Table::new(
        "noop: a full run that finds nothing to do",
        &[
            "",
            "time",
            "people",
            "time on processors",
            "peak memory",
            "beside the slower bare tool",
        ],
    );
    for size in people.map_or(SIZES.to_vec(), |people| vec![people]) {
        measure_size(&binary, size, &mut table)?;
    }
    Ok(table)
}

fn measure_size(binary: &Path, people: usize, table: &mut Table) -> Outcome<()> {
    say(&format!("noop: preparing {} people", thousands(people)));
    let runtime = Runtime::new()?;
    let population = Population::generate(people, 1);
    let jumpcloud = runtime.block_on(JumpCloud::start(JumpCloudOptions::new(population, KEY)))?;
    let slapd = Slapd::start(&SlapdOptions::default())?;
    slapd.ldapadd(CONTAINER)?;
    let home = Home::new(binary)?;
    home.secret("jumpcloud", KEY)?;
    home.secret("slapd", slapd.root_password())?;
    home.write("documents.yaml", &documents(&jumpcloud.url(), &slapd))?;

    let run = ["run", "corp-from-jumpcloud", "--yes", "--limit", "3"];
    let mut row = |what: &str, measured: &Measured, beside: String| {
        table.row([
            format!("{} people, {what}", thousands(people)),
            seconds(measured.wall),
            rate(people, measured.wall),
            processor(measured.used),
            memory(measured.used),
            beside,
        ]);
    };
    row("first run: all accounts created", &home.run(&run, 0)?, none());
    row("second run: everything compared", &home.run(&run, 0)?, none());
    let before = jumpcloud.requests();
    let noop = best(|| home.run(&run, 0))?;
    let said = home.said()?;
    if !said.contains("nothing to do") && !said.contains("Nothing to do") && !said.contains("unchanged") {
        return Err(format!("the run was to find nothing to do, but said:\n{said}").into());
    }
    let requests = usize::try_from(jumpcloud.requests() - before)? / TIMES;

    let url = format!("{}/api/systemusers?limit={PAGE}&sort=_id&skip=", jumpcloud.url());
    let before = jumpcloud.requests();
    let mut bytes = 0;
    let fetched = best(|| {
        let (measured, came) = fetch::measure(&url, requests, KEY)?;
        bytes = came;
        Ok(measured)
    })?;
    if usize::try_from(jumpcloud.requests() - before)? != requests * TIMES {
        return Err("the bare fetch did not make as many requests as Tenure".into());
    }
    let paged = best(|| ldap::search(&slapd, BASE, &ATTRIBUTES, Paging::Thousand))?;
    let whole = best(|| ldap::search(&slapd, BASE, &ATTRIBUTES, Paging::Off))?;
    let slower = fetched.wall.max(paged.wall);
    row(
        "nothing to do (best of 3)",
        &noop,
        format!("**{}**", ratio(noop.wall, slower)),
    );
    row(
        &format!(
            "bare fetch of the same {} pages, {}",
            thousands(requests),
            megabytes(bytes)
        ),
        &fetched,
        none(),
    );
    row("bare ldapsearch, pages of 1,000", &paged, none());
    row("bare ldapsearch, all at once", &whole, none());
    Ok(())
}

fn best(mut measure: impl FnMut() -> Outcome<Measured>) -> Outcome<Measured> {
    let mut best = measure()?;
    let mut most = best.used.memory;
    for _ in 1..TIMES {
        let next = measure()?;
        most = most.max(next.used.memory);
        if next.wall < best.wall {
            best = next;
        }
    }
    best.used.memory = most;
    Ok(best)
}
