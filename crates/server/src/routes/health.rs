//! Whether the process is up, and whether it can work.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use tokio::time::timeout;

use crate::services::Services;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The process is up.
pub(super) async fn alive() -> &'static str {
    "up\n"
}

/// The database answers. Why it does not is in the log, not for everybody.
pub(super) async fn ready(State(services): State<Services>) -> (StatusCode, &'static str) {
    let why = match timeout(PATIENCE, services.engine.store().ask()).await {
        Ok(Ok(())) => return (StatusCode::OK, "ready\n"),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it does not answer".to_owned(),
    };
    tracing::warn!("the database cannot be used: {why}");
    (
        StatusCode::SERVICE_UNAVAILABLE,
        "the database cannot be used; the log says why\n",
    )
}
