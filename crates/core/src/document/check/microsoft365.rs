//! `kind: directory` with `type: microsoft365`, and what is used together with it.

use url::Url;

use super::super::application::PrivateAddresses;
use super::super::data_source::DataSource;
use super::super::directory::{Directory, DirectoryKind};
use super::super::error::closest;
use super::super::microsoft365::CloudAddresses;
use super::super::template::Template;
use super::super::tree::join;
use super::Checker;
use super::template::TemplateUse;
use super::texts::Secrets;
use crate::attribute::AttributeName;
use crate::microsoft365::{NAMING_ATTRIBUTE, PROPERTIES, Writing, property};

impl Checker<'_> {
    pub(super) fn microsoft365(&mut self, directory: &Directory) {
        match directory.tenant.as_deref().map(str::trim) {
            Some(tenant) if is_tenant(tenant) => {}
            Some(tenant) => {
                let hint = "write the tenant's id, or one of its domains such as `contoso.onmicrosoft.com`";
                self.error("tenant", format!("`{tenant}`, which cannot be a tenant"), hint);
            }
            None => {
                let hint = "`type: microsoft365` needs `tenant`, for example `contoso.onmicrosoft.com`";
                self.error("", "no `tenant`", hint);
            }
        }
        match &directory.authorization {
            None => {
                let hint = "`type: microsoft365` needs `authorization: { client_id: …, client_secret: \"{{ \
                            secret('NAME') }}\" }`";
                self.error("", "no `authorization`", hint);
            }
            Some(sign_in) => {
                if sign_in.client_id.trim().is_empty() {
                    let hint = "write the application's id, as the tenant's app registration shows it";
                    self.error("authorization.client_id", "an empty text", hint);
                }
                self.format("authorization.client_id", &sign_in.client_id, Secrets::Allowed);
                let secret = sign_in.client_secret.as_deref();
                let certificate = sign_in.certificate.as_deref();
                let key = sign_in.private_key.as_deref();
                let missing = match (secret, certificate, key) {
                    (None, None, None) => Some("client_secret"),
                    (_, None, Some(_)) => Some("certificate"),
                    (_, Some(_), None) => Some("private_key"),
                    _ => None,
                };
                if let Some(missing) = missing {
                    let hint = "write `client_secret`, or `certificate` with its `private_key`";
                    self.error("authorization", format!("no `{missing}`"), hint);
                }
                if secret.is_some() && certificate.is_some() {
                    let hint = "Tenure signs in by the certificate; leave it out";
                    self.warning(
                        "authorization.client_secret",
                        "`client_secret` with `certificate`",
                        hint,
                    );
                }
                if let Some(certificate) = certificate {
                    self.format("authorization.certificate", certificate, Secrets::Allowed);
                }
                for (field, text) in [("client_secret", secret), ("private_key", key)] {
                    if let Some(text) = text {
                        self.credential(&join("authorization", field), text);
                    }
                }
            }
        }
        if let Some(country) = &directory.usage_location
            && !(country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()))
        {
            let hint = "write the two letters of ISO 3166, for example `NL`";
            self.error(
                "usage_location",
                format!("`{country}`, which is no country"),
                hint,
            );
        }
        self.number("connections", directory.connections, 1..=32);
        self.addresses(directory);
        let said = [
            ("url", directory.url.is_some()),
            ("base", directory.base.is_some()),
            ("bind", directory.bind.is_some()),
            ("disabled_by", directory.disabled_by.is_some()),
        ];
        for (field, _) in said.into_iter().filter(|(_, said)| *said) {
            let hint = "Microsoft 365 is reached by `tenant` and `authorization`; leave it out";
            self.warning(field, format!("`{field}` with `type: microsoft365`"), hint);
        }
    }

    /// Fields that only mean something for Microsoft 365.
    pub(super) fn without_microsoft365(&mut self, directory: &Directory) {
        let said = [
            ("tenant", directory.tenant.is_some()),
            ("authorization", directory.authorization.is_some()),
            ("usage_location", directory.usage_location.is_some()),
            ("addresses", directory.addresses.is_some()),
            ("private_addresses", directory.private_addresses.is_some()),
        ];
        let kind = directory.kind.name();
        for (field, _) in said.into_iter().filter(|(_, said)| *said) {
            let found = format!("`{field}` with `type: {kind}`");
            self.warning(field, found, "it is for `type: microsoft365` only; leave it out");
        }
    }

    fn addresses(&mut self, directory: &Directory) {
        let Some(CloudAddresses {
            login,
            graph,
            exchange,
        }) = &directory.addresses
        else {
            return;
        };
        let private = directory.private_addresses == Some(PrivateAddresses::Allowed);
        for (field, text) in [("login", login), ("graph", graph), ("exchange", exchange)] {
            let path = join("addresses", field);
            let url = Url::parse(text).ok();
            let Some(url) = url.filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
            else {
                let hint = "write `https://` and the server's name, without a path";
                self.error(
                    &path,
                    format!("`{text}`, which is not the address of a service"),
                    hint,
                );
                continue;
            };
            if !matches!(url.path(), "" | "/") || url.query().is_some() {
                let hint = "write scheme and server only; the version and the rest are added";
                self.error(&path, format!("`{text}`, which says more than the server"), hint);
            }
            if url.scheme() == "http" && !private {
                let hint = "everybody on the way can read tokens and passwords; write `https://`";
                self.warning(&path, "an address without encryption", hint);
            }
        }
    }

    /// Everything that is mapped is written, so the directory must have a place for it.
    pub(super) fn mapped_in_use(&mut self, source: &DataSource, directory: &Directory) {
        if directory.kind != DirectoryKind::Microsoft365 {
            return;
        }
        let (kind, document) = (self.kind, std::mem::take(&mut self.name));
        self.about(super::super::set::Kind::DataSource, &source.name);
        for name in source.attributes.keys() {
            self.cloud_attribute(&join("attributes", name.as_str()), name, directory);
        }
        self.about(kind, &document);
    }

    fn cloud_attribute(&mut self, path: &str, name: &AttributeName, directory: &Directory) {
        let directory = &directory.name;
        match property(name) {
            Some(property) if property.writing != Writing::Never => {}
            Some(_) => {
                let found = format!("`{name}`, which directory `{directory}` does not let anybody write");
                self.error(path, found, "leave it out; Microsoft 365 sets it by itself");
            }
            None => {
                let names = PROPERTIES
                    .iter()
                    .filter(|known| known.writing == Writing::Free)
                    .flat_map(|known| known.names.iter().chain([&known.path]).copied());
                let hint = match closest(name.as_str(), names) {
                    Some(likely) => format!("did you mean `{likely}`?"),
                    None => "leave it out, or use one of `extensionAttribute1` to `15`".to_owned(),
                };
                let found = format!("`{name}`, of which directory `{directory}` (Microsoft 365) has none");
                self.error(path, found, hint);
            }
        }
    }

    /// What a new user of Microsoft 365 must have.
    pub(super) fn template_for_microsoft365(&mut self, template: &Template, used: TemplateUse) {
        let creates = used == TemplateUse::Creation;
        if creates && template.password.is_none() {
            let hint = "add `password: { must_change: true }`";
            self.error(
                "",
                "no `password`, without which Microsoft 365 makes no user",
                hint,
            );
        }
        let made = template.unique.keys().chain(template.attributes.keys());
        if creates && !made.clone().any(|name| name.is(NAMING_ATTRIBUTE)) {
            let hint = "add it to `unique`, for example `userPrincipalName: \"{{ givenName }}.{{ sn }}@contoso.com\"`";
            self.warning("unique", "no `userPrincipalName` of its own", hint);
        }
        let mut lists = vec![
            ("unique".to_owned(), template.unique.keys().collect::<Vec<_>>()),
            ("attributes".to_owned(), template.attributes.keys().collect()),
            ("override".to_owned(), template.overrides.keys().collect()),
        ];
        for (at, rule) in template.rules.iter().enumerate() {
            lists.push((
                format!("rules[{at}].attributes"),
                rule.attributes.keys().collect(),
            ));
            lists.push((format!("rules[{at}].override"), rule.overrides.keys().collect()));
        }
        for (list, names) in lists {
            for name in names {
                if property(name).is_none_or(|property| property.writing != Writing::Free) {
                    let hint = "leave it out; docs/microsoft-365.md lists what users have";
                    let found = format!("`{name}`, which cannot be written in Microsoft 365");
                    self.error(&join(&list, name.as_str()), found, hint);
                }
            }
        }
    }
}

/// An id, or a domain.
fn is_tenant(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let parts: Vec<&str> = text.split('.').collect();
    parts.iter().all(|part| is_part(part)) && (parts.len() > 1 || text.len() == 36)
}
