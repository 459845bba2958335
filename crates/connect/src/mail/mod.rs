//! Messages: notifications made from their templates about one account or one run, and handed to a mail server
//! (RFC 5321) or posted to a channel.

mod channel;
mod compose;
mod delivery;
mod mailer;
mod server;

pub use compose::ShownMail;
pub use mailer::{MailRun, Mailer, RunMessage};
