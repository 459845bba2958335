//! `kind: application`.

mod authorization;

use url::{Host, Url};

use super::super::application::{Application, Endpoint, PrivateAddresses, RequestLimits};
use super::super::authorization::AuthorizationKind;
use super::super::scalar::{Scalar, Span};
use super::super::tree::join;
use super::Checker;
use super::texts::Secrets;
use crate::macros::MacroPlace;

impl Checker<'_> {
    pub(super) fn application(&mut self, application: &Application) {
        self.authorization(application);
        for (name, value) in &application.headers {
            let path = join("headers", name);
            self.header(&path, name, value);
            self.macros(&path, value, MacroPlace::Authorization);
        }
        self.limits(&application.limits);
        if application.endpoints.is_empty() && application.webhooks.is_empty() {
            self.error(
                "endpoints",
                "no endpoint and no webhook",
                "add what is fetched or called, at least a `name` and a `url`",
            );
        }
        for (at, endpoint) in application.endpoints.iter().enumerate() {
            let path = format!("endpoints[{at}]");
            if application
                .endpoints
                .iter()
                .take(at)
                .any(|other| other.name == endpoint.name)
            {
                let found = format!("a second endpoint `{}`", endpoint.name);
                self.error(&join(&path, "name"), found, "give one of them another name");
            }
            self.endpoint(&path, application, endpoint);
        }
        self.webhooks(application);
    }

    /// A header field's name (a token of RFC 9110, section 5.6.2) and value.
    pub(super) fn header(&mut self, path: &str, name: &str, value: &str) {
        self.header_name(path, name);
        let lower = name.to_ascii_lowercase();
        let parts: Vec<_> = lower.split(['-', '_']).collect();
        if ["authorization", "apikey", "key", "token", "secret"]
            .iter()
            .any(|word| parts.contains(word))
        {
            self.credential(path, value);
        } else {
            self.format(path, value, Secrets::Allowed);
        }
    }

    pub(super) fn header_name(&mut self, path: &str, name: &str) {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            self.error(
                path,
                format!("`{name}` as a header's name"),
                "write letters, digits and hyphens",
            );
        }
    }

    fn limits(&mut self, limits: &RequestLimits) {
        self.number("limits.concurrency", limits.concurrency, 1..=64);
        if let Some(calls) = limits.calls_per_minute {
            self.number("limits.calls_per_minute", calls, 1..=1_000_000);
        }
        let headers = &limits.headers;
        for (field, name) in [
            ("remaining", &headers.remaining),
            ("reset", &headers.reset),
            ("used", &headers.used),
        ] {
            if let Some(name) = name {
                self.header_name(&join("limits.headers", field), name);
            }
        }
        self.number("limits.retries", limits.retries, 0..=20);
        self.number("limits.response_mib", limits.response_mib, 1..=1024);
        for (path, span) in [
            ("limits.timeout", limits.timeout),
            ("limits.total_time", limits.total_time),
        ] {
            if span == Span::from_secs(0) {
                self.error(path, "no time at all", "write for example `60s`");
            }
        }
    }

    fn endpoint(&mut self, path: &str, application: &Application, endpoint: &Endpoint) {
        self.url(&join(path, "url"), application, &endpoint.url);
        for (name, Scalar(value)) in &endpoint.query {
            self.format(&join(&join(path, "query"), name), value, Secrets::Allowed);
        }
        for (name, Scalar(value)) in &endpoint.headers {
            self.header(&join(&join(path, "headers"), name), name, value);
        }
        self.message(path, endpoint);
        self.answer(path, endpoint);
        if let Some(repeat) = &endpoint.repeat {
            self.repeat(&join(path, "repeat"), repeat, endpoint);
        }
        self.request_macros(path, endpoint);
        self.pages(path, endpoint);
        if let Some(incremental) = &endpoint.incremental {
            self.incremental(&join(path, "incremental"), incremental, endpoint);
        }
        match &endpoint.for_each {
            Some(for_each) => self.for_each(&join(path, "for_each"), application, endpoint, for_each),
            None => self.no_record(path, endpoint),
        }
    }

    pub(super) fn url(&mut self, path: &str, application: &Application, text: &str) {
        let hint = "write an address that begins with `https://`";
        if self.format(path, text, Secrets::Allowed).is_none() || text.starts_with("{{") {
            return;
        }
        if text.contains("{{") {
            if !text.starts_with("https://") && !text.starts_with("http://") {
                self.error(
                    path,
                    format!("`{text}`, which is not the address of a web server"),
                    hint,
                );
            }
            return;
        }
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "https" | "http") && url.has_host() => {
                let here = is_this_machine(&url);
                let carries_key = application.authorization.kind != AuthorizationKind::None;
                if url.scheme() == "http" && carries_key && !here {
                    let hint = "everybody on the way can read the key; write `https://`";
                    self.warning(path, "an address that is not encrypted", hint);
                }
                if here && application.private_addresses == PrivateAddresses::Refused {
                    let hint = "write `private_addresses: allowed` in the application when that is meant";
                    self.error(path, "an address of this machine, which may not be called", hint);
                }
                if !url.username().is_empty() || url.password().is_some() {
                    self.error(
                        path,
                        "a user or password in an address",
                        "write `authorization: { type: basic, … }`",
                    );
                }
            }
            _ => self.error(
                path,
                format!("`{text}`, which is not the address of a web server"),
                hint,
            ),
        }
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether a JSONPath leads by names only: `$.name`, `$['name']`.
pub(super) fn is_names(path: &str) -> bool {
    let Some(mut rest) = path.trim().strip_prefix('$') else {
        return false;
    };
    while !rest.is_empty() {
        let quoted = [("['", "']"), ("[\"", "\"]")]
            .into_iter()
            .find_map(|(open, close)| {
                let inner = rest.strip_prefix(open)?;
                inner.get(inner.find(close)? + close.len()..)
            });
        let plain = rest.strip_prefix('.').and_then(|rest| {
            let end = rest.find(['.', '[', '*']).unwrap_or(rest.len());
            rest.get(end..).filter(|_| end > 0)
        });
        match quoted.or(plain) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_names_is_told_from_others() {
        for path in [
            "$",
            "$.results",
            "$.d.results",
            "$['odata.value']",
            "$[\"a b\"].c",
        ] {
            assert!(is_names(path), "{path}");
        }
        for path in [
            "",
            "results",
            "$..results",
            "$.results[0]",
            "$.*",
            "$.a[*].b",
            "$.",
            "$['a",
        ] {
            assert!(!is_names(path), "{path}");
        }
    }
}
