//! The home folder: documents, database and the vault's key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tenure_core::document::{DocumentError, Documents, Severity, load};
use tenure_core::redact::Redaction;
use tenure_engine::{Clock, Engine, ScriptFolderError, ScriptFolders, Variables};
use tenure_store::{Store, StoreError, Vault, VaultKey};
use tokio::sync::OnceCell;

use crate::arguments::Place;

/// The environment variable with the vault's key.
const KEY_VARIABLE: &str = "TENURE_KEY";
/// The most files and the largest file that are read as documents.
const MOST_FILES: usize = 10_000;
const LARGEST_FILE: u64 = 4 << 20;

/// Why the home folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// A file or folder cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Too much to be documents.
    #[error("{}: {why}", path.display())]
    Limit {
        /// Which.
        path: PathBuf,
        /// Which limit.
        why: &'static str,
    },
    /// Documents with errors.
    #[error("the documents have errors:\n{}", lines(.0))]
    Documents(Vec<DocumentError>),
    /// A folder that scripts cannot be run from.
    #[error(transparent)]
    Scripts(#[from] ScriptFolderError),
    /// The database or vault.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn lines(errors: &[DocumentError]) -> String {
    errors
        .iter()
        .map(|error| format!("  {error}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The documents in a folder, or in one file, with their names.
pub fn read_texts(place: &Path) -> Result<Vec<(String, String)>, HomeError> {
    let mut files = Vec::new();
    find(place, 0, &mut files)?;
    files.sort();
    let mut texts = Vec::with_capacity(files.len());
    for path in files {
        let failed = |source| HomeError::File {
            path: path.clone(),
            source,
        };
        if std::fs::metadata(&path).map_err(failed)?.len() > LARGEST_FILE {
            return Err(HomeError::Limit {
                path,
                why: "is larger than 4 MiB, which no document is",
            });
        }
        let text = std::fs::read_to_string(&path).map_err(failed)?;
        texts.push((path.display().to_string(), text));
    }
    Ok(texts)
}

/// Collects documents: every YAML file of a folder and its visible sub-folders, or the file itself.
fn find(place: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), HomeError> {
    let failed = |source| HomeError::File {
        path: place.to_owned(),
        source,
    };
    if !std::fs::metadata(place).map_err(failed)?.is_dir() {
        files.push(place.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(place).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let is_document = matches!(
            path.extension().and_then(|end| end.to_str()),
            Some("yaml" | "yml")
        );
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() && depth < 4 {
            find(&path, depth + 1, files)?;
        } else if is_document {
            if files.len() >= MOST_FILES {
                return Err(HomeError::Limit {
                    path,
                    why: "is one file more than the 10,000 that are read as documents",
                });
            }
            files.push(path);
        }
    }
    Ok(())
}

/// A home folder while a command works with it. The database is opened when it is first needed.
pub struct Home {
    place: Place,
    engine: OnceCell<Engine>,
}

impl Home {
    /// The home folder of this place. Nothing is read yet.
    pub fn new(place: Place) -> Self {
        Self {
            place,
            engine: OnceCell::new(),
        }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.place.home
    }

    /// The folder's documents. Any error in them is an error; warnings are for `tenure check`.
    pub fn documents(&self) -> Result<Documents, HomeError> {
        documents_in(self.folder())
    }

    /// What the folder's documents hide. Errors in them do not matter here.
    pub fn redaction(&self) -> Result<Redaction, HomeError> {
        let (documents, _) = load(&read_texts(self.folder())?);
        Ok(Redaction::of(&documents))
    }

    /// The engine over the database and its vault.
    pub async fn engine(&self) -> Result<&Engine, HomeError> {
        self.engine.get_or_try_init(|| open(&self.place)).await
    }

    /// Leaves the database tidy, so that the next command need not tidy it first.
    pub async fn close(self) {
        if let Some(engine) = self.engine.into_inner() {
            engine.store().close().await;
        }
    }
}

/// A folder's documents, as of [`Home::documents`].
pub fn documents_in(folder: &Path) -> Result<Documents, HomeError> {
    let (documents, problems) = load(&read_texts(folder)?);
    let errors: Vec<DocumentError> = problems
        .into_iter()
        .filter(|problem| problem.severity == Severity::Error)
        .collect();
    if errors.is_empty() {
        Ok(documents)
    } else {
        Err(HomeError::Documents(errors))
    }
}

/// The folders that scripts may be run from, by the command line and `TENURE_SCRIPTS`.
fn script_folders(place: &Place) -> Result<ScriptFolders, HomeError> {
    let named = std::env::var_os("TENURE_SCRIPTS").unwrap_or_default();
    let named = std::env::split_paths(&named).filter(|folder| !folder.as_os_str().is_empty());
    Ok(ScriptFolders::new(
        place.allow_scripts.iter().cloned().chain(named),
    )?)
}

async fn open(place: &Place) -> Result<Engine, HomeError> {
    let file = place.home.join("tenure.db");
    let url = place
        .database
        .clone()
        .unwrap_or_else(|| file.display().to_string());
    let store = Store::open(&url).await?;
    let key = match std::env::var(KEY_VARIABLE) {
        Ok(text) => VaultKey::from_text(&text)?,
        Err(_) => VaultKey::from_file(&place.home.join("tenure.key"))?,
    };
    let vault = Vault::open(&store, &key).await?;
    Ok(
        Engine::new(store, Arc::new(vault), place.home.clone(), Clock::System)
            .with_variables(Variables::of_machine(place.allow_env.iter().cloned()))
            .with_scripts(script_folders(place)?),
    )
}
