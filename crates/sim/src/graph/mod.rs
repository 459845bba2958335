//! Microsoft Graph v1.0 under `/v1.0`: users, groups, licences, photos, deleted users, change tracking, batches and
//! change notifications; tokens under `/{tenant}/oauth2/v2.0`; commands for Exchange Online under `/adminapi`.
//!
//! The traps are reproduced: without `$select` most fields are missing, `$top` over 999 is refused and `$skip` is not
//! supported, some queries need `ConsistencyLevel: eventual`, `@odata.count` is on the first page only, a delta
//! token that is no longer known gets 410 with a `Location`, changes come more than once, removed users are
//! `@removed` (`changed` while they can be restored, `deleted` after), `revokeSignInSessions` answers 200 although
//! the documents say 204, groups that only got or lost members show nothing else when `return=minimal` is preferred,
//! a batch is answered with 200 although some of its parts are refused, `Retry-After` has a fraction, and a
//! subscription is only made when the receiver returns the validation token.
//!
//! What Microsoft does not publish was chosen here: the wording of most refusals, and that a page of changes has 200
//! users.

mod assertion;
mod batch;
mod call;
mod deleted;
mod delta;
mod desk;
mod exchange;
mod filter;
mod group_delta;
mod groups;
mod invitations;
mod list;
mod photo;
mod record;
mod server;
mod subscriptions;
mod token;
mod users;
mod writes;

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use self::{assertion::Certificate, desk::Desk, server::Shared};
use crate::{
    SimError,
    population::Population,
    stage::{
        Stage, bearer::Tokens, courier::Courier, desk::Locked, listen::Running, login::Login,
        pace::RateLimit, running_simulator,
    },
};

/// About what Graph allows one program in a tenant of middle size.
pub const TENANT_LIMIT: RateLimit = RateLimit {
    requests: 5000,
    window: Duration::from_secs(10),
};

/// What a simulated Graph is made of.
pub struct GraphOptions {
    /// The people it knows.
    pub population: Population,
    /// The directory's own id, which is part of the address of tokens.
    pub tenant: String,
    /// The program that may ask for tokens.
    pub client_id: String,
    /// What it must show for them.
    pub client_secret: String,
    /// The certificate (DER) that the program may show in place of the secret.
    pub certificate: Option<Vec<u8>>,
    /// Who may sign in on the page.
    pub login: Login,
    /// How long a token is good, in seconds.
    pub token_life: u64,
    /// The port on 127.0.0.1; 0 for any free one.
    pub port: u16,
    /// What links in answers begin with; its own address when `None`.
    pub public_url: Option<String>,
    /// How many requests it answers, such as [`TENANT_LIMIT`], the parts of a batch counted one by one; `None` for
    /// all of them.
    pub rate_limit: Option<RateLimit>,
    /// How many licences of each kind there are.
    pub seats: u32,
}

impl GraphOptions {
    /// These people in that tenant behind that client and secret: on any free port, without a rate limit, with
    /// tokens good for just under an hour. The administrator is `admin` with the password `admin`.
    pub fn new(
        population: Population,
        tenant: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Self {
        Self {
            population,
            tenant: tenant.into(),
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            certificate: None,
            login: Login::new("admin", "admin"),
            token_life: 3599,
            port: 0,
            public_url: None,
            rate_limit: None,
            seats: 2_000_000,
        }
    }
}

/// A running simulator. Dropped without [`Graph::stop`], it goes on until the runtime ends.
pub struct Graph {
    running: Running<Shared>,
}

impl Graph {
    /// Starts to listen on 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When the port cannot be listened on.
    pub async fn start(options: GraphOptions) -> Result<Self, SimError> {
        let make = |url| {
            let stage = Stage::new(options.rate_limit);
            let courier = Courier::start(stage.stopping.subscribe());
            let desk = Desk::new(options.population, options.tenant.clone(), courier);
            Shared {
                stage,
                desk: Locked::new(desk),
                tokens: Tokens::new(options.client_id, options.client_secret, options.token_life),
                certificate: options.certificate.map(Certificate::new),
                login: options.login,
                tenant: options.tenant,
                url: options.public_url.unwrap_or(url),
                epoch: AtomicU64::new(1),
                entries: AtomicU64::new(0),
                replays: AtomicBool::new(false),
                seats: options.seats,
            }
        };
        let running = Running::start("Graph", options.port, make, server::router).await?;
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

    /// Writes these properties of a user as Microsoft's own services would, such as `onPremisesSyncEnabled`.
    /// A user that is not known is left alone.
    pub fn set(&self, id: &str, fields: serde_json::Map<String, serde_json::Value>) {
        let mut desk = self.running.vendor.desk.touch();
        if let Ok(number) = users::find(&desk, id).map(crate::population::Person::number) {
            desk.act(|register| register.write(Some(number), fields));
        }
    }

    /// The last password that a user was given, and whether another one has to be chosen at the next sign-in.
    pub fn password(&self, id: &str) -> Option<(String, bool)> {
        let desk = self.running.vendor.desk.look();
        let number = users::find(&desk, id).ok()?.number();
        let profile = desk.register.written(number, record::PASSWORD)?;
        let must_change = profile["forceChangePasswordNextSignIn"] == true;
        Some((profile["password"].as_str()?.to_owned(), must_change))
    }

    /// Lets a licence come with a group from now on. A group that is not known is left alone.
    pub fn license_group(&self, group: &str, sku: &str) {
        let mut desk = self.running.vendor.desk.touch();
        if let Some(number) = groups::number(&desk, group) {
            desk.group_licences
                .entry(number)
                .or_default()
                .push(sku.to_owned());
        }
    }

    /// Gives a user an administrator's role: what protects sign-in is changed by programs with such a role only, which
    /// the program here is not.
    pub fn give_role(&self, id: &str) {
        self.set(
            id,
            serde_json::Map::from_iter([(record::PRIVILEGED.to_owned(), true.into())]),
        );
    }

    /// How many users were shown so far, members of groups and whatever changed among them.
    pub fn entries(&self) -> u64 {
        self.running.vendor.entries.load(Ordering::Relaxed)
    }

    /// From now on what changed is told twice, and with it what was told a little earlier.
    pub fn replay_deltas(&self) {
        self.running.vendor.replays.store(true, Ordering::Relaxed);
    }

    /// Forgets every delta token handed out so far, as Graph does after a week.
    pub fn forget_deltas(&self) {
        self.running.vendor.next_epoch();
    }
}

running_simulator!(Graph);
