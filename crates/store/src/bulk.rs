//! Many rows with one statement. The rows come as a table named `new`, which the statement inserts, joins or
//! updates from, in the same words on both databases: PostgreSQL takes one array per column, SQLite as many
//! placeholders as there are values.
//! Queries say `FROM new CROSS JOIN`, by which SQLite looks up what is given rather than going through the table.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use sqlx::error::BoxDynError;
use sqlx::postgres::PgArguments;
use sqlx::{Arguments as _, AssertSqlSafe, SqlSafeStr as _};

use crate::error::StoreError;
use crate::transaction::{Fetched, Given, Inner, Transaction, Value, arguments};

/// Rows and bytes that go with one statement to PostgreSQL at most.
const ROWS: usize = 4_000;
const BYTES: usize = 4 << 20;
/// Rows that go with one statement to SQLite. Only these numbers occur, so that statements are prepared once.
const SIZES: [usize; 4] = [256, 32, 4, 1];

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
        let statements = self.statements(bulk, shared, rows);
        Box::pin(async move {
            let mut touched = 0;
            for (sql, given) in statements? {
                touched += self
                    .execute_given(AssertSqlSafe(sql).into_sql_str(), given)
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
        let statements = self.statements(bulk, shared, rows);
        Box::pin(async move {
            let mut found = Vec::new();
            for (sql, given) in statements? {
                found.extend(
                    self.fetch_given::<T>(AssertSqlSafe(sql).into_sql_str(), given)
                        .await?,
                );
            }
            Ok(found)
        })
    }

    /// As many statements as the rows need, with their values.
    fn statements<'a, const N: usize>(
        &self,
        bulk: &Bulk<N>,
        shared: &[Value<'_>],
        rows: impl Iterator<Item = [Value<'a>; N]>,
    ) -> Result<Vec<(Arc<str>, Given)>, StoreError> {
        let made = match self.inner {
            Inner::Sqlite(_) => for_sqlite(bulk, shared, rows),
            Inner::Postgres(_) => for_postgres(bulk, shared, rows),
        };
        made.map_err(|error| StoreError::database(self.doing)(sqlx::Error::Encode(error)))
    }
}

/// Statements with their values.
type Statements = Result<Vec<(Arc<str>, Given)>, BoxDynError>;

/// Statements of a few sizes, each row a list of placeholders.
fn for_sqlite<'a, const N: usize>(
    bulk: &Bulk<N>,
    shared: &[Value<'_>],
    rows: impl Iterator<Item = [Value<'a>; N]>,
) -> Statements {
    let mut texts: [Option<Arc<str>>; SIZES.len()] = Default::default();
    let mut statements = Vec::new();
    let mut rows = rows.collect::<Vec<_>>().into_iter();
    while rows.len() > 0 {
        let fitting = SIZES
            .iter()
            .zip(&mut texts)
            .find(|(size, _)| **size <= rows.len());
        // One row always fits.
        let Some((size, text)) = fitting else { break };
        let text = text.get_or_insert_with(|| placeholders(bulk, *size).into());
        let values: Vec<Value<'_>> = rows
            .by_ref()
            .take(*size)
            .flatten()
            .chain(shared.iter().cloned())
            .collect();
        statements.push((Arc::clone(text), arguments(&values).map(Given::Sqlite)?));
    }
    Ok(statements)
}

/// The statement with a table `new` of so many rows in front. Their placeholders have no numbers, since SQLite looks
/// for one with a number among all others; the shared ones come after them.
fn placeholders<const N: usize>(bulk: &Bulk<N>, rows: usize) -> String {
    let row = format!("({})", ["?"; N].join(", "));
    let table = vec![row; rows].join(", ");
    let mut parts = bulk.sql.split('$');
    let mut sql = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // Shared placeholders have one digit.
        let (number, rest) = part.split_at_checked(1).unwrap_or((part, ""));
        let number: usize = number.parse().unwrap_or_default();
        let _ = write!(sql, "${}{rest}", rows * N + number);
    }
    // What is only inserted is gone through once, and need not be put together first.
    let materialized = if bulk.sql.starts_with("INSERT") {
        Materialized::No
    } else {
        Materialized::Yes
    };
    format!("{}VALUES {table}) {sql}", head(bulk, materialized))
}

/// Statements with one array per column, after the shared values.
fn for_postgres<'a, const N: usize>(
    bulk: &Bulk<N>,
    shared: &[Value<'_>],
    rows: impl Iterator<Item = [Value<'a>; N]>,
) -> Statements {
    let mut sql = head(bulk, Materialized::Yes);
    sql.push_str("SELECT * FROM UNNEST(");
    for (at, (_, kind)) in bulk.columns.iter().enumerate() {
        let comma = if at > 0 { ", " } else { "" };
        let array = match kind {
            Kind::Text => "text[]",
            Kind::Integer => "bigint[]",
            Kind::Bytes => "bytea[]",
        };
        let _ = write!(sql, "{comma}${}::{array}", shared.len() + at + 1);
    }
    let _ = write!(sql, ")) {}", bulk.sql);
    let sql: Arc<str> = sql.into();
    let mut rows = rows.peekable();
    let mut statements = Vec::new();
    while rows.peek().is_some() {
        statements.push((
            Arc::clone(&sql),
            array_rows(shared, bulk, &mut rows).map(Given::Postgres)?,
        ));
    }
    Ok(statements)
}

/// Whether the table `new` is put together before the statement goes through it.
#[derive(Clone, Copy)]
enum Materialized {
    Yes,
    No,
}

/// The beginning of the table `new`.
fn head<const N: usize>(bulk: &Bulk<N>, materialized: Materialized) -> String {
    let names = bulk.columns.map(|(name, _)| name).join(", ");
    match materialized {
        Materialized::Yes => format!("WITH new ({names}) AS MATERIALIZED ("),
        Materialized::No => format!("WITH new ({names}) AS ("),
    }
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
) -> Result<PgArguments, BoxDynError> {
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
