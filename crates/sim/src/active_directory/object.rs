//! One object: its name, its values with when each last changed, and its links to others.

use std::collections::{BTreeMap, BTreeSet};

use super::names;

/// The number of an object, in the order in which they were made.
pub(super) type Number = u64;

/// Values of one attribute.
#[derive(Clone, Debug, Default)]
pub(super) struct Stored {
    /// The attribute as the schema writes it.
    pub(super) name: String,
    /// None when they were taken away.
    pub(super) values: Vec<Vec<u8>>,
    /// The change that left them so.
    pub(super) usn: u64,
}

/// A member of a group, or somebody who was one.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) who: Number,
    pub(super) is_member: bool,
    pub(super) usn: u64,
}

/// Whether an object is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Living,
    /// Deleted, and can be restored with its values when there is a Recycle Bin.
    Deleted,
}

#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) guid: [u8; 16],
    pub(super) dn: String,
    pub(super) key: String,
    pub(super) life: Life,
    /// By name in lower case.
    pub(super) values: BTreeMap<String, Stored>,
    pub(super) members: Vec<Link>,
    pub(super) groups: BTreeSet<Number>,
    pub(super) password: Option<String>,
    pub(super) created: u64,
    pub(super) changed: u64,
}

impl Object {
    pub(super) fn new(guid: [u8; 16], dn: &str, usn: u64) -> Self {
        let mut object = Self {
            guid,
            dn: String::new(),
            key: String::new(),
            life: Life::Living,
            values: BTreeMap::new(),
            members: Vec::new(),
            groups: BTreeSet::new(),
            password: None,
            created: usn,
            changed: usn,
        };
        object.rename(dn, usn);
        object.set("whenCreated", vec![super::time(usn)], usn);
        object
    }

    /// Gives it another name.
    pub(super) fn rename(&mut self, dn: &str, usn: u64) {
        dn.clone_into(&mut self.dn);
        self.key = names::key(dn);
        let name = names::own_name(dn).into_bytes();
        let attribute = match names::rdn(dn).split_once('=').map(|(attribute, _)| attribute) {
            Some(attribute) if attribute.eq_ignore_ascii_case("ou") => "ou",
            Some(attribute) if attribute.eq_ignore_ascii_case("dc") => "dc",
            _ => "cn",
        };
        self.set(attribute, vec![name.clone()], usn);
        self.set("name", vec![name], usn);
    }

    /// Gives an attribute other values; none takes it away.
    pub(super) fn set(&mut self, name: &str, values: Vec<Vec<u8>>, usn: u64) {
        let name = name.to_owned();
        self.values
            .insert(name.to_ascii_lowercase(), Stored { name, values, usn });
        self.changed = self.changed.max(usn);
    }

    /// The values of an attribute, by its name in lower case.
    pub(super) fn get(&self, name: &str) -> &[Vec<u8>] {
        self.values.get(name).map_or(&[], |found| found.values.as_slice())
    }

    /// The first value of an attribute as text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.get(name).first()?).ok()
    }

    pub(super) fn is_class(&self, class: &str) -> bool {
        self.get("objectclass")
            .iter()
            .any(|known| known.eq_ignore_ascii_case(class.as_bytes()))
    }

    /// Whether it is one of those that people sign in with.
    pub(super) fn is_user(&self) -> bool {
        self.is_class("user")
    }

    pub(super) fn control(&self) -> u32 {
        self.text("useraccountcontrol")
            .and_then(|text| text.parse().ok())
            .unwrap_or_default()
    }
}

/// A GUID as Windows writes it: the first three parts with the lowest byte first (MS-DTYP 2.3.4).
pub(super) fn guid_text(guid: [u8; 16]) -> String {
    let guid = swapped(guid);
    let part = |range: std::ops::Range<usize>| hex::encode(guid.get(range).unwrap_or_default());
    [part(0..4), part(4..6), part(6..8), part(8..10), part(10..16)].join("-")
}

/// Reads a GUID from `<GUID=…>`: with dashes as Windows writes it, or the bytes in hexadecimal.
pub(super) fn read_guid(text: &str) -> Option<[u8; 16]> {
    let guid: [u8; 16] = hex::decode(text.replace('-', "")).ok()?.try_into().ok()?;
    Some(if text.contains('-') { swapped(guid) } else { guid })
}

/// The same with the bytes of the first three parts in the other order.
fn swapped(guid: [u8; 16]) -> [u8; 16] {
    let mut swapped = guid;
    for range in [0..4, 4..6, 6..8] {
        if let Some(part) = swapped.get_mut(range) {
            part.reverse();
        }
    }
    swapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_read_as_it_is_written() {
        let guid: [u8; 16] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        assert_eq!(guid_text(guid), "03020100-0504-0706-0809-0a0b0c0d0e0f");
        assert_eq!(read_guid(&guid_text(guid)), Some(guid));
        assert_eq!(read_guid("000102030405060708090a0b0c0d0e0f"), Some(guid));
    }
}
