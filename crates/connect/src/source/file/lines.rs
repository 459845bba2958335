//! JSON Lines: a file cut into blocks of whole lines.

use std::fs::File;
use std::io::Read;
use std::ops::Range;

use bytes::Bytes;
use tenure_core::seams::RecordPage;

use super::{BLOCK, Pages, Trouble};

/// The longest line.
pub(super) const LONGEST_LINE: usize = 4 << 20;
/// Some programs begin a file with this mark, which is not part of the text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a file to its end, and says how many bytes it had.
pub(super) fn read(mut file: &File, pages: &Pages) -> Result<u64, Trouble> {
    let mut lines = Lines { pages, before: 0 };
    let mut block = Vec::with_capacity(BLOCK);
    let mut whole = 0;
    loop {
        let read = file.by_ref().take(BLOCK as u64).read_to_end(&mut block)?;
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
            return Ok(whole);
        }
        block = rest;
        block.reserve_exact(BLOCK);
    }
}

/// Hands on whole lines, block by block.
pub(super) fn send(mut text: Vec<u8>, pages: &Pages) -> Result<(), Trouble> {
    if text.starts_with(BYTE_ORDER_MARK) {
        text.drain(..BYTE_ORDER_MARK.len());
    }
    let mut lines = Lines { pages, before: 0 };
    let mut rest = text.as_slice();
    while !rest.is_empty() {
        let near = rest.get(..BLOCK.min(rest.len())).unwrap_or(rest);
        let end = match memchr::memrchr(b'\n', near) {
            Some(at) => at + 1,
            None => memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1),
        };
        let (block, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        lines.send(block.to_vec())?;
        rest = after;
    }
    Ok(())
}

/// The lines of a file.
struct Lines<'p> {
    pages: &'p Pages,
    /// The number of lines before the block.
    before: u64,
}

impl Lines<'_> {
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
        self.pages.send(RecordPage {
            endpoint: 0,
            body: Bytes::from(block),
            records,
        })
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
