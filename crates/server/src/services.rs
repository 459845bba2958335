//! What the handlers share.

use std::sync::Arc;

use tenure_connect::authorization::{Answer, Authorizing, NotAuthorized};
use tenure_core::document::Documents;
use tenure_engine::Engine;
use tokio::sync::Semaphore;

use crate::address::PublicUrl;
use crate::waiting::Waiting;

/// Codes that are exchanged at the same time.
const EXCHANGES: u32 = 16;

/// Reads the documents as they are now. It may block.
pub type ReadDocuments = Arc<dyn Fn() -> Result<Documents, Unreadable> + Send + Sync>;

/// Documents that cannot be used: each error with its file and line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(pub Vec<String>);

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    pub(crate) engine: Engine,
    pub(crate) public: PublicUrl,
    pub(crate) waiting: Arc<Waiting>,
    read: ReadDocuments,
    exchanges: Arc<Semaphore>,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

impl Services {
    /// Over this engine, with documents that are read anew for every page, known to browsers by this address.
    pub fn new(engine: Engine, read: ReadDocuments, public: PublicUrl) -> Self {
        Self {
            engine,
            public,
            waiting: Arc::default(),
            read,
            exchanges: Arc::new(Semaphore::new(EXCHANGES as usize)),
        }
    }

    /// The documents as they are now.
    pub(crate) async fn documents(&self) -> Result<Documents, Unreadable> {
        let read = Arc::clone(&self.read);
        let reading = tokio::task::spawn_blocking(move || read());
        reading
            .await
            .unwrap_or_else(|error| Err(Unreadable(vec![error.to_string()])))
    }

    /// Exchanges the code and keeps the token. It goes on when the browser goes away: the code is good only once.
    /// None when the work was stopped.
    pub(crate) async fn exchange(
        &self,
        authorizing: Arc<Authorizing>,
        answer: Answer,
    ) -> Option<Result<(), NotAuthorized>> {
        let place = Arc::clone(&self.exchanges).acquire_owned().await.ok()?;
        let exchange = tokio::spawn(async move {
            let _place = place;
            authorizing.finish(&answer).await
        });
        exchange.await.ok()
    }

    /// Waits for exchanges whose browsers went away.
    pub(crate) async fn settled(&self) {
        drop(self.exchanges.acquire_many(EXCHANGES).await);
    }
}
