//! Which users and groups changed since last time (`/users/delta`, `/groups/delta`). What they are like now is asked for
//! afterwards: an answer may show no more than what changed, and nothing of licences by group, groups or managers.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tenure_core::attribute::Dictionary;
use tenure_core::watching::Cookie;

use super::Microsoft365;
use super::fault::Fault;
use super::service::{next_link, rows};
use super::user::Select;

/// With more users than this everything is read, which is quicker than asking for each.
const MOST: usize = 5_000;
/// What is to be known of groups. A group that shows when it was made is new.
const OF_GROUPS: &str = "$select=createdDateTime,displayName,groupTypes,onPremisesSyncEnabled,members";
const MADE: &str = "createdDateTime";

/// Where changes were followed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Whom it is about: others are not told of.
    pub(super) whom: String,
    /// Where to go on with users.
    pub(super) users: String,
    /// Where to go on with groups, when they are asked for.
    pub(super) groups: Option<String>,
}

impl Place {
    pub(super) fn cookie(&self) -> Option<Cookie> {
        let text = serde_json::to_string(self).ok()?;
        Some(Cookie::new(&text))
    }

    pub(super) fn of(cookie: &Cookie) -> Option<Self> {
        serde_json::from_str(cookie.as_str()).ok()
    }
}

/// What changed.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The ids of users who have to be looked at: new, different, gone, or in other groups.
    pub(super) users: BTreeSet<String>,
    /// New groups, by id and name.
    pub(super) made: Vec<(String, String)>,
    /// Why it cannot be told which accounts changed; none when it can.
    pub(super) unclear: Option<String>,
}

/// How following changes ended.
pub(super) enum Followed {
    /// These were all, up to here.
    Until(String),
    /// Graph does not tell them; why not.
    Untold(String),
}

impl Told {
    /// Takes a user that changed, or is gone.
    fn user(&mut self, row: &Json) {
        match row["id"].as_str() {
            Some(id) => _ = self.users.insert(id.to_owned()),
            None => self.unclear = Some("a user changed, and its id is not told".to_owned()),
        }
    }

    /// Takes a group that changed, or whose members did.
    fn group(&mut self, row: &Json) {
        let name = row["displayName"].as_str();
        let Some(id) = row["id"].as_str() else {
            self.unclear = Some("a group changed, and its id is not told".to_owned());
            return;
        };
        if !row["@removed"].is_null() {
            self.unclear = Some("a group was deleted, and who was in it is not told".to_owned());
            return;
        }
        let is_user = |member: &&Json| {
            let kind = member["@odata.type"].as_str();
            kind.is_none_or(|kind| kind.eq_ignore_ascii_case("#microsoft.graph.user"))
        };
        let members = row["members@delta"].as_array().into_iter().flatten();
        let members = members.filter(is_user).filter_map(|member| member["id"].as_str());
        self.users.extend(members.map(str::to_owned));
        let shows = |name: &str| row.get(name).is_some();
        match name {
            Some(name) if shows(MADE) => self.made.push((id.to_owned(), name.to_owned())),
            _ if ["displayName", "groupTypes", "onPremisesSyncEnabled"]
                .into_iter()
                .any(shows) =>
            {
                let name = name.unwrap_or(id);
                self.unclear = Some(format!(
                    "the group `{name}` has another name or is of another kind, and who shows that is not told"
                ));
            }
            _ => {}
        }
    }

    /// Why nothing more has to be read; none while there is hope.
    fn hopeless(&self) -> Option<String> {
        if self.users.len() > MOST {
            return Some(format!("more than {MOST} users changed"));
        }
        self.unclear.clone()
    }
}

impl Microsoft365 {
    /// Where users and groups stand now.
    pub(super) async fn place(&self, dictionary: &Dictionary) -> Result<Result<Place, String>, Fault> {
        let select = Select::of(dictionary.names()).and(["userType"]);
        let manager = if select.manager { ",manager" } else { "" };
        let users = format!(
            "/users/delta?{}{manager}&$deltatoken=latest",
            select.without_manager()
        );
        let mut nothing = Told::default();
        let users = match self.follow(&users, &mut nothing, Told::user).await? {
            Followed::Until(link) => link,
            Followed::Untold(why) => return Ok(Err(why)),
        };
        let groups = if select.groups {
            let groups = format!("/groups/delta?{OF_GROUPS}&$deltatoken=latest");
            match self.follow(&groups, &mut nothing, Told::group).await? {
                Followed::Until(link) => Some(link),
                Followed::Untold(why) => return Ok(Err(why)),
            }
        } else {
            None
        };
        Ok(Ok(Place {
            whom: self.settings.whom(),
            users,
            groups,
        }))
    }

    /// What changed since a place, and the place after it.
    pub(super) async fn told(&self, since: &Place) -> Result<Result<(Told, Place), String>, Fault> {
        let mut told = Told::default();
        let mut next = since.clone();
        next.users = match self.follow(&since.users, &mut told, Told::user).await? {
            Followed::Until(link) => link,
            Followed::Untold(why) => return Ok(Err(why)),
        };
        if let Some(groups) = &since.groups {
            next.groups = match self.follow(groups, &mut told, Told::group).await? {
                Followed::Until(link) => Some(link),
                Followed::Untold(why) => return Ok(Err(why)),
            };
        }
        Ok(match told.hopeless() {
            Some(why) => Err(why),
            None => Ok((told, next)),
        })
    }

    /// Every page from an address on.
    async fn follow(
        &self,
        first: &str,
        told: &mut Told,
        take: impl Fn(&mut Told, &Json),
    ) -> Result<Followed, Fault> {
        let mut address = first.to_owned();
        loop {
            let mut page = match self.service.changes(&address).await {
                Ok(page) => page,
                Err(fault) if fault.is_forgotten() => {
                    let why = "Microsoft Graph no longer knows what changed since then";
                    return Ok(Followed::Untold(why.to_owned()));
                }
                // What is asked for cannot be followed, or the application may not.
                Err(fault) if matches!(fault.status, Some(400 | 403 | 404 | 501)) => {
                    let why = format!("Microsoft Graph does not tell what changed: {}", fault.refusal);
                    return Ok(Followed::Untold(why));
                }
                Err(fault) => return Err(fault),
            };
            rows(&mut page)?.iter().for_each(|row| take(told, row));
            if let Some(why) = told.hopeless() {
                return Ok(Followed::Untold(why));
            }
            match next_link(&page) {
                Some(next) if next == address => {
                    return Err(Fault::unreadable("a page of the changes leads to itself"));
                }
                Some(next) => address = next,
                None => {
                    let end = page["@odata.deltaLink"].as_str();
                    let end = end.ok_or_else(|| Fault::unreadable("the changes have no end"))?;
                    return Ok(Followed::Until(end.to_owned()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(rows: &[Json]) -> Told {
        let mut told = Told::default();
        for row in rows {
            told.group(row);
        }
        told
    }

    #[test]
    fn what_a_group_shows_says_what_has_to_be_looked_at() {
        let members = json!([
            { "@odata.type": "#microsoft.graph.user", "id": "u1" },
            { "@odata.type": "#microsoft.graph.user", "id": "u2", "@removed": { "reason": "deleted" } },
            { "@odata.type": "#microsoft.graph.device", "id": "d1" },
            { "id": "u3" },
        ]);
        let came = told(&[json!({ "id": "g1", "members@delta": members })]);
        assert!(came.users.iter().eq(["u1", "u2", "u3"]) && came.hopeless().is_none());
        let new = json!({ "id": "g2", "displayName": "Staff", "groupTypes": [], "createdDateTime": "2026-01-01T00:00:00Z" });
        assert_eq!(told(&[new]).made, [("g2".to_owned(), "Staff".to_owned())]);
        for unclear in [
            json!({ "id": "g3", "displayName": "Other" }),
            json!({ "id": "g3", "groupTypes": ["DynamicMembership"] }),
            json!({ "id": "g3", "@removed": { "reason": "changed" } }),
            json!({ "displayName": "Nameless" }),
        ] {
            assert!(
                told(std::slice::from_ref(&unclear)).hopeless().is_some(),
                "{unclear}"
            );
        }
    }
}
