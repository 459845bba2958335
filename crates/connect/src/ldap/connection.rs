//! One connection to a server: how it comes about, and many requests at once on it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::answer::{Body, Entry, LdapResult};
use super::codes::{Doing, ResultCode};
use super::error::LdapError;
use super::request::{MessageId, Operation, Request};
use super::settings::{Credentials, LdapSettings, Scheme, ServerUrl, StartTls, Unencrypted};
use super::stream::{Channel, Receiver, Sender, ask_for_tls, unasked};
use super::tls::{client_config, encrypt};

/// How many requests are on their way at once on one connection.
const IN_FLIGHT: usize = 128;
/// Encoded requests are sent when they come to this many bytes, if not before.
const SEND_SIZE: usize = 64 << 10;
/// The largest message id (RFC 4511, section 4.1.1.1).
const LAST_ID: MessageId = 0x7fff_ffff;

/// Whether others can read along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// They can.
    Plain,
    /// They cannot.
    Tls,
}

/// What came of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// How it ended.
    pub result: LdapResult,
    /// What a search found.
    pub entries: Vec<Entry>,
}

/// A connection that is signed in. When it is dropped the server is told goodbye.
pub struct Connection {
    server: Arc<str>,
    encryption: Encryption,
    /// Missing when the connection broke, or while a search has it.
    channel: Option<Channel>,
    next_id: MessageId,
    health: Health,
}

/// What the server says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Well,
    /// It answered that it is unavailable: it is going down, or not ready yet.
    Unavailable,
}

impl Connection {
    /// Connects to the first server that can be reached, and signs in. A server that refuses the credentials ends the
    /// attempt, since trying them again elsewhere could lock the account.
    pub async fn open(settings: &LdapSettings) -> Result<Self, LdapError> {
        Self::open_with(settings, &client_config(&settings.trust)?, 0).await
    }

    /// Like [`open`](Self::open), with a TLS configuration that was made before, and beginning with the server at that
    /// place in the list, after which the others follow in their order.
    pub(super) async fn open_with(
        settings: &LdapSettings,
        tls: &Arc<ClientConfig>,
        begin: usize,
    ) -> Result<Self, LdapError> {
        let mut first_error = None;
        let (before, after) = settings.servers.split_at(begin.min(settings.servers.len()));
        for server in after.iter().chain(before) {
            let opening = Self::open_one(server, settings, tls);
            let error = match timeout(settings.connect_time_out, opening).await {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(error)) => error,
                Err(_) => LdapError::TimedOut {
                    server: server.to_string(),
                    after: settings.connect_time_out,
                },
            };
            if !error.is_about_the_connection() && !matches!(error, LdapError::Tls { .. }) {
                return Err(error);
            }
            tracing::debug!(%error, "a directory server cannot be used");
            first_error.get_or_insert(error);
        }
        Err(first_error.unwrap_or_else(|| LdapError::Settings {
            why: "there is no directory server to connect to".to_owned(),
            hint: "Set `url` in the directory's document.".to_owned(),
        }))
    }

    async fn open_one(
        url: &ServerUrl,
        settings: &LdapSettings,
        tls: &Arc<ClientConfig>,
    ) -> Result<Self, LdapError> {
        let stays_plain = url.scheme == Scheme::Ldap && settings.start_tls == StartTls::No;
        if stays_plain && settings.unencrypted == Unencrypted::LoopbackOnly && !url.is_loopback() {
            return Err(LdapError::Settings {
                why: format!("the connection to {url} would not be encrypted"),
                hint: "Use an `ldaps://` URL or `start_tls: true` in the directory's document.".to_owned(),
            });
        }
        let server: Arc<str> = url.to_string().into();
        let unreachable = |error: std::io::Error| LdapError::Unreachable {
            server: server.to_string(),
            why: error.to_string(),
        };
        let mut stream = TcpStream::connect((url.host.as_str(), url.port))
            .await
            .map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        if url.scheme == Scheme::Ldap && settings.start_tls == StartTls::Required {
            ask_for_tls(&mut stream, &server).await?;
        }
        let (channel, encryption) = if stays_plain {
            (
                Channel::new(stream, &server, settings.time_out),
                Encryption::Plain,
            )
        } else {
            let stream = encrypt(stream, url, Arc::clone(tls)).await?;
            (Channel::new(stream, &server, settings.time_out), Encryption::Tls)
        };
        let mut connection = Self {
            server,
            encryption,
            channel: Some(channel),
            next_id: 1,
            health: Health::Well,
        };
        if let Some(credentials) = &settings.credentials {
            connection.bind(credentials).await?;
        }
        Ok(connection)
    }

    /// Signs in by name and password (RFC 4513, section 5.1.3).
    async fn bind(&mut self, credentials: &Credentials) -> Result<(), LdapError> {
        if credentials.name.is_empty() || credentials.password.expose().is_empty() {
            return Err(LdapError::Settings {
                why: format!(
                    "signing in to {} needs a name and a password, and one is empty",
                    self.server
                ),
                hint: "Check `bind` in the directory's document and the secret it names.".to_owned(),
            });
        }
        let bind = Operation::Bind {
            name: credentials.name.clone(),
            password: credentials.password.clone(),
        };
        let result = self.ask(bind.into()).await?.result;
        if result.code == ResultCode::SUCCESS {
            Ok(())
        } else {
            Err(LdapError::refused(&self.server, Doing::Bind, result))
        }
    }

    /// The server's URL.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Whether others can read along.
    pub fn encryption(&self) -> Encryption {
        self.encryption
    }

    /// Whether the connection can still be used, as far as can be seen without asking the server.
    pub fn is_open(&mut self) -> bool {
        self.health == Health::Well
            && self
                .channel
                .as_mut()
                .is_some_and(|channel| channel.receiver.is_quiet())
    }

    /// Carries out one request.
    pub async fn ask(&mut self, request: Request) -> Result<Reply, LdapError> {
        let reply = self.exchange(vec![request]).await.pop();
        reply.unwrap_or_else(|| Err(self.broken()))
    }

    /// Carries out requests, as many at once as the connection takes, and answers in their order. An answer that is an
    /// error leaves open whether the request was carried out. All that a search finds is kept, so this is for searches
    /// that find little; those that find much are for [`search`](Self::search).
    ///
    /// Entries come with all their values, also where the server gives them in parts.
    pub async fn exchange(&mut self, requests: Vec<Request>) -> Vec<Result<Reply, LdapError>> {
        let mut replies = self.exchange_parts(requests).await;
        for reply in &mut replies {
            if let Ok(found) = reply
                && let Err(error) = self.complete(&mut found.entries).await
            {
                *reply = Err(error);
            }
        }
        replies
    }

    /// Like [`exchange`](Self::exchange), with values as they come.
    pub(super) async fn exchange_parts(&mut self, requests: Vec<Request>) -> Vec<Result<Reply, LdapError>> {
        let count = requests.len();
        let Some(mut channel) = self.channel.take() else {
            return vec![Err(self.broken()); count];
        };
        let first_id = self.take_ids(MessageId::try_from(count).unwrap_or(LAST_ID / 2));
        let places = Semaphore::new(IN_FLIGHT);
        let mut replies = Replies::new(first_id, count);
        let done = tokio::try_join!(
            send_all(&mut channel.sender, &requests, first_id, &places),
            replies.receive_all(&mut channel.receiver, &places),
        );
        let error = match done {
            Ok(_) => {
                self.channel = Some(channel);
                None
            }
            Err(error) => Some(error),
        };
        let missing = || Err(error.clone().unwrap_or_else(|| self.broken()));
        let whole = |(entries, result): (Vec<Entry>, Option<LdapResult>)| match result {
            Some(result) => Ok(Reply { result, entries }),
            None => missing(),
        };
        let replies: Vec<_> = replies.all.into_iter().map(whole).collect();
        for reply in replies.iter().flatten() {
            self.listen(&reply.result);
        }
        replies
    }

    /// Takes note of what a server says of itself beside an answer. One that is going down is not used again.
    pub(super) fn listen(&mut self, result: &LdapResult) {
        if result.code == ResultCode::UNAVAILABLE {
            self.health = Health::Unavailable;
        }
    }

    /// Takes the channel for a search, which gives it back when it went well.
    pub(super) fn lend_channel(&mut self) -> Result<Channel, LdapError> {
        self.channel.take().ok_or_else(|| self.broken())
    }

    pub(super) fn give_back(&mut self, channel: Channel) {
        self.channel = Some(channel);
    }

    pub(super) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.server)
    }

    /// Takes this many ids that follow each other, and returns the first.
    pub(super) fn take_ids(&mut self, count: u32) -> MessageId {
        // Nothing is on its way between two calls, so that numbers can start over.
        if self.next_id > LAST_ID - count {
            self.next_id = 1;
        }
        let first = self.next_id;
        self.next_id += count;
        first
    }

    /// The connection as another value; this one is left broken.
    pub(super) fn take_over(&mut self) -> Self {
        Self {
            server: Arc::clone(&self.server),
            encryption: self.encryption,
            channel: self.channel.take(),
            next_id: self.next_id,
            health: self.health,
        }
    }

    fn broken(&self) -> LdapError {
        LdapError::Lost {
            server: self.server.to_string(),
            why: "it broke before".to_owned(),
        }
    }

    /// Says goodbye and waits until that is sent.
    pub async fn close(mut self) {
        if let Some(channel) = self.channel.take() {
            say_goodbye(channel, self.next_id).await;
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let (Some(channel), Ok(runtime)) = (self.channel.take(), Handle::try_current()) {
            runtime.spawn(timeout(
                Duration::from_secs(1),
                say_goodbye(channel, self.next_id),
            ));
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

async fn say_goodbye(mut channel: Channel, id: MessageId) {
    let mut out = Vec::new();
    Request::from(Operation::Unbind).write(id, &mut out);
    channel.sender.send_last(&out).await;
}

/// Sends requests as places in flight come free.
async fn send_all(
    sender: &mut Sender,
    requests: &[Request],
    first_id: MessageId,
    places: &Semaphore,
) -> Result<(), LdapError> {
    let mut out = Vec::new();
    for (request, id) in requests.iter().zip(first_id..) {
        if places.available_permits() == 0 {
            flush(sender, &mut out).await?;
        }
        let Ok(place) = places.acquire().await else {
            return Ok(());
        };
        place.forget();
        request.write(id, &mut out);
        if out.len() >= SEND_SIZE {
            flush(sender, &mut out).await?;
        }
    }
    flush(sender, &mut out).await
}

async fn flush(sender: &mut Sender, out: &mut Vec<u8>) -> Result<(), LdapError> {
    if !out.is_empty() {
        sender.send(out).await?;
        out.clear();
    }
    Ok(())
}

/// Answers as they come in, by the place of their request.
struct Replies {
    first_id: MessageId,
    open: usize,
    all: Vec<(Vec<Entry>, Option<LdapResult>)>,
}

impl Replies {
    fn new(first_id: MessageId, count: usize) -> Self {
        Self {
            first_id,
            open: count,
            all: vec![(Vec::new(), None); count],
        }
    }

    async fn receive_all(&mut self, receiver: &mut Receiver, places: &Semaphore) -> Result<(), LdapError> {
        while self.open > 0 {
            let messages = receiver.messages().await?;
            for message in messages.iter() {
                self.take(receiver, message, places)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, receiver: &Receiver, message: &[u8], places: &Semaphore) -> Result<(), LdapError> {
        let server = receiver.server();
        let answer = receiver.parse(message)?;
        let place = answer
            .id
            .checked_sub(self.first_id)
            .and_then(|at| self.all.get_mut(at as usize));
        let Some((entries, result @ None)) = place else {
            return Err(unasked(server));
        };
        match answer.body {
            Body::Entry(entry) => {
                entries.push(
                    entry
                        .to_entry()
                        .map_err(|error| LdapError::malformed(server, error))?,
                );
            }
            Body::Done(end) => {
                *result = Some(end.read().map_err(|error| LdapError::malformed(server, error))?);
                self.open -= 1;
                places.add_permits(1);
            }
            Body::Reference | Body::Intermediate => {}
        }
        Ok(())
    }
}
