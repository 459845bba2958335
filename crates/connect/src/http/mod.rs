//! The one way in which Tenure talks HTTP: endpoints, webhooks and tokens go through the same client, with the
//! same bounds, retries and redaction. What is particular to records or to a vendor does not belong here.

mod address;
mod body;
mod client;
mod error;
mod manners;
mod masked;
mod pace;
mod quota;
mod request;
mod retry;
#[cfg(test)]
mod tests;
mod tls;

pub use address::PrivateAddresses;
pub(crate) use body::excerpt;
pub(crate) use client::refusal;
pub use client::{HttpAnswer, HttpClient, HttpOptions, Places};
pub use error::{HttpError, HttpFailure};
pub use manners::{Manners, Pacer};
pub use masked::Masked;
pub(crate) use masked::{MASK, said, scrub};
pub use request::{HttpBody, HttpRequest, Method, Repeatable};
pub use retry::Retries;
pub(crate) use retry::asked_wait;
pub use tls::{TlsError, Trust, tls_config};
