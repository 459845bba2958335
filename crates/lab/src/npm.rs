//! Packages of npm, each installed once and kept.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{LabError, process::run, programs, templates::template};

/// The folder in whose `node_modules` a package is; `package` is `name@version`. It is installed when it is not there
/// yet; [`LabError::Missing`] when npm is not.
pub(crate) fn installed(kind: &str, package: &str) -> Result<PathBuf, LabError> {
    template(kind, package, |folder| install(folder, package))
}

fn install(folder: &Path, package: &str) -> Result<(), LabError> {
    let mut command = Command::new(programs::find("npm")?);
    command
        .args([
            "install",
            "--no-audit",
            "--no-fund",
            "--no-save",
            "--ignore-scripts",
        ])
        .arg("--prefix")
        .arg(folder)
        .arg(package)
        .current_dir(folder);
    run("installing a package with npm", command).map(drop)
}
