//! A simulator with a client that has its key.

use std::collections::BTreeSet;

use reqwest::{Client, Method, Response, StatusCode};
use serde_json::Value;
use tenure_sim::{JumpCloud, JumpCloudOptions, Population, population::Person};

pub const KEY: &str = "the-key";

pub struct Caller {
    pub sim: JumpCloud,
    pub client: Client,
}

/// What a simulator is made of when a test says nothing else.
pub fn options(population: Population) -> JumpCloudOptions {
    JumpCloudOptions::new(population, KEY)
}

pub fn client() -> Client {
    // Another test of the same process may have been first.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::new()
}

impl Caller {
    pub async fn among(people: usize) -> Self {
        Self::of(options(Population::generate(people, 1))).await
    }

    pub async fn of(options: JumpCloudOptions) -> Self {
        Self {
            sim: JumpCloud::start(options).await.unwrap(),
            client: client(),
        }
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> reqwest::Result<Response> {
        let request = self
            .client
            .request(method, format!("{}{path}", self.sim.url()))
            .header("x-api-key", KEY);
        match body {
            Some(body) => request.json(body).send().await,
            None => request.send().await,
        }
    }

    /// The status and the body as JSON.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let answer = self.send(method, path, body).await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// The body of an answer that must be a success.
    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// As [`Caller::get`], with a body posted.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, body) = self.call(Method::POST, path, Some(&body)).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// The ids of all pages of a hundred, as long as `totalCount` promises more.
    pub async fn page_through(&self, parameters: &str) -> Vec<String> {
        let mut ids = Vec::new();
        let mut skip = 0;
        loop {
            let page = self
                .get(&format!("/api/systemusers?limit=100&skip={skip}&{parameters}"))
                .await;
            ids.extend(ids_of(&page));
            skip += 100;
            if skip >= page["totalCount"].as_u64().unwrap() {
                return ids;
            }
        }
    }

    /// Everybody's id, from the population itself.
    pub fn everybody(&self) -> Vec<String> {
        self.sim
            .population(|people| people.people().map(Person::id).collect())
    }
}

pub fn rows(page: &Value) -> &[Value] {
    page["results"].as_array().unwrap()
}

pub fn ids_of(page: &Value) -> Vec<String> {
    texts(page, "_id")
}

/// One field of every row, which must be there.
pub fn texts(page: &Value, field: &str) -> Vec<String> {
    rows(page)
        .iter()
        .map(|row| row[field].as_str().unwrap().to_owned())
        .collect()
}

pub fn distinct<T: Ord + Clone>(all: &[T]) -> BTreeSet<T> {
    all.iter().cloned().collect()
}
