//! `kind: directory`.

use url::{Host, Url};

use super::super::directory::{Directory, DirectoryKind, Encryption, GlobalCatalog};
use super::super::scalar::OneOrMany;
use super::Checker;
use super::filter;
use super::steps::each;
use crate::attribute::AttributeName;

impl Checker<'_> {
    pub(super) fn directory(&mut self, directory: &Directory) {
        let base = match &directory.base {
            Some(base) => self.dn("base", base),
            None => None,
        };
        if directory.base.is_none() && directory.kind.has_containers() {
            let kind = directory.kind.name();
            let hint = format!("`type: {kind}` needs `base`, for example `OU=Staff,DC=corp,DC=example`");
            self.error("", "no `base`", hint);
        }
        self.directory_scope(directory);
        if directory.kind == DirectoryKind::Microsoft365 {
            return self.microsoft365(directory);
        }
        self.without_microsoft365(directory);
        match directory.kind {
            DirectoryKind::Local | DirectoryKind::Microsoft365 => self.without_server(directory),
            DirectoryKind::ActiveDirectory | DirectoryKind::Ldap => self.server(directory),
        }
        if let Some(filter) = &directory.filter
            && let Err(found) = filter::check(filter)
        {
            self.error(
                "filter",
                found,
                "write a filter of RFC 4515, for example `(&(objectClass=user)(cn=a*))`",
            );
        }
        self.number("connections", directory.connections, 1..=32);
        self.number("page_size", directory.page_size, 1..=10_000);
        if let Some(disabled) = &directory.disabled_by {
            self.attribute("disabled_by.attribute", &AttributeName::new(&disabled.attribute));
            if directory.kind != DirectoryKind::Ldap {
                let found = format!("`disabled_by` with `type: {}`", directory.kind.name());
                self.warning("disabled_by", found, "it is for `type: ldap` only; leave it out");
            }
        }
        self.global_catalog(directory);
        if let (DirectoryKind::ActiveDirectory, Some(base)) = (directory.kind, base)
            && !base.normalised().contains("dc=")
        {
            let hint =
                "names in Active Directory end with the domain, for example `DC=corp,DC=example,DC=com`";
            self.warning("base", format!("`{base}`, which names no domain"), hint);
        }
    }

    fn global_catalog(&mut self, directory: &Directory) {
        let Some(catalog) = &directory.global_catalog else {
            return;
        };
        if directory.kind != DirectoryKind::ActiveDirectory {
            let found = format!("`global_catalog` with `type: {}`", directory.kind.name());
            let hint = "it is for `type: active_directory` only; leave it out";
            return self.warning("global_catalog", found, hint);
        }
        if let GlobalCatalog::Servers(urls) = catalog {
            if urls.as_slice().is_empty() {
                let hint = "write `true`, or a URL such as `ldaps://dc1.corp.example:3269`";
                self.error("global_catalog", "an empty list", hint);
            }
            for (path, url) in each("global_catalog", urls) {
                self.server_url(&path, url, directory.encryption);
            }
        }
    }

    fn without_server(&mut self, directory: &Directory) {
        let said = [
            ("url", directory.url.is_some()),
            ("bind", directory.bind.is_some()),
            ("ca_file", directory.ca_file.is_some()),
        ];
        for (field, _) in said.into_iter().filter(|(_, said)| *said) {
            let hint = "it is not used: a local directory is in Tenure's own database; leave it out";
            self.warning(field, format!("`{field}` with `type: local`"), hint);
        }
    }

    fn server(&mut self, directory: &Directory) {
        let kind = directory.kind.name();
        match &directory.url {
            None => self.error(
                "",
                "no `url`",
                format!("`type: {kind}` needs `url`, for example `ldaps://dc1.corp.example`"),
            ),
            Some(OneOrMany::One(url)) => self.server_url("url", url, directory.encryption),
            Some(OneOrMany::Many(urls)) => {
                if urls.is_empty() {
                    self.error("url", "an empty list", "name a server at least");
                }
                for (at, url) in urls.iter().enumerate() {
                    self.server_url(&format!("url[{at}]"), url, directory.encryption);
                }
                self.one_scheme(urls);
            }
        }
        match &directory.bind {
            None => self.error(
                "",
                "no `bind`",
                format!("`type: {kind}` needs `bind: {{ user: …, password: … }}`"),
            ),
            Some(bind) => {
                if bind.user.is_empty() {
                    self.error(
                        "bind.user",
                        "an empty text",
                        "write the name of the service account",
                    );
                }
                self.credential("bind.password", &bind.password);
            }
        }
    }

    /// One setting says how all connections are encrypted.
    fn one_scheme(&mut self, urls: &[String]) {
        let is_plain = |url: &String| url.to_ascii_lowercase().starts_with("ldap:");
        let plain = urls.iter().filter(|url| is_plain(url)).count();
        if plain > 0 && plain < urls.len() {
            let hint = "write either `ldaps://` for all of them, or `ldap://`";
            self.error(
                "url",
                "servers with `ldaps://` beside others with `ldap://`",
                hint,
            );
        }
    }

    fn server_url(&mut self, path: &str, text: &str, encryption: Encryption) {
        let url = Url::parse(text).ok();
        let Some(url) = url.filter(|url| matches!(url.scheme(), "ldaps" | "ldap") && url.has_host()) else {
            let hint = "write `ldaps://` (or `ldap://`) and the server's name";
            return self.error(
                path,
                format!("`{text}`, which is not the address of a directory server"),
                hint,
            );
        };
        if !matches!(url.path(), "" | "/") || url.query().is_some() {
            self.error(
                path,
                format!("`{text}`, which says more than the server"),
                "the subtree is said by `base`",
            );
        }
        let here = match url.host() {
            Some(Host::Domain(name)) => matches!(name, "localhost" | "127.0.0.1" | "::1"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if encryption == Encryption::None && !here {
            let hint = "everybody on the way can read passwords; leave it out, or write `required`";
            self.warning("encryption", "`none` for a server that is not this machine", hint);
        }
    }
}
