//! The authorization code grant (RFC 6749, section 4.1, with PKCE, RFC 7636): somebody signs in with a browser and
//! agrees, and the code that comes of it is exchanged for a token.

use std::fmt;
use std::sync::Arc;

use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, CsrfToken, PkceCodeChallenge};
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
    redirect: Url,
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
    /// Begins to ask for somebody's agreement.
    ///
    /// # Errors
    /// Settings that cannot be followed, and a grant that nobody has to agree to.
    pub async fn begin(self: &Arc<Self>) -> Result<Authorizing, SourceError> {
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
        let redirect = settings.redirect_url()?;
        let (redirect_url, client_id) = (
            redirect.url().clone(),
            settings.client_id(self.vault.as_ref()).await?,
        );
        let client = BasicClient::new(client_id)
            .set_auth_uri(page)
            .set_redirect_uri(redirect);
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
            redirect: redirect_url,
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
        &self.redirect
    }

    /// Whether an answer is one to this request and to no other.
    pub fn is_answered_by(&self, answer: &Answer) -> bool {
        let (ours, theirs) = (
            self.state.expose(),
            answer.state.as_ref().map_or("", Secret::expose),
        );
        let differences = ours
            .bytes()
            .zip(theirs.bytes())
            .fold(0, |all, (a, b)| all | (a ^ b));
        ours.len() == theirs.len() && differences == 0
    }

    /// Exchanges the code for a token, and keeps that.
    ///
    /// # Errors
    /// An answer to another request, a refusal, or a code that is not accepted.
    pub async fn finish(&self, answer: &Answer) -> Result<(), SourceError> {
        let tokens = &self.tokens;
        let refused = |said: String, hint: String| SourceError {
            kind: SourceTrouble::Refused,
            doing: tokens.doing(),
            said,
            hint,
        };
        if !self.is_answered_by(answer) {
            return Err(refused(
                "what the browser brought is no answer to this request (`state`)".to_owned(),
                format!("run `{}` again, and open the new address", tokens.command()),
            ));
        }
        if let Some(said) = &answer.refused {
            let hint = format!("when that was a mistake, run `{}` again", tokens.command());
            return Err(refused(format!("it was refused: {said}"), hint));
        }
        let Some(code) = &answer.code else {
            return Err(refused(
                "what the browser brought has no code in it".to_owned(),
                "check that `authorization_url` is the vendor's page for authorization codes".to_owned(),
            ));
        };
        let ask = Ask::Code {
            code,
            verifier: self.verifier.as_ref(),
        };
        let place = tokens.at_ease().await?;
        let token = tokens.ask(ask).await.map_err(|refusal| match refusal {
            Refusal::Other(error) => error,
            Refusal::Grant(said) => refused(
                format!("the code was not accepted: {said}"),
                format!("run `{}` again, and agree within a few minutes", tokens.command()),
            ),
        })?;
        drop(place);
        tokens.adopt(token).await
    }
}
