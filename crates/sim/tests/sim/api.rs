//! Calling any of the vendors.

use reqwest::{
    Client, Method, StatusCode,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use serde_json::Value;

/// A client with the headers that let it in.
pub struct Api {
    url: String,
    pub client: Client,
    headers: HeaderMap,
}

/// What came back.
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The body, where the status is the expected one.
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        if self.text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.text).unwrap_or_else(|_| self.text.clone().into())
    }
}

impl Api {
    pub fn new(url: String) -> Self {
        // Another test of the same process may have been first.
        drop(rustls::crypto::ring::default_provider().install_default());
        Self {
            url,
            client: Client::builder().redirect(Policy::none()).build().unwrap(),
            headers: HeaderMap::new(),
        }
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        );
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// Sends to a path, or to a whole address.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        let address = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.url)
        };
        let mut request = self.client.request(method, address).headers(self.headers.clone());
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        Reply {
            status: answer.status(),
            headers: answer.headers().clone(),
            text: answer.text().await.unwrap(),
        }
    }

    /// Posts a form.
    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let request = self
            .client
            .post(format!("{}{path}", self.url))
            .headers(self.headers.clone());
        let answer = request.form(fields).send().await.unwrap();
        Reply {
            status: answer.status(),
            headers: answer.headers().clone(),
            text: answer.text().await.unwrap(),
        }
    }

    pub async fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, None).await.expect(200)
    }

    pub async fn status(&self, path: &str) -> u16 {
        self.send(Method::GET, path, None).await.status.as_u16()
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, Some(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, path, Some(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }
}

/// What a code in an address the browser is sent to is.
pub fn code_of(reply: &Reply) -> String {
    let address = reply.header("location").unwrap();
    let after = address.split_once("code=").unwrap().1;
    after.split('&').next().unwrap().to_owned()
}

pub fn list<'a>(body: &'a Value, name: &str) -> &'a [Value] {
    body[name]
        .as_array()
        .unwrap_or_else(|| panic!("no list {name} in {body}"))
}
