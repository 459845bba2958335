//! A file server, its document, and steps about one account's folder.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use tenure_connect::share::FolderKeeper;
use tenure_connect::source::{Environment, Variables};
use tenure_core::account::AccountId;
use tenure_core::action::{Action, AttributeValues};
use tenure_core::attribute::AttributeName;
use tenure_core::dn::Dn;
use tenure_core::document::{Document, Documents, Share};
use tenure_core::expression::Lookups;
use tenure_core::home_folder::{FolderOwner, FolderRights, FolderWork, HomeFolder};
use tenure_core::outcome::Outcome;
use tenure_core::seams::{AccountRef, Attempt, Performer as _, SecretError, Secrets, Subject, Task};
use tenure_core::secret::Secret;
use tenure_lab::FileServer;

pub const WRONG: &str = "planted sh4re/p4ssword+&9e1";

struct Vault(String);

#[async_trait]
impl Secrets for Vault {
    async fn get(&self, name: &str) -> Result<Secret, SecretError> {
        match name {
            "share" => Ok(Secret::new(self.0.clone())),
            "wrong" => Ok(Secret::new(WRONG.to_owned())),
            _ => Err(SecretError::Missing {
                name: name.to_owned(),
            }),
        }
    }

    async fn put(&self, _: &str, _: Secret) -> Result<(), SecretError> {
        Ok(())
    }
}

pub struct Desk {
    pub files: FileServer,
    pub sid: String,
    more: Value,
    pub captured: BTreeMap<String, Value>,
}

impl Desk {
    pub fn start() -> Self {
        let files = FileServer::start().unwrap();
        let sid = files.sid("games").unwrap();
        files
            .smbclient(files.admin(), "mkdir homes; mkdir other")
            .unwrap();
        Self {
            files,
            sid,
            more: json!({ "root": "homes" }),
            captured: BTreeMap::new(),
        }
    }

    /// The share's document with these fields from now on.
    pub fn with(&mut self, more: Value) {
        self.more = more;
    }

    fn keeper(&self) -> FolderKeeper {
        let mut document = json!({
            "name": "people", "url": self.files.url(), "user": self.files.admin(), "password": "{{ secret('share') }}",
        });
        let fields = self.more.as_object().unwrap().clone();
        document.as_object_mut().unwrap().extend(fields);
        let mut top = document.clone();
        top["name"] = json!("top");
        top.as_object_mut().unwrap().remove("root");
        let shares =
            [document, top].map(|share| Document::Share(serde_json::from_value::<Share>(share).unwrap()));
        let documents: Documents = shares.into_iter().collect();
        let environment = Environment {
            variables: Variables::default(),
            manners: tenure_connect::http::Manners::default(),
            folder: std::env::temp_dir(),
            lookups: Lookups::default(),
            now: Arc::new(|| "2026-01-05T08:00:00Z".parse().unwrap()),
        };
        let vault = Vault(self.files.password().to_owned());
        FolderKeeper::new(&documents, Arc::new(vault), environment)
    }

    fn task(&self, path: &str, work: FolderWork) -> Task {
        Task {
            action: Action::HomeFolder(HomeFolder {
                share: "people".to_owned(),
                path: path.to_owned(),
                work,
                problem: None,
                with: Vec::new(),
            }),
            subject: Subject {
                person: None,
                name: "Ada".to_owned(),
                account: Some(AccountRef {
                    id: AccountId::new("7"),
                    dn: Dn::parse("CN=Ada,DC=lab,DC=test").unwrap(),
                }),
                attributes: vec![AttributeValues {
                    name: AttributeName::new("objectSid"),
                    values: vec![self.sid.clone()],
                }],
                captured: self.captured.clone(),
                run: None,
            },
            password: String::new(),
            idempotency_key: "0c1f2e6a-5b1d-8f00-8d0e-0123456789ab".to_owned(),
            attempt: Attempt::Again,
        }
    }

    pub async fn outcomes(&mut self, works: Vec<(&str, FolderWork)>) -> Vec<Outcome> {
        let tasks = works
            .into_iter()
            .map(|(path, work)| self.task(path, work))
            .collect();
        let outcomes = self.keeper().perform(tasks).await;
        for outcome in &outcomes {
            if let Outcome::Answered { captured, .. } = outcome {
                self.captured.extend(captured.clone());
            }
        }
        outcomes
    }

    pub async fn outcome(&mut self, path: &str, work: FolderWork) -> Outcome {
        self.outcomes(vec![(path, work)]).await.remove(0)
    }

    /// What came back from a step that succeeded.
    pub async fn done(&mut self, path: &str, work: FolderWork) -> String {
        match self.outcome(path, work).await {
            Outcome::Answered { answer, .. } => answer,
            other => panic!("{other:?}"),
        }
    }

    /// Why a step was not done, and whether that passes.
    pub async fn undone(&mut self, path: &str, work: FolderWork) -> (bool, String) {
        match self.outcome(path, work).await {
            Outcome::Refused(why) => (false, format!("{why}; {}", why.hint)),
            Outcome::Failed(why) => (true, format!("{why}; {}", why.hint)),
            other => panic!("{other:?}"),
        }
    }

    pub fn is_there(&self, path: &str) -> bool {
        self.files.files().join(path).symlink_metadata().is_ok()
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.files.files().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn may_write(&self, user: &str, folder: &str) -> bool {
        let commands = format!("cd {folder}; mkdir by-{user}; rmdir by-{user}");
        self.files
            .smbclient(user, &commands)
            .is_ok_and(|said| !said.contains("NT_STATUS"))
    }
}

pub fn create(rights: FolderRights, owner: FolderOwner) -> FolderWork {
    FolderWork::Create {
        rights,
        owner,
        user: None,
    }
}

pub fn plain() -> FolderWork {
    create(FolderRights::Modify, FolderOwner::Unchanged)
}

pub fn moved(share: &str, to: &str) -> FolderWork {
    FolderWork::Move {
        share: share.to_owned(),
        to: to.to_owned(),
    }
}

pub fn archived() -> FolderWork {
    FolderWork::Archive {
        to: "gone\\ada 2026-01-05".to_owned(),
        remember: "archived_on_people".to_owned(),
    }
}

pub fn deleted() -> FolderWork {
    FolderWork::Delete {
        remembered: "archived_on_people".to_owned(),
    }
}
