//! The tables of the local directory: what a batch of writes needs to know, and what it leaves.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use tenure_core::action::Action;
use tenure_core::dn::Dn;

use super::account::{self, LocalAccount, Name, names};
use super::batch::{Differences, Known, Prepared};
use super::values::Values;
use crate::bulk::{Bulk, Kind};
use crate::error::StoreError;
use crate::packing::{Scan, escape, unescape};
use crate::transaction::{Transaction, Value};

/// What is read of accounts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Contents {
    Bare,
    WithGroups,
}

const BARE: Scan = Scan {
    table: "local_accounts",
    sql: "SELECT max(id), count(*), string_agg(concat_ws($3, id, dn, access, attributes), $4) FROM \
          (SELECT id, dn, access, attributes FROM local_accounts \
          WHERE directory = $5 AND id > $1 ORDER BY id LIMIT $2) AS page",
};

const WITH_GROUPS: Scan = Scan {
    table: "local_accounts",
    sql: "SELECT max(id), count(*), string_agg(concat_ws($3, id, dn, access, attributes, groups), $4) FROM \
          (SELECT id, dn, access, attributes, coalesce((SELECT string_agg(CAST(group_number AS TEXT), ',' \
          ORDER BY group_number) FROM local_members m WHERE m.directory = a.directory AND m.account_id = a.id), '') \
          AS groups FROM local_accounts a WHERE directory = $5 AND id > $1 ORDER BY id LIMIT $2) AS page",
};

/// All accounts of a directory, by id.
pub(super) fn accounts(contents: Contents) -> &'static Scan {
    match contents {
        Contents::Bare => &BARE,
        Contents::WithGroups => &WITH_GROUPS,
    }
}

/// The values of one attribute that are taken.
pub(super) const NAMES: Scan = Scan {
    table: "local_names",
    sql: "SELECT max(value_key), count(*), string_agg(concat_ws($3, value), $4) FROM \
          (SELECT value_key, value FROM local_names \
          WHERE directory = $5 AND attribute = $6 AND value_key > $1 ORDER BY value_key LIMIT $2) AS page",
};

const BY_ID: Bulk<1> = Bulk {
    columns: [("id", Kind::Text)],
    sql: "SELECT a.id, a.dn, a.dn_key, a.access, a.attributes FROM new \
          CROSS JOIN local_accounts a WHERE a.directory = $1 AND a.id = new.id",
};

const BY_DN: Bulk<1> = Bulk {
    columns: [("dn_key", Kind::Text)],
    sql: "SELECT a.id, a.dn, a.dn_key, a.access, a.attributes FROM new \
          CROSS JOIN local_accounts a WHERE a.directory = $1 AND a.dn_key = new.dn_key",
};

const MEMBERSHIPS: Bulk<1> = Bulk {
    columns: [("id", Kind::Text)],
    sql: "SELECT m.account_id, m.group_number FROM new \
          CROSS JOIN local_members m WHERE m.directory = $1 AND m.account_id = new.id",
};

const HOLDERS: Bulk<2> = Bulk {
    columns: [("attribute", Kind::Text), ("value_key", Kind::Text)],
    sql: "SELECT n.attribute, n.value_key, a.id, a.dn FROM new \
          CROSS JOIN local_names n CROSS JOIN local_accounts a WHERE n.directory = $1 AND n.attribute = new.attribute AND n.value_key = new.value_key \
          AND a.directory = $1 AND a.id = n.account_id",
};

const GROUPS: Bulk<1> = Bulk {
    columns: [("dn_key", Kind::Text)],
    sql: "SELECT g.dn_key, g.number FROM new CROSS JOIN local_groups g WHERE g.directory = $1 AND g.dn_key = new.dn_key",
};

const DELETE_NAMES: Bulk<2> = Bulk {
    columns: [("attribute", Kind::Text), ("value_key", Kind::Text)],
    sql: "DELETE FROM local_names WHERE directory = $1 \
          AND (attribute, value_key) IN (SELECT attribute, value_key FROM new)",
};

const DELETE_MEMBERS: Bulk<2> = Bulk {
    columns: [("id", Kind::Text), ("number", Kind::Integer)],
    sql: "DELETE FROM local_members WHERE directory = $1 \
          AND (account_id, group_number) IN (SELECT id, number FROM new)",
};

const DELETE_ACCOUNTS: Bulk<1> = Bulk {
    columns: [("id", Kind::Text)],
    sql: "DELETE FROM local_accounts WHERE directory = $1 AND id IN (SELECT id FROM new)",
};

const INSERT_ACCOUNTS: Bulk<5> = Bulk {
    columns: [
        ("id", Kind::Text),
        ("dn", Kind::Text),
        ("dn_key", Kind::Text),
        ("access", Kind::Text),
        ("attributes", Kind::Text),
    ],
    sql: "INSERT INTO local_accounts (directory, id, dn, dn_key, access, attributes) SELECT $1, new.* FROM new",
};

const INSERT_NAMES: Bulk<4> = Bulk {
    columns: [
        ("attribute", Kind::Text),
        ("value_key", Kind::Text),
        ("value", Kind::Text),
        ("id", Kind::Text),
    ],
    sql: "INSERT INTO local_names (directory, attribute, value_key, value, account_id) SELECT $1, new.* FROM new",
};

const INSERT_GROUPS: Bulk<3> = Bulk {
    columns: [
        ("dn_key", Kind::Text),
        ("dn", Kind::Text),
        ("number", Kind::Integer),
    ],
    sql: "INSERT INTO local_groups (directory, dn_key, dn, number) SELECT $1, new.* FROM new",
};

const INSERT_MEMBERS: Bulk<2> = Bulk {
    columns: [("id", Kind::Text), ("number", Kind::Integer)],
    sql: "INSERT INTO local_members (directory, account_id, group_number) SELECT $1, new.* FROM new",
};

impl Transaction {
    /// The groups of a directory by number.
    pub(super) async fn local_groups(&mut self, directory: &str) -> Result<HashMap<i64, String>, StoreError> {
        let rows: Vec<(i64, String)> = self
            .fetch(
                "SELECT number, dn FROM local_groups WHERE directory = $1",
                &[directory.into()],
            )
            .await?;
        Ok(rows
            .into_iter()
            .map(|(number, dn)| (number, unescape(&dn).into_owned()))
            .collect())
    }

    /// Makes other writers of the directory wait, and reads all that the writes could touch or run into.
    pub(super) async fn local_contents(
        &mut self,
        directory: &str,
        wanted: &Wanted,
    ) -> Result<Known, StoreError> {
        let shared = [Value::from(directory)];
        self.execute(
            "INSERT INTO local_directories (directory, writes) VALUES ($1, 1) \
             ON CONFLICT (directory) DO UPDATE SET writes = local_directories.writes + 1",
            &shared,
        )
        .await?;
        let mut rows: Vec<AccountRow> = self
            .bulk_fetch(&BY_ID, &shared, wanted.ids.iter().map(|id| [escape(id).into()]))
            .await?;
        let there: Vec<AccountRow> = self
            .bulk_fetch(
                &BY_DN,
                &shared,
                wanted.dn_keys.iter().map(|key| [escape(key).into()]),
            )
            .await?;
        rows.extend(there);
        let mut accounts: HashMap<String, LocalAccount> = HashMap::with_capacity(rows.len());
        for row in rows {
            let account = stored(row)?;
            accounts.insert(account.id.clone(), account);
        }
        let ids: Vec<String> = accounts.keys().cloned().collect();
        let memberships: Vec<(String, i64)> = self
            .bulk_fetch(&MEMBERSHIPS, &shared, ids.iter().map(|id| [id.as_str().into()]))
            .await?;
        for (id, number) in memberships {
            if let Some(account) = accounts.get_mut(&id) {
                account.groups.insert(number);
            }
        }
        let values = wanted
            .names
            .iter()
            .map(|name| [name.attribute.into(), escape(&name.key).into()]);
        let holders: Vec<(String, String, String, String)> =
            self.bulk_fetch(&HOLDERS, &shared, values).await?;
        let (groups, last_group) = self.wanted_groups(directory, &wanted.groups).await?;
        Ok(Known {
            accounts: accounts.into_values().collect(),
            holders: holders
                .into_iter()
                .filter_map(|(attribute, key, id, dn)| {
                    let name = Name {
                        attribute: account::unique(&attribute)?,
                        key: unescape(&key).into_owned(),
                    };
                    Some((name, (id, unescape(&dn).into_owned())))
                })
                .collect(),
            groups,
            last_group,
        })
    }

    async fn wanted_groups(
        &mut self,
        directory: &str,
        wanted: &BTreeSet<String>,
    ) -> Result<(HashMap<String, i64>, i64), StoreError> {
        if wanted.is_empty() {
            return Ok((HashMap::new(), 0));
        }
        let shared = [Value::from(directory)];
        let found: Vec<(String, i64)> = self
            .bulk_fetch(&GROUPS, &shared, wanted.iter().map(|key| [escape(key).into()]))
            .await?;
        let last: Vec<(i64,)> = self
            .fetch(
                "SELECT coalesce(max(number), 0) FROM local_groups WHERE directory = $1",
                &shared,
            )
            .await?;
        let found = found
            .into_iter()
            .map(|(key, number)| (unescape(&key).into_owned(), number))
            .collect();
        Ok((found, last.first().map_or(0, |row| row.0)))
    }

    /// Writes what is different. What goes is deleted first, so that what comes may take its name.
    pub(super) async fn save_local(
        &mut self,
        directory: &str,
        differences: &Differences,
    ) -> Result<(), StoreError> {
        let shared = [Value::from(directory)];
        let (mut lost, mut won) = (Side::default(), Side::default());
        for entry in &differences.entries {
            let (before, after) = (entry.before.as_ref(), entry.after.as_ref());
            lost.take(before, after);
            won.take(after, before);
        }
        let names = lost
            .names
            .iter()
            .map(|(name, ..)| [name.attribute.into(), escape(&name.key).into()]);
        self.bulk(&DELETE_NAMES, &shared, names).await?;
        let members = lost
            .members
            .iter()
            .map(|(id, number)| [(*id).into(), (*number).into()]);
        self.bulk(&DELETE_MEMBERS, &shared, members).await?;
        let ids = lost.accounts.iter().map(|account| [account.id.as_str().into()]);
        self.bulk(&DELETE_ACCOUNTS, &shared, ids).await?;
        let accounts = won.accounts.iter().map(|account| {
            [
                account.id.as_str().into(),
                escape(account.dn.as_str()).into(),
                escape(&account.dn_key).into(),
                account::access_name(account.access).into(),
                account.values.stored().into(),
            ]
        });
        self.bulk(&INSERT_ACCOUNTS, &shared, accounts).await?;
        let names = won.names.iter().map(|(name, value, id)| {
            [
                name.attribute.into(),
                escape(&name.key).into(),
                escape(value).into(),
                (*id).into(),
            ]
        });
        self.bulk(&INSERT_NAMES, &shared, names).await?;
        let groups = differences.groups.iter().map(|group| {
            [
                escape(&group.dn_key).into(),
                escape(group.dn.as_str()).into(),
                group.number.into(),
            ]
        });
        self.bulk(&INSERT_GROUPS, &shared, groups).await?;
        let members = won
            .members
            .iter()
            .map(|(id, number)| [(*id).into(), (*number).into()]);
        self.bulk(&INSERT_MEMBERS, &shared, members).await.map(drop)
    }
}

/// The rows that are on one side of a difference only.
#[derive(Default)]
struct Side<'a> {
    accounts: Vec<&'a LocalAccount>,
    names: Vec<(Name, Cow<'a, str>, &'a str)>,
    members: Vec<(&'a str, i64)>,
}

impl<'a> Side<'a> {
    fn take(&mut self, this: Option<&'a LocalAccount>, other: Option<&'a LocalAccount>) {
        let Some(this) = this else { return };
        let same_row = |other: &LocalAccount| {
            this.dn.as_str() == other.dn.as_str()
                && this.access == other.access
                && this.values == other.values
        };
        if !other.is_some_and(same_row) {
            self.accounts.push(this);
        }
        let others = other.map(|other| names(&other.values)).unwrap_or_default();
        self.names.extend(
            names(&this.values)
                .into_iter()
                .filter(|(name, value)| others.get(name) != Some(value))
                .map(|(name, value)| (name, value, this.id.as_str())),
        );
        self.members.extend(
            this.groups
                .iter()
                .filter(|number| !other.is_some_and(|other| other.groups.contains(number)))
                .map(|number| (this.id.as_str(), *number)),
        );
    }
}

/// What a batch of writes could touch or run into.
#[derive(Default)]
pub(super) struct Wanted {
    ids: BTreeSet<String>,
    dn_keys: BTreeSet<String>,
    names: BTreeSet<Name>,
    groups: BTreeSet<String>,
}

impl Wanted {
    pub(super) fn of(prepared: &[Prepared<'_>]) -> Self {
        let mut wanted = Self::default();
        for Prepared { write, created } in prepared {
            wanted
                .names
                .extend(created.iter().flat_map(|values| names(values).into_keys()));
            wanted
                .ids
                .extend(write.target.iter().map(|target| target.id.as_str().to_owned()));
            match &write.action {
                Action::CreateAccount { dn, .. } => {
                    wanted.dn_keys.insert(dn.normalised());
                }
                Action::ModifyAttributes { changes } => {
                    let mut values = Values::default();
                    for change in changes {
                        values.set(change.name.as_str(), &change.after);
                    }
                    wanted.names.extend(names(&values).into_keys());
                }
                Action::Move { to, .. } => {
                    wanted.dn_keys.insert(to.normalised());
                }
                Action::AddToGroups { group } | Action::RemoveFromGroups { group } => {
                    wanted.groups.insert(group.normalised());
                }
                Action::Enable
                | Action::Disable
                | Action::Delete { .. }
                | Action::CallWebhook { .. }
                | Action::RunScript { .. }
                | Action::Notify { .. }
                | Action::HomeFolder(_)
                | Action::Directory(_)
                | Action::Cloud(_) => {}
            }
        }
        wanted
    }
}

type AccountRow = (String, String, String, String, String);

fn stored((id, dn, dn_key, access, attributes): AccountRow) -> Result<LocalAccount, StoreError> {
    Ok(LocalAccount {
        dn: Dn::from_server(&unescape(&dn)),
        dn_key: unescape(&dn_key).into_owned(),
        access: account::access(&access).ok_or_else(|| StoreError::Damaged {
            table: "local_accounts",
            found: format!("the access {access:?}"),
        })?,
        values: Values::from_stored(attributes),
        groups: BTreeSet::new(),
        id,
    })
}
