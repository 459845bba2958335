//! Webhooks: outbound calls, each about one account, filled from it by formats whose values are escaped for the place
//! they stand in. They go through the same client as everything else that talks HTTP.

mod answer;
mod body;
mod caller;
pub(crate) mod fill;
mod perform;
mod request;
mod shown;

pub use caller::{Call, Caller};
pub use perform::WebhookPerformer;
pub use shown::{ShownRequest, ShownResponse};
