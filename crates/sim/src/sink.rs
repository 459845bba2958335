//! A sink: an application that takes every request, remembers it, and answers as it is told.

use std::{
    collections::VecDeque,
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, Uri},
    response::Response,
};
use tokio::{net::TcpListener, sync::watch};

use crate::SimError;

/// A request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// How.
    pub method: String,
    /// The path as it was sent, still encoded.
    pub path: String,
    /// The query as it was sent; empty when there was none.
    pub query: String,
    /// Header fields, in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Received {
    /// The first value of a header field.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.headers.iter();
        fields.find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value.as_str()))
    }
}

/// What is answered to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// This status, header fields and body.
    Answer {
        /// The status code.
        status: u16,
        /// Header fields.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// Nothing, until [`Sink::let_go`].
    Silence,
}

impl Reply {
    /// A status with a body of JSON.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::with(status, "application/json", body.to_string())
    }

    /// A status with a body of some media type.
    pub fn with(status: u16, kind: &str, body: impl Into<String>) -> Self {
        Self::Answer {
            status,
            headers: vec![("content-type".to_owned(), kind.to_owned())],
            body: body.into(),
        }
    }

    /// And a header field.
    #[must_use]
    pub fn and(mut self, name: &str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

struct Shared {
    received: Mutex<Vec<Received>>,
    replies: Mutex<VecDeque<Reply>>,
    otherwise: Mutex<Reply>,
    held: watch::Sender<bool>,
}

/// A running sink. It goes on until the runtime ends.
pub struct Sink {
    url: String,
    shared: Arc<Shared>,
}

impl Sink {
    /// Starts to listen on any free port of 127.0.0.1. Everything is answered with 200 and `{}`.
    ///
    /// # Errors
    ///
    /// When no port can be listened on.
    pub async fn start() -> Result<Self, SimError> {
        let failed = |source| SimError::Listen { port: 0, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(failed)?;
        let url = format!("http://{}", listener.local_addr().map_err(failed)?);
        let shared = Arc::new(Shared {
            received: Mutex::default(),
            replies: Mutex::default(),
            otherwise: Mutex::new(Reply::json(200, &serde_json::json!({}))),
            held: watch::Sender::new(true),
        });
        let router = Router::new().fallback(take).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, shared })
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Answers the next requests like this, one after the other, before it goes back to what it says otherwise.
    pub fn reply(&self, replies: impl IntoIterator<Item = Reply>) {
        lock(&self.shared.replies).extend(replies);
    }

    /// Answers like this whenever nothing else was said.
    pub fn otherwise(&self, reply: Reply) {
        *lock(&self.shared.otherwise) = reply;
    }

    /// Ends every silence, now and from now on: those requests are answered with 200.
    pub fn let_go(&self) {
        self.shared.held.send_replace(false);
    }

    /// Every request so far, in order.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }
}

async fn take(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let fields = headers.iter();
    let received = Received {
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers: fields
            .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
            .collect(),
        body: text(&body),
    };
    lock(&shared.received).push(received);
    let next = lock(&shared.replies).pop_front();
    let reply = next.unwrap_or_else(|| lock(&shared.otherwise).clone());
    let (status, headers, body) = match reply {
        Reply::Answer {
            status,
            headers,
            body,
        } => (status, headers, body),
        Reply::Silence => {
            // Fails only when there is no sink left that could let go.
            drop(shared.held.subscribe().wait_for(|held| !held).await);
            (200, Vec::new(), "{}".to_owned())
        }
    };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).unwrap_or_default()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
