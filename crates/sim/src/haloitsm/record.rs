//! A person as HaloITSM's user.

use jiff::{Timestamp, tz::Offset};
use serde_json::{Value, json};

use crate::{
    population::{Contract, Person, State, TENANTS, places},
    stage::{
        answer::{Object, object},
        register::Register,
    },
};

const FIRST_USER: u64 = 801;
pub(super) const FIRST_CLIENT: u64 = 12;
pub(super) const FIRST_SITE: u64 = 18;

/// The custom fields of users: id, name, label and type.
pub(super) const CUSTOM_FIELDS: [(u64, &str, &str, u8); 4] = [
    (163, "CFEmployeeNumber", "Employee number", 0),
    (164, "CFStartDate", "Start date", 4),
    (165, "CFEndDate", "End date", 4),
    (166, "CFContract", "Contract", 0),
];

/// What a row of a list shows. The rest comes with one user.
const SHORT: [&str; 24] = [
    "id",
    "name",
    "firstname",
    "surname",
    "title",
    "emailaddress",
    "email2",
    "login",
    "samaccountname",
    "phonenumber",
    "phonenumber_preferred",
    "mobilenumber",
    "homenumber",
    "inactive",
    "isserviceaccount",
    "site_id",
    "site_name",
    "client_id",
    "client_name",
    "azureoid",
    "linked_agent_id",
    "web_access_level",
    "third_party_id",
    "use",
];

/// The `id` of the person with that number.
pub fn user_id(number: u32) -> u64 {
    FIRST_USER + u64::from(number)
}

/// The number of the person with that `id`.
pub(super) fn number_of(user: u64) -> Option<u32> {
    u32::try_from(user.checked_sub(FIRST_USER)?).ok()
}

/// Which fields show what the population calls that.
pub(super) fn covers(attribute: &str) -> &'static [&'static str] {
    match attribute {
        "firstname" => &["firstname", "name"],
        "lastname" => &["surname", "name"],
        "username" => &["login", "samaccountname"],
        "email" => &["emailaddress"],
        "department" => &["department", "site_id", "site_name", "client_id", "client_name"],
        "jobTitle" => &["title"],
        "location" => &[
            "site_id",
            "site_name",
            "client_id",
            "client_name",
            "phonenumber",
            "mobilenumber",
            "homenumber",
        ],
        "state" => &["inactive"],
        "attributes" => &["CFEndDate"],
        _ => &[],
    }
}

/// Whether the user is disabled.
pub(super) fn is_inactive(register: &Register, person: Person<'_>) -> bool {
    let written = register
        .written(person.number(), "inactive")
        .and_then(Value::as_bool);
    written.unwrap_or(person.state() == State::Suspended)
}

/// The user with all there is.
pub(super) fn full(register: &Register, person: Person<'_>) -> Object {
    let mut record = register.shown(person, |person| render(register, person));
    let fields = custom_fields(register, person);
    record.retain(|name, _| !CUSTOM_FIELDS.iter().any(|(_, field, _, _)| field == name));
    record.insert("customfields".to_owned(), fields);
    record
}

/// The user as a row of a list.
pub(super) fn short(register: &Register, person: Person<'_>, with_custom_fields: bool) -> Object {
    let mut record = full(register, person);
    record.retain(|name, _| SHORT.contains(&name.as_str()) || (with_custom_fields && name == "customfields"));
    record
}

fn render(register: &Register, person: Person<'_>) -> Object {
    let phones = person.phones();
    let phone = |kind: &str| {
        let found = phones.iter().find(|phone| phone.kind == kind);
        found.map_or("", |phone| &phone.number)
    };
    let tenant = person.tenant();
    let place = person
        .place()
        .and_then(|place| places().position(|known| known == place));
    let site = FIRST_SITE + (tenant.index * places().count() + place.unwrap_or(0)) as u64;
    let manager = || {
        let number = register.population().number_of_id(&person.manager()?)?;
        Some(email(register, register.population().person(number)?))
    };
    let mut record = object(json!({
        "id": user_id(person.number()),
        "name": person.display_name(),
        "firstname": person.given().unwrap_or_default(),
        "surname": person.family().unwrap_or_default(),
        "title": person.job_title().unwrap_or_default(),
        "emailaddress": person.email(),
        "email2": "",
        "email3": "",
        "login": person.username(),
        "samaccountname": person.username(),
        "azureoid": person.object_id(),
        "phonenumber": phone("work"),
        "phonenumber_preferred": phone("work"),
        "mobilenumber": phone("mobile"),
        "homenumber": phone("home"),
        "inactive": person.state() == State::Suspended,
        "isserviceaccount": false,
        "site_id": site as f64,
        "site_name": person.location().unwrap_or_default(),
        "client_id": FIRST_CLIENT + tenant.index as u64,
        "client_name": TENANTS[tenant.index],
    }));
    record.extend(object(json!({
        "department": person.department().unwrap_or_default(),
        "manager_email": manager(),
        "datecreated": local(Timestamp::from_second(person.created()).unwrap_or_default()),
        "ulastupdate": local(register.changed(person)),
        "contract_end_date": person.end().map(|end| format!("{end}T00:00:00")),
        "linked_agent_id": 0,
        "web_access_level": 0,
        "third_party_id": 0,
        "use": "user",
        "roles": [],
        "notes": "",
        "other1": "", "other2": "", "other3": "", "other4": "", "other5": "",
    })));
    record
}

/// The address of the user.
pub(super) fn email(register: &Register, person: Person<'_>) -> String {
    let written = register
        .written(person.number(), "emailaddress")
        .and_then(Value::as_str);
    written.map_or_else(|| person.email(), str::to_owned)
}

fn custom_fields(register: &Register, person: Person<'_>) -> Value {
    let date = |date: Option<jiff::civil::Date>| date.map(|date| format!("{date}T00:00:00"));
    let fields = CUSTOM_FIELDS.iter().map(|(id, name, label, kind)| {
        let made_up = || match *name {
            "CFEmployeeNumber" => person.employee_identifier(),
            "CFStartDate" => date(person.start()),
            "CFEndDate" => date(person.end()),
            _ => Some(contract(person).to_owned()),
        };
        let value = match register.written(person.number(), name) {
            Some(written) => written.clone(),
            None => made_up().map_or(Value::Null, Value::from),
        };
        json!({ "id": id, "name": name, "label": label, "type": kind, "value": value, "display": value })
    });
    fields.collect::<Vec<_>>().into()
}

fn contract(person: Person<'_>) -> &'static str {
    match person.contract() {
        Contract::Direct => "Employee",
        Contract::OnBehalf => "Employer of record",
        Contract::Contractor => "Contractor",
    }
}

/// A time the way Halo writes it, in UTC and without saying so.
fn local(moment: Timestamp) -> String {
    Offset::UTC
        .to_datetime(moment)
        .strftime("%Y-%m-%dT%H:%M:%S")
        .to_string()
}

/// A number that may be written with a point, or as text.
pub(super) fn whole(value: &Value) -> Option<u64> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    let digits = text.strip_suffix(".0").unwrap_or(&text);
    digits.parse().ok()
}
