//! Many rows in one. Fetching a row costs more than what is in it, so large tables are read a page at a time, each
//! page put together by the database as one text with separators, and taken apart here.

use std::borrow::Cow;

use crate::error::StoreError;
use crate::transaction::{Transaction, Value};

/// Stands between the columns of a packed row.
pub(crate) const COLUMN: &str = "\u{1f}";
/// Stands between packed rows.
pub(crate) const ROW: &str = "\u{1e}";
/// Stands between an attribute and the next one, within a column.
pub(crate) const ATTRIBUTE: char = '\u{1c}';
/// Stands between the name and the values of an attribute, within a column.
pub(crate) const VALUE: char = '\u{1d}';
const ESCAPE: char = '\u{10}';

/// Rows in a page.
const PAGE: i64 = 10_000;

/// A query for one page after a key: it takes the key as `$1`, the number of rows as `$2`, the separators as `$3`
/// (columns) and `$4` (rows), then its own values, and gives the last key, the number of rows and the packed text.
pub(crate) struct Scan {
    pub(crate) table: &'static str,
    pub(crate) sql: &'static str,
}

impl Transaction {
    /// Reads all rows of the scan in the order of its key.
    pub(crate) async fn scan(
        &mut self,
        scan: &Scan,
        own: &[Value<'_>],
        mut row: impl FnMut(&mut Fields<'_>) -> Option<()>,
    ) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let mut values: Vec<Value<'_>> =
                vec![after.as_str().into(), PAGE.into(), COLUMN.into(), ROW.into()];
            values.extend_from_slice(own);
            let pages: Vec<(Option<String>, i64, Option<String>)> = self.fetch(scan.sql, &values).await?;
            let Some((Some(last), count, Some(packed))) = pages.into_iter().next() else {
                return Ok(());
            };
            unpack(scan.table, &packed, &mut row)?;
            if count < PAGE {
                return Ok(());
            }
            after = last;
        }
    }
}

/// Takes a packed text apart, row by row. A row that cannot be read (`None`) is damage.
pub(crate) fn unpack(
    table: &'static str,
    packed: &str,
    mut row: impl FnMut(&mut Fields<'_>) -> Option<()>,
) -> Result<(), StoreError> {
    for text in packed.split('\u{1e}') {
        row(&mut Fields { rest: Some(text) }).ok_or_else(|| StoreError::Damaged {
            table,
            found: format!("the row {text:?}"),
        })?;
    }
    Ok(())
}

/// The columns of one packed row, from the left.
pub(crate) struct Fields<'a> {
    rest: Option<&'a str>,
}

impl<'a> Fields<'a> {
    /// The next column as it is.
    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        if let Some((field, rest)) = rest.split_once('\u{1f}') {
            self.rest = Some(rest);
            Some(field)
        } else {
            self.rest = None;
            Some(rest)
        }
    }

    /// The next column, which was stored with [`escape`].
    pub(crate) fn escaped(&mut self) -> Option<Cow<'a, str>> {
        self.text().map(unescape)
    }

    /// The next column as a number.
    pub(crate) fn integer(&mut self) -> Option<i64> {
        self.text()?.parse().ok()
    }

    /// Whether the next column is empty; the columns after it are then of no use.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest
            .is_none_or(|rest| rest.is_empty() || rest.starts_with('\u{1f}'))
    }
}

/// A text as it is stored where it may hold anything: without separators, and without NUL, which PostgreSQL refuses.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| matches!(byte, 0 | 0x10 | 0x1c..=0x1f)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\0' => out.extend([ESCAPE, '0']),
            ESCAPE => out.extend([ESCAPE, ESCAPE]),
            ATTRIBUTE => out.extend([ESCAPE, 'a']),
            VALUE => out.extend([ESCAPE, 'v']),
            '\u{1e}' => out.extend([ESCAPE, 'r']),
            '\u{1f}' => out.extend([ESCAPE, 'c']),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Undoes [`escape`].
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains(ESCAPE) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ESCAPE => out.extend(chars.next().map(|code| match code {
                '0' => '\0',
                'a' => ATTRIBUTE,
                'v' => VALUE,
                'r' => '\u{1e}',
                'c' => '\u{1f}',
                other => other,
            })),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_with_separators_in_them_survive() {
        for text in [
            "",
            "plain",
            "a\u{1f}b\u{1e}c\0d\u{10}e\u{1c}f\u{1d}",
            "\u{10}\u{10}r",
        ] {
            let stored = escape(text);
            assert!(!stored.contains(['\0', ATTRIBUTE, VALUE, '\u{1e}', '\u{1f}']));
            assert_eq!(unescape(&stored), text);
        }
    }

    #[test]
    fn fields_come_from_the_left_and_end() {
        let mut fields = Fields {
            rest: Some("a\u{1f}7\u{1f}\u{1f}z"),
        };
        assert_eq!(fields.text(), Some("a"));
        assert_eq!(fields.integer(), Some(7));
        assert!(fields.is_empty());
        assert_eq!(fields.text(), Some(""));
        assert!(!fields.is_empty());
        assert_eq!(fields.text(), Some("z"));
        assert_eq!(fields.text(), None);
    }
}
