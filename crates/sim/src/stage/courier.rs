//! Delivers what a vendor tells those who asked to be told.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::{mpsc, watch};

/// How often a message is tried, and how long after the first failure the second try comes; later ones wait twice
/// as long as those before.
const TRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A message on its way.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    /// Becomes true when somebody took it.
    pub(crate) taken: Arc<AtomicBool>,
}

/// Takes messages and delivers them one after the other.
pub(crate) struct Courier(mpsc::UnboundedSender<Parcel>);

impl Courier {
    /// Starts the work; it ends with the simulator.
    pub(crate) fn start(mut stopping: watch::Receiver<bool>) -> Self {
        let (sender, mut parcels) = mpsc::unbounded_channel::<Parcel>();
        tokio::spawn(async move {
            let work = async {
                while let Some(parcel) = parcels.recv().await {
                    deliver(&parcel).await;
                }
            };
            tokio::select! {
                () = work => {}
                _ = stopping.wait_for(|stopping| *stopping) => {}
            }
        });
        Self(sender)
    }

    pub(crate) fn send(&self, parcel: Parcel) {
        // Nobody takes it when the simulator is ending.
        drop(self.0.send(parcel));
    }
}

async fn deliver(parcel: &Parcel) {
    let mut pause = FIRST_PAUSE;
    for attempt in 1..=TRIES {
        match post(parcel).await {
            Ok(answer) if answer.status().is_success() => {
                parcel.taken.store(true, Ordering::Relaxed);
                return;
            }
            Ok(answer) => tracing::debug!(url = parcel.url, status = %answer.status(), attempt, "not taken"),
            Err(error) => tracing::debug!(url = parcel.url, %error, attempt, "not delivered"),
        }
        if attempt < TRIES {
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }
    tracing::warn!(url = parcel.url, "gave up on a message nobody took");
}

/// Posts the message once.
pub(crate) async fn post(parcel: &Parcel) -> reqwest::Result<reqwest::Response> {
    // Somebody else of this process may have been first.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()?;
    let mut request = client.post(&parcel.url).body(parcel.body.clone());
    for (name, value) in &parcel.headers {
        request = request.header(*name, value);
    }
    request.send().await
}
