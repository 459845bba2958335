//! Child processes, with how long they took, what they used, and when they were done with a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::Outcome;

/// How often a child is looked at.
const EVERY: Duration = Duration::from_millis(5);

/// What a child process did.
pub struct Measured {
    /// How it ended.
    pub status: ExitStatus,
    /// From its start to its end.
    pub wall: Duration,
    /// What it used, as last seen.
    pub used: Used,
    /// How much of its time had gone when it no longer had the watched file open.
    pub file_closed: Option<Duration>,
}

/// What a process used. Looked at every 5 ms until its end, so the last moments of a short one are not in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    /// The most memory it had, in bytes: its `VmHWM`. None when the child was never seen.
    pub memory: Option<u64>,
    /// Time on processors, of all threads together, in steps of 10 ms.
    pub processor: Option<Duration>,
}

impl Used {
    /// What several processes used one after the other: the most memory, and the sum of the time.
    pub fn and(self, next: Self) -> Self {
        Self {
            memory: self.memory.max(next.memory),
            processor: sum(self.processor, next.processor),
        }
    }

    /// What several processes used at the same time: the sum of both.
    pub fn beside(self, other: Self) -> Self {
        Self {
            memory: sum(self.memory, other.memory),
            processor: sum(self.processor, other.processor),
        }
    }
}

fn sum<T: std::ops::Add<Output = T>>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one + other),
        (one, other) => one.or(other),
    }
}

/// Runs a child whose standard output goes to a file, or to nowhere.
pub fn run(command: &mut Command, output: Option<&Path>) -> Outcome<Measured> {
    watch(command, output, None)
}

/// The same, also looking when the child is done with a file.
pub fn watch(command: &mut Command, output: Option<&Path>, file: Option<&Path>) -> Outcome<Measured> {
    let file = file.map(fs::canonicalize).transpose()?;
    let stdout = match output {
        None => Stdio::null(),
        Some(path) => fs::File::create(path)?.into(),
    };
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(stdout).spawn()?;
    let folder = PathBuf::from(format!("/proc/{}", child.id()));
    let ended = AtomicBool::new(false);
    let (status, wall, sampled) = std::thread::scope(|scope| {
        let sampler = scope.spawn(|| sample(&folder, file.as_deref(), started, &ended));
        let status = child.wait();
        let wall = started.elapsed();
        ended.store(true, Ordering::Relaxed);
        (status, wall, sampler.join())
    });
    let (used, file_closed) = sampled.map_err(|_| "the thread that looks at the child has broken off")?;
    Ok(Measured {
        status: status?,
        wall,
        used,
        file_closed,
    })
}

fn sample(
    folder: &Path,
    file: Option<&Path>,
    started: Instant,
    ended: &AtomicBool,
) -> (Used, Option<Duration>) {
    let (mut used, mut last_open, mut open) = (Used::default(), None, false);
    while !ended.load(Ordering::Relaxed) {
        used.memory = used.memory.max(high_water_mark(folder));
        used.processor = used.processor.max(processor_time(folder));
        if let Some(file) = file {
            open = has_open(folder, file);
            if open {
                last_open = Some(started.elapsed());
            }
        }
        std::thread::sleep(EVERY);
    }
    (used, last_open.filter(|_| !open))
}

/// `VmHWM` of a process in bytes; none when it is gone.
fn high_water_mark(folder: &Path) -> Option<u64> {
    let status = fs::read_to_string(folder.join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kibibytes * 1024)
}

/// The fields `utime` and `stime` of a process, which Linux counts in hundredths of a second.
fn processor_time(folder: &Path) -> Option<Duration> {
    let stat = fs::read_to_string(folder.join("stat")).ok()?;
    // The name of the program may have anything in it but ends with the last bracket.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let mut next = || times.next()?.parse::<u64>().ok();
    Some(Duration::from_millis((next()? + next()?) * 10))
}

fn has_open(folder: &Path, file: &Path) -> bool {
    fs::read_dir(folder.join("fd")).is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| fs::read_link(entry.path()).is_ok_and(|path| path == file))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_timed_and_its_memory_seen() {
        let measured = run(Command::new("sleep").arg("0.1"), None).unwrap();
        assert!(measured.status.success());
        assert!(measured.wall >= Duration::from_millis(100));
        assert!(measured.used.memory > Some(100_000), "{:?}", measured.used);
    }
    #[test]
    fn work_of_a_child_is_seen_as_time_on_processors() {
        let mut busy = Command::new("sh");
        busy.args(["-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"]);
        let measured = run(&mut busy, None).unwrap();
        assert!(
            measured.used.processor >= Some(Duration::from_millis(20)),
            "{:?}",
            measured.used
        );
    }
}
