//! How the other side proves who it is: TLS, always verified, against the machine's roots or one's own authority.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Whose certificates are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// The authorities that the machine believes.
    #[default]
    Machine,
    /// Only these authorities, as PEM text.
    Authorities {
        /// One or more certificates.
        pem: String,
    },
}

/// Certificates that cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TlsError {
    /// The text is no PEM, or has no certificate in it.
    #[error("the configured certificate authority cannot be read: {why}")]
    Authority {
        /// What is wrong with it.
        why: String,
    },
    /// The TLS library refuses its own defaults.
    #[error("TLS cannot be set up: {why}")]
    Setup {
        /// What it says.
        why: String,
    },
}

/// The TLS settings of a client that verifies certificates and names. Speaks HTTP/2 and HTTP/1.1.
pub fn tls_config(trust: &Trust) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    match trust {
        Trust::Machine => {
            // A machine without any is told by the handshake; plain HTTP works there all the same.
            let found = rustls_native_certs::load_native_certs();
            for error in &found.errors {
                tracing::debug!("a root certificate of this machine cannot be read: {error}");
            }
            roots.add_parsable_certificates(found.certs);
        }
        Trust::Authorities { pem } => {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                let certificate = certificate.map_err(|error| TlsError::Authority {
                    why: error.to_string(),
                })?;
                roots.add(certificate).map_err(|error| TlsError::Authority {
                    why: error.to_string(),
                })?;
            }
            if roots.is_empty() {
                return Err(TlsError::Authority {
                    why: "it holds no certificate".to_owned(),
                });
            }
        }
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Setup {
            why: error.to_string(),
        })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configured_authority_that_is_none_is_refused() {
        let trust = Trust::Authorities {
            pem: "nothing here".to_owned(),
        };
        assert_eq!(
            tls_config(&trust).unwrap_err().to_string(),
            "the configured certificate authority cannot be read: it holds no certificate"
        );
    }
}
