//! Many rows with one statement. The rows come as a table named `new`, which the statement inserts, joins or
//! updates from, in the same words on both databases: PostgreSQL takes one array per column, SQLite one JSON text.
//! Queries say `FROM new CROSS JOIN`, by which SQLite looks up what is given rather than going through the table.

use std::borrow::Cow;
use std::fmt::Write as _;

use futures_util::future::BoxFuture;
use sqlx::postgres::PgArguments;
use sqlx::{Arguments as _, AssertSqlSafe, SqlSafeStr as _};

use crate::error::StoreError;
use crate::transaction::{Fetched, Given, Inner, Transaction, Value, arguments};

/// Rows and bytes that go with one statement at most.
const ROWS: usize = 4_000;
const BYTES: usize = 4 << 20;

/// What a column of `new` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Integer,
    Bytes,
}

/// A statement over a table `new` of these columns. Placeholders are for values that all rows share.
pub(crate) struct Bulk<const N: usize> {
    pub(crate) columns: [(&'static str, Kind); N],
    pub(crate) sql: &'static str,
}

impl Transaction {
    /// Carries out the statement for all rows, and says how many it touched. The rows are encoded at once.
    pub(crate) fn bulk<'t, 'a, const N: usize>(
        &'t mut self,
        bulk: &Bulk<N>,
        shared: &[Value<'_>],
        rows: impl Iterator<Item = [Value<'a>; N]>,
    ) -> BoxFuture<'t, Result<u64, StoreError>> {
        let (sql, statements) = (
            self.bulk_text(bulk, shared.len()),
            self.encoded(bulk, shared, rows),
        );
        Box::pin(async move {
            let mut touched = 0;
            for given in statements? {
                touched += self
                    .execute_given(AssertSqlSafe(sql.clone()).into_sql_str(), given)
                    .await?;
            }
            Ok(touched)
        })
    }

    /// All rows that the query gives for all rows given, which are encoded at once.
    pub(crate) fn bulk_fetch<'t, 'a, T: Fetched + 't, const N: usize>(
        &'t mut self,
        bulk: &Bulk<N>,
        shared: &[Value<'_>],
        rows: impl Iterator<Item = [Value<'a>; N]>,
    ) -> BoxFuture<'t, Result<Vec<T>, StoreError>> {
        let (sql, statements) = (
            self.bulk_text(bulk, shared.len()),
            self.encoded(bulk, shared, rows),
        );
        Box::pin(async move {
            let mut found = Vec::new();
            for given in statements? {
                found.extend(
                    self.fetch_given::<T>(AssertSqlSafe(sql.clone()).into_sql_str(), given)
                        .await?,
                );
            }
            Ok(found)
        })
    }

    /// The values of as many statements as the rows need.
    fn encoded<'a, const N: usize>(
        &self,
        bulk: &Bulk<N>,
        shared: &[Value<'_>],
        rows: impl Iterator<Item = [Value<'a>; N]>,
    ) -> Result<Vec<Given>, StoreError> {
        let mut rows = rows.peekable();
        let mut statements = Vec::new();
        while rows.peek().is_some() {
            let given = match self.inner {
                Inner::Sqlite(_) => {
                    let mut values = shared.to_vec();
                    values.push(json_rows(&mut rows).into());
                    arguments(&values).map(Given::Sqlite)
                }
                Inner::Postgres(_) => array_rows(shared, bulk, &mut rows).map(Given::Postgres),
            };
            statements
                .push(given.map_err(|error| StoreError::database(self.doing)(sqlx::Error::Encode(error)))?);
        }
        Ok(statements)
    }

    /// The statement with the table `new` in front, whose placeholders follow the shared ones.
    fn bulk_text<const N: usize>(&self, bulk: &Bulk<N>, shared: usize) -> String {
        let mut sql = String::from("WITH new (");
        for (at, (name, _)) in bulk.columns.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            let _ = write!(sql, "{comma}{name}");
        }
        sql.push_str(") AS MATERIALIZED (SELECT ");
        match self.inner {
            Inner::Sqlite(_) => {
                for (at, (_, kind)) in bulk.columns.iter().enumerate() {
                    let comma = if at > 0 { ", " } else { "" };
                    let _ = match kind {
                        Kind::Bytes => write!(sql, "{comma}unhex(value ->> {at})"),
                        Kind::Text | Kind::Integer => write!(sql, "{comma}value ->> {at}"),
                    };
                }
                let _ = write!(sql, " FROM json_each(${})", shared + 1);
            }
            Inner::Postgres(_) => {
                sql.push_str("* FROM UNNEST(");
                for (at, (_, kind)) in bulk.columns.iter().enumerate() {
                    let comma = if at > 0 { ", " } else { "" };
                    let array = match kind {
                        Kind::Text => "text[]",
                        Kind::Integer => "bigint[]",
                        Kind::Bytes => "bytea[]",
                    };
                    let _ = write!(sql, "{comma}${}::{array}", shared + at + 1);
                }
                sql.push(')');
            }
        }
        let _ = write!(sql, ") {}", bulk.sql);
        sql
    }
}

/// Takes rows for one statement as a JSON array of arrays. Bytes are written in hexadecimal digits.
fn json_rows<'a, const N: usize>(rows: &mut impl Iterator<Item = [Value<'a>; N]>) -> String {
    let mut json = Vec::with_capacity(1 << 16);
    json.push(b'[');
    for (at, row) in rows.enumerate() {
        json.push(if at > 0 { b',' } else { b' ' });
        for (at, value) in row.into_iter().enumerate() {
            json.push(if at > 0 { b',' } else { b'[' });
            // Writing into memory does not fail.
            let _ = match value {
                Value::Text(text) => serde_json::to_writer(&mut json, &text),
                Value::Integer(number) => serde_json::to_writer(&mut json, &number),
                Value::Bytes(bytes) => serde_json::to_writer(&mut json, &bytes.map(hex::encode)),
            };
        }
        json.push(b']');
        if at + 1 >= ROWS || json.len() >= BYTES {
            break;
        }
    }
    json.push(b']');
    // serde_json writes UTF-8 only.
    String::from_utf8(json).unwrap_or_default()
}

/// One column of rows for PostgreSQL.
enum Column<'a> {
    Text(Vec<Option<Cow<'a, str>>>),
    Integer(Vec<Option<i64>>),
    Bytes(Vec<Option<Cow<'a, [u8]>>>),
}

/// Takes rows for one statement as one array per column, after the shared values.
fn array_rows<'a, const N: usize>(
    shared: &[Value<'_>],
    bulk: &Bulk<N>,
    rows: &mut impl Iterator<Item = [Value<'a>; N]>,
) -> Result<PgArguments, sqlx::error::BoxDynError> {
    let mut columns = bulk.columns.map(|(_, kind)| match kind {
        Kind::Text => Column::Text(Vec::with_capacity(ROWS)),
        Kind::Integer => Column::Integer(Vec::with_capacity(ROWS)),
        Kind::Bytes => Column::Bytes(Vec::with_capacity(ROWS)),
    });
    let mut size = 0;
    for (at, row) in rows.enumerate() {
        for (column, value) in columns.iter_mut().zip(row) {
            match (column, value) {
                (Column::Text(column), Value::Text(text)) => {
                    size += text.as_ref().map_or(0, |text| text.len());
                    column.push(text);
                }
                (Column::Integer(column), Value::Integer(number)) => column.push(number),
                (Column::Bytes(column), Value::Bytes(bytes)) => column.push(bytes),
                _ => return Err("a value is not of its column's kind".into()),
            }
        }
        if at + 1 >= ROWS || size >= BYTES {
            break;
        }
    }
    let mut arguments: PgArguments = arguments(shared)?;
    for column in columns {
        match column {
            Column::Text(texts) => arguments.add(texts.iter().map(Option::as_deref).collect::<Vec<_>>())?,
            Column::Integer(numbers) => arguments.add(numbers)?,
            Column::Bytes(bytes) => arguments.add(bytes.iter().map(Option::as_deref).collect::<Vec<_>>())?,
        }
    }
    Ok(arguments)
}
