//! Names that are taken in other domains of the forest, as its global catalog tells: addresses and principal names are
//! one person's in the whole forest, while a domain's own servers know those of the domain only.

use tenure_core::attribute::AttributeName;
use tenure_core::dn::Dn;

use crate::ldap::ServerUrl;

/// Attributes whose values nobody else in the forest may have. The catalog has them of every domain.
const FOREST_WIDE: [&str; 3] = ["userPrincipalName", "mail", "proxyAddresses"];

/// Where names are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The directory's naming context.
    Domain,
    /// All that the global catalog has.
    Forest,
}

/// Those of the attributes that are asked of the catalog.
pub(super) fn forest_wide(attributes: &[AttributeName]) -> Vec<AttributeName> {
    let wide = |name: &&AttributeName| FOREST_WIDE.iter().any(|wide| name.is(wide));
    attributes.iter().filter(wide).cloned().collect()
}

/// The domain in which an object of a forest is: what is left of its name when only `DC` counts.
pub(super) fn domain_of(dn: &Dn) -> Dn {
    let mut next = Some(dn.clone());
    while let Some(dn) = next {
        if dn.rdn().to_ascii_lowercase().starts_with("dc=") {
            return dn;
        }
        next = dn.parent();
    }
    Dn::root()
}

/// A server's address at the port of the global catalog, unless it has a port of its own.
#[must_use]
pub fn at_catalog(url: ServerUrl) -> ServerUrl {
    let port = match url.port {
        389 => 3268,
        636 => 3269,
        own => own,
    };
    ServerUrl { port, ..url }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_in_the_domain_that_its_name_ends_with() {
        let domain = |dn| domain_of(&Dn::from_server(dn)).to_string();
        assert_eq!(
            domain("CN=Ada,OU=Staff,DC=sub,DC=corp,DC=test"),
            "DC=sub,DC=corp,DC=test"
        );
        assert_eq!(domain("CN=Ada,O=Corp"), Dn::root().to_string());
    }

    #[test]
    fn the_catalog_has_ports_of_its_own() {
        let at = |url| at_catalog(ServerUrl::parse(url).unwrap()).to_string();
        assert_eq!(at("ldap://dc1.corp.test"), "ldap://dc1.corp.test:3268");
        assert_eq!(at("ldaps://dc1.corp.test"), "ldaps://dc1.corp.test:3269");
        assert_eq!(at("ldaps://dc1.corp.test:7000"), "ldaps://dc1.corp.test:7000");
    }
}
