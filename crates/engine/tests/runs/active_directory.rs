//! A life in Active Directory, from hire to deletion and back: every step is planned once, seen in the domain with the
//! tools of others, and planned no more.

use std::fmt::Write as _;
use std::path::Path;

use jiff::Timestamp;
use tempfile::TempDir;
use tenure_core::document::Documents;
use tenure_core::plan::FindingKind;
use tenure_core::seams::Secrets as _;
use tenure_core::secret::Secret;
use tenure_engine::{Clock, Engine, Release};
use tenure_lab::SambaDc;
use tenure_store::{Run, RunState};

use crate::company::{On, applying, documents, fresh, open, unwatched};

const AUTOMATION: &str = "corp-from-people";
const EVERYBODY: &str = "CN=Everybody,OU=Groups,DC=lab,DC=test";

/// What Exchange adds to the schema, as far as it is used here.
const EXCHANGE: &str = "\
dn: CN=ms-Exch-Hide-From-Address-Lists,CN=Schema,CN=Configuration,DC=lab,DC=test
changetype: add
objectClass: attributeSchema
attributeID: 1.2.840.113556.1.2.7000.102.73
lDAPDisplayName: msExchHideFromAddressLists
attributeSyntax: 2.5.5.8
oMSyntax: 1
isSingleValued: TRUE

dn:
changetype: modify
add: schemaUpdateNow
schemaUpdateNow: 1

dn: CN=User,CN=Schema,CN=Configuration,DC=lab,DC=test
changetype: modify
add: mayContain
mayContain: msExchHideFromAddressLists

dn:
changetype: modify
add: schemaUpdateNow
schemaUpdateNow: 1
";

struct Domain {
    dc: SambaDc,
    engine: Engine,
    documents: Documents,
    folder: TempDir,
}

impl Domain {
    async fn start() -> Self {
        let dc = SambaDc::start().unwrap();
        dc.ldapmodify(EXCHANGE).unwrap();
        let mut entries = String::new();
        for unit in [
            "OU=Tenure",
            "OU=Staff,OU=Tenure",
            "OU=Left,OU=Tenure",
            "OU=Service,OU=Tenure",
            "OU=Groups",
            "OU=Teams",
        ] {
            writeln!(
                entries,
                "dn: {unit},DC=lab,DC=test\nobjectClass: organizationalUnit\n"
            )
            .unwrap();
        }
        for (group, unit) in [("Everybody", "Groups"), ("Sales", "Teams"), ("Care", "Teams")] {
            writeln!(
                entries,
                "dn: CN={group},OU={unit},DC=lab,DC=test\nobjectClass: group\nsAMAccountName: {group}\n"
            )
            .unwrap();
        }
        writeln!(
            entries,
            "dn: CN=robot,OU=Service,OU=Tenure,DC=lab,DC=test\nobjectClass: user\nsAMAccountName: robot\n\
             employeeID: 9\n"
        )
        .unwrap();
        dc.ldapadd(&entries).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let now = "2046-01-05T08:00:00Z".parse().unwrap();
        let engine = open(&fresh(On::Sqlite, folder.path()), folder.path(), now).await;
        let vault = engine.vault();
        let password = Secret::new(dc.admin_password().to_owned());
        vault
            .save(&[vault.seal("corp-ad", &password).unwrap()], now)
            .await
            .unwrap();
        let text = include_str!("active_directory.yaml")
            .replace("ldaps://controller", &dc.ldaps_url())
            .replace("/authority", &dc.ca_pem_path().display().to_string());
        Self {
            documents: documents(&text),
            dc,
            engine,
            folder,
        }
    }

    fn at(&mut self, now: &str) {
        let now: Timestamp = now.parse().unwrap();
        self.engine = self.engine.at(Clock::Fixed(now));
    }

    fn people(&self, lines: &[&str]) {
        write(self.folder.path(), lines);
    }

    async fn plan(&self) -> (Run, String) {
        let run = self
            .engine
            .plan(&self.documents, AUTOMATION, &unwatched())
            .await
            .unwrap();
        let changes = self.engine.store().changes(run.id, None, u32::MAX).await.unwrap();
        let text = changes.iter().map(|(_, change)| change.to_string()).collect();
        (run, text)
    }

    /// Plans and carries out, all of which goes well, and then there is nothing left to do. Gives the plan.
    async fn run(&self) -> String {
        let (run, text) = self.plan().await;
        let applied = self
            .engine
            .apply(&self.documents, run.id, &applying(Release::Release))
            .await
            .unwrap();
        let journal = self.engine.store().journal(run.id).await.unwrap();
        assert_eq!(applied.state, RunState::Done, "{text}\n{journal:#?}");
        text
    }

    async fn nothing_to_do(&self) {
        let (run, text) = self.plan().await;
        assert_eq!(text, "");
        assert_eq!(run.state, RunState::Done);
    }

    fn shown(&self, login: &str, attributes: &[&str]) -> String {
        let filter = format!("(sAMAccountName={login})");
        let mut arguments = vec!["-b", self.dc.base_dn(), filter.as_str()];
        arguments.extend(attributes);
        self.dc.ldapsearch(&arguments).unwrap()
    }

    fn members(&self, group: &str) -> Vec<String> {
        let listed = self.dc.samba_tool(&["group", "listmembers", group]).unwrap();
        let mut members: Vec<String> = listed.lines().map(str::to_owned).collect();
        members.sort();
        members
    }

    async fn password(&self, person: &str) -> String {
        let vault = self.engine.vault();
        let password = vault.get(&format!("password/corp/{person}")).await.unwrap();
        password.expose().to_owned()
    }
}

fn write(folder: &Path, lines: &[&str]) {
    std::fs::write(folder.join("people.jsonl"), lines.join("\n")).unwrap();
}

/// A grey picture of 96 by 96 pixels, as PNG.
const PHOTO: &str = include_str!("photo.base64");

fn ada(rest: &str) -> String {
    let photo = PHOTO.trim();
    format!(
        r#"{{"id":"1","first":"Ada","last":"Byrne","department":"Sales","boss":"4","photo":"{photo}",{rest}}}"#
    )
}

const BOB: &str = r#"{"id":"2","first":"Bob","last":"Ng","department":"Sales","active":true,"boss":"3"}"#;
const CLEO: &str = r#"{"id":"3","first":"Cleo","last":"Ray","department":"Care","active":true,"boss":"2"}"#;
const DAN: &str = r#"{"id":"4","first":"Dan","last":"Oz","department":"Care","active":true,"boss":"4"}"#;
const ROBOT: &str = r#"{"id":"9","first":"Robot","last":"X","department":"Sales","active":false}"#;

/// Ada with a contract that ends.
fn contracted() -> String {
    ada(r#""active":true,"ends":"2046-06-30""#)
}

fn bob_in_care() -> String {
    BOB.replace("Sales", "Care")
}

#[tokio::test]
async fn a_life_in_active_directory() {
    let mut domain = Domain::start().await;
    hired(&domain).await;
    moved(&mut domain).await;
    left(&mut domain).await;
    back(&domain).await;
    deleted_and_restored(&mut domain).await;
}

async fn hired(domain: &Domain) {
    domain.people(&[&contracted(), BOB, CLEO, ROBOT]);
    let plan = domain.run().await;
    assert!(plan.contains("set the photo"), "{plan}");
    // Two who are hired on one day may manage each other.
    assert!(
        domain
            .shown("bob", &["manager"])
            .contains("manager: CN=Cleo Ray,OU=Staff")
    );
    assert!(
        domain
            .shown("cleo", &["manager"])
            .contains("manager: CN=Bob Ng,OU=Staff")
    );
    assert!(
        !domain.shown("ada", &["manager"]).contains("manager:"),
        "nobody is 4"
    );
    // The teams come with the mover rule.
    domain.run().await;
    domain.nothing_to_do().await;
    assert_eq!(domain.members("Sales"), ["ada", "bob"]);
    // The years are far off, since the domain has a clock of its own and locks out those who have expired.
    // Midnight in Berlin after the last day, in steps of 100 ns since 1601.
    let found = domain.shown("ada", &["accountExpires", "thumbnailPhoto"]);
    assert!(found.contains("accountExpires: 140584824000000000"), "{found}");
    assert!(found.contains("thumbnailPhoto:: /9j/"), "{found}");
    assert!(
        domain
            .shown("bob", &["accountExpires"])
            .contains(": 9223372036854775807")
    );
    let (run, _) = domain.plan().await;
    let findings = domain
        .engine
        .store()
        .findings(run.id, None, u32::MAX)
        .await
        .unwrap();
    assert!(
        findings.iter().any(|finding| finding.kind == FindingKind::Notice
            && finding
                .text
                .contains("CN=robot,OU=Service,OU=Tenure,DC=lab,DC=test is left alone")),
        "{findings:?}"
    );

    assert!(
        findings
            .iter()
            .any(|finding| finding.text.starts_with("the manager `4` has no account")),
        "{findings:?}"
    );
}

async fn moved(domain: &mut Domain) {
    // Another team, and Ada's manager is hired.
    domain.people(&[&contracted(), &bob_in_care(), CLEO, DAN, ROBOT]);
    domain.at("2046-02-02T08:00:00Z");
    let plan = domain.run().await;
    insta::assert_snapshot!(plan, @r"
    ~ Bob Ng (2)  mover: the account differs from what the source says
        account CN=Bob Ng,OU=Staff,OU=Tenure,DC=lab,DC=test
        change department: Sales -> Care
        add to CN=Care,OU=Teams,DC=lab,DC=test  [mover]
        remove from CN=Sales,OU=Teams,DC=lab,DC=test  [mover]
    + Dan Oz (4)  joiner: active in the source, has no account
        create CN=Dan Oz,OU=Staff,OU=Tenure,DC=lab,DC=test  [joiner, template staff]
            CN: Dan Oz
            sAMAccountName: dan
            userPrincipalName: dan@lab.test
            department: Care
            displayName: Dan Oz
            employeeID: 4
            givenName: Dan
            sn: Oz
            password: 16 random characters
        add to CN=Everybody,OU=Groups,DC=lab,DC=test  [joiner, template staff]
    ~ Ada Byrne (1)  mover: the account differs from what the source says
        account CN=Ada Byrne,OU=Staff,OU=Tenure,DC=lab,DC=test
        change manager: (nothing) -> CN=Dan Oz,OU=Staff,OU=Tenure,DC=lab,DC=test
    ");
    // Dan gets his team with the mover rule.
    domain.run().await;
    domain.nothing_to_do().await;
    assert_eq!(domain.members("Sales"), ["ada"]);
    assert_eq!(domain.members("Care"), ["bob", "cleo", "dan"]);
    assert!(
        domain
            .shown("ada", &["manager"])
            .contains("manager: CN=Dan Oz,OU=Staff")
    );
    assert!(!domain.shown("dan", &["manager"]).contains("manager:"));
}

async fn left(domain: &mut Domain) {
    // Ada leaves, and what she knew is worth nothing.
    let first = domain.password("1").await;
    assert!(domain.dc.bind_works("ada@lab.test", &first).unwrap());
    domain.at("2046-07-01T08:00:00Z");
    let plan = domain.run().await;
    insta::assert_snapshot!(plan, @r"
    - Ada Byrne (1)  leaver: ended at 2046-06-30T22:00:00Z
        account CN=Ada Byrne,OU=Staff,OU=Tenure,DC=lab,DC=test
        reset the password (24 random characters)  [leaver]
        disable  [leaver]
        change description: (nothing) -> leaver since 2046-07-01, was in Sales
        change msExchHideFromAddressLists: (nothing) -> TRUE
        remove from CN=Everybody,OU=Groups,DC=lab,DC=test  [leaver]
        remove from CN=Sales,OU=Teams,DC=lab,DC=test  [leaver]
        move to OU=Left,OU=Tenure,DC=lab,DC=test  [leaver]
    ");
    domain.at("2046-07-02T08:00:00Z");
    domain.nothing_to_do().await;
    let found = domain.shown(
        "ada",
        &[
            "description",
            "memberOf",
            "userAccountControl",
            "msExchHideFromAddressLists",
        ],
    );
    assert!(
        found.contains("dn: CN=Ada Byrne,OU=Left,OU=Tenure,DC=lab,DC=test"),
        "{found}"
    );
    assert!(
        found.contains("description: leaver since 2046-07-01, was in Sales"),
        "{found}"
    );
    assert!(
        found.contains("userAccountControl: 514") && !found.contains("memberOf"),
        "{found}"
    );
    assert!(found.contains("msExchHideFromAddressLists: TRUE"), "{found}");
    let second = domain.password("1").await;
    assert_ne!(first, second);
    assert_eq!(second.len(), 24);
}

async fn back(domain: &Domain) {
    // She is back, with the groups that she had.
    let again = ada(r#""active":true,"ends":"2046-12-31""#);
    domain.people(&[&again, &bob_in_care(), CLEO, DAN, ROBOT]);
    let plan = domain.run().await;
    assert!(
        plan.contains(&format!("add to {EVERYBODY}  [rehire, remembered]")),
        "{plan}"
    );
    domain.nothing_to_do().await;
    assert_eq!(domain.members("Everybody"), ["ada", "bob", "cleo", "dan"]);
    assert_eq!(domain.members("Sales"), ["ada"]);
    let third = domain.password("1").await;
    assert!(domain.dc.bind_works("ada@lab.test", &third).unwrap());
    let found = domain.shown("ada", &["description", "msExchHideFromAddressLists"]);
    assert!(
        !found.contains("description") && !found.contains("TRUE"),
        "{found}"
    );
}

async fn deleted_and_restored(domain: &mut Domain) {
    let guid = domain.shown("ada", &["objectGUID", "objectSid"]);
    // She leaves for good, and the account goes after its time.
    domain.at("2047-01-02T08:00:00Z");
    domain.run().await;
    domain.at("2047-02-03T08:00:00Z");
    let plan = domain.run().await;
    assert!(plan.contains("and everything below it"), "{plan}");
    assert!(!domain.shown("ada", &["1.1"]).contains("dn: CN=Ada"));
    domain.nothing_to_do().await;

    // And comes back after all: the account does too, under its old ids.
    let active = ada(r#""active":true"#);
    domain.people(&[&active, &bob_in_care(), CLEO, DAN, ROBOT]);
    domain.at("2047-02-10T08:00:00Z");
    let plan = domain.run().await;
    assert!(plan.contains("restore the deleted account  [rehire]"), "{plan}");
    domain.run().await;
    domain.nothing_to_do().await;
    let found = domain.shown("ada", &["objectGUID", "objectSid"]);
    assert_eq!(found, guid);
    assert_eq!(domain.members("Everybody"), ["ada", "bob", "cleo", "dan"]);
    let last = domain.password("1").await;
    assert!(domain.dc.bind_works("ada@lab.test", &last).unwrap());
}
