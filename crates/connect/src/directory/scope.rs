//! What within the base is left alone: containers, members of groups, accounts for which a filter holds, and those that
//! the kind of directory protects. Read for plans, and looked at again before each write.

use std::collections::HashSet;

use tenure_core::action::Action;
use tenure_core::directory_action::DirectoryAction;
use tenure_core::dn::Dn;
use tenure_core::outcome::Refusal;
use tenure_core::seams::Protected;

use super::job::{Job, outcome_of};
use super::machinery::LdapAccounts;
use super::rules::{Rules, refusal};
use crate::ldap::{Connection, Doing, Entry, Filter, LdapError, Reply, Request, ResultCode, Scope, Search};

/// Conditions in one filter. Servers bound the size of a request.
const FILTERS_AT_ONCE: usize = 200;

/// What an administrator excludes.
#[derive(Clone, Debug, Default)]
pub struct Exclusions {
    /// Containers, or single objects.
    pub containers: Vec<Dn>,
    /// Groups whose members are left alone, and which are left as they are themselves.
    pub groups: Vec<Dn>,
    /// Accounts for which one of these holds.
    pub filters: Vec<Filter>,
}

/// One reason to leave accounts alone.
#[derive(Clone, Debug)]
pub(super) struct Test {
    why: String,
    how: How,
    /// The group that it is about.
    group: Option<Dn>,
}

#[derive(Clone, Debug)]
enum How {
    /// The account fits this.
    Fits(Filter),
    /// The group lists the account in this attribute.
    Lists(Dn, String),
}

impl<R: Rules> LdapAccounts<R> {
    /// All reasons, found out once.
    pub(super) async fn tests(&self, connection: &mut Connection) -> Result<&[Test], LdapError> {
        let find = async {
            let mut tests: Vec<Test> = Vec::new();
            for (filter, why) in self.rules.protections() {
                tests.push(Test {
                    why: why.to_owned(),
                    how: How::Fits(filter),
                    group: None,
                });
            }
            for group in self.privileged_groups(connection).await? {
                let why = format!("it is a member of `{group}`, which has an administrator's rights");
                tests.push(self.of_group(group, why));
            }
            for group in &self.exclusions.groups {
                let why = format!("it is a member of `{group}`, which the directory's `scope` excludes");
                tests.push(self.of_group(group.clone(), why));
            }
            for filter in &self.exclusions.filters {
                tests.push(Test {
                    why: "a filter of the directory's `scope` excludes it".to_owned(),
                    how: How::Fits(filter.clone()),
                    group: None,
                });
            }
            Ok(tests)
        };
        self.tests.get_or_try_init(|| find).await.map(Vec::as_slice)
    }

    fn of_group(&self, group: Dn, why: String) -> Test {
        let how = self.rules.members(&group).map_or_else(
            || {
                How::Lists(
                    group.clone(),
                    self.rules.member_of().member_attribute().to_owned(),
                )
            },
            How::Fits,
        );
        Test {
            why,
            how,
            group: Some(group),
        }
    }

    async fn privileged_groups(&self, connection: &mut Connection) -> Result<Vec<Dn>, LdapError> {
        let context = self.naming_context(connection).await?.as_str().to_owned();
        let domain = found(connection, Search::object(&context, vec!["objectSid".to_owned()])).await?;
        let id = domain.first().and_then(|domain| domain.first("objectSid"));
        let Some(filter) = id.and_then(|id| self.rules.privileged_groups(id)) else {
            return Ok(Vec::new());
        };
        let search = Search {
            base: context,
            scope: Scope::Subtree,
            filter,
            attributes: vec!["1.1".to_owned()],
        };
        let groups = found(connection, search).await?;
        Ok(groups.iter().map(|group| Dn::from_server(&group.dn)).collect())
    }

    /// Every account within the base that is left alone.
    pub(super) async fn read_protected(&self) -> Result<Vec<Protected>, LdapError> {
        let mut connection = self.pool.get().await?;
        let tests = self.tests(&mut connection).await?;
        let users = || self.user_filter.clone().unwrap_or_else(|| self.rules.users());
        let search = |base: &Dn, filter: Filter| Search {
            base: base.as_str().to_owned(),
            scope: Scope::Subtree,
            filter,
            attributes: vec![self.rules.id_attribute().to_owned()],
        };
        let mut protected = Vec::new();
        for container in &self.exclusions.containers {
            for entry in self.each(&mut connection, search(container, users())).await? {
                let why = format!("the directory's `scope` excludes `{container}`");
                protected.extend(self.id_of(&entry).map(|id| Protected { id, why }));
            }
        }
        for filters in self
            .listing(&mut connection, tests)
            .await?
            .chunks(FILTERS_AT_ONCE)
        {
            let filter = Filter::And(vec![users(), Filter::Or(filters.to_vec())]);
            for entry in self.each(&mut connection, search(&self.base, filter)).await? {
                let why = reason(&mut connection, tests, &entry.dn).await?;
                let why = why.unwrap_or_else(|| "the directory's `scope` excludes it".to_owned());
                protected.extend(self.id_of(&entry).map(|id| Protected { id, why }));
            }
        }
        for test in tests {
            let How::Lists(group, attribute) = &test.how else {
                continue;
            };
            let groups = found(
                &mut connection,
                Search::object(group.as_str(), vec![attribute.clone()]),
            )
            .await?;
            for member in groups.iter().flat_map(|group| group.values(attribute)) {
                let member = Dn::from_server(&String::from_utf8_lossy(member));
                if !member.is_within(&self.base) {
                    continue;
                }
                let attributes = vec![self.rules.id_attribute().to_owned()];
                let entries = found(&mut connection, Search::object(member.as_str(), attributes)).await?;
                let ids = entries.iter().filter_map(|entry| self.id_of(entry));
                protected.extend(ids.map(|id| Protected {
                    id,
                    why: test.why.clone(),
                }));
            }
        }
        Ok(protected)
    }

    /// What finds all accounts that tests with filters are about.
    ///
    /// A server follows groups in groups anew for each account that it looks at, which takes long where there are many
    /// accounts. Here the groups are followed first, and then accounts are looked for that are members of one.
    async fn listing(&self, connection: &mut Connection, tests: &[Test]) -> Result<Vec<Filter>, LdapError> {
        let (of_groups, others): (Vec<&Test>, Vec<&Test>) = tests
            .iter()
            .filter(|test| test.filter().is_some())
            .partition(|test| test.group.is_some());
        let mut filters: Vec<Filter> = others.into_iter().filter_map(Test::filter).collect();
        let groups: Vec<Dn> = of_groups.iter().filter_map(|test| test.group.clone()).collect();
        if groups
            .iter()
            .all(|group| self.rules.direct_members(group).is_none())
        {
            filters.extend(of_groups.into_iter().filter_map(Test::filter));
            return Ok(filters);
        }
        let groups = self.with_groups_below(connection, groups).await?;
        filters.extend(groups.iter().filter_map(|group| self.rules.direct_members(group)));
        Ok(filters)
    }

    /// Groups with all groups in them, to any depth.
    async fn with_groups_below(
        &self,
        connection: &mut Connection,
        groups: Vec<Dn>,
    ) -> Result<Vec<Dn>, LdapError> {
        let context = self.naming_context(connection).await?.as_str().to_owned();
        let mut known: HashSet<String> = groups.iter().map(Dn::normalised).collect();
        let mut all = groups.clone();
        let mut level = groups;
        while !level.is_empty() {
            let mut below = Vec::new();
            for groups in level.chunks(FILTERS_AT_ONCE) {
                let direct = groups.iter().filter_map(|group| self.rules.direct_members(group));
                let is_group = Filter::equal("objectClass", "group");
                let search = Search {
                    base: context.clone(),
                    scope: Scope::Subtree,
                    filter: Filter::And(vec![is_group, Filter::Or(direct.collect())]),
                    attributes: vec!["1.1".to_owned()],
                };
                for entry in self.each(connection, search).await? {
                    let group = Dn::from_server(&entry.dn);
                    if known.insert(group.normalised()) {
                        below.push(group);
                    }
                }
            }
            all.extend(below.iter().cloned());
            level = below;
        }
        Ok(all)
    }

    /// All that a search finds, in pages. A container that is not there has nothing in it.
    async fn each(&self, connection: &mut Connection, search: Search) -> Result<Vec<Entry>, LdapError> {
        let id = self.rules.id_attribute();
        let mut entries = Vec::new();
        let end = connection
            .search(search, self.pool.settings().page_size, |mut entry| {
                let dn = entry.dn().into_owned();
                let mut values = Vec::new();
                while let Some(mut attribute) = entry.next_attribute()? {
                    let is_id = attribute.name.eq_ignore_ascii_case(id.as_bytes());
                    while let Some(value) = attribute.next_value()? {
                        values.extend(is_id.then(|| value.to_vec()));
                    }
                }
                let attributes = vec![(id.to_owned(), values)];
                entries.push(Entry { dn, attributes });
                Ok(())
            })
            .await?;
        match end.code {
            ResultCode::SUCCESS | ResultCode::NO_SUCH_OBJECT => Ok(entries),
            // Half of those that are protected would leave the others open.
            _ => Err(LdapError::refused(connection.server(), Doing::Read, end)),
        }
    }

    /// Looks once more whether an account is left alone, before it is written to.
    pub(super) async fn look_at_scope(
        &self,
        connection: &mut Connection,
        jobs: &mut [Job],
    ) -> Result<(), LdapError> {
        let tests = self.tests(connection).await?;
        let filters: Vec<Filter> = tests.iter().filter_map(Test::filter).collect();
        let only_groups = self.exclusions.filters.is_empty();
        let lists = tests.iter().any(|test| test.filter().is_none());
        let mut asked = Vec::new();
        let mut requests: Vec<Request> = Vec::new();
        for job in jobs.iter_mut().filter(|job| !job.is_done()) {
            let Some(entry) = job.found.as_ref().filter(|_| job.write.target.is_some()) else {
                continue;
            };
            // Whoever is in no group is in none of those; the rest shows in the account itself.
            let alone = only_groups && !lists && entry.values("memberOf").is_empty();
            if alone
                || matches!(
                    job.write.action,
                    Action::Directory(DirectoryAction::Restore { .. })
                )
            {
                continue;
            }
            let search = Search {
                filter: Filter::Or(filters.clone()),
                ..Search::object(&entry.dn, vec!["1.1".to_owned()])
            };
            requests.push(search.into());
            asked.push(job);
        }
        if requests.is_empty() {
            return Ok(());
        }
        let replies = connection.exchange(requests).await;
        for (job, reply) in asked.into_iter().zip(replies) {
            let Reply { result, entries } = reply?;
            let dn = job
                .found
                .as_ref()
                .map(|entry| entry.dn.clone())
                .unwrap_or_default();
            match result.code {
                ResultCode::SUCCESS | ResultCode::NO_SUCH_OBJECT => {
                    if !entries.is_empty() || lists {
                        job.excluded = reason(connection, tests, &dn).await?;
                    }
                }
                _ => job.end(outcome_of(Doing::Read, &result)),
            }
        }
        Ok(())
    }

    /// Why a write must not be made, by where it is made and by the group that it changes.
    pub(super) fn out_of_scope(&self, job: &Job) -> Option<Refusal> {
        if let Some(why) = &job.excluded {
            return Some(left_alone(why));
        }
        let places = match &job.write.action {
            Action::CreateAccount { dn, .. } => vec![dn.clone()],
            Action::Move { to, .. } => vec![to.clone()],
            Action::AddToGroups { group } | Action::RemoveFromGroups { group } => {
                let tests = self.tests.get().map(Vec::as_slice).unwrap_or_default();
                if tests.iter().any(|test| test.group.as_ref() == Some(group)) {
                    let why = format!(
                        "`{group}` has an administrator's rights, or the directory's `scope` excludes it"
                    );
                    return Some(left_alone(&why));
                }
                vec![group.clone()]
            }
            Action::Directory(DirectoryAction::Restore { stored: Some(stored) }) => vec![stored.dn.clone()],
            _ => Vec::new(),
        };
        let found = job.found.as_ref().map(|entry| Dn::from_server(&entry.dn));
        let containers = &self.exclusions.containers;
        places.into_iter().chain(found).find_map(|dn| {
            let container = containers.iter().find(|container| dn.is_within(container))?;
            Some(left_alone(&format!(
                "the directory's `scope` excludes `{container}`"
            )))
        })
    }
}

impl Test {
    fn filter(&self) -> Option<Filter> {
        match &self.how {
            How::Fits(filter) => Some(filter.clone()),
            How::Lists(..) => None,
        }
    }
}

fn left_alone(why: &str) -> Refusal {
    refusal(
        format!("this is left alone: {why}"),
        "Take it out of the automation, or change `scope` in the directory's document.",
    )
}

/// The first reason that holds for an object.
async fn reason(connection: &mut Connection, tests: &[Test], dn: &str) -> Result<Option<String>, LdapError> {
    let requests = tests.iter().map(|test| {
        let search = match &test.how {
            How::Fits(filter) => Search {
                filter: filter.clone(),
                ..Search::object(dn, vec!["1.1".to_owned()])
            },
            How::Lists(group, attribute) => Search {
                filter: Filter::equal(attribute, dn),
                ..Search::object(group.as_str(), vec!["1.1".to_owned()])
            },
        };
        Request::from(search)
    });
    let replies = connection.exchange(requests.collect()).await;
    for (test, reply) in tests.iter().zip(replies) {
        if !reply?.entries.is_empty() {
            return Ok(Some(test.why.clone()));
        }
    }
    Ok(None)
}

/// What a small search finds; nothing where its base is not there.
async fn found(connection: &mut Connection, search: Search) -> Result<Vec<Entry>, LdapError> {
    let Reply { result, entries } = connection.ask(search.into()).await?;
    match result.code {
        ResultCode::SUCCESS => Ok(entries),
        ResultCode::NO_SUCH_OBJECT => Ok(Vec::new()),
        _ => Err(LdapError::refused(connection.server(), Doing::Read, result)),
    }
}
