//! OpenLDAP's server.

use std::{
    fmt::Write as _,
    fs,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{
    Authority, LabError, ReservedPort,
    folders::InstanceFolder,
    ldap_tools::LdapTools,
    process::{Ending, RunAs, Server, ServerCommand, run},
    programs,
};

const SUFFIX: &str = "dc=lab,dc=test";
const ROOT_DN: &str = "cn=admin,dc=lab,dc=test";
const ROOT_PASSWORD: &str = "lab";
const BASE_ENTRY: &str =
    "dn: dc=lab,dc=test\nobjectClass: dcObject\nobjectClass: organization\ndc: lab\no: Lab\n";

/// Where Debian keeps the schemas.
const SCHEMA_FOLDER: &str = "/etc/ldap/schema";
/// Where Debian keeps the modules.
const MODULE_FOLDER: &str = "/usr/lib/ldap";
/// The size the database may grow to; the file takes only what is used.
const DATABASE_LIMIT: u64 = 4 << 30;
const START_LIMIT: Duration = Duration::from_secs(30);

/// Whether a write is on the disk before it is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// It is not: five times faster, and safe against the server's death but not the machine's.
    #[default]
    NoSync,
    /// It is, as on a production server.
    Durable,
}

/// Whether the server speaks TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// Plain LDAP only.
    #[default]
    Off,
    /// Also LDAPS on a second port, and `StartTLS` on the first, with a certificate of the lab's authority.
    On,
}

/// Whether entries show the groups they are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemberOf {
    /// They do not.
    #[default]
    Off,
    /// `memberOf` is kept up for `groupOfNames`, except for what is loaded before the start.
    On,
}

/// What the server is to be like.
#[derive(Clone, Debug, Default)]
pub struct SlapdOptions {
    /// Whether it speaks TLS.
    pub tls: Tls,
    /// Whether it flushes writes.
    pub durability: Durability,
    /// Whether it has the memberof overlay.
    pub member_of: MemberOf,
    /// An LDIF file to load before the start with `slapadd`, which is much faster than adding over the network.
    /// It has to begin with the entry `dc=lab,dc=test`; without a file just that entry is made.
    pub seed: Option<PathBuf>,
}

/// A running OpenLDAP server with an mdb database for `dc=lab,dc=test`, the schemas core, cosine and inetorgperson,
/// no size limit, and indexes on what accounts are looked up by. Anyone may read everything; the root may write.
#[derive(Debug)]
pub struct Slapd {
    // Fields are dropped in this order: the server has to be gone before its folder and its ports are.
    server: Server,
    tools: LdapTools,
    tls: Option<(Authority, ReservedPort)>,
    folder: InstanceFolder,
    port: ReservedPort,
}

impl Slapd {
    /// Starts a server.
    pub fn start(options: &SlapdOptions) -> Result<Self, LabError> {
        let folder = InstanceFolder::create("slapd")?;
        let port = ReservedPort::reserve()?;
        let tls = match options.tls {
            Tls::Off => None,
            Tls::On => {
                let authority = Authority::shared()?;
                authority.issue(folder.path(), &["localhost"], &[IpAddr::V4(Ipv4Addr::LOCALHOST)])?;
                Some((authority, ReservedPort::reserve()?))
            }
        };
        let database = folder.join("database");
        fs::create_dir(&database).map_err(LabError::file("creating the folder", &database))?;
        let config = folder.join("slapd.conf");
        let ca = tls.as_ref().map(|(authority, _)| authority.ca_pem_path());
        fs::write(&config, configuration(folder.path(), options, ca))
            .map_err(LabError::file("writing", &config))?;
        load(folder.path(), options.seed.as_deref())?;

        let tools = LdapTools {
            url: format!("ldap://127.0.0.1:{}", port.number()),
            ca: ca.map(Path::to_owned),
            user: ROOT_DN.to_owned(),
            password: ROOT_PASSWORD.to_owned(),
            base: SUFFIX.to_owned(),
            folder: folder.path().to_owned(),
        };
        let ldaps_url = tls.as_ref().map(|(_, port)| ldaps_url(port));
        let server = launch(folder.path(), &tools, ldaps_url.as_deref())?;
        Ok(Self {
            server,
            tools,
            tls,
            folder,
            port,
        })
    }

    /// Ends the server as a crash would. Its data stay for [`restart`](Self::restart).
    pub fn kill(&mut self) {
        self.server.kill();
    }

    /// Starts the server again on the same ports with the data it had, killing it first if it still runs.
    pub fn restart(&mut self) -> Result<(), LabError> {
        self.kill();
        self.server = launch(self.folder.path(), &self.tools, self.ldaps_url().as_deref())?;
        Ok(())
    }

    /// Where plain LDAP is spoken (and `StartTLS`, when TLS is on), e.g. `ldap://127.0.0.1:21007`.
    pub fn ldap_url(&self) -> String {
        self.tools.url.clone()
    }

    /// Where LDAP over TLS is spoken, when TLS is on. The certificate is good for 127.0.0.1 and `localhost`.
    pub fn ldaps_url(&self) -> Option<String> {
        self.tls.as_ref().map(|(_, port)| ldaps_url(port))
    }

    /// The port of plain LDAP.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The certificate of the authority to trust, a PEM file, when TLS is on.
    pub fn ca_pem_path(&self) -> Option<&Path> {
        self.tls.as_ref().map(|(authority, _)| authority.ca_pem_path())
    }

    /// The suffix, `dc=lab,dc=test`.
    pub fn base_dn(&self) -> &'static str {
        SUFFIX
    }

    /// The name of the root, who may do anything; it is not an entry.
    pub fn root_dn(&self) -> &'static str {
        ROOT_DN
    }

    /// The root's password.
    pub fn root_password(&self) -> &'static str {
        ROOT_PASSWORD
    }

    /// The folder with the server's configuration, database and output.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `ldapsearch` as the root and returns LDIF without comments and with unbroken lines. The arguments begin
    /// after those for the connection, e.g. `["-b", "dc=lab,dc=test", "(uid=alice)", "mail"]`.
    pub fn ldapsearch(&self, arguments: &[&str]) -> Result<String, LabError> {
        self.tools.search(arguments)
    }

    /// Adds entries, as the root, with `ldapadd`.
    pub fn ldapadd(&self, ldif: &str) -> Result<(), LabError> {
        self.tools.add(ldif)
    }

    /// Adds the entries of a file, as the root, with `ldapadd`.
    pub fn ldapadd_file(&self, ldif: &Path) -> Result<(), LabError> {
        self.tools.add_file(ldif)
    }

    /// Carries out change records (RFC 2849), as the root, with `ldapmodify`.
    pub fn ldapmodify(&self, ldif: &str) -> Result<(), LabError> {
        self.tools.modify(ldif)
    }

    /// Whether an entry can bind with a password; `false` when the credentials are refused, an error for all else.
    pub fn bind_works(&self, dn: &str, password: &str) -> Result<bool, LabError> {
        self.tools.bind_works(dn, password)
    }
}

fn ldaps_url(port: &ReservedPort) -> String {
    format!("ldaps://127.0.0.1:{}", port.number())
}

fn launch(folder: &Path, tools: &LdapTools, ldaps_url: Option<&str>) -> Result<Server, LabError> {
    let mut listeners = tools.url.clone();
    if let Some(url) = ldaps_url {
        let _ = write!(listeners, " {url}");
    }
    let mut server = Server::start(ServerCommand {
        name: "slapd",
        program: programs::find("slapd")?,
        // A level of debugging, even none, keeps it in the foreground.
        arguments: vec![
            "-d".into(),
            "none".into(),
            "-f".into(),
            folder.join("slapd.conf").into(),
            "-h".into(),
            listeners.into(),
        ],
        run_as: RunAs::Caller,
        folder: folder.to_owned(),
        ending: Ending::Kill,
    })?;
    server.wait_until_ready(START_LIMIT, || tools.answers())?;
    Ok(server)
}

fn load(folder: &Path, seed: Option<&Path>) -> Result<(), LabError> {
    let base = folder.join("base.ldif");
    fs::write(&base, BASE_ENTRY).map_err(LabError::file("writing", &base))?;
    let mut command = Command::new(programs::find("slapadd")?);
    command
        .arg("-q")
        .arg("-f")
        .arg(folder.join("slapd.conf"))
        .arg("-l")
        .arg(seed.unwrap_or(&base));
    run("loading the directory", command).map(drop)
}

fn configuration(folder: &Path, options: &SlapdOptions, ca: Option<&Path>) -> String {
    let dir = folder.display();
    let mut text = String::new();
    for schema in ["core", "cosine", "inetorgperson"] {
        let _ = writeln!(text, "include {SCHEMA_FOLDER}/{schema}.schema");
    }
    let _ = write!(
        text,
        "pidfile {dir}/slapd.pid
argsfile {dir}/slapd.args
modulepath {MODULE_FOLDER}
moduleload back_mdb
"
    );
    if options.member_of == MemberOf::On {
        text.push_str("moduleload memberof\n");
    }
    if let Some(ca) = ca {
        let _ = write!(
            text,
            "TLSCACertificateFile {}
TLSCertificateFile {dir}/server.pem
TLSCertificateKeyFile {dir}/server.key
",
            ca.display()
        );
    }
    let _ = write!(
        text,
        "sizelimit unlimited
database mdb
suffix \"{SUFFIX}\"
rootdn \"{ROOT_DN}\"
rootpw {ROOT_PASSWORD}
directory {dir}/database
maxsize {DATABASE_LIMIT}
index objectClass,entryUUID,entryCSN eq
index uid,mail,employeeNumber,cn,sn,givenName,displayName eq
index member,manager,ou eq
"
    );
    if options.durability == Durability::NoSync {
        text.push_str("dbnosync\nenvflags nosync\n");
    }
    if options.member_of == MemberOf::On {
        text.push_str("overlay memberof\n");
    }
    text
}
