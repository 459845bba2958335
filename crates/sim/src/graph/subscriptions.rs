//! Who is notified of changes.

use std::sync::{Arc, atomic::AtomicBool};

use axum::{
    http::{StatusCode, header::CONTENT_TYPE},
    response::Response,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    call::{Call, no_content, not_found, ok, refuse},
    server::Shared,
};
use crate::{
    population::Space,
    stage::{
        answer::{Answer, Object, Refused, moment, object},
        courier::{Parcel, post},
        parameters::percent,
    },
};

/// How long a subscription to users or groups lives at most, in minutes.
const MOST_MINUTES: i64 = 41_760;
const FIRST: u64 = 1 << 35;

fn invalid(message: &str) -> Refused {
    refuse(StatusCode::BAD_REQUEST, "InvalidRequest", message).into()
}

/// The time a subscription ends, which must be ahead and not too far.
fn end(body: &Object) -> Result<String, Refused> {
    let text = body
        .get("expirationDateTime")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let end: Timestamp = text
        .parse()
        .map_err(|_| invalid("expirationDateTime is missing or no date and time."))?;
    let left = end.duration_since(Timestamp::now());
    if left.is_negative() {
        return Err(invalid("Subscription expiration can only be in the future."));
    }
    if left > SignedDuration::from_mins(MOST_MINUTES) {
        return Err(invalid(&format!(
            "Subscription expiration can only be {MOST_MINUTES} minutes in the future."
        )));
    }
    Ok(moment(end))
}

/// Makes a subscription once the receiver has returned the token.
pub(super) async fn create(server: &Shared, call: &Call) -> Answer {
    let body = call.object()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    for required in ["changeType", "notificationUrl", "resource"] {
        if text(required).is_empty() {
            return Err(invalid(&format!("{required} is missing.")));
        }
    }
    let known = |change: &str| ["created", "updated", "deleted"].contains(&change.trim());
    if !text("changeType").split(',').all(known) {
        return Err(invalid("The changeType is not supported."));
    }
    let resource = text("resource").trim_start_matches('/');
    if !["users", "groups"].contains(&resource.split('/').next().unwrap_or_default()) {
        return Err(invalid("The resource is not supported."));
    }
    if text("clientState").len() > 128 {
        return Err(invalid("The clientState is longer than 128 characters."));
    }
    let end = end(&body)?;
    validate(text("notificationUrl")).await?;
    let mut desk = server.desk.touch();
    let place = desk
        .subscriptions
        .rows()
        .last()
        .map_or(0, |(number, _)| number + 1);
    let id = desk.register.population().uuid(Space::Other, FIRST + place);
    let row = object(json!({
        "id": id,
        "resource": text("resource"),
        "changeType": text("changeType"),
        "clientState": body.get("clientState"),
        "notificationUrl": text("notificationUrl"),
        "lifecycleNotificationUrl": body.get("lifecycleNotificationUrl"),
        "expirationDateTime": end,
        "applicationId": "00000000-0000-4000-a000-000000000000",
        "creatorId": "00000000-0000-4000-a000-000000000000",
        "latestSupportedTlsVersion": "v1_2",
    }));
    desk.subscriptions.add(|_| row.clone());
    let mut shown = row;
    shown.insert(
        "@odata.context".to_owned(),
        server.link("$metadata#subscriptions/$entity").into(),
    );
    let mut answer = ok(&shown.into());
    *answer.status_mut() = StatusCode::CREATED;
    Ok(answer)
}

/// Asks the receiver to return a token, which must be decoded first.
async fn validate(url: &str) -> Result<(), Refused> {
    let token = "Validation: Testing client application reachability for subscription Request-Id: 4f5+ç";
    let joint = if url.contains('?') { '&' } else { '?' };
    let parcel = Parcel {
        url: format!("{url}{joint}validationToken={}", percent::encode(token)),
        headers: vec![(CONTENT_TYPE.as_str(), "text/plain; charset=utf-8".to_owned())],
        body: String::new(),
        taken: Arc::new(AtomicBool::new(false)),
    };
    let problem = match post(&parcel).await {
        Err(error) => format!("the notification endpoint could not be reached: {error}"),
        Ok(answer) if answer.status() != StatusCode::OK => {
            format!("the notification endpoint answered {}", answer.status().as_u16())
        }
        Ok(answer) => {
            let kind = answer
                .headers()
                .get(CONTENT_TYPE)
                .and_then(|kind| kind.to_str().ok());
            if !kind.is_some_and(|kind| kind.starts_with("text/plain")) {
                "the answer must be text/plain".to_owned()
            } else if answer.text().await.is_ok_and(|text| text == token) {
                return Ok(());
            } else {
                "the answer must be the validation token".to_owned()
            }
        }
    };
    let message = format!("Subscription validation request failed: {problem}.");
    Err(refuse(StatusCode::BAD_REQUEST, "ValidationError", &message).into())
}

fn find<'a>(desk: &'a super::desk::Desk, id: &str) -> Result<(u64, &'a Object), Refused> {
    desk.subscriptions.find("id", id).ok_or_else(|| not_found(id))
}

pub(super) fn list(server: &Shared) -> Response {
    let desk = server.desk.look();
    let rows: Vec<&Object> = desk.subscriptions.rows().map(|(_, row)| row).collect();
    ok(&json!({ "@odata.context": server.link("$metadata#subscriptions"), "value": rows }))
}

pub(super) fn show(server: &Shared, id: &str) -> Answer {
    let desk = server.desk.look();
    let (_, row) = find(&desk, id)?;
    Ok(ok(&Value::Object(row.clone())))
}

pub(super) fn renew(server: &Shared, call: &Call, id: &str) -> Answer {
    let end = end(&call.object()?)?;
    let mut desk = server.desk.touch();
    let (number, _) = find(&desk, id)?;
    let row = desk.subscriptions.get_mut(number).ok_or_else(|| not_found(id))?;
    row.insert("expirationDateTime".to_owned(), end.into());
    Ok(ok(&Value::Object(row.clone())))
}

pub(super) fn remove(server: &Shared, id: &str) -> Answer {
    let mut desk = server.desk.touch();
    let (number, _) = find(&desk, id)?;
    desk.subscriptions.remove(number);
    Ok(no_content())
}
