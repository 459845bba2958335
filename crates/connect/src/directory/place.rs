//! Where a domain controller stands in its history: how Active Directory is asked for changes, and what has to be kept
//! for asking.
//!
//! `DirSync` (MS-ADTS 3.1.1.3.4.1.3) tells everything, and needs the right to replicate changes. Without it, objects
//! with a higher `uSNChanged` are looked for (MS-ADTS 3.1.1.1.9), which needs a look at deleted objects. Both are kept
//! with the controller's `invocationId`, since every copy of the domain counts by itself, and a copy that was restored
//! from a backup has another one.

use serde::{Deserialize, Serialize};
use tenure_core::watching::{Cookie, Standing};

use super::machinery::LdapAccounts;
use super::rules::Rules;
use crate::ldap::{Connection, Control, Doing, Entry, Filter, LdapError, Request, ResultCode, Scope, Search};

/// The container of deleted objects, by the name that it has in every domain (MS-ADTS 6.1.1.4).
const DELETED_OBJECTS: &str = "18E2EA80684F11D2B9AA00C04F79F805";

/// A place in the history of one controller's copy of the domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Which copy.
    pub(super) copy: String,
    /// Where in it.
    pub(super) at: At,
}

/// A place in the history of a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum At {
    /// A cookie of `DirSync`, in hexadecimal.
    Cookie(String),
    /// The number of the last change.
    Number(u64),
}

impl Place {
    /// As it is kept; none when it cannot be written down.
    pub(super) fn cookie(&self) -> Option<Cookie> {
        serde_json::to_string(self).ok().map(|text| Cookie::new(&text))
    }

    /// What was kept; none when it was not written here.
    pub(super) fn of(cookie: &Cookie) -> Option<Self> {
        serde_json::from_str(cookie.as_str()).ok()
    }
}

/// Bytes as they are kept in a cookie.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Undoes [`to_hex`].
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

/// What a controller says of its copy of the domain.
pub(super) struct Copy {
    /// Its name; none when it may not be read.
    pub(super) id: Option<String>,
    /// The number of its last change.
    pub(super) last: Option<u64>,
}

impl<R: Rules> LdapAccounts<R> {
    /// Where the directory stands now.
    pub(super) async fn standing(&self, connection: &mut Connection) -> Result<Standing, LdapError> {
        let unknown = |why: &str| Ok(Standing::Unknown { why: why.to_owned() });
        if !self.rules.tells_changes() {
            return unknown("a directory of this kind does not tell which accounts were deleted");
        }
        let copy = self.copy(connection).await?;
        let Some(id) = copy.id else {
            return unknown(
                "the domain controller's `invocationId` cannot be read, so that it could not be told from another",
            );
        };
        let at = match self.cookie_of_now(connection).await? {
            Some(cookie) => Some(At::Cookie(to_hex(&cookie))),
            None if self.sees_deleted_objects(connection).await? => copy.last.map(At::Number),
            None => None,
        };
        let cookie = at.and_then(|at| Place { copy: id, at }.cookie());
        match cookie {
            Some(cookie) => Ok(Standing::At(cookie)),
            None => unknown(
                "the account that Tenure signs in with may neither replicate directory changes nor see deleted objects; give \
                 it the right `Replicating Directory Changes` on the domain",
            ),
        }
    }

    /// Asks a controller which copy of the domain it has.
    pub(super) async fn copy(&self, connection: &mut Connection) -> Result<Copy, LdapError> {
        let names = ["dsServiceName", "highestCommittedUSN"]
            .map(str::to_owned)
            .to_vec();
        let root = look_at(connection, Search::object("", names).into())
            .await?
            .unwrap_or_default();
        let last = root
            .text("highestCommittedUSN")
            .and_then(|text| text.parse().ok());
        let Some(service) = root.text("dsServiceName") else {
            return Ok(Copy { id: None, last });
        };
        let search = Search::object(service, vec!["invocationId".to_owned()]);
        let settings = look_at(connection, search.into()).await?.unwrap_or_default();
        let id = settings.first("invocationId").map(to_hex);
        Ok(Copy { id, last })
    }

    /// A cookie that knows all changes up to now; none when the right to have one is missing.
    async fn cookie_of_now(&self, connection: &mut Connection) -> Result<Option<Vec<u8>>, LdapError> {
        let search = Search {
            base: self.naming_context(connection).await?.as_str().to_owned(),
            scope: Scope::Subtree,
            // No object passes, so that nothing comes but the cookie.
            filter: Filter::Not(Box::new(Filter::everything())),
            attributes: vec!["objectGUID".to_owned()],
        };
        let (result, cookie) = connection.changes(search, &[], |_| Ok(())).await?;
        match result.code {
            ResultCode::SUCCESS if !cookie.is_empty() => Ok(Some(cookie)),
            ResultCode::BUSY | ResultCode::UNAVAILABLE => {
                Err(LdapError::refused(connection.server(), Doing::Read, result))
            }
            _ => Ok(None),
        }
    }

    async fn sees_deleted_objects(&self, connection: &mut Connection) -> Result<bool, LdapError> {
        let context = self.naming_context(connection).await?.as_str().to_owned();
        let search = Search::object(
            &format!("<WKGUID={DELETED_OBJECTS},{context}>"),
            vec!["1.1".to_owned()],
        );
        let found = look_at(connection, with_deleted(search)).await?;
        Ok(found.is_some())
    }
}

/// A search that shows deleted objects too.
pub(super) fn with_deleted(search: Search) -> Request {
    let mut request = Request::from(search);
    request.controls.push(Control::show_deleted());
    request
}

/// The one object that a search finds; none when it may not be seen.
pub(super) async fn look_at(
    connection: &mut Connection,
    request: Request,
) -> Result<Option<Entry>, LdapError> {
    let reply = connection.ask(request).await?;
    match reply.result.code {
        ResultCode::BUSY | ResultCode::UNAVAILABLE => {
            Err(LdapError::refused(connection.server(), Doing::Read, reply.result))
        }
        _ => Ok(reply.entries.into_iter().next()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_being_kept() {
        let place = Place {
            copy: "dc".to_owned(),
            at: At::Cookie(to_hex(&[0, 255, 16])),
        };
        assert_eq!(Place::of(&place.cookie().unwrap()), Some(place));
        assert_eq!(from_hex("00ff10"), Some(vec![0, 255, 16]));
        assert_eq!(from_hex("0"), None);
        assert_eq!(Place::of(&Cookie::new("something else")), None);
    }
}
