//! Mail: notifications made from their templates about one account, and handed to a mail server (RFC 5321).

mod compose;
mod mailer;
mod server;

pub use compose::ShownMail;
pub use mailer::{MailRun, Mailer};
