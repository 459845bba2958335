//! Links: which account belongs to which person, and what was compared when nothing was to do.

use std::collections::HashMap;

use serde_json::json;
use tenure_core::account::AccountId;
use tenure_core::dn::Dn;
use tenure_core::link::{InSync, Link, LinkState};
use tenure_core::profile::{PersonKey, RecordHash};

use crate::bulk::{Bulk, Kind};
use crate::database::Store;
use crate::error::StoreError;
use crate::json::from_json;
use crate::packing::{Scan, escape, unescape};
use crate::records::person_key;
use crate::transaction::{Transaction, Value, micros, timestamp};

/// A link with where its account was when last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLink {
    /// The link.
    pub link: Link,
    /// Where the account was.
    pub dn: Dn,
}

/// A link to be kept, with what it stands between.
#[derive(Clone, Debug)]
pub struct LinkRow<'a> {
    /// The person's data source.
    pub source: &'a str,
    /// The account's directory.
    pub directory: &'a str,
    /// The link.
    pub link: StoredLink,
}

const ALL: Scan = Scan {
    table: "links",
    sql: "SELECT max(person_key), count(*), string_agg(concat_ws($3, person_key, account_id, state, since, matched, \
          coalesce(memory, ''), coalesce(CAST(in_sync_record AS TEXT), ''), in_sync_account, in_sync_documents, in_sync_until), $4) FROM \
          (SELECT person_key, account_id, state, since, matched, memory, in_sync_record, in_sync_account, \
          in_sync_documents, in_sync_until FROM links \
          WHERE source = $5 AND directory = $6 AND person_key > $1 ORDER BY person_key LIMIT $2) AS page",
};

const LINK_COLUMNS: [(&str, Kind); 13] = [
    ("source", Kind::Text),
    ("directory", Kind::Text),
    ("person_key", Kind::Text),
    ("account_id", Kind::Text),
    ("dn", Kind::Text),
    ("state", Kind::Text),
    ("since", Kind::Integer),
    ("matched", Kind::Text),
    ("in_sync_record", Kind::Integer),
    ("in_sync_account", Kind::Integer),
    ("in_sync_documents", Kind::Integer),
    ("in_sync_until", Kind::Integer),
    ("memory", Kind::Text),
];

/// For links that hold the account that they held before.
const KEEP: Bulk<13> = Bulk {
    columns: LINK_COLUMNS,
    sql: "UPDATE links SET dn = new.dn, state = new.state, since = new.since, matched = new.matched, \
          in_sync_record = new.in_sync_record, in_sync_account = new.in_sync_account, \
          in_sync_documents = new.in_sync_documents, in_sync_until = new.in_sync_until, memory = new.memory FROM new \
          WHERE links.source = new.source AND links.directory = new.directory \
          AND links.person_key = new.person_key AND links.held = new.account_id AND new.state <> 'deleted'",
};

/// For all others.
const SAVE: Bulk<13> = Bulk {
    columns: LINK_COLUMNS,
    sql: "INSERT INTO links (source, directory, person_key, account_id, held, dn, state, since, matched, \
          in_sync_record, in_sync_account, in_sync_documents, in_sync_until, memory) \
          SELECT source, directory, person_key, account_id, CASE WHEN state <> 'deleted' THEN account_id END, dn, \
          state, since, matched, in_sync_record, in_sync_account, in_sync_documents, in_sync_until, memory FROM new \
          WHERE NOT EXISTS (SELECT 1 FROM links l WHERE l.source = new.source AND l.directory = new.directory \
          AND l.person_key = new.person_key AND l.held = new.account_id AND new.state <> 'deleted') \
          ON CONFLICT (source, directory, person_key) DO UPDATE SET account_id = excluded.account_id, \
          held = excluded.held, dn = excluded.dn, state = excluded.state, since = excluded.since, \
          matched = excluded.matched, in_sync_record = excluded.in_sync_record, \
          in_sync_account = excluded.in_sync_account, in_sync_documents = excluded.in_sync_documents, \
          in_sync_until = excluded.in_sync_until, memory = excluded.memory",
};

const SAVE_IN_SYNC: Bulk<5> = Bulk {
    columns: [
        ("person_key", Kind::Text),
        ("record", Kind::Integer),
        ("account", Kind::Integer),
        ("documents", Kind::Integer),
        ("until", Kind::Integer),
    ],
    sql: "UPDATE links SET in_sync_record = new.record, in_sync_account = new.account, \
          in_sync_documents = new.documents, in_sync_until = new.until FROM new \
          WHERE links.source = $1 AND links.directory = $2 AND links.person_key = new.person_key",
};

const HOLDERS: Bulk<4> = Bulk {
    columns: [
        ("source", Kind::Text),
        ("directory", Kind::Text),
        ("person_key", Kind::Text),
        ("account_id", Kind::Text),
    ],
    sql: "SELECT l.directory, l.account_id, l.person_key FROM new CROSS JOIN links l \
          WHERE l.directory = new.directory AND l.held = new.account_id \
          AND (l.source <> new.source OR l.person_key <> new.person_key)",
};

impl Store {
    /// All links between a source and a directory, also of people who left and of deleted accounts, by key.
    pub async fn links(&self, source: &str, directory: &str) -> Result<Vec<Link>, StoreError> {
        let mut links = Vec::new();
        let mut reading = self.read("reading links").await?;
        reading
            .scan(&ALL, &[source.into(), directory.into()], |fields| {
                links.push(Link {
                    key: PersonKey::new(fields.text()?)?,
                    account: AccountId::new(&fields.escaped()?),
                    state: state(fields.text()?)?,
                    since: timestamp(fields.integer()?),
                    matched: fields.escaped()?.into_owned(),
                    memory: match fields.text()? {
                        "" => None,
                        text => Some(serde_json::from_str(text).ok()?),
                    },
                    in_sync: if fields.is_empty() {
                        None
                    } else {
                        Some(InSync {
                            record: RecordHash(fields.integer()?.cast_unsigned()),
                            account: fields.integer()?.cast_unsigned(),
                            documents: fields.integer()?.cast_unsigned(),
                            until: timestamp(fields.integer()?),
                        })
                    },
                });
                Some(())
            })
            .await?;
        Ok(links)
    }

    /// The links of everybody with this key: source, directory, link, in that order.
    pub async fn links_of(&self, key: &PersonKey) -> Result<Vec<(String, String, StoredLink)>, StoreError> {
        let mut reading = self.read("reading a person's links").await?;
        let rows: Vec<LinkColumns> = reading
            .fetch(
                // One step per source and directory rather than an index by person, which every link would pay for.
                "WITH RECURSIVE sources (source) AS (SELECT min(source) FROM links UNION ALL \
                 SELECT (SELECT min(source) FROM links WHERE source > sources.source) FROM sources \
                 WHERE sources.source IS NOT NULL), \
                 pairs (source, directory) AS (SELECT source, (SELECT min(directory) FROM links \
                 WHERE links.source = sources.source) FROM sources WHERE source IS NOT NULL UNION ALL \
                 SELECT source, (SELECT min(directory) FROM links WHERE links.source = pairs.source \
                 AND links.directory > pairs.directory) FROM pairs WHERE directory IS NOT NULL) \
                 SELECT l.source, l.directory, l.person_key, l.account_id, l.dn, l.state, l.since, l.matched, \
                 l.in_sync_record, l.in_sync_account, l.in_sync_documents, l.in_sync_until, l.memory FROM pairs p \
                 CROSS JOIN links l WHERE l.source = p.source AND l.directory = p.directory AND l.person_key = $1 \
                 ORDER BY l.source, l.directory",
                &[key.as_str().into()],
            )
            .await?;
        rows.into_iter().map(stored).collect()
    }

    /// Keeps links, each person at most once; one that was there is replaced. Fails with
    /// [`StoreError::LinkTaken`], and then writes nothing, when an account is another living person's.
    pub async fn save_links(&self, rows: &[LinkRow<'_>]) -> Result<(), StoreError> {
        let mut writing = self.write("keeping links").await?;
        match writing.save_links(rows).await {
            Ok(()) => writing.commit().await,
            Err(error) => {
                drop(writing);
                Err(self.why_not_linked(rows, error).await)
            }
        }
    }

    /// Forgets a link; says whether there was one.
    pub async fn unlink(&self, source: &str, directory: &str, key: &PersonKey) -> Result<bool, StoreError> {
        let mut writing = self.write("forgetting a link").await?;
        let touched = writing
            .execute(
                "DELETE FROM links WHERE source = $1 AND directory = $2 AND person_key = $3",
                &[source.into(), directory.into(), key.as_str().into()],
            )
            .await?;
        writing.commit().await?;
        Ok(touched > 0)
    }

    /// Remembers of links that exist what was compared when nothing was to do; other keys are left out.
    pub async fn save_in_sync(
        &self,
        source: &str,
        directory: &str,
        rows: &[(PersonKey, InSync)],
    ) -> Result<(), StoreError> {
        let mut writing = self.write("remembering what is in sync").await?;
        let values = rows.iter().map(|(key, seen)| {
            [
                key.as_str().into(),
                seen.record.0.cast_signed().into(),
                seen.account.cast_signed().into(),
                seen.documents.cast_signed().into(),
                seen.until.into(),
            ]
        });
        writing
            .bulk(&SAVE_IN_SYNC, &[source.into(), directory.into()], values)
            .await?;
        writing.commit().await
    }

    /// Says whose account it is when links could not be kept because one is taken; any other error stays.
    pub(crate) async fn why_not_linked(&self, rows: &[LinkRow<'_>], error: StoreError) -> StoreError {
        if !error.is_unique_violation() {
            return error;
        }
        match self.holder(rows).await {
            Ok(Some((directory, account, holder))) => StoreError::LinkTaken {
                directory,
                account,
                holder,
            },
            Ok(None) => error,
            Err(other) => other,
        }
    }

    async fn holder(&self, rows: &[LinkRow<'_>]) -> Result<Option<(String, String, String)>, StoreError> {
        let mut seen = HashMap::new();
        for row in rows
            .iter()
            .filter(|row| row.link.link.state != LinkState::Deleted)
        {
            let link = &row.link.link;
            if let Some(holder) = seen.insert((row.directory, &link.account), &link.key) {
                return Ok(Some((
                    row.directory.to_owned(),
                    link.account.to_string(),
                    holder.to_string(),
                )));
            }
        }
        let values = rows
            .iter()
            .filter(|row| row.link.link.state != LinkState::Deleted)
            .map(|row| {
                let link = &row.link.link;
                [
                    row.source.into(),
                    row.directory.into(),
                    link.key.as_str().into(),
                    escape(link.account.as_str()).into(),
                ]
            });
        let mut reading = self.read("looking for the holder of an account").await?;
        let holders: Vec<(String, String, String)> = reading.bulk_fetch(&HOLDERS, &[], values).await?;
        Ok(holders
            .into_iter()
            .next()
            .map(|(directory, account, holder)| (directory, unescape(&account).into_owned(), holder)))
    }
}

/// The columns of a row in the table's order.
type LinkColumns = (
    String,
    String,
    String,
    String,
    String,
    String,
    i64,
    String,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<String>,
);

fn stored(row: LinkColumns) -> Result<(String, String, StoredLink), StoreError> {
    let (
        source,
        directory,
        key,
        account,
        dn,
        stood,
        since,
        matched,
        record,
        account_seen,
        documents,
        until,
        memory,
    ) = row;
    let link = Link {
        key: person_key("links", &key)?,
        account: AccountId::new(&unescape(&account)),
        state: state(&stood).ok_or_else(|| StoreError::Damaged {
            table: "links",
            found: format!("the state {stood:?}"),
        })?,
        since: timestamp(since),
        matched: unescape(&matched).into_owned(),
        in_sync: match (record, account_seen, documents, until) {
            (Some(record), Some(account), Some(documents), Some(until)) => Some(InSync {
                record: RecordHash(record.cast_unsigned()),
                account: account.cast_unsigned(),
                documents: documents.cast_unsigned(),
                until: timestamp(until),
            }),
            _ => None,
        },
        memory: memory.map(|text| from_json("links", &text)).transpose()?,
    };
    Ok((
        source,
        directory,
        StoredLink {
            link,
            dn: Dn::from_server(&unescape(&dn)),
        },
    ))
}

impl Transaction {
    /// Inserts or replaces links. A unique violation means that an account is taken.
    pub(crate) async fn save_links(&mut self, rows: &[LinkRow<'_>]) -> Result<(), StoreError> {
        self.bulk(&KEEP, &[], rows.iter().map(values)).await?;
        self.bulk(&SAVE, &[], rows.iter().map(values)).await.map(drop)
    }
}

fn values<'a>(row: &'a LinkRow<'_>) -> [Value<'a>; 13] {
    let StoredLink { link, dn } = &row.link;
    let seen = link.in_sync;
    let number = |of: fn(InSync) -> i64| Value::Integer(seen.map(of));
    [
        row.source.into(),
        row.directory.into(),
        link.key.as_str().into(),
        escape(link.account.as_str()).into(),
        escape(dn.as_str()).into(),
        state_name(link.state).into(),
        link.since.into(),
        escape(&link.matched).into(),
        number(|seen| seen.record.0.cast_signed()),
        number(|seen| seen.account.cast_signed()),
        number(|seen| seen.documents.cast_signed()),
        number(|seen| micros(seen.until)),
        Value::Text(
            link.memory
                .as_ref()
                .map(|memory| json!(memory).to_string().into()),
        ),
    ]
}

fn state_name(state: LinkState) -> &'static str {
    match state {
        LinkState::Joining => "joining",
        LinkState::Active => "active",
        LinkState::Left => "left",
        LinkState::Deleted => "deleted",
    }
}

fn state(name: &str) -> Option<LinkState> {
    [
        LinkState::Joining,
        LinkState::Active,
        LinkState::Left,
        LinkState::Deleted,
    ]
    .into_iter()
    .find(|state| state_name(*state) == name)
}
