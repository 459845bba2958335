//! A sheet of a workbook (Office Open XML): rows turned into JSON objects. A workbook is a zip archive, which may be far
//! larger than it looks, so that it is measured first.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::ops::Range;

use bytes::Bytes;
use calamine::{DataRef, ExcelDateTime, Reader as _, Xlsx, XlsxError};
use serde_json::Value;
use tenure_core::document::{self, Sheet};
use tenure_core::seams::RecordPage;
use zip::ZipArchive;

use super::{BLOCK, Pages, Trouble};

/// The largest workbook, and the most that may be in it once it is unpacked.
const LARGEST: u64 = 128 << 20;
const LARGEST_UNPACKED: u64 = 1 << 30;
/// The most files in it.
const MOST_FILES: usize = 10_000;
/// The longest row, as JSON.
const LONGEST_ROW: usize = 4 << 20;

/// Reads a sheet to its end, and says how many bytes the file had.
pub(super) fn read(file: &File, form: Option<&document::Xlsx>, pages: &Pages) -> Result<u64, Trouble> {
    let whole = file.metadata()?.len();
    measure(file, whole, LARGEST_UNPACKED)?;
    let form = form.cloned().unwrap_or_default();
    let mut workbook: Xlsx<_> =
        Xlsx::new(BufReader::new(file.try_clone()?)).map_err(|error| wrong(&error))?;
    let name = sheet(&workbook.sheet_names(), &form.sheet)?;
    let mut cells = workbook
        .worksheet_cells_reader(&name)
        .map_err(|error| wrong(&error))?;
    let mut rows = Rows::new(form.header_row, pages);
    while let Some(cell) = cells.next_cell().map_err(|error| wrong(&error))? {
        let (row, column) = cell.get_position();
        rows.cell(row, column, cell.get_value())?;
    }
    rows.finish(&name)?;
    Ok(whole)
}

/// Unpacks everything once without keeping it, since what an archive says of its own size need not be true.
fn measure(file: &File, size: u64, most: u64) -> Result<(), Trouble> {
    if size > LARGEST {
        return Err(Trouble::Large { most: LARGEST });
    }
    let mut archive = ZipArchive::new(BufReader::new(file.try_clone()?)).map_err(|error| Trouble::Malformed {
        said: format!("it is no workbook (.xlsx): {error}"),
        hint: "save it as an Excel workbook (.xlsx) without a password; a file that is still being written ends too early",
    })?;
    if archive.len() > MOST_FILES {
        return Err(Trouble::Malformed {
            said: format!("it has {} files in it, more than {MOST_FILES}", archive.len()),
            hint: "save it again from Excel or LibreOffice",
        });
    }
    let mut left = most;
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(|error| Trouble::Malformed {
            said: format!("it cannot be unpacked: {error}"),
            hint: "save it again from Excel or LibreOffice",
        })?;
        left -= std::io::copy(&mut part.take(left), &mut std::io::sink())?;
        if left == 0 {
            return Err(Trouble::Large { most });
        }
    }
    Ok(())
}

fn sheet(names: &[String], wanted: &Sheet) -> Result<String, Trouble> {
    let found = match wanted {
        Sheet::Number(number) => names.get((*number as usize).wrapping_sub(1)),
        Sheet::Name(name) => names.iter().find(|known| *known == name),
    };
    found.cloned().ok_or_else(|| {
        let wanted = match wanted {
            Sheet::Number(number) => format!("{number}"),
            Sheet::Name(name) => format!("`{name}`"),
        };
        let known: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        Trouble::Malformed {
            said: format!("it has no sheet {wanted}, only {}", known.join(", ")),
            hint: "correct `xlsx: { sheet: … }`, which is the name of a sheet or its number from 1",
        }
    })
}

/// The rows while their cells come.
struct Rows<'p> {
    pages: &'p Pages,
    /// The row with the names, from 0.
    header: u32,
    /// The names by column; none where the column is left out.
    names: Vec<Option<String>>,
    row: u32,
    /// The row so far, as JSON without its end.
    line: Vec<u8>,
    out: Vec<u8>,
    records: Vec<Range<u32>>,
}

impl<'p> Rows<'p> {
    fn new(header_row: u32, pages: &'p Pages) -> Self {
        Self {
            pages,
            header: header_row.saturating_sub(1),
            names: Vec::new(),
            row: 0,
            line: Vec::new(),
            out: Vec::new(),
            records: Vec::new(),
        }
    }

    fn cell(&mut self, row: u32, column: u32, value: &DataRef<'_>) -> Result<(), Trouble> {
        if row < self.row {
            return Err(Trouble::Malformed {
                said: format!("row {} comes after row {}", row + 1, self.row + 1),
                hint: "save it again from Excel or LibreOffice",
            });
        }
        if row > self.row {
            self.end_row()?;
            self.row = row;
        }
        let value = json(value).map_err(|said| Trouble::Malformed {
            said: format!("the cell {}{} {said}", letters(column), row + 1),
            hint: "correct the cell in the workbook",
        })?;
        let column = column as usize;
        if row == self.header {
            let name = match &value {
                Value::String(name) => name.trim().to_owned(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            if self.names.len() <= column {
                self.names.resize(column + 1, None);
            }
            if let Some(place) = self.names.get_mut(column) {
                *place = Some(name).filter(|name| !name.is_empty());
            }
        } else if row > self.header
            && let Some(Some(name)) = self.names.get(column)
            && !value.is_null()
        {
            self.line.push(if self.line.is_empty() { b'{' } else { b',' });
            self.line
                .extend_from_slice(Value::from(name.as_str()).to_string().as_bytes());
            self.line.push(b':');
            self.line.extend_from_slice(value.to_string().as_bytes());
            if self.line.len() > LONGEST_ROW {
                return Err(Trouble::TooLong {
                    line: u64::from(row) + 1,
                });
            }
        }
        Ok(())
    }

    /// A row without any value is none.
    fn end_row(&mut self) -> Result<(), Trouble> {
        if self.row == self.header {
            return self.check_names();
        }
        if self.line.is_empty() {
            return Ok(());
        }
        self.line.push(b'}');
        // Far less than 4 GiB wait to be sent.
        let at = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        self.records
            .push(at(self.out.len())..at(self.out.len() + self.line.len()));
        self.out.append(&mut self.line);
        if self.out.len() >= BLOCK {
            self.send()
        } else {
            Ok(())
        }
    }

    fn check_names(&self) -> Result<(), Trouble> {
        let mut known = BTreeSet::new();
        match self.names.iter().flatten().find(|name| !known.insert(*name)) {
            None => Ok(()),
            Some(name) => Err(Trouble::Malformed {
                said: format!("the column `{name}` is there twice"),
                hint: "give one of them another name",
            }),
        }
    }

    fn send(&mut self) -> Result<(), Trouble> {
        self.pages.send(RecordPage {
            endpoint: 0,
            body: Bytes::from(std::mem::take(&mut self.out)),
            records: std::mem::take(&mut self.records),
        })
    }

    fn finish(mut self, sheet: &str) -> Result<(), Trouble> {
        self.end_row()?;
        if self.names.iter().all(Option::is_none) {
            return Err(Trouble::Malformed {
                said: format!(
                    "row {} of the sheet `{sheet}` has no names of columns",
                    self.header + 1
                ),
                hint: "say which row has them: `xlsx: { header_row: … }`",
            });
        }
        self.send()
    }
}

/// A cell as JSON, or what is wrong with it.
fn json(value: &DataRef<'_>) -> Result<Value, String> {
    Ok(match value {
        DataRef::Empty => Value::Null,
        DataRef::Int(number) => (*number).into(),
        DataRef::Float(number) => number_of(*number)?,
        DataRef::String(text) => text_of(text),
        DataRef::SharedString(text) => text_of(text),
        DataRef::Bool(yes) => (*yes).into(),
        DataRef::DateTime(at) => moment(at).into(),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text_of(text),
        DataRef::Error(error) => return Err(format!("has the error {error}")),
    })
}

fn text_of(text: &str) -> Value {
    if text.trim().is_empty() {
        Value::Null
    } else {
        text.into()
    }
}

/// Every number of a workbook has a fraction, also where it is nought. Beyond 2^53 not every whole number is one.
#[expect(clippy::cast_possible_truncation, reason = "whole and small enough")]
fn number_of(number: f64) -> Result<Value, String> {
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= WHOLE {
        return Ok((number as i64).into());
    }
    serde_json::Number::from_f64(number)
        .map(Value::Number)
        .ok_or_else(|| "has a number that is none".to_owned())
}

/// A day, or a day with its time, in ISO 8601; a time by itself or a span as hours, minutes and seconds.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a span of a workbook is some days long"
)]
fn moment(at: &ExcelDateTime) -> String {
    if at.is_duration() || (0.0..1.0).contains(&at.as_f64()) {
        let seconds = (at.as_f64() * 86_400.0).round() as i64;
        let (sign, seconds) = (if seconds < 0 { "-" } else { "" }, seconds.abs());
        return format!(
            "{sign}{:02}:{:02}:{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        );
    }
    let (year, month, day, hour, minute, second, milli) = at.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    match (hour, minute, second, milli) {
        (0, 0, 0, 0) => date,
        (_, _, _, 0) => format!("{date}T{hour:02}:{minute:02}:{second:02}"),
        _ => format!("{date}T{hour:02}:{minute:02}:{second:02}.{milli:03}"),
    }
}

/// What a column is called in a workbook: A, B, … Z, AA.
fn letters(column: u32) -> String {
    let mut letters = Vec::new();
    let mut left = column + 1;
    while left > 0 {
        let digit = u8::try_from((left - 1) % 26).unwrap_or_default();
        letters.push(char::from(b'A' + digit));
        left = (left - 1) / 26;
    }
    letters.iter().rev().collect()
}

fn wrong(error: &XlsxError) -> Trouble {
    Trouble::Malformed {
        said: format!("it cannot be read as a workbook (.xlsx): {error}"),
        hint: match error {
            XlsxError::Password => "save it without a password",
            _ => "save it again from Excel or LibreOffice; a file that is still being written ends too early",
        },
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek as _, Write as _};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    #[test]
    fn what_unpacks_to_more_than_allowed_is_refused_whatever_it_says_of_itself() {
        let mut file = tempfile::tempfile().unwrap();
        let mut archive = ZipWriter::new(&mut file);
        archive
            .start_file("xl/sheet1.xml", SimpleFileOptions::default())
            .unwrap();
        for _ in 0..512 {
            archive.write_all(&[b' '; 8 << 10]).unwrap();
        }
        archive.finish().unwrap();
        let size = file.stream_position().unwrap();
        assert!(size < 64 << 10, "{size}");
        assert!(measure(&file, size, 5 << 20).is_ok());
        assert!(matches!(measure(&file, size, 3 << 20), Err(Trouble::Large { most }) if most == 3 << 20));
    }

    #[test]
    fn columns_are_called_as_in_a_workbook() {
        assert_eq!([0, 25, 26, 701, 702].map(letters), ["A", "Z", "AA", "ZZ", "AAA"]);
    }
}
