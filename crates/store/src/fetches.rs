//! How far the last successful run of each data source came, so that the next one need not fetch everything.

use tenure_core::fetching::Memory;

use crate::database::Store;
use crate::error::StoreError;
use crate::json::{from_json, to_json};
use crate::transaction::{micros, timestamp};

impl Store {
    /// What is remembered of a data source's last successful run; none before the first.
    pub async fn fetch_memory(&self, source: &str) -> Result<Option<Memory>, StoreError> {
        type Row = (String, Option<String>, Option<i64>, i64);
        let mut reading = self.read("reading how far the last fetch came").await?;
        let rows: Vec<Row> = reading
            .fetch(
                "SELECT asked, mark, whole_at, run_at FROM fetches WHERE source = $1",
                &[source.into()],
            )
            .await?;
        let Some((asked, mark, whole_at, run_at)) = rows.into_iter().next() else {
            return Ok(None);
        };
        Ok(Some(Memory {
            asked,
            mark: mark.map(|mark| from_json("fetches", &mark)).transpose()?,
            whole_at: whole_at.map(timestamp),
            run_at: timestamp(run_at),
        }))
    }

    /// Keeps how far a run came.
    pub async fn save_fetch_memory(&self, source: &str, memory: &Memory) -> Result<(), StoreError> {
        const DOING: &str = "keeping how far the fetch came";
        let mark = memory
            .mark
            .as_ref()
            .map(|mark| to_json(DOING, mark))
            .transpose()?;
        let mut writing = self.write(DOING).await?;
        writing
            .execute(
                "INSERT INTO fetches (source, asked, mark, whole_at, run_at) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (source) DO UPDATE SET asked = excluded.asked, mark = excluded.mark, \
                 whole_at = excluded.whole_at, run_at = excluded.run_at",
                &[
                    source.into(),
                    memory.asked.as_str().into(),
                    mark.as_deref().into(),
                    memory.whole_at.map(micros).into(),
                    memory.run_at.into(),
                ],
            )
            .await?;
        writing.commit().await
    }
}
