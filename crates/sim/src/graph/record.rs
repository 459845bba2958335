//! A person as Graph's user.

use jiff::{Timestamp, civil::Date};
use serde_json::{Value, json};

use super::{
    desk::Desk,
    groups::{groups_of, id},
};
use crate::{
    population::{Contract, Person, State},
    stage::answer::{Object, moment, object},
};

/// What comes without `$select`.
pub(super) const USUAL: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];

/// The licence people at work have, and another.
pub(super) const SKUS: [(&str, &str); 2] = [
    ("05e9a617-0261-4cee-bb44-138d3ef5d965", "SPE_E3"),
    ("f30db892-07e9-47e9-837c-80727f46fd3d", "FLOW_FREE"),
];

/// Where a manager written through the API is kept: a number, or null.
pub(super) const MANAGER: &str = "~manager";
/// Where the settings of the mailbox are kept.
pub(super) const MAILBOX: &str = "~mailbox";
/// Where the last password is kept that came through the API, with whether another one has to be chosen.
pub(super) const PASSWORD: &str = "~password";
/// Whether the user has an administrator's role.
pub(super) const PRIVILEGED: &str = "~privileged";
/// Where the picture is kept, in Base64.
pub(super) const PHOTO: &str = "~photo";

/// Which fields show what the population calls that.
pub(super) fn covers(attribute: &str) -> &'static [&'static str] {
    match attribute {
        "firstname" => &["givenName", "displayName"],
        "lastname" => &["surname", "displayName"],
        "username" => &["userPrincipalName", "mailNickname"],
        "email" => &["mail", "proxyAddresses"],
        "department" => &["department", "companyName"],
        "jobTitle" => &["jobTitle"],
        "costCenter" => &["employeeOrgData"],
        "location" => &[
            "officeLocation",
            "city",
            "state",
            "country",
            "usageLocation",
            "businessPhones",
            "mobilePhone",
        ],
        "state" => &["accountEnabled"],
        "attributes" => &["employeeLeaveDateTime"],
        _ => &[],
    }
}

/// The user with all there is.
pub(super) fn user(desk: &Desk, person: Person<'_>) -> Object {
    let mut record = desk.register.shown(person, render);
    record.retain(|name, _| !name.starts_with('~'));
    if !desk.group_licences.is_empty() {
        add_group_licences(desk, person, &mut record);
    }
    record
}

/// The licences that were assigned to the user alone.
pub(super) fn own_licences(desk: &Desk, person: Person<'_>) -> Vec<Value> {
    let record = desk.register.shown(person, render);
    let licences = record.get("assignedLicenses").and_then(Value::as_array);
    licences.cloned().unwrap_or_default()
}

/// Adds the licences that come with groups, and says of all by which way they came.
fn add_group_licences(desk: &Desk, person: Person<'_>, record: &mut Object) {
    let list = |record: &Object, name: &str| {
        record
            .get(name)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let state = |sku: &Value, group: Value| json!({ "skuId": sku, "disabledPlans": [], "assignedByGroup": group, "state": "Active", "error": "None" });
    let mut licences = list(record, "assignedLicenses");
    let mut states = list(record, "licenseAssignmentStates");
    for licence in &licences {
        if !states.iter().any(|state| state["skuId"] == licence["skuId"]) {
            states.push(state(&licence["skuId"], Value::Null));
        }
    }
    for group in groups_of(desk, person, false) {
        for sku in desk.group_licences.get(&group).into_iter().flatten() {
            let sku = Value::from(sku.as_str());
            states.push(state(&sku, id(desk, group).into()));
            if !licences.iter().any(|licence| licence["skuId"] == sku) {
                licences.push(json!({ "skuId": sku, "disabledPlans": [] }));
            }
        }
    }
    record.insert("assignedLicenses".to_owned(), licences.into());
    record.insert("licenseAssignmentStates".to_owned(), states.into());
}

/// The user with only these properties, where they are ones many look for; much faster than all of them.
pub(super) fn part(desk: &Desk, person: Person<'_>, names: &[&str]) -> Option<Object> {
    let mut record = Object::new();
    for name in names {
        let value = match (desk.register.written(person.number(), name), *name) {
            (Some(written), _) => written.clone(),
            (None, "id") => person.object_id().into(),
            (None, "mail" | "userPrincipalName") => person.email().into(),
            (None, "mailNickname") => person.username().into(),
            (None, "employeeId") => person.employee_identifier().into(),
            (None, "displayName") => person.display_name().into(),
            (None, "accountEnabled") => (person.state() == State::Active).into(),
            (None, "department") => person.department().into(),
            (None, "userType") => "Member".into(),
            (None, _) => return None,
        };
        record.insert((*name).to_owned(), value);
    }
    Some(record)
}

/// The number of the user's manager, who may be deleted.
pub(super) fn manager(desk: &Desk, person: Person<'_>) -> Option<u32> {
    let number = match desk.register.written(person.number(), MANAGER) {
        Some(written) => u32::try_from(written.as_u64()?).ok()?,
        None => desk.register.population().number_of_id(&person.manager()?)?,
    };
    let here = desk.register.population().person(number).is_some() && !desk.is_deleted(number);
    here.then_some(number)
}

fn at_midnight(date: Option<Date>) -> Value {
    date.map_or(Value::Null, |date| format!("{date}T00:00:00Z").into())
}

fn render(person: Person<'_>) -> Object {
    let phones = person.phones();
    let phone = |kind: &str| {
        phones
            .iter()
            .find(|phone| phone.kind == kind)
            .map(|phone| &phone.number)
    };
    let place = person.place();
    let country = place.map(|place| place.country);
    let addresses = person.addresses();
    let address = addresses.first();
    let email = person.email();
    let enabled = person.state() == State::Active;
    let licences = if enabled && person.contract() != Contract::Contractor {
        json!([{ "skuId": SKUS[0].0, "disabledPlans": [] }])
    } else {
        json!([])
    };
    let mut record = object(json!({
        "id": person.object_id(),
        "accountEnabled": enabled,
        "userPrincipalName": email,
        "mail": email,
        "mailNickname": person.username(),
        "otherMails": person.private_email().into_iter().collect::<Vec<_>>(),
        "proxyAddresses": [format!("SMTP:{email}")],
        "imAddresses": [email],
        "displayName": person.display_name(),
        "givenName": person.given(),
        "surname": person.family(),
        "jobTitle": person.job_title(),
        "department": person.department(),
        "companyName": person.tenant().name,
        "employeeId": person.employee_identifier(),
        "employeeType": person.employee_type(),
        "employeeHireDate": at_midnight(person.start()),
        "employeeLeaveDateTime": at_midnight(person.end()),
        "officeLocation": person.location(),
        "businessPhones": phone("work").into_iter().collect::<Vec<_>>(),
        "mobilePhone": phone("mobile"),
        "faxNumber": phone("work_fax"),
    }));
    record.extend(object(json!({
        "employeeOrgData": { "costCenter": person.cost_centre(), "division": null },
        "streetAddress": address.map(|address| &address.street),
        "city": place.map(|place| place.city),
        "state": place.map(|place| place.region),
        "postalCode": address.map(|address| &address.postal_code),
        "country": country.map(|country| country.name),
        "usageLocation": country.map(|country| country.alpha_2),
        "preferredLanguage": null,
        "userType": "Member",
        "externalUserState": null,
        "creationType": null,
        "isResourceAccount": null,
        "showInAddressList": null,
        "assignedLicenses": licences,
        "createdDateTime": moment(Timestamp::from_second(person.created()).unwrap_or_default()),
        "deletedDateTime": null,
        "lastPasswordChangeDateTime": moment(Timestamp::from_second(person.created() + 86_400).unwrap_or_default()),
        "signInSessionsValidFromDateTime": moment(Timestamp::from_second(person.created()).unwrap_or_default()),
        "passwordPolicies": null,
        "onPremisesSyncEnabled": null,
        "onPremisesImmutableId": null,
        "onPremisesSamAccountName": null,
        "onPremisesDistinguishedName": null,
        "onPremisesLastSyncDateTime": null,
        "onPremisesExtensionAttributes": extension_attributes(person),
    })));
    for nothing in [
        "ageGroup",
        "externalUserStateChangeDateTime",
        "onPremisesDomainName",
        "onPremisesSecurityIdentifier",
        "onPremisesUserPrincipalName",
        "securityIdentifier",
        "signInActivity",
    ] {
        record.insert(nothing.to_owned(), Value::Null);
    }
    for none in [
        "assignedPlans",
        "identities",
        "licenseAssignmentStates",
        "onPremisesProvisioningErrors",
    ] {
        record.insert(none.to_owned(), json!([]));
    }
    record
}

/// Fifteen places companies put what Graph has no field for.
fn extension_attributes(person: Person<'_>) -> Value {
    let mut places = Object::new();
    for nth in 1..=15 {
        let value = match nth {
            1 => person.cost_centre().into(),
            _ => Value::Null,
        };
        places.insert(format!("extensionAttribute{nth}"), value);
    }
    places.into()
}
