//! What a document says of OAuth 2.0, and what becomes of it for one token request.

use std::fmt;

use oauth2::basic::BasicClient;
use oauth2::{AuthType, ClientId, ClientSecret, EndpointNotSet, EndpointSet, RedirectUrl, Scope, TokenUrl};
use tenure_core::document::{Application, Authorization, ClientAuthentication, Grant, Scalar};
use tenure_core::seams::{Secrets, SourceError, SourceTrouble};
use tenure_core::secret::Secret;
use xxhash_rust::xxh3::xxh3_128;

use super::assertion::{self, Statement};
use crate::http::Masked;
use crate::source::{Environment, connection_text};

/// The library's client, with nothing but the address for token requests.
pub(super) type TokenClient =
    BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// An application's settings.
pub(super) struct Settings {
    pub(super) application: String,
    pub(super) grant: Grant,
    pub(super) document: Authorization,
    pub(super) environment: Environment,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("application", &self.application)
            .field("grant", &self.grant)
            .finish_non_exhaustive()
    }
}

/// What a token request needs, worked out with secrets fetched now.
pub(super) struct Prepared {
    /// Whether it is good for one request only.
    pub(super) once: bool,
    pub(super) client: TokenClient,
    pub(super) url: Masked,
    pub(super) headers: Vec<(String, Masked)>,
    pub(super) parameters: Vec<(String, Secret)>,
    pub(super) scopes: Vec<Scope>,
    /// Whatever in it must not be shown.
    pub(super) secrets: Vec<Secret>,
}

impl Settings {
    /// Reads what the document says.
    pub(super) fn new(application: &Application, environment: Environment) -> Result<Self, SourceError> {
        let document = application.authorization.clone();
        let missing = |name: &str| SourceError {
            kind: SourceTrouble::Refused,
            doing: format!(
                "reading the authorization of the application `{}`",
                application.name
            ),
            said: format!("`{name}` is not there"),
            hint: format!("add `{name}` to `authorization`"),
        };
        let grant = document.grant.ok_or_else(|| missing("grant"))?;
        let mut needed = vec![
            ("token_url", &document.token_url),
            ("client_id", &document.client_id),
        ];
        match grant {
            Grant::ClientCredentials if document.certificate.is_none() => {
                needed.push(("client_secret", &document.client_secret));
            }
            Grant::ClientCredentials => {}
            Grant::AuthorizationCode => needed.push(("authorization_url", &document.authorization_url)),
        }
        if document.certificate.is_some() {
            needed.push(("private_key", &document.private_key));
        }
        for (name, text) in needed {
            if text.as_deref().is_none_or(|text| text.trim().is_empty()) {
                return Err(missing(name));
            }
        }
        Ok(Self {
            application: application.name.clone(),
            grant,
            document,
            environment,
        })
    }

    /// Tells a token that was come by with these settings from others: one is never sent to another address, or
    /// taken for one of another client or scope.
    pub(super) fn fingerprint(&self) -> String {
        let document = &self.document;
        let mut scope = document.scope.clone();
        scope.sort();
        let text = [
            format!("{:?}", self.grant),
            document.token_url.clone().unwrap_or_default(),
            document.client_id.clone().unwrap_or_default(),
            scope.join(" "),
        ];
        format!("{:032x}", xxh3_128(text.join("\n").as_bytes()))
    }

    /// What the vault calls the token.
    pub(super) fn secret_name(&self) -> String {
        format!("authorization/{}", self.application)
    }

    /// Where the browser is sent.
    pub(super) fn redirect_url(&self) -> Result<RedirectUrl, SourceError> {
        RedirectUrl::new(self.document.redirect_url().to_owned())
            .map_err(|error| self.wrong("redirect_url", &error))
    }

    /// The scopes that are asked for.
    pub(super) fn scopes(&self) -> Vec<Scope> {
        self.document.scope.iter().cloned().map(Scope::new).collect()
    }

    /// Works out a format of the document.
    pub(super) async fn text(
        &self,
        field: &str,
        source: &str,
        vault: &dyn Secrets,
    ) -> Result<Secret, SourceError> {
        let doing = format!(
            "preparing the authorization of the application `{}`, `{field}`",
            self.application
        );
        let text = connection_text(source, &doing, &self.environment, vault).await?;
        // Space around it comes from copying.
        Ok(Secret::new(text.expose().trim().to_owned()))
    }

    pub(super) async fn client_id(&self, vault: &dyn Secrets) -> Result<ClientId, SourceError> {
        let source = self.document.client_id.as_deref().unwrap_or_default();
        let id = self.text("client_id", source, vault).await?;
        Ok(ClientId::new(id.expose().to_owned()))
    }

    /// What a token request needs.
    pub(super) async fn prepare(&self, vault: &dyn Secrets) -> Result<Prepared, SourceError> {
        let document = &self.document;
        let mut secrets = Vec::new();
        let written = document.token_url.as_deref().unwrap_or_default();
        let url = self.text("token_url", written, vault).await?;
        let token_url =
            TokenUrl::new(url.expose().to_owned()).map_err(|error| self.wrong("token_url", &error))?;
        // What it is made of is not shown.
        let sent = token_url.url().as_str().to_owned();
        let url = if written.contains("{{") {
            Masked::Secret {
                sent: Secret::new(sent),
                shown: written.to_owned(),
            }
        } else {
            Masked::Plain(sent)
        };
        let mut client = BasicClient::new(self.client_id(vault).await?).set_token_uri(token_url.clone());
        let assertion = self.assertion(token_url.url().as_str(), vault).await?;
        if let Some(source) = document.client_secret.as_ref().filter(|_| assertion.is_none()) {
            let secret = self.text("client_secret", source, vault).await?;
            client = client.set_client_secret(ClientSecret::new(secret.expose().to_owned()));
            secrets.push(secret);
        }
        client = client.set_auth_type(match document.client_authentication.unwrap_or_default() {
            ClientAuthentication::Header if assertion.is_none() => AuthType::BasicAuth,
            ClientAuthentication::Header | ClientAuthentication::Body => AuthType::RequestBody,
        });
        let mut headers = Vec::with_capacity(document.token_headers.len());
        for (name, Scalar(source)) in &document.token_headers {
            let value = self.text(&format!("token_headers.{name}"), source, vault).await?;
            headers.push((name.clone(), masked(source, value, &mut secrets)));
        }
        let mut parameters = Vec::with_capacity(document.token_parameters.len());
        for (name, Scalar(source)) in &document.token_parameters {
            let value = self
                .text(&format!("token_parameters.{name}"), source, vault)
                .await?;
            // The whole body is masked; what was written into the document is no secret in answers.
            masked(source, value.clone(), &mut secrets);
            parameters.push((name.clone(), value));
        }
        let once = assertion.is_some();
        if let Some(assertion) = assertion {
            let kind = Secret::new(assertion::KIND.to_owned());
            parameters.push(("client_assertion_type".to_owned(), kind));
            secrets.push(assertion.clone());
            parameters.push(("client_assertion".to_owned(), assertion));
        }
        Ok(Prepared {
            once,
            client,
            url,
            headers,
            parameters,
            scopes: self.scopes(),
            secrets,
        })
    }

    /// What a client with a certificate states; none for one without.
    async fn assertion(&self, token_url: &str, vault: &dyn Secrets) -> Result<Option<Secret>, SourceError> {
        let document = &self.document;
        let (Some(certificate), Some(key)) = (&document.certificate, &document.private_key) else {
            return Ok(None);
        };
        let certificate = self.text("certificate", certificate, vault).await?;
        let key = self.text("private_key", key, vault).await?;
        let client_id = self.client_id(vault).await?;
        let statement = Statement {
            client_id: &client_id,
            token_url,
            now: (self.environment.now)(),
        };
        let signed = statement.signed(certificate.expose(), &key);
        signed.map(Some).map_err(|unsigned| SourceError {
            kind: SourceTrouble::Refused,
            doing: self.preparing(),
            said: format!("`{}` {}", unsigned.field, unsigned.why),
            hint: "give both as PEM text, and the key as it was made, with RSA and without a password"
                .to_owned(),
        })
    }

    fn preparing(&self) -> String {
        format!(
            "preparing the authorization of the application `{}`",
            self.application
        )
    }

    /// A field that cannot be used. The value is not shown.
    pub(super) fn wrong(&self, field: &str, error: &dyn fmt::Display) -> SourceError {
        SourceError {
            kind: SourceTrouble::Refused,
            doing: self.preparing(),
            said: format!("`{field}` is no address: {error}"),
            hint: format!("correct `{field}` in `authorization`"),
        }
    }
}

/// A value that is shown when it is as it was written, and masked when a format made it.
fn masked(source: &str, value: Secret, secrets: &mut Vec<Secret>) -> Masked {
    if source.trim() == value.expose() {
        return Masked::from(value.expose());
    }
    secrets.push(value.clone());
    Masked::from(value)
}
