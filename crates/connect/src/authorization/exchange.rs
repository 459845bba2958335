//! Asking for a token. What is said is the `oauth2` crate's business; it goes out and comes in by our own client,
//! within its bounds.

use std::borrow::Cow;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType, BasicTokenResponse};
use oauth2::{
    AsyncHttpClient, AuthorizationCode, HttpRequest as Asked, HttpResponse as Answered, PkceCodeVerifier,
    RedirectUrl, RefreshToken, RequestTokenError, TokenResponse as _,
};
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Map, Value as Json};
use tenure_core::seams::{Secrets, SourceError, SourceTrouble};
use tenure_core::secret::Secret;

use super::settings::{Prepared, Settings};
use super::token::{Life, Token};
use crate::http::{
    HttpAnswer, HttpBody, HttpClient, HttpError, HttpFailure, HttpRequest, Masked, Method, Repeatable, said,
};

/// How much of what the other side says is shown, in characters.
const SHOWN: usize = 600;

/// What a token is asked for with.
pub(super) enum Ask<'a> {
    /// The client's own credentials.
    ClientCredentials,
    /// A refresh token.
    Refresh(&'a Secret),
    /// The code that somebody's agreement gave.
    Code {
        code: &'a Secret,
        verifier: Option<&'a Secret>,
        /// Where the browser brought it, as it was said when it was asked for.
        redirect: &'a RedirectUrl,
    },
}

/// Why there is no token.
#[derive(Debug)]
pub(super) enum Refusal {
    /// What it was asked for with is no longer good; asking again is useless. What the other side said.
    Grant(String),
    /// Anything else.
    Other(SourceError),
}

impl From<SourceError> for Refusal {
    fn from(error: SourceError) -> Self {
        Self::Other(error)
    }
}

type Failure = RequestTokenError<HttpFailure, BasicErrorResponse>;

/// Asks for a token.
pub(super) async fn ask(
    client: &HttpClient,
    settings: &Settings,
    vault: &dyn Secrets,
    ask: Ask<'_>,
) -> Result<Token, Refusal> {
    let mut prepared = settings.prepare(vault).await?;
    let repeatable = match &ask {
        // A code is good for one request only, and seeing it again is taken for theft.
        Ask::Code { .. } => Repeatable::No,
        _ if prepared.once => Repeatable::No,
        // When the answer to the first one was lost, the second cannot make it worse.
        Ask::ClientCredentials | Ask::Refresh(_) => Repeatable::Yes,
    };
    match &ask {
        Ask::ClientCredentials => {}
        Ask::Refresh(token) => prepared.secrets.push((*token).clone()),
        Ask::Code { code, verifier, .. } => {
            let both = [Some(*code), *verifier];
            prepared.secrets.extend(both.into_iter().flatten().cloned());
        }
    }
    let secrets = forms(&prepared.secrets);
    let parameters: Vec<_> = prepared
        .parameters
        .iter()
        .map(|(name, value)| (name.clone(), value.expose().to_owned()))
        .collect();
    let carrier = Carrier {
        client,
        prepared: &prepared,
        repeatable,
        secrets: &secrets,
    };
    let answer = match ask {
        Ask::ClientCredentials => {
            let mut request = prepared.client.exchange_client_credentials();
            request = request.add_scopes(prepared.scopes.iter().cloned());
            for (name, value) in parameters {
                request = request.add_extra_param(name, value);
            }
            request.request_async(&carrier).await
        }
        Ask::Refresh(token) => {
            let token = RefreshToken::new(token.expose().to_owned());
            let mut request = prepared.client.exchange_refresh_token(&token);
            for (name, value) in parameters {
                request = request.add_extra_param(name, value);
            }
            request.request_async(&carrier).await
        }
        Ask::Code {
            code,
            verifier,
            redirect,
        } => {
            let code = AuthorizationCode::new(code.expose().to_owned());
            let mut request = prepared.client.exchange_code(code);
            request = request.set_redirect_uri(Cow::Borrowed(redirect));
            if let Some(verifier) = verifier {
                request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier.expose().to_owned()));
            }
            for (name, value) in parameters {
                request = request.add_extra_param(name, value);
            }
            request.request_async(&carrier).await
        }
    };
    let now = (settings.environment.now)();
    match answer {
        Ok(answer) => token(&answer, now).ok_or_else(|| unreadable(settings).into()),
        Err(failure) => Err(refusal(failure, settings)),
    }
}

/// The token in an answer; none when it is empty.
fn token(answer: &BasicTokenResponse, now: Timestamp) -> Option<Token> {
    let secret = |text: &String| Some(Secret::new(text.clone())).filter(|text| !text.expose().is_empty());
    Some(Token {
        access: secret(answer.access_token().secret())?,
        refresh: answer.refresh_token().and_then(|token| secret(token.secret())),
        life: answer.expires_in().map(|life| Life::begins(now, life.as_secs())),
    })
}

/// The secrets as they are, and as a form writes them.
fn forms(secrets: &[Secret]) -> Vec<Secret> {
    let form = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    secrets
        .iter()
        .flat_map(|secret| [secret.clone(), Secret::new(form(secret.expose()))])
        .collect()
}

/// Takes the library's requests to the other side.
struct Carrier<'a> {
    client: &'a HttpClient,
    prepared: &'a Prepared,
    repeatable: Repeatable,
    secrets: &'a [Secret],
}

impl<'c> AsyncHttpClient<'c> for Carrier<'_> {
    type Error = HttpFailure;
    type Future = BoxFuture<'c, Result<Answered, HttpFailure>>;

    fn call(&'c self, asked: Asked) -> Self::Future {
        Box::pin(self.carry(asked))
    }
}

impl Carrier<'_> {
    async fn carry(&self, asked: Asked) -> Result<Answered, HttpFailure> {
        let request = self.request(asked);
        let answer = self.client.exchange(&request).await?;
        fitted(&request, &answer)
    }

    fn request(&self, asked: Asked) -> HttpRequest {
        let (parts, body) = asked.into_parts();
        let mut request = HttpRequest::new(Method::POST, self.prepared.url.clone(), self.repeatable);
        request.secrets = self.secrets.to_vec();
        let mut content_type = String::new();
        for (name, value) in &parts.headers {
            let value = value.to_str().unwrap_or_default();
            if name == CONTENT_TYPE {
                value.clone_into(&mut content_type);
                continue;
            }
            let value = match value.split_once(' ') {
                Some((scheme, credentials)) if name == reqwest::header::AUTHORIZATION => {
                    request.secrets.push(Secret::new(credentials.to_owned()));
                    Masked::Secret {
                        sent: Secret::new(value.to_owned()),
                        shown: format!("{scheme} …"),
                    }
                }
                _ => Masked::from(value),
            };
            request.headers.push((name.as_str().to_owned(), value));
        }
        for (name, value) in &self.prepared.headers {
            request
                .headers
                .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
            request.headers.push((name.clone(), value.clone()));
        }
        // A form is ASCII.
        let body = Secret::new(String::from_utf8(body).unwrap_or_default());
        request.body = Some(HttpBody {
            content_type,
            text: body.into(),
        });
        request
    }
}

/// An answer as the library takes it: it insists on status 200 for a token, on a `token_type` and on numbers for
/// numbers, which is more than some vendors do. An error that is not one of OAuth's ends here.
fn fitted(request: &HttpRequest, answer: &HttpAnswer) -> Result<Answered, HttpFailure> {
    let body: Option<Map<String, Json>> = serde_json::from_slice(&answer.body).ok();
    let is_error = |body: &Map<String, Json>| {
        body.get("error").is_some_and(Json::is_string) && !body.contains_key("access_token")
    };
    let success = answer.status.is_success();
    let Some(mut body) = body.filter(|body| success || is_error(body)) else {
        // A success that is no JSON may have a token in it.
        let said = if success {
            "the answer is no JSON object".to_owned()
        } else {
            said(&answer.body, SHOWN, &request.secrets)
        };
        return Err(HttpFailure {
            request: request.to_string(),
            tries: 1,
            error: HttpError::Status {
                status: answer.status,
                said,
            },
        });
    };
    let status = if success && !is_error(&body) {
        StatusCode::OK
    } else {
        StatusCode::BAD_REQUEST
    };
    // What is said of an error is shown, and may repeat what was sent.
    for field in ["error", "error_description", "error_uri"] {
        if let Some(Json::String(text)) = body.get_mut(field) {
            *text = said(text.as_bytes(), SHOWN, &request.secrets);
        }
    }
    let seconds = match body.get("expires_in") {
        Some(Json::String(text)) => text.trim().parse::<u64>().ok(),
        Some(Json::Number(number)) => number.as_u64(),
        _ => None,
    };
    match seconds {
        Some(seconds) => body.insert("expires_in".to_owned(), seconds.into()),
        None => body.remove("expires_in"),
    };
    if !body.get("token_type").is_some_and(Json::is_string) {
        body.insert("token_type".to_owned(), "bearer".into());
    }
    // What was granted is not looked at, and some write it as a list.
    body.remove("scope");
    let mut answered = Answered::new(Json::Object(body).to_string().into_bytes());
    *answered.status_mut() = status;
    Ok(answered)
}

fn doing(settings: &Settings) -> String {
    format!(
        "asking for a token for the application `{}`",
        settings.application
    )
}

fn unreadable(settings: &Settings) -> SourceError {
    SourceError {
        kind: SourceTrouble::Malformed,
        doing: doing(settings),
        said: "the answer has no token in it (RFC 6749, section 5.1)".to_owned(),
        hint: "check that `token_url` is the address for tokens".to_owned(),
    }
}

/// The library's own texts are not used where they may repeat what came.
fn refusal(failure: Failure, settings: &Settings) -> Refusal {
    let refused = match failure {
        RequestTokenError::ServerResponse(refused) => refused,
        RequestTokenError::Request(failure) => {
            let doing = format!("{} ({})", doing(settings), failure.request);
            return Refusal::Other(SourceError {
                doing,
                ..failure.into()
            });
        }
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => return unreadable(settings).into(),
    };
    let text = refused.to_string();
    let (kind, hint) = match refused.error() {
        BasicErrorResponseType::InvalidGrant => return Refusal::Grant(text),
        BasicErrorResponseType::Extension(error)
            if matches!(
                error.as_str(),
                "interaction_required" | "login_required" | "consent_required" | "invalid_token"
            ) =>
        {
            return Refusal::Grant(text);
        }
        BasicErrorResponseType::InvalidClient | BasicErrorResponseType::UnauthorizedClient => (
            SourceTrouble::Unauthorized,
            match &settings.document.certificate {
                None => {
                    "check `client_id`, `client_secret`, and with the vendor whether `client_authentication` is \
                     `header` or `body`"
                }
                Some(_) => {
                    "check `client_id`, that the vendor has this certificate and it is not past its end, and that the \
                     clock of this machine is right"
                }
            },
        ),
        BasicErrorResponseType::InvalidScope => (
            SourceTrouble::Refused,
            "check `scope`, and what the client is allowed at the vendor",
        ),
        _ => (
            SourceTrouble::Refused,
            "compare `authorization` with the vendor's documentation",
        ),
    };
    Refusal::Other(SourceError {
        kind,
        doing: doing(settings),
        said: text,
        hint: hint.to_owned(),
    })
}
