//! JumpCloud's API v1, as far as people are concerned: `/api/systemusers` and `/api/search/systemusers`.
//!
//! What JumpCloud does not publish was chosen here: the wording of most refusals, the headers of a 429, and that
//! unknown parameters and fields are overlooked. Its traps are reproduced: ten records unless more are asked for,
//! a limit over 100 is refused, no stable order without `sort=_id`, `fields` separated by spaces, and 200 for
//! creating and deleting.

mod answer;
mod condition;
mod control;
mod desk;
pub mod faults;
mod pace;
mod page;
mod pick;
mod query;
pub(crate) mod record;
mod server;
mod shelf;
mod taken;
mod users;
mod view;
mod writes;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use axum::serve::ListenerExt as _;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

pub use self::pace::RateLimit;
use self::{
    desk::Desk,
    faults::{FaultDesk, Faults},
    pace::Pace,
    server::Shared,
};
use crate::{
    SimError,
    population::{Event, EventKind, Population, Whom},
};

/// What a simulated JumpCloud is made of.
pub struct JumpCloudOptions {
    /// The people it knows.
    pub population: Population,
    /// What callers must send as `x-api-key`.
    pub api_key: String,
    /// What callers must send as `x-org-id`; `None` when they need not.
    pub org_id: Option<String>,
    /// The port on 127.0.0.1; 0 for any free one.
    pub port: u16,
    /// How many requests it answers; `None` for all of them.
    pub rate_limit: Option<RateLimit>,
}

impl JumpCloudOptions {
    /// These people behind that key: on any free port, without an organisation and without a rate limit.
    pub fn new(population: Population, api_key: impl Into<String>) -> Self {
        Self {
            population,
            api_key: api_key.into(),
            org_id: None,
            port: 0,
            rate_limit: None,
        }
    }
}

/// A running simulator. Dropped without [`JumpCloud::stop`], it goes on until the runtime ends.
pub struct JumpCloud {
    shared: Arc<Shared>,
    address: SocketAddr,
    served: JoinHandle<std::io::Result<()>>,
}

impl JumpCloud {
    /// Renders the records and starts to listen on 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When the port cannot be listened on.
    pub async fn start(options: JumpCloudOptions) -> Result<Self, SimError> {
        let failed = |source| SimError::Listen {
            port: options.port,
            source,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
            .await
            .map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let shared = Arc::new(Shared {
            desk: RwLock::new(Desk::new(options.population)),
            faults: FaultDesk::default(),
            pace: options.rate_limit.map(Pace::new),
            api_key: options.api_key,
            org_id: options.org_id,
            requests: AtomicU64::new(0),
            turns: AtomicUsize::new(0),
            seeds: AtomicU64::new(1),
            stopping: watch::Sender::new(false),
        });
        let mut stopping = shared.stopping.subscribe();
        let router = server::router(&shared);
        let listener = listener.tap_io(|connection| {
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "small answers may be slow on this connection");
            }
        });
        let served = tokio::spawn(async move {
            let stopped = async move {
                // Fails only when there is no simulator left that could ask for it.
                drop(stopping.wait_for(|stopping| *stopping).await);
            };
            axum::serve(listener, router)
                .with_graceful_shutdown(stopped)
                .await
        });
        tracing::info!(%address, "simulated JumpCloud is listening");
        Ok(Self {
            shared,
            address,
            served,
        })
    }

    /// Where it is, such as `http://127.0.0.1:40123`; the API is under `/api`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Looks at the people, or changes them; the next answer shows the change.
    pub fn population<T>(&self, act: impl FnOnce(&mut Population) -> T) -> T {
        self.shared
            .desk
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .change(act)
    }

    /// Lets the next day pass, as decided by `seed`, and says what happened.
    pub fn day(&self, seed: u64) -> Vec<Event> {
        self.shared.day(seed)
    }

    /// Lets one event happen. A hire takes no notice of `whom`.
    ///
    /// # Errors
    ///
    /// When there is nobody like that.
    pub fn event(&self, kind: EventKind, whom: Whom, seed: u64) -> Result<Event, SimError> {
        self.shared.event(kind, whom, seed)
    }

    /// Misbehaves like this from the next request on, in place of what was set before.
    pub fn faults(&self, faults: Faults) {
        self.shared.faults.set(faults);
    }

    /// How many requests to the API came so far, refused ones included.
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// Finishes what is being answered and stops listening.
    ///
    /// # Errors
    ///
    /// When the server had already ended with an error.
    pub async fn stop(self) -> Result<(), SimError> {
        self.shared.stopping.send_replace(true);
        match self.served.await {
            Ok(ended) => ended.map_err(SimError::Served),
            Err(lost) => Err(SimError::Served(std::io::Error::other(lost))),
        }
    }

    /// Serves until `stopped` is ready, then stops.
    ///
    /// # Errors
    ///
    /// As for [`JumpCloud::stop`].
    pub async fn serve_until(self, stopped: impl Future<Output = ()>) -> Result<(), SimError> {
        stopped.await;
        self.stop().await
    }
}
