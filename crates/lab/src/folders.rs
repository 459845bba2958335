//! Where things are kept: what is made once under `target/lab`, and one private folder for each running server.

use std::{
    env, fs,
    fs::{DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use rustix::process::getuid;

use crate::LabError;

/// A Unix socket's path may have 107 bytes; this leaves room for a folder of ours and the socket's own name.
const LONGEST_ROOT: usize = 60;

/// The folder that outlives test runs, below the workspace's target folder.
pub(crate) fn lab_folder() -> Result<PathBuf, LabError> {
    let folder = target_folder().join("lab");
    fs::create_dir_all(&folder).map_err(LabError::file("creating the folder", &folder))?;
    Ok(folder)
}

/// Cargo marks its target folder, wherever it was told to put it; the test being run is somewhere below.
fn target_folder() -> PathBuf {
    env::current_exe()
        .ok()
        .and_then(|exe| {
            exe.ancestors()
                .find(|folder| folder.join("CACHEDIR.TAG").is_file())
                .map(Path::to_owned)
        })
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"))
}

/// Opens a file that exists only to be locked. Such files stay: removing one that another process has just opened
/// would let two processes hold "the same" lock.
pub(crate) fn open_lock(path: &Path) -> Result<File, LabError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(LabError::file("creating the folder", folder))?;
    }
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(LabError::file("opening the lock file", path))
}

/// Locks a file, waiting for whoever has it. Dropping the file unlocks it, as does the end of the process.
pub(crate) fn lock(path: &Path) -> Result<File, LabError> {
    let file = open_lock(path)?;
    file.lock().map_err(LabError::file("locking", path))?;
    Ok(file)
}

/// Takes a lock if nobody else has it.
pub(crate) fn try_lock(path: &Path) -> Result<Option<File>, LabError> {
    let file = open_lock(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(source)) => Err(LabError::file("locking", path)(source)),
    }
}

/// The private folder of one server. It is removed on drop; what a killed process left behind is removed when the
/// next folder is made, which is safe because the lock beside a folder is held as long as its process lives.
#[derive(Debug)]
pub(crate) struct InstanceFolder {
    path: PathBuf,
    lock_path: PathBuf,
    _lock: File,
}

impl InstanceFolder {
    /// Makes an empty folder whose name begins with `kind`.
    pub(crate) fn create(kind: &str) -> Result<Self, LabError> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);

        let root = run_root()?;
        // Held while sweeping and while claiming, so that nobody sweeps a folder between its making and its lock.
        let _registry = lock(&root.join("registry.lock"))?;
        sweep(&root);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let path = root.join(format!("{kind}-{}-{number}", process::id()));
        let lock_path = path.with_extension("lock");
        let lock = lock(&lock_path)?;
        // A process of this number may have lived before and left what could not be swept.
        remove(&path).map_err(LabError::file("removing the old folder", &path))?;
        DirBuilder::new()
            .mode(0o711)
            .create(&path)
            .map_err(LabError::file("creating the folder", &path))?;
        Ok(Self {
            path,
            lock_path,
            _lock: lock,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for InstanceFolder {
    fn drop(&mut self) {
        // A folder that cannot be removed now keeps its lock file, by which a later sweep finds it.
        if remove(&self.path).is_ok() {
            let _ = fs::remove_file(&self.lock_path);
        }
    }
}

/// Where running servers have their folders: below `target/lab`, unless the path is too long for a socket or the
/// `postgres` user could not walk it, as in a checkout below root's home.
fn run_root() -> Result<PathBuf, LabError> {
    let preferred = lab_folder()?.join("run");
    if preferred.as_os_str().len() <= LONGEST_ROOT && (!getuid().is_root() || open_to_all(&preferred)) {
        fs::create_dir_all(&preferred).map_err(LabError::file("creating the folder", &preferred))?;
        return Ok(preferred);
    }
    let shared = env::temp_dir().join(format!("tenure-lab-{}", getuid().as_raw()));
    match DirBuilder::new().mode(0o711).create(&shared) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(LabError::file("creating the folder", &shared)(error));
        }
        _ => {}
    }
    // Anyone may write to the folder for temporary files, so what is there by this name need not be ours.
    let found = fs::symlink_metadata(&shared).map_err(LabError::file("looking at", &shared))?;
    if !found.is_dir() || found.uid() != getuid().as_raw() {
        let foreign = io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to somebody else");
        return Err(LabError::file("using the folder", &shared)(foreign));
    }
    Ok(shared)
}

/// Whether every user may walk to this path, as far as it exists.
fn open_to_all(path: &Path) -> bool {
    path.ancestors()
        .filter_map(|folder| fs::metadata(folder).ok())
        .all(|found| found.mode() & 0o001 != 0)
}

/// Removes the folders of processes that are no more. What cannot be removed yet is left to the next sweep.
fn sweep(root: &Path) {
    let Ok(entries) = fs::read_dir(root) else { return };
    for lock_path in entries.flatten().map(|entry| entry.path()) {
        let is_lock = lock_path.extension().is_some_and(|extension| extension == "lock");
        if !is_lock || lock_path.ends_with("registry.lock") {
            continue;
        }
        if let Ok(Some(_held)) = try_lock(&lock_path)
            && remove(&lock_path.with_extension("")).is_ok()
        {
            let _ = fs::remove_file(&lock_path);
        }
    }
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
