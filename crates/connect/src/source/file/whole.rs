//! A file that is one JSON text with all records, read as a whole.

use std::fs::File;
use std::io::Read;

use bytes::Bytes;
use tenure_core::seams::RecordPage;

use super::super::path::MemberPath;
use super::super::split::{Layout, SplitError, split};
use super::{Pages, Trouble};

/// The largest file.
const LARGEST: u64 = 256 << 20;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a file to its end, and says how many bytes it had.
pub(super) fn read(mut file: &File, records: Option<&str>, pages: &Pages) -> Result<u64, Trouble> {
    let path = MemberPath::of_records(records.unwrap_or("$[*]")).map_err(|said| Trouble::Malformed {
        said: format!("`records`: {said}"),
        hint: "correct the document",
    })?;
    let mut body = Vec::new();
    file.by_ref().take(LARGEST + 1).read_to_end(&mut body)?;
    let whole = body.len() as u64;
    if whole > LARGEST {
        return Err(Trouble::TooLarge { most: LARGEST });
    }
    let mut body = Bytes::from(body);
    if body.starts_with(BYTE_ORDER_MARK) {
        body = body.slice(BYTE_ORDER_MARK.len()..);
    }
    let layout = Layout {
        records: path,
        total: None,
        next: None,
        delta: None,
    };
    let contents = split(&body, &layout).map_err(|error| Trouble::Malformed {
        hint: match &error {
            SplitError::Absent { .. } | SplitError::NoList { .. } => {
                "correct `records` to where the file has them"
            }
            SplitError::Encoding { .. } => "save the file as UTF-8",
            _ => "a file that is still being written ends too early",
        },
        said: error.to_string(),
    })?;
    pages.send(RecordPage {
        endpoint: 0,
        body,
        records: contents.records,
    })?;
    Ok(whole)
}
