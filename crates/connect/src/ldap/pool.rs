//! A few connections to one directory, made when they are needed and kept for the next who needs one.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::yield_now;
use tokio::time::timeout;

use super::connection::Connection;
use super::error::LdapError;
use super::settings::LdapSettings;
use super::tls::client_config;

/// After resting for longer a connection is not used again: firewalls forget those that are silent without telling
/// either side.
const MAX_REST: Duration = Duration::from_mins(1);

/// Connections to the servers of one directory.
#[derive(Debug)]
pub struct Pool {
    settings: LdapSettings,
    tls: Arc<ClientConfig>,
    places: Semaphore,
    /// With when each came to rest.
    idle: Mutex<Vec<(Connection, Instant)>>,
    /// The server that new connections go to first, by its place in the list.
    first: AtomicUsize,
}

impl Pool {
    /// A pool that has no connection yet. Fails when the trusted authorities cannot be read.
    pub fn new(settings: LdapSettings) -> Result<Self, LdapError> {
        let tls = client_config(&settings.trust)?;
        let places = Semaphore::new(settings.connections.max(1));
        Ok(Self {
            settings,
            tls,
            places,
            idle: Mutex::default(),
            first: AtomicUsize::new(0),
        })
    }

    /// How the servers are talked to.
    pub fn settings(&self) -> &LdapSettings {
        &self.settings
    }

    /// A connection for the caller alone: one that is at rest, or a new one. Waits for one to come free, at most for
    /// the settings' time-out.
    pub async fn get(&self) -> Result<Lease<'_>, LdapError> {
        let after = self.settings.time_out;
        let place = timeout(after, self.places.acquire()).await.map_err(|_| {
            let first = self.settings.servers.first();
            LdapError::TimedOut {
                server: first.map(ToString::to_string).unwrap_or_default(),
                after,
            }
        })?;
        let place = place.ok();
        // Lets the runtime notice who hung up meanwhile.
        yield_now().await;
        while let Some((mut connection, since)) = self.take_idle() {
            if since.elapsed() < MAX_REST && connection.is_open() {
                return Ok(Lease {
                    pool: self,
                    connection,
                    _place: place,
                });
            }
        }
        let first = self.first.load(Ordering::Relaxed);
        let connection = Connection::open_with(&self.settings, &self.tls, first).await?;
        if let Some(at) = self.place(connection.server()) {
            // Whoever comes next need not wait for the servers that did not answer.
            self.first.store(at, Ordering::Relaxed);
        }
        Ok(Lease {
            pool: self,
            connection,
            _place: place,
        })
    }

    /// A connection to this server broke, or the server says that it is going down: others to it will not do better,
    /// and new ones go to the next server first.
    fn avoid(&self, server: &str) {
        self.idle()
            .retain(|(connection, _)| connection.server() != server);
        if let Some(at) = self.place(server)
            && self.first.load(Ordering::Relaxed) == at
        {
            self.first
                .store((at + 1) % self.settings.servers.len(), Ordering::Relaxed);
        }
    }

    fn place(&self, server: &str) -> Option<usize> {
        self.settings
            .servers
            .iter()
            .position(|known| known.to_string() == server)
    }

    fn take_idle(&self) -> Option<(Connection, Instant)> {
        self.idle().pop()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Connection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection on loan. It goes back when this is dropped, unless it is broken.
#[derive(Debug)]
pub struct Lease<'a> {
    pool: &'a Pool,
    connection: Connection,
    _place: Option<SemaphorePermit<'a>>,
}

impl Deref for Lease<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Lease<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if self.connection.is_open() {
            let connection = self.connection.take_over();
            self.pool.idle().push((connection, Instant::now()));
        } else {
            self.pool.avoid(self.connection.server());
        }
    }
}
