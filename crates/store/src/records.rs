//! What was fetched of every person: the hash of the record, the columns that matter, and since when it is gone.

use jiff::Timestamp;
use tenure_core::join::{FetchedRecord, KnownRecord};
use tenure_core::profile::{PersonKey, RecordHash};

use crate::bulk::{Bulk, Kind};
use crate::database::Store;
use crate::error::StoreError;
use crate::packing::Scan;
use crate::transaction::timestamp;

/// The most people that one search gives.
const FOUND: i64 = 100;

/// A record as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// The person.
    pub key: PersonKey,
    /// The raw record when last seen.
    pub hash: RecordHash,
    /// The projected columns, a JSON object.
    pub columns: String,
    /// When it was fetched first.
    pub first_seen: Timestamp,
    /// When it was last fetched in a form that was new.
    pub fetched_at: Timestamp,
    /// Since when it is gone; none while it is there.
    pub gone_at: Option<Timestamp>,
}

const KNOWN: Scan = Scan {
    table: "records",
    sql: "SELECT max(person_key), count(*), string_agg(concat_ws($3, person_key, hash, filled, gone), $4) FROM \
          (SELECT person_key, hash, filled, CASE WHEN gone_at IS NULL THEN 0 ELSE 1 END AS gone FROM records \
          WHERE source = $5 AND person_key > $1 ORDER BY person_key LIMIT $2) AS page",
};

const BY_KEY: Bulk<1> = Bulk {
    columns: [("person_key", Kind::Text)],
    sql: "SELECT r.person_key, r.hash, r.columns, r.first_seen, r.fetched_at, r.gone_at \
          FROM new CROSS JOIN records r WHERE r.source = $1 AND r.person_key = new.person_key",
};

const SAVE: Bulk<4> = Bulk {
    columns: [
        ("person_key", Kind::Text),
        ("hash", Kind::Integer),
        ("filled", Kind::Integer),
        ("columns", Kind::Text),
    ],
    sql: "INSERT INTO records (source, person_key, hash, filled, columns, first_seen, fetched_at, gone_at) \
          SELECT $1, person_key, hash, filled, columns, $2, $2, NULL FROM new WHERE true \
          ON CONFLICT (source, person_key) DO UPDATE SET hash = excluded.hash, filled = excluded.filled, \
          columns = excluded.columns, fetched_at = excluded.fetched_at, gone_at = NULL \
          WHERE records.hash <> excluded.hash OR records.filled <> excluded.filled \
          OR records.columns <> excluded.columns OR records.gone_at IS NOT NULL",
};

const GONE: Bulk<1> = Bulk {
    columns: [("person_key", Kind::Text)],
    sql: "UPDATE records SET gone_at = $2 FROM new \
          WHERE records.source = $1 AND records.person_key = new.person_key AND records.gone_at IS NULL",
};

impl Store {
    /// All records known of a source, those that are gone too, ordered by key.
    pub async fn known_records(&self, source: &str) -> Result<Vec<KnownRecord>, StoreError> {
        let mut known = Vec::new();
        let mut reading = self.read("reading the records known so far").await?;
        reading
            .scan(&KNOWN, &[source.into()], |fields| {
                known.push(KnownRecord {
                    key: PersonKey::new(fields.text()?)?,
                    hash: RecordHash(fields.integer()?.cast_unsigned()),
                    filled: fields.integer()?.cast_unsigned(),
                    gone: fields.text()? == "1",
                });
                Some(())
            })
            .await?;
        Ok(known)
    }

    /// The records of these people, as far as there are any, ordered by key.
    pub async fn records(&self, source: &str, keys: &[PersonKey]) -> Result<Vec<StoredRecord>, StoreError> {
        type Row = (String, i64, String, i64, i64, Option<i64>);
        let mut reading = self.read("reading records").await?;
        let rows: Vec<Row> = reading
            .bulk_fetch(
                &BY_KEY,
                &[source.into()],
                keys.iter().map(|key| [key.as_str().into()]),
            )
            .await?;
        let mut records = rows
            .into_iter()
            .map(|(key, hash, columns, first_seen, fetched_at, gone_at)| {
                Ok(StoredRecord {
                    key: person_key("records", &key)?,
                    hash: RecordHash(hash.cast_unsigned()),
                    columns,
                    first_seen: timestamp(first_seen),
                    fetched_at: timestamp(fetched_at),
                    gone_at: gone_at.map(timestamp),
                })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        records.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(records)
    }

    /// The record of one person.
    pub async fn record(&self, source: &str, key: &PersonKey) -> Result<Option<StoredRecord>, StoreError> {
        Ok(self.records(source, std::slice::from_ref(key)).await?.pop())
    }

    /// Keeps records, each key at most once, as fetched `at` that time. A record that was gone is back.
    pub async fn save_records(
        &self,
        source: &str,
        at: Timestamp,
        rows: &[FetchedRecord],
    ) -> Result<(), StoreError> {
        let mut writing = self.write("keeping records").await?;
        let values = rows.iter().map(|row| {
            [
                row.key.as_str().into(),
                row.hash.0.cast_signed().into(),
                row.filled.cast_signed().into(),
                row.columns.as_str().into(),
            ]
        });
        writing.bulk(&SAVE, &[source.into(), at.into()], values).await?;
        writing.commit().await
    }

    /// Marks records as gone since `at`; what is gone already keeps its time.
    pub async fn mark_gone(&self, source: &str, at: Timestamp, keys: &[PersonKey]) -> Result<(), StoreError> {
        let mut writing = self.write("marking records as gone").await?;
        let values = keys.iter().map(|key| [key.as_str().into()]);
        writing.bulk(&GONE, &[source.into(), at.into()], values).await?;
        writing.commit().await
    }

    /// The people with exactly this key in any source, by source; at most 100.
    pub async fn find_people(&self, text: &str) -> Result<Vec<(String, PersonKey)>, StoreError> {
        let Some(key) = PersonKey::new(text) else {
            return Ok(Vec::new());
        };
        let mut reading = self.read("looking for a person").await?;
        let sources: Vec<(String,)> = reading
            .fetch(
                // One step per source rather than an index by person, which every record would pay for.
                "WITH RECURSIVE sources (source) AS (SELECT min(source) FROM records UNION ALL \
                 SELECT (SELECT min(source) FROM records WHERE source > sources.source) FROM sources \
                 WHERE sources.source IS NOT NULL), \
                 linked (source) AS (SELECT min(source) FROM links UNION ALL \
                 SELECT (SELECT min(source) FROM links WHERE source > linked.source) FROM linked \
                 WHERE linked.source IS NOT NULL) \
                 SELECT s.source FROM sources s CROSS JOIN records r WHERE r.source = s.source AND r.person_key = $1 UNION \
                 SELECT s.source FROM linked s WHERE EXISTS (SELECT 1 FROM links l WHERE l.source = s.source \
                 AND l.person_key = $1) ORDER BY 1 LIMIT $2",
                &[key.as_str().into(), FOUND.into()],
            )
            .await?;
        Ok(sources
            .into_iter()
            .map(|(source,)| (source, key.clone()))
            .collect())
    }
}

/// A key as it was stored.
pub(crate) fn person_key(table: &'static str, text: &str) -> Result<PersonKey, StoreError> {
    PersonKey::new(text).ok_or_else(|| StoreError::Damaged {
        table,
        found: format!("the person {text:?}"),
    })
}
