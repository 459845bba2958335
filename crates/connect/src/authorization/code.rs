//! The authorization code grant (RFC 6749, section 4.1, with PKCE, RFC 7636): somebody signs in with a browser and
//! agrees, and the code that comes of it is exchanged for a token.

use std::fmt;
use std::sync::Arc;

use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, CsrfToken, PkceCodeChallenge, RedirectUrl};
use tenure_core::document::{Grant, Scalar};
use tenure_core::expression::Format;
use tenure_core::seams::{SourceError, SourceTrouble};
use tenure_core::secret::Secret;
use url::Url;

use super::exchange::{Ask, Refusal};
use super::tokens::Tokens;
use crate::http::excerpt;

/// How much of what the other side says is shown, in characters.
const SHOWN: usize = 300;

/// An agreement that is being waited for.
pub struct Authorizing {
    tokens: Arc<Tokens>,
    url: Url,
    redirect: RedirectUrl,
    state: Secret,
    verifier: Option<Secret>,
}

impl fmt::Debug for Authorizing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorizing")
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

/// What the browser brings back.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    code: Option<Secret>,
    state: Option<Secret>,
    /// `error` and `error_description`.
    refused: Option<String>,
}

impl Answer {
    /// Reads the query of the address that the browser was sent to.
    pub fn read(url: &Url) -> Self {
        let mut answer = Self::default();
        let (mut error, mut description) = (None, None);
        for (name, value) in url.query_pairs() {
            let value = value.into_owned();
            match name.as_ref() {
                "code" => answer.code = Some(Secret::new(value)),
                "state" => answer.state = Some(Secret::new(value)),
                "error" => error = Some(value),
                "error_description" => description = Some(value),
                _ => {}
            }
        }
        answer.refused = error.map(|error| {
            let all = [Some(error), description].into_iter().flatten();
            excerpt(all.collect::<Vec<_>>().join(": ").as_bytes(), SHOWN)
        });
        answer
    }
}

impl Tokens {
    /// Begins to ask for somebody's agreement; the browser comes back to the document's `redirect_url`.
    ///
    /// # Errors
    /// Settings that cannot be followed, and a grant that nobody has to agree to.
    pub async fn begin(self: &Arc<Self>) -> Result<Authorizing, SourceError> {
        self.begin_at(self.settings.redirect_url()?).await
    }

    /// The same with a browser that comes back to another address, which has to be registered with the vendor too.
    ///
    /// # Errors
    /// As of [`Tokens::begin`].
    pub async fn begin_for(self: &Arc<Self>, redirect: Url) -> Result<Authorizing, SourceError> {
        self.begin_at(RedirectUrl::from_url(redirect)).await
    }

    async fn begin_at(self: &Arc<Self>, redirect: RedirectUrl) -> Result<Authorizing, SourceError> {
        let settings = &self.settings;
        let document = &settings.document;
        if settings.grant != Grant::AuthorizationCode {
            return Err(SourceError {
                kind: SourceTrouble::Refused,
                doing: self.doing(),
                said: "nobody has to agree with `grant: client_credentials`".to_owned(),
                hint: "its token is fetched when it is needed".to_owned(),
            });
        }
        let page = AuthUrl::new(document.authorization_url.clone().unwrap_or_default())
            .map_err(|error| settings.wrong("authorization_url", &error))?;
        let client_id = settings.client_id(self.vault.as_ref()).await?;
        let client = BasicClient::new(client_id)
            .set_auth_uri(page)
            .set_redirect_uri(redirect.clone());
        let mut request = client
            .authorize_url(CsrfToken::new_random)
            .add_scopes(settings.scopes());
        let mut verifier = None;
        if document.pkce() {
            let (challenge, kept) = PkceCodeChallenge::new_random_sha256();
            request = request.set_pkce_challenge(challenge);
            verifier = Some(Secret::new(kept.secret().clone()));
        }
        for (name, Scalar(source)) in &document.authorization_parameters {
            let field = format!("authorization_parameters.{name}");
            if Format::parse(source).is_ok_and(|format| format.uses_secret()) {
                return Err(SourceError {
                    kind: SourceTrouble::Refused,
                    doing: self.doing(),
                    said: format!("`{field}` has a secret in it, which would be seen in the browser"),
                    hint: "leave it out, or put it into `token_parameters`".to_owned(),
                });
            }
            let value = settings.text(&field, source, self.vault.as_ref()).await?;
            request = request.add_extra_param(name.clone(), value.expose().to_owned());
        }
        let (url, state) = request.url();
        Ok(Authorizing {
            tokens: Arc::clone(self),
            url,
            redirect,
            state: Secret::new(state.secret().clone()),
            verifier,
        })
    }
}

impl Authorizing {
    /// The page to open in a browser.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Where the browser is sent afterwards.
    pub fn redirect_url(&self) -> &Url {
        self.redirect.url()
    }

    /// Whether an answer is one to this request and to no other.
    pub fn is_answered_by(&self, answer: &Answer) -> bool {
        let theirs = answer.state.as_ref().map_or("", Secret::expose);
        self.state.is(theirs)
    }

    /// Exchanges the code for a token, and keeps that.
    ///
    /// # Errors
    /// An answer to another request, a refusal, or a code that is not accepted.
    pub async fn finish(&self, answer: &Answer) -> Result<(), NotAuthorized> {
        if !self.is_answered_by(answer) {
            return Err(NotAuthorized::Foreign);
        }
        if let Some(said) = &answer.refused {
            return Err(NotAuthorized::Refused(said.clone()));
        }
        let code = answer.code.as_ref().ok_or(NotAuthorized::NoCode)?;
        let ask = Ask::Code {
            code,
            verifier: self.verifier.as_ref(),
            redirect: &self.redirect,
        };
        let tokens = &self.tokens;
        let place = tokens.at_ease().await?;
        let token = tokens.ask(ask).await.map_err(|refusal| match refusal {
            Refusal::Other(error) => NotAuthorized::Failed(error),
            Refusal::Grant(said) => NotAuthorized::NotAccepted(said),
        })?;
        drop(place);
        Ok(tokens.adopt(token).await?)
    }

    /// Why it did not come about, for whoever began it with `tenure authorize`.
    pub fn in_words(&self, why: NotAuthorized) -> SourceError {
        let command = self.tokens.command();
        let (said, hint) = match why {
            NotAuthorized::Failed(error) => return error,
            NotAuthorized::Foreign => (
                why.to_string(),
                format!("run `{command}` again, and open the new address"),
            ),
            NotAuthorized::Refused(_) => (
                why.to_string(),
                format!("when that was a mistake, run `{command}` again"),
            ),
            NotAuthorized::NoCode => (why.to_string(), NO_CODE.to_owned()),
            NotAuthorized::NotAccepted(_) => (
                why.to_string(),
                format!("run `{command}` again, and agree within a few minutes"),
            ),
        };
        SourceError {
            kind: SourceTrouble::Refused,
            doing: self.tokens.doing(),
            said,
            hint,
        }
    }
}

/// What can be done about an answer without a code.
const NO_CODE: &str = "check that `authorization_url` is the vendor's page for authorization codes";

/// Why an agreement did not come about.
#[derive(Debug, thiserror::Error)]
pub enum NotAuthorized {
    /// The answer has another state.
    #[error("what the browser brought is no answer to this request (`state`)")]
    Foreign,
    /// Somebody, or the vendor, refused. `error` and `error_description`.
    #[error("it was refused: {0}")]
    Refused(String),
    /// There is neither a code nor a refusal.
    #[error("what the browser brought has no code in it")]
    NoCode,
    /// The vendor did not exchange the code. What it said.
    #[error("the code was not accepted: {0}")]
    NotAccepted(String),
    /// Something else on the way to the token, or to the vault.
    #[error(transparent)]
    Failed(#[from] SourceError),
}
