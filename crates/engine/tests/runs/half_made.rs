//! Accounts that were made without their password, because the server was not to be reached for it: the next run
//! finishes them, and nobody's account stays as it is.

use std::fmt::Write as _;

use jiff::Timestamp;
use rstest::rstest;
use tempfile::TempDir;
use tenure_core::outcome::Outcome;
use tenure_core::plan::{Change, Reason};
use tenure_core::profile::PersonKey;
use tenure_core::seams::Secrets as _;
use tenure_core::secret::Secret;
use tenure_engine::{Engine, Release};
use tenure_lab::{AtTheGate, LdapGate, Slapd, SlapdOptions};
use tenure_store::{JournalEvent, Run, RunState};

use crate::company::{On, applying, documents, fresh, open, unwatched};

const AUTOMATION: &str = "staff-from-file";
const GROUP: &str = "cn=Staff,dc=lab,dc=test";
/// With more people than these, the writes of a wave are shared out over two connections.
const SHARE: usize = 16;

const DOCUMENTS: &str = r#"
kind: data_source
name: people
file: { path: people.jsonl, primary_key: id }
attributes:
  employeeNumber: id
  cn: name
  sn: name
  title: title
---
kind: directory
name: office
type: ldap
url: URL
base: "ou=People,dc=lab,dc=test"
encryption: none
bind: { user: "cn=admin,dc=lab,dc=test", password: "{{ secret('office') }}" }
---
kind: automation
name: staff-from-file
source: people
directory: office
correlate: [employeeNumber]
rules:
  joiner:
    - create_account: { template: staff }
    - add_to_groups: "cn=Staff,dc=lab,dc=test"
  mover:
    - modify_attributes: all
---
kind: template
name: staff
container: "ou=People,dc=lab,dc=test"
rdn_attribute: uid
unique: { uid: "n{{ employeeNumber }}" }
password: { length: 16 }
"#;

struct Office {
    engine: Engine,
    slapd: Slapd,
    gate: LdapGate,
    folder: TempDir,
}

impl Office {
    /// An office of so many people: `uid=n0`, `uid=n1` and so on. Whose password comes to the gate is said by `whose`.
    async fn open(on: On, people: usize, whose: &str) -> Self {
        let slapd = Slapd::start(&SlapdOptions::default()).unwrap();
        slapd
            .ldapadd(&format!(
                "dn: ou=People,dc=lab,dc=test\nobjectClass: organizationalUnit\n\n\
                 dn: {GROUP}\nobjectClass: groupOfNames\nmember: dc=lab,dc=test\n\n"
            ))
            .unwrap();
        let gate = LdapGate::before(slapd.port(), whose, AtTheGate::IsCut).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-01-05T08:00:00Z".parse().unwrap();
        let engine = open(&fresh(on, folder.path()), folder.path(), now).await;
        let password = Secret::new(slapd.root_password().to_owned());
        let sealed = engine.vault().seal("office", &password).unwrap();
        engine.vault().save(&[sealed], now).await.unwrap();
        let office = Self {
            engine,
            slapd,
            gate,
            folder,
        };
        office.hire(people, "Clerk");
        office
    }

    fn hire(&self, people: usize, title: &str) {
        let mut lines = String::new();
        for at in 0..people {
            let line =
                serde_json::json!({ "id": format!("{at}"), "name": format!("Person {at}"), "title": title });
            writeln!(lines, "{line}").unwrap();
        }
        std::fs::write(self.folder.path().join("people.jsonl"), lines).unwrap();
    }

    async fn plan(&self) -> Run {
        let documents = documents(&DOCUMENTS.replace("URL", &self.gate.url()));
        self.engine
            .plan(&documents, AUTOMATION, &unwatched())
            .await
            .unwrap()
    }

    async fn apply(&self, run: &Run) -> Run {
        let documents = documents(&DOCUMENTS.replace("URL", &self.gate.url()));
        let options = applying(Release::Release);
        self.engine.apply(&documents, run.id, &options).await.unwrap()
    }

    async fn changes(&self, run: &Run) -> Vec<Change> {
        let changes = self.engine.store().changes(run.id, None, u32::MAX).await.unwrap();
        changes.into_iter().map(|(_, change)| change).collect()
    }

    async fn findings(&self, run: &Run) -> Vec<String> {
        let findings = self
            .engine
            .store()
            .findings(run.id, None, u32::MAX)
            .await
            .unwrap();
        findings.into_iter().map(|finding| finding.text).collect()
    }

    /// Whether somebody can sign in with the password that the vault has.
    async fn can_sign_in(&self, person: usize) -> bool {
        let name = format!("password/office/{person}");
        let password = self.engine.vault().get(&name).await.unwrap();
        self.slapd.bind_works(&dn(person), password.expose()).unwrap()
    }

    fn accounts(&self) -> usize {
        let found = self.slapd.ldapsearch(&[
            "-b",
            "ou=People,dc=lab,dc=test",
            "(objectClass=inetOrgPerson)",
            "uid",
        ]);
        found.unwrap().matches("dn: ").count()
    }

    fn is_staff(&self, person: usize) -> bool {
        let found = self.slapd.ldapsearch(&["-b", GROUP, "-s", "base", "member"]);
        found.unwrap().contains(&format!("member: {}\n", dn(person)))
    }

    async fn is_settled(&self) {
        let run = self.plan().await;
        assert_eq!((run.state, run.summary.findings), (RunState::Done, 0));
    }
}

fn dn(person: usize) -> String {
    format!("uid=n{person},ou=People,dc=lab,dc=test")
}

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn what_failed_half_made_is_finished_by_the_next_run(#[case] on: On) {
    let last = SHARE;
    let office = Office::open(on, SHARE + 1, &format!("uid=n{last},")).await;
    let first = office.apply(&office.plan().await).await;
    assert_eq!(first.state, RunState::DoneWithFailures);
    assert_eq!(office.gate.met(), 3);
    let journal = office.engine.store().journal(first.id).await.unwrap();
    let failed = journal.iter().filter(|entry| {
        matches!(
            &entry.event,
            JournalEvent::Outcome {
                outcome: Outcome::Failed(_),
                ..
            }
        )
    });
    assert_eq!(failed.count(), 1);
    // The account is there, and of no use to anybody.
    assert_eq!(office.accounts(), SHARE + 1);
    assert!(!office.can_sign_in(last).await && !office.is_staff(last));
    assert!(office.can_sign_in(0).await && office.is_staff(0));

    office.gate.then(AtTheGate::Passes);
    let second = office.plan().await;
    let changes = office.changes(&second).await;
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(changes[0].reason, Reason::HalfMade);
    assert_eq!(office.apply(&second).await.state, RunState::Done);
    assert!(office.can_sign_in(last).await && office.is_staff(last));
    assert_eq!(office.accounts(), SHARE + 1);
    let links = office.engine.store().links("people", "office").await.unwrap();
    assert!(links.iter().any(|link| link.key == PersonKey::new("16").unwrap()));
    office.is_settled().await;
}

#[tokio::test]
async fn it_is_tried_by_every_run_until_it_is_finished() {
    let last = SHARE;
    let office = Office::open(On::Sqlite, SHARE + 1, &format!("uid=n{last},")).await;
    office.apply(&office.plan().await).await;
    let second = office.apply(&office.plan().await).await;
    assert_eq!(second.state, RunState::DoneWithFailures);
    assert!(!office.can_sign_in(last).await);
    // What the source says by now comes once the account is what it was to be.
    office.hire(SHARE + 1, "Head clerk");
    office.gate.then(AtTheGate::Passes);
    let third = office.plan().await;
    let reasons: Vec<Reason> = office
        .changes(&third)
        .await
        .into_iter()
        .map(|change| change.reason)
        .collect();
    assert_eq!(reasons.len(), SHARE + 1);
    assert_eq!(reasons[last], Reason::HalfMade);
    assert_eq!(office.apply(&third).await.state, RunState::Done);
    assert!(office.can_sign_in(last).await);
    let fourth = office.plan().await;
    assert_eq!(office.changes(&fourth).await[0].reason, Reason::Differs);
    assert_eq!(office.apply(&fourth).await.state, RunState::Done);
    office.is_settled().await;
}

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn what_a_run_left_that_was_given_up_is_finished_by_the_next_one(#[case] on: On) {
    let office = Office::open(on, 2, "uid=n").await;
    let first = office.apply(&office.plan().await).await;
    assert_eq!(first.state, RunState::Interrupted);
    office.engine.discard(first.id).await.unwrap();
    assert!(office.accounts() > 0);
    office.gate.then(AtTheGate::Passes);
    let second = office.plan().await;
    let reasons: Vec<Reason> = office
        .changes(&second)
        .await
        .into_iter()
        .map(|change| change.reason)
        .collect();
    assert_eq!(reasons, [Reason::HalfMade, Reason::HalfMade]);
    assert_eq!(office.apply(&second).await.state, RunState::Done);
    for person in 0..2 {
        assert!(office.can_sign_in(person).await && office.is_staff(person));
    }
    assert_eq!(office.accounts(), 2);
    office.is_settled().await;
}

#[tokio::test]
async fn a_password_that_is_no_longer_kept_is_made_anew() {
    let office = Office::open(On::Sqlite, SHARE + 1, "uid=n16,").await;
    office.apply(&office.plan().await).await;
    let store = office.engine.store();
    assert!(store.delete_secret("password/office/16").await.unwrap());
    office.gate.then(AtTheGate::Passes);
    assert_eq!(office.apply(&office.plan().await).await.state, RunState::Done);
    assert!(office.can_sign_in(16).await);
}

#[tokio::test]
async fn an_account_that_is_another_by_now_is_named_and_not_given_a_password() {
    let office = Office::open(On::Sqlite, SHARE + 1, "uid=n16,").await;
    office.apply(&office.plan().await).await;
    office.gate.then(AtTheGate::Passes);
    office
        .slapd
        .ldapmodify(&format!(
            "dn: {}\nchangetype: modify\nreplace: title\ntitle: Countess\n",
            dn(16)
        ))
        .unwrap();
    let second = office.plan().await;
    let findings = office.findings(&second).await;
    assert_eq!(
        findings,
        [
            "an earlier run began to create uid=n16,ou=People,dc=lab,dc=test and did not learn how that ended, so that it \
          may have no password; its `title` is no longer what it was created with. Look at it, and reset its password \
          or delete it"
        ]
    );
    assert_eq!(office.apply(&second).await.state, RunState::Done);
    assert!(!office.can_sign_in(16).await);
}
