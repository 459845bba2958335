//! Somebody with a browser: follows redirects, keeps cookies, fills in the forms of the sign-in pages.

use std::sync::Mutex;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, Response};
use url::Url;

use crate::http::{Trust, tls_config};

/// More steps than signing in can take.
const STEPS: usize = 20;

pub(super) struct Browser {
    client: Client,
    /// Path, name and value.
    cookies: Mutex<Vec<(String, String, String)>>,
}

impl Browser {
    pub(super) fn new() -> Self {
        let client = Client::builder()
            .tls_backend_preconfigured(tls_config(&Trust::Machine).unwrap())
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self {
            client,
            cookies: Mutex::default(),
        }
    }

    /// Signs in and agrees, and gives the address that the browser is sent to at the end, without opening it.
    pub(super) async fn sign_in(&self, page: &Url, end: &str) -> Url {
        let mut answer = self.open(Method::GET, page, None).await;
        for _ in 0..STEPS {
            let here = answer.url().clone();
            if let Some(to) = answer.headers().get(LOCATION) {
                let to = here.join(to.to_str().unwrap()).unwrap();
                if to.as_str().starts_with(end) {
                    return to;
                }
                answer = self.open(Method::GET, &to, None).await;
                continue;
            }
            let status = answer.status();
            let page = answer.text().await.unwrap();
            assert!(status.is_success(), "{status} at {here}: {page}");
            let action = here.join(after(&page, "action=\"")).unwrap();
            let prompt = after(&page, "name=\"prompt\" value=\"");
            let form = format!("prompt={prompt}&login=ada&password=secret");
            answer = self.open(Method::POST, &action, Some(form)).await;
        }
        panic!("signing in does not come to an end")
    }

    /// What an address answers in JSON.
    pub(super) async fn json(&self, method: &str, url: &str) -> serde_json::Value {
        let answer = self
            .open(method.parse().unwrap(), &url.parse().unwrap(), None)
            .await;
        answer.json().await.unwrap()
    }

    /// The status and text that an address answers.
    pub(super) async fn look(&self, url: &Url) -> (u16, String) {
        let answer = self.open(Method::GET, url, None).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn open(&self, method: Method, url: &Url, form: Option<String>) -> Response {
        let cookies: Vec<_> = self
            .cookies
            .lock()
            .unwrap()
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
        let answer = request.send().await.unwrap();
        let mut cookies = self.cookies.lock().unwrap();
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            let path = cookie.split("; path=").nth(1).unwrap().split(';').next().unwrap();
            cookies.retain(|(of, other, _)| (of.as_str(), other.as_str()) != (path, name));
            if !value.is_empty() {
                cookies.push((path.to_owned(), name.to_owned(), value.to_owned()));
            }
        }
        drop(cookies);
        answer
    }
}

/// What follows a mark, up to the next quote.
fn after<'t>(page: &'t str, mark: &str) -> &'t str {
    let rest = page
        .split_once(mark)
        .unwrap_or_else(|| panic!("no {mark} in {page}"))
        .1;
    rest.split('"').next().unwrap()
}
