//! How requests are authorized: what a document says about it, ready to be put into requests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tenure_core::document::{AddTo, Authorization, AuthorizationKind};
use tenure_core::expression::Format;
use tenure_core::seams::SourceError;
use tenure_core::secret::Secret;

use super::misconfigured;
use super::render::{Renderer, parse};
use crate::http::{HttpRequest, Masked};

/// What a request carries to be let in.
#[derive(Clone, Debug)]
pub(crate) enum Credentials {
    /// Nothing.
    None,
    /// A header field.
    Header { name: String, value: Format },
    /// A query parameter.
    Query { name: String, value: Format },
    /// User and password (RFC 7617).
    Basic { user: Format, password: Format },
    /// A token (RFC 6750).
    Bearer { token: Format },
}

impl Credentials {
    /// Reads what the document says.
    pub(crate) fn new(application: &str, document: &Authorization) -> Result<Self, SourceError> {
        let doing = format!("reading the authorization of the application `{application}`");
        let needed = |name: &str, value: &Option<String>| {
            value
                .clone()
                .filter(|value| !value.trim().is_empty())
                .ok_or_else(|| {
                    let said = format!("`{name}` is not there");
                    misconfigured(&doing, said, format!("add `{name}` to `authorization`"))
                })
        };
        let format = |name: &str, value: &Option<String>| {
            needed(name, value).and_then(|source| parse(&source, || format!("{doing}: `{name}`")))
        };
        Ok(match document.kind {
            // Tokens change while pages are fetched; they are put in when a request leaves.
            AuthorizationKind::None | AuthorizationKind::Oauth2 => Self::None,
            AuthorizationKind::ApiKey => {
                let (name, value) = (needed("key", &document.key)?, format("value", &document.value)?);
                match document.add_to {
                    AddTo::Header => Self::Header { name, value },
                    AddTo::Query => Self::Query { name, value },
                }
            }
            AuthorizationKind::Basic => Self::Basic {
                user: format("user", &document.user)?,
                password: format("password", &document.password)?,
            },
            AuthorizationKind::Bearer => Self::Bearer {
                token: format("value", &document.value)?,
            },
        })
    }

    /// Puts them into a request. They are masked whatever they are made of.
    pub(crate) async fn add(
        &self,
        renderer: &mut Renderer<'_>,
        request: &mut HttpRequest,
    ) -> Result<(), SourceError> {
        match self {
            Self::None => {}
            Self::Header { name, value } => {
                let value = Secret::new(one(renderer, value).await?);
                request.secrets.push(value.clone());
                set_header(request, name, value.into());
            }
            Self::Query { name, value } => {
                let value = Secret::new(one(renderer, value).await?);
                request.secrets.push(value.clone());
                request.query.retain(|(other, _)| other != name);
                request.query.push((name.clone(), value.into()));
            }
            Self::Basic { user, password } => {
                let (user, password) = (one(renderer, user).await?, one(renderer, password).await?);
                if user.contains(':') {
                    let said = "the user has a colon in it, which basic authorization cannot send (RFC 7617)";
                    return Err(misconfigured(
                        renderer.doing(),
                        said,
                        "use another user or kind of authorization",
                    ));
                }
                let encoded = BASE64.encode(format!("{user}:{password}"));
                request
                    .secrets
                    .extend([Secret::new(password), Secret::new(encoded.clone())]);
                set_header(request, "Authorization", scheme("Basic", &encoded));
            }
            Self::Bearer { token } => {
                let token = one(renderer, token).await?;
                set_header(request, "Authorization", scheme("Bearer", &token));
                request.secrets.push(Secret::new(token));
            }
        }
        Ok(())
    }
}

/// The one value of a format. Space around it is left out: it comes from copying.
async fn one(renderer: &mut Renderer<'_>, format: &Format) -> Result<String, SourceError> {
    let values = renderer.values(format, "`authorization`").await?;
    match values.as_slice() {
        [only] if !only.expose().trim().is_empty() => Ok(only.expose().trim().to_owned()),
        _ => {
            let said = format!("`authorization` needs one value, and has {}", values.len());
            Err(misconfigured(
                renderer.doing(),
                said,
                "set the secret that is named there, with a value",
            ))
        }
    }
}

fn scheme(name: &str, credentials: &str) -> Masked {
    Masked::Secret {
        sent: Secret::new(format!("{name} {credentials}")),
        shown: format!("{name} …"),
    }
}

/// Sets a header field, whose name is the same in any case.
pub(crate) fn set_header(request: &mut HttpRequest, name: &str, value: Masked) {
    request
        .headers
        .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    request.headers.push((name.to_owned(), value));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let document = Authorization {
            kind: AuthorizationKind::Bearer,
            ..Authorization::default()
        };
        let error = Credentials::new("Crew", &document).unwrap_err();
        assert_eq!(
            (error.to_string().as_str(), error.hint.as_str()),
            (
                "reading the authorization of the application `Crew`: `value` is not there",
                "add `value` to `authorization`"
            )
        );
    }
}
