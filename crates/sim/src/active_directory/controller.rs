//! One controller: where it listens, how it misbehaves, and what it has given out.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::connection::serve;
use super::domain::Domain;
use super::view::View;
use super::writes::Line;
use super::{ActiveDirectoryOptions, TlsFiles};
use crate::SimError;

/// How far apart the controllers of a domain count their changes.
const COUNTED_APART: u64 = 1_000_000;

/// How a controller misbehaves from now on. Numbers count down as it happens.
#[derive(Clone, Debug, Default)]
pub struct ControllerFaults {
    /// So many requests are answered with `busy`.
    pub busy: u32,
    /// So many requests are answered with `unavailable`.
    pub unavailable: u32,
    /// So many writes are acknowledged and not carried out.
    pub lost_writes: u32,
    /// The connection is cut in the middle of an entry: of the one with this number, counted from 1, then of the one
    /// with the next number after that, and so on.
    pub cuts: Vec<u64>,
    /// The controller is gone after it has carried out so many writes, the last of them without an answer.
    pub gone_after_writes: Option<u32>,
    /// How long every answer takes.
    pub delay: Duration,
}

/// What the connections of one controller share.
pub(super) struct Shared {
    pub(super) domain: Arc<Mutex<Domain>>,
    pub(super) options: Arc<ActiveDirectoryOptions>,
    pub(super) view: View,
    pub(super) faults: Mutex<ControllerFaults>,
    pub(super) entries: AtomicU64,
    pub(super) writes: AtomicU64,
    pub(super) binds: AtomicU64,
    pub(super) stopping: watch::Sender<bool>,
}

impl Shared {
    /// Looks at the faults, or counts them down.
    pub(super) fn faults<T>(&self, act: impl FnOnce(&mut ControllerFaults) -> T) -> T {
        act(&mut self.faults.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A running domain controller. It is gone when this is dropped.
pub struct Controller {
    shared: Arc<Shared>,
    address: SocketAddr,
    line: Line,
}

impl Controller {
    pub(super) async fn start(
        number: u64,
        domain: Arc<Mutex<Domain>>,
        options: Arc<ActiveDirectoryOptions>,
    ) -> Result<Self, SimError> {
        let failed = |source| SimError::Listen { port: 0, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let tls = options.tls.as_ref().map(acceptor).transpose()?;
        let line = if tls.is_some() {
            Line::Encrypted
        } else {
            Line::Plain
        };
        let (stopping, mut stopped) = watch::channel(false);
        let mut invocation = [0xdc; 16];
        if let Some(first) = invocation.first_mut() {
            *first = u8::try_from(number).unwrap_or(u8::MAX);
        }
        let shared = Arc::new(Shared {
            domain,
            options,
            view: View {
                invocation,
                ahead: number * COUNTED_APART,
            },
            faults: Mutex::default(),
            entries: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            binds: AtomicU64::new(0),
            stopping,
        });
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    _ = stopped.wait_for(|stopped| *stopped) => return,
                };
                let Ok((stream, _)) = accepted else { continue };
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "small answers may be slow on this connection");
                }
                let (shared, tls) = (Arc::clone(&serving), tls.clone());
                tokio::spawn(async move {
                    let served = match tls {
                        None => serve(stream, Line::Plain, &shared).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, Line::Encrypted, &shared).await,
                            Err(error) => Err(error),
                        },
                    };
                    if let Err(error) = served {
                        tracing::debug!(%error, "a connection to the simulated directory broke");
                    }
                });
            }
        });
        Ok(Self {
            shared,
            address,
            line,
        })
    }

    /// Where it is, such as `ldaps://127.0.0.1:40123`.
    pub fn url(&self) -> String {
        let scheme = match self.line {
            Line::Plain => "ldap",
            Line::Encrypted => "ldaps",
        };
        format!("{scheme}://{}", self.address)
    }

    /// Misbehaves like this from the next request on, in place of what was set before.
    pub fn faults(&self, faults: ControllerFaults) {
        self.shared.faults(|now| *now = faults);
    }

    /// How many entries it has given out so far.
    pub fn entries_sent(&self) -> u64 {
        self.shared.entries.load(Ordering::Relaxed)
    }

    /// How many writes it has carried out so far.
    pub fn writes_done(&self) -> u64 {
        self.shared.writes.load(Ordering::Relaxed)
    }

    /// How often somebody has signed in so far.
    pub fn sign_ins(&self) -> u64 {
        self.shared.binds.load(Ordering::Relaxed)
    }

    /// Is gone: nothing listens any more, and every connection is cut.
    pub fn kill(&self) {
        self.shared.stopping.send_replace(true);
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        self.kill();
    }
}

fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, SimError> {
    let wrong = |why: String| SimError::Certificate {
        file: files.certificate.clone(),
        why,
    };
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(error.to_string()))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong(error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, key))
        .map_err(|error| wrong(error.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
