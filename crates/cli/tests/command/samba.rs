//! A real Active Directory domain controller: people become users who can sign in, and a password that the domain
//! refuses stops nobody else.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::Value;
use tenure_connect::ldap::{LdapSettings, ServerUrl, Trust};
use tenure_lab::{Complexity, SambaDc};
use tenure_sim::population::{EventKind, Whom};
use tenure_sim::{Population, PopulationOptions};

use crate::documents::{self, AUTOMATION, DIRECTORY};
use crate::home::Home;
use crate::people::{API_KEY, People};
use crate::sign_in::refused;

const RUN: [&str; 4] = ["run", AUTOMATION, "--yes", "--json"];
/// The bit of `userAccountControl` that keeps an account from signing in.
const DISABLED: u64 = 2;
const STAFF: &str = "OU=Staff,OU=Tenure,DC=lab,DC=test";
const LEAVERS: &str = "OU=Leavers,OU=Tenure,DC=lab,DC=test";

struct Company {
    people: People,
    dc: SambaDc,
    home: Home,
}

impl Company {
    fn of(people: People) -> Self {
        let dc = SambaDc::start().unwrap();
        dc.ldapadd(&documents::active_directory_entries()).unwrap();
        let home = Home::new(&[("corp.yaml", documents::active_directory(&dc, &people.url()))]);
        home.secret("jumpcloud", API_KEY);
        home.secret("corp-ad", dc.admin_password());
        Self { people, dc, home }
    }

    /// Runs the automation to its end and gives the run with its plan and outcomes.
    fn run(&self, code: i32) -> Value {
        let ended = self.home.run(&RUN);
        let shown = ended.json();
        let outcomes = shown["outcomes"].as_array().unwrap();
        let bad: Vec<_> = outcomes
            .iter()
            .filter(|outcome| outcome["outcome"] != "verified")
            .collect();
        assert_eq!(ended.code, Some(code), "{} {bad:?}", ended.err);
        shown
    }

    /// People's accounts, by employee number.
    fn users(&self) -> BTreeMap<String, User> {
        let mut users = BTreeMap::new();
        for container in [STAFF, LEAVERS] {
            let mut arguments = vec!["-b", container, "(&(objectCategory=person)(employeeID=*))"];
            arguments.extend([
                "employeeID",
                "sAMAccountName",
                "userPrincipalName",
                "userAccountControl",
            ]);
            arguments.extend(["title", "department", "memberOf"]);
            let found = self.dc.ldapsearch(&arguments).unwrap();
            for entry in found.split("\n\n").filter(|entry| entry.contains("employeeID: ")) {
                let user = User::of(entry, container);
                let key = user.values["employeeID"].clone();
                assert!(users.insert(key, user).is_none(), "two accounts: {entry}");
            }
        }
        users
    }

    fn cannot_sign_in(&self) -> Vec<String> {
        let passwords = self.home.passwords(DIRECTORY);
        let users = self.users();
        let people: Vec<(String, String)> = users
            .iter()
            .filter(|(_, user)| user.is_enabled())
            .map(|(key, user)| (user.values["userPrincipalName"].clone(), passwords[key].clone()))
            .collect();
        assert!(!people.is_empty());
        let settings = LdapSettings {
            trust: Trust::File(self.dc.ca_pem_path().to_owned()),
            ..LdapSettings::new(ServerUrl::parse(&self.dc.ldaps_url()).unwrap())
        };
        refused(&settings, &people)
    }
}

struct User {
    container: &'static str,
    values: BTreeMap<String, String>,
}

impl User {
    /// Reads an entry of LDIF, whose values are single here. What is not plain text stays as it is.
    fn of(entry: &str, container: &'static str) -> Self {
        let lines = entry.lines().filter_map(|line| line.split_once(": "));
        Self {
            container,
            values: lines
                .map(|(name, value)| (name.trim_end_matches(':').to_owned(), value.to_owned()))
                .collect(),
        }
    }

    fn is_enabled(&self) -> bool {
        self.values["userAccountControl"].parse::<u64>().unwrap() & DISABLED == 0
    }
}

fn no_changes(shown: &Value) {
    assert_eq!(shown["changes"], serde_json::json!([]));
}

/// The outcomes of a run, by the person.
fn outcomes<'a>(shown: &'a Value, person: &str) -> Vec<&'a Value> {
    let change = shown["changes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|change| change["person"] == person)
        .unwrap_or_else(|| panic!("nothing is planned for {person}"));
    let outcomes = shown["outcomes"].as_array().unwrap();
    outcomes
        .iter()
        .filter(|outcome| outcome["change"] == change["number"])
        .collect()
}

#[test]
fn samba_gets_three_hundred_people_who_can_sign_in_and_follows_a_day_of_changes() {
    let company = Company::of(People::start(300, 5));
    let start = Instant::now();
    let first = company.run(0);
    println!("the first run took {:?}", start.elapsed());
    assert_eq!(first["run"]["state"], "done");
    let due = company.people.active();
    let users = company.users();
    assert_eq!(
        users.keys().cloned().collect::<std::collections::BTreeSet<_>>(),
        due
    );
    assert_eq!(first["run"]["applied"]["creates"], due.len());
    for (key, user) in &users {
        assert!(user.is_enabled() && user.container == STAFF, "{key}");
        assert!(user.values["memberOf"].starts_with("CN=All Staff,"), "{key}");
    }
    let start = Instant::now();
    assert_eq!(company.cannot_sign_in(), [] as [String; 0]);
    println!("{} sign-ins took {:?}", users.len(), start.elapsed());
    // The command gives the same password as the vault.
    let (key, password) = company.home.passwords(DIRECTORY).pop_first().unwrap();
    let printed = company.home.run(&["password", &key]).with(0).out;
    assert_eq!(printed.trim_end(), format!("{DIRECTORY}: {password}"));
    // What the first run wrote comes back as changes, and nothing has to be done for it.
    let again = company.run(0);
    no_changes(&again);
    let changed = &again["run"]["summary"]["directory_read"]["changes"];
    assert_eq!(changed, &serde_json::json!({ "changed": users.len(), "gone": 0 }));
    let whole = company
        .home
        .run(&["plan", AUTOMATION, "--full", "--json"])
        .with(0)
        .json();
    let why = &whole["run"]["summary"]["directory_read"]["whole_because"]["why"];
    assert_eq!(why, "asked for");
    let text = company.home.run(&["plan", AUTOMATION]).with(0).out;
    assert!(
        text.contains("nothing changed in the directory since it was read\n"),
        "{text}"
    );

    let events = company.people.day(3);
    let second = company.run(0);
    assert_eq!(second["run"]["state"], "done");
    let users = company.users();
    for event in &events {
        let Some(key) = &event.employee_identifier else {
            continue;
        };
        let now = |name: &str| {
            let change = event.changes.iter().find(|change| change.attribute == name);
            change.and_then(|change| change.after.clone())
        };
        match event.kind {
            EventKind::Hire => assert!(users[key].is_enabled()),
            EventKind::Move => {
                if let Some(title) = now("jobTitle").filter(|title| title.is_ascii()) {
                    assert_eq!(users[key].values["title"], title);
                }
                if let Some(department) = now("department").filter(|name| name.is_ascii()) {
                    assert_eq!(users[key].values["department"], department);
                }
            }
            EventKind::Terminate | EventKind::Remove => {
                if let Some(user) = users.get(key) {
                    assert!(!user.is_enabled() && user.container == LEAVERS, "{key}");
                }
            }
            EventKind::Rename => {}
        }
    }
    assert_eq!(company.cannot_sign_in(), [] as [String; 0]);
    no_changes(&company.run(0));
}

#[test]
fn samba_shows_a_leaver_disabled_and_the_same_account_enabled_after_a_rehire() {
    let company = Company::of(People::with_all_values(20, 2));
    company.run(0);
    let key = company.people.active().pop_first().unwrap();
    let before = company.home.links(documents::SOURCE, DIRECTORY);
    let whom = Whom::Employee(key.clone());
    company
        .people
        .event(EventKind::Terminate, whom.clone(), 1)
        .unwrap();
    let left = company.run(0);
    assert_eq!(left["run"]["applied"]["disables"], 1);
    let user = &company.users()[&key];
    assert!(!user.is_enabled() && user.container == LEAVERS);

    company.people.rehire(&key);
    let back = company.run(0);
    assert_eq!(back["run"]["applied"]["enables"], 1);
    let user = &company.users()[&key];
    assert!(user.is_enabled() && user.container == STAFF);
    let account = |links: &[tenure_core::link::Link]| {
        let link = links.iter().find(|link| link.key.as_str() == key).unwrap();
        link.account.clone()
    };
    let after = company.home.links(documents::SOURCE, DIRECTORY);
    assert_eq!(account(&before), account(&after));
    assert_eq!(company.cannot_sign_in(), [] as [String; 0]);
    no_changes(&company.run(0));
}

#[test]
fn samba_keeps_people_of_one_name_and_names_made_by_hand_apart() {
    let people = Population::with_options(PopulationOptions {
        people: 5,
        missing_per_mille: 0,
        same_name: Some(("Ada".to_owned(), "Byrne".to_owned())),
        ..PopulationOptions::default()
    });
    let company = Company::of(People::of(people));
    // The two names that the template prefers are taken: by a group elsewhere, and by somebody made by hand.
    company
        .dc
        .ldapadd(
            "dn: CN=abyrne,CN=Users,DC=lab,DC=test\nobjectClass: group\nsAMAccountName: abyrne\n\n\
             dn: CN=Ada Byrne,OU=Staff,OU=Tenure,DC=lab,DC=test\nobjectClass: user\nsAMAccountName: ada.byrne\n\
             userPrincipalName: by.hand@lab.test\n\n",
        )
        .unwrap();
    let run = company.run(0);
    assert_eq!(run["run"]["state"], "done");
    let users = company.users();
    assert_eq!(
        users.keys().cloned().collect::<Vec<_>>(),
        company.people.active().into_iter().collect::<Vec<_>>()
    );
    let logins: std::collections::BTreeSet<&str> = users
        .values()
        .map(|user| user.values["sAMAccountName"].as_str())
        .collect();
    assert_eq!(logins.len(), users.len());
    assert!(
        !logins.contains("abyrne") && !logins.contains("ada.byrne"),
        "{logins:?}"
    );
    assert_eq!(company.cannot_sign_in(), [] as [String; 0]);
    let by_hand = company
        .dc
        .ldapsearch(&[
            "-b",
            company.dc.base_dn(),
            "(sAMAccountName=ada.byrne)",
            "employeeID",
            "memberOf",
        ])
        .unwrap();
    assert!(by_hand.contains("dn: CN=Ada Byrne,OU=Staff"));
    assert!(
        !by_hand.contains("employeeID") && !by_hand.contains("memberOf"),
        "{by_hand}"
    );
    no_changes(&company.run(0));
}

#[test]
fn samba_gets_no_login_that_is_part_of_somebody_elses_principal_name() {
    let people = Population::with_options(PopulationOptions {
        people: 3,
        missing_per_mille: 0,
        same_name: Some(("Ada".to_owned(), "Byrne".to_owned())),
        ..PopulationOptions::default()
    });
    let company = Company::of(People::of(people));
    company
        .dc
        .ldapadd(
            "dn: CN=By Hand,CN=Users,DC=lab,DC=test\nobjectClass: user\nsAMAccountName: byhand\n\
             userPrincipalName: abyrne@lab.test\n\n",
        )
        .unwrap();
    let run = company.run(0);
    assert_eq!(run["run"]["state"], "done");
    let users = company.users();
    assert_eq!(users.len(), company.people.active().len());
    assert!(
        users
            .values()
            .all(|user| user.values["sAMAccountName"] != "abyrne")
    );
    assert_eq!(company.cannot_sign_in(), [] as [String; 0]);
}

#[test]
fn samba_refuses_a_password_and_only_that_person_waits_for_the_policy() {
    let company = Company::of(People::with_all_values(20, 4));
    company.run(0);
    company.dc.set_password_policy(24, Complexity::Required).unwrap();
    let hired = company.people.event(EventKind::Hire, Whom::Anyone, 1).unwrap();
    let new = hired.employee_identifier.unwrap();
    let moved: Vec<String> = company
        .people
        .active()
        .into_iter()
        .filter(|key| *key != new)
        .take(5)
        .collect();
    for key in &moved {
        company
            .people
            .event(EventKind::Move, Whom::Employee(key.clone()), 1)
            .unwrap();
    }
    let run = company.run(1);
    assert_eq!(run["run"]["state"], "done_with_failures");
    let of_the_new = outcomes(&run, &new);
    assert_eq!(of_the_new[0]["outcome"], "refused");
    assert!(
        of_the_new[0]["message"].as_str().unwrap().contains("password"),
        "{of_the_new:?}"
    );
    assert!(
        !of_the_new[0]["hint"].as_str().unwrap().is_empty(),
        "{of_the_new:?}"
    );
    assert!(
        of_the_new[1..]
            .iter()
            .all(|outcome| outcome["outcome"] == "waiting")
    );
    for key in &moved {
        for outcome in outcomes(&run, key) {
            assert_eq!(outcome["outcome"], "verified", "{key}");
        }
    }
    assert!(!company.users().contains_key(&new), "nothing half made is left");
    let run = run["run"]["id"].to_string();
    let told = company.home.run(&["show", &run]).with(0).out;
    assert!(
        told.contains(&format!("({new}): create ")) && told.contains("refused: the password"),
        "{told}"
    );

    company.dc.set_password_policy(7, Complexity::Required).unwrap();
    let next = company.run(0);
    assert_eq!(next["run"]["applied"]["creates"], 1);
    assert!(company.users()[&new].is_enabled());
    assert_eq!(company.cannot_sign_in(), [] as [String; 0]);
    no_changes(&company.run(0));
}
