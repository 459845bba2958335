//! The OpenLDAP command line tools, used against a server of the lab so that tests have a second opinion.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::{LabError, process::run, programs};

/// What `ldapsearch` exits with when the name or the password was wrong (RFC 4511, result code 49).
const INVALID_CREDENTIALS: i32 = 49;

/// Whom the tools talk to, and as whom.
#[derive(Debug)]
pub(crate) struct LdapTools {
    pub(crate) url: String,
    pub(crate) ca: Option<PathBuf>,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) base: String,
    /// Where LDIF is put for the tools to read.
    pub(crate) folder: PathBuf,
}

impl LdapTools {
    pub(crate) fn search(&self, arguments: &[&str]) -> Result<String, LabError> {
        let mut command = self.tool("ldapsearch", &self.user, &self.password)?;
        command.args(["-LLL", "-o", "ldif-wrap=no"]).args(arguments);
        run("searching the directory", command)
    }

    pub(crate) fn add(&self, ldif: &str) -> Result<(), LabError> {
        self.add_file(&self.write(ldif)?)
    }

    pub(crate) fn add_file(&self, ldif: &Path) -> Result<(), LabError> {
        let mut command = self.tool("ldapadd", &self.user, &self.password)?;
        command.arg("-f").arg(ldif);
        run("adding to the directory", command).map(drop)
    }

    pub(crate) fn modify(&self, ldif: &str) -> Result<(), LabError> {
        let mut command = self.tool("ldapmodify", &self.user, &self.password)?;
        command.arg("-f").arg(self.write(ldif)?);
        run("modifying the directory", command).map(drop)
    }

    /// Binds and reads the base entry, because Samba does not know the Who-am-I operation.
    pub(crate) fn bind_works(&self, user: &str, password: &str) -> Result<bool, LabError> {
        // A name without a password is an anonymous bind (RFC 4513, section 5.1.2), which proves nothing.
        if password.is_empty() {
            return Ok(false);
        }
        let mut command = self.tool("ldapsearch", user, password)?;
        command.args(["-LLL", "-s", "base", "-b", &self.base, "1.1"]);
        match run("binding", command) {
            Ok(_) => Ok(true),
            Err(LabError::Command { status, .. }) if status.code() == Some(INVALID_CREDENTIALS) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether the server answers at all; its root entry can be read by anyone (RFC 4512, section 5.1).
    pub(crate) fn answers(&self) -> bool {
        let Ok(mut command) = self.connected("ldapsearch") else {
            return false;
        };
        command.args([
            "-LLL",
            "-o",
            "nettimeout=1",
            "-s",
            "base",
            "-b",
            "",
            "namingContexts",
        ]);
        run("asking the directory", command).is_ok()
    }

    fn tool(&self, tool: &str, user: &str, password: &str) -> Result<Command, LabError> {
        let mut command = self.connected(tool)?;
        command.args(["-D", user, "-w", password]);
        Ok(command)
    }

    fn connected(&self, tool: &str) -> Result<Command, LabError> {
        let mut command = Command::new(programs::find(tool)?);
        command.args(["-x", "-H", &self.url]);
        if let Some(ca) = &self.ca {
            command.env("LDAPTLS_CACERT", ca).env("LDAPTLS_REQCERT", "demand");
        }
        Ok(command)
    }

    fn write(&self, ldif: &str) -> Result<PathBuf, LabError> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);

        let path = self
            .folder
            .join(format!("input-{}.ldif", COUNTER.fetch_add(1, Ordering::Relaxed)));
        fs::write(&path, ldif).map_err(LabError::file("writing", &path))?;
        Ok(path)
    }
}
