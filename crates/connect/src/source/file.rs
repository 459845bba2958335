//! Records read from a file of JSON Lines: one JSON object on each line, in UTF-8.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use tenure_core::document::{FileFormat, SourceFile};
use tenure_core::seams::{Completeness, RecordPage, RecordSink, Source, SourceError, SourceTrouble};
use tokio::sync::mpsc;

/// What is read at once.
const BLOCK: usize = 1 << 20;
/// The longest line.
const LONGEST_LINE: usize = 4 << 20;
/// Pages that wait to be taken.
const WAITING: usize = 4;
/// Some programs begin a file with this mark, which is not part of the text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads the records of a file. Only as much of it as is worked on is in memory.
#[derive(Clone, Debug)]
pub struct FileSource {
    path: PathBuf,
}

impl FileSource {
    /// A source of this file; a relative path begins in `folder`. Nothing is read yet.
    pub fn new(file: &SourceFile, folder: &Path) -> Self {
        match file.format {
            FileFormat::JsonLines => Self {
                path: folder.join(&file.path),
            },
        }
    }
}

#[async_trait]
impl Source for FileSource {
    async fn fetch(&self, sink: &mut dyn RecordSink) -> Result<Completeness, SourceError> {
        let (sender, mut pages) = mpsc::channel(WAITING);
        let path = self.path.clone();
        let reading = tokio::task::spawn_blocking(move || Lines::read(&path, &sender));
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

/// How reading ended.
enum End {
    Whole,
    /// Somebody wrote to the file meanwhile.
    Changed,
}

enum Trouble {
    Io(String),
    TooLong { line: u64 },
    Encoding { line: u64 },
    NoObject { line: u64 },
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
        };
        SourceError {
            kind,
            doing: format!("reading {}", path.display()),
            said,
            hint: hint.to_owned(),
        }
    }
}

/// Cuts a file into blocks of whole lines.
struct Lines<'c> {
    pages: &'c mpsc::Sender<RecordPage>,
    /// The number of lines before the block.
    before: u64,
}

impl<'c> Lines<'c> {
    fn read(path: &Path, pages: &'c mpsc::Sender<RecordPage>) -> Result<End, Trouble> {
        let wrong = |error: io::Error| Trouble::Io(error.to_string());
        let mut file = File::open(path).map_err(wrong)?;
        let began = file.metadata().map_err(wrong)?;
        let mut lines = Self { pages, before: 0 };
        let mut block = Vec::with_capacity(BLOCK);
        let mut whole = 0;
        loop {
            let read = file
                .by_ref()
                .take(BLOCK as u64)
                .read_to_end(&mut block)
                .map_err(wrong)?;
            if whole == 0 && block.starts_with(BYTE_ORDER_MARK) {
                block.drain(..BYTE_ORDER_MARK.len());
            }
            whole += read as u64;
            let end = match read {
                0 => block.len(),
                _ => memchr::memrchr(b'\n', &block).map_or(0, |at| at + 1),
            };
            let rest = block.split_off(end);
            lines.send(block)?;
            if rest.len() > LONGEST_LINE {
                return Err(Trouble::TooLong {
                    line: lines.before + 1,
                });
            }
            if read == 0 {
                break;
            }
            block = rest;
            block.reserve_exact(BLOCK);
        }
        let ended = file.metadata().map_err(wrong)?;
        let same = began.modified().ok() == ended.modified().ok() && ended.len() == whole;
        Ok(if same { End::Whole } else { End::Changed })
    }

    /// Hands on a block of whole lines.
    fn send(&mut self, block: Vec<u8>) -> Result<(), Trouble> {
        if let Err(error) = std::str::from_utf8(&block) {
            let valid = block.get(..error.valid_up_to()).unwrap_or_default();
            return Err(Trouble::Encoding {
                line: self.before + 1 + newlines(valid),
            });
        }
        let mut records = Vec::with_capacity(block.len() / 256);
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', &block).chain(std::iter::once(block.len())) {
            let line = block.get(start..end).unwrap_or_default();
            if line.len() > LONGEST_LINE {
                return Err(Trouble::TooLong {
                    line: self.before + 1,
                });
            }
            let left = line.trim_ascii_start();
            let record = left.trim_ascii_end();
            match record {
                [] => {}
                [b'{', .., b'}'] => records.push(place(end - left.len(), record.len())),
                _ => {
                    return Err(Trouble::NoObject {
                        line: self.before + 1,
                    });
                }
            }
            if end < block.len() {
                self.before += 1;
            }
            start = end + 1;
        }
        if records.is_empty() {
            return Ok(());
        }
        let page = RecordPage {
            endpoint: 0,
            body: Bytes::from(block),
            records,
        };
        // Fails only when the fetch was given up, and then nobody sees this.
        self.pages
            .blocking_send(page)
            .map_err(|_| Trouble::Io("the records are not wanted any more".to_owned()))
    }
}

fn newlines(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

/// The place of a record in a block. Blocks are a few MiB long.
fn place(start: usize, length: usize) -> Range<u32> {
    let at = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    at(start)..at(start + length)
}
