//! A person as Atera's contact.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    population::{Person, State, TENANTS, departments},
    stage::{
        answer::{Object, moment, object},
        register::Register,
    },
};

/// The first contact's id, and the first customer's and department's.
const FIRST_CONTACT: u64 = 1001;
pub(super) const FIRST_CUSTOMER: u64 = 12;
pub(super) const FIRST_DEPARTMENT: u64 = 1;
/// What begins the name under which a custom field is kept.
const CUSTOM: &str = "custom:";

/// The `EndUserID` of the person with that number.
pub fn contact_id(number: u32) -> u64 {
    FIRST_CONTACT + u64::from(number)
}

/// The number of the person with that `EndUserID`.
pub(super) fn number_of(contact: u64) -> Option<u32> {
    u32::try_from(contact.checked_sub(FIRST_CONTACT)?).ok()
}

/// Which fields show what the population calls that.
pub(super) fn covers(attribute: &str) -> &'static [&'static str] {
    match attribute {
        "firstname" => &["Firstname"],
        "lastname" => &["Lastname"],
        "email" => &["Email"],
        "department" => &["DepartmentID", "DepartmentName", "CustomerID", "CustomerName"],
        "jobTitle" => &["JobTitle"],
        "location" => &["Phone", "MobilePhone", "custom:Location"],
        "state" => &["Archived"],
        "attributes" => &["custom:Leave date"],
        _ => &[],
    }
}

/// The contact, with all its fields.
pub(super) fn contact(register: &Register, person: Person<'_>) -> Object {
    let mut record = register.shown(person, |person| render(register, person));
    record.retain(|name, _| !name.starts_with(CUSTOM));
    record
}

/// The address at work.
pub(super) fn email(register: &Register, person: Person<'_>) -> String {
    let written = register.written(person.number(), "Email").and_then(Value::as_str);
    written.map_or_else(|| person.email(), str::to_owned)
}

fn render(register: &Register, person: Person<'_>) -> Object {
    let phones = person.phones();
    let phone = |kind: &str| {
        let found = phones.iter().find(|phone| phone.kind == kind);
        found.map_or(Value::Null, |phone| phone.number.as_str().into())
    };
    let tenant = person.tenant();
    let department = person.department();
    let department_id = department
        .and_then(|name| departments().position(|known| known == name))
        .map(|place| FIRST_DEPARTMENT + place as u64);
    object(json!({
        "EndUserID": contact_id(person.number()),
        "CustomerID": FIRST_CUSTOMER + tenant.index as u64,
        "CustomerName": TENANTS[tenant.index],
        "Firstname": person.given(),
        "Lastname": person.family(),
        "JobTitle": person.job_title(),
        "Email": person.email(),
        "Phone": phone("work"),
        "MobilePhone": phone("mobile"),
        "IsContactPerson": person.chance(63, 20) == 0,
        "InIgnoreMode": false,
        "CreatedOn": moment(Timestamp::from_second(person.created()).unwrap_or_default()),
        "LastModified": moment(register.changed(person)),
        "Archived": person.state() == State::Suspended,
        "DepartmentID": department_id,
        "DepartmentName": department,
        "DefaultAgentId": null,
    }))
}

/// A contact's custom fields: the name, the type, and what the population says.
pub(super) const CUSTOM_FIELDS: [(&str, &str); 6] = [
    ("Employee number", "Text"),
    ("Start date", "Date"),
    ("Leave date", "Date"),
    ("Location", "Text"),
    ("Manager", "Text"),
    ("Employment", "Options"),
];

/// The value of a custom field; `None` when there is no such field.
pub(super) fn custom_value(register: &Register, person: Person<'_>, field: &str) -> Option<Value> {
    let (name, _) = CUSTOM_FIELDS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(field))?;
    if let Some(written) = register.written(person.number(), &format!("{CUSTOM}{name}")) {
        return Some(written.clone());
    }
    let date = |date: Option<jiff::civil::Date>| date.map(|date| format!("{date}T00:00:00"));
    let manager = || {
        let number = register.population().number_of_id(&person.manager()?)?;
        let manager = register.population().person(number)?;
        Some(email(register, manager))
    };
    let value = match *name {
        "Employee number" => person.employee_identifier(),
        "Start date" => date(person.start()),
        "Leave date" => date(person.end()),
        "Location" => person.location().map(str::to_owned),
        "Manager" => manager(),
        _ => Some(person.employee_type().to_owned()).filter(|text| !text.is_empty()),
    };
    Some(value.map_or(Value::Null, Value::from))
}

/// The name under which the value of a custom field is kept; `None` when there is no such field.
pub(super) fn custom_key(field: &str) -> Option<String> {
    let (name, _) = CUSTOM_FIELDS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(field))?;
    Some(format!("{CUSTOM}{name}"))
}
