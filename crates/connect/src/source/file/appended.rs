//! Rows that were added at the end of a file. What was read before is read again, but only to see that it is as it was.

use std::fs::File;
use std::io::Read as _;

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8};
use sha2::{Digest as _, Sha256};
use tenure_core::document::Csv;
use tenure_core::fetching::ReadRows;

use super::super::encoding;
use super::{BLOCK, Pages, Trouble, lines, table};

/// The most that may have been added.
const LARGEST: u64 = 512 << 20;

/// How rows are written.
pub(super) enum Written<'d> {
    Lines,
    Csv(Option<&'d Csv>),
}

/// Reads what was added, up to the last whole line, and says how far that is.
pub(super) fn read(
    mut file: &File,
    written: &Written<'_>,
    before: Option<&ReadRows>,
    pages: &Pages,
) -> Result<ReadRows, Trouble> {
    let start = before.map_or(0, |before| before.bytes);
    let mut hash = Sha256::new();
    let mut head = Head::default();
    let mut left = start;
    let mut block = vec![0; BLOCK];
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(BLOCK);
        let read = file.read(block.get_mut(..wanted).unwrap_or_default())?;
        if read == 0 {
            return Err(Trouble::Malformed {
                said: format!(
                    "it is {} bytes long, and {start} bytes of it were read before: rows were taken away",
                    start - left
                ),
                hint: REPLACED,
            });
        }
        let part = block.get(..read).unwrap_or_default();
        hash.update(part);
        head.take(part);
        left -= read as u64;
    }
    if before.is_some_and(|before| hex::encode(hash.clone().finalize()) != before.hash) {
        return Err(Trouble::Malformed {
            said: format!("its first {start} bytes, which were read before, have changed since"),
            hint: REPLACED,
        });
    }
    let mut added = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut added)?;
    if added.len() as u64 > LARGEST {
        return Err(Trouble::Large { most: LARGEST });
    }
    // What follows the last end of a line may still be being written.
    let end = memchr::memrchr(b'\n', &added).map_or(0, |at| at + 1);
    added.truncate(end);
    hash.update(&added);
    if !added.is_empty() {
        match written {
            Written::Lines => lines::send(added, pages)?,
            Written::Csv(form) => rows(&head, start, &added, *form, pages)?,
        }
    }
    Ok(ReadRows {
        bytes: start + end as u64,
        hash: hex::encode(hash.finalize()),
    })
}

const REPLACED: &str = "`read: appended_rows_only` is for files to which rows are only added; when it was replaced on \
                        purpose, read all of it once with `tenure run … --full`";

fn rows(head: &Head, start: u64, added: &[u8], form: Option<&Csv>, pages: &Pages) -> Result<(), Trouble> {
    let named = form.is_some_and(|form| !form.columns.is_empty());
    let said = form
        .and_then(|form| form.encoding.as_deref())
        .and_then(encoding::by_name);
    let mut text = Vec::with_capacity(added.len());
    if start > 0 && !named {
        text.extend_from_slice(&head.line);
    }
    text.extend_from_slice(added);
    let (found, mark) = Encoding::for_bom(&text).unwrap_or((said.unwrap_or(UTF_8), 0));
    if found.name().starts_with("UTF-16") {
        return Err(Trouble::Malformed {
            said: "it is UTF-16, of which rows that were added cannot be told".to_owned(),
            hint: "save the file as UTF-8",
        });
    }
    let text = Bytes::from(text).slice(mark..);
    table::send(&text, found, form, pages)
}

/// The first line of a file, with the columns' names, up to the end of line that is not in quotes.
#[derive(Default)]
struct Head {
    line: Vec<u8>,
    quoted: bool,
    whole: bool,
}

impl Head {
    fn take(&mut self, part: &[u8]) {
        for byte in part {
            if self.whole {
                return;
            }
            self.line.push(*byte);
            match byte {
                b'"' => self.quoted = !self.quoted,
                b'\n' => self.whole = !self.quoted,
                _ => {}
            }
        }
    }
}
