//! Where the programs are, and which Debian package has one that is not there.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::LabError;

/// Servers are often outside an ordinary user's search path.
const SYSTEM_FOLDERS: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/sbin"];

/// Debian keeps each major version of PostgreSQL in a folder of its own here.
const POSTGRES_VERSIONS: &str = "/usr/lib/postgresql";

/// The path of a program, or an error that says how to get it.
pub(crate) fn find(program: &str) -> Result<PathBuf, LabError> {
    let search_path = env::var_os("PATH").unwrap_or_default();
    // The versioned folder comes first, because what Debian has in /usr/bin is a Perl script that looks for a cluster.
    newest_postgres()
        .into_iter()
        .chain(env::split_paths(&search_path))
        .chain(SYSTEM_FOLDERS.iter().map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
        .ok_or_else(|| LabError::Missing {
            program: program.to_owned(),
            package: package_of(program),
        })
}

fn package_of(program: &str) -> &'static str {
    match program {
        "samba" | "samba-tool" | "smbd" | "smbpasswd" | "pdbedit" => "samba",
        "net" => "samba-common-bin",
        "smbclient" => "smbclient",
        "slapd" | "slapadd" => "slapd",
        "ldapsearch" | "ldapadd" | "ldapmodify" => "ldap-utils",
        "postgres" | "initdb" | "createdb" => "postgresql",
        "openssl" => "openssl",
        "setpriv" => "util-linux",
        "node" => "nodejs",
        "npm" => "npm",
        "python3" => "python3-venv",
        _ => "coreutils",
    }
}

/// The folder with the programs of the newest PostgreSQL that has a server; a version may be there as libraries only.
fn newest_postgres() -> Option<PathBuf> {
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    fs::read_dir(POSTGRES_VERSIONS)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("bin/postgres").is_file())
        .max_by_key(|path| version(path))
        .map(|path| path.join("bin"))
}
