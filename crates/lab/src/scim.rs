//! A SCIM 2.0 server (RFC 7643, RFC 7644): `scim2-server` of the Python package index, which keeps its users in memory.

use std::{
    net::{Ipv4Addr, TcpStream},
    path::Path,
    process::Command,
    time::Duration,
};

use crate::{
    LabError, ReservedPort,
    folders::InstanceFolder,
    process::{Ending, RunAs, Server, ServerCommand, run},
    programs,
    templates::template,
};

const PACKAGE: &str = "scim2-server==0.8.0";
/// Begins it without the script that pip makes, which names the folder in which it was made.
const PROGRAM: &str = "import sys; from scim2_server.testserver.cli import main; sys.exit(main())";
const PYTHON: &str = "bin/python";
const START_LIMIT: Duration = Duration::from_mins(1);

/// A running SCIM server. It has no users at first.
#[derive(Debug)]
pub struct ScimServer {
    // Fields are dropped in this order: the server has to be gone before its folder and its port are.
    _server: Server,
    _folder: InstanceFolder,
    port: ReservedPort,
}

impl ScimServer {
    /// Starts one that lets this bearer token in. The package is installed with pip when it is not there yet;
    /// [`LabError::Missing`] when Python or its `venv` is not.
    pub fn start(token: &str) -> Result<Self, LabError> {
        let environment = template("scim2-server", PACKAGE, install)?;
        let folder = InstanceFolder::create("scim")?;
        let port = ReservedPort::reserve()?;
        let mut server = Server::start(ServerCommand {
            name: "scim2-server",
            program: environment.join(PYTHON),
            arguments: vec![
                "-c".into(),
                PROGRAM.into(),
                "--port".into(),
                port.number().to_string().into(),
                "--bearer-token".into(),
                token.into(),
            ],
            run_as: RunAs::Caller,
            folder: folder.path().to_owned(),
            ending: Ending::Kill,
        })?;
        let address = (Ipv4Addr::LOCALHOST, port.number());
        server.wait_until_ready(START_LIMIT, || TcpStream::connect(address).is_ok())?;
        Ok(Self {
            _server: server,
            _folder: folder,
            port,
        })
    }

    /// The address under which `/Users` is, e.g. `http://127.0.0.1:21007/v2`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v2", self.port.number())
    }
}

fn install(folder: &Path) -> Result<(), LabError> {
    let mut command = Command::new(programs::find("python3")?);
    command.args(["-m", "venv"]).arg(folder).current_dir(folder);
    run(
        "making an environment for Python (Debian package `python3-venv`)",
        command,
    )?;
    let mut command = Command::new(folder.join(PYTHON));
    command
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
        ])
        .arg(PACKAGE)
        .current_dir(folder);
    run("installing scim2-server", command).map(drop)
}
