//! Tables of values (CSV, RFC 4180) turned into JSON objects, line by line, from a text that may come in pieces.

use std::collections::BTreeSet;
use std::ops::Range;

use tenure_core::document::Csv;

/// The longest line.
const LONGEST: usize = 4 << 20;

/// Turns lines into records.
#[derive(Debug)]
pub(super) struct Table {
    separator: char,
    /// The columns, each as `"name":`; none until the line with their names came. A column without a name is left out.
    columns: Option<Vec<Option<String>>>,
    state: State,
    /// The values of the line so far, one after the other, and where each ends.
    values: String,
    ends: Vec<usize>,
    /// The number of the line of text at which reading is, and at which the record began.
    line: u64,
    began: u64,
    /// The records so far, as JSON.
    out: Vec<u8>,
    records: Vec<Range<u32>>,
    /// The most bytes of records that may wait to be taken.
    most: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the beginning of a line.
    Line,
    /// At the beginning of a further value.
    Value,
    /// Within a value that is not in quotes.
    Plain,
    /// Within one that is.
    Quoted,
    /// After a quote within quotes: the end, or the first of two.
    Quote,
    /// After a carriage return, which may be followed by a line feed.
    Return,
}

/// Why a text is not a whole table.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TableError {
    #[error("it is empty, without even the names of its columns")]
    Empty,
    #[error("the column `{name}` is there twice")]
    SameName { name: String },
    #[error("the line with the names of the columns has none")]
    NoNames,
    #[error("line {line} has {found} values, and there are {wanted} columns")]
    Values { line: u64, found: usize, wanted: usize },
    #[error("on line {line} something follows a closing quote")]
    AfterQuote { line: u64 },
    #[error("the quote that is opened on line {line} is never closed")]
    Unclosed { line: u64 },
    #[error("line {line} is longer than {} MiB", LONGEST >> 20)]
    TooLong { line: u64 },
    #[error("its records are larger than {} MiB", most >> 20)]
    TooLarge { most: usize },
}

impl Table {
    /// An empty table, written this way, of whose records at most so many bytes may wait to be taken.
    pub(super) fn new(form: Option<&Csv>, most: usize) -> Self {
        let named = form.map(|form| form.columns.as_slice()).unwrap_or_default();
        let columns = named.iter().map(|name| Some(as_key(name))).collect::<Vec<_>>();
        Self {
            separator: form.and_then(|form| form.separator.chars().next()).unwrap_or(','),
            columns: Some(columns).filter(|columns| !columns.is_empty()),
            state: State::Line,
            values: String::new(),
            ends: Vec::new(),
            line: 1,
            began: 1,
            out: Vec::new(),
            records: Vec::new(),
            most: most.min(u32::MAX as usize),
        }
    }

    /// Reads the next piece of the text.
    pub(super) fn read(&mut self, text: &str) -> Result<(), TableError> {
        for c in text.chars() {
            if self.state == State::Return {
                self.state = State::Line;
                if c == '\n' {
                    continue;
                }
            }
            self.step(c)?;
        }
        Ok(())
    }

    fn step(&mut self, c: char) -> Result<(), TableError> {
        match (self.state, c) {
            (State::Quoted, '"') => self.state = State::Quote,
            (State::Quote, '"') => {
                self.state = State::Quoted;
                self.values.push('"');
            }
            (State::Quoted, c) => {
                self.line += u64::from(c == '\n');
                self.push(c)?;
            }
            (State::Line, '\r' | '\n') => self.end_line(c),
            (_, '\r' | '\n') => {
                self.end_record()?;
                self.end_line(c);
            }
            (_, c) if c == self.separator => {
                self.begin();
                if self.ends.len() >= LONGEST {
                    return Err(TableError::TooLong { line: self.began });
                }
                self.ends.push(self.values.len());
                self.state = State::Value;
            }
            (State::Line | State::Value, '"') => {
                self.begin();
                self.state = State::Quoted;
            }
            (State::Quote, _) => return Err(TableError::AfterQuote { line: self.line }),
            (_, c) => {
                self.begin();
                self.state = State::Plain;
                self.push(c)?;
            }
        }
        Ok(())
    }

    fn begin(&mut self) {
        if self.state == State::Line {
            self.began = self.line;
        }
    }

    fn push(&mut self, c: char) -> Result<(), TableError> {
        if self.values.len() >= LONGEST {
            return Err(TableError::TooLong { line: self.began });
        }
        self.values.push(c);
        Ok(())
    }

    fn end_line(&mut self, c: char) {
        self.line += 1;
        self.state = if c == '\r' { State::Return } else { State::Line };
    }

    /// Ends the text.
    pub(super) fn finish(&mut self) -> Result<(), TableError> {
        match self.state {
            State::Quoted => return Err(TableError::Unclosed { line: self.began }),
            State::Line | State::Return => {}
            State::Value | State::Plain | State::Quote => self.end_record()?,
        }
        self.state = State::Line;
        match self.columns {
            Some(_) => Ok(()),
            None => Err(TableError::Empty),
        }
    }

    fn end_record(&mut self) -> Result<(), TableError> {
        self.ends.push(self.values.len());
        let Some(columns) = &self.columns else {
            self.columns = Some(names(values(&self.values, &self.ends))?);
            self.values.clear();
            self.ends.clear();
            return Ok(());
        };
        if self.ends.len() != columns.len() {
            return Err(TableError::Values {
                line: self.began,
                found: self.ends.len(),
                wanted: columns.len(),
            });
        }
        // Spreadsheets end in lines that have separators only.
        if !self.values.is_empty() {
            let start = self.out.len();
            self.out.push(b'{');
            for (key, value) in columns.iter().zip(values(&self.values, &self.ends)) {
                let Some(key) = key else { continue };
                if self.out.len() > start + 1 {
                    self.out.push(b',');
                }
                self.out.extend_from_slice(key.as_bytes());
                // Writing into memory does not fail.
                serde_json::to_writer(&mut self.out, value)
                    .map_err(|_| TableError::TooLarge { most: self.most })?;
            }
            self.out.push(b'}');
            if self.out.len() > self.most {
                return Err(TableError::TooLarge { most: self.most });
            }
            let place = |at| u32::try_from(at).map_err(|_| TableError::TooLarge { most: self.most });
            self.records.push(place(start)?..place(self.out.len())?);
        }
        self.values.clear();
        self.ends.clear();
        Ok(())
    }

    /// How many bytes the records have that were not taken yet.
    pub(super) fn waiting(&self) -> usize {
        self.out.len()
    }

    /// Takes the records so far, as a text with the place of each.
    pub(super) fn take(&mut self) -> (Vec<u8>, Vec<Range<u32>>) {
        (std::mem::take(&mut self.out), std::mem::take(&mut self.records))
    }

    /// The number of the line at which reading is.
    pub(super) fn line(&self) -> u64 {
        self.line
    }
}

fn values<'t>(text: &'t str, ends: &'t [usize]) -> impl Iterator<Item = &'t str> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts
        .zip(ends)
        .map(|(start, end)| text.get(start..*end).unwrap_or_default())
}

fn names<'t>(names: impl Iterator<Item = &'t str>) -> Result<Vec<Option<String>>, TableError> {
    let mut known = BTreeSet::new();
    let mut columns = Vec::new();
    for name in names.map(str::trim) {
        if !name.is_empty() && !known.insert(name) {
            return Err(TableError::SameName {
                name: name.to_owned(),
            });
        }
        columns.push(Some(as_key(name)).filter(|_| !name.is_empty()));
    }
    if known.is_empty() {
        return Err(TableError::NoNames);
    }
    Ok(columns)
}

fn as_key(name: &str) -> String {
    format!("{}:", serde_json::Value::from(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn form(separator: &str, columns: &[&str]) -> Csv {
        Csv {
            separator: separator.to_owned(),
            encoding: None,
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    fn read(form: &Csv, pieces: &[&str]) -> Result<Vec<Value>, TableError> {
        let mut table = Table::new(Some(form), 1 << 30);
        for piece in pieces {
            table.read(piece)?;
        }
        table.finish()?;
        let (text, records) = table.take();
        let record = |range: Range<u32>| &text[range.start as usize..range.end as usize];
        Ok(records
            .into_iter()
            .map(|range| serde_json::from_slice(record(range)).unwrap())
            .collect())
    }

    #[test]
    fn lines_are_records_whatever_separates_and_ends_them() {
        let wanted = [
            json!({ "id": "1", "name": "King, Ada" }),
            json!({ "id": "2", "name": "a \"b\"\nc" }),
        ];
        let cases = [
            (",", "id,name\n1,\"King, Ada\"\n2,\"a \"\"b\"\"\nc\"\n"),
            (";", " id ;name\r\n\r\n1;King, Ada\r\n2;\"a \"\"b\"\"\nc\""),
            (
                "\t",
                "id\tname\t\r1\t\"King, Ada\"\t\r2\t\"a \"\"b\"\"\nc\"\t\r\t\t\r",
            ),
            ("¦", "id¦name\n1¦King, Ada\n2¦\"a \"\"b\"\"\nc\""),
        ];
        for (separator, text) in cases {
            assert_eq!(read(&form(separator, &[]), &[text]).unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn columns_may_be_named_by_the_document() {
        let records = read(&form(",", &["id", "na\"me"]), &["1,x", "y\n2,\n"]).unwrap();
        assert_eq!(
            records,
            [
                json!({ "id": "1", "na\"me": "xy" }),
                json!({ "id": "2", "na\"me": "" })
            ]
        );
        assert!(read(&form(",", &["id"]), &[]).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_whole_table_says_on_which_line() {
        let cases = [
            ("", "it is empty, without even the names of its columns"),
            ("\n\n", "it is empty, without even the names of its columns"),
            ("a,b\n1,2\n3", "line 3 has 1 values, and there are 2 columns"),
            (
                "a,b\n\"1\n1\",2\n1,2,3\n",
                "line 4 has 3 values, and there are 2 columns",
            ),
            (
                "a,b\n1,\"2\n3,4\n",
                "the quote that is opened on line 2 is never closed",
            ),
            ("a,b\n1,\"2\"x\n", "on line 2 something follows a closing quote"),
            ("a,b,a\n", "the column `a` is there twice"),
            (",,\n", "the line with the names of the columns has none"),
        ];
        for (text, said) in cases {
            assert_eq!(read(&form(",", &[]), &[text]).unwrap_err().to_string(), said);
        }
        let long = format!("a\n\"{}", "x".repeat(LONGEST + 1));
        assert_eq!(
            read(&form(",", &[]), &[&long]),
            Err(TableError::TooLong { line: 2 })
        );
    }

    #[test]
    fn records_that_grow_out_of_all_proportion_are_refused() {
        let mut table = Table::new(None, 10_000);
        table.read(&format!("{}\n", "x".repeat(6_000))).unwrap();
        table.read("1\n").unwrap();
        assert_eq!(table.read("2\n"), Err(TableError::TooLarge { most: 10_000 }));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_table_that_is_written_is_read_the_same_however_it_is_cut(
            rows in prop::collection::vec(prop::collection::vec("[a-c,;\"\r\n ä]{0,5}", 3), 0..6),
            cut in any::<prop::sample::Index>(),
        ) {
            let rows: Vec<_> = rows.into_iter().filter(|row| row.iter().any(|value| !value.is_empty())).collect();
            let quoted = |value: &String| format!("\"{}\"", value.replace('"', "\"\""));
            let lines = rows.iter().map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(";") + "\r\n");
            let text = format!("x;y;z\r\n{}", lines.collect::<String>());
            let at = text.char_indices().map(|(at, _)| at).nth(cut.index(text.chars().count())).unwrap_or(0);
            let found = read(&form(";", &[]), &[&text[..at], &text[at..]]).unwrap();
            let wanted: Vec<_> = rows.iter().map(|row| json!({ "x": row[0], "y": row[1], "z": row[2] })).collect();
            prop_assert_eq!(found, wanted);
        }
    }
}
