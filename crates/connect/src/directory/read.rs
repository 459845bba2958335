//! Reading: accounts on their way from the wire into the domain, and values that are taken.

use std::collections::HashMap;
use std::sync::Arc;

use tenure_core::account::Account;
use tenure_core::attribute::{AttributeName, AttributesBuilder, Dictionary};
use tenure_core::dn::Dn;
use tenure_core::seams::{AccountSink, Completeness};
use tenure_core::watching::Standing;

use super::catalog::{Reach, domain_of, forest_wide};
use super::columns::{Columns, Parts, Values};
use super::machinery::LdapAccounts;
use super::rules::{MemberOf, Rules};
use crate::ldap::{
    Connection, Doing, Filter, LdapError, LdapResult, Part, Pool, ResultCode, Scope, Search, explain, part,
};

/// The groups of each member, by its normalised name.
type Groups = HashMap<String, Vec<Arc<str>>>;

/// Objects with very many values that are asked for at once; each takes several requests.
const LARGE_AT_ONCE: usize = 100;

/// Whether it is to be told where the directory stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    Told,
    Untold,
}

impl<R: Rules> LdapAccounts<R> {
    /// Reads all accounts. A connection that breaks on the way is replaced, by one to another server where there is
    /// one, and the reading starts over.
    pub(super) async fn read_accounts(
        &self,
        dictionary: &Arc<Dictionary>,
        stand: Stand,
        sink: &mut dyn AccountSink,
    ) -> Result<(Completeness, Option<Standing>), LdapError> {
        let mut left = self.pool.settings().servers.len().max(1);
        loop {
            let read = async {
                let mut connection = self.pool.get().await?;
                let standing = match stand {
                    Stand::Told => Some(self.standing(&mut connection).await?),
                    Stand::Untold => None,
                };
                let all = self.read_on(&mut connection, dictionary, sink).await?;
                Ok((all, standing))
            };
            match read.await {
                Err(error) if left > 0 && LdapError::is_about_the_connection(&error) => {
                    tracing::info!(%error, "reading the accounts starts over");
                    left -= 1;
                    sink.start_over();
                }
                ended => return ended,
            }
        }
    }

    async fn read_on(
        &self,
        connection: &mut Connection,
        dictionary: &Arc<Dictionary>,
        sink: &mut dyn AccountSink,
    ) -> Result<Completeness, LdapError> {
        let member_of = dictionary.index("memberOf");
        let groups = match (self.rules.member_of(), member_of) {
            (MemberOf::Groups { class, attribute }, Some(index)) => {
                let (groups, all) = self.read_groups(connection, class, attribute).await?;
                Some((groups, index, all))
            }
            _ => None,
        };
        let mut columns = Columns::new(dictionary, &self.rules);
        let mut builder = AttributesBuilder::new();
        let (mut count, mut without_id) = (0u64, 0u64);
        // Those with more values than come at once.
        let mut large = Vec::new();
        let search = Search {
            base: self.base.as_str().to_owned(),
            scope: Scope::Subtree,
            filter: self.accounts(),
            attributes: columns.names(),
        };
        let mut take = |dn: Dn, parts: Parts, builder: &mut AttributesBuilder| {
            if let Some((groups, index, _)) = &groups
                && !groups.is_empty()
            {
                let of_account = groups.get(&dn.normalised()).into_iter().flatten();
                of_account.for_each(|group| builder.push(*index, group));
            }
            let attributes = builder.finish();
            if let Some(id) = parts.id {
                count += 1;
                sink.account(Account {
                    id,
                    dn,
                    access: parts.access,
                    attributes,
                });
            } else {
                without_id += 1;
            }
        };
        let end = connection
            .search(search, self.pool.settings().page_size, |mut entry| {
                let dn = Dn::from_server(&entry.dn());
                let parts = columns.take(&mut entry, &self.rules, &mut builder)?;
                if parts.values == Values::All {
                    take(dn, parts, &mut builder);
                } else {
                    builder.finish();
                    large.push(dn);
                }
                Ok(())
            })
            .await?;
        let mut vanished = 0;
        for dns in large.chunks(LARGE_AT_ONCE) {
            let object = |dn: &Dn| Search::object(dn.as_str(), columns.names()).into();
            for reply in connection.exchange(dns.iter().map(object).collect()).await {
                let Some(entry) = reply?.entries.into_iter().next() else {
                    vanished += 1;
                    continue;
                };
                let parts = columns.take_kept(&entry, &self.rules, &mut builder);
                take(Dn::from_server(&entry.dn), parts, &mut builder);
            }
        }
        if let Some((_, _, Completeness::Incomplete { why, .. })) = groups {
            return Ok(Completeness::Incomplete {
                count,
                why: format!("not all groups came: {why}"),
            });
        }
        let all = completeness(connection.server(), end, count)?;
        Ok(match all {
            Completeness::Complete { .. } if without_id > 0 => Completeness::Incomplete {
                count,
                why: format!("{without_id} objects show no `{}`", self.rules.id_attribute()),
            },
            Completeness::Complete { .. } if vanished > 0 => Completeness::Incomplete {
                count,
                why: format!("{vanished} objects were moved or deleted while they were read"),
            },
            all => all,
        })
    }

    /// Which objects are accounts.
    pub(super) fn accounts(&self) -> Filter {
        self.user_filter.clone().unwrap_or_else(|| self.rules.users())
    }

    /// The groups of every member in the naming context; groups often lie outside the base.
    async fn read_groups(
        &self,
        connection: &mut Connection,
        class: &str,
        attribute: &str,
    ) -> Result<(Groups, Completeness), LdapError> {
        let search = Search {
            base: self.naming_context(connection).await?.as_str().to_owned(),
            scope: Scope::Subtree,
            filter: Filter::equal("objectClass", class),
            attributes: vec![attribute.to_owned()],
        };
        let mut groups = Groups::new();
        let mut count = 0;
        let mut is_cut = None;
        let end = connection
            .search(search, self.pool.settings().page_size, |mut entry| {
                let group: Arc<str> = entry.dn().as_ref().into();
                count += 1;
                while let Some(mut values) = entry.next_attribute()? {
                    if matches!(part(values.name), Some((_, Part::Before(_)))) {
                        is_cut = Some(Arc::clone(&group));
                    }
                    while let Some(member) = values.next_value()? {
                        let member = Dn::from_server(&String::from_utf8_lossy(member)).normalised();
                        groups.entry(member).or_default().push(Arc::clone(&group));
                    }
                }
                Ok(())
            })
            .await?;
        let all = match is_cut {
            Some(group) => Completeness::Incomplete {
                count,
                why: format!(
                    "`{group}` has more members than the server gives at once, as Active Directory does; is \
                     `type: active_directory` meant?"
                ),
            },
            None => completeness(connection.server(), end, count)?,
        };
        Ok((groups, all))
    }

    pub(super) async fn read_taken(
        &self,
        attributes: &[AttributeName],
    ) -> Result<Vec<(AttributeName, String)>, LdapError> {
        let mut taken = self.taken_within(Reach::Domain, &self.pool, attributes).await?;
        if let Some(catalog) = &self.catalog {
            // The domain's own servers are asked all the same: the catalog learns from them with some delay.
            let wide = forest_wide(attributes);
            taken.extend(self.taken_within(Reach::Forest, catalog, &wide).await?);
        }
        Ok(taken)
    }

    async fn taken_within(
        &self,
        reach: Reach,
        pool: &Pool,
        attributes: &[AttributeName],
    ) -> Result<Vec<(AttributeName, String)>, LdapError> {
        if attributes.is_empty() {
            return Ok(Vec::new());
        }
        let mut left = pool.settings().servers.len().max(1);
        loop {
            let read = async {
                let mut connection = pool.get().await?;
                self.taken_on(&mut connection, reach, attributes).await
            };
            match read.await {
                Err(error) if left > 0 && LdapError::is_about_the_connection(&error) => left -= 1,
                ended => return ended,
            }
        }
    }

    async fn taken_on(
        &self,
        connection: &mut Connection,
        reach: Reach,
        attributes: &[AttributeName],
    ) -> Result<Vec<(AttributeName, String)>, LdapError> {
        let mut taken = Vec::new();
        let context = match reach {
            Reach::Domain => self.naming_context(connection).await?.clone(),
            Reach::Forest => Dn::root(),
        };
        // Logins take principal names of their domains, and are asked for that only.
        let login = AttributeName::new(self.rules.login_attribute());
        let asked: Vec<AttributeName> = match reach {
            Reach::Domain => attributes.to_vec(),
            Reach::Forest => {
                let implies = attributes.iter().any(|name| name.is("userPrincipalName"));
                let login = implies.then_some(login);
                attributes.iter().cloned().chain(login).collect()
            }
        };
        let search = Search {
            base: context.as_str().to_owned(),
            scope: Scope::Subtree,
            filter: Filter::Or(asked.iter().map(|name| Filter::present(name.as_str())).collect()),
            attributes: asked.iter().map(|name| name.as_str().to_owned()).collect(),
        };
        let end = connection
            .search(search, self.pool.settings().page_size, |mut entry| {
                let before = taken.len();
                let domain = match reach {
                    Reach::Domain => context.clone(),
                    Reach::Forest => domain_of(&Dn::from_server(&entry.dn())),
                };
                while let Some(mut attribute) = entry.next_attribute()? {
                    let known = asked
                        .iter()
                        .find(|name| name.as_str().as_bytes().eq_ignore_ascii_case(attribute.name));
                    let Some(name) = known else { continue };
                    while let Some(value) = attribute.next_value()? {
                        if let Ok(text) = std::str::from_utf8(value) {
                            taken.push((name.clone(), text.to_owned()));
                        }
                    }
                }
                let implied = self
                    .rules
                    .implied_names(taken.get(before..).unwrap_or_default(), &domain);
                taken.extend(implied);
                Ok(())
            })
            .await?;
        // Half of the names would let others be given out twice.
        if end.code == ResultCode::SUCCESS {
            taken.retain(|(name, _)| reach == Reach::Domain || attributes.contains(name));
            Ok(taken)
        } else {
            Err(LdapError::refused(connection.server(), Doing::Read, end))
        }
    }
}

/// What the end of a search says of what came. A server that stops at a limit has given a part.
fn completeness(server: &str, end: LdapResult, count: u64) -> Result<Completeness, LdapError> {
    match end.code {
        ResultCode::SUCCESS => Ok(Completeness::Complete { count }),
        ResultCode::TIME_LIMIT | ResultCode::SIZE_LIMIT | ResultCode::ADMIN_LIMIT => {
            Ok(Completeness::Incomplete {
                count,
                why: explain(Doing::Read, &end).to_string(),
            })
        }
        _ => Err(LdapError::refused(server, Doing::Read, end)),
    }
}
