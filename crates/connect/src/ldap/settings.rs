//! Whom to talk to, and how: server URLs, encryption, trust, credentials, limits of time and number.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use tenure_core::secret::Secret;
use url::Url;

use super::error::LdapError;

/// The address of a server: `ldap://host`, `ldaps://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerUrl {
    /// The host's name or address, IPv6 without brackets.
    pub host: String,
    /// The port; 389 or 636 when the URL says none.
    pub port: u16,
    /// Whether TLS comes before everything else (`ldaps`).
    pub scheme: Scheme,
}

/// The scheme of a server's URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain, or encrypted later by `StartTLS`.
    Ldap,
    /// Encrypted from the start.
    Ldaps,
}

impl ServerUrl {
    /// Reads a URL of one of the two schemes, without a path or query.
    pub fn parse(text: &str) -> Result<Self, LdapError> {
        let wrong = |why: &str| LdapError::Settings {
            why: format!("`{text}` is not the URL of a directory server: {why}"),
            hint: "Write for example `ldaps://dc1.corp.example.com`.".to_owned(),
        };
        let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        let (scheme, default_port) = match url.scheme() {
            "ldap" => (Scheme::Ldap, 389),
            "ldaps" => (Scheme::Ldaps, 636),
            _ => return Err(wrong("it starts neither with `ldap://` nor with `ldaps://`")),
        };
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or_else(|| wrong("it names no host"))?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() || !url.username().is_empty() {
            return Err(wrong("something stands beside host and port"));
        }
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self {
            host,
            port: url.port().unwrap_or(default_port),
            scheme,
        })
    }

    /// Whether the server is this machine, so that nothing goes over a network.
    pub fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
            || self
                .host
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Ldap => "ldap",
            Scheme::Ldaps => "ldaps",
        };
        let brackets = if self.host.contains(':') {
            ("[", "]")
        } else {
            ("", "")
        };
        write!(
            f,
            "{scheme}://{}{}{}:{}",
            brackets.0, self.host, brackets.1, self.port
        )
    }
}

/// What becomes of connections to `ldap://` URLs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartTls {
    /// They stay plain.
    #[default]
    No,
    /// They are encrypted before anything is said, or given up.
    Required,
}

/// Where unencrypted connections are allowed, on which passwords and data can be read on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unencrypted {
    /// To this machine only.
    #[default]
    LoopbackOnly,
    /// To any server; somebody has decided so.
    Allowed,
}

/// Whose certificates are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// Those that this machine's own store believes.
    #[default]
    System,
    /// Those issued by the authorities in a PEM file, and no others.
    File(PathBuf),
}

/// Who signs in. A password must not be empty: that would be nobody (RFC 4513, section 5.1.2).
#[derive(Clone, Debug)]
pub struct Credentials {
    /// A distinguished name, or what else the server takes.
    pub name: String,
    /// The password.
    pub password: Secret,
}

/// How a directory's servers are talked to.
#[derive(Clone, Debug)]
pub struct LdapSettings {
    /// The servers, in the order in which they are tried.
    pub servers: Vec<ServerUrl>,
    /// Whether plain connections are encrypted.
    pub start_tls: StartTls,
    /// Where connections may stay plain.
    pub unencrypted: Unencrypted,
    /// Whose certificates are believed.
    pub trust: Trust,
    /// Who signs in; nobody when none.
    pub credentials: Option<Credentials>,
    /// How many connections there are at most, 1 or more.
    pub connections: usize,
    /// How long a connection may take to come about, sign-in included.
    pub connect_time_out: Duration,
    /// How long the server may be silent while it is waited for.
    pub time_out: Duration,
    /// Entries a page; 0 asks without pages.
    pub page_size: u32,
}

impl LdapSettings {
    /// Settings for one server, with defaults for everything else: the machine's own trust, nobody signing in, four
    /// connections, 10 seconds to connect, 60 for an answer, 1000 entries a page.
    pub fn new(server: ServerUrl) -> Self {
        Self {
            servers: vec![server],
            start_tls: StartTls::No,
            unencrypted: Unencrypted::LoopbackOnly,
            trust: Trust::System,
            credentials: None,
            connections: 4,
            connect_time_out: Duration::from_secs(10),
            time_out: Duration::from_mins(1),
            page_size: 1000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read() {
        let read = |text| ServerUrl::parse(text).unwrap().to_string();
        assert_eq!(read("ldaps://dc1.corp.test"), "ldaps://dc1.corp.test:636");
        assert_eq!(read("ldap://[::1]:3890/"), "ldap://[::1]:3890");
        assert!(ServerUrl::parse("ldap://[::1]").unwrap().is_loopback());
        insta::assert_snapshot!(ServerUrl::parse("https://x").unwrap_err(), @"`https://x` is not the URL of a directory server: it starts neither with `ldap://` nor with `ldaps://`");
        assert!(ServerUrl::parse("ldap:///dc=x").is_err());
        assert!(ServerUrl::parse("ldap://h/dc=x??sub").is_err());
    }
}
