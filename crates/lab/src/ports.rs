//! Free TCP ports on 127.0.0.1 that two tests never get at the same time.

use std::{
    fs::File,
    hash::{BuildHasher, RandomState},
    net::{Ipv4Addr, TcpListener},
};

use crate::{
    LabError,
    folders::{lab_folder, try_lock},
};

/// Below the range from which Linux takes the ports of outgoing connections (32768 and up), so that no connection
/// of another test can be sitting on a port between its choice and its use.
const FIRST: u16 = 21_000;
const COUNT: u16 = 2_000;

/// A TCP port that nobody listens on and that no other test is given while this value lives.
#[derive(Debug)]
pub struct ReservedPort {
    number: u16,
    _lock: File,
}

impl ReservedPort {
    /// Finds and reserves one.
    pub fn reserve() -> Result<Self, LabError> {
        let folder = lab_folder()?.join("ports");
        // A random start keeps parallel tests from all asking for the same ones in turn.
        let start = u16::try_from(RandomState::new().hash_one(0) % u64::from(COUNT)).unwrap_or_default();
        for step in 0..COUNT {
            let number = FIRST + (start + step) % COUNT;
            if let Some(lock) = try_lock(&folder.join(format!("{number}.lock")))?
                && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok()
            {
                return Ok(Self { number, _lock: lock });
            }
        }
        let why = format!("{FIRST} to {} are all in use", FIRST + COUNT - 1);
        Err(LabError::NoneFree {
            what: "TCP port",
            why,
        })
    }

    /// The port's number.
    pub fn number(&self) -> u16 {
        self.number
    }
}
