//! Which objects changed since a place in a controller's history, as far as that says something of accounts. What
//! they are like now is asked for afterwards.

use std::collections::{BTreeMap, BTreeSet};

use tenure_core::account::AccountId;
use tenure_core::attribute::Dictionary;

use super::columns::Columns;
use super::machinery::LdapAccounts;
use super::place::{At, from_hex, to_hex, with_deleted};
use super::rules::Rules;
use crate::ldap::{
    BerError, Connection, Doing, Filter, LdapError, RawEntry, ResultCode, Scope, Search, explain,
};

/// With more objects than this everything is read, which is quicker than asking for each.
const MOST: usize = 50_000;
/// Objects that others are in. When one gets another name, so does everything in it, of which nothing is told.
pub(super) const CONTAINERS: [&str; 6] = [
    "organizationalUnit",
    "container",
    "builtinDomain",
    "domainDNS",
    "organization",
    "locality",
];

/// What became of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was made.
    Made,
    /// It may have another name.
    Renamed,
    /// It has other values.
    Changed,
    /// It was deleted.
    Deleted,
}

/// What changed.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// Objects by their ids.
    pub(super) objects: BTreeMap<AccountId, Fate>,
    /// Those who came into groups or went, by name.
    pub(super) members: BTreeSet<String>,
    /// Why not everything is known; none when it is.
    pub(super) unclear: Option<String>,
}

/// How asking which objects changed ended.
pub(super) enum Asked {
    /// These, up to this place.
    Are(Changed, At),
    /// The server cannot say; why not.
    Unknown(String),
}

impl<R: Rules> LdapAccounts<R> {
    /// Asks which objects changed after `since`. `last` is the number of the server's last change.
    pub(super) async fn changed(
        &self,
        connection: &mut Connection,
        since: &At,
        last: Option<u64>,
        dictionary: &Dictionary,
    ) -> Result<Asked, LdapError> {
        let asked = match since {
            At::Cookie(cookie) => match from_hex(cookie) {
                Some(cookie) => self.changed_since(connection, &cookie, dictionary).await?,
                None => Asked::Unknown("the cookie that was kept cannot be read".to_owned()),
            },
            At::Number(number) => match last {
                // A number that was taken back: the copy was restored from a backup in a way that it does not know of.
                Some(last) if last < *number => {
                    Asked::Unknown("the domain controller has forgotten changes that it had told".to_owned())
                }
                Some(last) => self.changed_after(connection, *number, last, dictionary).await?,
                None => Asked::Unknown("the server does not say how far it has come".to_owned()),
            },
        };
        Ok(match asked {
            Asked::Are(changed, _) if changed.objects.len() + changed.members.len() > MOST => {
                Asked::Unknown(format!("more than {MOST} objects changed"))
            }
            Asked::Are(
                Changed {
                    unclear: Some(why), ..
                },
                _,
            ) => Asked::Unknown(why),
            asked => asked,
        })
    }

    /// By `DirSync`.
    async fn changed_since(
        &self,
        connection: &mut Connection,
        cookie: &[u8],
        dictionary: &Dictionary,
    ) -> Result<Asked, LdapError> {
        let with_groups = dictionary.index("memberOf").is_some();
        let mut attributes = Columns::new(dictionary, &self.rules).names();
        attributes.retain(|name| !name.eq_ignore_ascii_case("memberOf"));
        attributes.extend(["name", "isDeleted", "whenCreated"].map(str::to_owned));
        if with_groups {
            attributes.push("member".to_owned());
        }
        let search = Search {
            base: self.naming_context(connection).await?.as_str().to_owned(),
            scope: Scope::Subtree,
            filter: self.telling(),
            attributes,
        };
        let mut changed = Changed::default();
        let (result, cookie) = connection
            .changes(search, cookie, |entry| self.take_change(entry, &mut changed))
            .await?;
        Ok(match result.code {
            ResultCode::SUCCESS => Asked::Are(changed, At::Cookie(to_hex(&cookie))),
            ResultCode::BUSY | ResultCode::UNAVAILABLE => {
                return Err(LdapError::refused(connection.server(), Doing::Read, result));
            }
            _ => Asked::Unknown(explain(Doing::Read, &result).to_string()),
        })
    }

    fn take_change(&self, entry: RawEntry<'_>, changed: &mut Changed) -> Result<(), BerError> {
        let mut entry = entry;
        let mut id = None;
        let (mut made, mut renamed, mut deleted, mut values) = (false, false, false, false);
        let mut whole_members = false;
        while let Some(mut attribute) = entry.next_attribute()? {
            let name = String::from_utf8_lossy(attribute.name).to_ascii_lowercase();
            let mut first = attribute;
            let value = first.next_value()?;
            match name.as_str() {
                "objectguid" => id = value.and_then(|value| self.rules.id(value)),
                "instancetype" => {}
                "whencreated" => made = true,
                "name" => renamed = true,
                "isdeleted" => deleted = value.is_some_and(|value| value.eq_ignore_ascii_case(b"TRUE")),
                name if name == "member" || name.starts_with("member;") => {
                    whole_members |= name == "member";
                    while let Some(member) = attribute.next_value()? {
                        changed
                            .members
                            .insert(String::from_utf8_lossy(member).into_owned());
                    }
                }
                _ => values = true,
            }
        }
        let Some(id) = id else {
            changed.unclear = Some(format!("`{}` changed, and its id is not told", entry.dn()));
            return Ok(());
        };
        if whole_members && !made {
            changed.unclear = Some(format!("who left the group `{}` is not told", entry.dn()));
        }
        let fate = match (deleted, made, renamed, values) {
            (true, ..) => Fate::Deleted,
            (_, true, ..) => Fate::Made,
            (_, _, true, _) => Fate::Renamed,
            (_, _, _, true) => Fate::Changed,
            // Only members came or went.
            _ => return Ok(()),
        };
        changed.objects.insert(id, fate);
        Ok(())
    }

    /// By `uSNChanged`.
    async fn changed_after(
        &self,
        connection: &mut Connection,
        number: u64,
        last: u64,
        dictionary: &Dictionary,
    ) -> Result<Asked, LdapError> {
        let with_groups = dictionary.index("memberOf").is_some();
        let search = Search {
            base: self.naming_context(connection).await?.as_str().to_owned(),
            scope: Scope::Subtree,
            filter: Filter::And(vec![
                Filter::AtLeast("uSNChanged".to_owned(), (number + 1).to_string().into_bytes()),
                self.telling(),
            ]),
            attributes: ["objectGUID", "objectClass", "isDeleted", "uSNCreated"]
                .map(str::to_owned)
                .to_vec(),
        };
        let request = with_deleted(search);
        let mut changed = Changed::default();
        let result = connection
            .search(request, self.pool.settings().page_size, |entry| {
                let entry = entry.to_entry()?;
                let is = |class: &str| {
                    let classes = entry.values("objectClass").iter();
                    classes.into_iter().any(|known| known.eq_ignore_ascii_case(class.as_bytes()))
                };
                let Some(id) = entry.first("objectGUID").and_then(|value| self.rules.id(value)) else {
                    changed.unclear = Some(format!("`{}` changed, and its id is not told", entry.dn));
                    return Ok(());
                };
                let made = entry.text("uSNCreated").and_then(|text| text.parse().ok());
                let fate = match entry.text("isDeleted") {
                    Some("TRUE") => Fate::Deleted,
                    _ if made.is_some_and(|made: u64| made > number) => Fate::Made,
                    // What changed is not told, so it may be the name.
                    _ => Fate::Renamed,
                };
                if with_groups && is("group") && fate == Fate::Renamed {
                    changed.unclear = Some(format!(
                        "the group `{}` changed, and who left it is told to those only who may replicate changes",
                        entry.dn
                    ));
                }
                changed.objects.insert(id, fate);
                Ok(())
            })
            .await?;
        Ok(match result.code {
            ResultCode::SUCCESS => Asked::Are(changed, At::Number(last)),
            _ => return Err(LdapError::refused(connection.server(), Doing::Read, result)),
        })
    }

    /// Objects of which a change may say something of accounts. By a filter of one's own an account can become one and
    /// cease to be one in any way, so that everything has to be looked at.
    fn telling(&self) -> Filter {
        if self.user_filter.is_some() {
            return Filter::everything();
        }
        let mut parts = vec![
            self.rules.users(),
            Filter::equal("objectClass", "group"),
            Filter::equal("isDeleted", "TRUE"),
        ];
        parts.extend(CONTAINERS.map(|class| Filter::equal("objectClass", class)));
        let not_machines = Filter::Not(Box::new(Filter::equal("objectClass", "computer")));
        Filter::And(vec![not_machines, Filter::Or(parts)])
    }
}
