//! `authorization` of an application.

use std::collections::BTreeMap;

use url::Url;

use super::super::super::application::Application;
use super::super::super::authorization::{Authorization, AuthorizationKind, ClientAuthentication, Grant};
use super::super::super::scalar::Scalar;
use super::super::super::tree::join;
use super::super::Checker;
use super::super::texts::Secrets;
use super::is_this_machine;
use crate::macros::MacroPlace;

/// Fields with one text, and those among them that are secret.
const SECRET: [&str; 4] = ["value", "password", "client_secret", "private_key"];
/// Parameters that a token request has by itself.
const OF_TOKEN_REQUESTS: [&str; 10] = [
    "grant_type",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_verifier",
    "redirect_uri",
    "refresh_token",
    "scope",
];
/// Parameters that the page where somebody agrees is given by itself.
const OF_AUTHORIZATION: [&str; 7] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
];

/// The kind in words, with the fields that it needs, and those that it can have.
struct Uses {
    words: &'static str,
    needs: &'static [&'static str],
    may: &'static [&'static str],
}

fn uses(authorization: &Authorization) -> Uses {
    let (words, needs, may): (_, &[_], &[_]) = match (authorization.kind, authorization.grant) {
        (AuthorizationKind::None, _) => ("type: none", &[], &[]),
        (AuthorizationKind::ApiKey, _) => ("type: api_key", &["key", "value"], &[]),
        (AuthorizationKind::Basic, _) => ("type: basic", &["user", "password"], &[]),
        (AuthorizationKind::Bearer, _) => ("type: bearer", &["value"], &[]),
        (AuthorizationKind::Oauth2, Some(Grant::ClientCredentials)) if by_certificate(authorization) => (
            match authorization.certificate {
                Some(_) => "certificate",
                None => "private_key",
            },
            &["token_url", "client_id", "certificate", "private_key"],
            &[
                "grant",
                "scope",
                "header_prefix",
                "token_headers",
                "token_parameters",
            ],
        ),
        (AuthorizationKind::Oauth2, Some(Grant::ClientCredentials)) => (
            "grant: client_credentials",
            &["token_url", "client_id", "client_secret"],
            &[
                "grant",
                "scope",
                "client_authentication",
                "header_prefix",
                "token_headers",
                "token_parameters",
            ],
        ),
        (AuthorizationKind::Oauth2, grant) => (
            match grant {
                Some(_) => "grant: authorization_code",
                None => "type: oauth2",
            },
            match grant {
                Some(_) => &["authorization_url", "token_url", "client_id"],
                None => &["grant", "token_url", "client_id"],
            },
            &[
                "grant",
                "authorization_url",
                "client_secret",
                "certificate",
                "private_key",
                "scope",
                "client_authentication",
                "header_prefix",
                "pkce",
                "token_headers",
                "token_parameters",
                "authorization_parameters",
                "redirect_url",
            ],
        ),
    };
    Uses { words, needs, may }
}

/// Whether the client shows a certificate in place of a secret.
fn by_certificate(authorization: &Authorization) -> bool {
    authorization.certificate.is_some() || authorization.private_key.is_some()
}

impl Checker<'_> {
    pub(super) fn authorization(&mut self, application: &Application) {
        let authorization = &application.authorization;
        let uses = uses(authorization);
        for (field, text) in texts(authorization) {
            let path = join("authorization", field);
            let used = uses.needs.contains(&field) || uses.may.contains(&field);
            self.macros(&path, text.unwrap_or_default(), MacroPlace::Authorization);
            match text {
                None | Some("") if uses.needs.contains(&field) => {
                    let hint = format!("`{}` needs `{field}`", uses.words);
                    self.error("authorization", format!("no `{field}`"), hint);
                }
                Some(_) if !used => self.unused(field, &uses),
                Some(text) if SECRET.contains(&field) => self.credential(&path, text),
                // Addresses are looked at below.
                Some(text) if !field.ends_with("_url") => {
                    self.format(&path, text, Secrets::Allowed);
                }
                _ => {}
            }
        }
        let no_grant = authorization.grant.is_none() && uses.needs.contains(&"grant");
        if no_grant {
            let hint = "write `grant: client_credentials`, or `grant: authorization_code` when somebody has to agree";
            self.error("authorization", "no `grant`", hint);
        }
        for (field, said) in others(authorization) {
            if said && !uses.may.contains(&field) {
                self.unused(field, &uses);
            }
        }
        if authorization.kind == AuthorizationKind::Oauth2 {
            self.oauth2(application, authorization);
        }
    }

    fn unused(&mut self, field: &str, uses: &Uses) {
        self.warning(
            &join("authorization", field),
            format!("`{field}` with `{}`", uses.words),
            "it is not used; leave it out",
        );
    }

    fn oauth2(&mut self, application: &Application, authorization: &Authorization) {
        if let Some(url) = authorization.token_url.as_deref().filter(|url| !url.is_empty()) {
            self.url("authorization.token_url", application, url);
        }
        for (at, scope) in authorization.scope.iter().enumerate() {
            // A scope is printable ASCII without space, quote and backslash (RFC 6749, section 3.3).
            let token = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
            if scope.is_empty() || !scope.bytes().all(token) {
                let hint = "write each scope by itself, for example `scope: [read, write]`";
                self.error(
                    &format!("authorization.scope[{at}]"),
                    format!("`{scope}` as a scope"),
                    hint,
                );
            }
        }
        let prefix = authorization.header_prefix();
        if !prefix.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.error(
                "authorization.header_prefix",
                format!("`{prefix}`, which cannot stand in a header"),
                "write one word, for example `Bearer`",
            );
        }
        for (name, Scalar(value)) in &authorization.token_headers {
            let path = join("authorization.token_headers", name);
            let by_itself = name.eq_ignore_ascii_case("content-type")
                || (name.eq_ignore_ascii_case("authorization")
                    && authorization.client_authentication.unwrap_or_default()
                        == ClientAuthentication::Header);
            if by_itself {
                let hint = "leave it out; `client_authentication` says where the credentials go";
                self.error(
                    &path,
                    format!("`{name}`, which token requests have by themselves"),
                    hint,
                );
            }
            self.header(&path, name, value);
            self.macros(&path, value, MacroPlace::Authorization);
        }
        self.parameters(
            "token_parameters",
            &authorization.token_parameters,
            &OF_TOKEN_REQUESTS,
            Secrets::Allowed,
        );
        if authorization.grant == Some(Grant::AuthorizationCode) {
            self.authorization_code(authorization);
        }
    }

    fn authorization_code(&mut self, authorization: &Authorization) {
        let path = "authorization.authorization_url";
        if let Some(text) = authorization
            .authorization_url
            .as_deref()
            .filter(|url| !url.is_empty())
        {
            self.page(path, text);
        }
        let path = "authorization.redirect_url";
        if let Some(url) = self.page(path, authorization.redirect_url())
            && url.fragment().is_some()
        {
            let hint = "leave out the `#` and what follows; browsers do not send it";
            self.error(path, "an address with a fragment", hint);
        }
        // The address is seen by the browser and whoever looks over the shoulder.
        self.parameters(
            "authorization_parameters",
            &authorization.authorization_parameters,
            &OF_AUTHORIZATION,
            Secrets::Refused,
        );
        if authorization.certificate.is_some() != authorization.private_key.is_some() {
            self.error(
                "authorization",
                "one of `certificate` and `private_key`",
                "write both, or neither",
            );
        }
        let is_public = authorization.client_secret.is_none() && authorization.certificate.is_none();
        if !authorization.pkce() && is_public {
            self.error(
                "authorization.pkce",
                "neither PKCE nor a `client_secret`",
                "anybody who sees the code could use it; leave `pkce` out, or name the `client_secret`",
            );
        }
    }

    /// The address of a page that a browser opens.
    fn page(&mut self, path: &str, text: &str) -> Option<Url> {
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "https" | "http") && url.has_host() => {
                if url.scheme() == "http" && !is_this_machine(&url) {
                    let hint = "everybody on the way can read what is sent; write `https://`";
                    self.warning(path, "an address that is not encrypted", hint);
                }
                Some(url)
            }
            _ => {
                self.error(
                    path,
                    format!("`{text}`, which is not the address of a web page"),
                    "write an address that begins with `https://`",
                );
                None
            }
        }
    }

    fn parameters(
        &mut self,
        field: &str,
        parameters: &BTreeMap<String, Scalar>,
        own: &[&str],
        secrets: Secrets,
    ) {
        for (name, Scalar(value)) in parameters {
            let path = join(&join("authorization", field), name);
            if own.contains(&name.as_str()) {
                let hint = "leave it out; the other fields of `authorization` say it";
                self.error(&path, format!("`{name}`, which is sent anyway"), hint);
            }
            self.format(&path, value, secrets);
            self.macros(&path, value, MacroPlace::Authorization);
        }
    }
}

/// The fields with one text.
fn texts(authorization: &Authorization) -> [(&'static str, Option<&str>); 11] {
    [
        ("key", authorization.key.as_deref()),
        ("value", authorization.value.as_deref()),
        ("user", authorization.user.as_deref()),
        ("password", authorization.password.as_deref()),
        ("authorization_url", authorization.authorization_url.as_deref()),
        ("token_url", authorization.token_url.as_deref()),
        ("client_id", authorization.client_id.as_deref()),
        ("client_secret", authorization.client_secret.as_deref()),
        ("certificate", authorization.certificate.as_deref()),
        ("private_key", authorization.private_key.as_deref()),
        ("redirect_url", authorization.redirect_url.as_deref()),
    ]
}

/// The other fields, each with whether it is said.
fn others(authorization: &Authorization) -> [(&'static str, bool); 8] {
    [
        ("grant", authorization.grant.is_some()),
        ("scope", !authorization.scope.is_empty()),
        (
            "client_authentication",
            authorization.client_authentication.is_some(),
        ),
        ("header_prefix", authorization.header_prefix.is_some()),
        ("pkce", authorization.pkce.is_some()),
        ("token_headers", !authorization.token_headers.is_empty()),
        ("token_parameters", !authorization.token_parameters.is_empty()),
        (
            "authorization_parameters",
            !authorization.authorization_parameters.is_empty(),
        ),
    ]
}
