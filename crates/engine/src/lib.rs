//! Tenure's runs: people are fetched, joined and mapped, accounts read and matched, a plan made, guarded and stored;
//! a stored plan is carried out, journalled, and resumed after a crash.

mod accounts;
mod apply;
mod authorize;
mod clock;
mod connections;
mod engine;
mod error;
mod fetch;
mod fixture;
mod gather;
mod links;
mod observe;
mod parts;
mod plan;
mod progress;
mod settle;
mod stop;
mod storing;
mod track;
mod trial;
mod wave;
mod webhooks;

pub use apply::{ApplyOptions, InDoubtCalls, Release, password_name};
pub use authorize::{ApplicationReport, AuthorizationReport};
pub use clock::Clock;
pub use engine::Engine;
pub use error::EngineError;
pub use fetch::{ColumnReport, FetchReport};
pub use plan::PlanOptions;
pub use progress::{Progress, Unwatched, Watch};
pub use settle::Settlement;
pub use stop::Stop;
pub use tenure_connect::source::Variables;
pub use trial::EndpointReport;
pub use webhooks::{WebhookTest, WebhookTry};
