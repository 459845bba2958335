//! Messages about runs: owed before they are sent, and kept with what became of them. One is there once for each run,
//! point of the run, entry of the automation, person and recipient, so that nobody is told twice.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use sqlx::{AssertSqlSafe, SqlSafeStr as _};
use tenure_core::attribute::AttributeName;
use tenure_core::digest::Stage;
use tenure_core::profile::PersonKey;

use crate::database::Store;
use crate::error::StoreError;
use crate::runs::RunId;
use crate::transaction::{Value, timestamp};

/// Rows that are written in one transaction.
const BATCH: usize = 1_000;

/// Which message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NoticeId {
    /// Of which run.
    pub run: RunId,
    /// At which point of it.
    pub stage: Stage,
    /// Which entry of the automation's `notify`, counted from nought.
    pub notice: u32,
    /// About whom; none for one about the whole run.
    pub person: Option<PersonKey>,
    /// To whom: an address, or a channel.
    pub to: String,
}

/// A message that is to be sent.
#[derive(Clone, Debug)]
pub struct NewNotice {
    /// Which.
    pub id: NoticeId,
    /// The notification; Tenure's own without one.
    pub template: Option<String>,
    /// The mail server for Tenure's own.
    pub server: Option<String>,
    /// The attributes of the account that the recipient was found by.
    pub found_by: Vec<AttributeName>,
    /// What the other side knows it by, the same whenever it is tried.
    pub key: String,
}

/// A message about a run, with what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Which.
    #[serde(flatten)]
    pub id: NoticeId,
    /// The automation of the run.
    pub automation: String,
    /// The notification; Tenure's own without one.
    pub template: Option<String>,
    /// The mail server for Tenure's own.
    pub server: Option<String>,
    /// The attributes of the account that the recipient was found by.
    #[serde(skip)]
    pub found_by: Vec<AttributeName>,
    /// What the other side knows it by.
    pub key: String,
    /// How far it is.
    pub state: NoticeState,
    /// How often it was tried.
    pub tries: u32,
    /// What became of the last try.
    pub said: Option<String>,
    /// Since when it is owed.
    pub owed_since: Timestamp,
    /// When it came to this state.
    pub at: Timestamp,
}

/// How far a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeState {
    /// It is to be sent.
    Owed,
    /// It is on its way; one of a process that is no more may have been sent or not.
    Sending,
    /// The other side has it.
    Sent,
    /// The other side will not have it.
    Refused,
    /// It is not known whether it was sent, and sending it again could send it twice.
    InDoubt,
    /// It is not sent any more.
    Dropped,
}

impl NoticeState {
    /// All states.
    pub const ALL: [Self; 6] = [
        Self::Owed,
        Self::Sending,
        Self::Sent,
        Self::Refused,
        Self::InDoubt,
        Self::Dropped,
    ];

    /// The word used in output and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Owed => "owed",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::InDoubt => "in_doubt",
            Self::Dropped => "dropped",
        }
    }

    /// Whether somebody still waits for it.
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Sent | Self::Dropped)
    }
}

impl fmt::Display for NoticeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a message came to.
#[derive(Clone, Debug)]
pub struct NoticeEnd {
    /// Which.
    pub id: NoticeId,
    /// How far it is now.
    pub state: NoticeState,
    /// What became of it, in words; what was said before stays when there is nothing.
    pub said: Option<String>,
}

const COLUMNS: &str = "SELECT run, stage, notice, person_key, recipient, automation, template, server, found_by, message_key, \
    state, tries, said, owed_since, at FROM notices";

type Columns = (
    i64,
    String,
    i64,
    String,
    String,
    String,
    Option<String>,
    Option<String>,
    String,
    String,
    String,
    i64,
    Option<String>,
    i64,
    i64,
);

impl Store {
    /// Keeps messages that are to be sent. One that is there already stays as it is.
    pub async fn owe_notices(
        &self,
        automation: &str,
        notices: &[NewNotice],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        for notices in notices.chunks(BATCH) {
            let mut writing = self.write("keeping messages that are to be sent").await?;
            for NewNotice {
                id,
                template,
                server,
                found_by,
                key,
            } in notices
            {
                let found_by: Vec<&str> = found_by.iter().map(AttributeName::as_str).collect();
                let mut values = id.values();
                values.extend([
                    automation.into(),
                    template.as_deref().into(),
                    server.as_deref().into(),
                    found_by.join(",").into(),
                    key.as_str().into(),
                    at.into(),
                ]);
                writing
                    .execute(
                        "INSERT INTO notices (run, stage, notice, person_key, recipient, automation, template, \
                         server, found_by, message_key, state, tries, owed_since, at) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'owed', 0, $11, $11) ON CONFLICT DO NOTHING",
                        &values,
                    )
                    .await?;
            }
            writing.commit().await?;
        }
        Ok(())
    }

    /// The messages about a run, in order.
    pub async fn notices(&self, run: RunId) -> Result<Vec<Notice>, StoreError> {
        let sql = format!("{COLUMNS} WHERE run = $1 ORDER BY stage, notice, person_key, recipient");
        self.notices_by(sql, &[run.0.into()]).await
    }

    /// Messages about runs of one automation, or of all, that somebody still waits for, the oldest first.
    pub async fn open_notices(
        &self,
        automation: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        let order = "ORDER BY run, stage, notice, person_key, recipient";
        let open = "state IN ('owed', 'sending', 'refused', 'in_doubt')";
        let limit = Value::from(i64::from(limit));
        if let Some(automation) = automation {
            let sql = format!("{COLUMNS} WHERE {open} AND automation = $1 {order} LIMIT $2");
            self.notices_by(sql, &[automation.into(), limit]).await
        } else {
            let sql = format!("{COLUMNS} WHERE {open} {order} LIMIT $1");
            self.notices_by(sql, &[limit]).await
        }
    }

    /// Notes that these are about to be sent; when this returns, it is on the disk.
    pub async fn sending_notices(&self, ids: &[NoticeId], at: Timestamp) -> Result<(), StoreError> {
        let mut writing = self.write("noting messages that are about to be sent").await?;
        for id in ids {
            let mut values = id.values();
            values.push(at.into());
            writing
                .execute(
                    "UPDATE notices SET state = 'sending', tries = tries + 1, at = $6 WHERE run = $1 AND stage = $2 \
                     AND notice = $3 AND person_key = $4 AND recipient = $5",
                    &values,
                )
                .await?;
        }
        writing.commit().await
    }

    /// Keeps what became of messages.
    pub async fn end_notices(&self, ends: &[NoticeEnd], at: Timestamp) -> Result<(), StoreError> {
        let mut writing = self.write("keeping what became of messages").await?;
        for NoticeEnd { id, state, said } in ends {
            let mut values = id.values();
            values.extend([state.name().into(), said.as_deref().into(), at.into()]);
            writing
                .execute(
                    "UPDATE notices SET state = $6, said = coalesce($7, said), at = $8 WHERE run = $1 AND stage = $2 \
                     AND notice = $3 AND person_key = $4 AND recipient = $5",
                    &values,
                )
                .await?;
        }
        writing.commit().await
    }

    async fn notices_by(&self, sql: String, values: &[Value<'_>]) -> Result<Vec<Notice>, StoreError> {
        let mut reading = self.read("reading messages about runs").await?;
        let rows: Vec<Columns> = reading
            .fetch_text(AssertSqlSafe(sql).into_sql_str(), values)
            .await?;
        rows.into_iter().map(notice_of).collect()
    }
}

impl NoticeId {
    fn values(&self) -> Vec<Value<'_>> {
        vec![
            self.run.0.into(),
            self.stage.name().into(),
            i64::from(self.notice).into(),
            self.person.as_ref().map_or("", PersonKey::as_str).into(),
            self.to.as_str().into(),
        ]
    }
}

fn notice_of(columns: Columns) -> Result<Notice, StoreError> {
    let (
        run,
        stage,
        notice,
        person,
        to,
        automation,
        template,
        server,
        found_by,
        key,
        state,
        tries,
        said,
        owed_since,
        at,
    ) = columns;
    let damaged = |what: &str, found: &str| StoreError::Damaged {
        table: "notices",
        found: format!("the {what} {found:?}"),
    };
    let stages = Stage::ALL.into_iter();
    let states = NoticeState::ALL.into_iter();
    Ok(Notice {
        id: NoticeId {
            run: RunId(run),
            stage: stages
                .clone()
                .find(|known| known.name() == stage)
                .ok_or_else(|| damaged("stage", &stage))?,
            notice: u32::try_from(notice).unwrap_or(u32::MAX),
            person: PersonKey::new(&person),
            to,
        },
        automation,
        template,
        server,
        found_by: found_by
            .split(',')
            .filter(|name| !name.is_empty())
            .map(AttributeName::new)
            .collect(),
        key,
        state: states
            .clone()
            .find(|known| known.name() == state)
            .ok_or_else(|| damaged("state", &state))?,
        tries: u32::try_from(tries).unwrap_or(u32::MAX),
        said,
        owed_since: timestamp(owed_since),
        at: timestamp(at),
    })
}
