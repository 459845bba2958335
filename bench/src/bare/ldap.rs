//! OpenLDAP's own tools.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tenure_lab::Slapd;

use crate::Outcome;
use crate::child::{self, Measured};

fn tool(program: &str, slapd: &Slapd) -> Command {
    let mut command = Command::new(program);
    command
        .args(["-x", "-H", &slapd.ldap_url()])
        .args(["-D", slapd.root_dn(), "-w", slapd.root_password()]);
    command
}

/// Whether the whole is asked for at once or page by page.
#[derive(Clone, Copy)]
pub enum Paging {
    /// Pages of a thousand.
    Thousand,
    /// All at once.
    Off,
}

/// Searches for all accounts and throws away what comes.
pub fn search(slapd: &Slapd, base: &str, attributes: &[&str], paging: Paging) -> Outcome<Measured> {
    let mut command = tool("ldapsearch", slapd);
    command.arg("-LLL");
    if let Paging::Thousand = paging {
        command.args(["-E", "pr=1000/noprompt"]);
    }
    command
        .args(["-b", base, "(objectClass=inetOrgPerson)"])
        .args(attributes);
    let measured = child::run(&mut command, None)?;
    if measured.status.success() {
        Ok(measured)
    } else {
        Err("ldapsearch failed".into())
    }
}

/// Carries out LDIF, one process for each text, all at once.
pub fn carry_out(program: &str, slapd: &Slapd, folder: &Path, parts: &[String]) -> Outcome<Duration> {
    let mut files: Vec<PathBuf> = Vec::with_capacity(parts.len());
    for (at, part) in parts.iter().enumerate() {
        let path = folder.join(format!("part-{at}.ldif"));
        fs::write(&path, part)?;
        files.push(path);
    }
    let started = Instant::now();
    let mut children = Vec::with_capacity(files.len());
    for file in &files {
        let mut command = tool(program, slapd);
        command
            .arg("-f")
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        children.push(command.spawn()?);
    }
    let mut good = true;
    for mut child in children {
        good &= child.wait()?.success();
    }
    let wall = started.elapsed();
    if good {
        Ok(wall)
    } else {
        Err(format!("{program} failed").into())
    }
}
