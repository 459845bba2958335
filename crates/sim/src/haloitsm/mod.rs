//! HaloITSM's API: `/auth` for tokens, `/api` for users, clients, sites and agents.
//!
//! A program gets in with client credentials, or as an agent who signs in on a page and lets it (an authorisation
//! code, with or without PKCE). The traps are reproduced: page parameters are overlooked without `pageinate=true`, a
//! page never has more than 100 rows and nothing says so, a body must be an array, one without `id` makes another
//! user however often it is sent, `site_id` is a number with a point, some users come wrapped in a list when asked
//! for one by one, rows of lists are short, there is no scope `read:users`, and a 429 has no `Retry-After`.
//!
//! What Halo does not publish was chosen here: the inactive are listed only with `includeinactive=true`,
//! `lastupdatefromdate` is overlooked, a single record written is answered with that record and several with a list,
//! a refused body gets `{"error", "error_description"}` and everything else plain text. There are no webhooks: which
//! of Halo's tell of users is not known.

mod list;
mod places;
mod record;
mod server;
mod token;
mod users;

use std::time::Duration;

pub use self::record::user_id;
use self::server::{Desk, Shared};
use crate::{
    SimError,
    population::Population,
    stage::{
        Stage, bearer::Tokens, desk::Locked, listen::Running, login::Login, pace::RateLimit,
        running_simulator,
    },
};

/// What Halo's own cloud allows, in a window that rolls.
pub const HOSTED_LIMIT: RateLimit = RateLimit {
    requests: 300,
    window: Duration::from_mins(5),
};

/// What a simulated HaloITSM is made of.
pub struct HaloItsmOptions {
    /// The people it knows.
    pub population: Population,
    /// The program that may ask for tokens.
    pub client_id: String,
    /// What it must show for them.
    pub client_secret: String,
    /// The agent who may sign in on the page.
    pub login: Login,
    /// What must stand behind `?tenant=` when a token is asked for; `None` when nothing need.
    pub tenant: Option<String>,
    /// How long a token is good, in seconds.
    pub token_life: u64,
    /// The port on 127.0.0.1; 0 for any free one.
    pub port: u16,
    /// How its own addresses begin in answers; its own address when `None`.
    pub public_url: Option<String>,
    /// How many requests it answers, such as [`HOSTED_LIMIT`]; `None` for all of them.
    pub rate_limit: Option<RateLimit>,
}

impl HaloItsmOptions {
    /// These people behind that client and secret: on any free port, without a tenant and without a rate limit,
    /// with tokens good for an hour. The agent is `agent` with the password `agent`.
    pub fn new(
        population: Population,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Self {
        Self {
            population,
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            login: Login::new("agent", "agent"),
            tenant: None,
            token_life: 3600,
            port: 0,
            public_url: None,
            rate_limit: None,
        }
    }
}

/// A running simulator. Dropped without [`HaloItsm::stop`], it goes on until the runtime ends.
pub struct HaloItsm {
    running: Running<Shared>,
}

impl HaloItsm {
    /// Starts to listen on 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When the port cannot be listened on.
    pub async fn start(options: HaloItsmOptions) -> Result<Self, SimError> {
        let make = |url| Shared {
            stage: Stage::rolling(options.rate_limit),
            desk: Locked::new(Desk::new(options.population)),
            tokens: Tokens::new(options.client_id, options.client_secret, options.token_life),
            login: options.login,
            tenant: options.tenant,
            url: options.public_url.unwrap_or(url),
        };
        let running = Running::start("HaloITSM", options.port, make, server::router).await?;
        Ok(Self { running })
    }

    /// How many access tokens were handed out so far.
    pub fn tokens(&self) -> u64 {
        self.running.vendor.tokens.handed_out()
    }

    /// Makes every access token handed out so far worthless.
    pub fn expire_tokens(&self) {
        self.running.vendor.tokens.expire();
    }
}

running_simulator!(HaloItsm);
