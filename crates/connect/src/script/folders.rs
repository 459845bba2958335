//! The folders from which scripts may be run. Only the server's own configuration names them, never a document.

use std::path::{Path, PathBuf};

use tenure_core::outcome::Refusal;

/// The folders from which scripts may be run; without one none is.
#[derive(Clone, Debug, Default)]
pub struct ScriptFolders {
    folders: Vec<PathBuf>,
}

/// A folder that scripts cannot be run from.
#[derive(Debug, thiserror::Error)]
#[error("scripts cannot be allowed in `{}`: {why}", folder.display())]
pub struct ScriptFolderError {
    /// The folder.
    pub folder: PathBuf,
    /// Why not.
    pub why: String,
}

impl ScriptFolders {
    /// These folders, as they are really called.
    ///
    /// # Errors
    /// One that is not there or is no folder.
    pub fn new(folders: impl IntoIterator<Item = PathBuf>) -> Result<Self, ScriptFolderError> {
        let real = |folder: PathBuf| match folder.canonicalize() {
            Ok(real) if real.is_dir() => Ok(real),
            Ok(_) => Err(ScriptFolderError {
                folder,
                why: "it is no folder".to_owned(),
            }),
            Err(error) => Err(ScriptFolderError {
                folder,
                why: error.to_string(),
            }),
        };
        Ok(Self {
            folders: folders.into_iter().map(real).collect::<Result<_, _>>()?,
        })
    }

    /// The program that a document calls by this path, if it is in an allowed folder and nobody else can change it.
    pub(super) fn find(&self, path: &str) -> Result<PathBuf, Refusal> {
        let no = |message: String, hint: &str| Refusal {
            code: String::new(),
            message,
            hint: hint.to_owned(),
        };
        if self.folders.is_empty() {
            let hint = "name the folder with scripts when Tenure is started: `--allow-scripts FOLDER`, or the \
                        environment variable TENURE_SCRIPTS";
            return Err(no("this server does not allow scripts".to_owned(), hint));
        }
        for folder in &self.folders {
            let Ok(real) = folder.join(path).canonicalize() else {
                continue;
            };
            if !real.starts_with(folder) {
                let message = format!(
                    "`{path}` leads to {}, outside of {}",
                    real.display(),
                    folder.display()
                );
                let hint = "put the program itself into the folder";
                return Err(no(message, hint));
            }
            if !real.is_file() {
                return Err(no(
                    format!("{} is no file", real.display()),
                    "name the program's file",
                ));
            }
            return match changeable(&real, folder) {
                Some(why) => {
                    let hint = "whoever can change it could run anything as Tenure; take the right away with `chmod o-w`";
                    Err(no(why, hint))
                }
                None => Ok(real),
            };
        }
        let folders: Vec<_> = self
            .folders
            .iter()
            .map(|folder| folder.display().to_string())
            .collect();
        let message = format!("there is no `{path}` in {}", folders.join(" or "));
        Err(no(
            message,
            "put the program there, or correct the script's `path`",
        ))
    }
}

/// Why anybody on the machine could change a program, when that is so: it or a folder on the way is writable by all.
#[cfg(unix)]
fn changeable(program: &Path, folder: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let on_the_way = program.ancestors().take_while(|path| path.starts_with(folder));
    for path in on_the_way {
        match std::fs::metadata(path) {
            Ok(data) if data.permissions().mode() & 0o002 != 0 => {
                return Some(format!(
                    "{} can be changed by everybody on this machine",
                    path.display()
                ));
            }
            Ok(_) => {}
            Err(error) => return Some(format!("{} cannot be looked at: {error}", path.display())),
        }
    }
    None
}

/// On other systems the folder's own rights are the administrator's.
#[cfg(not(unix))]
fn changeable(_: &Path, _: &Path) -> Option<String> {
    None
}
