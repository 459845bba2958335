//! Home folders on a real file server: rights are tried by those who have them, and everything is looked at by others' tools
//! and on the disk.
#![cfg(unix)]
#![allow(missing_docs, reason = "tests")]

#[cfg(test)]
mod desk;
#[cfg(test)]
mod making;
#[cfg(test)]
mod moving;
#[cfg(test)]
mod refusing;
