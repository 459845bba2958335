//! Security descriptors (MS-DTYP 2.4): read as file servers send them, and completed for one account.

use tenure_core::home_folder::FolderRights;
use tenure_core::sid::Sid;

/// Allows; the kind of an entry in a list.
const ALLOWED: u8 = 0;
/// Denies.
const DENIED: u8 = 1;
/// For files and folders made in the folder.
const INHERITS: u8 = 0x03;
/// Not passed on further than one level.
const NO_PROPAGATE: u8 = 0x04;
/// Not for the folder itself.
const INHERIT_ONLY: u8 = 0x08;
/// Comes from a folder above.
const INHERITED: u8 = 0x10;

const DACL_PRESENT: u16 = 0x0004;
const SELF_RELATIVE: u16 = 0x8000;
/// Set with a list whose inherited entries stay what they are, and kept of the list that was there.
const AUTO_INHERIT_REQ: u16 = 0x0100;
const AUTO_INHERITED: u16 = 0x0400;
const PROTECTED: u16 = 0x1000;

/// Everything that can be done with a folder.
const FULL: u32 = 0x001f_01ff;
/// The same without changing rights and owner, and without deleting what belongs to others.
const MODIFY: u32 = 0x0013_01bf;

/// What is asked for by `GENERIC_ALL`.
const GENERIC_ALL: u32 = 0x1000_0000;

/// The owner and the list of rights of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Security {
    pub(super) owner: Option<Sid>,
    /// None where there is no list, and everybody may do everything.
    entries: Option<Vec<Entry>>,
    control: u16,
}

/// One entry of a list of rights, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    kind: u8,
    flags: u8,
    /// Everything after its head of four bytes.
    body: Vec<u8>,
}

impl Entry {
    fn allowing(user: &Sid, mask: u32) -> Self {
        let mut body = mask.to_le_bytes().to_vec();
        body.extend(user.to_bytes());
        Self {
            kind: ALLOWED,
            flags: INHERITS,
            body,
        }
    }

    fn mask(&self) -> u32 {
        let mask = self
            .body
            .first_chunk()
            .copied()
            .map(u32::from_le_bytes)
            .unwrap_or_default();
        if mask & GENERIC_ALL == 0 {
            mask
        } else {
            mask | FULL
        }
    }

    /// Whom a plain entry is about.
    fn user(&self) -> Option<Sid> {
        matches!(self.kind, ALLOWED | DENIED)
            .then(|| self.body.get(4..).and_then(Sid::from_bytes))
            .flatten()
    }
}

/// What rights come to.
pub(super) fn mask(rights: FolderRights) -> u32 {
    match rights {
        FolderRights::Full => FULL,
        FolderRights::Modify => MODIFY,
    }
}

impl Security {
    /// Reads what a server sent; none when it is not well formed.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (head, _) = bytes.split_first_chunk::<20>()?;
        let control = u16::from_le_bytes([head[2], head[3]]);
        let offset = |at: usize| -> Option<usize> {
            let four = head.get(at..)?.first_chunk::<4>()?;
            usize::try_from(u32::from_le_bytes(*four)).ok()
        };
        let owner = match offset(4)? {
            0 => None,
            at => {
                let rest = bytes.get(at..)?;
                let length = 8 + 4 * usize::from(*rest.get(1)?);
                Some(Sid::from_bytes(rest.get(..length)?)?)
            }
        };
        let entries = match offset(16)? {
            0 => None,
            _ if control & DACL_PRESENT == 0 => None,
            at => Some(entries(bytes.get(at..)?)?),
        };
        Some(Self {
            owner,
            entries,
            control,
        })
    }

    /// Whether an account may do this in the folder and in all that is made in it, by an entry of its own.
    pub(super) fn allows(&self, user: &Sid, mask: u32) -> bool {
        let Some(entries) = &self.entries else { return true };
        let denied = entries.iter().any(|entry| {
            entry.kind == DENIED && entry.mask() & mask != 0 && entry.user().as_ref() == Some(user)
        });
        let reaches = |flag: u8| {
            let its = entries.iter().filter(|entry| {
                entry.kind == ALLOWED && entry.flags & flag == flag && entry.user().as_ref() == Some(user)
            });
            let its = its.filter(|entry| flag != 0 || entry.flags & INHERIT_ONLY == 0);
            let its = its.filter(|entry| flag == 0 || entry.flags & NO_PROPAGATE == 0);
            its.fold(0, |sum, entry| sum | entry.mask()) & mask == mask
        };
        // Servers may write one entry for the folder and another one for what is made in it.
        !denied && reaches(0) && reaches(0x01) && reaches(0x02)
    }

    /// The list with an entry for an account, ready to be sent. Entries about others stay as they are.
    pub(super) fn with_entry(&self, user: &Sid, mask: u32) -> Vec<u8> {
        let known = self.entries.as_deref().unwrap_or_default();
        let is_own = |entry: &&Entry| {
            entry.flags & INHERITED == 0 && entry.kind == ALLOWED && entry.user().as_ref() == Some(user)
        };
        let kept = known.iter().filter(|entry| !is_own(entry)).cloned();
        let (inherited, explicit): (Vec<Entry>, Vec<Entry>) =
            kept.partition(|entry| entry.flags & INHERITED != 0);
        let mut all = explicit;
        all.push(Entry::allowing(user, mask));
        all.extend(inherited);
        let inherits = match self.control & AUTO_INHERITED {
            0 => 0,
            _ => AUTO_INHERITED | AUTO_INHERIT_REQ,
        };
        let control = SELF_RELATIVE | DACL_PRESENT | (self.control & PROTECTED) | inherits;
        let mut bytes = head(control, 0, 20);
        bytes.extend(list(&all));
        bytes
    }
}

/// A descriptor that says the owner only.
pub(super) fn owned_by(user: &Sid) -> Vec<u8> {
    let mut bytes = head(SELF_RELATIVE, 20, 0);
    bytes.extend(user.to_bytes());
    bytes
}

fn head(control: u16, owner: u32, list: u32) -> Vec<u8> {
    let mut bytes = vec![1, 0];
    bytes.extend(control.to_le_bytes());
    for offset in [owner, 0, 0, list] {
        bytes.extend(offset.to_le_bytes());
    }
    bytes
}

fn entries(bytes: &[u8]) -> Option<Vec<Entry>> {
    let (head, _) = bytes.split_first_chunk::<8>()?;
    let size = usize::from(u16::from_le_bytes([head[2], head[3]]));
    let count = usize::from(u16::from_le_bytes([head[4], head[5]]));
    let mut rest = bytes.get(8..size)?;
    let mut entries = Vec::new();
    for _ in 0..count {
        let [kind, flags, low, high] = *rest.first_chunk::<4>()?;
        let size = usize::from(u16::from_le_bytes([low, high]));
        let body = rest.get(4..size)?.to_vec();
        rest = rest.get(size..)?;
        entries.push(Entry { kind, flags, body });
    }
    Some(entries)
}

fn list(entries: &[Entry]) -> Vec<u8> {
    let size = |length: usize| u16::try_from(length).unwrap_or(u16::MAX);
    let length = 8 + entries.iter().map(|entry| entry.body.len() + 4).sum::<usize>();
    // Entries that are bound to attributes or object types need the newer form of the list.
    let revision = if entries.iter().any(|entry| (5..=8).contains(&entry.kind)) {
        4
    } else {
        2
    };
    let mut bytes = vec![revision, 0];
    bytes.extend(size(length).to_le_bytes());
    bytes.extend(size(entries.len()).to_le_bytes());
    bytes.extend([0, 0]);
    for entry in entries {
        bytes.extend([entry.kind, entry.flags]);
        bytes.extend(size(entry.body.len() + 4).to_le_bytes());
        bytes.extend(&entry.body);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sid(text: &str) -> Sid {
        text.parse().unwrap()
    }

    /// A folder of the administrators', with an entry that was inherited.
    fn folder(entries: &[(u8, u8, u32, &str)]) -> Security {
        let entries: Vec<Entry> = entries
            .iter()
            .map(|(kind, flags, mask, user)| Entry {
                kind: *kind,
                flags: *flags,
                ..Entry::allowing(&sid(user), *mask)
            })
            .collect();
        let mut bytes = head(SELF_RELATIVE | DACL_PRESENT | AUTO_INHERITED, 0, 20);
        bytes.extend(list(&entries));
        Security::read(&bytes).unwrap()
    }

    const ADA: &str = "S-1-5-21-1-2-3-1104";
    const BOB: &str = "S-1-5-21-1-2-3-1105";

    #[test]
    fn an_entry_is_added_before_the_inherited_ones_and_once() {
        let before = folder(&[(DENIED, 3, 1, BOB), (ALLOWED, 0x13, FULL, "S-1-5-32-544")]);
        assert!(!before.allows(&sid(ADA), MODIFY));
        let after = Security::read(&before.with_entry(&sid(ADA), MODIFY)).unwrap();
        assert!(after.allows(&sid(ADA), MODIFY) && !after.allows(&sid(ADA), FULL));
        let entries = after.entries.clone().unwrap();
        assert_eq!(entries.len(), 3);
        assert_eq!(entries[1].user(), Some(sid(ADA)));
        assert_eq!((entries[0].kind, entries[2].flags), (DENIED, 0x13));
        assert_eq!(
            after.control & (AUTO_INHERITED | AUTO_INHERIT_REQ),
            AUTO_INHERITED | AUTO_INHERIT_REQ
        );
        let full = Security::read(&after.with_entry(&sid(ADA), FULL)).unwrap();
        assert!(full.allows(&sid(ADA), FULL));
        assert_eq!(full.entries.unwrap().len(), 3);
    }

    #[test]
    fn what_does_not_reach_everything_is_not_enough() {
        for (kind, flags, mask) in [
            (ALLOWED, 0, FULL),
            (ALLOWED, 0x0b, FULL),
            (ALLOWED, 0x07, FULL),
            (ALLOWED, 3, MODIFY),
            (DENIED, 3, FULL),
        ] {
            let folder = folder(&[(kind, flags, mask, ADA)]);
            assert!(!folder.allows(&sid(ADA), FULL), "{kind} {flags:x} {mask:x}");
        }
        let in_two = folder(&[(ALLOWED, 0, FULL, ADA), (ALLOWED, 0x0b, GENERIC_ALL, ADA)]);
        assert!(in_two.allows(&sid(ADA), FULL));
        let denied = folder(&[(DENIED, 0, 2, ADA), (ALLOWED, 3, FULL, ADA)]);
        assert!(!denied.allows(&sid(ADA), FULL));
    }

    #[test]
    fn an_owner_is_read_back() {
        let security = Security::read(&owned_by(&sid(ADA))).unwrap();
        assert_eq!(security.owner, Some(sid(ADA)));
    }

    proptest! {
        #[test]
        fn whatever_is_sent_is_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(security) = Security::read(&bytes) {
                let after = Security::read(&security.with_entry(&sid(ADA), FULL));
                prop_assert!(after.is_some());
            }
        }
    }
}
