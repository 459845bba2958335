//! The product: the release binary as a child process, with a home folder of its own.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::Outcome;
use crate::child::{self, Measured};
use crate::table::say;

/// A key for vaults that hold nothing secret.
const KEY: &str = "5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed";
/// What `tenure` exits with when there is something to do.
pub const PENDING: i32 = 2;

/// Builds the release binary.
pub fn build() -> Outcome<PathBuf> {
    say("building the release binary");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--release", "-p", "tenure"])
        .current_dir(&root)
        .stdout(Stdio::null())
        .status()?;
    if !status.success() {
        return Err("the release binary could not be built".into());
    }
    // The bench is a release binary of the same workspace, so the other is beside it.
    let beside = std::env::current_exe()?.with_file_name("tenure");
    let usual = root.join("target/release/tenure");
    [beside, usual]
        .into_iter()
        .find(|path| path.exists())
        .ok_or_else(|| "the release binary was built, but not where it was looked for".into())
}

/// A home folder, and the binary.
pub struct Home {
    binary: PathBuf,
    folder: TempDir,
    database: Option<String>,
}

impl Home {
    /// An empty folder.
    pub fn new(binary: &Path) -> Outcome<Self> {
        Ok(Self {
            binary: binary.to_owned(),
            folder: TempDir::with_prefix("tenure-bench-")?,
            database: None,
        })
    }

    /// The same with a database elsewhere.
    pub fn with_database(self, url: String) -> Self {
        Self {
            database: Some(url),
            ..self
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes documents.
    pub fn write(&self, name: &str, text: &str) -> Outcome<()> {
        Ok(fs::write(self.path().join(name), text)?)
    }

    /// Keeps a secret.
    pub fn secret(&self, name: &str, value: &str) -> Outcome<()> {
        let mut child = self
            .command(&["secret", "set", name])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(value.as_bytes())?;
        }
        if child.wait()?.success() {
            Ok(())
        } else {
            Err(format!("the secret `{name}` could not be kept").into())
        }
    }

    /// Runs a command that has to end with this exit code.
    pub fn run(&self, arguments: &[&str], code: i32) -> Outcome<Measured> {
        self.watch(arguments, code, None)
    }

    /// The same, also looking when it is done with a file.
    pub fn watch(&self, arguments: &[&str], code: i32, file: Option<&Path>) -> Outcome<Measured> {
        let output = self.path().join("output.txt");
        let measured = child::watch(&mut self.command(arguments), Some(&output), file)?;
        if measured.status.code() == Some(code) {
            return Ok(measured);
        }
        let said = fs::read_to_string(&output).unwrap_or_default();
        let end: Vec<&str> = said.lines().rev().take(15).collect();
        let end: Vec<&str> = end.into_iter().rev().collect();
        Err(format!(
            "`tenure {}` ended with {} instead of {code}; it said at last:\n{}",
            arguments.join(" "),
            measured.status,
            end.join("\n")
        )
        .into())
    }

    /// What the last command wrote.
    pub fn said(&self) -> Outcome<String> {
        Ok(fs::read_to_string(self.path().join("output.txt"))?)
    }

    /// The number of the latest run.
    pub fn latest_run(&self) -> Outcome<String> {
        self.run(&["runs", "--limit", "1", "--json"], 0)?;
        let runs: serde_json::Value = serde_json::from_str(&self.said()?)?;
        match runs.pointer("/runs/0/id") {
            Some(serde_json::Value::String(id)) => Ok(id.clone()),
            Some(id) if !id.is_null() => Ok(id.to_string()),
            _ => Err("there is no run".into()),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .env("TENURE_KEY", KEY)
            .env_remove("TENURE_DATABASE")
            .arg("--home")
            .arg(self.path());
        if let Some(url) = &self.database {
            command.arg("--database").arg(url);
        }
        command.args(arguments);
        command
    }
}
