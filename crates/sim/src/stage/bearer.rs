//! Access tokens and how one gets them: OAuth's client credentials, codes and refresh tokens.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, StatusCode, header::AUTHORIZATION};

use serde_json::Value;

use super::{
    encoding::{base64_url, from_base64, hmac_sha256, sha256},
    parameters::Parameters,
};
use crate::population::mix;

/// How long a code can be turned into a token.
const CODE_LIFE: Duration = Duration::from_mins(5);

/// Hands out tokens to one client and knows which are good.
pub(crate) struct Tokens {
    client_id: String,
    client_secret: String,
    /// How long an access token is good, in seconds.
    pub(crate) life: u64,
    purse: Mutex<Purse>,
}

#[derive(Default)]
struct Purse {
    counter: u64,
    handed_out: u64,
    access: HashMap<String, Instant>,
    refresh: HashSet<String>,
    codes: HashMap<String, Code>,
}

/// What a code was asked for with.
struct Code {
    until: Instant,
    redirect_uri: String,
    /// The `code_challenge` of PKCE, by the method S256.
    challenge: Option<String>,
}

/// How a token was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    Client,
    Code,
    Refresh,
}

/// Why there is no token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Denied {
    pub(crate) status: StatusCode,
    pub(crate) error: &'static str,
    pub(crate) description: &'static str,
}

fn denied(error: &'static str, description: &'static str) -> Denied {
    let status = match error {
        "invalid_client" => StatusCode::UNAUTHORIZED,
        _ => StatusCode::BAD_REQUEST,
    };
    Denied {
        status,
        error,
        description,
    }
}

impl Tokens {
    pub(crate) fn new(client_id: String, client_secret: String, life: u64) -> Self {
        Self {
            client_id,
            client_secret,
            life,
            purse: Mutex::default(),
        }
    }

    fn purse(&self) -> MutexGuard<'_, Purse> {
        self.purse.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many access tokens were handed out so far.
    pub(crate) fn handed_out(&self) -> u64 {
        self.purse().handed_out
    }

    /// Makes every access token handed out so far worthless; refresh tokens stay good.
    pub(crate) fn expire(&self) {
        self.purse().access.clear();
    }

    /// A new access token.
    pub(crate) fn issue(&self) -> String {
        let until = Instant::now() + Duration::from_secs(self.life);
        let mut purse = self.purse();
        let token = purse.draw(6);
        purse.handed_out += 1;
        purse.access.insert(token.clone(), until);
        token
    }

    pub(crate) fn issue_refresh(&self) -> String {
        let mut purse = self.purse();
        let token = purse.draw(4);
        purse.refresh.insert(token.clone());
        token
    }

    /// A code for whoever signed in, to be turned into a token.
    pub(crate) fn issue_code(&self, redirect_uri: &str, challenge: Option<&str>) -> String {
        let mut purse = self.purse();
        let code = purse.draw(3);
        let asked = Code {
            until: Instant::now() + CODE_LIFE,
            redirect_uri: redirect_uri.to_owned(),
            challenge: challenge.map(str::to_owned),
        };
        purse.codes.insert(code.clone(), asked);
        code
    }

    /// Whether the request carries a good access token.
    pub(crate) fn admits(&self, headers: &HeaderMap) -> bool {
        let purse = self.purse();
        bearer(headers)
            .and_then(|token| purse.access.get(token))
            .is_some_and(|until| Instant::now() < *until)
    }

    pub(crate) fn is_client(&self, id: &str) -> bool {
        id == self.client_id
    }

    /// Checks a request for a token: who asks, and with what.
    pub(crate) fn examine(&self, headers: &HeaderMap, form: &Parameters) -> Result<Grant, Denied> {
        let (id, secret) = credentials(headers, form);
        let by_code = matches!(
            form.get("grant_type"),
            Some("authorization_code" | "refresh_token")
        );
        // A public client that uses PKCE has no secret to show.
        let public = by_code
            && secret.is_none()
            && (form.get("code_verifier").is_some() || form.get("code").is_none());
        if id.as_deref() != Some(&self.client_id)
            || (!public && secret.as_deref() != Some(&self.client_secret))
        {
            return Err(denied(
                "invalid_client",
                "The client is unknown or its secret is wrong.",
            ));
        }
        match form.get("grant_type") {
            Some("client_credentials") => Ok(Grant::Client),
            Some("authorization_code") => self.redeem(form).map(|()| Grant::Code),
            Some("refresh_token") => {
                let known = form
                    .get("refresh_token")
                    .is_some_and(|token| self.purse().refresh.contains(token));
                known
                    .then_some(Grant::Refresh)
                    .ok_or_else(|| denied("invalid_grant", "The refresh token is unknown."))
            }
            Some(_) => Err(denied("unsupported_grant_type", "There is no such grant.")),
            None => Err(denied("invalid_request", "grant_type is missing.")),
        }
    }

    /// Checks an assertion, which is a JSON Web Token signed with the client's secret that is good for ten minutes
    /// at most.
    pub(crate) fn examine_assertion(&self, form: &Parameters) -> Result<(), Denied> {
        let wrong = || {
            denied(
                "invalid_grant",
                "The assertion is wrong, too old or good for too long.",
            )
        };
        let assertion = form.get("assertion").ok_or_else(wrong)?;
        let (signed, signature) = assertion.rsplit_once('.').ok_or_else(wrong)?;
        let (header, claims) = signed.split_once('.').ok_or_else(wrong)?;
        let read = |part: &str| serde_json::from_slice::<Value>(&from_base64(part)?).ok();
        let (header, claims) = read(header).zip(read(claims)).ok_or_else(wrong)?;
        let key = self.client_secret.as_bytes();
        let is_signed = from_base64(signature) == Some(hmac_sha256(key, signed.as_bytes()));
        let left = claims["exp"]
            .as_i64()
            .map(|exp| exp - jiff::Timestamp::now().as_second());
        let is_fresh = left.is_some_and(|left| (0..=600).contains(&left));
        if header["alg"] == "HS256" && is_signed && is_fresh {
            Ok(())
        } else {
            Err(wrong())
        }
    }

    fn redeem(&self, form: &Parameters) -> Result<(), Denied> {
        let wrong = || denied("invalid_grant", "The code is unknown, used or too old.");
        let code = form.get("code").ok_or_else(wrong)?;
        let asked = self.purse().codes.remove(code).ok_or_else(wrong)?;
        if asked.until < Instant::now() {
            return Err(wrong());
        }
        if form.get("redirect_uri") != Some(&asked.redirect_uri) {
            return Err(denied(
                "invalid_grant",
                "redirect_uri is not the one the code was asked for with.",
            ));
        }
        let shown = form
            .get("code_verifier")
            .map(|verifier| base64_url(&sha256(verifier.as_bytes())));
        if asked.challenge.is_some() && asked.challenge != shown {
            return Err(denied(
                "invalid_grant",
                "code_verifier does not fit the code_challenge.",
            ));
        }
        Ok(())
    }
}

impl Purse {
    /// The next text nobody would guess who has not read this.
    fn draw(&mut self, parts: u64) -> String {
        self.counter += 1;
        let part = |nth| format!("{:016x}", mix(self.counter << 8 | nth));
        (0..parts).map(part).collect()
    }
}

/// The token of `Authorization: Bearer …`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// Client and secret, from `Authorization: Basic …` or the form.
fn credentials(headers: &HeaderMap, form: &Parameters) -> (Option<String>, Option<String>) {
    let basic = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
        .and_then(|coded| String::from_utf8(from_base64(coded)?).ok());
    match basic.as_deref().and_then(|pair| pair.split_once(':')) {
        Some((id, secret)) => (Some(id.to_owned()), Some(secret.to_owned())),
        None => (
            form.get("client_id").map(str::to_owned),
            form.get("client_secret").map(str::to_owned),
        ),
    }
}
