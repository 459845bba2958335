//! Users of Microsoft Entra ID with what they have in Microsoft 365, by Microsoft Graph v1.0. There are no containers:
//! an account is called by the name that it signs in with, a group by the name that people see.

mod apply;
mod batch;
mod body;
mod cloud;
mod decide;
mod delta;
mod fault;
mod groups;
mod job;
mod judge;
mod licences;
mod look;
mod membership;
mod read;
mod service;
mod settings;
mod user;
mod verify;
mod watch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tenure_core::attribute::{AttributeName, Dictionary};
use tenure_core::capability;
use tenure_core::document::{self, DirectoryKind};
use tenure_core::seams::{
    AccountSink, Applied, Capabilities, Completeness, Directory, DirectoryError, Secrets, Write,
};
use tenure_core::watching::{ChangeSink, Changes, Cookie, Standing};

use self::service::Service;
use crate::source::Environment;

pub use settings::Settings;

/// The users of a tenant.
#[derive(Debug)]
pub struct Microsoft365 {
    settings: Settings,
    service: Service,
    /// The ids of groups by name, as far as they were asked for.
    groups: Mutex<HashMap<String, String>>,
}

impl Microsoft365 {
    /// The directory that a document describes; nothing is connected to yet.
    ///
    /// # Errors
    /// Documents that cannot be followed, or a `ca_file` that cannot be read.
    pub fn new(
        document: &document::Directory,
        vault: &Arc<dyn Secrets>,
        environment: &Environment,
    ) -> Result<Self, DirectoryError> {
        Self::with_settings(Settings::new(document)?, vault, environment)
    }

    /// The same by settings.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn with_settings(
        settings: Settings,
        vault: &Arc<dyn Secrets>,
        environment: &Environment,
    ) -> Result<Self, DirectoryError> {
        Ok(Self {
            service: Service::new(&settings, vault, environment)?,
            settings,
            groups: Mutex::default(),
        })
    }
}

#[async_trait]
impl Directory for Microsoft365 {
    fn capabilities(&self) -> Capabilities {
        capability::capabilities(DirectoryKind::Microsoft365, |_| false)
    }

    async fn read(
        &self,
        attributes: &Arc<Dictionary>,
        sink: &mut dyn AccountSink,
    ) -> Result<Completeness, DirectoryError> {
        let doing = || format!("reading the users of the directory `{}`", self.settings.name);
        self.read_accounts(attributes, sink)
            .await
            .map_err(|fault| fault.while_doing(doing()))
    }

    async fn read_and_stand(
        &self,
        attributes: &Arc<Dictionary>,
        sink: &mut dyn AccountSink,
    ) -> Result<(Completeness, Standing), DirectoryError> {
        let doing = || format!("reading the users of the directory `{}`", self.settings.name);
        self.read_standing(attributes, sink)
            .await
            .map_err(|fault| fault.while_doing(doing()))
    }

    async fn changes(
        &self,
        since: &Cookie,
        attributes: &Arc<Dictionary>,
        sink: &mut dyn ChangeSink,
    ) -> Result<Changes, DirectoryError> {
        let doing = || format!("reading what changed in the directory `{}`", self.settings.name);
        self.read_changes(since, attributes, sink)
            .await
            .map_err(|fault| fault.while_doing(doing()))
    }

    async fn taken(
        &self,
        attributes: &[AttributeName],
    ) -> Result<Vec<(AttributeName, String)>, DirectoryError> {
        self.read_taken(attributes)
            .await
            .map_err(|fault| fault.while_doing("reading which names are taken"))
    }

    async fn apply(&self, writes: Vec<Write>) -> Vec<Applied> {
        self.apply_all(writes).await
    }
}
