//! A file that is a table (CSV), in any encoding, read piece by piece.

use std::fs::File;
use std::io::Read;

use bytes::Bytes;
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};
use tenure_core::document::Csv;
use tenure_core::seams::RecordPage;

use super::super::encoding;
use super::super::table::{Table, TableError};
use super::{BLOCK, Pages, Trouble};

/// The most bytes of records that one block may become.
const LARGEST: usize = 256 << 20;

/// Reads a file to its end, and says how many bytes it had.
pub(super) fn read(mut file: &File, form: Option<&Csv>, pages: &Pages) -> Result<u64, Trouble> {
    let said = match form.and_then(|form| form.encoding.as_deref()) {
        None => UTF_8,
        Some(name) => encoding::by_name(name).ok_or_else(|| Trouble::Malformed {
            said: format!("`{name}` is no encoding that is known"),
            hint: "correct `encoding` in the document",
        })?,
    };
    let mut table = Table::new(form, LARGEST);
    let mut block = Vec::with_capacity(BLOCK);
    let mut decoder: Option<Decoder> = None;
    let mut whole = 0;
    loop {
        block.clear();
        let read = file.by_ref().take(BLOCK as u64).read_to_end(&mut block)?;
        whole += read as u64;
        let (found, mark) = match &decoder {
            None => Encoding::for_bom(&block).unwrap_or((said, 0)),
            Some(decoder) => (decoder.encoding(), 0),
        };
        let decoder = decoder.get_or_insert_with(|| found.new_decoder_without_bom_handling());
        let text = decoded(decoder, block.get(mark..).unwrap_or_default(), read == 0);
        let text = text.ok_or_else(|| no_encoding(&table, found))?;
        table.read(&text).map_err(|error| trouble(&error))?;
        if read == 0 {
            table.finish().map_err(|error| trouble(&error))?;
        }
        if table.waiting() > 0 {
            let (body, records) = table.take();
            pages.send(RecordPage {
                endpoint: 0,
                body: Bytes::from(body),
                records,
            })?;
        }
        if read == 0 {
            return Ok(whole);
        }
    }
}

/// Hands on a whole table that is in memory.
pub(super) fn send(
    bytes: &[u8],
    encoding: &'static Encoding,
    form: Option<&Csv>,
    pages: &Pages,
) -> Result<(), Trouble> {
    let mut table = Table::new(form, LARGEST);
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut blocks = bytes.chunks(BLOCK).peekable();
    while let Some(block) = blocks.next() {
        let last = blocks.peek().is_none();
        let text = decoded(&mut decoder, block, last).ok_or_else(|| no_encoding(&table, encoding))?;
        table.read(&text).map_err(|error| trouble(&error))?;
        if last {
            table.finish().map_err(|error| trouble(&error))?;
        }
        if table.waiting() > 0 {
            let (body, records) = table.take();
            pages.send(RecordPage {
                endpoint: 0,
                body: Bytes::from(body),
                records,
            })?;
        }
    }
    Ok(())
}

fn no_encoding(table: &Table, encoding: &'static Encoding) -> Trouble {
    Trouble::Malformed {
        said: format!(
            "somewhere after line {} it is not {}",
            table.line(),
            encoding.name()
        ),
        hint: "say its encoding as `csv: { encoding: windows-1252 }`, or save the file as UTF-8",
    }
}

/// The next piece of a text; none when it is not in the encoding.
fn decoded(decoder: &mut Decoder, bytes: &[u8], last: bool) -> Option<String> {
    let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len())?;
    let mut text = String::with_capacity(room);
    match decoder.decode_to_string_without_replacement(bytes, &mut text, last) {
        (DecoderResult::InputEmpty, _) => Some(text),
        // With that room the text is never too long.
        (DecoderResult::Malformed(..) | DecoderResult::OutputFull, _) => None,
    }
}

fn trouble(error: &TableError) -> Trouble {
    let hint = match error {
        TableError::Unclosed { .. } => "a file that is still being written ends like this",
        TableError::Values { .. } | TableError::NoNames => {
            "check `separator`, and that every line has as many values as there are columns; a file that is still \
             being written may end too early"
        }
        TableError::AfterQuote { .. } => "double the quotes within a value, and put the value in quotes",
        TableError::Empty => {
            "write the names of the columns on the first line, or as `columns` in the document"
        }
        TableError::SameName { .. } => "give one of them another name",
        TableError::TooLong { .. } | TableError::TooLarge { .. } => {
            "check `separator` and the quotes, one of which may not be closed"
        }
    };
    Trouble::Malformed {
        said: error.to_string(),
        hint,
    }
}
