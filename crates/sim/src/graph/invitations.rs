//! Inviting guests.

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    call::{Call, bad_request, ok},
    record::user,
    server::Shared,
};
use crate::stage::answer::{Answer, moment, object};

/// Makes a guest of somebody, whom the answer names as `invitedUser`. Whoever is invited once more stays the same user.
/// <https://learn.microsoft.com/graph/api/invitation-post?view=graph-rest-1.0>
pub(super) fn invite(server: &Shared, call: &Call) -> Answer {
    let body = call.object()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let address = text("invitedUserEmailAddress");
    let Some((local, domain)) = address
        .split_once('@')
        .filter(|(local, domain)| !local.is_empty() && !domain.is_empty())
    else {
        return Err(bad_request("The invited user email address is not valid."));
    };
    let redirect = text("inviteRedirectUrl");
    if !redirect.contains("://") {
        return Err(bad_request("The invite redirect URL is not valid."));
    }
    let mut desk = server.desk.touch();
    let known = desk.users().map(|person| (person.number(), user(&desk, person)));
    let has_it = |value: &Value| {
        value
            .as_str()
            .is_some_and(|mail| mail.eq_ignore_ascii_case(address))
    };
    let known = known
        .filter(|(_, record)| record.get("mail").is_some_and(has_it))
        .map(|(number, record)| (number, record["userType"] == "Guest"))
        .next();
    let number = match known {
        Some((_, false)) => {
            return Err(bad_request(
                "The invited user already exists in the directory as object. They can use that account to sign in.",
            ));
        }
        Some((number, true)) => number,
        None => {
            let nickname = format!("{local}_{domain}#EXT#");
            let name = Some(text("invitedUserDisplayName")).filter(|name| !name.is_empty());
            let fields = object(json!({
                "accountEnabled": true, "userType": "Guest", "mail": address, "mailNickname": nickname,
                "displayName": name.unwrap_or(local), "userPrincipalName": format!("{nickname}@northwind.test"),
                "otherMails": [address], "proxyAddresses": [format!("SMTP:{address}")], "imAddresses": [],
                "givenName": null, "surname": null, "companyName": null, "employeeType": null, "assignedLicenses": [],
                "createdDateTime": moment(Timestamp::now()),
            }));
            desk.act(|register| register.write(None, fields))
        }
    };
    let person = desk.register.population().person(number);
    let record = person.map(|person| user(&desk, person)).unwrap_or_default();
    let id = record.get("id").cloned().unwrap_or_default();
    let mut answer = ok(&json!({
        "@odata.context": server.link("$metadata#invitations/$entity"),
        "id": id,
        "inviteRedeemUrl": format!("{}/redeem?user={}", server.url, id.as_str().unwrap_or_default()),
        "invitedUserDisplayName": record.get("displayName"),
        "invitedUserType": "Guest",
        "invitedUserEmailAddress": address,
        "sendInvitationMessage": body.get("sendInvitationMessage").and_then(Value::as_bool).unwrap_or_default(),
        "resetRedemption": false,
        "inviteRedirectUrl": redirect,
        "status": "PendingAcceptance",
        "invitedUserMessageInfo": { "messageLanguage": null, "customizedMessageBody": null, "ccRecipients": [] },
        "invitedUser": { "id": id },
    }));
    *answer.status_mut() = StatusCode::CREATED;
    Ok(answer)
}
