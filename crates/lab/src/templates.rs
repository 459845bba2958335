//! What takes long to make is made once, kept under `target/lab/templates` and copied for each server.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    LabError,
    folders::{InstanceFolder, lab_folder, lock},
    process::run,
    programs,
};

/// The folder of the template `kind`, made by `make` if it is not there yet; `make` is given an empty folder.
/// Parallel test processes wait for the first. `recipe` is whatever decides what comes out: when it changes, the
/// template is made anew.
pub(crate) fn template(
    kind: &str,
    recipe: impl Hash,
    make: impl FnOnce(&Path) -> Result<(), LabError>,
) -> Result<PathBuf, LabError> {
    let mut hasher = DefaultHasher::new();
    recipe.hash(&mut hasher);
    let folder = lab_folder()?.join("templates");
    let finished = folder.join(format!("{kind}-{:016x}", hasher.finish()));
    if finished.is_dir() {
        return Ok(finished);
    }

    let _making = lock(&folder.join(format!("{kind}.lock")))?;
    if finished.is_dir() {
        return Ok(finished);
    }
    let workshop = InstanceFolder::create(kind)?;
    make(workshop.path())?;
    // The rename at the end is what makes it visible, so nobody ever copies a half-made one.
    let unfinished = finished.with_extension("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(LabError::file("removing", &unfinished))?;
    }
    copy(workshop.path(), &unfinished)?;
    fs::rename(&unfinished, &finished).map_err(LabError::file("renaming", &unfinished))?;
    Ok(finished)
}

/// Copies a folder into a new or empty one with owners, modes, extended attributes and holes as they were, sharing
/// blocks where the file system can.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), LabError> {
    let mut command = Command::new(programs::find("cp")?);
    command
        .args(["-a", "-T", "--reflink=auto", "--sparse=always"])
        .args([from, to]);
    run("copying a template", command).map(drop)
}
