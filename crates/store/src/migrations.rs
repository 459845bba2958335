//! The versions of the tables, and the way from one to the next. A migration that was published is never changed.

use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use crate::database::{Database, Store};
use crate::error::StoreError;
use crate::transaction::micros;

/// All migrations; the first makes version 1.
const MIGRATIONS: [&str; 5] = [
    include_str!("../migrations/0001_first.sql"),
    include_str!("../migrations/0002_fetches.sql"),
    include_str!("../migrations/0003_memory_of_calls.sql"),
    include_str!("../migrations/0004_readings.sql"),
    include_str!("../migrations/0005_notices.sql"),
];

const VERSION_TABLE: &str = "CREATE TABLE IF NOT EXISTS tenure_schema \
    (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)";

/// What every run wants to know of all records, apart from the columns, which are most of each. PostgreSQL would have
/// to look at the table all the same.
const KNOWN: &str = "CREATE INDEX records_known ON records (source, person_key, hash, filled, gone_at);";

/// A number that keeps apart processes that migrate one PostgreSQL database at the same time.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7306364881)";

impl Store {
    /// Brings the tables to the version this program knows, in one transaction.
    pub(crate) async fn migrate(&self) -> Result<(), StoreError> {
        let mut transaction = self.write("preparing the database's tables").await?;
        if matches!(self.database(), Database::Postgres(_)) {
            transaction.script(AssertSqlSafe(LOCK.to_owned())).await?;
        }
        transaction
            .script(AssertSqlSafe(VERSION_TABLE.to_owned()))
            .await?;
        let versions: Vec<(i64,)> = transaction
            .fetch("SELECT coalesce(max(version), 0) FROM tenure_schema", &[])
            .await?;
        let found = versions.first().map_or(0, |row| row.0);
        let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
        if found > known {
            return Err(StoreError::Newer { found, known });
        }
        for (migration, version) in MIGRATIONS.iter().zip(1..).filter(|(_, version)| *version > found) {
            transaction.script(AssertSqlSafe(self.dialect(migration))).await?;
            let applied = micros(Timestamp::now());
            transaction
                .execute(
                    "INSERT INTO tenure_schema (version, applied_at) VALUES ($1, $2)",
                    &[version.into(), applied.into()],
                )
                .await?;
        }
        transaction.commit().await
    }

    /// The text of a migration as this database wants it.
    fn dialect(&self, migration: &str) -> String {
        let words = match self.database() {
            Database::Sqlite { .. } => [
                ("{bytes}", "BLOB"),
                ("{number}", "INTEGER PRIMARY KEY AUTOINCREMENT"),
                ("{clustered}", "WITHOUT ROWID"),
                ("{known}", KNOWN),
                (" TEXT", " TEXT"),
            ],
            // Text is ordered by its bytes on both databases, whatever the language of the server is.
            Database::Postgres(_) => [
                ("{bytes}", "BYTEA"),
                ("{number}", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
                ("{clustered}", ""),
                ("{known}", ""),
                (" TEXT", " TEXT COLLATE \"C\""),
            ],
        };
        words.iter().fold(migration.to_owned(), |text, (word, theirs)| {
            text.replace(word, theirs)
        })
    }
}
