//! A home folder with documents, and the command run in it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tenure_core::account::Account;
use tenure_core::attribute::Dictionary;
use tenure_core::dn::Dn;
use tenure_core::link::Link;
use tenure_core::seams::Directory as _;
use tenure_lab::wait_until;
use tenure_store::{JournalEntry, JournalEvent, LocalDirectory, Store, Vault, VaultKey};
use tokio::runtime::Runtime;

/// What takes longer than this hangs.
pub const LIMIT: Duration = Duration::from_mins(1);
/// The vault's key, so that the tests can open it too.
const KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";

/// A home folder that is gone at the end.
pub struct Home {
    folder: TempDir,
    database: Option<String>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ended {
    /// The command's JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The same, when it ended with this code.
    pub fn with(self, code: i32) -> Self {
        // Plans are long; their end says how it went.
        let tail = self.out.chars().count().saturating_sub(2_000);
        let end: String = self.out.chars().skip(tail).collect();
        assert_eq!(self.code, Some(code), "{end}\n{}", self.err);
        self
    }
}

impl Home {
    /// A home with these documents by their file names, and with a SQLite database in it.
    pub fn new(documents: &[(&str, String)]) -> Self {
        Self::with_database(None, documents)
    }

    /// The same with a database of its own.
    pub fn with_database(database: Option<String>, documents: &[(&str, String)]) -> Self {
        let folder = TempDir::new().unwrap();
        let home = Self { folder, database };
        for (name, text) in documents {
            home.write(name, text);
        }
        home
    }

    /// Puts a file into the folder.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The command with these arguments, without a terminal.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
        command
            .env_remove("TENURE_DATABASE")
            .env_remove("TENURE_LOG")
            .env("TENURE_HOME", self.path())
            .env("TENURE_KEY", KEY)
            .env("USER", "tester")
            .args(arguments)
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(database) = &self.database {
            command.env("TENURE_DATABASE", database);
        }
        command
    }

    /// Runs the command to its end.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        ended(self.command(arguments).spawn().unwrap())
    }

    /// Runs the command, which has to end with this code, and takes its JSON.
    pub fn json(&self, code: i32, arguments: &[&str]) -> Value {
        self.run(arguments).with(code).json()
    }

    /// Keeps a secret as an administrator would: through standard input.
    pub fn secret(&self, name: &str, value: &str) {
        let mut command = self.command(&["secret", "set", name]);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(format!("{value}\n").as_bytes()).unwrap();
        drop(stdin);
        ended(child).with(0);
    }

    /// The automation's runs, the oldest first.
    pub fn runs(&self) -> Vec<Value> {
        let runs = self.json(0, &["runs", "--limit", "1000", "--json"]);
        let mut runs = runs["runs"].as_array().unwrap().clone();
        runs.reverse();
        runs
    }

    /// A run with its plan and what became of it.
    pub fn show(&self, run: &Value) -> Value {
        self.json(0, &["show", &run["id"].to_string(), "--json"])
    }

    /// Looks at the latest run again and again, quicker than the command could.
    pub fn watch(&self) -> Watch {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let store = runtime.block_on(self.store());
        Watch { store, runtime }
    }

    /// What is remembered of people's accounts.
    pub fn links(&self, source: &str, directory: &str) -> Vec<Link> {
        wait_for(async {
            let store = self.store().await;
            let links = store.links(source, directory).await.unwrap();
            store.close().await;
            links
        })
    }

    /// The first passwords that were made, by people's keys.
    pub fn passwords(&self, directory: &str) -> BTreeMap<String, String> {
        let beginning = tenure_engine::password_name(directory, "");
        wait_for(async {
            let store = self.store().await;
            let key = VaultKey::from_text(KEY).unwrap();
            let vault = Vault::open(&store, &key).await.unwrap();
            let mut passwords = BTreeMap::new();
            for entry in store.secrets().await.unwrap() {
                if let Some(key) = entry.name.strip_prefix(&beginning) {
                    let secret = vault.secret(&entry.name).await.unwrap().unwrap();
                    passwords.insert(key.to_owned(), secret.expose().to_owned());
                }
            }
            store.close().await;
            passwords
        })
    }

    /// The accounts of the built-in directory: the value of an attribute, and the account's id.
    pub fn local_accounts(&self, directory: &str, base: &str, attribute: &str) -> Vec<(String, String)> {
        wait_for(async {
            let store = self.store().await;
            let local = LocalDirectory::new(store.clone(), directory, Dn::parse(base).unwrap());
            let dictionary = Dictionary::new([attribute.into()]);
            let mut accounts = Vec::new();
            local.read(&Arc::new(dictionary), &mut accounts).await.unwrap();
            store.close().await;
            let value = |account: &Account| {
                let values = account.attributes.iter().map(|(_, value)| value.to_owned());
                (values.collect(), account.id.as_str().to_owned())
            };
            accounts.iter().map(value).collect()
        })
    }

    async fn store(&self) -> Store {
        let file = self.path().join("tenure.db").display().to_string();
        Store::open(self.database.as_ref().unwrap_or(&file))
            .await
            .unwrap()
    }
}

/// A look at the latest run while another process works on it.
pub struct Watch {
    store: Store,
    runtime: Runtime,
}

impl Watch {
    /// How many operations of the latest run have ended so far, while it goes on.
    pub fn outcomes(&self) -> usize {
        self.runtime.block_on(async {
            let run = self.store.runs(None, 1).await.unwrap().pop();
            let journal = match run {
                Some(run) if !run.state.is_over() => self.store.journal(run.id).await.unwrap(),
                _ => Vec::new(),
            };
            let ended = |entry: &&JournalEntry| matches!(entry.event, JournalEvent::Outcome { .. });
            journal.iter().filter(ended).count()
        })
    }
}

/// Waits for the end of a command and takes what it printed.
pub fn ended(child: Child) -> Ended {
    let output = child.wait_with_output().unwrap();
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Sends SIGINT, as Ctrl-C does, once the command listens to it.
pub fn interrupt(child: &Child) {
    wait_until("the command to listen to signals", LIMIT, || {
        catches_sigint(child)
    })
    .unwrap();
    let status = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

/// What the kernel says of the signals that a process handles itself: bit 1 is SIGINT's.
fn catches_sigint(child: &Child) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    u64::from_str_radix(mask.unwrap().trim(), 16).unwrap() & 2 != 0
}

/// Waits for something asynchronous.
pub fn wait_for<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}
