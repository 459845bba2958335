//! Where Tenure is: what it listens at, and the one address at which browsers know it.

use std::net::SocketAddr;

use url::{Host, Url};

/// Why nothing can be served there. Each says what to do instead.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// Other machines can reach it, and there is no address for their browsers.
    #[error(
        "`--listen {0}` lets other machines in, so it has to be known how their browsers get there\n  Tenure speaks \
         plain HTTP: put a proxy before it that encrypts and asks people to sign in, and name the proxy's address with \
         `--public-url https://…`"
    )]
    NoPublicUrl(SocketAddr),
    /// The public address is none.
    #[error("`--public-url {text}`: {why}\n  write it like `https://tenure.example.com`")]
    PublicUrl {
        /// As it was written.
        text: String,
        /// What is wrong.
        why: String,
    },
}

/// The address at which browsers know Tenure: scheme, host and port. Requests for another host are turned away, so that
/// no foreign name can be made to point here (DNS rebinding).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(Url);

impl PublicUrl {
    /// Reads what an administrator wrote.
    ///
    /// # Errors
    /// Anything but `https://HOST[:PORT]`; for browsers on this machine `http` will do.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let wrong = |why: &str| AddressError::PublicUrl {
            text: text.to_owned(),
            why: why.to_owned(),
        };
        let url = Url::parse(text.trim()).map_err(|error| wrong(&format!("this is no address: {error}")))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("there is a user in it"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("there is more in it than scheme, host and port"));
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_this_machine(&url) => Ok(Self(url)),
            "http" => Err(wrong(
                "codes and cookies would go over the network unencrypted; `http` is for browsers on this machine only",
            )),
            _ => Err(wrong("this is not the address of a web page")),
        }
    }

    /// The address for browsers on this machine.
    ///
    /// # Errors
    /// Other machines can reach it.
    pub fn of(listening: SocketAddr) -> Result<Self, AddressError> {
        if !listening.ip().is_loopback() {
            return Err(AddressError::NoPublicUrl(listening));
        }
        Self::parse(&format!("http://{listening}"))
    }

    /// Where browsers are sent after somebody agreed, as it has to be registered with vendors.
    pub fn callback(&self) -> Url {
        let mut url = self.0.clone();
        url.set_path(crate::routes::CALLBACK);
        url
    }

    /// Whether only browsers on this machine can use it.
    pub fn is_this_machine(&self) -> bool {
        is_this_machine(&self.0)
    }

    /// Whether it is reached encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether a request with this `Host` is meant for it.
    pub(crate) fn is_host(&self, host: &str) -> bool {
        self.with_host(host)
            .is_some_and(|url| url.origin() == self.0.origin())
    }

    /// Whether a request with this `Host` is meant for it, under another name of this machine.
    pub(crate) fn is_alias(&self, host: &str) -> bool {
        let there =
            |url: Url| is_this_machine(&url) && url.port_or_known_default() == self.0.port_or_known_default();
        self.is_this_machine() && self.with_host(host).is_some_and(there)
    }

    /// Whether a page with this `Origin` is one of its own.
    pub(crate) fn is_origin(&self, origin: &str) -> bool {
        self.0.origin().ascii_serialization() == origin
    }

    /// The same address with another host; none when that is no host.
    fn with_host(&self, host: &str) -> Option<Url> {
        // Whatever could end the host, or begin it anew, is in none.
        let plain = host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte));
        if !plain || host.is_empty() {
            return None;
        }
        Url::parse(&format!("{}://{host}/", self.0.scheme())).ok()
    }
}

impl std::fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::a_name("https://tenure.example.com", "tenure.example.com", true)]
    #[case::its_port("https://tenure.example.com", "TENURE.example.com:443", true)]
    #[case::another_port("https://tenure.example.com", "tenure.example.com:8430", false)]
    #[case::another_name("https://tenure.example.com", "tenure.example.com.evil.test", false)]
    #[case::a_user("https://tenure.example.com", "evil@tenure.example.com", false)]
    #[case::a_path("https://tenure.example.com", "tenure.example.com/evil", false)]
    #[case::nothing("https://tenure.example.com", "", false)]
    #[case::this_machine("http://127.0.0.1:8430", "127.0.0.1:8430", true)]
    #[case::rebound("http://127.0.0.1:8430", "evil.test:8430", false)]
    #[case::no_port("http://127.0.0.1:8430", "127.0.0.1", false)]
    #[case::six("http://[::1]:8430", "[::1]:8430", true)]
    fn hosts(#[case] public: &str, #[case] host: &str, #[case] ours: bool) {
        assert_eq!(PublicUrl::parse(public).unwrap().is_host(host), ours);
    }

    #[test]
    fn other_names_of_this_machine_are_told_from_foreign_ones() {
        let here = PublicUrl::parse("http://127.0.0.1:8430").unwrap();
        assert!(here.is_alias("localhost:8430") && here.is_alias("[::1]:8430"));
        assert!(!here.is_alias("localhost:8431") && !here.is_alias("evil.test:8430"));
        let elsewhere = PublicUrl::parse("https://tenure.example.com:8430").unwrap();
        assert!(!elsewhere.is_alias("localhost:8430"));
    }

    #[rstest]
    #[case::unencrypted("http://tenure.example.com")]
    #[case::path("https://example.com/tenure")]
    #[case::user("https://me@example.com")]
    #[case::scheme("ftp://example.com")]
    #[case::no_scheme("tenure.example.com:8430")]
    fn addresses_that_are_refused(#[case] text: &str) {
        let error = PublicUrl::parse(text).unwrap_err().to_string();
        assert!(error.starts_with(&format!("`--public-url {text}`: ")), "{error}");
    }

    #[test]
    fn other_machines_want_a_public_address() {
        let open = PublicUrl::of("0.0.0.0:8430".parse().unwrap()).unwrap_err();
        assert!(open.to_string().contains("lets other machines in"), "{open}");
        let closed = PublicUrl::of("127.0.0.1:8430".parse().unwrap()).unwrap();
        assert_eq!(closed.callback().as_str(), "http://127.0.0.1:8430/oauth/callback");
    }
}
