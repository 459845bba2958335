//! Attributes with very many values, which Active Directory gives in parts: `member;range=0-1499` is followed by
//! `member;range=1500-*` (MS-ADTS 3.1.1.3.1.3.3).

use super::answer::Entry;
use super::codes::{Doing, ResultCode};
use super::connection::Connection;
use super::error::LdapError;
use super::request::Search;

/// Which part of an attribute's values came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All values, or the last of them.
    Last,
    /// The values before this one.
    Before(u64),
}

/// Takes a name apart into the attribute and the part of its values; none when it has other options, such as a
/// language, and is another attribute therefore.
pub fn part(name: &[u8]) -> Option<(&[u8], Part)> {
    let Some(at) = name.iter().position(|byte| *byte == b';') else {
        return Some((name, Part::Last));
    };
    let (attribute, option) = name.split_at_checked(at)?;
    let range = std::str::from_utf8(option).ok()?;
    let range = range
        .get(..7)
        .filter(|start| start.eq_ignore_ascii_case(";range="))
        .and_then(|_| range.get(7..))?;
    let (_, last) = range.split_once('-')?;
    match last {
        "*" => Some((attribute, Part::Last)),
        last => Some((attribute, Part::Before(last.parse::<u64>().ok()?.checked_add(1)?))),
    }
}

impl Connection {
    /// Asks for the values that are missing of these entries, so that each attribute has all its values under its own
    /// name. An object that is gone meanwhile, or shows no more, is an error: half of the values are none.
    pub(super) async fn complete(&mut self, entries: &mut [Entry]) -> Result<(), LdapError> {
        for entry in entries {
            let dn = entry.dn.clone();
            for (name, values) in &mut entry.attributes {
                let Some((attribute, mut next)) = part(name.as_bytes()) else {
                    continue;
                };
                if attribute.len() == name.len() {
                    continue;
                }
                let attribute = String::from_utf8_lossy(attribute).into_owned();
                while let Part::Before(from) = next {
                    let (more, after) = self.values_from(&dn, &attribute, from).await?;
                    values.extend(more);
                    next = after;
                }
                *name = attribute;
            }
        }
        Ok(())
    }

    async fn values_from(
        &mut self,
        dn: &str,
        attribute: &str,
        from: u64,
    ) -> Result<(Vec<Vec<u8>>, Part), LdapError> {
        let search = Search::object(dn, vec![format!("{attribute};range={from}-*")]);
        let mut replies = self.exchange_parts(vec![search.into()]).await;
        let missing = || LdapError::Malformed {
            server: self.server().to_owned(),
            why: format!("the values of `{attribute}` from the {from}th on were announced and did not come"),
        };
        let reply = replies.pop().ok_or_else(missing)??;
        if reply.result.code != ResultCode::SUCCESS {
            return Err(LdapError::refused(self.server(), Doing::Read, reply.result));
        }
        let found = reply.entries.into_iter().flat_map(|entry| entry.attributes);
        for (name, values) in found {
            if let Some((same, next)) = part(name.as_bytes())
                && same.eq_ignore_ascii_case(attribute.as_bytes())
                && !values.is_empty()
                && next != Part::Before(from)
            {
                return Ok((values, next));
            }
        }
        Err(missing())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        let read = |name: &'static str| part(name.as_bytes());
        assert_eq!(read("member"), Some((&b"member"[..], Part::Last)));
        assert_eq!(
            read("member;range=0-1499"),
            Some((&b"member"[..], Part::Before(1500)))
        );
        assert_eq!(read("member;Range=1500-*"), Some((&b"member"[..], Part::Last)));
        assert_eq!(read("cn;lang-de"), None);
        assert_eq!(read("member;range=x"), None);
    }
}
