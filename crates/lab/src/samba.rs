//! A Samba Active Directory domain controller.

use std::{
    fs,
    fs::DirBuilder,
    net::{IpAddr, Ipv4Addr},
    os::unix::fs::DirBuilderExt,
    path::Path,
    process::Command,
    time::Duration,
};

use rustix::process::getuid;

use crate::{
    Authority, LabError,
    addresses::LoopbackAddress,
    folders::InstanceFolder,
    ldap_tools::LdapTools,
    process::{Ending, RunAs, Server, ServerCommand, run},
    programs,
    templates::{copy, template},
};

const DOMAIN: &str = "lab.test";
const BASE: &str = "DC=lab,DC=test";
const HOST: &str = "dc1.lab.test";
const ADMIN: &str = "administrator@lab.test";
const ADMIN_DN: &str = "CN=Administrator,CN=Users,DC=lab,DC=test";
const ADMIN_PASSWORD: &str = "Passw0rd!Lab";

/// LDAP, LDAPS and the two of the global catalogue. Samba has no setting for them.
const PORTS: [u16; 4] = [389, 636, 3268, 3269];
/// Starting takes a quarter of a second on an idle machine; tests run on busy ones.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How the domain is made; all but the folders. The schema and the level are the highest this generation of Samba
/// can provision; without DNS there is less to start.
const PROVISION: [&str; 13] = [
    "domain",
    "provision",
    "--realm=LAB.TEST",
    "--domain=LAB",
    "--adminpass=Passw0rd!Lab",
    "--server-role=dc",
    "--dns-backend=NONE",
    "--host-name=dc1",
    "--host-ip=127.0.0.1",
    "--base-schema=2012_R2",
    "--function-level=2008_R2",
    "--use-rfc2307",
    "--option=interfaces=127.0.0.1/8",
];

/// Windows' default of one day would keep every test from changing a password twice.
const PASSWORD_POLICY: [&str; 5] = [
    "domain",
    "passwordsettings",
    "set",
    "--min-pwd-age=0",
    "--min-pwd-length=7",
];

/// Folders the configuration names, which Samba does not all make itself.
const FOLDERS: [&str; 9] = [
    "etc",
    "run",
    "log",
    "cache",
    "state",
    "ncalrpc",
    "ntp",
    "private",
    "private/tls",
];

/// Whether a password has to mix kinds of characters (upper case, lower case, digits, others).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complexity {
    /// Three kinds of them at least, and no part of the user's name.
    Required,
    /// Any characters will do.
    NotRequired,
}

/// A running domain controller of the domain `lab.test`, with LDAP (`StartTLS` required before a simple bind) and
/// LDAPS on a loopback address of its own. Its domain is new: the built-in objects, a password policy of at least
/// seven characters with complexity and no minimum age, no lockout. The schema may be extended over LDAP.
///
/// Writes are not flushed to the disk, which makes it twice as fast as a real one; nothing is to be measured on it.
#[derive(Debug)]
pub struct SambaDc {
    // Fields are dropped in this order: the server has to be gone before its folder and its address are.
    server: Server,
    tools: LdapTools,
    authority: Authority,
    folder: InstanceFolder,
    address: LoopbackAddress,
}

impl SambaDc {
    /// Starts a domain controller; the first one on a machine also provisions the domain, which takes some seconds.
    pub fn start() -> Result<Self, LabError> {
        if !getuid().is_root() {
            let why = "it listens on ports 389 and 636 and sets owners of files";
            return Err(LabError::NeedsRoot {
                what: "a Samba domain controller",
                why,
            });
        }
        let domain = template("samba", (PROVISION, PASSWORD_POLICY, FOLDERS), provision)?;
        let authority = Authority::shared()?;
        let address = LoopbackAddress::reserve(&PORTS)?;
        let folder = InstanceFolder::create("samba")?;
        copy(&domain, folder.path())?;
        configure(folder.path(), address.ip())?;
        let tls = folder.join("private/tls");
        authority.issue(&tls, &[HOST, "localhost"], &[IpAddr::V4(address.ip())])?;
        let ca_path = tls.join("ca.pem");
        fs::copy(authority.ca_pem_path(), &ca_path).map_err(LabError::file("writing", &ca_path))?;

        let tools = LdapTools {
            url: format!("ldaps://{}", address.ip()),
            ca: Some(authority.ca_pem_path().to_owned()),
            user: ADMIN.to_owned(),
            password: ADMIN_PASSWORD.to_owned(),
            base: BASE.to_owned(),
            folder: folder.path().to_owned(),
        };
        let server = launch(folder.path(), &tools)?;
        Ok(Self {
            server,
            tools,
            authority,
            folder,
            address,
        })
    }

    /// Ends the server as a crash would, without warning to its clients. Its data stay for [`restart`](Self::restart).
    pub fn kill(&mut self) {
        self.server.kill();
    }

    /// Starts the server again on the same address with the data it had, killing it first if it still runs.
    pub fn restart(&mut self) -> Result<(), LabError> {
        self.kill();
        self.address.wait_until_free(&PORTS)?;
        self.server = launch(self.folder.path(), &self.tools)?;
        Ok(())
    }

    /// Where LDAP over TLS is spoken, e.g. `ldaps://127.0.0.7`. The certificate is good for the address and for
    /// `dc1.lab.test`.
    pub fn ldaps_url(&self) -> String {
        self.tools.url.clone()
    }

    /// Where plain LDAP is spoken, for `StartTLS`; simple binds before it are refused, as by Windows.
    pub fn ldap_url(&self) -> String {
        format!("ldap://{}", self.address.ip())
    }

    /// The server's loopback address.
    pub fn ip(&self) -> Ipv4Addr {
        self.address.ip()
    }

    /// The certificate of the authority to trust, a PEM file.
    pub fn ca_pem_path(&self) -> &Path {
        self.authority.ca_pem_path()
    }

    /// The domain's naming context, `DC=lab,DC=test`.
    pub fn base_dn(&self) -> &'static str {
        BASE
    }

    /// What follows the `@` in login names, `lab.test`, which is also the domain's DNS name.
    pub fn upn_suffix(&self) -> &'static str {
        DOMAIN
    }

    /// The administrator's entry.
    pub fn admin_dn(&self) -> &'static str {
        ADMIN_DN
    }

    /// The administrator's login name, `administrator@lab.test`.
    pub fn admin_user(&self) -> &'static str {
        ADMIN
    }

    /// The administrator's password.
    pub fn admin_password(&self) -> &'static str {
        ADMIN_PASSWORD
    }

    /// The folder with the server's configuration (`etc/smb.conf`), databases (`private`) and log (`log`), for what
    /// this type does not offer.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Sets the least number of characters of a password and whether it has to mix kinds of characters.
    pub fn set_password_policy(&self, min_length: u8, complexity: Complexity) -> Result<(), LabError> {
        // MS-SAMR 2.2.3.12: bit 0 of pwdProperties asks for complexity; the others are off in a new domain.
        let properties = match complexity {
            Complexity::Required => 1,
            Complexity::NotRequired => 0,
        };
        self.ldapmodify(&format!(
            "dn: {BASE}\nchangetype: modify\nreplace: minPwdLength\nminPwdLength: {min_length}\n-\n\
             replace: pwdProperties\npwdProperties: {properties}\n"
        ))
    }

    /// Runs `samba-tool` on the server's own databases, e.g. `["user", "create", "alice", "…"]`, and returns what
    /// it printed. It takes most of a second; LDIF through [`ldapadd`](Self::ldapadd) is much quicker.
    pub fn samba_tool(&self, arguments: &[&str]) -> Result<String, LabError> {
        samba_tool("running samba-tool", self.folder.path(), arguments)
    }

    /// Runs `ldapsearch` as the administrator over LDAPS and returns LDIF without comments and with unbroken lines.
    /// The arguments begin after those for the connection, e.g. `["-b", "DC=lab,DC=test", "(cn=alice)", "mail"]`.
    pub fn ldapsearch(&self, arguments: &[&str]) -> Result<String, LabError> {
        self.tools.search(arguments)
    }

    /// Adds entries, as the administrator, with `ldapadd`.
    pub fn ldapadd(&self, ldif: &str) -> Result<(), LabError> {
        self.tools.add(ldif)
    }

    /// Carries out change records (RFC 2849), as the administrator, with `ldapmodify`.
    pub fn ldapmodify(&self, ldif: &str) -> Result<(), LabError> {
        self.tools.modify(ldif)
    }

    /// Whether a user can sign in: `user` is a login name with its `@`, a DN, or `LAB\name`. Any refusal for the
    /// credentials (wrong, disabled, locked, expired, must change) is `false`; anything else is an error.
    pub fn bind_works(&self, user: &str, password: &str) -> Result<bool, LabError> {
        self.tools.bind_works(user, password)
    }
}

fn launch(folder: &Path, tools: &LdapTools) -> Result<Server, LabError> {
    let mut server = Server::start(ServerCommand {
        name: "samba",
        program: programs::find("samba")?,
        arguments: vec![
            "-F".into(),
            "--no-process-group".into(),
            "--model=prefork".into(),
            config_option(folder).into(),
        ],
        run_as: RunAs::Caller,
        folder: folder.to_owned(),
        ending: Ending::Kill,
    })?;
    server.wait_until_ready(START_LIMIT, || tools.answers())?;
    Ok(server)
}

fn provision(folder: &Path) -> Result<(), LabError> {
    make_folders(folder)?;
    // Not /etc/samba/smb.conf: provisioning would take this machine's settings from it.
    let empty = folder.join("empty.conf");
    fs::write(&empty, "").map_err(LabError::file("writing", &empty))?;
    let option = |name: &str, value: &str| format!("--option={name}={}", folder.join(value).display());
    let mut command = Command::new(programs::find("samba-tool")?);
    command
        .args(PROVISION)
        .arg(format!("--targetdir={}", folder.display()))
        .arg(format!("--configfile={}", empty.display()))
        .arg("--option=bind interfaces only=yes")
        .arg(option("log file", "log/provision"))
        .arg(option("ncalrpc dir", "ncalrpc"))
        .arg(option("pid directory", "run"));
    run("provisioning the domain", command)?;
    configure(folder, Ipv4Addr::LOCALHOST)?;
    samba_tool("setting the password policy", folder, &PASSWORD_POLICY).map(drop)
}

fn samba_tool(doing: &str, folder: &Path, arguments: &[&str]) -> Result<String, LabError> {
    let mut command = Command::new(programs::find("samba-tool")?);
    command.args(arguments).arg(config_option(folder));
    run(doing, command)
}

fn config_option(folder: &Path) -> String {
    format!("--configfile={}", folder.join("etc/smb.conf").display())
}

fn make_folders(folder: &Path) -> Result<(), LabError> {
    for name in FOLDERS {
        let path = folder.join(name);
        DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(&path)
            .map_err(LabError::file("creating the folder", &path))?;
    }
    Ok(())
}

/// Writes the configuration for a folder and an address. A provisioned folder can be moved, because every path in
/// it is said here.
fn configure(folder: &Path, ip: Ipv4Addr) -> Result<(), LabError> {
    make_folders(folder)?;
    let path = folder.join("etc/smb.conf");
    fs::write(&path, configuration(folder, ip)).map_err(LabError::file("writing", &path))
}

/// The mask of the interface has to be /8: for a longer one Samba looks for an interface with exactly this address
/// and, finding none, listens nowhere.
fn configuration(folder: &Path, ip: Ipv4Addr) -> String {
    let dir = folder.display();
    format!(
        "[global]
netbios name = DC1
workgroup = LAB
realm = LAB.TEST
server role = active directory domain controller
server services = ldap
dcerpc endpoint servers =
interfaces = {ip}/8
bind interfaces only = yes
private dir = {dir}/private
state directory = {dir}/state
cache directory = {dir}/cache
lock directory = {dir}
pid directory = {dir}/run
ncalrpc dir = {dir}/ncalrpc
ntp signd socket directory = {dir}/ntp
winbindd socket directory = {dir}/run/winbindd
binddns dir = {dir}/bind-dns
log file = {dir}/log/log.samba
logging = file
log level = 1
max log size = 0
disable netbios = yes
load printers = no
tls enabled = yes
tls keyfile = tls/server.key
tls certfile = tls/server.pem
tls cafile = tls/ca.pem
ldap server require strong auth = yes
prefork children = 2
ldb:nosync = true
dsdb:schema update allowed = true
[sysvol]
path = {dir}/state/sysvol
read only = no
[netlogon]
path = {dir}/state/sysvol/lab.test/scripts
read only = no
"
    )
}
