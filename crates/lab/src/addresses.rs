//! Loopback addresses, one for each domain controller, because Samba's ports cannot be chosen.

use std::{
    fs::File,
    hash::{BuildHasher, RandomState},
    net::{Ipv4Addr, TcpListener},
    time::Duration,
};

use crate::{
    LabError,
    folders::{lab_folder, try_lock},
    wait_until,
};

const FIRST: u8 = 2;
const COUNT: u8 = 250;

/// An address 127.0.0.N that no other test is given while this value lives.
#[derive(Debug)]
pub(crate) struct LoopbackAddress {
    ip: Ipv4Addr,
    _lock: File,
}

impl LoopbackAddress {
    /// Finds and reserves one on which nobody listens on any of `ports`.
    pub(crate) fn reserve(ports: &[u16]) -> Result<Self, LabError> {
        let folder = lab_folder()?.join("addresses");
        let start = u8::try_from(RandomState::new().hash_one(0) % u64::from(COUNT)).unwrap_or_default();
        for step in 0..COUNT {
            // In u16, because the sum may pass 255 before it is brought back into the range.
            let offset = (u16::from(start) + u16::from(step)) % u16::from(COUNT);
            let last = FIRST.saturating_add(u8::try_from(offset).unwrap_or_default());
            let ip = Ipv4Addr::new(127, 0, 0, last);
            // The lock keeps our own tests apart, trying the ports those of another checkout.
            if let Some(lock) = try_lock(&folder.join(format!("{ip}.lock")))?
                && all_free(ip, ports)
            {
                return Ok(Self { ip, _lock: lock });
            }
        }
        let why = format!("a server that listens on all addresses may have one of the ports {ports:?}");
        Err(LabError::NoneFree {
            what: "loopback address",
            why,
        })
    }

    pub(crate) fn ip(&self) -> Ipv4Addr {
        self.ip
    }

    /// Waits until nobody listens on any of `ports`, which takes a moment after a server was killed.
    pub(crate) fn wait_until_free(&self, ports: &[u16]) -> Result<(), LabError> {
        let what = format!("the ports {ports:?} of {} to be released", self.ip);
        wait_until(&what, Duration::from_secs(10), || all_free(self.ip, ports))
    }
}

fn all_free(ip: Ipv4Addr, ports: &[u16]) -> bool {
    ports.iter().all(|&port| TcpListener::bind((ip, port)).is_ok())
}
