//! A transaction on either database: values in, rows out. Nothing here knows a table.

use std::borrow::Cow;

use jiff::Timestamp;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Encode, FromRow, Postgres, SqlSafeStr as _, SqlStr, Sqlite, Type};

use crate::error::StoreError;

/// A transaction. What it wrote is undone unless [`commit`](Self::commit) succeeds.
pub(crate) struct Transaction {
    pub(crate) inner: Inner,
    pub(crate) doing: &'static str,
}

pub(crate) enum Inner {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// The values of all placeholders of one statement, encoded for one of the databases.
pub(crate) enum Given {
    Sqlite(SqliteArguments),
    Postgres(PgArguments),
}

/// A value for a placeholder.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    Text(Option<Cow<'a, str>>),
    Integer(Option<i64>),
    Bytes(Option<Cow<'a, [u8]>>),
}

/// Rows that both databases can give.
pub(crate) trait Fetched:
    Send + Unpin + for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow>
{
}
impl<T: Send + Unpin + for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow>> Fetched for T {}

impl Transaction {
    pub(crate) fn sqlite(begun: sqlx::Transaction<'static, Sqlite>, doing: &'static str) -> Self {
        Self {
            inner: Inner::Sqlite(begun),
            doing,
        }
    }

    pub(crate) fn postgres(begun: sqlx::Transaction<'static, Postgres>, doing: &'static str) -> Self {
        Self {
            inner: Inner::Postgres(begun),
            doing,
        }
    }

    /// Carries out a statement and says how many rows it touched.
    pub(crate) async fn execute(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        self.execute_text(sql.into_sql_str(), values).await
    }

    pub(crate) async fn execute_text(
        &mut self,
        sql: SqlStr,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let given = self.given(values)?;
        self.execute_given(sql, given).await
    }

    pub(crate) async fn execute_given(&mut self, sql: SqlStr, given: Given) -> Result<u64, StoreError> {
        match (&mut self.inner, given) {
            (Inner::Sqlite(inner), Given::Sqlite(given)) => sqlx::query_with(sql, given)
                .execute(&mut **inner)
                .await
                .map(|done| done.rows_affected()),
            (Inner::Postgres(inner), Given::Postgres(given)) => sqlx::query_with(sql, given)
                .execute(&mut **inner)
                .await
                .map(|done| done.rows_affected()),
            _ => Err(other_database()),
        }
        .map_err(StoreError::database(self.doing))
    }

    /// All rows of a query.
    pub(crate) async fn fetch<T: Fetched>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<T>, StoreError> {
        self.fetch_text(sql.into_sql_str(), values).await
    }

    pub(crate) async fn fetch_text<T: Fetched>(
        &mut self,
        sql: SqlStr,
        values: &[Value<'_>],
    ) -> Result<Vec<T>, StoreError> {
        let given = self.given(values)?;
        self.fetch_given(sql, given).await
    }

    pub(crate) async fn fetch_given<T: Fetched>(
        &mut self,
        sql: SqlStr,
        given: Given,
    ) -> Result<Vec<T>, StoreError> {
        match (&mut self.inner, given) {
            (Inner::Sqlite(inner), Given::Sqlite(given)) => {
                sqlx::query_as_with(sql, given).fetch_all(&mut **inner).await
            }
            (Inner::Postgres(inner), Given::Postgres(given)) => {
                sqlx::query_as_with(sql, given).fetch_all(&mut **inner).await
            }
            _ => Err(other_database()),
        }
        .map_err(StoreError::database(self.doing))
    }

    /// The values as this transaction's database takes them.
    fn given(&self, values: &[Value<'_>]) -> Result<Given, StoreError> {
        match self.inner {
            Inner::Sqlite(_) => arguments(values).map(Given::Sqlite),
            Inner::Postgres(_) => arguments(values).map(Given::Postgres),
        }
        .map_err(|error| StoreError::database(self.doing)(sqlx::Error::Encode(error)))
    }

    /// Carries out several statements without placeholders.
    pub(crate) async fn script(&mut self, sql: AssertSqlSafe<String>) -> Result<(), StoreError> {
        let done = match &mut self.inner {
            Inner::Sqlite(inner) => sqlx::raw_sql(sql).execute(&mut **inner).await.map(drop),
            Inner::Postgres(inner) => sqlx::raw_sql(sql).execute(&mut **inner).await.map(drop),
        };
        done.map_err(StoreError::database(self.doing))
    }

    /// Makes what was written last; when this returns, it is on the disk.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self.inner {
            Inner::Sqlite(inner) => inner.commit().await,
            Inner::Postgres(inner) => inner.commit().await,
        }
        .map_err(StoreError::database(self.doing))
    }
}

fn other_database() -> sqlx::Error {
    sqlx::Error::Encode("the values were encoded for the other database".into())
}

/// The values as one of the databases takes them.
pub(crate) fn arguments<A>(values: &[Value<'_>]) -> Result<A, BoxDynError>
where
    A: Arguments + Default,
    for<'v> Option<&'v str>: Encode<'v, A::Database> + Type<A::Database>,
    Option<i64>: for<'v> Encode<'v, A::Database> + Type<A::Database>,
    for<'v> Option<&'v [u8]>: Encode<'v, A::Database> + Type<A::Database>,
{
    let mut arguments = A::default();
    for value in values {
        match value {
            Value::Text(text) => arguments.add(text.as_deref())?,
            Value::Integer(number) => arguments.add(*number)?,
            Value::Bytes(bytes) => arguments.add(bytes.as_deref())?,
        }
    }
    Ok(arguments)
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(Cow::Borrowed(text)))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::Text(text.map(Cow::Borrowed))
    }
}

impl<'a> From<Cow<'a, str>> for Value<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(Some(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Some(Cow::Owned(text)))
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(Some(number))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(number: Option<i64>) -> Self {
        Self::Integer(number)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(Some(Cow::Borrowed(bytes)))
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(at: Timestamp) -> Self {
        micros(at).into()
    }
}

/// A time as it is stored: microseconds since 1970, with both ends of time as the ends of the numbers.
pub(crate) fn micros(at: Timestamp) -> i64 {
    if at == Timestamp::MAX {
        i64::MAX
    } else if at == Timestamp::MIN {
        i64::MIN
    } else {
        at.as_microsecond()
    }
}

/// A stored time; what lies beyond either end of time is that end.
pub(crate) fn timestamp(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros > 0 {
        Timestamp::MAX
    } else {
        Timestamp::MIN
    })
}
