//! Exit codes and texts that people and scripts rely on.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use serde_json::{Value, json};
use tenure_lab::{Slapd, SlapdOptions, wait_until};
use tenure_sim::population::{EventKind, Whom};

use crate::documents::{self, AUTOMATION, DIRECTORY, LOCAL_BASE, SOURCE};
use crate::home::{Home, LIMIT, ended, interrupt};
use crate::people::{API_KEY, People, call};

/// People in a simulator, and a home whose automation gives them accounts in the built-in directory.
fn company(people: usize) -> (People, Home) {
    let people = People::with_all_values(people, 1);
    let home = Home::new(&[
        ("jumpcloud.yaml", documents::jumpcloud(&people.url())),
        ("corp.yaml", documents::local()),
    ]);
    home.secret("jumpcloud", API_KEY);
    (people, home)
}

fn accounts(home: &Home) -> usize {
    home.local_accounts(DIRECTORY, LOCAL_BASE, "employeeID").len()
}

#[test]
fn the_demo_needs_no_terminal_and_ends_well() {
    let home = Home::new(&[]);
    let demo = home.run(&["demo", "--people", "60"]).with(0);
    assert_eq!(demo.err, "");
    for part in [
        "60 people in a simulated JumpCloud, no account yet",
        "A day goes by",
        "Nothing happened since",
        "Plan: nothing to do",
    ] {
        assert!(demo.out.contains(part), "no `{part}` in:\n{}", demo.out);
    }
    // What it advises at the end works, and it replaces its own folder only.
    home.run(&["--home", "tenure-demo", "check"]).with(0);
    home.run(&["demo", "--people", "60"]).with(0);
    std::fs::create_dir(home.path().join("mine")).unwrap();
    home.write("mine/notes.txt", "not the demo's");
    let refused = home.run(&["demo", "--folder", "mine"]).with(1);
    assert!(
        refused.err.contains("was not made by an earlier demo"),
        "{}",
        refused.err
    );
    assert!(home.path().join("mine/notes.txt").exists());
}

#[test]
fn check_says_all_that_is_wrong_and_where() {
    let broken = "kind: lookup\nname: one\nvalue: {}\n---\nkind: directory\nname: corp\ntype: local\nbase: DC=x\n\
                  colour: red\n---\nkind: nonsense\nname: two\n";
    let home = Home::new(&[("broken.yaml", broken.to_owned())]);
    let told = home.run(&["check"]).with(1);
    for part in [
        "value",
        "colour",
        "nonsense",
        "broken.yaml:3:",
        "broken.yaml:9:",
        "broken.yaml:11:",
    ] {
        assert!(told.out.contains(part), "no `{part}` in:\n{}", told.out);
    }
    let found = home.json(1, &["check", "--json"]);
    assert_eq!(found["version"], 1);
    assert!(found["problems"].as_array().unwrap().len() >= 3, "{found}");
    // Nothing that needs the documents goes on.
    let plan = home.run(&["plan", "any"]).with(1);
    assert!(plan.err.contains("broken.yaml:9:"), "{}", plan.err);
}

#[test]
fn check_lets_warnings_pass() {
    let home = Home::new(&[("corp.yaml", documents::local())]);
    // The source that the automation names stands in the file that is missing here.
    let told = home.run(&["check"]).with(0);
    assert!(
        told.out.contains("warning: ") && told.out.contains(SOURCE),
        "{}",
        told.out
    );
    assert!(told.out.contains(" 0 errors, "), "{}", told.out);
    let examples = Home::new(&[]);
    examples.write("corp.yaml", &documents::example("active-directory/corp.yaml"));
    let told = examples.run(&["check"]).with(0);
    assert!(told.out.contains(" 0 errors, 0 warnings"), "{}", told.out);
    assert!(
        Home::new(&[])
            .run(&["check"])
            .with(0)
            .out
            .contains("There are no documents here")
    );
}

#[test]
fn schemas_are_json_and_kinds_are_listed() {
    let home = Home::new(&[]);
    let kinds = home.run(&["schema"]).with(0).out;
    for kind in [
        "application",
        "data_source",
        "directory",
        "template",
        "automation",
        "policy",
        "lookup",
        "script",
        "notification",
        "mail_server",
        "channel",
        "share",
        "fixture",
    ] {
        assert!(kinds.lines().any(|line| line == kind), "no {kind} in:\n{kinds}");
        let schema = home.json(0, &["schema", kind]);
        assert!(
            schema["$schema"].is_string() && schema["properties"]["name"].is_object(),
            "{kind}"
        );
    }
    let unknown = home.run(&["schema", "nonsense"]).with(1);
    assert!(unknown.err.contains("data_source"), "{}", unknown.err);
}

#[test]
fn functions_are_listed_with_examples() {
    let home = Home::new(&[]);
    let all = home.run(&["functions"]).with(0).out;
    assert!(all.contains("substring(") && all.contains("  →  "), "{all}");
    let some = home.run(&["functions", "sub"]).with(0).out;
    assert!(some.len() < all.len() && some.contains("substring("), "{some}");
    let none = home.run(&["functions", "nonsense"]).with(1);
    assert!(none.err.contains("`nonsense`"), "{}", none.err);
}

#[test]
fn plan_ends_with_two_while_changes_are_pending_and_then_with_nought() {
    let (people, home) = company(30);
    let due = people.active().len();
    let told = home.run(&["plan", AUTOMATION]).with(2);
    assert!(
        told.out.contains(&format!("Plan: {due} to create")),
        "{}",
        told.out
    );
    assert_eq!(accounts(&home), 0);
    home.run(&["run", AUTOMATION, "--yes"]).with(0);
    assert_eq!(accounts(&home), due);
    let told = home.run(&["plan", AUTOMATION]).with(0);
    assert!(told.out.contains("Plan: nothing to do"), "{}", told.out);
    assert!(home.run(&["runs"]).with(0).out.contains("nothing to do"));
}

#[test]
fn the_same_input_gives_the_same_json_but_for_numbers_and_times() {
    let (_people, home) = company(60);
    let plain = |mut plan: Value| {
        assert_eq!(plan["version"], 1);
        let run = plan["run"].as_object_mut().unwrap();
        for differs in ["id", "clock", "started_at", "finished_at"] {
            run.remove(differs).unwrap();
        }
        plan
    };
    // The first fetch makes the records known, which the summary tells.
    let first = home.json(2, &["plan", AUTOMATION, "--json"]);
    let plans = [(); 2].map(|()| plain(home.json(2, &["plan", AUTOMATION, "--json"])));
    assert!(!plans[0]["changes"].as_array().unwrap().is_empty());
    assert_eq!(plans[0]["changes"], first["changes"]);
    assert_eq!(plans[0]["run"]["plan_digest"], first["run"]["plan_digest"]);
    assert_eq!(plans[0].to_string(), plans[1].to_string());
}

#[test]
fn a_run_without_yes_and_without_a_terminal_writes_nothing_and_keeps_the_plan() {
    let (people, home) = company(30);
    let told = home.run(&["run", AUTOMATION]).with(2);
    assert!(told.err.contains("Nothing was written"), "{}", told.err);
    assert!(told.err.contains("tenure apply 1"), "{}", told.err);
    assert_eq!(accounts(&home), 0);
    home.run(&["apply", "1"]).with(0);
    assert_eq!(accounts(&home), people.active().len());
    let again = home.run(&["apply", "1"]).with(1);
    assert!(again.err.contains("run 1 is done"), "{}", again.err);
}

#[test]
fn a_held_run_ends_with_three_until_it_is_released() {
    let (people, home) = company(30);
    let strict = documents::with(&documents::local(), "disables: 100%", "creates: 5");
    home.write("corp.yaml", &strict);
    let held = home.run(&["run", AUTOMATION, "--yes"]).with(3);
    assert!(
        held.out.contains("held:") && held.out.contains("--release"),
        "{}",
        held.out
    );
    assert_eq!(accounts(&home), 0);
    let still = home.run(&["apply", "1"]).with(3);
    assert!(still.err.contains("run 1 is held"), "{}", still.err);
    assert_eq!(home.show(&json!({ "id": 1 }))["run"]["state"], "held");
    home.run(&["apply", "1", "--release"]).with(0);
    assert_eq!(accounts(&home), people.active().len());
}

#[test]
fn a_person_is_told_with_record_account_and_history() {
    let (people, home) = company(30);
    let key = people.active().pop_first().unwrap();
    home.run(&["plan", AUTOMATION]).with(2);
    let planned = home.run(&["person", &key]).with(0).out;
    assert!(planned.contains("planned in run 1, not carried out"), "{planned}");
    home.run(&["run", AUTOMATION, "--yes"]).with(0);
    people
        .event(EventKind::Terminate, Whom::Employee(key.clone()), 1)
        .unwrap();
    home.run(&["run", AUTOMATION, "--yes"]).with(0);

    let told = home.run(&["person", &key]).with(0).out;
    for part in [
        format!("Person {key}"),
        format!("in {SOURCE} since"),
        format!("employeeIdentifier: \"{key}\""),
        format!("account in {DIRECTORY}: CN="),
        "left since".to_owned(),
        "History".to_owned(),
        "joiner: create CN=".to_owned(),
        "leaver: disable".to_owned(),
    ] {
        assert!(told.contains(&part), "no `{part}` in:\n{told}");
    }
    let person = home.json(0, &["person", &key, "--json"]);
    assert_eq!(person["version"], 1);
    assert_eq!(person["records"][0]["columns"]["employeeIdentifier"], key);
    assert_eq!(person["accounts"][0]["state"], "left");
    assert!(person["history"].as_array().unwrap().len() >= 4, "{person}");
    let unknown = home.run(&["person", "nobody"]).with(1);
    assert!(
        unknown.err.contains("nobody is known by the key `nobody`"),
        "{}",
        unknown.err
    );
}

#[test]
fn an_unknown_automation_is_answered_with_those_there_are() {
    let (_people, home) = company(1);
    for command in ["plan", "run"] {
        let told = home.run(&[command, "nonsense"]).with(1);
        assert!(
            told.err.contains("`nonsense`") && told.err.contains(AUTOMATION),
            "{}",
            told.err
        );
    }
}

#[test]
fn secrets_are_listed_by_name_and_found_in_no_file() {
    let home = Home::new(&[]);
    home.secret("jumpcloud", "a-very-secret-value");
    let listed = home.run(&["secret", "list"]).with(0).out;
    assert!(listed.starts_with("jumpcloud  set "), "{listed}");
    assert!(!listed.contains("a-very-secret-value"));
    for file in home.path().read_dir().unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(19).any(|part| part == b"a-very-secret-value"));
    }
    let empty = home.command(&["secret", "set", "empty"]).spawn().unwrap();
    assert!(ended(empty).with(1).err.contains("nothing was kept"));
    home.run(&["secret", "delete", "jumpcloud"]).with(0);
    assert!(
        home.run(&["secret", "list"])
            .with(0)
            .out
            .contains("There are no secrets yet")
    );
    home.run(&["secret", "delete", "jumpcloud"]).with(1);
}

#[test]
fn a_missing_secret_and_a_refused_one_are_named() {
    let (_people, home) = company(1);
    home.secret("jumpcloud", "not the key");
    let refused = home.run(&["plan", AUTOMATION]).with(1);
    assert!(refused.err.contains("401"), "{}", refused.err);
    home.run(&["secret", "delete", "jumpcloud"]).with(0);
    let missing = home.run(&["plan", AUTOMATION]).with(1);
    assert!(
        missing.err.contains("tenure secret set jumpcloud"),
        "{}",
        missing.err
    );
}

#[test]
fn a_simulated_jumpcloud_serves_until_it_is_interrupted() {
    let home = Home::new(&[]);
    let arguments = ["simulate", "jumpcloud", "--people", "7", "--port", "0"];
    let mut child = home.command(&arguments).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    let url = first
        .split_whitespace()
        .find_map(|word| word.strip_suffix("/api/systemusers"))
        .unwrap_or_else(|| panic!("no address in: {first}"));
    let answer = call(url, "GET", "/api/systemusers?limit=2&sort=_id", "");
    assert!(answer.contains("\"totalCount\":7"), "{answer}");
    let day = call(url, "POST", "/_sim/day", "");
    assert!(
        day.starts_with("HTTP/1.1 200 ") && day.contains("\"kind\":\"hire\""),
        "{day}"
    );
    interrupt(&child);
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(0), "{status}");
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("Ctrl-C ends it"), "{rest}");
}

#[test]
fn an_interrupted_run_finishes_what_is_in_hand_and_apply_does_the_rest() {
    let people = People::with_all_values(2_500, 9);
    let slapd = Slapd::start(&SlapdOptions::default()).unwrap();
    slapd.ldapadd(&documents::slapd_entries(&slapd)).unwrap();
    let home = Home::new(&[
        ("jumpcloud.yaml", documents::jumpcloud_for_ldap(&people.url())),
        ("corp.yaml", documents::slapd(&slapd)),
    ]);
    home.secret("jumpcloud", API_KEY);
    home.secret("corp", slapd.root_password());
    let watch = home.watch();
    let mut command = home.command(&["run", AUTOMATION, "--yes", "--limit", "1"]);
    let child = command.spawn().unwrap();
    wait_until("the first outcomes", LIMIT, || watch.outcomes() > 0).unwrap();
    let second = home.run(&["plan", AUTOMATION]).with(1);
    assert!(second.err.contains("is being worked on by"), "{}", second.err);
    interrupt(&child);
    let stopped = ended(child).with(2);
    assert!(
        stopped.err.contains("Stopping after the operations in hand"),
        "{}",
        stopped.err
    );
    assert!(stopped.out.contains("Interrupted:"), "{}", stopped.out);
    assert!(stopped.out.contains("tenure apply 1"), "{}", stopped.out);

    let left = home.show(&json!({ "id": 1 }));
    assert_eq!(left["run"]["state"], "interrupted");
    let outcomes = left["outcomes"].as_array().unwrap().len();
    let operations = left["run"]["summary"]["plan"]["operations"].as_u64().unwrap();
    assert!(
        (1..operations).contains(&(outcomes as u64)),
        "{outcomes} of {operations}"
    );
    let found = || {
        let found = slapd.ldapsearch(&["-b", slapd.base_dn(), "(objectClass=inetOrgPerson)", "1.1"]);
        found.unwrap().matches("dn:").count()
    };
    // Nothing was on its way without an outcome: each account that is there is one of a verified operation.
    let created = left["outcomes"].as_array().unwrap().iter();
    assert_eq!(
        found(),
        created.filter(|outcome| outcome["operation"] == 0).count()
    );
    // A new plan has to wait, and the rest is carried out.
    let early = home.run(&["plan", AUTOMATION]).with(1);
    assert!(early.err.contains("run 1 was interrupted"), "{}", early.err);
    let done = home.json(0, &["apply", "1", "--json"]);
    assert_eq!(done["run"]["state"], "done");
    assert_eq!(done["outcomes"].as_array().unwrap().len() as u64, operations);
    assert_eq!(found(), people.active().len());
    home.run(&["plan", AUTOMATION]).with(0);
}

#[test]
fn a_reader_who_goes_away_is_no_trouble() {
    let (_people, home) = company(30);
    // Whatever is printed first meets a pipe that nobody reads, as behind `head`.
    let unread = |arguments: &[&str]| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let child = home.command(arguments).stdout(writer).spawn().unwrap();
        let ended = ended(child);
        assert_eq!(ended.err, "");
        ended.code
    };
    assert_eq!(unread(&["functions"]), Some(0));
    assert_eq!(unread(&["plan", AUTOMATION]), Some(2));
    assert_eq!(unread(&["show", "--json"]), Some(0));
    // What was begun is carried out to its end.
    assert_eq!(unread(&["run", AUTOMATION, "--yes"]), Some(0));
    assert!(accounts(&home) > 20);
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_is_lost_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let home = Home::new(&[]);
    let child = home.command(&["functions"]).stdout(full).spawn().unwrap();
    let ended = ended(child).with(1);
    assert!(
        ended.err.contains("printing the output: No space left"),
        "{}",
        ended.err
    );
}

#[test]
fn what_a_simulator_says_of_documents_works_as_it_is_said() {
    for vendor in ["jumpcloud", "atera", "haloitsm", "remote", "graph"] {
        let home = Home::new(&[]);
        let mut simulator = home
            .command(&["simulate", vendor, "--people", "12"])
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(simulator.stdout.take().unwrap()).lines();
        let said = lines.find_map(|line| {
            let line = line.unwrap();
            let command = line.trim().strip_prefix("tenure ")?;
            Some(command.split("   ").next().unwrap().to_owned())
        });
        let said = said.unwrap();
        let mut arguments: Vec<&str> = said.split(' ').collect();
        arguments.extend(["--write", "used.yaml"]);
        let used = home.run(&arguments).with(0);
        let secret = used.out.lines().chain(used.err.lines()).find_map(|line| {
            let name = line.trim().strip_prefix("tenure secret set ")?;
            name.split(' ').next().map(str::to_owned)
        });
        home.secret(&secret.unwrap(), "simulated");
        let entry = arguments[2];
        let fetched = home.json(0, &["fetch", &format!("{entry}-people"), "--json"]);
        assert_eq!(fetched["people"], 12, "{vendor}");
        interrupt(&simulator);
        assert!(simulator.wait().unwrap().success());
    }
}
