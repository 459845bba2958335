//! A PostgreSQL server.

use std::{
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use rustix::process::getuid;

use crate::{
    LabError, ReservedPort,
    folders::InstanceFolder,
    process::{Ending, RunAs, Server, ServerCommand, run},
    programs,
    templates::{copy, template},
};

/// The database user, who may do anything, and the system user whom the server runs as where the test is run by
/// root, which it refuses to be.
const SUPERUSER: &str = "postgres";
const RUN_AS: RunAs = RunAs::NotRoot(SUPERUSER);

const INITDB: [&str; 5] = [
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--no-sync",
];
/// Nothing here survives the test, so nothing has to survive a power cut.
const SETTINGS: [&str; 6] = [
    "listen_addresses=127.0.0.1",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "timezone=UTC",
    "log_timezone=UTC",
];
const START_LIMIT: Duration = Duration::from_secs(30);

/// A running PostgreSQL server on a free port of 127.0.0.1 and a Unix socket; whoever reaches it may connect as
/// `postgres` without a password.
#[derive(Debug)]
pub struct Postgres {
    // Fields are dropped in this order: the server has to be gone before its folder and its port are.
    _server: Server,
    folder: InstanceFolder,
    port: ReservedPort,
}

impl Postgres {
    /// Starts a server; the first one on a machine also initialises the cluster the others are copied from.
    pub fn start() -> Result<Self, LabError> {
        let program = programs::find("postgres")?;
        // The path says which major version it is, and a cluster fits one only.
        let cluster = template("postgres", (INITDB, &program), initialise)?;
        let folder = InstanceFolder::create("postgres")?;
        let data = folder.join("data");
        copy(&cluster.join("data"), &data)?;
        let port = ReservedPort::reserve()?;

        let mut arguments = vec![
            "-D".into(),
            data.clone().into(),
            "-p".into(),
            port.number().to_string().into(),
            "-k".into(),
        ];
        arguments.push(data.clone().into());
        for setting in SETTINGS {
            arguments.extend(["-c".into(), setting.into()]);
        }
        let mut server = Server::start(ServerCommand {
            name: "postgres",
            program,
            arguments,
            run_as: RUN_AS,
            folder: folder.path().to_owned(),
            ending: Ending::Quit,
        })?;
        server.wait_until_ready(START_LIMIT, || accepts_connections(&data))?;
        Ok(Self {
            _server: server,
            folder,
            port,
        })
    }

    /// The server that all tests of this process share, started when first asked for. It ends with the process;
    /// its folder goes when the next server of the lab is started.
    pub fn shared() -> Result<&'static Self, LabError> {
        static SHARED: Mutex<Option<&'static Postgres>> = Mutex::new(None);

        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = *shared {
            return Ok(server);
        }
        // A static is never dropped either, so leaking is the same with one indirection less.
        let server: &'static Self = Box::leak(Box::new(Self::start()?));
        *shared = Some(server);
        Ok(server)
    }

    /// The URL of the database `postgres`, which is for administering.
    pub fn url(&self) -> String {
        self.url_of(SUPERUSER)
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The folder of the Unix socket, as `host` in a connection string.
    pub fn socket_folder(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Creates an empty database and returns its URL. The name may have any characters that a URL's path may.
    pub fn create_database(&self, name: &str) -> Result<String, LabError> {
        let mut command = Command::new(programs::find("createdb")?);
        command.args([
            "-h",
            "127.0.0.1",
            "-p",
            &self.port().to_string(),
            "-U",
            SUPERUSER,
            "--",
            name,
        ]);
        run("creating a database", command)?;
        Ok(self.url_of(name))
    }

    /// Creates an empty database with a name of its own and returns its URL.
    pub fn fresh_database(&self) -> Result<String, LabError> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);

        self.create_database(&format!("fresh_{}", COUNTER.fetch_add(1, Ordering::Relaxed)))
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://{SUPERUSER}@127.0.0.1:{}/{database}", self.port())
    }
}

/// The server writes its state into the eighth line of this file, which is how `pg_ctl` knows, too.
fn accepts_connections(data: &Path) -> bool {
    fs::read_to_string(data.join("postmaster.pid"))
        .is_ok_and(|text| text.lines().nth(7).is_some_and(|state| state.trim() == "ready"))
}

fn initialise(folder: &Path) -> Result<(), LabError> {
    let data = folder.join("data");
    if getuid().is_root() {
        let mut command = Command::new(programs::find("install")?);
        command
            .args(["-d", "-m", "700", "-o", SUPERUSER, "-g", SUPERUSER])
            .arg(&data);
        run("making the cluster's folder", command)?;
    } else {
        DirBuilder::new()
            .mode(0o700)
            .create(&data)
            .map_err(LabError::file("creating the folder", &data))?;
    }
    let mut command = RUN_AS.command(&programs::find("initdb")?)?;
    command.args(INITDB).arg("-D").arg(&data).current_dir(folder);
    run("initialising a database cluster", command).map(drop)
}
