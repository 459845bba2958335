//! Somebody who is told what happened.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::Query,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
    routing::post,
};
use serde_json::Value;
use tokio::{net::TcpListener, sync::mpsc};

pub struct Receiver {
    pub url: String,
    messages: mpsc::UnboundedReceiver<(HeaderMap, String)>,
}

impl Receiver {
    /// Refuses the first `refused` messages, and returns validation tokens unless `silent`.
    pub async fn start(refused: usize, silent: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/told", listener.local_addr().unwrap());
        let (sender, messages) = mpsc::unbounded_channel();
        let seen = Arc::new(AtomicUsize::new(0));
        let take = move |Query(asked): Query<Vec<(String, String)>>, headers: HeaderMap, body: String| {
            let (sender, seen) = (sender.clone(), Arc::clone(&seen));
            async move {
                if let Some((_, token)) = asked.iter().find(|(name, _)| name == "validationToken") {
                    let token = if silent { String::new() } else { token.clone() };
                    return (StatusCode::OK, token).into_response();
                }
                sender.send((headers, body)).unwrap();
                if seen.fetch_add(1, Ordering::Relaxed) < refused {
                    StatusCode::SERVICE_UNAVAILABLE.into_response()
                } else {
                    StatusCode::ACCEPTED.into_response()
                }
            }
        };
        tokio::spawn(async move {
            axum::serve(listener, Router::new().route("/told", post(take)))
                .await
                .unwrap();
        });
        Self { url, messages }
    }

    /// The next message: its headers, its text, and that as JSON.
    pub async fn next(&mut self) -> (HeaderMap, String, Value) {
        let message = tokio::time::timeout(Duration::from_secs(20), self.messages.recv()).await;
        let (headers, text) = message.expect("nobody told anything").unwrap();
        let json = serde_json::from_str(&text).unwrap();
        (headers, text, json)
    }
}
