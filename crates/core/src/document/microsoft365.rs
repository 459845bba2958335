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
    pub client_secret: String,
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
