//! Everything that can go wrong between a request and its answer, in an administrator's words.

use std::error::Error as _;
use std::time::Duration;

use reqwest::StatusCode;
use tenure_core::seams::{SourceError, SourceTrouble};

use super::address::{AddressRefused, Unresolved};

/// What the last try came to when time ran out within it.
pub(crate) const STILL_WAITING: &str = "still waiting for the answer";

/// What went wrong with a request. Texts hold no secrets.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HttpError {
    /// The URL cannot be used.
    #[error("{why}")]
    Url {
        /// What is wrong with it.
        why: String,
    },
    /// A header field cannot be sent.
    #[error("{why}")]
    Header {
        /// What is wrong with it.
        why: String,
    },
    /// The address is one of this machine or of a private network, and the document does not allow those.
    #[error("{host} is a private address, and those are not allowed here")]
    PrivateAddress {
        /// The host, with what it was resolved to.
        host: String,
    },
    /// The name has no address.
    #[error("the name `{name}` cannot be resolved: {why}")]
    Unresolved {
        /// The name.
        name: String,
        /// What the system says.
        why: String,
    },
    /// No connection.
    #[error("no connection: {why}")]
    Connect {
        /// What the system says.
        why: String,
    },
    /// The other side could not prove who it is.
    #[error("no trusted connection: {why}")]
    Trust {
        /// What is wrong with its certificate.
        why: String,
    },
    /// No connection within the time-out.
    #[error("no connection within the time-out of {}", seconds(*after))]
    ConnectTimedOut {
        /// The time-out for connecting.
        after: Duration,
    },
    /// Nothing came for too long.
    #[error("nothing came within the time-out of {}", seconds(*after))]
    TimedOut {
        /// The time-out between two pieces of the answer.
        after: Duration,
    },
    /// All tries together took too long.
    #[error("not done within {} (last: {last})", seconds(*after))]
    TotalTime {
        /// The bound.
        after: Duration,
        /// What the last try came to.
        last: String,
    },
    /// The answer ended before its end, or the connection broke within it.
    #[error("the answer was cut off: {why}")]
    Cut {
        /// What was noticed.
        why: String,
    },
    /// The answer's compression is broken.
    #[error("the answer cannot be decompressed: {why}")]
    Compression {
        /// What was noticed.
        why: String,
    },
    /// The answer is longer than allowed; it was not read further.
    #[error("the answer is larger than the limit of {}", megabytes(*limit))]
    TooLarge {
        /// The bound in bytes, after decompression.
        limit: u64,
    },
    /// The answer sends on to another host, which is not followed.
    #[error("it redirects to {to}, and redirects are followed only within the same host")]
    RedirectElsewhere {
        /// Scheme and host.
        to: String,
    },
    /// The answer sends on and on.
    #[error("it redirects in circles")]
    RedirectLoop,
    /// The answer is an error.
    #[error("{}", status_text(*status, said))]
    Status {
        /// Its code.
        status: StatusCode,
        /// The start of its text.
        said: String,
    },
}

/// A request that came to nothing.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{request}: {error}")]
pub struct HttpFailure {
    /// Method and URL, without secrets.
    pub request: String,
    /// How often it was made.
    pub tries: usize,
    /// What went wrong the last time.
    #[source]
    pub error: HttpError,
}

impl HttpError {
    /// What a failed exchange means. The library's own text is not used: it has the whole URL in it.
    pub(crate) fn from_exchange(error: &reqwest::Error, connect: Duration, read: Duration) -> Self {
        let mut innermost = String::new();
        let mut cause = error.source();
        while let Some(inner) = cause {
            if let Some(refused) = inner.downcast_ref::<AddressRefused>() {
                return Self::PrivateAddress {
                    host: refused.host.clone(),
                };
            }
            if let Some(unresolved) = inner.downcast_ref::<Unresolved>() {
                return Self::Unresolved {
                    name: unresolved.name.clone(),
                    why: unresolved.why.clone(),
                };
            }
            if let Some(elsewhere) = inner.downcast_ref::<RedirectRefused>() {
                return match elsewhere {
                    RedirectRefused::Elsewhere { to } => Self::RedirectElsewhere { to: to.clone() },
                    RedirectRefused::TooMany => Self::RedirectLoop,
                };
            }
            if let Some(why) = certificate_trouble(inner) {
                return Self::Trust { why };
            }
            innermost = inner.to_string();
            cause = inner.source();
        }
        match error {
            _ if error.is_timeout() && error.is_connect() => Self::ConnectTimedOut { after: connect },
            _ if error.is_timeout() => Self::TimedOut { after: read },
            _ if error.is_connect() => Self::Connect { why: innermost },
            _ if error.is_decode() && is_damaged(error) => Self::Compression { why: innermost },
            _ => Self::Cut { why: innermost },
        }
    }

    /// Whether the same request may do better later.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unresolved { .. }
            | Self::Connect { .. }
            | Self::ConnectTimedOut { .. }
            | Self::TimedOut { .. }
            | Self::Cut { .. } => true,
            Self::Status { status, .. } => super::retry::is_passing(*status),
            _ => false,
        }
    }

    /// Whether the request may have been carried out although no answer says so.
    pub(crate) fn is_unknown(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::Cut { .. } | Self::Compression { .. } | Self::TooLarge { .. } => {
                true
            }
            Self::TotalTime { last, .. } => last == STILL_WAITING,
            Self::Status { status, .. } => matches!(status.as_u16(), 502 | 504),
            _ => false,
        }
    }

    /// What kind of trouble this is for a source.
    fn kind(&self) -> SourceTrouble {
        match self {
            Self::Unresolved { .. }
            | Self::Connect { .. }
            | Self::Trust { .. }
            | Self::ConnectTimedOut { .. }
            | Self::TimedOut { .. }
            | Self::TotalTime { .. }
            | Self::Cut { .. } => SourceTrouble::Unreachable,
            Self::Compression { .. } => SourceTrouble::Malformed,
            Self::TooLarge { .. } => SourceTrouble::Limit,
            Self::Status { status, .. } if matches!(status.as_u16(), 401 | 403 | 407) => {
                SourceTrouble::Unauthorized
            }
            Self::Status { status, .. } if status.as_u16() == 410 => SourceTrouble::Expired,
            Self::Status { .. }
            | Self::Url { .. }
            | Self::Header { .. }
            | Self::PrivateAddress { .. }
            | Self::RedirectElsewhere { .. }
            | Self::RedirectLoop => SourceTrouble::Refused,
        }
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Url { .. } => "correct the endpoint's `url`",
            Self::Header { .. } => "correct the header, or set the secret in it again without line breaks",
            Self::PrivateAddress { .. } => {
                "if this application is meant to be on your own network, write `private_addresses: allowed` into its \
                 document"
            }
            Self::Unresolved { .. } => "check the host name in the `url`, and this machine's DNS",
            Self::Connect { .. } | Self::ConnectTimedOut { .. } => {
                "check the `url`, and that a firewall lets this machine reach it"
            }
            Self::Trust { .. } => {
                "if the application uses an authority of your own, name the file with its certificate as `ca_file`"
            }
            Self::TimedOut { .. } => "the application is slow or out of reach; `limits` has the time-outs",
            Self::TotalTime { .. } => {
                "try again later; `limits` has the time allowed for a call and its repetitions"
            }
            Self::Cut { .. } => "try again; when it stays so, ask for fewer records a page",
            Self::Compression { .. } => "something between here and the application damages its answers",
            Self::TooLarge { .. } => "ask for fewer records a page, or raise `response_mib` in `limits`",
            Self::RedirectElsewhere { .. } => "when that host is right, write it into the `url`",
            Self::RedirectLoop => "check the `url` in a browser or with the vendor's documentation",
            Self::Status { status, .. } => match status.as_u16() {
                401 => "the credentials were not accepted; set the secret again with `tenure secret set`",
                403 => "the credentials are known but may not do this; check their permissions at the vendor",
                404 | 405 | 410 => "check the endpoint's `url` and `method`",
                429 => "the application asks for fewer calls; set `calls_per_minute` in `limits`",
                500..=599 => "the application is in trouble itself; try again later",
                _ => "the application does not accept this call; compare it with the vendor's documentation",
            },
        }
    }
}

impl From<HttpFailure> for SourceError {
    fn from(failure: HttpFailure) -> Self {
        let times = match failure.tries {
            0 | 1 => String::new(),
            more => format!(" (tried {more} times)"),
        };
        Self {
            kind: failure.error.kind(),
            said: format!("{}{times}", failure.error),
            hint: failure.error.hint().to_owned(),
            doing: failure.request,
        }
    }
}

/// A redirect that is not followed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedirectRefused {
    #[error("to {to}")]
    Elsewhere { to: String },
    #[error("too many")]
    TooMany,
}

/// What is wrong with the other side's certificate, when that is what it is.
fn certificate_trouble(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let tls = tls_error(error)?;
    Some(match tls {
        rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer) => {
            "its certificate comes from an authority that is not known here".to_owned()
        }
        rustls::Error::InvalidCertificate(problem) => format!("its certificate is not valid: {problem}"),
        other => other.to_string(),
    })
}

/// Whether what came whole cannot be decompressed. A connection's own trouble has an error of the connection around
/// it, and a compressed text that merely ends too early may come whole the next time.
fn is_damaged(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(wrapper) = cause.filter(|cause| cause.is::<reqwest::Error>()) {
        cause = wrapper.source();
    }
    let own = cause.and_then(|cause| cause.downcast_ref::<std::io::Error>());
    own.is_some_and(|own| {
        own.kind() != std::io::ErrorKind::UnexpectedEof
            && own.get_ref().is_none_or(|held| !held.is::<reqwest::Error>())
    })
}

/// The TLS library's error. It travels within I/O errors, whose `source` steps over what they hold.
fn tls_error<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e rustls::Error> {
    error.downcast_ref().or_else(|| {
        let held = error.downcast_ref::<std::io::Error>()?.get_ref()?;
        tls_error(held)
    })
}

fn status_text(status: StatusCode, said: &str) -> String {
    let name = status
        .canonical_reason()
        .map(|name| format!(" {name}"))
        .unwrap_or_default();
    let code = status.as_u16();
    if said.is_empty() {
        format!("{code}{name}")
    } else {
        format!("{code}{name}: {said}")
    }
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

fn megabytes(bytes: u64) -> String {
    if bytes >= 1 << 20 {
        format!("{} MiB", bytes >> 20)
    } else {
        format!("{bytes} bytes")
    }
}
