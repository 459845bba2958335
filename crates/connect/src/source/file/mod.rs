//! Records read from files: JSON Lines, JSON, a table (CSV) or a workbook; all of one file, the rows that were added to it,
//! or the files of a folder that are new.

mod appended;
mod folder;
mod lines;
mod table;
mod whole;
mod xlsx;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use tenure_core::document::{FileFormat, FileReading, SourceFile};
use tenure_core::fetching::{Begin, Mark};
use tenure_core::seams::{Completeness, Fetched, RecordPage, RecordSink, Source, SourceError, SourceTrouble};
use tokio::sync::mpsc;

use appended::Written;
use folder::New;
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
        Ok(self.fetch_from(&Begin::default(), sink).await?.completeness)
    }

    async fn fetch_from(&self, begin: &Begin, sink: &mut dyn RecordSink) -> Result<Fetched, SourceError> {
        let (sender, mut pages) = mpsc::channel(WAITING);
        let (source, since) = (self.clone(), begin.since.clone());
        let reading = tokio::task::spawn_blocking(move || source.read(since, &Pages(sender)));
        let mut count = 0;
        while let Some(page) = pages.recv().await {
            count += page.records.len() as u64;
            sink.page(page).await;
        }
        let end = reading
            .await
            .unwrap_or_else(|_| Err(Trouble::Io("the work on it was stopped".to_owned()).of(&self.path)))?;
        Ok(match end {
            End::Whole(mark) => Fetched {
                completeness: Completeness::Complete { count },
                mark,
            },
            End::Changed(path) => Fetched {
                completeness: Completeness::Incomplete {
                    count,
                    why: format!("{} was changed while it was read", path.display()),
                },
                mark: None,
            },
        })
    }
}

impl FileSource {
    fn read(&self, since: Option<Mark>, pages: &Pages) -> Result<End, SourceError> {
        match self.file.read {
            FileReading::Whole => self.read_one(&self.path, None, pages),
            FileReading::NewFilesOnly => self.read_new(since, pages),
            FileReading::AppendedRowsOnly => self.read_added(since, pages),
        }
    }

    /// Reads all of a file; with a hash, of the file that has it.
    fn read_one(&self, path: &Path, hash: Option<&str>, pages: &Pages) -> Result<End, SourceError> {
        let read = || {
            let file = File::open(path)?;
            let began = file.metadata()?;
            if let Some(hash) = hash
                && folder::hash_of(&file)? != hash
            {
                return Ok(false);
            }
            let whole = match self.file.format {
                FileFormat::JsonLines => lines::read(&file, pages)?,
                FileFormat::Json => whole::read(&file, self.file.records.as_deref(), pages)?,
                FileFormat::Csv => table::read(&file, self.file.csv.as_ref(), pages)?,
                FileFormat::Xlsx => xlsx::read(&file, self.file.xlsx.as_ref(), pages)?,
            };
            let ended = file.metadata()?;
            Ok(began.modified().ok() == ended.modified().ok() && ended.len() == whole)
        };
        match read() {
            Ok(true) => Ok(End::Whole(None)),
            Ok(false) => Ok(End::Changed(path.to_owned())),
            Err(trouble) => Err(Trouble::of(trouble, path)),
        }
    }

    fn read_new(&self, since: Option<Mark>, pages: &Pages) -> Result<End, SourceError> {
        let mut files = match since {
            Some(Mark::Files(files)) => files,
            _ => BTreeMap::new(),
        };
        let new = folder::new_files(&self.path, &files).map_err(|(path, trouble)| trouble.of(&path))?;
        for New { path, name, hash } in new {
            if let End::Changed(path) = self.read_one(&path, Some(&hash), pages)? {
                return Ok(End::Changed(path));
            }
            files.insert(name, hash);
        }
        Ok(End::Whole(Some(Mark::Files(files))))
    }

    fn read_added(&self, since: Option<Mark>, pages: &Pages) -> Result<End, SourceError> {
        let before = match since {
            Some(Mark::Rows(before)) => Some(before),
            _ => None,
        };
        let written = match self.file.format {
            FileFormat::Csv => Written::Csv(self.file.csv.as_ref()),
            // Others are refused when documents are checked.
            FileFormat::JsonLines | FileFormat::Json | FileFormat::Xlsx => Written::Lines,
        };
        let read = File::open(&self.path)
            .map_err(Trouble::from)
            .and_then(|file| appended::read(&file, &written, before.as_ref(), pages));
        match read {
            Ok(rows) => Ok(End::Whole(Some(Mark::Rows(rows)))),
            Err(trouble) => Err(trouble.of(&self.path)),
        }
    }
}

/// How reading ended.
enum End {
    /// With how far it came, where only what is new is read.
    Whole(Option<Mark>),
    /// Somebody wrote to this file meanwhile.
    Changed(PathBuf),
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
    Large { most: u64 },
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
            Self::Large { most } => (
                SourceTrouble::Limit,
                format!("it has more than {} MiB in it", most >> 20),
                "divide it, or write it as a table (CSV), which may be of any size where all of it is read",
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
