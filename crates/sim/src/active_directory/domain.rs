//! The domain that all its controllers share: every object, found by name, id and login.

use std::collections::{BTreeMap, HashMap};

use super::names;
use super::object::{Life, Number, Object};
use super::refusal::Refusal;

/// Where deleted objects are.
const DELETED: &str = "CN=Deleted Objects";

/// The domain.
pub(super) struct Domain {
    pub(super) base: String,
    pub(super) recycle_bin: bool,
    pub(super) least_password: usize,
    pub(super) objects: BTreeMap<Number, Object>,
    by_key: HashMap<String, Number>,
    by_guid: HashMap<[u8; 16], Number>,
    /// Login and principal names, in lower case.
    pub(super) logins: HashMap<String, Number>,
    pub(super) principals: HashMap<String, Number>,
    /// The number of the last change.
    pub(super) usn: u64,
    last: Number,
}

impl Domain {
    /// A domain with its usual containers and nobody in it.
    pub(super) fn new(base: &str) -> Self {
        let mut domain = Self {
            base: base.to_owned(),
            recycle_bin: true,
            least_password: 7,
            objects: BTreeMap::new(),
            by_key: HashMap::new(),
            by_guid: HashMap::new(),
            logins: HashMap::new(),
            principals: HashMap::new(),
            usn: 0,
            last: 0,
        };
        domain.insert(base, &["top", "domain", "domainDNS"]);
        for name in [DELETED, "CN=Users", "CN=System"] {
            domain.insert(&format!("{name},{base}"), &["top", "container"]);
        }
        domain
    }

    /// The number of the next change.
    pub(super) fn tick(&mut self) -> u64 {
        self.usn += 1;
        self.usn
    }

    /// Puts in an object that nobody checks.
    pub(super) fn insert(&mut self, dn: &str, classes: &[&str]) -> Number {
        let usn = self.tick();
        self.last += 1;
        let mut guid = [0x5a; 16];
        for (byte, part) in guid
            .iter_mut()
            .zip(self.last.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes())
        {
            *byte = part;
        }
        let mut object = Object::new(guid, dn, usn);
        let values = classes.iter().map(|class| class.as_bytes().to_vec()).collect();
        object.set("objectClass", values, usn);
        self.by_key.insert(object.key.clone(), self.last);
        self.by_guid.insert(guid, self.last);
        self.objects.insert(self.last, object);
        self.last
    }

    /// The object with this name, or with this id in brackets; a deleted one too.
    pub(super) fn find(&self, dn: &str) -> Option<Number> {
        if let Some(id) = dn.strip_prefix("<GUID=").and_then(|rest| rest.strip_suffix('>')) {
            return self.by_guid.get(&super::object::read_guid(id)?).copied();
        }
        if dn
            .to_ascii_uppercase()
            .starts_with("<WKGUID=18E2EA80684F11D2B9AA00C04F79F805,")
        {
            return self.find(&self.deleted_objects());
        }
        self.by_key.get(&names::key(dn)).copied()
    }

    /// The living object with this name.
    pub(super) fn living(&self, dn: &str) -> Result<Number, Refusal> {
        self.find(dn)
            .filter(|number| {
                self.get(*number)
                    .is_some_and(|object| object.life == Life::Living)
            })
            .ok_or_else(|| Refusal::no_object(&self.base))
    }

    pub(super) fn get(&self, number: Number) -> Option<&Object> {
        self.objects.get(&number)
    }

    pub(super) fn change(&mut self, number: Number) -> Result<&mut Object, Refusal> {
        let missing = Refusal::no_object(&self.base);
        self.objects.get_mut(&number).ok_or(missing)
    }

    /// Where deleted objects are.
    pub(super) fn deleted_objects(&self) -> String {
        format!("{DELETED},{}", self.base)
    }

    /// Whether anything is directly or indirectly in an object.
    pub(super) fn has_children(&self, number: Number) -> bool {
        let Some(key) = self.get(number).map(|object| &object.key) else {
            return false;
        };
        self.objects.values().any(|object| {
            object.life == Life::Living && object.key != *key && names::is_within(&object.key, key)
        })
    }

    /// Gives an object another name, and with it everything in it. What is in it counts as unchanged.
    pub(super) fn rename(&mut self, number: Number, dn: &str, usn: u64) {
        let Some(object) = self.objects.get_mut(&number) else {
            return;
        };
        let (old_dn, old_key) = (object.dn.clone(), object.key.clone());
        object.rename(dn, usn);
        let key = object.key.clone();
        self.by_key.remove(&old_key);
        self.by_key.insert(key, number);
        self.follow(&old_key, Some(dn));
        let below: Vec<Number> = self
            .objects
            .iter()
            .filter(|(_, object)| names::is_within(&object.key, &old_key))
            .map(|(below, _)| *below)
            .filter(|below| *below != number)
            .collect();
        for below in below {
            let Some(object) = self.objects.get_mut(&below) else {
                continue;
            };
            let own = object.dn.len().saturating_sub(old_dn.len());
            let moved = format!("{}{dn}", object.dn.get(..own).unwrap_or_default());
            self.by_key.remove(&object.key);
            object.key = names::key(&moved);
            object.dn = moved;
            self.by_key.insert(object.key.clone(), below);
        }
    }

    /// Whoever has the object as a manager has it by its new name, or has none when it is gone. That is no change of
    /// theirs.
    pub(super) fn follow(&mut self, old_key: &str, dn: Option<&str>) {
        for object in self.objects.values_mut() {
            let Some(manager) = object.values.get_mut("manager") else {
                continue;
            };
            let is_it = |value: &Vec<u8>| names::key(&String::from_utf8_lossy(value)) == old_key;
            if manager.values.first().is_some_and(is_it) {
                manager.values = dn.map(|dn| dn.as_bytes().to_vec()).into_iter().collect();
            }
        }
    }

    /// Takes somebody into a group, or out of it.
    pub(super) fn set_member(&mut self, group: Number, who: Number, is_member: bool) -> Result<(), Refusal> {
        let usn = self.tick();
        let object = self.change(group)?;
        match object.members.iter_mut().find(|member| member.who == who) {
            Some(member) if member.is_member == is_member => {
                return Err(if is_member {
                    Refusal::is_member()
                } else {
                    Refusal::is_no_member()
                });
            }
            Some(member) => (member.is_member, member.usn) = (is_member, usn),
            None if is_member => object.members.push(super::object::Link { who, is_member, usn }),
            None => return Err(Refusal::is_no_member()),
        }
        object.changed = usn;
        let member = self.change(who)?;
        if is_member {
            member.groups.insert(group);
        } else {
            member.groups.remove(&group);
        }
        Ok(())
    }

    /// Takes an object out of all groups, and everybody out of it, of which nothing tells: links go with their ends.
    pub(super) fn unlink(&mut self, number: Number) {
        let Some(object) = self.objects.get_mut(&number) else {
            return;
        };
        let groups = std::mem::take(&mut object.groups);
        let members = std::mem::take(&mut object.members);
        for group in groups {
            if let Some(group) = self.objects.get_mut(&group) {
                group.members.retain(|member| member.who != number);
            }
        }
        for member in members {
            if let Some(member) = self.objects.get_mut(&member.who) {
                member.groups.remove(&number);
            }
        }
    }
}
