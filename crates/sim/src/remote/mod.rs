//! Remote's API under `/v1` and `/v2`: employments, offboardings, departments, custom fields and webhooks; tokens
//! under `/auth/oauth2`.
//!
//! A program gets in with the company's own token, or with one it asks for with client credentials or for somebody
//! who signs in on a page, or with a signed assertion. The traps are reproduced: answers are wrapped in `data`, the list shows little and the
//! rest comes employment by employment, the details differ from country to country, a token of the sandbox is
//! refused in production and the other way round, and a 429 has `x-ratelimit-reset` in milliseconds and no
//! `Retry-After`. Webhooks tell ids only, are signed over the body, a colon and the milliseconds, keep time and
//! signature when tried again, and are tried a few times.
//!
//! What Remote does not publish was chosen here: a `page_size` over 100 is refused with 422, and which webhooks come
//! of which event. Employments removed from the population are gone, which Remote itself never does.

mod callbacks;
mod custom;
mod desk;
mod employments;
mod offboardings;
mod record;
mod scim;
mod server;
mod token;
mod writes;

use std::time::Duration;

use self::{desk::Desk, server::Shared};
use crate::{
    SimError,
    population::{Person, Population, Space},
    stage::{
        Stage, bearer::Tokens, courier::Courier, desk::Locked, listen::Running, login::Login,
        pace::RateLimit, running_simulator,
    },
};

/// What Remote allows a company.
pub const COMPANY_LIMIT: RateLimit = RateLimit {
    requests: 300,
    window: Duration::from_mins(1),
};

/// Which of Remote's hosts it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Host {
    /// The real thing, with tokens that begin with `ra_live_`.
    #[default]
    Production,
    /// For trying, with tokens that begin with `ra_test_` and webhooks on demand.
    Sandbox,
}

/// What a simulated Remote is made of.
pub struct RemoteOptions {
    /// The people it knows.
    pub population: Population,
    /// The company's token.
    pub token: String,
    /// Which host it is.
    pub host: Host,
    /// The program that may ask for tokens.
    pub client_id: String,
    /// What it must show for them.
    pub client_secret: String,
    /// Who may sign in on the page.
    pub login: Login,
    /// The port on 127.0.0.1; 0 for any free one.
    pub port: u16,
    /// How many requests it answers, such as [`COMPANY_LIMIT`]; `None` for all of them.
    pub rate_limit: Option<RateLimit>,
}

impl RemoteOptions {
    /// These people behind that token: in production, on any free port, without a rate limit. The program is
    /// `client` with the secret `secret`, the administrator `admin` with the password `admin`.
    pub fn new(population: Population, token: impl Into<String>) -> Self {
        Self {
            population,
            token: token.into(),
            host: Host::Production,
            client_id: "client".to_owned(),
            client_secret: "secret".to_owned(),
            login: Login::new("admin", "admin"),
            port: 0,
            rate_limit: None,
        }
    }
}

/// A running simulator. Dropped without [`Remote::stop`], it goes on until the runtime ends.
pub struct Remote {
    running: Running<Shared>,
}

impl Remote {
    /// Starts to listen on 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When the port cannot be listened on.
    pub async fn start(options: RemoteOptions) -> Result<Self, SimError> {
        let make = |_| {
            let stage = Stage::new(options.rate_limit);
            let courier = Courier::start(stage.stopping.subscribe());
            Shared {
                stage,
                desk: Locked::new(Desk::new(options.population, courier)),
                tokens: Tokens::new(options.client_id, options.client_secret, 3600),
                token: options.token,
                host: options.host,
                login: options.login,
            }
        };
        let running = Running::start("Remote", options.port, make, server::router).await?;
        Ok(Self { running })
    }

    /// How many access tokens were handed out so far.
    pub fn tokens(&self) -> u64 {
        self.running.vendor.tokens.handed_out()
    }

    /// Makes every access token handed out so far worthless; the company's own stays good.
    pub fn expire_tokens(&self) {
        self.running.vendor.tokens.expire();
    }

    /// The `id` of the person's employment.
    pub fn employment_id(&self, number: u32) -> String {
        self.population(|population| population.uuid(Space::Employment, u64::from(number)))
    }
}

running_simulator!(Remote);

/// The `id` of the person's employment.
fn employment_id(population: &Population, person: Person<'_>) -> String {
    population.uuid(Space::Employment, u64::from(person.number()))
}
