//! `authorization` of an application: how its requests are let in.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scalar::Scalar;

/// How requests are authorized. `type` says which of the other fields are needed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Authorization {
    /// Which kind.
    #[serde(default, rename = "type")]
    pub kind: AuthorizationKind,
    /// `api_key`: name of the header or query parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// `api_key`: where the key goes.
    #[serde(default)]
    pub add_to: AddTo,
    /// `api_key`: the key itself, `bearer`: the token; as a rule `{{ secret('name') }}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// `basic`: the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// `basic`: the password; as a rule `{{ secret('name') }}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// `oauth2`: how tokens are come by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
    /// `oauth2`, `authorization_code`: the page where somebody signs in and agrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_url: Option<String>,
    /// `oauth2`: where tokens are asked for. A format, with a query where the vendor wants one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_url: Option<String>,
    /// `oauth2`: what the vendor calls this client. A format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// `oauth2`: the client's secret; as a rule `{{ secret('name') }}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// `oauth2`: in place of a secret, the certificate (PEM) that the vendor knows the client by. A format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// `oauth2`: the certificate's private key (RSA, PEM), which signs token requests (RFC 7523); as a rule
    /// `{{ secret('name') }}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_key: Option<String>,
    /// `oauth2`: what is asked for, one by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<String>,
    /// `oauth2`: where client id and secret go in a token request; `header` when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_authentication: Option<ClientAuthentication>,
    /// `oauth2`: what stands before the token in the `Authorization` header; `Bearer` when not said, nothing when
    /// empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_prefix: Option<String>,
    /// `oauth2`, `authorization_code`: whether the code is bound to this client by PKCE (RFC 7636, S256); true when
    /// not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pkce: Option<bool>,
    /// `oauth2`: further header fields of token requests. Formats.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub token_headers: BTreeMap<String, Scalar>,
    /// `oauth2`: further parameters in the body of token requests. Formats.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub token_parameters: BTreeMap<String, Scalar>,
    /// `oauth2`, `authorization_code`: further parameters for the page where somebody agrees. Formats.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub authorization_parameters: BTreeMap<String, Scalar>,
    /// `oauth2`, `authorization_code`: where the browser is sent afterwards, as it is registered with the vendor;
    /// `http://127.0.0.1:8913/callback` when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
}

/// Kinds of authorization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthorizationKind {
    /// Requests carry nothing.
    #[default]
    None,
    /// A key in a header or query parameter.
    ApiKey,
    /// User and password (RFC 7617).
    Basic,
    /// A token (RFC 6750).
    Bearer,
    /// A token that is asked for and renewed (RFC 6749).
    Oauth2,
}

/// Where an API key goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AddTo {
    /// Into a header.
    #[default]
    Header,
    /// Into the query.
    Query,
}

/// How OAuth 2.0 tokens are come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// Somebody signs in with a browser once and agrees (`tenure authorize`).
    AuthorizationCode,
    /// The client's own credentials are enough.
    ClientCredentials,
}

/// Where client id and secret go in a token request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// Into the `Authorization` header.
    #[default]
    Header,
    /// Into the body.
    Body,
}

impl Authorization {
    /// Where the browser is sent when a document does not say it.
    pub const REDIRECT_URL: &'static str = "http://127.0.0.1:8913/callback";
    /// What stands before the token when a document does not say it.
    pub const HEADER_PREFIX: &'static str = "Bearer";

    /// Where the browser is sent after somebody agreed.
    pub fn redirect_url(&self) -> &str {
        self.redirect_url.as_deref().unwrap_or(Self::REDIRECT_URL)
    }

    /// What stands before the token.
    pub fn header_prefix(&self) -> &str {
        self.header_prefix.as_deref().unwrap_or(Self::HEADER_PREFIX)
    }

    /// Whether the code is bound to this client.
    pub fn pkce(&self) -> bool {
        self.pkce.unwrap_or(true)
    }
}
