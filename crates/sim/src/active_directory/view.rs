//! How one controller shows objects: its own numbers of changes, and the attributes that are put together when asked
//! for.

use ldap3_proto::proto::LdapPartialAttribute;

use super::domain::Domain;
use super::object::{Life, Object};

/// Values of one attribute that are given at once (`MaxValRange`).
pub(super) const MOST_VALUES: usize = 1500;

/// What differs between the controllers of one domain.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    /// Which copy of the domain this is.
    pub(super) invocation: [u8; 16],
    /// Every controller counts changes by itself.
    pub(super) ahead: u64,
}

impl View {
    /// A change's number as this controller counts.
    pub(super) fn usn(&self, usn: u64) -> u64 {
        usn + self.ahead
    }

    /// The attributes that were asked for.
    pub(super) fn show(
        &self,
        object: &Object,
        wanted: &[String],
        domain: &Domain,
    ) -> Vec<LdapPartialAttribute> {
        let everything = wanted.is_empty() || wanted.iter().any(|name| name == "*");
        let mut shown = Vec::new();
        if everything {
            for values in object.values.values().filter(|values| !values.values.is_empty()) {
                shown.push(attribute(&values.name, values.values.clone()));
            }
            for name in [
                "objectGUID",
                "distinguishedName",
                "uSNChanged",
                "uSNCreated",
                "member",
                "memberOf",
            ] {
                shown.extend(self.one(object, name, domain));
            }
        } else {
            for name in wanted {
                shown.extend(self.one(object, name, domain));
            }
        }
        shown
    }

    /// One attribute, by its name or by its name and a range of its values.
    pub(super) fn one(&self, object: &Object, name: &str, domain: &Domain) -> Option<LdapPartialAttribute> {
        let (name, range) = match name.split_once(";range=") {
            Some((name, range)) => (name, Some(range)),
            None => (name, None),
        };
        ranged(name, range, self.all(object, name, domain))
    }

    /// All values of an attribute.
    pub(super) fn all(&self, object: &Object, name: &str, domain: &Domain) -> Vec<Vec<u8>> {
        let lower = name.to_ascii_lowercase();
        let dns = |numbers: &mut dyn Iterator<Item = u64>| -> Vec<Vec<u8>> {
            numbers
                .filter_map(|number| domain.get(number))
                .filter(|object| object.life == Life::Living)
                .map(|object| object.dn.clone().into_bytes())
                .collect()
        };
        match lower.as_str() {
            "objectguid" => vec![object.guid.to_vec()],
            "distinguishedname" => vec![object.dn.clone().into_bytes()],
            "usnchanged" => vec![self.usn(object.changed).to_string().into_bytes()],
            "usncreated" => vec![self.usn(object.created).to_string().into_bytes()],
            "whenchanged" => vec![super::time(object.changed)],
            "instancetype" => vec![b"4".to_vec()],
            "isdeleted" if object.life == Life::Deleted => vec![b"TRUE".to_vec()],
            "memberof" => dns(&mut object.groups.iter().copied()),
            "member" => dns(&mut object
                .members
                .iter()
                .filter(|member| member.is_member)
                .map(|member| member.who)),
            name => object.get(name).to_vec(),
        }
    }
}

/// At most so many values, and from where on they are (MS-ADTS 3.1.1.3.1.3.3).
fn ranged(name: &str, range: Option<&str>, values: Vec<Vec<u8>>) -> Option<LdapPartialAttribute> {
    if values.is_empty() {
        return None;
    }
    if range.is_none() && values.len() <= MOST_VALUES {
        return Some(attribute(name, values));
    }
    let (from, to) = range.unwrap_or("0-*").split_once('-')?;
    let from: usize = from.parse().ok()?;
    let most = (from + MOST_VALUES).min(to.parse::<usize>().map_or(usize::MAX, |to| to + 1));
    let end = if most >= values.len() {
        "*".to_owned()
    } else {
        (most - 1).to_string()
    };
    let part: Vec<Vec<u8>> = values.into_iter().take(most).skip(from).collect();
    (!part.is_empty()).then(|| attribute(&format!("{name};range={from}-{end}"), part))
}

pub(super) fn attribute(name: &str, values: Vec<Vec<u8>>) -> LdapPartialAttribute {
    LdapPartialAttribute {
        atype: name.to_owned(),
        vals: values,
    }
}
