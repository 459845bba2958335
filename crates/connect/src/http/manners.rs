//! What all calls to one application share, whoever makes them: how many go at the same time, how fast, and what the
//! application said of its limits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tenure_core::document::{Application, LimitHeaders, RequestLimits};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::pace::{Pace, TooLong};

/// The pacers of a process, one for each application document. Copies share them.
#[derive(Clone, Debug, Default)]
pub struct Manners(Arc<Mutex<Pacers>>);

/// By the application's name, each with the limits that it was made for.
type Pacers = HashMap<String, (RequestLimits, Arc<Pacer>)>;

impl Manners {
    /// The pacer of an application. When the document says other limits than before, it is a new one.
    pub fn of(&self, application: &Application) -> Arc<Pacer> {
        let limits = &application.limits;
        let mut pacers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match pacers.get(&application.name) {
            Some((known, pacer)) if known == limits => Arc::clone(pacer),
            _ => {
                let pacer = Arc::new(Pacer::new(
                    limits.concurrency as usize,
                    limits.calls_per_minute.map(|calls| f64::from(calls) / 60.0),
                    limits.headers.clone(),
                ));
                let entry = (limits.clone(), Arc::clone(&pacer));
                pacers.insert(application.name.clone(), entry);
                pacer
            }
        }
    }
}

/// Lets the calls to one application go.
#[derive(Debug)]
pub struct Pacer {
    places: Semaphore,
    pub(super) pace: Pace,
    pub(super) headers: LimitHeaders,
}

impl Pacer {
    /// So many calls at the same time and a second, and where answers say how many are left.
    pub fn new(concurrency: usize, per_second: Option<f64>, headers: LimitHeaders) -> Self {
        Self {
            places: Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS)),
            pace: Pace::new(per_second),
            headers,
        }
    }

    /// Waits for a place among those that call at the same time; it is free again when it is dropped.
    pub(super) async fn place(&self) -> Option<SemaphorePermit<'_>> {
        // Fails only when the semaphore is closed, which nobody does.
        self.places.acquire().await.ok()
    }

    /// Waits for a place, and until the application may be called.
    pub(super) async fn at_ease(&self, patience: Duration) -> Result<Option<SemaphorePermit<'_>>, TooLong> {
        let place = self.place().await;
        self.pace.quiet(patience).await?;
        Ok(place)
    }
}
