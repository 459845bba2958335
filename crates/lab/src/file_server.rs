//! A Samba file server with one share, `people`.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use rustix::process::getuid;

use crate::{
    LabError, ReservedPort,
    folders::InstanceFolder,
    process::{Ending, RunAs, Server, ServerCommand, run},
    programs,
};

/// Starting takes a quarter of a second on an idle machine; tests run on busy ones.
const START_LIMIT: Duration = Duration::from_secs(30);
/// The password of everybody.
const PASSWORD: &str = "Passw0rd!Lab";
/// Who may do everything on the share. Users of a file server have to be users of the machine, so these are some that every
/// Debian has and nobody uses.
const ADMIN: &str = "backup";
/// The others.
const USERS: [&str; 2] = ["games", "news"];

/// Folders that the configuration names.
const FOLDERS: [&str; 6] = ["private", "lock", "state", "cache", "run", "ncalrpc"];

/// A running file server on 127.0.0.1 with a share `people`, in which nobody but its administrator has any rights, apart
/// from passing through its top. Rights are those of Windows, kept beside the files.
#[derive(Debug)]
pub struct FileServer {
    // Fields are dropped in this order: the server has to be gone before its folder and its port are.
    server: Server,
    folder: InstanceFolder,
    port: ReservedPort,
}

impl FileServer {
    /// Starts a file server with users of its own: an administrator, `games` and `news`.
    pub fn start() -> Result<Self, LabError> {
        Self::start_in(None)
    }

    /// Starts a file server whose users have security identifiers of this domain, `S-1-5-21-…`.
    pub fn start_with(domain: &str) -> Result<Self, LabError> {
        Self::start_in(Some(domain))
    }

    fn start_in(domain: Option<&str>) -> Result<Self, LabError> {
        if !getuid().is_root() {
            let why = "it acts as several users of the machine";
            return Err(LabError::NeedsRoot {
                what: "a Samba file server",
                why,
            });
        }
        let port = ReservedPort::reserve()?;
        let folder = InstanceFolder::create("files")?;
        for name in FOLDERS.iter().chain(&["share"]) {
            let path = folder.join(name);
            fs::create_dir_all(&path).map_err(LabError::file("creating the folder", &path))?;
        }
        let config = folder.join("smb.conf");
        fs::write(&config, configuration(&folder, port.number()))
            .map_err(LabError::file("writing", &config))?;
        // Rights are checked by the server alone, for whom the system's must not be in the way.
        let mut command = Command::new(programs::find("chmod")?);
        command.arg("0777").arg(folder.join("share"));
        run("opening the share's folder", command)?;
        if let Some(domain) = domain {
            tool(&folder, "net", &["setlocalsid", domain])?;
        }
        for user in USERS.iter().chain(&[ADMIN]) {
            add_user(&folder, user)?;
        }
        // The administrator may do everything everywhere, and everybody passes through the top.
        let admin = sid_of(&folder, ADMIN)?;
        let rights = format!("O:{admin}G:{admin}D:P(A;OICI;0x001f01ff;;;{admin})(A;;0x001200a9;;;WD)");
        let mut command = Command::new(programs::find("samba-tool")?);
        command
            .args(["ntacl", "set", "--use-s3fs", &rights])
            .arg(folder.join("share"))
            .arg(format!("--configfile={}", config.display()));
        run("setting the rights of the share's top", command)?;
        let server = launch(&folder, &port)?;
        Ok(Self { server, folder, port })
    }

    /// The share, `smb://127.0.0.1:PORT/people`.
    pub fn url(&self) -> String {
        format!("smb://127.0.0.1:{}/people", self.port.number())
    }

    /// Who may do everything on the share.
    pub fn admin(&self) -> &'static str {
        ADMIN
    }

    /// The password of everybody.
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Where the share's files are on this machine.
    pub fn files(&self) -> PathBuf {
        self.folder.join("share")
    }

    /// The security identifier of a user.
    pub fn sid(&self, user: &str) -> Result<String, LabError> {
        sid_of(&self.folder, user)
    }

    /// Gives a user another relative identifier, that of an account of the domain.
    pub fn call(&self, user: &str, rid: u32) -> Result<(), LabError> {
        tool(
            &self.folder,
            "pdbedit",
            &["-r", "-u", user, "-U", &rid.to_string()],
        )
        .map(drop)
    }

    /// Runs commands of `smbclient` as a user, e.g. `mkdir ada; ls`, and returns what it printed.
    pub fn smbclient(&self, user: &str, commands: &str) -> Result<String, LabError> {
        let mut command = Command::new(programs::find("smbclient")?);
        command
            .arg(format!("--configfile={}", self.folder.join("smb.conf").display()))
            .args(["//127.0.0.1/people", "-p", &self.port.number().to_string()])
            .args(["-U", &format!("{user}%{PASSWORD}"), "-c", commands])
            .current_dir(self.folder.path());
        run("running smbclient", command)
    }

    /// Ends the server as a crash would. Its files stay for [`restart`](Self::restart).
    pub fn kill(&mut self) {
        self.server.kill();
    }

    /// Starts the server again on the same port.
    pub fn restart(&mut self) -> Result<(), LabError> {
        self.kill();
        self.server = launch(&self.folder, &self.port)?;
        Ok(())
    }
}

fn sid_of(folder: &InstanceFolder, user: &str) -> Result<String, LabError> {
    let shown = tool(folder, "pdbedit", &["-Lv", user])?;
    let line = shown.lines().find_map(|line| line.strip_prefix("User SID:"));
    Ok(line.unwrap_or_default().trim().to_owned())
}

fn launch(folder: &InstanceFolder, port: &ReservedPort) -> Result<Server, LabError> {
    let mut server = Server::start(ServerCommand {
        name: "smbd",
        program: programs::find("smbd")?,
        arguments: vec![
            "-F".into(),
            "--no-process-group".into(),
            format!("--configfile={}", folder.join("smb.conf").display()).into(),
        ],
        run_as: RunAs::Caller,
        folder: folder.path().to_owned(),
        ending: Ending::Kill,
    })?;
    let address = (std::net::Ipv4Addr::LOCALHOST, port.number());
    server.wait_until_ready(START_LIMIT, || std::net::TcpStream::connect(address).is_ok())?;
    Ok(server)
}

fn tool(folder: &InstanceFolder, name: &'static str, arguments: &[&str]) -> Result<String, LabError> {
    let mut command = Command::new(programs::find(name)?);
    command.arg(format!("--configfile={}", folder.join("smb.conf").display()));
    run("setting up the file server", {
        command.args(arguments);
        command
    })
}

/// The password goes in by the standard input, which `smbpasswd` asks for twice.
fn add_user(folder: &InstanceFolder, user: &str) -> Result<(), LabError> {
    let given = folder.join("given");
    fs::write(&given, format!("{PASSWORD}\n{PASSWORD}\n")).map_err(LabError::file("writing", &given))?;
    let mut command = Command::new(programs::find("sh")?);
    command
        .args(["-c", "exec smbpasswd -c \"$1\" -a -s \"$2\" < \"$3\"", "sh"])
        .arg(folder.join("smb.conf"))
        .arg(user)
        .arg(&given);
    run("adding a user of the file server", command).map(drop)
}

fn configuration(folder: &InstanceFolder, port: u16) -> String {
    let dir = folder.path().display();
    format!(
        "[global]
netbios name = FILES
workgroup = FILES
server role = standalone server
passdb backend = tdbsam:{dir}/private/passdb.tdb
interfaces = 127.0.0.1
bind interfaces only = yes
smb ports = {port}
private dir = {dir}/private
lock directory = {dir}/lock
state directory = {dir}/state
cache directory = {dir}/cache
pid directory = {dir}/run
ncalrpc dir = {dir}/ncalrpc
log file = {dir}/log.smbd
logging = file
log level = 1
max log size = 0
disable netbios = yes
load printers = no
vfs objects = acl_xattr
acl_xattr:ignore system acls = yes
[people]
path = {dir}/share
read only = no
admin users = {ADMIN}
"
    )
}
