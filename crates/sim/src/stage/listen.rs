//! Listening on a port until told to stop.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{Router, serve::ListenerExt as _};
use tokio::{net::TcpListener, task::JoinHandle};

use super::Vendor;
use crate::SimError;

/// A server with the vendor behind it.
pub(crate) struct Running<V> {
    pub(crate) vendor: Arc<V>,
    address: SocketAddr,
    served: JoinHandle<std::io::Result<()>>,
}

impl<V: Vendor> Running<V> {
    /// Listens on 127.0.0.1. `make` is told where, such as `http://127.0.0.1:40123`.
    pub(crate) async fn start(
        name: &'static str,
        port: u16,
        make: impl FnOnce(String) -> V,
        router: impl FnOnce(&Arc<V>) -> Router,
    ) -> Result<Self, SimError> {
        let failed = |source| SimError::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let vendor = Arc::new(make(format!("http://{address}")));
        let mut stopping = vendor.stage().stopping.subscribe();
        let router = router(&vendor);
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
        tracing::info!(%address, "simulated {name} is listening");
        Ok(Self {
            vendor,
            address,
            served,
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) async fn stop(self) -> Result<(), SimError> {
        self.vendor.stage().stopping.send_replace(true);
        match self.served.await {
            Ok(ended) => ended.map_err(SimError::Served),
            Err(lost) => Err(SimError::Served(std::io::Error::other(lost))),
        }
    }
}
