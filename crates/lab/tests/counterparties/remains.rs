//! Finds what a server leaves on the machine.

use std::{fs, path::Path, time::Duration};

use tenure_lab::{LabError, wait_until};

/// The command lines of the processes that run in a folder or were told about it. One that has ended and was only
/// not collected by its new parent is no longer there for anybody.
pub fn processes_of(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let about = |process: &Path| -> Option<String> {
        let own = process.file_name()?.to_str()?.parse::<u32>().ok()? == std::process::id();
        let status = fs::read_to_string(process.join("status")).ok()?;
        let command = fs::read_to_string(process.join("cmdline"))
            .ok()?
            .replace('\0', " ");
        let runs_there = fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
        let names_it = command.contains(folder.to_str()?);
        (!own && !status.contains("State:\tZ") && (runs_there || names_it)).then_some(command)
    };
    entries
        .flatten()
        .filter_map(|entry| about(&entry.path()))
        .collect()
}

/// Waits until no process has to do with a folder.
pub fn wait_until_gone(folder: &Path) -> Result<(), LabError> {
    let what = format!("the processes of {} to end", folder.display());
    wait_until(&what, Duration::from_secs(15), || processes_of(folder).is_empty())
}
