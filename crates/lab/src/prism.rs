//! A proxy that holds both sides of a conversation to an OpenAPI description: npm's Prism.

use std::{
    net::{Ipv4Addr, TcpStream},
    path::Path,
    time::Duration,
};

use crate::{
    LabError, ReservedPort,
    folders::InstanceFolder,
    npm,
    process::{Ending, RunAs, Server, ServerCommand},
    programs,
};

const PACKAGE: &str = "@stoplight/prism-cli@5.14.2";
const SCRIPT: &str = "node_modules/@stoplight/prism-cli/dist/index.js";
const START_LIMIT: Duration = Duration::from_mins(2);

/// A running `prism proxy --errors`. A request that the description does not allow is answered with 422 and goes no
/// further, and one whose answer it does not allow with 500; both say what was wrong.
#[derive(Debug)]
pub struct Prism {
    // Fields are dropped in this order: the server has to be gone before its folder and its port are.
    _server: Server,
    _folder: InstanceFolder,
    port: ReservedPort,
}

impl Prism {
    /// Stands in front of a server, at this port. The package is installed with npm when it is not there yet;
    /// [`LabError::Missing`] when Node.js or npm is not.
    pub fn proxy(description: &Path, server: &str, port: ReservedPort) -> Result<Self, LabError> {
        let node = programs::find("node")?;
        let modules = npm::installed("prism", PACKAGE)?;
        let folder = InstanceFolder::create("prism")?;
        let mut prism = Server::start(ServerCommand {
            name: "prism",
            program: node,
            arguments: vec![
                modules.join(SCRIPT).into(),
                "proxy".into(),
                "--errors".into(),
                "--port".into(),
                port.number().to_string().into(),
                description.into(),
                server.into(),
            ],
            run_as: RunAs::Caller,
            folder: folder.path().to_owned(),
            ending: Ending::Kill,
        })?;
        let address = (Ipv4Addr::LOCALHOST, port.number());
        prism.wait_until_ready(START_LIMIT, || TcpStream::connect(address).is_ok())?;
        Ok(Self {
            _server: prism,
            _folder: folder,
            port,
        })
    }

    /// Where it is, e.g. `http://127.0.0.1:21007`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number())
    }
}
