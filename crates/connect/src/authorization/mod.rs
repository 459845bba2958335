//! OAuth 2.0 (RFC 6749): tokens that are asked for, kept in the vault and renewed in time, by the client's own
//! credentials or by somebody who signed in with a browser once and agreed. Keys that only have to be put into
//! requests belong to `source`.

mod assertion;
mod callback;
mod code;
mod exchange;
mod kept;
mod send;
mod settings;
#[cfg(test)]
mod tests;
mod token;
mod tokens;

pub use callback::Callback;
pub use code::{Answer, Authorizing, NotAuthorized};
pub use tokens::{State, Tokens};
