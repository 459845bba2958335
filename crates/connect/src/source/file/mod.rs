//! Records read from a file: JSON Lines, JSON or a table (CSV).

mod lines;
mod table;
mod whole;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use tenure_core::document::{FileFormat, SourceFile};
use tenure_core::seams::{Completeness, RecordPage, RecordSink, Source, SourceError, SourceTrouble};
use tokio::sync::mpsc;

use lines::LONGEST_LINE;

/// What is read at once.
const BLOCK: usize = 1 << 20;
/// Pages that wait to be taken.
const WAITING: usize = 4;

/// Reads the records of a file. Of lines and tables, only as much as is worked on is in memory.
#[derive(Clone, Debug)]
pub struct FileSource {
    path: PathBuf,
    file: SourceFile,
}

impl FileSource {
    /// A source of this file; a relative path begins in `folder`. Nothing is read yet.
    pub fn new(file: &SourceFile, folder: &Path) -> Self {
        Self {
            path: folder.join(&file.path),
            file: file.clone(),
        }
    }
}

#[async_trait]
impl Source for FileSource {
    async fn fetch(&self, sink: &mut dyn RecordSink) -> Result<Completeness, SourceError> {
        let (sender, mut pages) = mpsc::channel(WAITING);
        let source = self.clone();
        let reading = tokio::task::spawn_blocking(move || source.read(&Pages(sender)));
        let mut count = 0;
        while let Some(page) = pages.recv().await {
            count += page.records.len() as u64;
            sink.page(page).await;
        }
        let end = reading
            .await
            .unwrap_or_else(|_| Err(Trouble::Io("the work on it was stopped".to_owned())));
        match end {
            Ok(End::Whole) => Ok(Completeness::Complete { count }),
            Ok(End::Changed) => Ok(Completeness::Incomplete {
                count,
                why: format!("{} was changed while it was read", self.path.display()),
            }),
            Err(trouble) => Err(trouble.of(&self.path)),
        }
    }
}

impl FileSource {
    fn read(&self, pages: &Pages) -> Result<End, Trouble> {
        let file = File::open(&self.path)?;
        let began = file.metadata()?;
        let whole = match self.file.format {
            FileFormat::JsonLines => lines::read(&file, pages)?,
            FileFormat::Json => whole::read(&file, self.file.records.as_deref(), pages)?,
            FileFormat::Csv => table::read(&file, self.file.csv.as_ref(), pages)?,
        };
        let ended = file.metadata()?;
        let same = began.modified().ok() == ended.modified().ok() && ended.len() == whole;
        Ok(if same { End::Whole } else { End::Changed })
    }
}

/// How reading ended.
enum End {
    Whole,
    /// Somebody wrote to the file meanwhile.
    Changed,
}

/// Where pages go.
struct Pages(mpsc::Sender<RecordPage>);

impl Pages {
    fn send(&self, page: RecordPage) -> Result<(), Trouble> {
        if page.records.is_empty() {
            return Ok(());
        }
        // Fails only when the fetch was given up, and then nobody sees this.
        self.0
            .blocking_send(page)
            .map_err(|_| Trouble::Io("the records are not wanted any more".to_owned()))
    }
}

enum Trouble {
    Io(String),
    TooLong { line: u64 },
    Encoding { line: u64 },
    NoObject { line: u64 },
    TooLarge { most: u64 },
    Malformed { said: String, hint: &'static str },
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error.to_string())
    }
}

impl Trouble {
    fn of(self, path: &Path) -> SourceError {
        let (kind, said, hint) = match self {
            Self::Io(said) => (
                SourceTrouble::Unreachable,
                said,
                "check the path, and that it may be read",
            ),
            Self::TooLong { line } => (
                SourceTrouble::Limit,
                format!("line {line} is longer than {} MiB", LONGEST_LINE >> 20),
                "write each record on a line of its own",
            ),
            Self::Encoding { line } => (
                SourceTrouble::Malformed,
                format!("line {line} is not UTF-8"),
                "save the file as UTF-8",
            ),
            Self::NoObject { line } => (
                SourceTrouble::Malformed,
                format!("line {line} is not a whole JSON object"),
                "write one JSON object on each line; a file that is still being written ends like this",
            ),
            Self::TooLarge { most } => (
                SourceTrouble::Limit,
                format!("it is larger than {} MiB", most >> 20),
                "write one JSON object on each line, with `format: json_lines`, which may be of any size",
            ),
            Self::Malformed { said, hint } => (SourceTrouble::Malformed, said, hint),
        };
        SourceError {
            kind,
            doing: format!("reading {}", path.display()),
            said,
            hint: hint.to_owned(),
        }
    }
}
