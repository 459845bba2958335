//! Where a vendor keeps its people and what was written about them, and how things happen to them there.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::register::Register;
use crate::{
    SimError,
    population::{Event, EventKind, Population, Whom},
};

/// Everything a vendor knows: read by many at once, written by one.
pub(crate) struct Locked<D>(RwLock<D>);

impl<D> Locked<D> {
    pub(crate) fn new(desk: D) -> Self {
        Self(RwLock::new(desk))
    }

    pub(crate) fn look(&self) -> RwLockReadGuard<'_, D> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn touch(&self) -> RwLockWriteGuard<'_, D> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A vendor's people, to whom things happen.
pub(crate) trait People {
    /// Looks at the people, or changes them; the next answer shows the change.
    fn population<T>(&self, act: impl FnOnce(&mut Population) -> T) -> T;

    fn event(&self, kind: EventKind, whom: Whom, seed: u64) -> Result<Event, SimError>;

    fn day(&self, seed: u64) -> Vec<Event>;
}

/// A vendor whose people are in a register.
pub(crate) trait Registered {
    /// Does something with the register; the next answer shows it.
    fn act<T>(&self, act: impl FnOnce(&mut Register) -> T) -> T;
}

impl<R: Registered> People for R {
    fn population<T>(&self, act: impl FnOnce(&mut Population) -> T) -> T {
        self.act(|register| register.change(act))
    }

    fn event(&self, kind: EventKind, whom: Whom, seed: u64) -> Result<Event, SimError> {
        self.act(|register| register.event(kind, &whom, seed))
    }

    fn day(&self, seed: u64) -> Vec<Event> {
        self.act(|register| register.day(seed))
    }
}
