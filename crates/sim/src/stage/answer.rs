//! Answers every vendor gives alike.

use axum::{
    body::Body,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::{Map, Value};

/// A request that is not answered as wished; what it gets instead.
#[derive(Debug)]
pub(crate) struct Refused(Box<Response>);

impl From<Response> for Refused {
    fn from(answer: Response) -> Self {
        Self(Box::new(answer))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        *self.0
    }
}

/// What a handler gives back.
pub(crate) type Answer = Result<Response, Refused>;

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// A JSON answer with status 200.
pub(crate) fn json(body: Bytes) -> Response {
    (
        [(CONTENT_TYPE, "application/json; charset=utf-8")],
        Body::from(body),
    )
        .into_response()
}

/// A JSON answer.
pub(crate) fn json_with(status: StatusCode, body: &Value) -> Response {
    let mut answer = json(body.to_string().into());
    *answer.status_mut() = status;
    answer
}

/// The fields of a JSON object written with `json!`; nothing of anything else.
pub(crate) fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}

/// A time to the second, such as `2026-03-02T09:00:00Z`.
pub(crate) fn moment(moment: jiff::Timestamp) -> String {
    let seconds = jiff::Timestamp::from_second(moment.as_second()).unwrap_or_default();
    seconds.to_string()
}
