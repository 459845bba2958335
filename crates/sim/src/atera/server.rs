//! What all requests share, and how Atera refuses them.

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    middleware,
    response::{IntoResponse, Response},
};
use jiff::tz::Offset;
use serde_json::json;

use super::{answer::problem, contacts, custom, customers, record::covers};
use crate::{
    population::Population,
    stage::{
        Stage, Vendor, Wait,
        answer::{Refused, json_with},
        bearer::bearer,
        control,
        desk::{Locked, Registered},
        gate::gate,
        pace::Pace,
        register::Register,
        table::Table,
    },
};

/// The simulator's state.
pub(super) struct Shared {
    pub(super) stage: Stage,
    pub(super) desk: Locked<Desk>,
    pub(super) api_key: String,
    pub(super) token: String,
    pub(super) offset: Offset,
    pub(super) url: String,
}

/// Everything Atera knows.
pub(super) struct Desk {
    pub(super) register: Register,
    pub(super) customers: Table,
    pub(super) departments: Table,
}

impl Desk {
    pub(super) fn new(population: Population) -> Self {
        Self {
            register: Register::new(population, covers),
            customers: customers::first_customers(),
            departments: customers::first_departments(),
        }
    }
}

impl Registered for Shared {
    fn act<T>(&self, act: impl FnOnce(&mut Register) -> T) -> T {
        act(&mut self.desk.touch().register)
    }
}

impl Vendor for Shared {
    fn stage(&self) -> &Stage {
        &self.stage
    }

    fn enter(&self, request: &Request) -> Result<(), Refused> {
        let headers = request.headers();
        let by_key = headers
            .get("x-api-key")
            .is_some_and(|key| key == self.api_key.as_str());
        if by_key || bearer(headers) == Some(&self.token) {
            Ok(())
        } else {
            Err(self.unauthorized().into())
        }
    }

    /// Nothing at all, not even `WWW-Authenticate`.
    fn unauthorized(&self) -> Response {
        StatusCode::UNAUTHORIZED.into_response()
    }

    fn server_error(&self) -> Response {
        let detail = "An error occurred while processing your request.";
        problem(StatusCode::INTERNAL_SERVER_ERROR, detail).into_response()
    }

    fn too_many_requests(&self, wait: Wait) -> Response {
        let body = json!({ "Message": "API calls quota exceeded!" });
        let mut answer = json_with(StatusCode::TOO_MANY_REQUESTS, &body);
        let headers = answer.headers_mut();
        if let Some(seconds) = wait.seconds() {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        let limit = self.stage.pace.as_ref().map_or(0, Pace::requests);
        headers.insert("x-ratelimit-limit", limit.into());
        headers.insert("x-ratelimit-remaining", HeaderValue::from_static("0"));
        answer
    }
}

/// Everything there is to ask.
pub(super) fn router(shared: &Arc<Shared>) -> Router {
    let api = contacts::routes()
        .merge(customers::routes())
        .merge(custom::routes());
    Router::new()
        .nest("/api/v3", api)
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(middleware::from_fn_with_state(Arc::clone(shared), gate::<Shared>))
        .merge(control::routes())
        .with_state(Arc::clone(shared))
}
