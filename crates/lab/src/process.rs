//! Runs programs: short ones to their end, servers until they are told to stop or their parent is no more.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex, OnceLock, PoisonError,
        mpsc::{self, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, getuid, kill_process, kill_process_group};

use crate::{LabError, programs, wait::PAUSE};

/// How many lines of a server's log an error shows.
const LOG_LINES: usize = 25;
/// How long a server that was asked to end is given before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs a command to its end and returns what it wrote to its standard output.
pub(crate) fn run(doing: &str, mut command: Command) -> Result<String, LabError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(LabError::file("running", &program))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let said = if stderr.trim().is_empty() {
        &stdout
    } else {
        stderr.trim_end()
    };
    let output_end = last_lines(said);
    Err(LabError::Command {
        doing: doing.to_owned(),
        program,
        status: output.status,
        output: output_end,
    })
}

/// As whom a program runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RunAs {
    /// As the user who runs the test.
    Caller,
    /// As this user where the test is run by root, who may not run the program; else as the caller.
    NotRoot(&'static str),
}

impl RunAs {
    /// The beginning of a command line that changes to the user.
    fn prefix(self) -> Result<Vec<OsString>, LabError> {
        match self {
            Self::NotRoot(user) if getuid().is_root() => {
                let setpriv = programs::find("setpriv")?.into_os_string();
                let options = ["--reuid", user, "--regid", user, "--init-groups", "--"];
                Ok(std::iter::once(setpriv)
                    .chain(options.map(OsString::from))
                    .collect())
            }
            _ => Ok(Vec::new()),
        }
    }

    /// A command run as this user, still without arguments.
    pub(crate) fn command(self, program: &Path) -> Result<Command, LabError> {
        let mut line = self.prefix()?;
        line.push(program.into());
        Ok(command_of(line))
    }
}

fn command_of(line: Vec<OsString>) -> Command {
    let mut words = line.into_iter();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    command
}

/// What ends a server at once.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    /// The whole process group is killed; for servers that leave nothing outside their folder.
    Kill,
    /// The server is sent SIGQUIT and ends its children itself; for PostgreSQL, which would otherwise leave its
    /// shared memory behind and whose children are in no group of ours.
    Quit,
}

/// How to start a server.
#[derive(Clone, Debug)]
pub(crate) struct ServerCommand {
    pub(crate) name: &'static str,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) run_as: RunAs,
    /// Where it runs and writes its log.
    pub(crate) folder: PathBuf,
    pub(crate) ending: Ending,
}

/// A running server. It is ended on drop, and by the kernel when this process ends in whatever way.
#[derive(Debug)]
pub(crate) struct Server {
    name: &'static str,
    child: Child,
    log: PathBuf,
    ending: Ending,
}

impl Server {
    /// Starts a server in the background, in a process group of its own.
    pub(crate) fn start(server: ServerCommand) -> Result<Self, LabError> {
        let ServerCommand {
            name,
            program,
            arguments,
            run_as,
            folder,
            ending,
        } = server;
        let log = folder.join(format!("{name}.out"));
        let output = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(LabError::file("opening the log", &log))?;
        let errors = output
            .try_clone()
            .map_err(LabError::file("opening the log", &log))?;

        // Changing the user clears the parent-death signal, so it is set after that, by a second setpriv.
        let mut line = run_as.prefix()?;
        if cfg!(target_os = "linux") {
            let signal = match ending {
                Ending::Kill => "KILL",
                Ending::Quit => "QUIT",
            };
            line.push(programs::find("setpriv")?.into());
            line.extend(["--pdeathsig", signal, "--"].map(OsString::from));
        }
        line.push(program.into());
        line.extend(arguments);
        let mut command = command_of(line);
        command
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0);
        let child = spawn_from_keeper(command).map_err(LabError::file("starting", name))?;
        Ok(Self {
            name,
            child,
            log,
            ending,
        })
    }

    /// Waits until `ready` holds; fails as soon as the server ends.
    pub(crate) fn wait_until_ready(
        &mut self,
        limit: Duration,
        mut ready: impl FnMut() -> bool,
    ) -> Result<(), LabError> {
        let doing = "getting ready";
        let deadline = Instant::now() + limit;
        while !ready() {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(LabError::Ended {
                    server: self.name,
                    doing,
                    status,
                    log: self.log_end(),
                });
            }
            if Instant::now() >= deadline {
                let log = format!("; the end of its log:\n{}", self.log_end());
                return Err(LabError::TimedOut {
                    what: format!("{} to get ready", self.name),
                    limit,
                    log,
                });
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Kills the server with everything in its process group, as a crash or a power cut would.
    pub(crate) fn kill(&mut self) {
        // The number is surely still the server's: a child that has not been waited for keeps it.
        if let Ok(None) = self.child.try_wait() {
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            let _ = self.child.wait();
        }
    }

    fn end(&mut self) {
        if matches!(self.ending, Ending::Quit) && matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process(Pid::from_child(&self.child), Signal::QUIT);
            let deadline = Instant::now() + PATIENCE;
            while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
                thread::sleep(PAUSE);
            }
        }
        self.kill();
    }

    fn log_end(&self) -> String {
        last_lines(&fs::read_to_string(&self.log).unwrap_or_default())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines
        .get(lines.len().saturating_sub(LOG_LINES)..)
        .unwrap_or_default()
        .join("\n")
}

type Order = (Command, Sender<io::Result<Child>>);

/// Starts a command from a thread that lives as long as the process. Linux sends the parent-death signal when the
/// *thread* that started the child ends, so a server shared by several tests would die with the first of them.
fn spawn_from_keeper(command: Command) -> io::Result<Child> {
    static KEEPER: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();

    let gone = || io::Error::other("the thread that starts servers has ended");
    let keeper = KEEPER.get_or_init(|| {
        let (orders, inbox) = mpsc::channel::<Order>();
        let keep = move || {
            for (mut command, answer) in inbox {
                let _ = answer.send(command.spawn());
            }
        };
        // Without the thread the inbox is dropped, which the order below is answered with.
        let _ = thread::Builder::new().name("lab-keeper".to_owned()).spawn(keep);
        Mutex::new(orders)
    });
    let (answer, result) = mpsc::channel();
    keeper
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .send((command, answer))
        .map_err(|_| gone())?;
    result.recv().map_err(|_| gone())?
}
