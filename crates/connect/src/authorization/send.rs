//! Requests with a token in them.

use std::sync::Arc;

use tenure_core::document::Grant;
use tenure_core::seams::SourceError;
use tenure_core::secret::Secret;

use super::token::Token;
use super::tokens::Tokens;
use crate::http::{HttpAnswer, HttpClient, HttpError, HttpFailure, HttpRequest, MASK, Masked};

impl Tokens {
    /// Sends a request with the token in it, and when that is refused (401) once more with a new one.
    pub(crate) async fn send(
        self: &Arc<Self>,
        client: &HttpClient,
        request: &mut HttpRequest,
    ) -> Result<HttpAnswer, SourceError> {
        let token = self.token().await?;
        self.put(request, &token);
        match client.send(request).await {
            Err(failure) if is_unauthorized(&failure) => {}
            other => return other.map_err(SourceError::from),
        }
        let token = self.renewed(Some(token)).await?;
        self.put(request, &token);
        client
            .send(request)
            .await
            .map_err(|failure| self.explained(failure))
    }

    /// A request that failed with a token that is as new as can be.
    pub(crate) fn explained(&self, failure: HttpFailure) -> SourceError {
        let refused = is_unauthorized(&failure);
        let mut error = SourceError::from(failure);
        if refused {
            error.hint = match self.settings.grant {
                Grant::AuthorizationCode => format!(
                    "a new token is not accepted either; check `scope`, or let somebody else agree with `{}`",
                    self.command()
                ),
                Grant::ClientCredentials => {
                    "a new token is not accepted either; check `scope`, and what the \
                                             client is allowed at the vendor"
                        .to_owned()
                }
            };
        }
        error
    }

    /// Sends a request with the token in it, as [`send`](Self::send) does, and gives the answer whatever its status.
    pub(crate) async fn exchange(
        self: &Arc<Self>,
        client: &HttpClient,
        request: &mut HttpRequest,
    ) -> Result<Result<HttpAnswer, HttpFailure>, SourceError> {
        let token = self.token().await?;
        self.put(request, &token);
        match client.exchange(request).await {
            Ok(answer) if answer.status.as_u16() == 401 => {}
            other => return Ok(other),
        }
        let token = self.renewed(Some(token)).await?;
        self.put(request, &token);
        Ok(client.exchange(request).await)
    }

    fn put(&self, request: &mut HttpRequest, token: &Token) {
        let prefix = self.settings.document.header_prefix();
        let access = token.access.expose();
        let (sent, shown) = match prefix {
            "" => (access.to_owned(), MASK.to_owned()),
            prefix => (format!("{prefix} {access}"), format!("{prefix} {MASK}")),
        };
        request
            .headers
            .retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
        request.headers.push((
            "Authorization".to_owned(),
            Masked::Secret {
                sent: Secret::new(sent),
                shown,
            },
        ));
        request.secrets.push(token.access.clone());
    }
}

fn is_unauthorized(failure: &HttpFailure) -> bool {
    matches!(&failure.error, HttpError::Status { status, .. } if status.as_u16() == 401)
}
