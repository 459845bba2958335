//! An OAuth 2.0 server: npm's `oidc-provider`, with an API that its tokens open.

use std::{
    fs,
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

use crate::{
    Certificate, LabError, ReservedPort,
    folders::InstanceFolder,
    npm,
    process::{Ending, RunAs, Server, ServerCommand},
    programs,
};

/// The version that is installed, the last one that every supported Node.js runs.
const PACKAGE: &str = "oidc-provider@8.8.1";
const SCRIPT: &str = include_str!("oidc/provider.mjs");
const START_LIMIT: Duration = Duration::from_mins(1);

/// A running `oidc-provider`: everything in memory, PKCE required, refresh tokens replaced with each use. Its clients
/// are `people`, `people-body` and `people-public` (authorization code) and `machine`, `machine-body` and
/// `machine-certificate` (client credentials). `GET /api/users` wants a token. See `oidc/provider.mjs` for what `/_lab/…` can do.
#[derive(Debug)]
pub struct OidcProvider {
    // Fields are dropped in this order: the server has to be gone before its folder and its port are.
    _server: Server,
    machine: Certificate,
    _folder: InstanceFolder,
    port: ReservedPort,
}

impl OidcProvider {
    /// The secret of the clients `people` and `people-body`.
    pub const PEOPLE_SECRET: &str = "c0de-s3cret/with+signs&more";
    /// The secret of the clients `machine` and `machine-body`.
    pub const MACHINE_SECRET: &str = "mach1ne-s3cret/with+signs&more";

    /// Starts a server whose clients may be sent to this URL. The package is installed with npm when it is not there
    /// yet; [`LabError::Missing`] when Node.js or npm is not.
    pub fn start(redirect_url: &str) -> Result<Self, LabError> {
        let node = programs::find("node")?;
        let modules = npm::installed("oidc-provider", PACKAGE)?;
        let folder = InstanceFolder::create("oidc")?;
        let port = ReservedPort::reserve()?;
        let machine = Certificate::of_program(folder.path(), "machine")?;
        let script = folder.join("provider.mjs");
        fs::write(&script, SCRIPT).map_err(LabError::file("writing", &script))?;
        let mut server = Server::start(ServerCommand {
            name: "oidc-provider",
            program: node,
            arguments: vec![
                script.into(),
                modules.into(),
                port.number().to_string().into(),
                redirect_url.into(),
                machine.certificate.clone().into(),
            ],
            run_as: RunAs::Caller,
            folder: folder.path().to_owned(),
            ending: Ending::Kill,
        })?;
        let address = (Ipv4Addr::LOCALHOST, port.number());
        server.wait_until_ready(START_LIMIT, || TcpStream::connect(address).is_ok())?;
        Ok(Self {
            _server: server,
            machine,
            _folder: folder,
            port,
        })
    }

    /// The certificate of the client `machine-certificate`, with its key.
    pub fn machine_certificate(&self) -> &Certificate {
        &self.machine
    }

    /// Where it is, e.g. `http://127.0.0.1:21007`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number())
    }
}
