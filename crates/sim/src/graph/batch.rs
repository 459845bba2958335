//! Many requests in one.

use std::{collections::HashMap, time::Instant};

use axum::{
    body::to_bytes,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{
    call::{Call, bad_request, ok, refuse},
    server::Shared,
    subscriptions,
};
use crate::stage::{
    Vendor, Wait,
    answer::{Answer, Object, Refused},
    encoding::{base64, from_base64},
    faults::{AnswerFault, Trouble},
};

/// How many requests a batch may have.
const MOST: usize = 20;

/// Answers every part for itself, all of them with 200 around.
pub(super) async fn run(server: &Shared, call: &Call) -> Answer {
    let body = call.object()?;
    let parts = body.get("requests").and_then(Value::as_array);
    let parts = parts.ok_or_else(|| bad_request("Invalid batch payload format."))?;
    if parts.len() > MOST {
        let message = format!("Number of batch request steps exceeds the maximum value of {MOST}.");
        return Err(refuse(StatusCode::BAD_REQUEST, "MaximumValueExceeded", &message).into());
    }
    let mut done: HashMap<String, StatusCode> = HashMap::new();
    let mut answers = Vec::new();
    for (nth, part) in parts.iter().enumerate() {
        let id = part["id"].as_str().unwrap_or_default().to_owned();
        if id.is_empty() || done.contains_key(&id) {
            return Err(bad_request("Every request of a batch needs an id of its own."));
        }
        let depends = part["dependsOn"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        let failed = depends
            .map(|other| done.get(other))
            .any(|status| status.is_none_or(|status| !status.is_success()));
        let answer = if failed {
            refuse(
                StatusCode::FAILED_DEPENDENCY,
                "FailedDependency",
                "A request it depends on failed.",
            )
        } else {
            answer(server, part, &call.trouble, nth)
                .await
                .unwrap_or_else(IntoResponse::into_response)
        };
        done.insert(id.clone(), answer.status());
        answers.push(shown(&id, answer).await);
    }
    // Not in the order they were asked.
    answers.reverse();
    Ok(ok(&json!({ "responses": answers })))
}

async fn answer(server: &Shared, part: &Value, trouble: &Trouble, nth: usize) -> Result<Response, Refused> {
    if let Some(AnswerFault::TooManyRequests { retry_after }) = trouble.answer
        && nth.is_multiple_of(2)
    {
        return Ok(server.too_many_requests(Wait::Fault(retry_after)));
    }
    // The first part is paid for by the batch itself.
    if nth > 0
        && let Some(Err(wait)) = server.stage.pace.as_ref().map(|pace| pace.admit(Instant::now()))
    {
        return Ok(server.too_many_requests(Wait::Limit(wait)));
    }
    let method = part["method"]
        .as_str()
        .and_then(|method| method.parse::<Method>().ok());
    let method = method.ok_or_else(|| bad_request("The method of a batched request is unknown."))?;
    let url = part["url"].as_str().unwrap_or_default();
    if url.is_empty() || url.contains("://") {
        return Err(bad_request("The url of a batched request must be relative."));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in part["headers"].as_object().into_iter().flatten() {
        let name = HeaderName::try_from(name.as_str());
        let value = HeaderValue::try_from(value.as_str().unwrap_or_default());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.insert(name, value);
        }
    }
    let body = match &part["body"] {
        Value::Null => Bytes::new(),
        body if headers.get("content-type").is_some_and(is_json) => body.to_string().into(),
        // What is no JSON comes as Base64.
        Value::String(coded) if headers.contains_key("content-type") => from_base64(coded)
            .ok_or_else(|| bad_request("The body of a batched request is not Base64."))?
            .into(),
        _ => {
            return Err(bad_request(
                "A batched request with a body needs the header Content-Type.",
            ));
        }
    };
    let inner = Call::new(
        method,
        url.trim_start_matches('/'),
        &headers,
        body,
        trouble.clone(),
    );
    match (&inner.method, inner.path.as_slice()) {
        (_, [path, ..]) if path == "$batch" => Err(bad_request("A batch cannot be in a batch.")),
        (&Method::POST, [path]) if path == "subscriptions" => subscriptions::create(server, &inner).await,
        _ => server.answer(&inner),
    }
}

fn is_json(value: &HeaderValue) -> bool {
    value
        .to_str()
        .is_ok_and(|value| value.starts_with("application/json"))
}

async fn shown(id: &str, answer: Response) -> Value {
    let (parts, body) = answer.into_parts();
    let headers: Object = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((title(name.as_str()), value.to_str().ok()?.into())))
        .collect();
    // The body is in memory already.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut shown = Map::new();
    shown.insert("id".to_owned(), id.into());
    shown.insert("status".to_owned(), parts.status.as_u16().into());
    shown.insert("headers".to_owned(), headers.into());
    let kind = parts.headers.get("content-type");
    if let Ok(body) = serde_json::from_slice::<Value>(&body) {
        shown.insert("body".to_owned(), body);
    } else if kind.is_some_and(|kind| !is_json(kind)) && !body.is_empty() {
        shown.insert("body".to_owned(), base64(&body).into());
    }
    shown.into()
}

/// `Retry-After` and the like.
fn title(name: &str) -> String {
    let parts = name.split('-').map(|part| match part.split_at_checked(1) {
        Some((first, rest)) => first.to_uppercase() + rest,
        None => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("-")
}
