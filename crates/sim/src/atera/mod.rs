//! Atera's API v3 under `/api/v3`: contacts, customers, departments and contacts' custom fields.
//!
//! Its traps are reproduced: a 401 has no body and is the same for no key and a wrong one, `nextLink` is `""` on the
//! last page, an address sent with an update is overlooked, searching for an address finds parts of it, and
//! `FromLastModifiedDate` is in the account's own time zone. Contacts are poll-only: there are no webhooks.
//!
//! What Atera does not publish was chosen here: `itemsInPage` over 50, an address somebody has already and an
//! unknown id are refused, `ActionID` is the new id, `SortBy=LastModified` begins with the last one, and a 429 has
//! `X-RateLimit-*` headers and `{"Message": …}`.

mod answer;
mod contacts;
mod custom;
mod customers;
mod record;
mod server;

use jiff::tz::Offset;

pub use self::record::contact_id;
use self::server::{Desk, Shared};
use crate::{
    SimError,
    population::Population,
    stage::{Stage, desk::Locked, listen::Running, pace::RateLimit, running_simulator},
};

/// What a simulated Atera is made of.
pub struct AteraOptions {
    /// The people it knows.
    pub population: Population,
    /// What callers may send as `X-API-KEY`, the old way.
    pub api_key: String,
    /// What callers may send as `Authorization: Bearer`, the new way.
    pub token: String,
    /// The account's own time zone.
    pub offset: Offset,
    /// The port on 127.0.0.1; 0 for any free one.
    pub port: u16,
    /// What links in answers begin with; its own address when `None`.
    pub public_url: Option<String>,
    /// How many requests it answers; `None` for all of them.
    pub rate_limit: Option<RateLimit>,
}

impl AteraOptions {
    /// These people behind that key, which is also the token: on any free port, five hours behind UTC, without a
    /// rate limit.
    pub fn new(population: Population, api_key: impl Into<String>) -> Self {
        let api_key = api_key.into();
        Self {
            population,
            token: api_key.clone(),
            api_key,
            offset: Offset::constant(-5),
            port: 0,
            public_url: None,
            rate_limit: None,
        }
    }
}

/// A running simulator. Dropped without [`Atera::stop`], it goes on until the runtime ends.
pub struct Atera {
    running: Running<Shared>,
}

impl Atera {
    /// Starts to listen on 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When the port cannot be listened on.
    pub async fn start(options: AteraOptions) -> Result<Self, SimError> {
        let make = |url| Shared {
            stage: Stage::new(options.rate_limit),
            desk: Locked::new(Desk::new(options.population)),
            api_key: options.api_key,
            token: options.token,
            offset: options.offset,
            url: options.public_url.unwrap_or(url),
        };
        let running = Running::start("Atera", options.port, make, server::router).await?;
        Ok(Self { running })
    }
}

running_simulator!(Atera);
