//! A mail server that keeps what it takes: `aiosmtpd` of the Python Package Index.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{
    Authority, LabError, ReservedPort,
    folders::InstanceFolder,
    process::{Ending, RunAs, Server, ServerCommand, run},
    programs,
    templates::template,
};

const PACKAGE: &str = "aiosmtpd==1.4.6";
const SCRIPT: &str = include_str!("smtp/sink.py");
const START_LIMIT: Duration = Duration::from_mins(1);

/// How a connection to the server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpEncryption {
    /// Not at all.
    None,
    /// By STARTTLS, without which nothing is taken.
    StartTls,
    /// From the start.
    Tls,
}

/// A running mail server. Recipients that begin with `busy` are put off once, with `slow` always, and with `no` refused. The first
/// mail to one with `late` is taken and never answered.
#[derive(Debug)]
pub struct SmtpSink {
    // Fields are dropped in this order: the server has to be gone before its folder and its port are.
    server: Option<Server>,
    command: ServerCommand,
    folder: InstanceFolder,
    port: ReservedPort,
}

impl SmtpSink {
    /// Starts a server, which asks for this user and password when there are some. The package is installed with pip
    /// when it is not there yet; [`LabError::Missing`] when Python is not.
    pub fn start(encryption: SmtpEncryption, login: Option<(&str, &str)>) -> Result<Self, LabError> {
        let python = programs::find("python3")?;
        let packages = template("aiosmtpd", PACKAGE, install)?;
        let folder = InstanceFolder::create("smtp")?;
        let port = ReservedPort::reserve()?;
        let script = folder.join("sink.py");
        fs::write(&script, SCRIPT).map_err(LabError::file("writing", &script))?;
        let mails = folder.join("mails");
        fs::create_dir(&mails).map_err(LabError::file("making", &mails))?;
        let addresses = [IpAddr::V4(Ipv4Addr::LOCALHOST)];
        let certificate = Authority::shared()?.issue(folder.path(), &["localhost"], &addresses)?;
        let (user, password) = login.unwrap_or_default();
        let encryption = match encryption {
            SmtpEncryption::None => "none",
            SmtpEncryption::StartTls => "starttls",
            SmtpEncryption::Tls => "tls",
        };
        let command = ServerCommand {
            name: "smtp",
            program: python,
            arguments: vec![
                script.into(),
                packages.into(),
                port.number().to_string().into(),
                mails.into(),
                encryption.into(),
                user.into(),
                password.into(),
                certificate.certificate.into(),
                certificate.key.into(),
            ],
            run_as: RunAs::Caller,
            folder: folder.path().to_owned(),
            ending: Ending::Kill,
        };
        let mut sink = Self {
            server: None,
            command,
            folder,
            port,
        };
        sink.back()?;
        Ok(sink)
    }

    /// Ends the server; what it took stays.
    pub fn away(&mut self) {
        self.server = None;
    }

    /// Starts it again at the same port.
    pub fn back(&mut self) -> Result<(), LabError> {
        let mut server = Server::start(self.command.clone())?;
        let address = (Ipv4Addr::LOCALHOST, self.port.number());
        server.wait_until_ready(START_LIMIT, || TcpStream::connect(address).is_ok())?;
        self.server = Some(server);
        Ok(())
    }

    /// The port on loopback.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The mails that were taken, in order: four lines with `MAIL`, `RCPT`, `TLS` and `AUTH`, then the mail as it came.
    pub fn received(&self) -> Result<Vec<String>, LabError> {
        let mails = self.folder.join("mails");
        let entries = fs::read_dir(&mails).map_err(LabError::file("reading", &mails))?;
        let mut files: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "eml"))
            .collect();
        files.sort();
        let read = |path: PathBuf| {
            let bytes = fs::read(&path).map_err(LabError::file("reading", &path))?;
            Ok(String::from_utf8_lossy(&bytes).replace("\r\n", "\n"))
        };
        files.into_iter().map(read).collect()
    }
}

fn install(folder: &Path) -> Result<(), LabError> {
    let mut command = Command::new(programs::find("python3")?);
    command
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--target",
        ])
        .arg(folder)
        .arg(PACKAGE);
    run("installing aiosmtpd", command).map(drop)
}
