//! Copies of accounts with everything that can be read of them, taken before they are deleted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tenure_core::dn::Dn;
use tenure_core::seams::{AccountRef, StoredObject};

use super::machinery::LdapAccounts;
use super::rules::{MemberOf, Rules};
use crate::ldap::{Connection, Doing, Entry, Filter, LdapError, Request, ResultCode, Scope, Search};

impl<R: Rules> LdapAccounts<R> {
    pub(super) async fn read_copies(
        &self,
        accounts: &[AccountRef],
    ) -> Result<Vec<Option<StoredObject>>, LdapError> {
        let mut connection = self.pool.get().await?;
        let all = || vec!["*".to_owned(), self.rules.id_attribute().to_owned()];
        let searches = accounts
            .iter()
            .map(|account| self.rules.find(account, all()).into());
        let replies = connection.exchange(searches.collect::<Vec<Request>>()).await;
        let mut copies = Vec::with_capacity(accounts.len());
        for (account, reply) in accounts.iter().zip(replies) {
            let reply = reply?;
            if !matches!(
                reply.result.code,
                ResultCode::SUCCESS | ResultCode::NO_SUCH_OBJECT
            ) {
                return Err(LdapError::refused(connection.server(), Doing::Read, reply.result));
            }
            let is_it = |entry: &Entry| self.id_of(entry).as_ref() == Some(&account.id);
            copies.push(match reply.entries.into_iter().find(is_it) {
                Some(entry) => Some(StoredObject {
                    id: account.id.clone(),
                    dn: Dn::from_server(&entry.dn),
                    groups: self.groups_of(&mut connection, &entry).await?,
                    attributes: entry.attributes.iter().map(kept).collect(),
                }),
                None => None,
            });
        }
        Ok(copies)
    }

    async fn groups_of(&self, connection: &mut Connection, entry: &Entry) -> Result<Vec<Dn>, LdapError> {
        let MemberOf::Groups { class, attribute } = self.rules.member_of() else {
            let groups = entry.values("memberOf").iter();
            return Ok(groups
                .map(|group| Dn::from_server(&String::from_utf8_lossy(group)))
                .collect());
        };
        let search = Search {
            base: self.naming_context(connection).await?.as_str().to_owned(),
            scope: Scope::Subtree,
            filter: Filter::And(vec![
                Filter::equal("objectClass", class),
                Filter::equal(attribute, &entry.dn),
            ]),
            attributes: vec!["1.1".to_owned()],
        };
        let reply = connection.ask(search.into()).await?;
        if reply.result.code != ResultCode::SUCCESS {
            return Err(LdapError::refused(connection.server(), Doing::Read, reply.result));
        }
        let groups = reply.entries.iter();
        Ok(groups.map(|group| Dn::from_server(&group.dn)).collect())
    }
}

fn kept((name, values): &(String, Vec<Vec<u8>>)) -> (String, Vec<String>) {
    let values = values.iter().map(|value| STANDARD.encode(value)).collect();
    (name.clone(), values)
}
