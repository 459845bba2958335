//! From documents to connections: which source or directory a document stands for, with the secrets it names.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tenure_connect::Performers;
use tenure_connect::authorization::Tokens;
use tenure_connect::directory::{
    ActiveDirectory, ActiveDirectoryRules, AdminCount, DirectorySettings, Exclusions, LdapDirectory,
    LdapRules, Mark, Microsoft365, at_catalog,
};
use tenure_connect::http::Manners;
use tenure_connect::ldap::{
    Credentials, Filter, LdapError, LdapSettings, Scheme, ServerUrl, StartTls, Trust,
};
use tenure_connect::mail::Mailer;
use tenure_connect::script::{ScriptFolders, ScriptRunner};
use tenure_connect::share::FolderKeeper;
use tenure_connect::source::{
    Environment, FileSource, HttpSource, Trial, Variables, connection_text, try_endpoint,
};
use tenure_connect::webhook::{Caller, WebhookPerformer};
use tenure_core::compile::lookups;
use tenure_core::dn::Dn;
use tenure_core::document::{
    self, Application, DirectoryKind, Document, Documents, Encryption, Endpoint, Kind, Privileged,
};
use tenure_core::outcome::Refusal;
use tenure_core::seams::{Directory, Secrets, Source, SourceError};
use tenure_store::{LocalDirectory, Store, Vault};

use crate::clock::Clock;
use crate::error::EngineError;

/// Makes connections for documents.
#[derive(Clone)]
pub(crate) struct Connections {
    store: Store,
    vault: Arc<Vault>,
    folder: PathBuf,
    /// One pace for each application, for all that this process does.
    manners: Manners,
    pub(crate) variables: Variables,
    /// Where scripts may be; nowhere unless the server's own configuration says so.
    pub(crate) script_folders: ScriptFolders,
}

impl Connections {
    /// Secrets come from the vault, and relative paths begin in the folder.
    pub(crate) fn new(store: Store, vault: Arc<Vault>, folder: PathBuf) -> Self {
        let manners = Manners::default();
        Self {
            store,
            vault,
            folder,
            manners,
            variables: Variables::default(),
            script_folders: ScriptFolders::default(),
        }
    }

    /// What a data source reads from. An application that nobody has authorized is an error here, before anything is
    /// fetched.
    pub(crate) async fn source(
        &self,
        documents: &Documents,
        name: &str,
        clock: Clock,
    ) -> Result<Box<dyn Source>, EngineError> {
        let source = documents
            .data_source(name)
            .ok_or_else(|| EngineError::no_document(documents, Kind::DataSource, name))?;
        if let Some(file) = &source.file {
            return Ok(Box::new(FileSource::new(file, &self.folder)));
        }
        let application = source.application.as_deref().unwrap_or_default();
        let application = documents
            .application(application)
            .ok_or_else(|| EngineError::no_document(documents, Kind::Application, application))?;
        let secrets: Arc<dyn Secrets> = Arc::clone(&self.vault) as _;
        let environment = self.environment(documents, clock);
        let source = HttpSource::new(application, &source.endpoints, secrets, environment)?;
        source.ready().await?;
        Ok(Box::new(source))
    }

    /// The keeper of an application's token; none when it does not use OAuth 2.0.
    pub(crate) fn tokens(
        &self,
        documents: &Documents,
        application: &Application,
        clock: Clock,
    ) -> Result<Option<Arc<Tokens>>, EngineError> {
        let secrets: Arc<dyn Secrets> = Arc::clone(&self.vault) as _;
        let environment = self.environment(documents, clock);
        Ok(Tokens::new(application, secrets, environment)?)
    }

    /// Calls an endpoint once, to be looked at.
    pub(crate) async fn try_endpoint(
        &self,
        documents: &Documents,
        application: &Application,
        endpoint: &Endpoint,
        record: Option<&serde_json::Value>,
        clock: Clock,
    ) -> Result<Trial, EngineError> {
        let secrets: Arc<dyn Secrets> = Arc::clone(&self.vault) as _;
        let environment = self.environment(documents, clock);
        Ok(try_endpoint(application, endpoint, record, secrets, environment).await?)
    }

    /// What carries out steps that touch no directory. What cannot be set up fails its own steps only.
    pub(crate) fn performer(&self, documents: &Documents, clock: Clock) -> Performers {
        let callers = documents.iter().filter_map(|document| match document {
            Document::Application(application) if !application.webhooks.is_empty() => {
                let caller = self
                    .caller(documents, application, clock)
                    .map_err(|error| Refusal {
                        code: String::new(),
                        message: error.to_string(),
                        hint: error.hint,
                    });
                Some((application.name.clone(), caller))
            }
            _ => None,
        });
        Performers {
            webhooks: WebhookPerformer::new(callers.collect()),
            scripts: self.scripts(documents, clock),
            mail: self.mailer(documents, clock),
            folders: self.folders(documents, clock),
        }
    }

    /// What runs scripts.
    pub(crate) fn scripts(&self, documents: &Documents, clock: Clock) -> ScriptRunner {
        let scripts = documents.iter().filter_map(|document| match document {
            Document::Script(script) => Some(script),
            _ => None,
        });
        let secrets: Arc<dyn Secrets> = Arc::clone(&self.vault) as _;
        let environment = self.environment(documents, clock);
        ScriptRunner::new(scripts, self.script_folders.clone(), secrets, environment)
    }

    /// What sends notifications.
    pub(crate) fn mailer(&self, documents: &Documents, clock: Clock) -> Mailer {
        let secrets: Arc<dyn Secrets> = Arc::clone(&self.vault) as _;
        Mailer::new(documents, secrets, self.environment(documents, clock))
    }

    /// What keeps home folders.
    fn folders(&self, documents: &Documents, clock: Clock) -> FolderKeeper {
        let secrets: Arc<dyn Secrets> = Arc::clone(&self.vault) as _;
        FolderKeeper::new(documents, secrets, self.environment(documents, clock))
    }

    /// What calls the webhooks of one application.
    pub(crate) fn caller(
        &self,
        documents: &Documents,
        application: &Application,
        clock: Clock,
    ) -> Result<Caller, SourceError> {
        let secrets: Arc<dyn Secrets> = Arc::clone(&self.vault) as _;
        Caller::new(application, secrets, self.environment(documents, clock))
    }

    /// What a directory is reached by.
    pub(crate) async fn directory(
        &self,
        documents: &Documents,
        name: &str,
        clock: Clock,
    ) -> Result<Box<dyn Directory>, EngineError> {
        self.directory_within(documents, name, None, clock).await
    }

    /// The same, of which only what is at or below `place` is seen; none when that is not within its base.
    pub(crate) async fn directory_at(
        &self,
        documents: &Documents,
        name: &str,
        place: &Dn,
        clock: Clock,
    ) -> Result<Option<Box<dyn Directory>>, EngineError> {
        let base = documents
            .directory(name)
            .and_then(|directory| directory.base.as_deref())
            .and_then(|base| Dn::parse(base).ok());
        if !base.is_some_and(|base| place.is_within(&base)) {
            return Ok(None);
        }
        let connection = self.directory_within(documents, name, Some(place.clone()), clock);
        connection.await.map(Some)
    }

    async fn directory_within(
        &self,
        documents: &Documents,
        name: &str,
        place: Option<Dn>,
        clock: Clock,
    ) -> Result<Box<dyn Directory>, EngineError> {
        let directory = documents
            .directory(name)
            .ok_or_else(|| EngineError::no_document(documents, Kind::Directory, name))?;
        if directory.kind == DirectoryKind::Microsoft365 {
            let secrets: Arc<dyn Secrets> = Arc::clone(&self.vault) as _;
            let environment = self.environment(documents, clock);
            return Ok(Box::new(Microsoft365::new(directory, &secrets, &environment)?));
        }
        let base = Dn::parse(directory.base.as_deref().unwrap_or_default())
            .map_err(|error| EngineError::settings("directory", name, "base", &error))?;
        let base = place.unwrap_or(base);
        if directory.kind == DirectoryKind::Local {
            return Ok(Box::new(LocalDirectory::new(self.store.clone(), name, base)));
        }
        let failed = |error: LdapError| error.while_doing(format!("setting up the directory `{name}`"));
        let environment = self.environment(documents, clock);
        let ldap = self.ldap(directory, &environment).await?;
        let filter = directory.filter.as_deref().map(Filter::parse).transpose();
        let user_filter =
            filter.map_err(|error| EngineError::settings("directory", name, "filter", &error))?;
        let exclusions = exclusions(directory)?;
        let settings = DirectorySettings {
            ldap,
            base,
            user_filter,
        };
        Ok(match directory.kind {
            DirectoryKind::Local | DirectoryKind::Microsoft365 | DirectoryKind::ActiveDirectory => {
                let privileged = directory.scope.as_ref().and_then(|scope| scope.privileged);
                let rules = ActiveDirectoryRules {
                    admin_count: match privileged.unwrap_or_default() {
                        Privileged::Protected => AdminCount::Protected,
                        Privileged::Managed => AdminCount::Managed,
                    },
                };
                let catalog = catalog(directory, &settings.ldap)?;
                let mut accounts = ActiveDirectory::new(settings, rules).map_err(failed)?;
                if let Some(catalog) = catalog {
                    accounts = accounts.asking(catalog).map_err(failed)?;
                }
                Box::new(accounts.excluding(exclusions))
            }
            DirectoryKind::Ldap => {
                let disabled = directory.disabled_by.as_ref().map(|mark| Mark {
                    attribute: mark.attribute.clone(),
                    value: mark.value.clone(),
                });
                let rules = LdapRules {
                    disabled,
                    ..LdapRules::default()
                };
                let accounts = LdapDirectory::new(settings, rules).map_err(failed)?;
                Box::new(accounts.excluding(exclusions))
            }
        })
    }

    async fn ldap(
        &self,
        directory: &document::Directory,
        environment: &Environment,
    ) -> Result<LdapSettings, EngineError> {
        let name = &directory.name;
        let wrong = |error: LdapError| EngineError::settings("directory", name, "url", &error);
        let servers = directory.servers().iter().map(|url| ServerUrl::parse(url));
        let servers: Vec<ServerUrl> = servers.collect::<Result<_, _>>().map_err(wrong)?;
        let first = match servers.first() {
            Some(first) => first.clone(),
            None => ServerUrl::parse("").map_err(wrong)?,
        };
        let mut settings = LdapSettings::new(first.clone());
        settings.servers = servers;
        settings.start_tls = start_tls(&first, directory);
        settings.connections = directory.connections as usize;
        settings.page_size = directory.page_size;
        settings.time_out = Duration::from_mins(2);
        if let Some(file) = &directory.ca_file {
            settings.trust = Trust::File(self.folder.join(file));
        }
        if let Some(bind) = &directory.bind {
            let doing = format!("signing in to the directory `{name}`");
            let password = connection_text(&bind.password, &doing, environment, &*self.vault).await?;
            let user = connection_text(&bind.user, &doing, environment, &*self.vault).await?;
            settings.credentials = Some(Credentials {
                name: user.expose().to_owned(),
                password,
            });
        }
        Ok(settings)
    }

    fn environment(&self, documents: &Documents, clock: Clock) -> Environment {
        Environment {
            folder: self.folder.clone(),
            lookups: lookups(documents),
            variables: self.variables.clone(),
            now: Arc::new(move || clock.now()),
            manners: self.manners.clone(),
        }
    }
}

fn start_tls(server: &ServerUrl, directory: &document::Directory) -> StartTls {
    match (server.scheme, directory.encryption) {
        (Scheme::Ldap, Encryption::Required) => StartTls::Required,
        (Scheme::Ldaps, _) | (Scheme::Ldap, Encryption::None) => StartTls::No,
    }
}

/// How the global catalog is talked to that a directory's document names, if it does: like the directory itself.
fn catalog(
    directory: &document::Directory,
    ldap: &LdapSettings,
) -> Result<Option<LdapSettings>, EngineError> {
    let urls = directory.catalog_servers().iter();
    let servers: Result<Vec<ServerUrl>, _> = urls.map(|url| ServerUrl::parse(url).map(at_catalog)).collect();
    let servers = servers
        .map_err(|error| EngineError::settings("directory", &directory.name, "global_catalog", &error))?;
    Ok(servers.first().cloned().map(|first| LdapSettings {
        start_tls: start_tls(&first, directory),
        servers,
        connections: 1,
        ..ldap.clone()
    }))
}

/// What a directory's document leaves alone.
fn exclusions(directory: &document::Directory) -> Result<Exclusions, EngineError> {
    let Some(scope) = &directory.scope else {
        return Ok(Exclusions::default());
    };
    let name = &directory.name;
    let names = |texts: &[String], field: &str| {
        let parsed = texts.iter().map(|text| Dn::parse(text));
        let parsed: Result<Vec<Dn>, _> = parsed.collect();
        parsed.map_err(|error| EngineError::settings("directory", name, field, &error))
    };
    let filters = scope.exclude.iter().map(|text| Filter::parse(text));
    let filters: Result<Vec<Filter>, _> = filters.collect();
    Ok(Exclusions {
        containers: names(&scope.exclude_containers, "scope.exclude_containers")?,
        groups: names(&scope.exclude_groups, "scope.exclude_groups")?,
        filters: filters
            .map_err(|error| EngineError::settings("directory", name, "scope.exclude", &error))?,
    })
}
