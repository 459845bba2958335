//! Making, changing and deleting users.

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    call::{Call, bad_request, no_content, ok, refuse},
    desk::Desk,
    list::Select,
    record::{MAILBOX, MANAGER, PASSWORD, PRIVILEGED, SKUS, USUAL, own_licences, user},
    server::Shared,
    users::{find, has_mailbox, principal_name, used},
};
use crate::stage::answer::{Answer, Object, Refused, moment, object};

const TEXTS: [&str; 25] = [
    "city",
    "companyName",
    "country",
    "department",
    "displayName",
    "employeeHireDate",
    "employeeId",
    "employeeLeaveDateTime",
    "employeeType",
    "faxNumber",
    "givenName",
    "jobTitle",
    "mail",
    "mailNickname",
    "mobilePhone",
    "officeLocation",
    "onPremisesImmutableId",
    "passwordPolicies",
    "postalCode",
    "preferredLanguage",
    "state",
    "streetAddress",
    "surname",
    "usageLocation",
    "userPrincipalName",
];
const LISTS: [&str; 2] = ["businessPhones", "otherMails"];
const OBJECTS: [&str; 3] = [
    "employeeOrgData",
    "onPremisesExtensionAttributes",
    "passwordProfile",
];
/// What only a role may change of a user who has a role.
const SENSITIVE: [&str; 7] = [
    "accountEnabled",
    "businessPhones",
    "mobilePhone",
    "onPremisesImmutableId",
    "otherMails",
    "passwordProfile",
    "userPrincipalName",
];
/// Never null or empty.
const NEEDED: [&str; 3] = ["displayName", "mailNickname", "userPrincipalName"];

/// What of the body is written about that user, or a new one.
fn admit(desk: &Desk, number: Option<u32>, body: &Object) -> Result<Object, Refused> {
    let mut fields = Object::new();
    for (name, value) in body {
        let name = name.as_str();
        let wrong = || {
            bad_request(&format!(
                "Invalid value specified for property '{name}' of resource 'User'."
            ))
        };
        let texts = |value: &Value| {
            value
                .as_array()
                .is_some_and(|list| list.iter().all(Value::is_string))
        };
        let fits = match name {
            "accountEnabled" => value.is_boolean(),
            "showInAddressList" => value.is_boolean() || value.is_null(),
            "userType" => value == "Member" || value == "Guest",
            "businessPhones" => texts(value) && value.as_array().is_some_and(|list| list.len() <= 1),
            _ if NEEDED.contains(&name) => value.as_str().is_some_and(|text| !text.is_empty()),
            _ if TEXTS.contains(&name) => {
                value.as_str().is_some_and(|text| !text.is_empty()) || value.is_null()
            }
            _ if LISTS.contains(&name) => texts(value),
            _ if OBJECTS.contains(&name) => value.is_object(),
            _ if name.starts_with("@odata.") => continue,
            _ => {
                return Err(bad_request(&format!(
                    "Could not find a property named '{name}' on type 'Microsoft.DirectoryServices.User'."
                )));
            }
        };
        if !fits {
            return Err(wrong());
        }
        if name != "passwordProfile" {
            fields.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(wanted) = fields.get("userPrincipalName").and_then(Value::as_str) {
        if !wanted.contains('@') {
            return Err(bad_request(
                "The domain portion of the userPrincipalName property is invalid.",
            ));
        }
        let mut others = desk.users().filter(|person| Some(person.number()) != number);
        if others.any(|person| principal_name(desk, person).eq_ignore_ascii_case(wanted)) {
            return Err(bad_request(
                "Another object with the same value for property userPrincipalName already exists.",
            ));
        }
    }
    if let Some(profile) = body.get("passwordProfile") {
        if profile["password"]
            .as_str()
            .is_none_or(|password| password.len() < 8)
        {
            return Err(bad_request(
                "The specified password does not comply with password complexity requirements.",
            ));
        }
        fields.insert(PASSWORD.to_owned(), profile.clone());
        fields.insert(
            "lastPasswordChangeDateTime".to_owned(),
            moment(Timestamp::now()).into(),
        );
    }
    Ok(fields)
}

pub(super) fn create(server: &Shared, call: &Call) -> Answer {
    let body = call.object()?;
    for required in [
        "accountEnabled",
        "displayName",
        "mailNickname",
        "userPrincipalName",
        "passwordProfile",
    ] {
        if body.get(required).is_none_or(Value::is_null) {
            return Err(bad_request(&format!(
                "A value is required for property '{required}' of resource 'User'."
            )));
        }
    }
    let mut desk = server.desk.touch();
    let mut fields = object(json!({
        "mail": null, "otherMails": [], "proxyAddresses": [], "imAddresses": [], "givenName": null, "surname": null,
        "companyName": null, "employeeType": null, "assignedLicenses": [],
        "createdDateTime": moment(Timestamp::now()),
    }));
    fields.extend(admit(&desk, None, &body)?);
    let number = desk.act(|register| register.write(None, fields));
    let person = desk.register.population().person(number);
    let record = person.map(|person| user(&desk, person)).unwrap_or_default();
    let mut shown = Select::read(None, &USUAL, "user").pick(record, call)?;
    shown.insert(
        "@odata.context".to_owned(),
        server.link("$metadata#users/$entity").into(),
    );
    let mut answer = ok(&shown.into());
    *answer.status_mut() = StatusCode::CREATED;
    Ok(answer)
}

pub(super) fn update(server: &Shared, call: &Call, id: &str) -> Answer {
    let body = call.object()?;
    let mut desk = server.desk.touch();
    let person = find(&desk, id)?;
    let number = person.number();
    let mut fields = admit(&desk, Some(number), &body)?;
    if user(&desk, person)["onPremisesSyncEnabled"] == true {
        return Err(bad_request(
            "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects \
             currently undergoing migration.",
        ));
    }
    let privileged = desk.register.written(number, PRIVILEGED).is_some();
    if privileged && SENSITIVE.iter().any(|name| body.contains_key(*name)) {
        let message = "Insufficient privileges to complete the operation.";
        return Err(refuse(StatusCode::FORBIDDEN, "Authorization_RequestDenied", message).into());
    }
    // What is not sent of these stays.
    let record = user(&desk, person);
    for name in ["employeeOrgData", "onPremisesExtensionAttributes"] {
        if let (Some(Value::Object(sent)), Some(Value::Object(known))) = (fields.get(name), record.get(name))
        {
            let mut merged = known.clone();
            merged.extend(sent.clone());
            fields.insert(name.to_owned(), merged.into());
        }
    }
    desk.act(|register| register.write(Some(number), fields));
    Ok(no_content())
}

/// For thirty days the user can be restored.
pub(super) fn remove(server: &Shared, id: &str) -> Answer {
    let mut desk = server.desk.touch();
    let number = find(&desk, id)?.number();
    let fields = object(json!({ "deletedDateTime": moment(Timestamp::now()) }));
    desk.act(|register| register.write(Some(number), fields));
    Ok(no_content())
}

/// The last part of `{"@odata.id": "…/users/{id}"}`.
pub(super) fn reference(call: &Call) -> Result<String, Refused> {
    let body = call.object()?;
    let address = body.get("@odata.id").and_then(Value::as_str);
    let id = address.and_then(|address| address.rsplit('/').next());
    id.filter(|id| !id.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| bad_request("The reference must have an @odata.id."))
}

pub(super) fn set_manager(server: &Shared, call: &Call, id: &str) -> Answer {
    let mut desk = server.desk.touch();
    let number = find(&desk, id)?.number();
    let manager = find(&desk, &reference(call)?)?.number();
    let fields = Object::from_iter([(MANAGER.to_owned(), manager.into())]);
    desk.act(|register| register.write(Some(number), fields));
    Ok(no_content())
}

pub(super) fn remove_manager(server: &Shared, id: &str) -> Answer {
    let mut desk = server.desk.touch();
    let number = find(&desk, id)?.number();
    let fields = Object::from_iter([(MANAGER.to_owned(), Value::Null)]);
    desk.act(|register| register.write(Some(number), fields));
    Ok(no_content())
}

pub(super) fn set_mailbox(server: &Shared, call: &Call, id: &str) -> Answer {
    let body = call.object()?;
    let mut desk = server.desk.touch();
    let person = find(&desk, id)?;
    has_mailbox(&desk, person)?;
    let number = person.number();
    let mut settings = match desk.register.written(number, MAILBOX) {
        Some(Value::Object(written)) => written.clone(),
        _ => Object::new(),
    };
    settings.extend(body);
    let fields = Object::from_iter([(MAILBOX.to_owned(), settings.clone().into())]);
    desk.register.write(Some(number), fields);
    Ok(ok(&settings.into()))
}

/// Answers 200 with a body, which the documents do not say.
pub(super) fn revoke(server: &Shared, id: &str) -> Answer {
    let mut desk = server.desk.touch();
    let number = find(&desk, id)?.number();
    let fields = object(json!({ "signInSessionsValidFromDateTime": moment(Timestamp::now()) }));
    desk.act(|register| register.write(Some(number), fields));
    Ok(ok(
        &json!({ "@odata.context": server.link("$metadata#Edm.Boolean"), "value": true }),
    ))
}

pub(super) fn assign(server: &Shared, call: &Call, id: &str) -> Answer {
    let body = call.object()?;
    let list = |name: &str| {
        let list = body.get(name).and_then(Value::as_array);
        list.cloned()
            .ok_or_else(|| bad_request(&format!("{name} is required.")))
    };
    let (add, remove) = (list("addLicenses")?, list("removeLicenses")?);
    let mut desk = server.desk.touch();
    let person = find(&desk, id)?;
    let number = person.number();
    let record = user(&desk, person);
    let used = used(&desk);
    if !add.is_empty() && record["usageLocation"].is_null() {
        return Err(bad_request(
            "License assignment cannot be done for user with invalid usage location.",
        ));
    }
    let mut licences = own_licences(&desk, person);
    for sku in &remove {
        if !licences.iter().any(|licence| licence["skuId"] == *sku) {
            return Err(bad_request("User does not have a corresponding license."));
        }
        licences.retain(|licence| licence["skuId"] != *sku);
    }
    for licence in &add {
        if !SKUS.iter().any(|(id, _)| licence["skuId"] == *id) {
            return Err(bad_request(
                "License does not correspond to a valid company License.",
            ));
        }
        let is_new = !licences.iter().any(|known| known["skuId"] == licence["skuId"]);
        let place = SKUS.iter().position(|(id, _)| licence["skuId"] == *id);
        if is_new && place.is_some_and(|place| used[place] >= server.seats) {
            return Err(bad_request(&format!(
                "Subscription with SKU {} does not have any available licenses.",
                licence["skuId"].as_str().unwrap_or_default()
            )));
        }
        licences.retain(|known| known["skuId"] != licence["skuId"]);
        let plans = licence.get("disabledPlans").cloned().unwrap_or_else(|| json!([]));
        licences.push(json!({ "skuId": licence["skuId"], "disabledPlans": plans }));
    }
    let fields = Object::from_iter([("assignedLicenses".to_owned(), Value::from(licences))]);
    desk.act(|register| register.write(Some(number), fields));
    let person = find(&desk, id)?;
    let mut shown = Select::read(None, &USUAL, "user").pick(user(&desk, person), call)?;
    shown.insert(
        "@odata.context".to_owned(),
        server.link("$metadata#users/$entity").into(),
    );
    Ok(ok(&shown.into()))
}
