//! Listening: connections within bounds of size, time and number, and an end that lets what is in hand be finished.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::routes::router;
use crate::services::Services;

/// Connections at the same time; more wait until one ends.
const CONNECTIONS: usize = 256;
/// The longest head of a request, in bytes, with its header fields.
const HEAD: usize = 32 << 10;
const HEADERS: usize = 64;
/// How long a head may take.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long a connection may last: one request, and one answer that its reader takes slowly.
const WHOLE_TIME: Duration = Duration::from_mins(2);
/// How long requests in hand may take at the end: as long as a code takes to be exchanged.
const FAREWELL: Duration = Duration::from_secs(45);
/// How long is waited when the system has no more connections.
const BREATH: Duration = Duration::from_millis(200);

/// A listener, before it serves.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Listens there; at a free port when it is 0.
    ///
    /// # Errors
    /// The address is not one of this machine, is in use, or is not allowed.
    pub async fn listen(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `end`, and then finishes the requests in hand.
    pub async fn serve(self, services: Services, end: impl Future<Output = ()>) {
        let router = router(services.clone());
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let connections = GracefulShutdown::new();
        let accept = async {
            while let Ok(place) = Arc::clone(&places).acquire_owned().await {
                match self.listener.accept().await {
                    Ok((stream, _)) => {
                        let connection = connection(stream, router.clone(), connections.watcher());
                        tokio::spawn(async move {
                            connection.await;
                            drop(place);
                        });
                    }
                    Err(error) => {
                        tracing::warn!("a connection could not be accepted: {error}");
                        sleep(BREATH).await;
                    }
                }
            }
        };
        tokio::select! {
            () = accept => {}
            () = end => {}
        }
        drop(self.listener);
        let farewell = async {
            connections.shutdown().await;
            services.settled().await;
        };
        if timeout(FAREWELL, farewell).await.is_err() {
            tracing::warn!("requests that took too long were cut off");
        }
    }
}

/// Serves one request.
async fn connection(stream: TcpStream, router: Router, watcher: Watcher) {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD)
        .max_headers(HEADERS)
        .keep_alive(false);
    let service = TowerToHyperService::new(router);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    match timeout(WHOLE_TIME, watcher.watch(connection)).await {
        Ok(Ok(())) => {}
        // Browsers go away as they like.
        Ok(Err(error)) => tracing::debug!("a connection ended: {error}"),
        Err(_) => tracing::debug!("a connection lasted too long"),
    }
}
