//! Parameters of steps about mailboxes that Exchange Online has for accounts of Active Directory.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A mailbox in Exchange Online, which the directory synchronisation makes for the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoteMailbox {
    /// The tenant's routing domain, for example `corp.mail.onmicrosoft.com`.
    pub routing_domain: String,
    /// The alias (`mailNickname`). A format; when not said, the one that the account has, or else its `sAMAccountName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
}
