//! One request, whether it came by itself or in a batch, and how it is refused.

use axum::{
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::stage::{
    answer::{Object, Refused, json_with, moment},
    faults::Trouble,
    parameters::{Parameters, percent},
};

/// What is asked for.
pub(super) struct Call {
    pub(super) method: Method,
    /// The parts of the path behind `/v1.0`.
    pub(super) path: Vec<String>,
    pub(super) asked: Parameters,
    /// Whether `ConsistencyLevel: eventual` was sent.
    pub(super) eventual: bool,
    /// Whether `Prefer: return=minimal` was sent.
    pub(super) minimal: bool,
    pub(super) body: Bytes,
    pub(super) trouble: Trouble,
}

impl Call {
    /// Reads `/users/…?$select=…`.
    pub(super) fn new(
        method: Method,
        target: &str,
        headers: &HeaderMap,
        body: Bytes,
        trouble: Trouble,
    ) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let level = headers
            .get("consistencylevel")
            .and_then(|value| value.to_str().ok());
        Self {
            method,
            path: path
                .split('/')
                .filter(|part| !part.is_empty())
                .map(|part| percent::decode(&part.replace('+', "%2B")))
                .collect(),
            asked: Parameters::read(query),
            minimal: headers
                .get_all("prefer")
                .iter()
                .any(|value| value.to_str().is_ok_and(|value| value.contains("return=minimal"))),
            eventual: level.is_some_and(|level| level.eq_ignore_ascii_case("eventual")),
            body,
            trouble,
        }
    }

    /// The body, which must be a JSON object.
    pub(super) fn object(&self) -> Result<Object, Refused> {
        serde_json::from_slice(&self.body).map_err(|_| bad_request("Unable to read JSON request payload."))
    }
}

/// A refusal in Graph's shape.
pub(super) fn refuse(status: StatusCode, code: &str, message: &str) -> Response {
    let request = "00000000-0000-4000-a000-000000000000";
    let body = json!({ "error": {
        "code": code,
        "message": message,
        "innerError": {
            "date": moment(Timestamp::now()).trim_end_matches('Z'),
            "request-id": request,
            "client-request-id": request,
        },
    } });
    json_with(status, &body)
}

pub(super) fn bad_request(message: &str) -> Refused {
    refuse(StatusCode::BAD_REQUEST, "Request_BadRequest", message).into()
}

pub(super) fn unsupported(message: &str) -> Refused {
    refuse(StatusCode::BAD_REQUEST, "Request_UnsupportedQuery", message).into()
}

pub(super) fn not_found(what: &str) -> Refused {
    let message = format!(
        "Resource '{what}' does not exist or one of its queried reference-property objects are not present."
    );
    refuse(StatusCode::NOT_FOUND, "Request_ResourceNotFound", &message).into()
}

pub(super) fn ok(body: &Value) -> Response {
    json_with(StatusCode::OK, body)
}

pub(super) fn no_content() -> Response {
    let mut answer = Response::new(axum::body::Body::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}
