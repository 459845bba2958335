//! Members of groups: up to twenty come to a group in one request, and one by one when that is refused.

use std::collections::BTreeMap;

use serde_json::json;

use super::Microsoft365;
use super::batch::{Answer, Part};
use super::fault::Fault;
use super::job::{Job, MemberChange, Membership, State};
use crate::http::Method;

/// Members that may come in one request.
const AT_ONCE: usize = 20;
/// What Graph says to adding somebody who is there.
const THERE_ALREADY: &str = "already exist";

impl Microsoft365 {
    /// Carries out all changes of members among the jobs.
    pub(super) async fn write_memberships(&self, jobs: &mut [Job]) {
        let mut groups: BTreeMap<(String, MemberChange), Vec<&mut Job>> = BTreeMap::new();
        for job in jobs {
            if let State::Membership(Membership { group, change, .. }) = &job.state {
                groups.entry((group.clone(), *change)).or_default().push(job);
            }
        }
        let mut together: Vec<Vec<&mut Job>> = Vec::new();
        for ((_, change), mut members) in groups {
            let most = match change {
                MemberChange::Add => AT_ONCE,
                MemberChange::Remove => 1,
            };
            while members.len() > most {
                together.push(members.split_off(members.len() - most));
            }
            together.push(members);
        }
        let mut single = Vec::new();
        for (members, answer) in self.send_memberships(together).await {
            if members.len() > 1
                && matches!(&answer, Err(fault) if fault.status.is_some_and(|status| status < 429))
            {
                single.extend(members.into_iter().map(|member| vec![member]));
            } else {
                settle(members, &answer);
            }
        }
        for (members, answer) in self.send_memberships(single).await {
            settle(members, &answer);
        }
    }

    async fn send_memberships<'j>(&self, all: Vec<Vec<&'j mut Job>>) -> Vec<(Vec<&'j mut Job>, Answer)> {
        let bundles: Vec<Vec<Part>> = all.iter().map(|members| vec![self.request(members)]).collect();
        let answers = self.service.batch(&bundles).await;
        let first = |answers: Vec<Answer>| {
            let answer = answers.into_iter().next();
            answer.unwrap_or_else(|| Err(Fault::unreadable("a request of a batch has no answer")))
        };
        all.into_iter().zip(answers.into_iter().map(first)).collect()
    }

    /// One request for changes of the same kind to the same group.
    fn request(&self, members: &[&mut Job]) -> Part {
        let changes: Vec<&Membership> = members
            .iter()
            .filter_map(|job| match &job.state {
                State::Membership(membership) => Some(membership),
                _ => None,
            })
            .collect();
        let object = |user: &str| format!("{}/directoryObjects/{user}", self.service.root);
        match changes.as_slice() {
            [
                Membership {
                    group,
                    change: MemberChange::Remove,
                    user,
                },
            ] => Part::new(
                Method::DELETE,
                format!("/groups/{group}/members/{user}/$ref"),
                None,
            ),
            [Membership { group, user, .. }] => {
                let body = json!({ "@odata.id": object(user) });
                Part::new(Method::POST, format!("/groups/{group}/members/$ref"), Some(body))
            }
            several => {
                let group = several.first().map(|one| one.group.as_str()).unwrap_or_default();
                let users: Vec<String> = several.iter().map(|one| object(&one.user)).collect();
                let body = json!({ "members@odata.bind": users });
                Part::new(Method::PATCH, format!("/groups/{group}"), Some(body))
            }
        }
    }
}

fn settle(members: Vec<&mut Job>, answer: &Answer) {
    for job in members {
        let State::Membership(Membership { change, .. }) = &job.state else {
            continue;
        };
        let so_already = |fault: &Fault| match change {
            MemberChange::Add => fault.status == Some(400) && fault.said.contains(THERE_ALREADY),
            MemberChange::Remove => fault.is_missing(),
        };
        job.state = match answer {
            Ok(_) => State::Written,
            // Whether it is so is seen afterwards.
            Err(fault) if so_already(fault) => State::Written,
            Err(fault) => State::Done(fault.clone().into_outcome()),
        };
    }
}
