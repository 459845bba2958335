//! What all requests share, and how Remote refuses them.

use std::{sync::Arc, time::Instant};

use axum::{
    Router,
    extract::Request,
    http::{StatusCode, header::RETRY_AFTER},
    middleware,
    response::Response,
};
use serde_json::{Value, json};

use super::{Host, callbacks, custom, desk::Desk, employments, offboardings, scim, token, writes};
use crate::stage::{
    Stage, Vendor, Wait,
    answer::{Object, Refused, json_with},
    bearer::{Tokens, bearer},
    control,
    desk::{Locked, Registered},
    faults::Trouble,
    gate::gate,
    login::Login,
    page::{Page, cut},
    parameters::Parameters,
    register::Register,
};

/// The page size when none is asked for, and the largest one.
const USUAL_SIZE: usize = 20;
const MOST_SIZE: usize = 100;

/// The simulator's state.
pub(super) struct Shared {
    pub(super) stage: Stage,
    pub(super) desk: Locked<Desk>,
    pub(super) tokens: Tokens,
    pub(super) token: String,
    pub(super) host: Host,
    pub(super) login: Login,
}

impl Registered for Shared {
    fn act<T>(&self, act: impl FnOnce(&mut Register) -> T) -> T {
        self.desk.touch().act(act)
    }
}

impl Vendor for Shared {
    fn stage(&self) -> &Stage {
        &self.stage
    }

    fn enter(&self, request: &Request) -> Result<(), Refused> {
        let headers = request.headers();
        let foreign = match self.host {
            Host::Production => "ra_test_",
            Host::Sandbox => "ra_live_",
        };
        let by_token =
            bearer(headers).is_some_and(|token| token == self.token && !token.starts_with(foreign));
        if by_token || self.tokens.admits(headers) {
            Ok(())
        } else {
            Err(self.unauthorized().into())
        }
    }

    fn unauthorized(&self) -> Response {
        said(StatusCode::UNAUTHORIZED, "Unauthorized")
    }

    fn server_error(&self) -> Response {
        said(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong")
    }

    /// Without `Retry-After`, but for a fault that asks for it.
    fn too_many_requests(&self, wait: Wait) -> Response {
        let mut answer = said(StatusCode::TOO_MANY_REQUESTS, "Too many requests");
        if let Wait::Fault(Some(seconds)) = wait {
            answer.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        answer
    }

    fn leave(&self, answer: &mut Response) {
        let Some(pace) = &self.stage.pace else { return };
        let (used, reset) = pace.used(Instant::now());
        let headers = answer.headers_mut();
        let reset = u64::try_from(reset.as_millis()).unwrap_or(u64::MAX);
        headers.insert("x-ratelimit-count", used.into());
        headers.insert(
            "x-ratelimit-remaining",
            pace.requests().saturating_sub(used).into(),
        );
        headers.insert("x-ratelimit-reset", reset.into());
    }
}

fn said(status: StatusCode, message: &str) -> Response {
    json_with(status, &json!({ "message": message }))
}

pub(super) fn not_found() -> Refused {
    said(StatusCode::NOT_FOUND, "Not Found").into()
}

pub(super) fn bad_request(message: &str) -> Refused {
    said(StatusCode::BAD_REQUEST, message).into()
}

/// 422, for one field.
pub(super) fn unprocessable(field: &str, problem: &str) -> Refused {
    let body = json!({ "errors": { field: [problem] } });
    json_with(StatusCode::UNPROCESSABLE_ENTITY, &body).into()
}

pub(super) fn read(body: &[u8]) -> Result<Object, Refused> {
    serde_json::from_slice(body)
        .map_err(|error| bad_request(&format!("The body is not a JSON object: {error}")))
}

/// 200 with what is asked for under `data`.
pub(super) fn data(body: &Value) -> Response {
    json_with(StatusCode::OK, &json!({ "data": body }))
}

/// Which page of what size is wanted.
pub(super) struct Paging {
    page: usize,
    size: usize,
}

impl Paging {
    pub(super) fn read(asked: &Parameters) -> Result<Self, Refused> {
        let number = |name: &str, usual: usize, most: usize| match asked.filled(name).map(str::parse) {
            None => Ok(usual),
            Some(Ok(number)) if (1..=most).contains(&number) => Ok(number),
            Some(Ok(0)) => Err(unprocessable(name, "must be greater than or equal to 1")),
            Some(Ok(_)) => Err(unprocessable(
                name,
                &format!("must be less than or equal to {most}"),
            )),
            Some(Err(_)) => Err(unprocessable(name, "is invalid")),
        };
        Ok(Self {
            page: number("page", 1, usize::MAX)?,
            size: number("page_size", USUAL_SIZE, MOST_SIZE)?,
        })
    }

    pub(super) fn cut(&self, count: usize, trouble: &Trouble) -> Page {
        cut(
            count,
            (self.page - 1).saturating_mul(self.size),
            self.size,
            trouble,
        )
    }

    /// The fields that say where in the list one is, beside the list itself.
    pub(super) fn around(&self, name: &str, rows: &[Value], total: usize) -> Value {
        json!({
            "current_page": self.page,
            "total_pages": total.div_ceil(self.size),
            "total_count": total,
            name: rows,
        })
    }
}

/// Everything there is to ask.
pub(super) fn router(shared: &Arc<Shared>) -> Router {
    employments::routes()
        .merge(writes::routes())
        .merge(offboardings::routes())
        .merge(custom::routes())
        .merge(callbacks::routes())
        .merge(scim::routes())
        .fallback(async || not_found())
        .layer(middleware::from_fn_with_state(Arc::clone(shared), gate::<Shared>))
        .merge(token::routes())
        .merge(control::routes())
        .with_state(Arc::clone(shared))
}
