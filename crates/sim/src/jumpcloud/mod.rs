//! JumpCloud's API, as far as people are concerned: of version 1 `/api/systemusers` and `/api/search/systemusers`, of
//! version 2 `/api/v2/usergroups` with their members; tokens of service accounts at `/oauth2/token`.
//!
//! What JumpCloud does not publish was chosen here: the wording of most refusals, the headers of a 429, and that
//! unknown parameters and fields are overlooked. Its traps are reproduced: ten records unless more are asked for,
//! a limit over 100 is refused, no stable order without `sort=_id`, `fields` separated by spaces, 200 for
//! creating and deleting, and bare lists in version 2, of which some say by `Link` where they go on and others do not.

mod answer;
mod condition;
mod desk;
mod groups;
mod page;
mod pick;
mod query;
pub(crate) mod record;
mod server;
mod shelf;
mod taken;
mod token;
mod users;
mod view;
mod writes;

use std::sync::{RwLock, atomic::AtomicUsize};

use self::{desk::Desk, server::Shared};
pub use crate::stage::{faults, pace::RateLimit};
use crate::{
    SimError,
    population::Population,
    stage::{Stage, bearer::Tokens, listen::Running, running_simulator},
};

/// How long a service account's token is good, in seconds.
const TOKEN_LIFE: u64 = 3600;

/// What a simulated JumpCloud is made of.
pub struct JumpCloudOptions {
    /// The people it knows.
    pub population: Population,
    /// What callers must send as `x-api-key`.
    pub api_key: String,
    /// The service account that may ask for tokens.
    pub client_id: String,
    /// What it must show for them.
    pub client_secret: String,
    /// What callers must send as `x-org-id`; `None` when they need not.
    pub org_id: Option<String>,
    /// The port on 127.0.0.1; 0 for any free one.
    pub port: u16,
    /// How many requests it answers; `None` for all of them. JumpCloud does not publish its own limit.
    pub rate_limit: Option<RateLimit>,
}

impl JumpCloudOptions {
    /// These people behind that key: on any free port, without an organisation and without a rate limit.
    /// The service account is `client` with the secret `secret`.
    pub fn new(population: Population, api_key: impl Into<String>) -> Self {
        Self {
            population,
            api_key: api_key.into(),
            client_id: "client".to_owned(),
            client_secret: "secret".to_owned(),
            org_id: None,
            port: 0,
            rate_limit: None,
        }
    }
}

/// A running simulator; the API is under `/api`. Dropped without [`JumpCloud::stop`], it goes on until the runtime
/// ends.
pub struct JumpCloud {
    running: Running<Shared>,
}

impl JumpCloud {
    /// Renders the records and starts to listen on 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When the port cannot be listened on.
    pub async fn start(options: JumpCloudOptions) -> Result<Self, SimError> {
        let make = |_| Shared {
            stage: Stage::new(options.rate_limit),
            desk: RwLock::new(Desk::new(options.population)),
            api_key: options.api_key,
            tokens: Tokens::new(options.client_id, options.client_secret, TOKEN_LIFE),
            org_id: options.org_id,
            turns: AtomicUsize::new(0),
        };
        let running = Running::start("JumpCloud", options.port, make, server::router).await?;
        Ok(Self { running })
    }
}

running_simulator!(JumpCloud);
