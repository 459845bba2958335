//! The keeper of an application's token: fetched from the vault, renewed before its end and when it is refused, by one
//! renewal at a time however many requests wait.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tenure_core::document::{Application, AuthorizationKind, Grant};
use tenure_core::seams::{SecretError, Secrets, SourceError, SourceTrouble, Turn};
use tokio::sync::OwnedMutexGuard;

use super::exchange::{Ask, Refusal, ask};
use super::kept::{Kept, Need, What};
use super::settings::Settings;
use super::token::Token;
use crate::http::{HttpClient, HttpFailure, HttpOptions, Places};
use crate::source::{Environment, options};

/// The longest time for a token request with its repetitions: shorter than a turn is good for.
const LONGEST: Duration = Duration::from_secs(40);
/// The longest answer to a token request.
const ANSWER: u64 = 1 << 20;
const RETRIES: usize = 2;

/// Whether an application's requests are let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// They are, or will be without anybody's help.
    Authorized {
        /// When the token that is kept ends; none when there is no token yet, or it does not end by itself.
        until: Option<Timestamp>,
    },
    /// Somebody has to agree (again).
    NeedsAuthorization {
        /// Why.
        why: String,
        /// When that was noticed; none while nobody has tried to use it.
        since: Option<Timestamp>,
    },
}

/// Keeps the token of an application that uses OAuth 2.0.
pub struct Tokens {
    pub(super) settings: Settings,
    client: HttpClient,
    /// How long an application that has had too many calls is waited for.
    patience: Duration,
    pub(super) vault: Arc<dyn Secrets>,
    current: Mutex<Option<Arc<Token>>>,
    /// Held by whoever renews.
    rounds: Arc<tokio::sync::Mutex<Rounds>>,
    /// As in `rounds`, to be read without waiting.
    round: AtomicU64,
}

/// Renewals so far.
#[derive(Default)]
struct Rounds {
    count: u64,
    /// Why the last one failed, for those who waited for it.
    failed: Option<SourceError>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Tokens {
    /// The keeper of an application's token; none when it does not use OAuth 2.0. Nothing is asked for yet.
    ///
    /// # Errors
    /// Documents that cannot be followed.
    pub fn new(
        application: &Application,
        vault: Arc<dyn Secrets>,
        environment: Environment,
    ) -> Result<Option<Arc<Self>>, SourceError> {
        let options = options(application, &environment)?;
        Self::with_options(application, vault, environment, options)
    }

    pub(crate) fn with_options(
        application: &Application,
        vault: Arc<dyn Secrets>,
        environment: Environment,
        mut options: HttpOptions,
    ) -> Result<Option<Arc<Self>>, SourceError> {
        if application.authorization.kind != AuthorizationKind::Oauth2 {
            return Ok(None);
        }
        let settings = Settings::new(application, environment)?;
        let patience = options.total_time;
        options.total_time = options.total_time.min(LONGEST);
        options.response_bytes = ANSWER;
        // Its place is taken before the vault's turn, which must not be waited away.
        options.places = Places::ByCaller;
        options.retries.times = options.retries.times.min(RETRIES);
        let client = HttpClient::new(options).map_err(|error| SourceError {
            kind: SourceTrouble::Refused,
            doing: format!("setting up the application `{}`", application.name),
            said: error.to_string(),
            hint: "check the file that `ca_file` names".to_owned(),
        })?;
        Ok(Some(Arc::new(Self {
            settings,
            client,
            patience,
            vault,
            current: Mutex::new(None),
            rounds: Arc::default(),
            round: AtomicU64::new(0),
        })))
    }

    /// How the application's tokens are come by.
    pub fn grant(&self) -> Grant {
        self.settings.grant
    }

    /// Makes sure that there is a token that requests can go with.
    ///
    /// # Errors
    /// None can be had; the hint says `tenure authorize` when somebody has to agree.
    pub async fn ready(self: &Arc<Self>) -> Result<(), SourceError> {
        self.token().await.map(drop)
    }

    /// What the vault knows. Nothing is asked for.
    pub async fn state(&self) -> Result<State, SourceError> {
        let kept = self.kept().await?;
        let until = |token: &Token| token.life.map(|life| life.ends);
        Ok(match (self.settings.grant, kept) {
            (Grant::ClientCredentials, Ok(token)) => State::Authorized { until: until(&token) },
            (Grant::ClientCredentials, Err(_)) => State::Authorized { until: None },
            (Grant::AuthorizationCode, Ok(token))
                if token.refresh.is_none() && !token.is_good(self.now()) =>
            {
                State::NeedsAuthorization {
                    why: WITHOUT_REFRESH.to_owned(),
                    since: until(&token),
                }
            }
            (Grant::AuthorizationCode, Ok(token)) => State::Authorized { until: until(&token) },
            (Grant::AuthorizationCode, Err(Need { why, since })) => State::NeedsAuthorization { why, since },
        })
    }

    /// A token that is good now.
    pub(super) async fn token(self: &Arc<Self>) -> Result<Arc<Token>, SourceError> {
        match self.good(None) {
            Some(token) => Ok(token),
            None => self.renewed(None).await,
        }
    }

    /// Waits for a renewal that is under way, so that what it brings is kept before the program ends.
    pub(crate) async fn settled(&self) {
        drop(self.rounds.lock().await);
    }

    /// Another token than the refused one. The renewal goes on when whoever asked for it gives up: the other side may
    /// have replaced the refresh token already, and the new one must be kept.
    pub(super) async fn renewed(
        self: &Arc<Self>,
        refused: Option<Arc<Token>>,
    ) -> Result<Arc<Token>, SourceError> {
        let round = self.round.load(Ordering::Acquire);
        let rounds = Arc::clone(&self.rounds).lock_owned().await;
        if let Some(token) = self.good(refused.as_deref()) {
            return Ok(token);
        }
        // Those who waited for a renewal that failed do not try it again one after the other.
        if let Some(error) = rounds.failed.as_ref().filter(|_| rounds.count != round) {
            return Err(error.clone());
        }
        let this = Arc::clone(self);
        let renewal = tokio::spawn(async move { this.renew(refused.as_deref(), rounds).await });
        renewal.await.unwrap_or_else(|_| {
            Err(SourceError {
                kind: SourceTrouble::Unreachable,
                doing: self.doing(),
                said: "the work on it was stopped".to_owned(),
                hint: String::new(),
            })
        })
    }

    async fn renew(
        &self,
        refused: Option<&Token>,
        mut rounds: OwnedMutexGuard<Rounds>,
    ) -> Result<Arc<Token>, SourceError> {
        let result = self.renew_at_ease(refused).await;
        rounds.count += 1;
        rounds.failed = result.as_ref().err().cloned();
        self.round.store(rounds.count, Ordering::Release);
        result
    }

    async fn renew_at_ease(&self, refused: Option<&Token>) -> Result<Arc<Token>, SourceError> {
        let _place = self.at_ease().await?;
        let turn = self.turn().await?;
        let result = self.load_or_ask(refused).await;
        turn.end().await;
        result
    }

    /// Waits until the application may be called. Whoever has the vault's turn must not wait for that.
    pub(super) async fn at_ease(&self) -> Result<impl Sized, SourceError> {
        let place = self.client.at_ease(self.patience).await;
        place.map_err(|error| {
            HttpFailure {
                request: self.doing(),
                tries: 0,
                error,
            }
            .into()
        })
    }

    /// The token that the vault has by now, or else a new one.
    async fn load_or_ask(&self, refused: Option<&Token>) -> Result<Arc<Token>, SourceError> {
        let kept = self.kept().await?;
        if let Ok(token) = &kept
            && token.is_good(self.now())
            && refused.is_none_or(|refused| !refused.is(token))
        {
            return Ok(self.set(token.clone()));
        }
        let asked = match self.settings.grant {
            Grant::ClientCredentials => {
                self.ask(Ask::ClientCredentials)
                    .await
                    .map_err(|refusal| match refusal {
                        Refusal::Other(error) => error,
                        Refusal::Grant(said) => SourceError {
                            kind: SourceTrouble::Unauthorized,
                            doing: self.doing(),
                            said,
                            hint: "check `client_id` and `client_secret`".to_owned(),
                        },
                    })?
            }
            Grant::AuthorizationCode => {
                let old = match kept {
                    Ok(old) => old,
                    Err(need) if need.why == NOBODY && need.since.is_none() => {
                        return Err(self.give_up(need.why).await?);
                    }
                    Err(need) => return Err(self.needs_authorization(&need.why)),
                };
                let Some(refresh) = &old.refresh else {
                    return Err(self.give_up(WITHOUT_REFRESH.to_owned()).await?);
                };
                let asked = self.ask(Ask::Refresh(refresh)).await;
                match asked {
                    Ok(mut token) => {
                        // One that is not replaced stays good.
                        token.refresh = token.refresh.or(old.refresh);
                        token
                    }
                    Err(Refusal::Other(error)) => return Err(error),
                    Err(Refusal::Grant(said)) => {
                        let why = format!("the application does not renew its token any more ({said})");
                        return Err(self.give_up(why).await?);
                    }
                }
            }
        };
        self.keep(asked).await
    }

    pub(super) async fn ask(&self, how: Ask<'_>) -> Result<Token, Refusal> {
        ask(&self.client, &self.settings, self.vault.as_ref(), how).await
    }

    /// Keeps a token that somebody's agreement gave, when no renewal is under way that could replace it.
    pub(super) async fn adopt(&self, token: Token) -> Result<(), SourceError> {
        let turn = self.turn().await?;
        let result = self.keep(token).await;
        turn.end().await;
        result.map(drop)
    }

    async fn turn(&self) -> Result<Box<dyn Turn>, SourceError> {
        let turn = self.vault.turn(&self.settings.secret_name()).await;
        turn.map_err(|error| self.vault_trouble(&error))
    }

    /// Keeps a new token, here and in the vault.
    async fn keep(&self, token: Token) -> Result<Arc<Token>, SourceError> {
        let current = self.set(token.clone());
        self.write(What::Token(token)).await?;
        Ok(current)
    }

    /// Remembers that nothing but somebody's agreement will help, and says so.
    async fn give_up(&self, why: String) -> Result<SourceError, SourceError> {
        let error = self.needs_authorization(&why);
        tracing::info!(
            "the application `{}` needs authorization: {why}",
            self.settings.application
        );
        let since = Some(self.now());
        self.write(What::NeedsAuthorization(Need { why, since })).await?;
        Ok(error)
    }

    async fn write(&self, what: What) -> Result<(), SourceError> {
        let kept = Kept {
            settings: self.settings.fingerprint(),
            what,
        };
        let name = self.settings.secret_name();
        self.vault
            .put(&name, kept.write())
            .await
            .map_err(|error| self.vault_trouble(&error))
    }

    /// The token in the vault, or why somebody has to agree before there is one.
    async fn kept(&self) -> Result<Result<Token, Need>, SourceError> {
        let secret = match self.vault.get(&self.settings.secret_name()).await {
            Ok(secret) => secret,
            Err(SecretError::Missing { .. }) => return Ok(Err(Need::seen(NOBODY))),
            Err(error) => return Err(self.vault_trouble(&error)),
        };
        Ok(match Kept::read(&secret) {
            Some(kept) if kept.settings != self.settings.fingerprint() => {
                Err(Need::seen(match kept.what {
                    What::Token(_) => "its `authorization` was changed since somebody agreed",
                    // What was noted with other settings is no longer so, and nobody has agreed to these.
                    What::NeedsAuthorization(_) => NOBODY,
                }))
            }
            Some(Kept {
                what: What::Token(token),
                ..
            }) => Ok(token),
            Some(Kept {
                what: What::NeedsAuthorization(need),
                ..
            }) => Err(need),
            None => Err(Need::seen("what was kept of it cannot be read")),
        })
    }

    fn good(&self, refused: Option<&Token>) -> Option<Arc<Token>> {
        let current = self
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()?;
        let fits = current.is_good(self.now()) && refused.is_none_or(|refused| !refused.is(&current));
        fits.then_some(current)
    }

    fn set(&self, token: Token) -> Arc<Token> {
        let token = Arc::new(token);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&token));
        token
    }

    fn needs_authorization(&self, why: &str) -> SourceError {
        SourceError {
            kind: SourceTrouble::NeedsAuthorization,
            doing: self.doing(),
            said: format!("it needs authorization: {why}"),
            hint: format!("run `{}`", self.command()),
        }
    }

    fn vault_trouble(&self, error: &SecretError) -> SourceError {
        SourceError {
            kind: SourceTrouble::Unauthorized,
            doing: self.doing(),
            said: error.to_string(),
            hint: "check the vault's key and file".to_owned(),
        }
    }

    pub(super) fn doing(&self) -> String {
        format!("authorizing the application `{}`", self.settings.application)
    }

    /// What lets somebody agree.
    pub(super) fn command(&self) -> String {
        format!("tenure authorize {}", self.settings.application)
    }

    fn now(&self) -> Timestamp {
        (self.settings.environment.now)()
    }
}

const NOBODY: &str = "nobody has agreed yet";
const WITHOUT_REFRESH: &str =
    "its token is no longer good, and the application gave nothing to renew it with";
