//! A mail server: connected to when the first message goes, with its password from the vault.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use tenure_core::document::{MailEncryption, MailServer};
use tenure_core::seams::{Secrets, SourceError};
use tenure_core::secret::Secret;
use tokio::sync::OnceCell;

use crate::source::{Environment, connection_text, misconfigured};

/// How long a server may take for one command.
const PATIENCE: Duration = Duration::from_mins(1);

/// A mail server as its document describes it.
pub(super) struct Server {
    document: MailServer,
    pub(super) from: Mailbox,
    open: OnceCell<Open>,
}

/// What it takes to send.
pub(super) struct Open {
    pub(super) transport: AsyncSmtpTransport<Tokio1Executor>,
    /// What must not be shown of what the server says.
    pub(super) secrets: Vec<Secret>,
}

impl Server {
    /// Reads a mail server. Nothing is connected yet.
    pub(super) fn new(document: &MailServer) -> Result<Self, SourceError> {
        let from = document.from.parse().map_err(|error| {
            misconfigured(
                format!("reading the mail server `{}`", document.name),
                format!("`from`: {error}"),
                "write for example `Tenure <tenure@example.com>`",
            )
        })?;
        Ok(Self {
            document: document.clone(),
            from,
            open: OnceCell::new(),
        })
    }

    /// What it is called.
    pub(super) fn name(&self) -> &str {
        &self.document.name
    }

    /// Where it is, for people.
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.document.host, self.document.port())
    }

    /// What it takes to send by it.
    pub(super) async fn open(
        &self,
        environment: &Environment,
        vault: &dyn Secrets,
    ) -> Result<&Open, SourceError> {
        self.open
            .get_or_try_init(|| self.opened(environment, vault))
            .await
    }

    async fn opened(&self, environment: &Environment, vault: &dyn Secrets) -> Result<Open, SourceError> {
        let MailServer {
            name,
            host,
            user,
            password,
            ..
        } = &self.document;
        let doing = format!("setting up the mail server `{name}`");
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(self.document.port())
            .timeout(Some(PATIENCE));
        builder = builder.tls(match self.document.encryption {
            MailEncryption::None => Tls::None,
            MailEncryption::StartTls => Tls::Required(self.tls(environment, &doing)?),
            MailEncryption::Tls => Tls::Wrapper(self.tls(environment, &doing)?),
        });
        let mut secrets = Vec::new();
        if let (Some(user), Some(password)) = (user, password) {
            let user = connection_text(user, &doing, environment, vault).await?;
            let password = connection_text(password, &doing, environment, vault).await?;
            builder = builder.credentials(Credentials::new(
                user.expose().to_owned(),
                password.expose().to_owned(),
            ));
            secrets.push(password);
        }
        Ok(Open {
            transport: builder.build(),
            secrets,
        })
    }

    fn tls(&self, environment: &Environment, doing: &str) -> Result<TlsParameters, SourceError> {
        let wrong = |said: String| misconfigured(doing, said, "check the file that `ca_file` names");
        let mut builder = TlsParameters::builder(self.document.host.clone());
        if let Some(file) = &self.document.ca_file {
            let path = environment.folder.join(file);
            let pem = std::fs::read(&path)
                .map_err(|error| wrong(format!("reading {}: {error}", path.display())))?;
            let certificate =
                Certificate::from_pem(&pem).map_err(|error| wrong(format!("{}: {error}", path.display())))?;
            builder = builder
                .certificate_store(CertificateStore::None)
                .add_root_certificate(certificate);
        }
        builder.build().map_err(|error| wrong(error.to_string()))
    }
}
