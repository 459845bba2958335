//! `kill -9` in the middle of `tenure run`, at moments spread over all of it, and what the next run makes of that:
//! nobody has two accounts or none, and every operation that was planned has one outcome.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tenure_connect::ldap::{LdapSettings, ServerUrl, StartTls};
use tenure_lab::{AtTheGate, LdapGate, Postgres, Slapd, SlapdOptions, wait_until};

use crate::documents::{self, AUTOMATION, DIRECTORY, LOCAL_BASE, SOURCE};
use crate::home::{Home, LIMIT, ended};
use crate::people::{API_KEY, People};
use crate::sign_in::refused;

/// How many people there are, and how many scenes with two kills each.
const PEOPLE: usize = 500;
const SCENES: u64 = 10;
const RUN: [&str; 3] = ["run", AUTOMATION, "--yes"];

/// People, a home and the directory that their accounts are in.
struct Scene {
    people: People,
    home: Home,
    slapd: Option<Slapd>,
    /// Everybody who has ever been due an account.
    due: BTreeSet<String>,
}

impl Scene {
    fn local(database: Option<String>) -> Self {
        let people = People::with_all_values(PEOPLE, 7);
        let texts = [
            ("jumpcloud.yaml", documents::jumpcloud(&people.url())),
            ("corp.yaml", documents::local()),
        ];
        let home = Home::with_database(database, &texts);
        Self::new(people, home, None)
    }

    fn slapd() -> Self {
        let people = People::with_all_values(PEOPLE, 7);
        let slapd = Slapd::start(&SlapdOptions::default()).unwrap();
        slapd.ldapadd(&documents::slapd_entries(&slapd)).unwrap();
        let texts = [
            ("jumpcloud.yaml", documents::jumpcloud_for_ldap(&people.url())),
            ("corp.yaml", documents::slapd(&slapd)),
        ];
        let home = Home::new(&texts);
        home.secret("corp", slapd.root_password());
        Self::new(people, home, Some(slapd))
    }

    fn new(people: People, home: Home, slapd: Option<Slapd>) -> Self {
        home.secret("jumpcloud", API_KEY);
        let due = people.active();
        Self {
            people,
            home,
            slapd,
            due,
        }
    }

    fn a_day_goes_by(&mut self, seed: u64) {
        self.people.busy_day(seed);
        self.due.extend(self.people.active());
    }

    /// Runs the automation to its end.
    fn run(&self) -> Duration {
        let start = Instant::now();
        let shown = self.home.json(0, &[RUN[0], RUN[1], RUN[2], "--json"]);
        assert_eq!(shown["run"]["state"], "done");
        start.elapsed()
    }

    /// Kills a run when its moment has come, and says what that left.
    fn kill(&self, when: &When) -> Left {
        let before = self.home.runs().len();
        let watch = self.home.watch();
        let mut command = self.home.command(&RUN);
        let start = Instant::now();
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut ended_after = None;
        wait_until("the moment of the kill", LIMIT, || {
            if child.try_wait().unwrap().is_some() {
                ended_after = Some(start.elapsed());
            }
            ended_after.is_some()
                || match when {
                    When::After(moment) => start.elapsed() >= *moment,
                    When::HalfDone => watch.outcomes() > 0,
                }
        })
        .unwrap();
        // SIGKILL.
        child.kill().unwrap();
        child.wait().unwrap();
        let runs = self.home.runs();
        let run = runs.get(before);
        Left {
            ended_after,
            state: run
                .map_or("none yet", |run| run["state"].as_str().unwrap())
                .to_owned(),
            outcomes: run.map_or(0, |run| outcomes(&self.home.show(run)).len()),
        }
    }

    /// What must hold of every run, however it was ended and resumed.
    fn every_operation_has_one_outcome(&self) {
        for run in &self.home.runs() {
            let shown = self.home.show(run);
            let outcomes = outcomes(&shown);
            let once: BTreeSet<_> = outcomes.iter().copied().collect();
            assert_eq!(once.len(), outcomes.len(), "an operation has two outcomes: {run}");
            match run["state"].as_str().unwrap() {
                "done" => assert_eq!(once, planned(&shown), "{run}"),
                "discarded" => assert!(outcomes.is_empty(), "{run}"),
                other => panic!("a run was left {other}: {run}"),
            }
        }
    }

    /// What must hold of people's accounts after the next run.
    fn everybody_has_one_account(&self) {
        let accounts = self.accounts();
        let mut by_key: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (key, id) in &accounts {
            by_key.entry(key).or_default().push(id);
        }
        let twice: Vec<_> = by_key.iter().filter(|(_, ids)| ids.len() > 1).collect();
        assert!(twice.is_empty(), "people with two accounts: {twice:?}");
        let people: BTreeSet<String> = by_key.keys().map(|key| (*key).to_owned()).collect();
        assert_eq!(people, self.due);

        let links = self.home.links(SOURCE, DIRECTORY);
        let links: BTreeSet<(String, String)> = links
            .iter()
            .map(|link| (link.key.as_str().to_owned(), link.account.as_str().to_owned()))
            .collect();
        assert_eq!(links, accounts.into_iter().collect());

        let plan = self.home.json(0, &["plan", AUTOMATION, "--json"]);
        assert_eq!(plan["changes"], serde_json::json!([]));
    }

    /// Each account: the person's key and the account's id.
    fn accounts(&self) -> Vec<(String, String)> {
        match &self.slapd {
            None => self.home.local_accounts(DIRECTORY, LOCAL_BASE, "employeeID"),
            Some(slapd) => entries(slapd)
                .into_iter()
                .map(|entry| (entry.key, entry.id))
                .collect(),
        }
    }

    /// An account that was half made at the kill has its password all the same, the one that the vault keeps.
    fn everybody_can_sign_in(&self) {
        let Some(slapd) = &self.slapd else { return };
        let passwords = self.home.passwords(DIRECTORY);
        assert_eq!(passwords.keys().cloned().collect::<BTreeSet<_>>(), self.due);
        let mut settings = LdapSettings::new(ServerUrl::parse(&slapd.ldap_url()).unwrap());
        settings.start_tls = StartTls::No;
        let people: Vec<(String, String)> = entries(slapd)
            .into_iter()
            .map(|entry| (entry.dn, passwords[&entry.key].clone()))
            .collect();
        assert_eq!(refused(&settings, &people), [] as [String; 0]);
    }
}

/// When a run is killed.
enum When {
    /// So long after its start.
    After(Duration),
    /// When some of its operations have ended.
    HalfDone,
}

/// What a kill left.
#[derive(Debug)]
struct Left {
    /// When the run had ended before the kill came: after how long.
    ended_after: Option<Duration>,
    /// The state of the run.
    state: String,
    /// How many of its operations had ended.
    outcomes: usize,
}

struct Entry {
    dn: String,
    key: String,
    id: String,
}

fn entries(slapd: &Slapd) -> Vec<Entry> {
    let people = slapd
        .ldapsearch(&[
            "-b",
            slapd.base_dn(),
            "(objectClass=inetOrgPerson)",
            "employeeNumber",
            "entryUUID",
        ])
        .unwrap();
    let value = |entry: &str, name: &str| {
        let line = entry.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {entry}")).to_owned()
    };
    people
        .split("\n\n")
        .filter(|entry| !entry.trim().is_empty())
        .map(|entry| Entry {
            dn: value(entry, "dn: "),
            key: value(entry, "employeeNumber: "),
            id: value(entry, "entryUUID: "),
        })
        .collect()
}

/// The operations of a run's plan: the number of the change, and the place in it.
fn planned(shown: &Value) -> BTreeSet<(u64, u64)> {
    let mut planned = BTreeSet::new();
    for change in shown["changes"].as_array().unwrap() {
        let number = change["number"].as_u64().unwrap();
        let operations = change["operations"].as_array().unwrap().len() as u64;
        planned.extend((0..operations).map(|operation| (number, operation)));
    }
    planned
}

/// The operations that ended, all of them well.
fn outcomes(shown: &Value) -> Vec<(u64, u64)> {
    let outcomes = shown["outcomes"].as_array().unwrap();
    let id = |outcome: &Value| {
        assert_eq!(outcome["outcome"], "verified", "{outcome}");
        (
            outcome["change"].as_u64().unwrap(),
            outcome["operation"].as_u64().unwrap(),
        )
    };
    outcomes.iter().map(id).collect()
}

/// Numbers that look random and are the same every time (SplitMix64): a part of one.
fn part_of_one(seed: u64) -> f64 {
    let mut number = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((number ^ (number >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Kills twice in each scene: while everybody gets an account, and in the middle of a busy day's changes.
fn crash(seed: u64, scene: impl Fn() -> Scene) {
    let mut first = scene();
    let mut whole = [first.run(), Duration::ZERO];
    first.a_day_goes_by(seed);
    whole[1] = first.run();
    first.every_operation_has_one_outcome();
    first.everybody_has_one_account();
    drop(first);

    let mut left = Vec::new();
    for nth in 0..SCENES {
        let mut scene = scene();
        for (turn, whole) in (0..).zip(&mut whole) {
            if turn > 0 {
                scene.a_day_goes_by(seed + nth);
            }
            let part = (nth as f64 + part_of_one(seed + nth * 2 + turn)) / SCENES as f64;
            let when = if nth + 2 >= SCENES {
                When::HalfDone
            } else {
                When::After(whole.mul_f64(part))
            };
            let kill = scene.kill(&when);
            // The machine was busier at the measuring than it is now.
            *whole = kill.ended_after.unwrap_or(*whole);
            println!("at {part:.2} of {whole:?}: {kill:?}");
            left.push(kill);
            scene.run();
            scene.every_operation_has_one_outcome();
            scene.everybody_has_one_account();
            if turn == 0 {
                scene.everybody_can_sign_in();
            }
        }
    }
    let killed = left.iter().filter(|left| left.ended_after.is_none()).count();
    assert!(killed >= 12, "only {killed} kills came before the end");
    let applying: Vec<_> = left.iter().filter(|left| left.state == "applying").collect();
    assert!(
        applying.len() >= 4,
        "only {} kills met a run applying",
        applying.len()
    );
    let half_done = applying.iter().filter(|left| left.outcomes > 0).count();
    assert!(half_done > 0, "no kill met a run with its work half done");
}

#[test]
fn killed_at_any_moment_the_next_run_finishes_the_work_on_sqlite() {
    crash(1, || Scene::local(None));
}

#[test]
fn killed_at_any_moment_the_next_run_finishes_the_work_on_postgresql() {
    let server = Postgres::start().unwrap();
    crash(2, || Scene::local(Some(server.fresh_database().unwrap())));
}

#[test]
fn killed_at_any_moment_the_next_run_finishes_the_work_on_an_ldap_server() {
    crash(3, Scene::slapd);
}

#[test]
fn killed_between_an_account_and_its_password_the_next_run_sets_it_even_when_the_first_is_given_up() {
    for given_up in [false, true] {
        let people = People::with_all_values(3, 7);
        let slapd = Slapd::start(&SlapdOptions::default()).unwrap();
        slapd.ldapadd(&documents::slapd_entries(&slapd)).unwrap();
        let gate = LdapGate::before(slapd.port(), "uid=", AtTheGate::Waits).unwrap();
        let texts = [
            ("jumpcloud.yaml", documents::jumpcloud_for_ldap(&people.url())),
            (
                "corp.yaml",
                documents::slapd(&slapd).replace(&slapd.ldap_url(), &gate.url()),
            ),
        ];
        let home = Home::new(&texts);
        home.secret("corp", slapd.root_password());
        let scene = Scene::new(people, home, Some(slapd));
        let mut child = scene.home.command(&RUN).spawn().unwrap();
        wait_until("the first password", LIMIT, || gate.met() > 0).unwrap();
        // SIGKILL.
        child.kill().unwrap();
        child.wait().unwrap();
        gate.then(AtTheGate::Passes);
        let half_made = entries(scene.slapd.as_ref().unwrap()).len();
        assert!(half_made > 0);
        let run = &scene.home.runs()[0];
        assert_eq!(run["state"], "applying");
        if given_up {
            scene.home.run(&["discard", &run["id"].to_string()]).with(0);
            let shown = scene.home.run(&["plan", AUTOMATION]).out;
            let said = "an earlier run may have left the account half made; it is finished";
            assert_eq!(shown.matches(said).count(), half_made, "{shown}");
        }
        scene.run();
        scene.everybody_has_one_account();
        scene.everybody_can_sign_in();
    }
}

#[test]
fn a_directory_that_goes_away_interrupts_the_run_and_the_next_one_finishes_it() {
    let mut scene = Scene::slapd();
    let run = scene.home.command(&RUN).spawn().unwrap();
    // Some of these have no password yet.
    let server = scene.slapd.as_ref().unwrap();
    wait_until("the first accounts", LIMIT, || !entries(server).is_empty()).unwrap();
    scene.slapd.as_mut().unwrap().kill();
    let stopped = ended(run).with(2);
    assert!(stopped.out.contains("Interrupted:"), "{}", stopped.out);
    assert_eq!(scene.home.runs()[0]["state"], "interrupted");
    scene.slapd.as_mut().unwrap().restart().unwrap();
    scene.run();
    scene.everybody_has_one_account();
    scene.everybody_can_sign_in();
}
