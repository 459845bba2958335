//! What all requests share, and how HaloITSM refuses them.

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    http::StatusCode,
    middleware,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{places, record::covers, token, users};
use crate::{
    population::Population,
    stage::{
        Stage, Vendor, Wait,
        answer::{Object, Refused, json_with},
        bearer::Tokens,
        control,
        desk::{Locked, Registered},
        gate::gate,
        login::Login,
        register::Register,
        table::Table,
    },
};

/// The simulator's state.
pub(super) struct Shared {
    pub(super) stage: Stage,
    pub(super) desk: Locked<Desk>,
    pub(super) tokens: Tokens,
    pub(super) login: Login,
    pub(super) tenant: Option<String>,
    pub(super) url: String,
}

/// Everything HaloITSM knows.
pub(super) struct Desk {
    pub(super) register: Register,
    pub(super) clients: Table,
    pub(super) sites: Table,
    pub(super) agents: Table,
}

impl Desk {
    pub(super) fn new(population: Population) -> Self {
        Self {
            register: Register::new(population, covers),
            clients: places::first_clients(),
            sites: places::first_sites(),
            agents: places::agents(),
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
        if self.tokens.admits(request.headers()) {
            Ok(())
        } else {
            Err(self.unauthorized().into())
        }
    }

    fn unauthorized(&self) -> Response {
        (StatusCode::UNAUTHORIZED, "Unauthorized").into_response()
    }

    fn server_error(&self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, "An error has occurred.").into_response()
    }

    /// Without `Retry-After`, but for a fault that asks for it.
    fn too_many_requests(&self, wait: Wait) -> Response {
        let mut answer = (StatusCode::TOO_MANY_REQUESTS, "Too many requests.").into_response();
        if let Wait::Fault(Some(seconds)) = wait {
            answer
                .headers_mut()
                .insert(axum::http::header::RETRY_AFTER, seconds.into());
        }
        answer
    }
}

pub(super) fn bad_request(description: &str) -> Refused {
    let body = json!({ "error": "bad_request", "error_description": description });
    json_with(StatusCode::BAD_REQUEST, &body).into()
}

pub(super) fn not_found() -> Refused {
    (StatusCode::NOT_FOUND, "The record was not found.")
        .into_response()
        .into()
}

/// Reads a body, which must be an array of objects.
pub(super) fn read(body: &[u8]) -> Result<Vec<Object>, Refused> {
    serde_json::from_slice(body)
        .map_err(|error| bad_request(&format!("The body must be an array of objects: {error}")))
}

/// Everything there is to ask.
pub(super) fn router(shared: &Arc<Shared>) -> Router {
    let api = users::routes().merge(places::routes());
    Router::new()
        .nest("/api", api)
        .fallback(async || not_found())
        .layer(middleware::from_fn_with_state(Arc::clone(shared), gate::<Shared>))
        .merge(token::routes())
        .merge(control::routes())
        .with_state(Arc::clone(shared))
}
