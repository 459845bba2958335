//! Fetching only what changed, by the endpoints of the catalog that can.

use tenure_sim::population::{EventKind, Whom};
use tenure_sim::{Atera, AteraOptions, Graph, GraphOptions, Population};
use tokio::runtime::Runtime;

use super::trial::Trial;
use crate::corp;

const PEOPLE: usize = 130;

/// An automation that gives everybody of an endpoint an account in the built-in directory.
fn automate(trial: &Trial, endpoint: &str, key: &str, name: &str, active: &str) {
    let application = trial.name();
    let documents = format!(
        r#"kind: data_source
name: changed
application: {application}
endpoints: [{{ endpoint: {endpoint}, primary_key: {key} }}]
attributes: {{ employeeID: {key}, displayName: "{name}" }}
lifecycle: {{ active: {active} }}
---
kind: template
name: staff
container: OU=Staff,DC=corp,DC=example
rdn: "{{{{ displayName }}}} {{{{ employeeID }}}}"
unique: {{ sAMAccountName: "u{{{{ employeeID | substring(0, 18) }}}}" }}
---
kind: automation
name: staff
source: changed
directory: corp
correlate: [employeeID]
rules:
  joiner: [{{ create_account: {{ template: staff }} }}]
  mover: [{{ modify_attributes: all }}]
  leaver: [{{ disable: {{}} }}]
"#
    );
    trial.home().write("corp.yaml", corp::DIRECTORY);
    trial.home().write("staff.yaml", &documents);
    let checked = trial.home().run(&["check"]).with(0).out;
    assert!(checked.contains("0 errors, 0 warnings"), "{checked}");
}

fn run(trial: &Trial) -> String {
    trial.home().run(&["run", "staff", "--yes"]).with(0).out
}

fn employee(number: u32) -> Whom {
    Whom::Employee(format!("E-{}", 100_000 + number))
}

#[test]
fn atera_contacts_by_the_time_in_the_accounts_zone() {
    let runtime = Runtime::new().unwrap();
    let people = Population::generate(PEOPLE, 3);
    let sim = runtime
        .block_on(Atera::start(AteraOptions::new(people, "a-key")))
        .unwrap();
    let url = sim.url();
    // The simulated account is five hours behind; by default what changed in more hours comes again.
    for zone in [None, Some("Etc/GMT+5")] {
        let mut settings = vec![("url", url.as_str()), ("calls_per_minute", "60000")];
        settings.extend(zone.map(|zone| ("time_zone", zone)));
        let trial = Trial::new("atera", Some("api_key"), &settings).secret("atera", "a-key");
        automate(
            &trial,
            "contacts-changed",
            "EndUserID",
            "{{ [Firstname, Lastname] | join(' ') | default(Email) }}",
            "not Archived",
        );
        let first = run(&trial);
        assert!(first.contains(&format!("{PEOPLE} records fetched")), "{first}");
        let renamed = sim.event(EventKind::Rename, employee(3), 1).unwrap();
        let before = sim.requests();
        let second = run(&trial);
        assert!(second.contains("records fetched since"), "{second}");
        assert!(second.contains(&renamed.name), "{second}");
        assert!(second.contains("Result: 1 account changed"), "{second}");
        if zone.is_some() {
            // Whoever was the latest before may come again, within the overlap.
            let few =
                second.contains("1 new or changed record") || second.contains("2 new or changed records");
            assert!(few, "{second}");
            assert!(sim.requests() - before <= 2, "{second}");
        }
        // Nobody is gone because they did not come.
        assert!(!second.contains("leaving"), "{second}");
        sim.event(EventKind::Rename, employee(3), 2).unwrap();
    }
}

#[test]
fn users_of_entra_id_by_the_delta_link() {
    let runtime = Runtime::new().unwrap();
    let people = Population::generate(PEOPLE, 3);
    let options = GraphOptions::new(people, "northwind.test", "client", "secret");
    let sim = runtime.block_on(Graph::start(options)).unwrap();
    let url = sim.url();
    let settings = [
        ("url", url.as_str()),
        ("login_url", url.as_str()),
        ("tenant", "northwind.test"),
        ("client_id", "client"),
    ];
    let trial = Trial::new("entra-id", None, &settings).secret("entra-id", "secret");
    automate(
        &trial,
        "users-changed",
        "id",
        "{{ displayName }}",
        "accountEnabled",
    );
    let first = run(&trial);
    assert!(first.contains(&format!("{PEOPLE} records fetched")), "{first}");
    let nothing = run(&trial);
    assert!(nothing.contains("0 new or changed records fetched"), "{nothing}");

    let renamed = sim.event(EventKind::Rename, employee(3), 1).unwrap();
    sim.event(EventKind::Remove, employee(8), 1).unwrap();
    let second = run(&trial);
    assert!(second.contains(&renamed.name), "{second}");
    assert!(second.contains("1 account disabled"), "{second}");
    assert!(second.contains("was removed"), "{second}");

    // A link that is not known any more leads back to everybody, in the same run.
    sim.forget_deltas();
    let whole = run(&trial);
    assert!(
        whole.contains(&format!("{} records fetched", PEOPLE - 1)),
        "{whole}"
    );
    assert!(whole.contains("nothing to do"), "{whole}");
}
