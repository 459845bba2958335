//! A company whose people come from a file and whose accounts are in Active Directory, a simulated one as a rule.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tenure_core::fetching::Wish;
use tenure_core::secret::Secret;
use tenure_core::watching::DirectoryRead;
use tenure_engine::{ApplyOptions, Clock, Engine, PlanOptions, Unwatched};
use tenure_lab::{Authority, SambaDc};
use tenure_sim::active_directory::{ActiveDirectory, ActiveDirectoryOptions, Controller, TlsFiles};
use tenure_store::{Run, RunState};

use crate::company::{On, applying, documents, open};

pub const AUTOMATION: &str = "corp-from-file";
pub const PEOPLE: &str = "OU=People,DC=corp,DC=test";
pub const STAFF: &str = "CN=Staff,DC=corp,DC=test";

const DOCUMENTS: &str = r#"
kind: data_source
name: people
file: { path: people.jsonl, primary_key: id }
attributes:
  employeeID: id
  title: title
  displayName: name
---
kind: directory
name: corp
type: active_directory
url: URL
base: OU=People,DC=corp,DC=test
ca_file: CA
bind: { user: administrator@corp.test, password: "{{ secret('corp-ad') }}" }
---
kind: automation
name: corp-from-file
source: people
directory: corp
correlate: [employeeID]
rules:
  joiner:
    - create_account: { template: staff }
    - add_to_groups: "CN=Staff,DC=corp,DC=test"
  mover:
    - modify_attributes: all
    - add_to_groups: "CN=Staff,DC=corp,DC=test"
---
kind: template
name: staff
container: "OU=People,DC=corp,DC=test"
rdn: "{{ employeeID }}"
unique:
  sAMAccountName: "n{{ employeeID | lower }}"
password: { length: 16 }
"#;

/// Where runs are made.
pub struct Office {
    engine: Engine,
    text: String,
    now: Timestamp,
    folder: TempDir,
    /// What the people are called who have an account from the start.
    names: Vec<String>,
}

impl Office {
    /// An office that works in the directory with this URL, where the administrator has this password. Documents name
    /// the simulated domain; `rename` gives them another one.
    async fn open(
        on: On,
        url: &str,
        password: &str,
        names: Vec<String>,
        rename: impl Fn(&str) -> String,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = Authority::shared().unwrap().ca_pem_path().to_owned();
        let text = rename(&DOCUMENTS.replace("URL", url).replace("CA", ca.to_str().unwrap()));
        let database = match on {
            On::Sqlite => format!("sqlite:{}", folder.path().join("tenure.db").display()),
            On::Postgres => tenure_lab::Postgres::shared().unwrap().fresh_database().unwrap(),
        };
        let now = "2026-01-05T08:00:00Z".parse().unwrap();
        let engine = open(&database, folder.path(), now).await;
        let vault = engine.vault();
        let sealed = vault.seal("corp-ad", &Secret::new(password.to_owned())).unwrap();
        vault.save(&[sealed], now).await.unwrap();
        let office = Self {
            engine,
            text,
            now,
            folder,
            names,
        };
        office.hire(0);
        office
    }

    /// Writes the file of people: everybody who has an account from the start, and so many more.
    pub fn hire(&self, more: usize) {
        let mut lines = String::new();
        let mut write = |id: String, name: &str| {
            let line = serde_json::json!({ "id": id, "title": "Clerk", "name": name });
            writeln!(lines, "{line}").unwrap();
        };
        for (at, name) in self.names.iter().enumerate() {
            write(format!("E{at:06}"), name);
        }
        for at in 0..more {
            write(format!("N{at:06}"), &format!("Newcomer {at}"));
        }
        std::fs::write(self.folder.path().join("people.jsonl"), lines).unwrap();
    }

    /// Lets time pass.
    pub fn pass(&mut self, time: SignedDuration) {
        self.now = self.now.checked_add(time).unwrap();
        self.engine = self.engine.at(Clock::Fixed(self.now));
    }

    /// Writes something else into the documents.
    pub fn edit(&mut self, from: &str, to: &str) {
        assert_eq!(self.text.matches(from).count(), 1, "{from:?}");
        self.text = self.text.replace(from, to);
    }

    pub async fn plan(&self) -> Run {
        self.plan_with(Wish::AsDocumented).await
    }

    pub async fn plan_with(&self, fetch: Wish) -> Run {
        let options = PlanOptions {
            started_by: "a test".to_owned(),
            fetch,
            watch: Arc::new(Unwatched),
        };
        let documents = documents(&self.text);
        self.engine.plan(&documents, AUTOMATION, &options).await.unwrap()
    }

    pub async fn apply(&self, run: &Run) -> Run {
        let options: ApplyOptions = applying(tenure_engine::Release::Release);
        let documents = documents(&self.text);
        self.engine.apply(&documents, run.id, &options).await.unwrap()
    }

    /// Plans and carries out, and says how the directory was read.
    pub async fn run(&self) -> DirectoryRead {
        let planned = self.plan().await;
        if planned.state != RunState::Done {
            let done = self.apply(&planned).await;
            assert_eq!(done.state, RunState::Done, "{:?}", done.error);
        }
        planned.summary.directory_read
    }
}

/// A simulated domain with so many users, all of them staff and in the file, controllers that serve it, and an office
/// that works with all of these.
pub struct Corp {
    pub domain: ActiveDirectory,
    pub controllers: Vec<Controller>,
    office: Office,
}

impl Deref for Corp {
    type Target = Office;

    fn deref(&self) -> &Office {
        &self.office
    }
}

impl DerefMut for Corp {
    fn deref_mut(&mut self) -> &mut Office {
        &mut self.office
    }
}

impl Corp {
    pub async fn start(on: On, users: usize, controllers: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let files = Authority::shared()
            .unwrap()
            .issue(folder.path(), &["dc.corp.test"], &[here])
            .unwrap();
        let mut options = ActiveDirectoryOptions::new("DC=corp,DC=test");
        options.tls = Some(TlsFiles {
            certificate: files.certificate,
            key: files.key,
        });
        let domain = ActiveDirectory::new(options);
        domain.add_unit(PEOPLE).unwrap();
        domain.add_group(STAFF).unwrap();
        domain.populate(PEOPLE, users);
        domain.add_all(STAFF, PEOPLE).unwrap();
        let mut started = Vec::new();
        for _ in 0..controllers {
            started.push(domain.controller().await.unwrap());
        }
        let urls: Vec<String> = started.iter().map(Controller::url).collect();
        let names = (0..users)
            .map(|at| domain.values(&user(at), "displayName").remove(0))
            .collect();
        let url = format!("[{}]", urls.join(", "));
        let office = Office::open(on, &url, "Passw0rd!Sim", names, str::to_owned).await;
        Self {
            domain,
            controllers: started,
            office,
        }
    }

    /// Entries that all controllers have given out.
    pub fn entries(&self) -> u64 {
        self.controllers.iter().map(Controller::entries_sent).sum()
    }

    /// Writes that all controllers have carried out.
    pub fn writes(&self) -> u64 {
        self.controllers.iter().map(Controller::writes_done).sum()
    }
}

/// Samba with so many users, who cannot sign in, and an office that works with it.
pub async fn samba(users: usize) -> (SambaDc, Office) {
    let dc = SambaDc::start().unwrap();
    let mut entries = "dn: OU=People,DC=lab,DC=test\nobjectClass: organizationalUnit\n\n\
                       dn: CN=Staff,DC=lab,DC=test\nobjectClass: group\nsAMAccountName: Staff\n\n"
        .to_owned();
    for at in 0..users {
        write!(
            entries,
            "dn: CN=user{at:06},OU=People,DC=lab,DC=test\nobjectClass: user\nsAMAccountName: user{at:06}\n\
             employeeID: E{at:06}\ntitle: Clerk\ndisplayName: Somebody {at}\n\n"
        )
        .unwrap();
    }
    entries += "dn: CN=All,DC=lab,DC=test\nobjectClass: group\nsAMAccountName: All\n";
    for at in 0..users {
        writeln!(entries, "member: CN=user{at:06},OU=People,DC=lab,DC=test").unwrap();
    }
    dc.ldapadd(&entries).unwrap();
    let names = (0..users).map(|at| format!("Somebody {at}")).collect();
    let rename = |text: &str| {
        text.replace("CN=Staff,DC=corp,DC=test", "CN=All,DC=lab,DC=test")
            .replace("DC=corp,DC=test", "DC=lab,DC=test")
            .replace("administrator@corp.test", dc.admin_user())
    };
    let office = Office::open(On::Sqlite, &dc.ldaps_url(), dc.admin_password(), names, rename).await;
    (dc, office)
}

/// The name of one of the users that were there from the start.
pub fn user(at: usize) -> String {
    format!("CN=user{at:06},{PEOPLE}")
}
