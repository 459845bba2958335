//! Leases: one process at a time carries out an automation. Each holder has a higher token than the one before, so
//! that one who slept through the end of its lease is refused when it writes.

use jiff::{SignedDuration, Timestamp};

use crate::database::Store;
use crate::error::StoreError;
use crate::transaction::{Transaction, timestamp};

/// How long a lease is good for without being renewed.
const TERM: SignedDuration = SignedDuration::from_secs(60);

/// A lease that is held. It is not given back when it is dropped: a process that fails leaves it to run out.
#[derive(Clone, Debug)]
pub struct Lease {
    store: Store,
    name: String,
    holder: String,
    token: i64,
}

/// The answer to a claim.
#[derive(Debug)]
pub enum Claim {
    /// It is held now, for 60 seconds unless renewed.
    Held(Lease),
    /// Another one has it.
    Taken {
        /// Who: `host/pid/start`.
        by: String,
        /// Until when at least.
        until: Timestamp,
    },
}

impl Store {
    /// Claims the lease `name` for this process. What a dead process of this host holds is taken over at once,
    /// anything else once its time is over.
    pub async fn claim(&self, name: &str) -> Result<Claim, StoreError> {
        self.claim_at(name, &this_process(), Timestamp::now()).await
    }

    pub(crate) async fn claim_at(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
    ) -> Result<Claim, StoreError> {
        let held = |token| {
            Claim::Held(Lease {
                store: self.clone(),
                name: name.to_owned(),
                holder: holder.to_owned(),
                token,
            })
        };
        let mut writing = self.write("claiming a lease").await?;
        loop {
            let first = writing
                .execute(
                    "INSERT INTO leases (name, holder, token, until) VALUES ($1, $2, 1, $3) ON CONFLICT DO NOTHING",
                    &[name.into(), holder.into(), end(now).into()],
                )
                .await?;
            if first > 0 {
                writing.commit().await?;
                return Ok(held(1));
            }
            let rows: Vec<(String, i64, i64)> = writing
                .fetch(
                    "SELECT holder, token, until FROM leases WHERE name = $1",
                    &[name.into()],
                )
                .await?;
            let Some((by, token, until)) = rows.into_iter().next() else {
                continue;
            };
            if timestamp(until) > now && !is_dead(&by) {
                return Ok(Claim::Taken {
                    by,
                    until: timestamp(until),
                });
            }
            // Nothing is touched when another one was quicker; it is the holder to look at then.
            let followed = writing
                .execute(
                    "UPDATE leases SET holder = $3, token = token + 1, until = $4 WHERE name = $1 AND token = $2 \
                     AND until = $5",
                    &[name.into(), token.into(), holder.into(), end(now).into(), until.into()],
                )
                .await?;
            if followed > 0 {
                writing.commit().await?;
                return Ok(held(token + 1));
            }
        }
    }
}

impl Lease {
    /// What the lease is for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A number that is higher with every new holder.
    pub fn token(&self) -> i64 {
        self.token
    }

    /// Makes it good for another 60 seconds; [`StoreError::LeaseLost`] when another one has it.
    pub async fn renew(&self) -> Result<(), StoreError> {
        let mut writing = self.store.write("renewing a lease").await?;
        writing.renew(self).await?;
        writing.commit().await
    }

    /// Gives it back. One that was lost is let alone.
    pub async fn release(self) -> Result<(), StoreError> {
        let mut writing = self.store.write("giving a lease back").await?;
        writing
            .execute(
                "UPDATE leases SET until = $3, token = token + 1 WHERE name = $1 AND token = $2",
                &[
                    self.name.as_str().into(),
                    self.token.into(),
                    Timestamp::MIN.into(),
                ],
            )
            .await?;
        writing.commit().await
    }
}

impl Transaction {
    /// Renews a lease, and so makes sure that no one else can take it before the transaction ends.
    pub(crate) async fn renew(&mut self, lease: &Lease) -> Result<(), StoreError> {
        let now = Timestamp::now();
        let touched = self
            .execute(
                "UPDATE leases SET until = $3 WHERE name = $1 AND token = $2 AND holder = $4",
                &[
                    lease.name.as_str().into(),
                    lease.token.into(),
                    end(now).into(),
                    lease.holder.as_str().into(),
                ],
            )
            .await?;
        if touched == 0 {
            return Err(StoreError::LeaseLost {
                name: lease.name.clone(),
                since: now,
            });
        }
        Ok(())
    }
}

/// This process as a holder: `host/pid/start`.
fn this_process() -> String {
    holder(std::process::id())
}

fn end(now: Timestamp) -> Timestamp {
    now.checked_add(TERM).unwrap_or(Timestamp::MAX)
}

/// A process of this host as a holder.
pub(crate) fn holder(pid: u32) -> String {
    format!("{}/{pid}/{}", host(), started(pid).unwrap_or_default())
}

/// Whether the holder was a process of this host that is no more. When that cannot be told, it is not.
#[cfg(unix)]
fn is_dead(holder: &str) -> bool {
    // A host's name may have a slash in it, a number may not.
    let mut parts = holder.rsplitn(3, '/');
    let (Some(start), Some(pid), Some(on)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let Ok(pid) = pid.parse::<u32>() else { return false };
    // Without a start there was no /proc to read it from.
    on == host()
        && !start.is_empty()
        && started(std::process::id()).is_some()
        && started(pid).as_deref() != Some(start)
}

#[cfg(not(unix))]
fn is_dead(_: &str) -> bool {
    false
}

fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .map_or_else(|| "unknown".to_owned(), |name| name.trim().to_owned())
}

/// When a process was started, in the kernel's ticks since boot: field 22 of `proc_pid_stat(5)`. A number of a
/// process that ended may be given to another one; both together are not.
fn started(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is a name in brackets, which may have spaces and brackets itself.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace();
    // A zombie has ended, though its parent has not looked yet.
    let state = fields.next()?;
    (!matches!(state, "Z" | "X"))
        .then(|| fields.nth(18).map(str::to_owned))
        .flatten()
}
