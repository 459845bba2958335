//! How a person is kept: small numbers that point into the tables, so that a million people fit in 60 MB.

/// A name of a person.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// There is none.
    Absent,
    /// One of the culture tables.
    Listed { culture: u8, index: u8 },
    /// The name that everybody in this population has.
    Common,
}

/// What somebody's record says about their employment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Entered, not started.
    Staged,
    /// At work.
    Active,
    /// Left, or on leave.
    Suspended,
}

/// Values a record may lack.
#[derive(Clone, Copy)]
pub(super) enum Gap {
    Family = 1,
    Phones = 2,
    Department = 4,
    Identifier = 8,
}

/// One person.
#[derive(Clone)]
pub(super) struct Entry {
    /// Counts up from 0 and is never given twice; every identifier comes from it.
    pub(super) number: u32,
    /// The number of the manager.
    pub(super) manager: Option<u32>,
    /// Decides phones, addresses and other trifles.
    pub(super) salt: u32,
    /// How many had the same user name before.
    pub(super) namesakes: u32,
    pub(super) given: Word,
    pub(super) middle: Word,
    pub(super) family: Word,
    pub(super) second_family: Word,
    /// First and last day, in days since [`super::EPOCH`].
    pub(super) start: u16,
    pub(super) end: Option<u16>,
    pub(super) culture: u8,
    pub(super) department: u8,
    pub(super) title: u8,
    pub(super) site: u8,
    pub(super) employment: u8,
    /// A set of [`Gap`]s.
    pub(super) gaps: u8,
    pub(super) state: State,
    pub(super) tidy: Tidy,
}

/// Whether the record has the usual disorder: several phones and addresses, or none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tidy {
    Yes,
    No,
    /// Only the identifiers are known: the rest was or will be written from outside.
    Blank,
}

impl Entry {
    /// Whether the value of that kind is missing.
    pub(super) fn lacks(&self, gap: Gap) -> bool {
        self.gaps & gap as u8 != 0
    }
}
