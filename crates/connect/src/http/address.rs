//! Which addresses may be connected to: those of the public internet, and others only where a document says so.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Whether addresses of one's own machine and networks may be connected to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrivateAddresses {
    /// They may not: a document could otherwise reach what only the server can.
    #[default]
    Refused,
    /// They may.
    Allowed,
}

/// A name or address that may not be connected to.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{host} is a private address")]
pub(crate) struct AddressRefused {
    /// The host as it was asked for, and what it was resolved to.
    pub(crate) host: String,
}

/// A name that has no address.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the name `{name}` cannot be resolved: {why}")]
pub(crate) struct Unresolved {
    pub(crate) name: String,
    pub(crate) why: String,
}

/// Refuses a host that is written as an address and may not be connected to. Names are looked at when they are
/// resolved, so that what is checked is what is connected to.
pub(crate) fn check_literal(
    host: Option<&url::Host<&str>>,
    rule: PrivateAddresses,
) -> Result<(), AddressRefused> {
    let address: IpAddr = match host {
        Some(url::Host::Ipv4(address)) => (*address).into(),
        Some(url::Host::Ipv6(address)) => (*address).into(),
        _ => return Ok(()),
    };
    if rule == PrivateAddresses::Refused && is_private(address) {
        return Err(AddressRefused {
            host: address.to_string(),
        });
    }
    Ok(())
}

/// Resolves names by the system and leaves out the addresses that may not be connected to.
pub(crate) struct Resolver {
    pub(crate) private: PrivateAddresses,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rule = self.private;
        let name = name.as_str().to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0))
                .await
                .map_err(|error| Unresolved {
                    name: name.clone(),
                    why: error.to_string(),
                })?;
            let (mut allowed, mut refused) = (Vec::new(), None);
            for address in found {
                if rule == PrivateAddresses::Refused && is_private(address.ip()) {
                    refused = Some(address.ip());
                } else {
                    allowed.push(address);
                }
            }
            match refused {
                Some(address) if allowed.is_empty() => Err(AddressRefused {
                    host: format!("{name} ({address})"),
                }
                .into()),
                _ => {
                    Ok(Box::new(allowed.into_iter()) as Box<dyn Iterator<Item = SocketAddr> + Send> as Addrs)
                }
            }
        })
    }
}

/// Whether an address is of this machine, of a private or local network, or of no single machine at all.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => is_private_v6(address),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_multicast()
        || a == 0
        || a >= 240
        // Shared by carriers (RFC 6598), protocol assignments (RFC 6890), benchmarks (RFC 2544).
        || (a == 100 && b & 0xc0 == 64)
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && b & 0xfe == 18)
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = embedded_v4(address) {
        return is_private_v4(inner);
    }
    let first = address.segments()[0];
    address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        // Unique local (RFC 4193), link local, and the site local of old.
        || first & 0xfe00 == 0xfc00
        || first & 0xffc0 == 0xfe80
        || first & 0xffc0 == 0xfec0
}

/// The IPv4 address that an IPv6 one stands for: mapped, compatible, translated (RFC 6052) or 6to4.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let pair = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(pair(high, low))
        }
        [0x2002, high, low, ..] => Some(pair(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_behind_the_firewall_are_private_however_they_are_written() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "::127.0.0.1",
        ] {
            assert!(is_private(private.parse().unwrap()), "{private}");
        }
        for public in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "192.0.2.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
        ] {
            assert!(!is_private(public.parse().unwrap()), "{public}");
        }
    }
}
