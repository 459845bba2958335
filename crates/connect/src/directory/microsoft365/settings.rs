//! What the document of a directory says, ready for use.

use std::time::Duration;

use tenure_core::document::{
    self, Application, Authorization, AuthorizationKind, ClientAuthentication, DirectoryScope, Grant,
    RequestLimits, SyncedUsers, UserType,
};
use tenure_core::seams::DirectoryError;

/// How long to wait before what was written is looked at again, when it is not seen: Graph answers from several
/// copies, and one may be a little behind.
const LOOK_AGAIN: [Duration; 3] = [
    Duration::from_millis(300),
    Duration::from_secs(1),
    Duration::from_secs(3),
];

/// How a tenant is talked to, and which of its users are managed.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What automations call the directory.
    pub name: String,
    /// The tenant, by its id or one of its domains.
    pub tenant: String,
    /// Scheme and host of the login service, Graph and Exchange Online, without a slash at the end.
    pub addresses: document::CloudAddresses,
    /// Who Tenure is there. Formats.
    pub sign_in: document::CloudSignIn,
    /// Which users are accounts (`OData`).
    pub filter: Option<String>,
    /// Which of them are managed.
    pub scope: DirectoryScope,
    /// The country of users that have none.
    pub usage_location: Option<String>,
    /// Requests at the same time.
    pub connections: u32,
    /// The file with certificates to believe.
    pub ca_file: Option<String>,
    /// Whether private addresses may be called.
    pub private_addresses: document::PrivateAddresses,
    /// The waits before looking again at what was written and is not seen.
    pub look_again: Vec<Duration>,
}

impl Settings {
    /// Reads a document.
    ///
    /// # Errors
    /// A document without tenant or authorization.
    pub fn new(document: &document::Directory) -> Result<Self, DirectoryError> {
        let missing = |field: &str| DirectoryError {
            doing: format!("setting up the directory `{}`", document.name),
            said: format!("`{field}` is not there"),
            hint: format!("add `{field}` to the directory's document"),
        };
        let mut addresses = document.addresses.clone().unwrap_or_default();
        for address in [
            &mut addresses.login,
            &mut addresses.graph,
            &mut addresses.exchange,
        ] {
            address.truncate(address.trim_end_matches('/').len());
        }
        Ok(Self {
            name: document.name.clone(),
            tenant: document.tenant.clone().ok_or_else(|| missing("tenant"))?,
            addresses,
            sign_in: document
                .authorization
                .clone()
                .ok_or_else(|| missing("authorization"))?,
            filter: document.filter.clone(),
            scope: document.scope.clone().unwrap_or_default(),
            usage_location: document.usage_location.clone(),
            connections: document.connections.max(1),
            ca_file: document.ca_file.clone(),
            private_addresses: document.private_addresses.unwrap_or_default(),
            look_again: LOOK_AGAIN.to_vec(),
        })
    }

    /// One of the services as an application that tokens are kept for.
    pub(super) fn application(&self, service: &str, address: &str) -> Application {
        let token_url = format!("{}/{}/oauth2/v2.0/token", self.addresses.login, self.tenant);
        Application {
            name: format!("directory/{}/{service}", self.name),
            description: None,
            preset: None,
            settings: std::collections::BTreeMap::new(),
            authorization: Authorization {
                kind: AuthorizationKind::Oauth2,
                grant: Some(Grant::ClientCredentials),
                token_url: Some(token_url),
                client_id: Some(self.sign_in.client_id.clone()),
                client_secret: self.sign_in.client_secret.clone(),
                certificate: self.sign_in.certificate.clone(),
                private_key: self.sign_in.private_key.clone(),
                scope: vec![format!("{address}/.default")],
                client_authentication: Some(ClientAuthentication::Body),
                ..Authorization::default()
            },
            headers: std::collections::BTreeMap::new(),
            endpoints: Vec::new(),
            webhooks: Vec::new(),
            limits: RequestLimits {
                concurrency: self.connections,
                ..RequestLimits::default()
            },
            ca_file: self.ca_file.clone(),
            private_addresses: self.private_addresses,
        }
    }

    /// The kind of users that are managed, when it is one only.
    pub(super) fn only_type(&self) -> Option<UserType> {
        match self.scope.user_types.as_deref().unwrap_or(&[UserType::Member]) {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// Which users are asked for: those of the kinds that are managed, and of them those that the filter takes.
    pub(super) fn user_filter(&self) -> Option<String> {
        let kind = self.only_type().map(|kind| match kind {
            UserType::Member => "userType eq 'Member'",
            UserType::Guest => "userType eq 'Guest'",
        });
        match (kind, &self.filter) {
            (Some(kind), Some(filter)) => Some(format!("{kind} and ({filter})")),
            (kind, filter) => kind.map(str::to_owned).or_else(|| filter.clone()),
        }
    }

    /// Whether the filter is one that Graph answers from its index only (`ConsistencyLevel: eventual`).
    pub(super) fn is_advanced(&self) -> bool {
        let words = ["endswith(", " ne ", "not ", "not(", "/$count", "contains("];
        self.filter.as_deref().is_some_and(|filter| {
            let filter = filter.to_lowercase();
            words.iter().any(|word| filter.contains(word))
        })
    }

    /// Whether nothing at all is done with users that are synchronized.
    pub(super) fn protects_synced(&self) -> bool {
        self.scope.synced == Some(SyncedUsers::Protected)
    }
}
