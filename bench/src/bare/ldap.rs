//! OpenLDAP's own tools.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tenure_lab::{SambaDc, Slapd};

use crate::Outcome;
use crate::child::{self, Measured};

/// Who is asked, and as whom.
pub struct Server<'s> {
    url: String,
    user: &'s str,
    password: &'s str,
    /// The authority that signed its certificate.
    ca: Option<&'s Path>,
}

impl<'s> From<&'s Slapd> for Server<'s> {
    fn from(slapd: &'s Slapd) -> Self {
        Self {
            url: slapd.ldap_url(),
            user: slapd.root_dn(),
            password: slapd.root_password(),
            ca: None,
        }
    }
}

impl<'s> From<&'s SambaDc> for Server<'s> {
    fn from(samba: &'s SambaDc) -> Self {
        Self {
            url: samba.ldaps_url(),
            user: samba.admin_dn(),
            password: samba.admin_password(),
            ca: Some(samba.ca_pem_path()),
        }
    }
}

fn tool(program: &str, server: &Server<'_>) -> Command {
    let mut command = Command::new(program);
    command
        .args(["-x", "-H", &server.url])
        .args(["-D", server.user, "-w", server.password]);
    if let Some(ca) = server.ca {
        command.env("LDAPTLS_CACERT", ca);
    }
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
    let mut command = tool("ldapsearch", &slapd.into());
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
pub fn carry_out<'s>(
    program: &str,
    server: impl Into<Server<'s>>,
    folder: &Path,
    parts: &[String],
) -> Outcome<Duration> {
    let server = server.into();
    let mut files: Vec<PathBuf> = Vec::with_capacity(parts.len());
    for (at, part) in parts.iter().enumerate() {
        let path = folder.join(format!("part-{at}.ldif"));
        fs::write(&path, part)?;
        files.push(path);
    }
    let started = Instant::now();
    let mut children = Vec::with_capacity(files.len());
    for file in &files {
        let mut command = tool(program, &server);
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
