//! Changes of accounts: what changed since a place in the directory's history, and what those accounts are like now.

use std::sync::Arc;

use tenure_core::account::{Account, AccountId};
use tenure_core::attribute::{AttributesBuilder, Dictionary};
use tenure_core::dn::Dn;
use tenure_core::watching::{AccountChange, ChangeSink, Changes, Cookie};

use super::changed::{Asked, CONTAINERS, Changed, Fate};
use super::columns::Columns;
use super::machinery::LdapAccounts;
use super::place::{Place, with_deleted};
use super::rules::Rules;
use crate::ldap::{Connection, Doing, Entry, Filter, LdapError, Reply, Request, ResultCode, Scope, Search};

/// Objects that are asked for at once.
const AT_ONCE: usize = 1_000;

impl<R: Rules> LdapAccounts<R> {
    /// Reads what changed. A connection that breaks on the way is replaced once per server; what was told already is
    /// told again then.
    pub(super) async fn read_changes(
        &self,
        since: &Cookie,
        dictionary: &Arc<Dictionary>,
        sink: &mut dyn ChangeSink,
    ) -> Result<Changes, LdapError> {
        let mut left = self.pool.settings().servers.len().max(1);
        loop {
            let read = async {
                let mut connection = self.pool.get().await?;
                self.changes_on(&mut connection, since, dictionary, sink).await
            };
            match read.await {
                Err(error) if left > 0 && LdapError::is_about_the_connection(&error) => {
                    tracing::info!(%error, "reading what changed starts over");
                    left -= 1;
                }
                ended => return ended,
            }
        }
    }

    async fn changes_on(
        &self,
        connection: &mut Connection,
        since: &Cookie,
        dictionary: &Arc<Dictionary>,
        sink: &mut dyn ChangeSink,
    ) -> Result<Changes, LdapError> {
        let again = |why: String| Ok(Changes::ReadAgain { why });
        let Some(place) = Place::of(since) else {
            return again("what was kept of the last reading cannot be read".to_owned());
        };
        let copy = self.copy(connection).await?;
        if copy.id.as_ref() != Some(&place.copy) {
            return again(format!(
                "{} is another domain controller than the one read before, or was restored",
                connection.server()
            ));
        }
        let asked = self.changed(connection, &place.at, copy.last, dictionary).await?;
        let (changed, at) = match asked {
            Asked::Are(changed, at) => (changed, at),
            Asked::Unknown(why) => return again(why),
        };
        let next = Place { copy: place.copy, at };
        let Some(next) = next.cookie() else {
            return again("the place in the directory's history cannot be kept".to_owned());
        };
        let mut look = Look {
            directory: self,
            columns: Columns::new(dictionary, &self.rules),
            builder: AttributesBuilder::new(),
            with_groups: dictionary.index("memberOf").is_some(),
            unclear: None,
        };
        look.at_all(connection, changed, sink).await?;
        match look.unclear {
            Some(why) => again(why),
            None => Ok(Changes::All { next }),
        }
    }
}

/// Looking at objects of which it is known that they changed.
struct Look<'a, R> {
    directory: &'a LdapAccounts<R>,
    columns: Columns,
    builder: AttributesBuilder,
    with_groups: bool,
    /// Why it cannot be told which accounts changed; none when it can.
    unclear: Option<String>,
}

impl<R: Rules> Look<'_, R> {
    async fn at_all(
        &mut self,
        connection: &mut Connection,
        changed: Changed,
        sink: &mut dyn ChangeSink,
    ) -> Result<(), LdapError> {
        let (deleted, living): (Vec<_>, Vec<_>) = changed
            .objects
            .into_iter()
            .partition(|(_, fate)| *fate == Fate::Deleted);
        for (id, _) in &deleted {
            sink.change(AccountChange::Gone(id.clone()));
        }
        if self.with_groups {
            self.deleted_groups(connection, &deleted).await?;
        }
        let mut groups = Vec::new();
        for objects in living.chunks(AT_ONCE) {
            let requests = objects.iter().map(|(id, _)| self.object(&by_id(id))).collect();
            for ((id, fate), reply) in objects.iter().zip(connection.exchange(requests).await) {
                match found(connection, reply?)? {
                    Some(entry) => groups.extend(self.take(&entry, *fate, sink)),
                    // It is of a kind that is no account, or went this moment.
                    None => sink.change(AccountChange::Gone(id.clone())),
                }
            }
        }
        let members: Vec<String> = changed.members.into_iter().collect();
        for members in members.chunks(AT_ONCE) {
            let requests = members.iter().map(|dn| self.account(dn)).collect();
            for reply in connection.exchange(requests).await {
                if let Some(entry) = found(connection, reply?)? {
                    self.tell(&entry, sink);
                }
            }
        }
        for group in groups {
            self.members_of(connection, &group, sink).await?;
        }
        Ok(())
    }

    /// Members of a group that is gone are in it no more, of which nothing is told.
    async fn deleted_groups(
        &mut self,
        connection: &mut Connection,
        deleted: &[(AccountId, Fate)],
    ) -> Result<(), LdapError> {
        for objects in deleted.chunks(AT_ONCE) {
            let class = |id| with_deleted(Search::object(&by_id(id), vec!["objectClass".to_owned()]));
            let requests = objects.iter().map(|(id, _)| class(id)).collect();
            for reply in connection.exchange(requests).await {
                let entry = found(connection, reply?)?;
                // One that may not be looked at may have been a group.
                if entry.as_ref().is_none_or(|entry| is_a(entry, "group")) {
                    self.unclear = Some("a group was deleted, and who was in it is not told".to_owned());
                }
            }
        }
        Ok(())
    }

    /// Takes an object that changed. A group whose members have to be looked at is handed back, by its name.
    fn take(&mut self, entry: &Entry, fate: Fate, sink: &mut dyn ChangeSink) -> Option<String> {
        if CONTAINERS.iter().any(|class| is_a(entry, class)) {
            if fate == Fate::Renamed {
                self.unclear = Some(format!(
                    "`{}` may have been renamed or moved, and with it everything in it",
                    entry.dn
                ));
            }
            return None;
        }
        if is_a(entry, "group") {
            let names_changed = matches!(fate, Fate::Made | Fate::Renamed);
            return (self.with_groups && names_changed).then(|| entry.dn.clone());
        }
        self.tell(entry, sink);
        None
    }

    /// Tells what an account is like.
    fn tell(&mut self, entry: &Entry, sink: &mut dyn ChangeSink) {
        let rules = &self.directory.rules;
        let parts = self.columns.take_kept(entry, rules, &mut self.builder);
        let attributes = self.builder.finish();
        let Some(id) = parts.id else {
            let attribute = rules.id_attribute();
            self.unclear = Some(format!("`{}` changed, and shows no `{attribute}`", entry.dn));
            return;
        };
        let dn = Dn::from_server(&entry.dn);
        sink.change(if dn.is_within(&self.directory.base) {
            AccountChange::Is(Account {
                id,
                dn,
                access: parts.access,
                attributes,
            })
        } else {
            AccountChange::Gone(id)
        });
    }

    async fn members_of(
        &mut self,
        connection: &mut Connection,
        group: &str,
        sink: &mut dyn ChangeSink,
    ) -> Result<(), LdapError> {
        let search = Search {
            base: self.directory.base.as_str().to_owned(),
            scope: Scope::Subtree,
            filter: Filter::And(vec![self.directory.accounts(), Filter::equal("memberOf", group)]),
            attributes: vec!["1.1".to_owned()],
        };
        let mut members = Vec::new();
        let page_size = self.directory.pool.settings().page_size;
        let end = connection
            .search(search, page_size, |entry| {
                members.push(entry.dn().into_owned());
                Ok(())
            })
            .await?;
        if end.code != ResultCode::SUCCESS {
            return Err(LdapError::refused(connection.server(), Doing::Read, end));
        }
        for members in members.chunks(AT_ONCE) {
            let requests = members.iter().map(|dn| self.account(dn)).collect();
            for reply in connection.exchange(requests).await {
                if let Some(entry) = found(connection, reply?)? {
                    self.tell(&entry, sink);
                }
            }
        }
        Ok(())
    }

    /// Asks for an account by its name.
    fn account(&self, dn: &str) -> Request {
        Search {
            filter: self.directory.accounts(),
            ..Search::object(dn, self.columns.names())
        }
        .into()
    }

    /// Asks for an object that is an account, or that accounts are in.
    fn object(&self, base: &str) -> Request {
        let mut attributes = self.columns.names();
        if !attributes
            .iter()
            .any(|name| name.eq_ignore_ascii_case("objectClass"))
        {
            attributes.push("objectClass".to_owned());
        }
        let mut kinds = vec![self.directory.accounts(), Filter::equal("objectClass", "group")];
        kinds.extend(CONTAINERS.map(|class| Filter::equal("objectClass", class)));
        Search {
            filter: Filter::Or(kinds),
            ..Search::object(base, attributes)
        }
        .into()
    }
}

fn by_id(id: &AccountId) -> String {
    format!("<GUID={id}>")
}

fn is_a(entry: &Entry, class: &str) -> bool {
    entry
        .values("objectClass")
        .iter()
        .any(|known| known.eq_ignore_ascii_case(class.as_bytes()))
}

/// The object that was asked for; none when it is not there or is of another kind.
fn found(connection: &Connection, reply: Reply) -> Result<Option<Entry>, LdapError> {
    match reply.result.code {
        ResultCode::SUCCESS | ResultCode::NO_SUCH_OBJECT => Ok(reply.entries.into_iter().next()),
        _ => Err(LdapError::refused(connection.server(), Doing::Read, reply.result)),
    }
}
