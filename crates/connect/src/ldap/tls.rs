//! TLS for directory connections: whose certificates are believed, and what is said when one is not.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::error::LdapError;
use super::settings::{ServerUrl, Trust};

/// A configuration that believes whom `trust` says.
pub(super) fn client_config(trust: &Trust) -> Result<Arc<ClientConfig>, LdapError> {
    let roots = match trust {
        Trust::System => system_roots(),
        Trust::File(path) => roots_in(path)?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| LdapError::Settings {
            why: format!("TLS cannot be used: {error}"),
            hint: String::new(),
        })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Certificates in the store that cannot be read are left out; a server that needs one is not believed then.
fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn roots_in(path: &Path) -> Result<RootCertStore, LdapError> {
    let wrong = |why: String| LdapError::Settings {
        why: format!(
            "the certificate authority in `{}` cannot be used: {why}",
            path.display()
        ),
        hint: "`certificate_authority` names a PEM file with the authority's own certificate.".to_owned(),
    };
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        Err(wrong("there is no certificate in it".to_owned()))
    } else {
        Ok(roots)
    }
}

/// Encrypts a connection, believing the server only under the name in its URL.
pub(super) async fn encrypt(
    stream: TcpStream,
    server: &ServerUrl,
    config: Arc<ClientConfig>,
) -> Result<TlsStream<TcpStream>, LdapError> {
    let name = ServerName::try_from(server.host.clone()).map_err(|_| LdapError::Settings {
        why: format!("`{}` is no name that a certificate could be for", server.host),
        hint: "Use the server's DNS name or address.".to_owned(),
    })?;
    TlsConnector::from(config)
        .connect(name, stream)
        .await
        .map_err(|error| explain(&error, server))
}

fn explain(error: &io::Error, server: &ServerUrl) -> LdapError {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let (why, hint) = match inner {
        Some(rustls::Error::InvalidCertificate(problem)) => certificate_problem(problem),
        Some(other) => (other.to_string(), "Check that the port speaks TLS 1.2 or later."),
        None if error.kind() == io::ErrorKind::UnexpectedEof
            || error.kind() == io::ErrorKind::ConnectionReset =>
        {
            (
                "the server closed the connection".to_owned(),
                "The server may have no certificate, or not speak TLS on this port.",
            )
        }
        None => (error.to_string(), ""),
    };
    LdapError::Tls {
        server: server.to_string(),
        why,
        hint: hint.to_owned(),
    }
}

fn certificate_problem(problem: &CertificateError) -> (String, &'static str) {
    match problem {
        CertificateError::UnknownIssuer => (
            "its certificate was not issued by an authority that is trusted".to_owned(),
            "Set `certificate_authority` to a PEM file with the certificate of the authority that issued it.",
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
            "its certificate is for another name than the one in the URL".to_owned(),
            "Use a name or address in `url` that the certificate has as an alternative name.",
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            "its certificate has expired".to_owned(),
            "Renew the server's certificate.",
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            "its certificate is not valid yet".to_owned(),
            "Check the clocks of both machines.",
        ),
        other => (
            format!("its certificate cannot be believed: {other:?}"),
            "Look at the server's certificate.",
        ),
    }
}
