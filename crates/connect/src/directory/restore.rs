//! Bringing back what was deleted. Active Directory undeletes an object under its old id (MS-ADTS 3.1.1.5.3.7); without
//! its Recycle Bin most values and all groups are gone by then, and are written again from the copy that was kept.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tenure_core::action::Action;
use tenure_core::directory_action::DirectoryAction;
use tenure_core::dn::Dn;
use tenure_core::outcome::Outcome;
use tenure_core::seams::{AccountRef, StoredObject};

use super::job::{Job, outcome_of};
use super::machinery::LdapAccounts;
use super::rules::{Rules, refusal, replace};
use crate::ldap::{
    Attribute, Change, ChangeKind, Connection, Control, Criticality, Diagnosis, Doing, Entry, LdapError,
    LdapResult, Operation, Reply, Request, ResultCode,
};

const CONTROL: &str = "userAccountControl";
const ACCOUNT_DISABLE: i64 = 2;

/// What a server keeps itself, or what says how the object was used and not what it is.
const NOT_WRITTEN: [&str; 38] = [
    "accountNameHistory",
    "adminCount",
    "badPasswordTime",
    "badPwdCount",
    "cn",
    "dSCorePropagationData",
    "directReports",
    "distinguishedName",
    "instanceType",
    "isCriticalSystemObject",
    "isDeleted",
    "lastKnownParent",
    "lastLogoff",
    "lastLogon",
    "lastLogonTimestamp",
    "lockoutTime",
    "logonCount",
    "managedObjects",
    "memberOf",
    "msDS-LastKnownRDN",
    "msDS-SupportedEncryptionTypes",
    "name",
    "nTSecurityDescriptor",
    "objectCategory",
    "objectClass",
    "objectGUID",
    "objectSid",
    "ou",
    "primaryGroupID",
    "pwdLastSet",
    "replPropertyMetaData",
    "sAMAccountName",
    "sAMAccountType",
    CONTROL,
    "uSNChanged",
    "uSNCreated",
    "whenChanged",
    "whenCreated",
];

/// Shows deleted objects, and lets them be changed (MS-ADTS 3.1.1.3.4.1.14).
pub(super) fn show_deleted() -> Control {
    Control::raw("1.2.840.113556.1.4.417", Criticality::Critical, None)
}

impl<R: Rules> LdapAccounts<R> {
    /// Carries out the restoration among the jobs, one after the other: there are never many.
    pub(super) async fn restore_all(&self, connection: &mut Connection, jobs: &mut [Job]) {
        for job in jobs.iter_mut().filter(|job| !job.is_done()) {
            let Action::Directory(DirectoryAction::Restore { stored }) = &job.write.action else {
                continue;
            };
            let stored = stored.clone();
            let outcome = match self.out_of_scope(job) {
                Some(why) => Outcome::Refused(why),
                None => self
                    .restore(connection, job, stored.as_deref())
                    .await
                    .unwrap_or_else(|outcome| outcome),
            };
            job.end(outcome);
        }
    }

    async fn restore(
        &self,
        connection: &mut Connection,
        job: &mut Job,
        stored: Option<&StoredObject>,
    ) -> Result<Outcome, Outcome> {
        let (Some(entry), Some(account)) = (&job.found, job.write.target.clone()) else {
            return Err(Outcome::Refused(refusal(
                "the deleted object is not there any more",
                "The directory keeps deleted objects for a time only. Remove the link with `tenure unlink` to have a \
                 new account made.",
            )));
        };
        if let Some(why) = stored.and_then(|stored| self.rules.protected(&entry_of(stored))) {
            return Err(Outcome::Refused(why));
        }
        let to = stored.map_or_else(|| last_place(entry), |stored| Some(stored.dn.clone()));
        let to = to.ok_or_else(|| {
            let why = "nothing says where the object was";
            Outcome::Refused(refusal(why, "Restore it with the domain's own tools."))
        })?;
        if !to.is_within(&self.base) {
            return Err(self.outside(&to));
        }
        if entry.text("isDeleted") == Some("TRUE") {
            let undelete = Request {
                operation: Operation::Modify {
                    dn: entry.dn.clone(),
                    changes: vec![without("isDeleted"), replace("distinguishedName", to.as_str())],
                },
                controls: vec![show_deleted()],
            };
            let result = send(connection, undelete).await?;
            if result.code != ResultCode::SUCCESS {
                return Err(outcome_of(Doing::Move, &result));
            }
        }
        let mut missing = Vec::new();
        if let Some(stored) = stored {
            let now = self.look_again(connection, &account).await?;
            missing = complete(connection, &now, stored).await?;
        }
        let now = self.look_again(connection, &account).await?;
        job.account = self.account_of(&now);
        Ok(match (stored, missing.as_slice()) {
            (Some(_), []) => Outcome::Verified,
            (Some(_), missing) => Outcome::Unverified {
                why: format!("it is back, but without {}", missing.join(", ")),
            },
            (None, _) => Outcome::Unverified {
                why: "it is back with what the server had kept of it; Tenure has no copy to compare it with"
                    .to_owned(),
            },
        })
    }

    async fn look_again(&self, connection: &mut Connection, account: &AccountRef) -> Result<Entry, Outcome> {
        let search = self.rules.find(account, vec!["*".to_owned()]);
        let Reply { result, entries } = connection.ask(search.into()).await.map_err(lost)?;
        match entries.into_iter().next() {
            Some(entry) if result.code == ResultCode::SUCCESS => Ok(entry),
            _ => Err(outcome_of(Doing::Read, &result)),
        }
    }
}

/// Writes again what is missing, and says what could not be written.
async fn complete(
    connection: &mut Connection,
    now: &Entry,
    stored: &StoredObject,
) -> Result<Vec<String>, Outcome> {
    let old = entry_of(stored);
    let is_kept = |name: &str| NOT_WRITTEN.iter().any(|kept| kept.eq_ignore_ascii_case(name));
    let mut changes: Vec<Change> = old
        .attributes
        .iter()
        .filter(|(name, values)| !values.is_empty() && !is_kept(name) && now.values(name).is_empty())
        .map(|(name, values)| Change {
            kind: ChangeKind::Replace,
            attribute: Attribute {
                name: name.clone(),
                values: values.clone(),
            },
        })
        .collect();
    // It comes back without a password, so that nobody can sign in until somebody gives it one.
    let bits = old.text(CONTROL).and_then(|bits| bits.parse::<i64>().ok());
    if let Some(bits) = bits.map(|bits| (bits | ACCOUNT_DISABLE).to_string())
        && now.text(CONTROL) != Some(bits.as_str())
    {
        changes.push(replace(CONTROL, bits));
    }
    let mut missing = Vec::new();
    let modify = |changes: Vec<Change>| {
        Request::from(Operation::Modify {
            dn: now.dn.clone(),
            changes,
        })
    };
    if !changes.is_empty() && send(connection, modify(changes.clone())).await?.code != ResultCode::SUCCESS {
        for change in changes {
            let name = change.attribute.name.clone();
            if send(connection, modify(vec![change])).await?.code != ResultCode::SUCCESS {
                missing.push(format!("`{name}`"));
            }
        }
    }
    for group in &stored.groups {
        let add = Change {
            kind: ChangeKind::Add,
            attribute: Attribute::single("member", &now.dn),
        };
        let join = Operation::Modify {
            dn: group.as_str().to_owned(),
            changes: vec![add],
        };
        let result = send(connection, join.into()).await?;
        let is_in = Diagnosis::of(&result).membership_is_so_already(Doing::AddMember);
        if result.code != ResultCode::SUCCESS && !is_in {
            missing.push(format!("the group `{group}`"));
        }
    }
    Ok(missing)
}

async fn send(connection: &mut Connection, request: Request) -> Result<LdapResult, Outcome> {
    let reply = connection.ask(request).await.map_err(lost)?;
    Ok(reply.result)
}

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn lost(error: LdapError) -> Outcome {
    Outcome::Failed(error.to_refusal())
}

fn without(attribute: &str) -> Change {
    Change {
        kind: ChangeKind::Delete,
        attribute: Attribute {
            name: attribute.to_owned(),
            values: Vec::new(),
        },
    }
}

fn entry_of(stored: &StoredObject) -> Entry {
    let decoded = |(name, values): &(String, Vec<String>)| {
        let values = values
            .iter()
            .filter_map(|value| STANDARD.decode(value).ok())
            .collect();
        (name.clone(), values)
    };
    Entry {
        dn: stored.dn.as_str().to_owned(),
        attributes: stored.attributes.iter().map(decoded).collect(),
    }
}

/// Where a deleted object was, as the server remembers it.
fn last_place(entry: &Entry) -> Option<Dn> {
    let parent = Dn::from_server(entry.text("lastKnownParent")?);
    // Servers below the level of the Recycle Bin keep the old name in front of the mark of deleted objects only.
    let name = entry.text("msDS-LastKnownRDN").map(str::to_owned).or_else(|| {
        let (name, _) = entry.dn.split_once("\\0ADEL:")?;
        Some(Dn::from_server(name).rdn_value())
    })?;
    Some(parent.child("CN", &name))
}
