//! Home folders as operations of plans: made for a new account of Active Directory with rights for its own identifier, owed
//! while the file server is away, archived when its owner leaves, and deleted when their time is over.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rstest::rstest;
use tempfile::TempDir;
use tenure_core::document::Documents;
use tenure_core::outcome::Outcome;
use tenure_core::secret::Secret;
use tenure_core::sid::Sid;
use tenure_engine::{Clock, Engine, Release};
use tenure_lab::{FileServer, SambaDc};
use tenure_store::{JournalEvent, Run, RunState};

use crate::company::{Company, On, applying, documents, fresh, open, people, planned};
use crate::logs::Logs;
use crate::secrets::{contains, contents, forms, found};

const AUTOMATION: &str = "corp-from-people";
const WRONG: &str = "planted sh4re/p4ssword+&9e1";

const DOCUMENTS: &str = r#"
kind: data_source
name: people
file: { path: people.jsonl, primary_key: id }
attributes:
  employeeID: id
  givenName: first
  sn: last
  displayName: "{{ first }} {{ last }}"
lifecycle: { active: active, ends: ends, time_zone: Europe/Berlin }
---
kind: directory
name: corp
type: active_directory
url: ldaps://controller
base: OU=Tenure,DC=lab,DC=test
bind: { user: administrator@lab.test, password: "{{ secret('corp-ad') }}" }
ca_file: /authority
---
kind: template
name: staff
container: OU=Tenure,DC=lab,DC=test
rdn: "{{ displayName }}"
unique:
  sAMAccountName: "{{ givenName | lower }}"
attributes:
  homeDirectory: "\\\\files.lab.test\\people\\homes\\{{ sAMAccountName }}"
  homeDrive: "H:"
password: { length: 16 }
---
kind: share
name: homes
url: smb://files
root: homes
user: backup
password: "{{ secret('homes') }}"
---
kind: automation
name: corp-from-people
source: people
directory: corp
correlate: [employeeID]
rules:
  joiner:
    - create_account: { template: staff }
    - create_home_folder: { share: homes, path: "{{ sAMAccountName }}", rights: modify, owner: user }
  mover:
    - modify_attributes: all
  leaver:
    - disable: {}
    - delete_home_folder: { share: homes, path: "{{ sAMAccountName }}", archive: left, keep: 30d }
guards: { disables: 10, deletes: 10 }
"#;

struct Domain {
    dc: SambaDc,
    files: FileServer,
    engine: Engine,
    documents: Documents,
    folder: TempDir,
}

impl Domain {
    async fn start(on: On) -> Self {
        let dc = SambaDc::start().unwrap();
        dc.ldapadd("dn: OU=Tenure,DC=lab,DC=test\nobjectClass: organizationalUnit\n")
            .unwrap();
        let files = FileServer::start_with(&sid(&dc, "(objectClass=domain)").to_string()).unwrap();
        files.smbclient(files.admin(), "mkdir homes").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let now = "2046-01-05T08:00:00Z".parse().unwrap();
        let engine = open(&fresh(on, folder.path()), folder.path(), now).await;
        let vault = engine.vault();
        let sealed = [("corp-ad", dc.admin_password()), ("homes", files.password())]
            .map(|(name, password)| vault.seal(name, &Secret::new(password.to_owned())).unwrap());
        vault.save(&sealed, now).await.unwrap();
        let text = DOCUMENTS
            .replace("ldaps://controller", &dc.ldaps_url())
            .replace("/authority", &dc.ca_pem_path().display().to_string())
            .replace("smb://files", &files.url());
        let domain = Self {
            documents: documents(&text),
            dc,
            files,
            engine,
            folder,
        };
        domain.ada(r#""active":true"#);
        domain
    }

    fn ada(&self, rest: &str) {
        let line = format!(r#"{{"id":"1","first":"Ada","last":"Byrne",{rest}}}"#);
        std::fs::write(self.folder.path().join("people.jsonl"), line).unwrap();
    }

    fn at(&mut self, now: &str) {
        let now: Timestamp = now.parse().unwrap();
        self.engine = self.engine.at(Clock::Fixed(now));
    }

    async fn plan(&self) -> (Run, String) {
        planned(&self.engine, &self.documents, AUTOMATION).await
    }

    /// Plans and carries out; gives the plan and what became of its operations.
    async fn run(&self, end: RunState) -> (String, Vec<Outcome>) {
        let (run, text) = self.plan().await;
        let options = applying(Release::Release);
        let applied = self
            .engine
            .apply(&self.documents, run.id, &options)
            .await
            .unwrap();
        let journal = self.engine.store().journal(run.id).await.unwrap();
        let outcomes: Vec<Outcome> = journal
            .into_iter()
            .filter_map(|entry| match entry.event {
                JournalEvent::Outcome { outcome, .. } => Some(outcome),
                JournalEvent::Intent => None,
            })
            .collect();
        assert_eq!(applied.state, end, "{text}\n{outcomes:#?}");
        (text, outcomes)
    }

    async fn nothing_to_do(&self) {
        let (run, text) = self.plan().await;
        assert_eq!((text.as_str(), run.state), ("", RunState::Done));
    }

    fn homes(&self, below: &str) -> Vec<String> {
        let folder = self.files.files().join("homes").join(below);
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn may_write(&self, user: &str) -> bool {
        let tried = self.files.smbclient(user, "cd homes/ada; mkdir own");
        tried.is_ok_and(|said| !said.contains("NT_STATUS"))
    }
}

/// The security identifier of what a filter finds.
fn sid(dc: &SambaDc, filter: &str) -> Sid {
    let found = dc.ldapsearch(&["-b", dc.base_dn(), filter, "objectSid"]).unwrap();
    let text = found.lines().find_map(|line| line.strip_prefix("objectSid:: "));
    Sid::from_bytes(&STANDARD.decode(text.unwrap()).unwrap()).unwrap()
}

#[rstest]
#[tokio::test]
async fn a_folder_from_hire_to_deletion(#[values(On::Sqlite, On::Postgres)] on: On) {
    let mut domain = Domain::start(on).await;

    // The account is made, and its folder is owed while the server is away.
    domain.files.kill();
    let (plan, _) = domain.run(RunState::DoneWithFailures).await;
    insta::assert_snapshot!(plan, @r"
    + Ada Byrne (1)  joiner: active in the source, has no account
        create CN=Ada Byrne,OU=Tenure,DC=lab,DC=test  [joiner, template staff]
            CN: Ada Byrne
            sAMAccountName: ada
            displayName: Ada Byrne
            employeeID: 1
            givenName: Ada
            sn: Byrne
            homeDirectory: \\files.lab.test\people\homes\ada
            homeDrive: H:
            password: 16 random characters
        create home folder ada on homes with the right to modify and as its owner  [joiner]
    ");
    let rid = sid(&domain.dc, "(sAMAccountName=ada)");
    let rid = rid.to_string().rsplit('-').next().unwrap().parse().unwrap();
    domain.files.call("games", rid).unwrap();
    domain.files.restart().unwrap();
    let (plan, outcomes) = domain.run(RunState::Done).await;
    insta::assert_snapshot!(plan, @r"
    + Ada Byrne (1)  joiner: joined, but not everything of the joiner rule was done
        account CN=Ada Byrne,OU=Tenure,DC=lab,DC=test
        create home folder ada on homes with the right to modify and as its owner  [joiner, owed since an earlier run]
    ");
    let Some(Outcome::Answered { answer, .. }) = outcomes.last() else {
        panic!("{outcomes:?}")
    };
    assert!(
        answer.starts_with("`ada` made, with rights for S-1-5-21-"),
        "{answer}"
    );
    domain.nothing_to_do().await;
    assert!(domain.may_write("games") && !domain.may_write("news"));

    domain.ada(r#""active":true,"ends":"2046-06-30""#);
    domain.at("2046-07-01T08:00:00Z");
    let (plan, _) = domain.run(RunState::Done).await;
    insta::assert_snapshot!(plan, @r"
    - Ada Byrne (1)  leaver: ended at 2046-06-30T22:00:00Z
        account CN=Ada Byrne,OU=Tenure,DC=lab,DC=test
        disable  [leaver]
        archive home folder ada as left\ada 2046-07-01 on homes  [leaver]
    ");
    assert_eq!(domain.homes(""), ["left"]);
    let archived = domain.homes("left");
    assert!(
        archived.len() == 1 && archived[0].starts_with("ada 2046-07-01 "),
        "{archived:?}"
    );
    domain.at("2046-07-29T08:00:00Z");
    domain.nothing_to_do().await;

    domain.at("2046-07-31T08:00:00Z");
    domain.files.kill();
    domain.run(RunState::DoneWithFailures).await;
    domain.files.restart().unwrap();
    assert_eq!(domain.homes("left"), archived);
    let (plan, outcomes) = domain.run(RunState::Done).await;
    insta::assert_snapshot!(plan, @r"
    - Ada Byrne (1)  leaver: ended at 2046-06-30T22:00:00Z
        account CN=Ada Byrne,OU=Tenure,DC=lab,DC=test
        delete the archived home folder ada on homes  [leaver, owed since an earlier run]
    ");
    assert!(
        format!("{outcomes:?}").contains("is gone, 2 files and folders"),
        "{outcomes:?}"
    );
    assert_eq!(domain.homes("left"), [""; 0]);
    domain.nothing_to_do().await;
}

#[rstest]
#[tokio::test]
async fn the_password_of_a_share_is_nowhere_to_be_read(#[values(On::Sqlite, On::Postgres)] on: On) {
    let logs = Logs::gather();
    let files = FileServer::start().unwrap();
    let mut company = Company::start(on, people(1)).await;
    let share = format!(
        "kind: share\nname: homes\nurl: {}\nuser: backup\npassword: \"{{{{ secret('homes') }}}}\"\n---\nkind: data_source\nname: employees\n",
        files.url()
    );
    company.edit("kind: data_source\nname: employees\n", &share);
    company.edit(
        "    - create_account: { template: staff }\n",
        "    - create_account: { template: staff }\n    - create_home_folder: { share: homes, path: \"{{ nowhere }}\", user: \"{{ nowhere }}\" }\n",
    );
    let plan = company.plan().await;
    let text: String = company
        .changes(plan.id)
        .await
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(
        text.contains("create home folder on homes, for which there is no path: `nowhere` has no value"),
        "{text}"
    );
    company.engine.discard(plan.id).await.unwrap();
    company.edit(
        "path: \"{{ nowhere }}\", user: \"{{ nowhere }}\"",
        "path: \"{{ employeeID }}\", user: S-1-5-21-1-2-3-1104",
    );
    company.secret("homes", WRONG).await;
    let plan = company.plan().await;
    let run = company.apply(&plan).await.unwrap();
    assert_eq!(run.state, RunState::DoneWithFailures);
    let journal = company.engine.store().journal(run.id).await.unwrap();
    let said = format!("{run:?} {journal:?} {}", company.documents.to_json());
    assert!(said.contains("C000006D"), "{said}");
    let disk = contents(
        &match on {
            On::Sqlite => company.folder().to_owned(),
            On::Postgres => tenure_lab::Postgres::shared().unwrap().socket_folder(),
        },
        std::time::UNIX_EPOCH,
    );
    assert!(contains(&disk, b"corp-from-jumpcloud"));
    let secrets = forms("the password", WRONG);
    for (place, text) in [
        ("what is shown", said.as_bytes()),
        ("the logs", logs.text().as_bytes()),
        ("the database", disk.as_slice()),
    ] {
        assert_eq!(found(text, &secrets), [""; 0], "in {place}");
    }
}
