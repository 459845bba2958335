//! Somebody with a browser: follows redirects, keeps cookies, fills in the forms of the sign-in pages.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, Response};
use rustls::{ClientConfig, RootCertStore};
use url::Url;

use crate::LabError;

/// More steps than signing in can take.
const STEPS: usize = 20;

/// A browser for the pages of an [`OidcProvider`](crate::OidcProvider), with cookies of its own. Plain HTTP only.
pub struct Browser {
    client: Client,
    /// Path, name and value.
    cookies: Mutex<Vec<(String, String, String)>>,
}

impl Browser {
    /// A browser that has been nowhere.
    pub fn new() -> Result<Self, LabError> {
        // It trusts nobody, but the library wants to know.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(wrong)?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(wrong)?;
        Ok(Self {
            client,
            cookies: Mutex::default(),
        })
    }

    /// Signs in and agrees, and gives the address that the browser is sent to at the end, without opening it.
    pub async fn sign_in(&self, page: &Url, end: &str) -> Result<Url, LabError> {
        self.follow(page, end, Consent::Given).await
    }

    /// Signs in and does not agree; otherwise as [`Browser::sign_in`].
    pub async fn refuse(&self, page: &Url, end: &str) -> Result<Url, LabError> {
        self.follow(page, end, Consent::Refused).await
    }

    async fn follow(&self, page: &Url, end: &str, consent: Consent) -> Result<Url, LabError> {
        let mut answer = self.open(Method::GET, page, None).await?;
        for _ in 0..STEPS {
            let here = answer.url().clone();
            if let Some(to) = answer.headers().get(LOCATION) {
                let to = here.join(to.to_str().map_err(wrong)?).map_err(wrong)?;
                if to.as_str().starts_with(end) {
                    return Ok(to);
                }
                answer = self.open(Method::GET, &to, None).await?;
                continue;
            }
            let status = answer.status();
            let page = answer.text().await.map_err(wrong)?;
            if !status.is_success() {
                return Err(wrong(format!("{status} at {here}: {page}")));
            }
            let action = here.join(after(&page, "action=\"")?).map_err(wrong)?;
            let prompt = after(&page, "name=\"prompt\" value=\"")?;
            if consent == Consent::Refused && prompt == "consent" {
                let cancel = format!("{}/abort", here.path());
                let cancel = here.join(&cancel).map_err(wrong)?;
                answer = self.open(Method::GET, &cancel, None).await?;
                continue;
            }
            let form = format!("prompt={prompt}&login=ada&password=secret");
            answer = self.open(Method::POST, &action, Some(form)).await?;
        }
        Err(wrong("signing in does not come to an end"))
    }

    /// The text that an address answers to a method.
    pub async fn ask(&self, method: &str, url: &str) -> Result<String, LabError> {
        let (method, url) = (method.parse().map_err(wrong)?, url.parse().map_err(wrong)?);
        let answer = self.open(method, &url, None).await?;
        answer.text().await.map_err(wrong)
    }

    /// The status and text that an address answers.
    pub async fn look(&self, url: &Url) -> Result<(u16, String), LabError> {
        let answer = self.open(Method::GET, url, None).await?;
        Ok((answer.status().as_u16(), answer.text().await.map_err(wrong)?))
    }

    async fn open(&self, method: Method, url: &Url, form: Option<String>) -> Result<Response, LabError> {
        let cookies: Vec<_> = self
            .cookies()
            .iter()
            .filter(|(path, ..)| url.path().starts_with(path))
            .map(|(_, name, value)| format!("{name}={value}"))
            .collect();
        let mut request = self.client.request(method, url.clone());
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        if let Some(form) = form {
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form);
        }
        let answer = request.send().await.map_err(wrong)?;
        let mut kept = self.cookies();
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let cookie = cookie.to_str().map_err(wrong)?;
            let mut parts = cookie.split("; ");
            let (name, value) = parts
                .next()
                .and_then(|part| part.split_once('='))
                .ok_or_else(|| wrong("a cookie without a value"))?;
            let path = parts.find_map(|part| part.strip_prefix("path=")).unwrap_or("/");
            kept.retain(|(of, other, _)| (of.as_str(), other.as_str()) != (path, name));
            if !value.is_empty() {
                kept.push((path.to_owned(), name.to_owned(), value.to_owned()));
            }
        }
        drop(kept);
        Ok(answer)
    }

    fn cookies(&self) -> MutexGuard<'_, Vec<(String, String, String)>> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether somebody agrees.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Consent {
    Given,
    Refused,
}

/// What follows a mark, up to the next quote.
fn after<'t>(page: &'t str, mark: &str) -> Result<&'t str, LabError> {
    let rest = page.split_once(mark).map(|(_, rest)| rest);
    rest.and_then(|rest| rest.split('"').next())
        .ok_or_else(|| wrong(format!("no {mark} in {page}")))
}

fn wrong(why: impl std::fmt::Display) -> LabError {
    LabError::Browser { why: why.to_string() }
}
