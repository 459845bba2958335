//! Messages on the way: bytes out, whole messages in, with bounds on their size and on the server's silence.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf, split};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::answer::{Answer, Body, LdapResult};
use super::ber::size_of_first;
use super::codes::{Doing, ResultCode};
use super::error::LdapError;
use super::request::{Operation, Request};

/// The largest message accepted. Groups of a million members stay below it.
const MAX_MESSAGE: usize = 256 << 20;
/// How much room there is for reading when a new buffer is taken.
const BUFFER: usize = 256 << 10;
/// With less room than this a new buffer is taken. TLS hands out 16 KiB at a time.
const LEAST_ROOM: usize = 16 << 10;
/// What a server's word that it is hanging up is known by (RFC 4511, section 4.4.1).
const NOTICE_OF_DISCONNECTION: &str = "1.3.6.1.4.1.1466.20036";

/// Said when the server hung up without a word.
const CLOSED: &str = "the server closed it";

trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// Both directions of a connection.
pub(super) struct Channel {
    pub(super) sender: Sender,
    pub(super) receiver: Receiver,
}

impl Channel {
    pub(super) fn new(
        transport: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        server: &Arc<str>,
        time_out: Duration,
    ) -> Self {
        let (reading, writing) = split(Box::new(transport) as Box<dyn Transport>);
        Self {
            sender: Sender {
                half: writing,
                server: Arc::clone(server),
                time_out,
            },
            receiver: Receiver {
                half: reading,
                buffer: BytesMut::new(),
                server: Arc::clone(server),
                time_out,
            },
        }
    }
}

/// The direction to the server.
pub(super) struct Sender {
    half: WriteHalf<Box<dyn Transport>>,
    server: Arc<str>,
    time_out: Duration,
}

impl Sender {
    /// Sends encoded requests.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), LdapError> {
        let sending = async {
            self.half.write_all(bytes).await?;
            self.half.flush().await
        };
        match timeout(self.time_out, sending).await {
            Ok(sent) => sent.map_err(|error| lost(&self.server, error)),
            Err(_) => Err(LdapError::TimedOut {
                server: self.server.to_string(),
                after: self.time_out,
            }),
        }
    }

    /// Sends the last request of a connection and ends it, whatever becomes of that.
    pub(super) async fn send_last(&mut self, bytes: &[u8]) {
        if self.send(bytes).await.is_ok() {
            let _ = timeout(self.time_out, self.half.shutdown()).await;
        }
    }
}

/// The direction from the server.
pub(super) struct Receiver {
    half: ReadHalf<Box<dyn Transport>>,
    buffer: BytesMut,
    server: Arc<str>,
    time_out: Duration,
}

/// One or more whole messages as they came, in one piece of memory.
pub(super) struct Messages {
    bytes: Bytes,
    last: usize,
}

impl Messages {
    /// The messages in the order in which they came.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bytes.as_ref();
        std::iter::from_fn(move || {
            let size = size_of_first(rest, MAX_MESSAGE).ok()??;
            let (message, after) = rest.split_at_checked(size)?;
            rest = after;
            Some(message)
        })
    }

    /// The last of them.
    pub(super) fn last(&self) -> &[u8] {
        self.bytes.get(self.last..).unwrap_or_default()
    }
}

impl Receiver {
    /// Waits until a message is whole, and hands out all that are.
    pub(super) async fn messages(&mut self) -> Result<Messages, LdapError> {
        loop {
            let (whole, last, missing) = self.measure()?;
            if whole > 0 {
                return Ok(Messages {
                    bytes: self.buffer.split_to(whole).freeze(),
                    last,
                });
            }
            if self.buffer.capacity() - self.buffer.len() < LEAST_ROOM.min(missing) {
                self.buffer.reserve(missing);
            }
            let count = match timeout(self.time_out, self.half.read_buf(&mut self.buffer)).await {
                Ok(read) => read.map_err(|error| lost(&self.server, error))?,
                Err(_) => {
                    return Err(LdapError::TimedOut {
                        server: self.server.to_string(),
                        after: self.time_out,
                    });
                }
            };
            if count == 0 {
                return Err(LdapError::Lost {
                    server: self.server.to_string(),
                    why: CLOSED.to_owned(),
                });
            }
        }
    }

    /// How many bytes whole messages take, where the last of them starts, and how many bytes to make room for.
    fn measure(&self) -> Result<(usize, usize, usize), LdapError> {
        let (mut whole, mut last) = (0, 0);
        loop {
            let rest = self.buffer.get(whole..).unwrap_or_default();
            let size = size_of_first(rest, MAX_MESSAGE)
                .map_err(|error| LdapError::malformed(&self.server, error))?;
            match size {
                Some(size) if size <= rest.len() => (whole, last) = (whole + size, whole),
                // Room is taken as bytes come and not as a length promises them.
                Some(size) => {
                    return Ok((
                        whole,
                        last,
                        (size - rest.len()).clamp(BUFFER, BUFFER.max(rest.len())),
                    ));
                }
                None => return Ok((whole, last, BUFFER)),
            }
        }
    }

    /// Whether the server has neither hung up nor said anything unasked. Only for a connection at rest.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.buffer.is_empty() && self.half.read_buf(&mut self.buffer).now_or_never().is_none()
    }

    /// The server's URL.
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    /// Reads a message, see [`parse`].
    pub(super) fn parse<'a>(&self, message: &'a [u8]) -> Result<Answer<'a>, LdapError> {
        parse(&self.server, message)
    }
}

/// Reads a message; the server's own messages are errors, since all of them end the connection.
pub(super) fn parse<'a>(server: &str, message: &'a [u8]) -> Result<Answer<'a>, LdapError> {
    let malformed = |error| LdapError::malformed(server, error);
    let answer = Answer::parse(message).map_err(malformed)?;
    if answer.id != 0 {
        return Ok(answer);
    }
    let Body::Done(notice) = answer.body else {
        return Err(unasked(server));
    };
    let notice = notice.read().map_err(malformed)?;
    if notice.name.as_deref() != Some(NOTICE_OF_DISCONNECTION) {
        return Err(unasked(server));
    }
    Err(LdapError::Lost {
        server: server.to_owned(),
        why: farewell(&notice),
    })
}

fn farewell(notice: &LdapResult) -> String {
    let words: String = notice
        .diagnostic
        .chars()
        .filter(|c| !c.is_control())
        .take(300)
        .collect();
    let words = if words.is_empty() {
        "without a word".to_owned()
    } else {
        format!("saying: {words}")
    };
    format!("the server ended it (result code {}), {words}", notice.code)
}

/// An answer to what nobody asked.
pub(super) fn unasked(server: &str) -> LdapError {
    LdapError::Malformed {
        server: server.to_owned(),
        why: "an answer that belongs to no request".to_owned(),
    }
}

fn lost(server: &str, error: impl std::borrow::Borrow<io::Error>) -> LdapError {
    let error = error.borrow();
    // Over TLS a server that dies says no goodbye, which is nothing an administrator has to know of.
    let why = if error.kind() == io::ErrorKind::UnexpectedEof {
        CLOSED.to_owned()
    } else {
        error.to_string()
    };
    LdapError::Lost {
        server: server.to_owned(),
        why,
    }
}

/// Asks to go on under TLS (RFC 4511, section 4.14). Bytes behind the answer were sent by somebody who wants them to be
/// taken for encrypted ones, and end the connection.
pub(super) async fn ask_for_tls(stream: &mut TcpStream, server: &Arc<str>) -> Result<(), LdapError> {
    let malformed = |error| LdapError::malformed(server, error);
    let mut out = Vec::new();
    Request::from(Operation::StartTls).write(1, &mut out);
    stream
        .write_all(&out)
        .await
        .map_err(|error| lost(server, error))?;
    let mut answer = BytesMut::with_capacity(LEAST_ROOM);
    let size = loop {
        match size_of_first(&answer, LEAST_ROOM).map_err(malformed)? {
            Some(size) if size <= answer.len() => break size,
            _ => {}
        }
        if stream
            .read_buf(&mut answer)
            .await
            .map_err(|error| lost(server, error))?
            == 0
        {
            return Err(LdapError::Lost {
                server: server.to_string(),
                why: CLOSED.to_owned(),
            });
        }
    };
    if size != answer.len() {
        return Err(unasked(server));
    }
    let answer = parse(server, &answer)?;
    let Body::Done(result) = answer.body else {
        return Err(unasked(server));
    };
    let result = result.read().map_err(malformed)?;
    if answer.id != 1 {
        return Err(unasked(server));
    }
    if result.code == ResultCode::SUCCESS {
        return Ok(());
    }
    Err(LdapError::Tls {
        server: server.to_string(),
        why: super::codes::explain(Doing::Read, &result).to_string(),
        hint: "The server may have no certificate, or `start_tls` not be configured. Try an `ldaps://` URL."
            .to_owned(),
    })
}
