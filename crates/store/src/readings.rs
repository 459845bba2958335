//! The accounts of a directory as an automation read them last, and from where changes can be asked for, so that the
//! next run need not read everything.

use jiff::Timestamp;
use tenure_core::account::{Access, Account, AccountId};
use tenure_core::attribute::{AttributeIndex, Attributes, AttributesBuilder};
use tenure_core::dn::Dn;
use tenure_core::watching::Cookie;

use crate::bulk::{Bulk, Kind};
use crate::database::Store;
use crate::error::StoreError;
use crate::packing::{ATTRIBUTE, Fields, Scan, VALUE, escape, unescape};
use crate::transaction::timestamp;

/// What is remembered of an automation's last reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// A digest of what was asked for. What was kept is of no use for another question.
    pub asked: String,
    /// From where changes can be asked for.
    pub cookie: Cookie,
    /// When everything was read last.
    pub whole_at: Timestamp,
}

const KEPT: Scan = Scan {
    table: "kept_accounts",
    sql: "SELECT max(id), count(*), string_agg(concat_ws($3, id, dn, enabled, attributes), $4) FROM \
          (SELECT id, dn, enabled, attributes FROM kept_accounts \
          WHERE automation = $5 AND id > $1 ORDER BY id LIMIT $2) AS page",
};

const KEEP: Bulk<4> = Bulk {
    columns: [
        ("id", Kind::Text),
        ("dn", Kind::Text),
        ("enabled", Kind::Integer),
        ("attributes", Kind::Text),
    ],
    sql: "INSERT INTO kept_accounts (automation, id, dn, enabled, attributes) \
          SELECT $1, id, dn, enabled, attributes FROM new WHERE true \
          ON CONFLICT (automation, id) DO UPDATE SET dn = excluded.dn, enabled = excluded.enabled, \
          attributes = excluded.attributes",
};

const DROP: Bulk<1> = Bulk {
    columns: [("id", Kind::Text)],
    sql: "DELETE FROM kept_accounts WHERE automation = $1 AND id IN (SELECT id FROM new)",
};

impl Store {
    /// What is remembered of an automation's last reading; none when everything has to be read.
    pub async fn reading(&self, automation: &str) -> Result<Option<Reading>, StoreError> {
        let mut reading = self.read("reading how the directory was read last").await?;
        let rows: Vec<(String, String, i64)> = reading
            .fetch(
                "SELECT asked, cookie, whole_at FROM readings WHERE automation = $1",
                &[automation.into()],
            )
            .await?;
        let mut rows = rows.into_iter();
        Ok(rows.next().map(|(asked, cookie, whole_at)| Reading {
            asked,
            cookie: Cookie::new(&unescape(&cookie)),
            whole_at: timestamp(whole_at),
        }))
    }

    /// The accounts that are kept of an automation's last reading. Attributes have the numbers they had then.
    pub async fn kept_accounts(&self, automation: &str) -> Result<Vec<Account>, StoreError> {
        let mut accounts = Vec::new();
        let mut builder = AttributesBuilder::new();
        let mut reading = self.read("reading the accounts as they were read last").await?;
        reading
            .scan(&KEPT, &[automation.into()], |fields| {
                accounts.push(account(fields, &mut builder)?);
                Some(())
            })
            .await?;
        Ok(accounts)
    }

    /// Keeps a reading: the accounts that are new or different, without those that are gone.
    pub async fn keep_reading(
        &self,
        automation: &str,
        reading: &Reading,
        different: &[&Account],
        gone: &[AccountId],
    ) -> Result<(), StoreError> {
        let mut writing = self.write("keeping the accounts that were read").await?;
        let shared = [automation.into()];
        let ids = gone.iter().map(|id| [escape(id.as_str()).into()]);
        writing.bulk(&DROP, &shared, ids).await?;
        let rows = different.iter().map(|account| {
            [
                escape(account.id.as_str()).into(),
                escape(account.dn.as_str()).into(),
                i64::from(account.access == Access::Enabled).into(),
                packed(&account.attributes).into(),
            ]
        });
        writing.bulk(&KEEP, &shared, rows).await?;
        writing
            .execute(
                "INSERT INTO readings (automation, asked, cookie, whole_at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (automation) DO UPDATE SET asked = excluded.asked, cookie = excluded.cookie, \
                 whole_at = excluded.whole_at",
                &[
                    automation.into(),
                    reading.asked.as_str().into(),
                    escape(reading.cookie.as_str()).into(),
                    reading.whole_at.into(),
                ],
            )
            .await?;
        writing.commit().await
    }

    /// Forgets an automation's last reading, so that everything has to be read.
    pub async fn forget_reading(&self, automation: &str) -> Result<(), StoreError> {
        let mut writing = self.write("forgetting the accounts that were read").await?;
        for sql in [
            "DELETE FROM readings WHERE automation = $1",
            "DELETE FROM kept_accounts WHERE automation = $1",
        ] {
            writing.execute(sql, &[automation.into()]).await?;
        }
        writing.commit().await
    }
}

/// Attributes as they are stored: the number of each, then its values.
fn packed(attributes: &Attributes) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    let mut before = None;
    for (index, value) in attributes.iter() {
        if before != Some(index) {
            if before.is_some() {
                text.push(ATTRIBUTE);
            }
            let _ = write!(text, "{}", index.0);
            before = Some(index);
        }
        text.push(VALUE);
        text.push_str(&escape(value));
    }
    text
}

fn account(fields: &mut Fields<'_>, builder: &mut AttributesBuilder) -> Option<Account> {
    let id = AccountId::new(&fields.escaped()?);
    let dn = Dn::from_server(&fields.escaped()?);
    let access = match fields.integer()? {
        0 => Access::Disabled,
        _ => Access::Enabled,
    };
    let attributes = fields.text()?;
    for attribute in attributes
        .split(ATTRIBUTE)
        .filter(|attribute| !attribute.is_empty())
    {
        let mut parts = attribute.split(VALUE);
        let index = AttributeIndex(parts.next()?.parse().ok()?);
        for value in parts {
            builder.push(index, &unescape(value));
        }
    }
    Some(Account {
        id,
        dn,
        access,
        attributes: builder.finish(),
    })
}
