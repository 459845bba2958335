//! What a directory of `type: microsoft365` says beside the rest: how Tenure signs in, which users are managed, and
//! where the services are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who Tenure is for Microsoft: an application that was registered in the tenant and given permissions by its
/// administrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloudSignIn {
    /// The application's id ("Application (client) ID"). A format.
    pub client_id: String,
    /// Its secret; as a rule `{{ secret('name') }}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// In place of a secret, the certificate (PEM) that the app registration has. A format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The certificate's private key (RSA, PEM); as a rule `{{ secret('name') }}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_key: Option<String>,
}

/// Where Microsoft's services are, for national clouds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CloudAddresses {
    /// Where tokens are asked for.
    pub login: String,
    /// Microsoft Graph.
    pub graph: String,
    /// Exchange Online.
    pub exchange: String,
}

impl Default for CloudAddresses {
    fn default() -> Self {
        Self {
            login: "https://login.microsoftonline.com".to_owned(),
            graph: "https://graph.microsoft.com".to_owned(),
            exchange: "https://outlook.office365.com".to_owned(),
        }
    }
}
