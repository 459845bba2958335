//! Commands for Exchange Online: what Microsoft's own tools send, and Graph has nothing for.

use axum::http::{HeaderMap, Method, StatusCode};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    call::{bad_request, ok, refuse},
    record::MAILBOX,
    server::Shared,
    users::{find, has_mailbox},
};
use crate::stage::{
    answer::{Answer, Object},
    faults::{AnswerFault, Trouble},
};

/// The tenant in `/adminapi/beta/{tenant}/InvokeCommand`.
pub(super) fn tenant(target: &str) -> Option<&str> {
    target
        .strip_prefix("/adminapi/beta/")?
        .strip_suffix("/InvokeCommand")
}

/// Carries out `Set-Mailbox` with a `Type`.
pub(super) fn command(
    server: &Shared,
    tenant: &str,
    method: &Method,
    headers: &HeaderMap,
    body: &Bytes,
    trouble: &Trouble,
) -> Answer {
    if tenant != server.tenant || method != Method::POST {
        return Err(refuse(StatusCode::NOT_FOUND, "ResourceNotFound", "No such resource.").into());
    }
    if !headers.contains_key("x-anchormailbox") {
        return Err(bad_request("The header X-AnchorMailbox is missing."));
    }
    let body: Value = serde_json::from_slice(body).map_err(|_| bad_request("The body is not JSON."))?;
    let input = &body["CmdletInput"];
    if input["CmdletName"] != "Set-Mailbox" {
        return Err(bad_request("The command is not known."));
    }
    let parameters = &input["Parameters"];
    let purpose = match parameters["Type"].as_str() {
        Some("Shared") => "shared",
        Some("Regular") => "user",
        Some("Room") => "room",
        Some("Equipment") => "equipment",
        _ => {
            return Err(bad_request(
                "Cannot process argument transformation on parameter 'Type'.",
            ));
        }
    };
    let mut desk = server.desk.touch();
    let person = find(&desk, parameters["Identity"].as_str().unwrap_or_default())?;
    has_mailbox(&desk, person)?;
    let number = person.number();
    if trouble.answer != Some(AnswerFault::Acknowledged {}) {
        let mut settings = match desk.register.written(number, MAILBOX) {
            Some(Value::Object(written)) => written.clone(),
            _ => Object::new(),
        };
        settings.insert("userPurpose".to_owned(), purpose.into());
        let fields = Object::from_iter([(MAILBOX.to_owned(), settings.into())]);
        desk.register.write(Some(number), fields);
    }
    Ok(ok(&json!({ "value": [] })))
}
