//! One program from its start to its end: input written, output kept up to a bound, and nothing left running.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::prepared::Ready;

/// How much of what a program writes is kept, in bytes; the rest is read and thrown away.
const KEPT: usize = 64 << 10;
/// How long what a program has started may keep its output open after all was killed.
const LINGERING: Duration = Duration::from_secs(2);
/// How often a program that is still being written is tried.
const BUSY_TRIES: u32 = 10;

/// What a program left.
#[derive(Debug)]
pub(super) struct Ended {
    /// How it ended; none when its time was over and it was killed.
    pub(super) status: Option<ExitStatus>,
    pub(super) output: Kept,
    pub(super) errors: Kept,
}

/// The start of what a program wrote.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    pub(super) bytes: Vec<u8>,
    /// Whether there was more.
    pub(super) cut: bool,
}

/// Runs a program to its end, or until its time is over. An error means that it was not started.
pub(super) async fn run(ready: &Ready, timeout: Duration) -> io::Result<Ended> {
    let mut child = start(ready).await?;
    let group = Group::of(&child);
    let input = child.stdin.take().map(|mut stdin| {
        let input = ready.input.clone();
        tokio::spawn(async move {
            // A program need not read what it is given.
            let _ = stdin.write_all(input.as_bytes()).await;
        })
    });
    let output = Reading::of(child.stdout.take());
    let errors = Reading::of(child.stderr.take());
    let status = match tokio::time::timeout(timeout, child.wait()).await {
        Ok(status) => Some(status?),
        Err(_) => None,
    };
    // What it has started ends with it.
    drop(group);
    if status.is_none() {
        let _ = child.start_kill();
        let _ = child.wait().await;
    }
    if let Some(input) = input {
        input.abort();
    }
    Ok(Ended {
        status,
        output: output.end().await,
        errors: errors.end().await,
    })
}

async fn start(ready: &Ready) -> io::Result<Child> {
    let mut command = Command::new(&ready.program);
    command
        .args(&ready.arguments)
        .env_clear()
        .envs(surroundings())
        .envs(
            ready
                .environment
                .iter()
                .map(|(name, value)| (name, value.expose())),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    if let Some(folder) = ready.program.parent() {
        command.current_dir(folder);
    }
    #[cfg(unix)]
    command.process_group(0);
    let mut tries = 0;
    loop {
        match command.spawn() {
            // Somebody is just writing it, or has not closed it yet.
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < BUSY_TRIES => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            started => return started,
        }
    }
}

/// The little that programs need of the machine's own environment.
fn surroundings() -> Vec<(String, String)> {
    if cfg!(windows) {
        let names = [
            "SystemRoot",
            "SystemDrive",
            "ComSpec",
            "PATH",
            "PATHEXT",
            "TEMP",
            "TMP",
        ];
        let variables = names.into_iter();
        return variables
            .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)))
            .collect();
    }
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    [("PATH", path), ("LANG", "C.UTF-8")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

/// A program with all that it starts; killed when this is dropped.
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl Group {
    #[cfg(unix)]
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self {
            leader: id.and_then(rustix::process::Pid::from_raw),
        }
    }

    #[cfg(not(unix))]
    fn of(_: &Child) -> Self {
        Self {}
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(leader) = self.leader {
            // When nobody is left there is nothing to kill.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

/// What is read of one of a program's outputs, while it is.
struct Reading {
    kept: Arc<Mutex<Kept>>,
    task: Option<tokio::task::JoinHandle<()>>,
}

impl Reading {
    fn of(pipe: Option<impl AsyncRead + Send + Unpin + 'static>) -> Self {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let task = pipe.map(|mut pipe| {
            let kept = Arc::clone(&kept);
            tokio::spawn(async move {
                let mut buffer = vec![0; 16 << 10];
                while let Ok(read @ 1..) = pipe.read(&mut buffer).await {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    let room = (KEPT - kept.bytes.len()).min(read);
                    kept.bytes
                        .extend_from_slice(buffer.get(..room).unwrap_or_default());
                    kept.cut |= room < read;
                }
            })
        });
        Self { kept, task }
    }

    async fn end(self) -> Kept {
        if let Some(mut task) = self.task
            && tokio::time::timeout(LINGERING, &mut task).await.is_err()
        {
            task.abort();
        }
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
