//! Members of groups: changes of one group go in one request, and one by one when that is refused.

use std::collections::BTreeMap;

use tenure_core::dn::Dn;
use tenure_core::outcome::Outcome;

use super::job::{Job, Membership, State, outcome_of};
use crate::ldap::{
    Attribute, Change, ChangeKind, Connection, Diagnosis, Doing, LdapError, Operation, Reply, Request,
    ResultCode,
};

/// Members in one request. Active Directory takes some thousand values in a write.
const MEMBERS_AT_ONCE: usize = 500;

/// Carries out all changes of members among the jobs.
pub(super) async fn write(connection: &mut Connection, jobs: &mut [Job], attribute: &str) {
    let mut groups: BTreeMap<(String, &str), Vec<&mut Job>> = BTreeMap::new();
    for job in jobs {
        if let State::Membership(Membership { doing, group, .. }) = &job.state {
            let kind = if *doing == Doing::AddMember {
                "add"
            } else {
                "remove"
            };
            groups
                .entry((Dn::from_server(group).normalised(), kind))
                .or_default()
                .push(job);
        }
    }
    let mut bundles: Vec<Vec<&mut Job>> = Vec::new();
    for mut group in groups.into_values() {
        while group.len() > MEMBERS_AT_ONCE {
            bundles.push(group.split_off(group.len() - MEMBERS_AT_ONCE));
        }
        bundles.push(group);
    }
    let requests = bundles
        .iter()
        .filter_map(|bundle| request(bundle, attribute))
        .collect();
    let replies = exchange(connection, requests).await;
    let mut single = Vec::new();
    for (bundle, reply) in bundles.into_iter().zip(replies) {
        let refused = matches!(&reply, Ok(reply) if reply.result.code != ResultCode::SUCCESS);
        if refused && bundle.len() > 1 {
            single.extend(bundle);
        } else {
            for job in bundle {
                settle(job, &reply);
            }
        }
    }
    let requests = single
        .iter()
        .filter_map(|job| request(std::slice::from_ref(job), attribute))
        .collect();
    let replies = exchange(connection, requests).await;
    single
        .into_iter()
        .zip(replies)
        .for_each(|(job, reply)| settle(job, &reply));
}

async fn exchange(connection: &mut Connection, requests: Vec<Request>) -> Vec<Result<Reply, LdapError>> {
    if requests.is_empty() {
        Vec::new()
    } else {
        connection.exchange(requests).await
    }
}

/// One request for changes of the same kind to the same group.
fn request(bundle: &[&mut Job], attribute: &str) -> Option<Request> {
    let memberships = || {
        bundle.iter().filter_map(|job| match &job.state {
            State::Membership(membership) => Some(membership),
            _ => None,
        })
    };
    let Membership { doing, group, .. } = memberships().next()?;
    let kind = if *doing == Doing::AddMember {
        ChangeKind::Add
    } else {
        ChangeKind::Delete
    };
    let values = memberships().map(|one| one.member.as_bytes().to_vec()).collect();
    let change = Change {
        kind,
        attribute: Attribute {
            name: attribute.to_owned(),
            values,
        },
    };
    Some(
        Operation::Modify {
            dn: group.clone(),
            changes: vec![change],
        }
        .into(),
    )
}

fn settle(job: &mut Job, reply: &Result<Reply, LdapError>) {
    let State::Membership(Membership { doing, .. }) = &job.state else {
        return;
    };
    let doing = *doing;
    job.state = match reply {
        Err(error) => State::Done(Outcome::Failed(error.to_refusal())),
        Ok(Reply { result, .. })
            if result.code == ResultCode::SUCCESS
                || Diagnosis::of(result).membership_is_so_already(doing) =>
        {
            State::Written
        }
        Ok(Reply { result, .. }) => State::Done(outcome_of(doing, result)),
    };
}
