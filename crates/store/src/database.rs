//! Opening a database, SQLite or PostgreSQL, and starting transactions on it.

use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::error::StoreError;
use crate::transaction::Transaction;

/// How long a writer waits for another one, of this process or another, before it gives up.
const PATIENCE: Duration = Duration::from_mins(5);
/// Connections that read at the same time, and connections to PostgreSQL.
const CONNECTIONS: u32 = 8;

/// Tenure's database. Cheap to clone; all clones share the same connections.
#[derive(Clone, Debug)]
pub struct Store {
    database: Database,
}

/// Which database it is, with its connections.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    /// SQLite has one writer at a time, which is waited for here rather than in the file.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

impl Store {
    /// Opens `sqlite:PATH`, a plain path, or `postgres://USER:PASSWORD@HOST/DATABASE`, and brings its tables to
    /// this program's version. A SQLite file that is not there is created, readable by its owner only.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let database = if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            open_postgres(url).await?
        } else {
            open_sqlite(sqlite_path(url)).await?
        };
        let store = Self { database };
        store.migrate().await?;
        Ok(store)
    }

    /// Makes sure that the database is there and answers.
    pub async fn ask(&self) -> Result<(), StoreError> {
        let mut reading = self.read("asking whether the database is there").await?;
        let _: Vec<(i64,)> = reading.fetch("SELECT COUNT(*) FROM vault_check", &[]).await?;
        Ok(())
    }

    /// Closes all connections, after what is being written has been written.
    pub async fn close(&self) {
        match &self.database {
            Database::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Database::Postgres(pool) => pool.close().await,
        }
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Starts a transaction that writes. `doing` says what for, in errors.
    pub(crate) async fn write(&self, doing: &'static str) -> Result<Transaction, StoreError> {
        match &self.database {
            Database::Sqlite { writer, .. } => writer
                .begin_with("BEGIN IMMEDIATE")
                .await
                .map(|begun| Transaction::sqlite(begun, doing)),
            // Everything that is looked up while writing has an index. Tables that were empty a moment ago have no
            // statistics yet, and would be gone through row by row.
            Database::Postgres(pool) => pool
                .begin_with("BEGIN; SET LOCAL enable_seqscan = off")
                .await
                .map(|begun| Transaction::postgres(begun, doing)),
        }
        .map_err(StoreError::database(doing))
    }

    /// Starts a transaction that reads, and sees the database as it is now until it ends.
    pub(crate) async fn read(&self, doing: &'static str) -> Result<Transaction, StoreError> {
        match &self.database {
            Database::Sqlite { readers, .. } => readers
                .begin()
                .await
                .map(|begun| Transaction::sqlite(begun, doing)),
            Database::Postgres(pool) => pool
                .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                .await
                .map(|begun| Transaction::postgres(begun, doing)),
        }
        .map_err(StoreError::database(doing))
    }
}

fn sqlite_path(url: &str) -> &str {
    url.strip_prefix("sqlite://")
        .or_else(|| url.strip_prefix("sqlite:"))
        .unwrap_or(url)
}

async fn open_sqlite(path: &str) -> Result<Database, StoreError> {
    let failed = |why: String| StoreError::Open {
        database: path.to_owned(),
        why,
    };
    create_private(Path::new(path)).map_err(|error| failed(error.to_string()))?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        // A row of a plan should fit on its page.
        .page_size(8192)
        .journal_mode(SqliteJournalMode::Wal)
        // An intent must be on the disk before its write leaves.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .pragma("temp_store", "MEMORY");
    // Checkpoints copy pages into the main file; with fewer of them, pages written again and again are copied once.
    let writing = options
        .clone()
        .pragma("cache_size", "-131072")
        .pragma("wal_autocheckpoint", "32768");
    let reading = options.pragma("cache_size", "-16384").pragma("query_only", "1");
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(PATIENCE)
        .connect_with(writing)
        .await
        .map_err(|error| failed(error.to_string()))?;
    let readers = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .connect_lazy_with(reading);
    Ok(Database::Sqlite { writer, readers })
}

/// Creates the file, since SQLite would let others read it. What SQLite puts beside it gets the same mode.
fn create_private(path: &Path) -> Result<(), std::io::Error> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

async fn open_postgres(url: &str) -> Result<Database, StoreError> {
    let options = PgConnectOptions::from_str(url).map_err(|_| StoreError::Open {
        database: "postgres".to_owned(),
        why: "the URL should read postgres://USER:PASSWORD@HOST:PORT/DATABASE".to_owned(),
    })?;
    // Statements look up the rows they are given by key. New tables have no statistics yet, and without them the
    // planner would go through all of a table for each few rows.
    let options = options.options([
        ("jit", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
    ]);
    let shown = format!(
        "postgres://{}@{}:{}/{}",
        options.get_username(),
        options.get_host(),
        options.get_port(),
        options.get_database().unwrap_or_default()
    );
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(Duration::from_secs(30))
        .connect_with(options)
        .await
        .map(Database::Postgres)
        .map_err(|error| StoreError::Open {
            database: shown,
            why: error.to_string(),
        })
}
