//! A person as Remote's employment.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{desk::Desk, employment_id};
use crate::{
    population::{Contract, Country, Person, Space, Standing, departments},
    stage::answer::{Object, moment, object},
};

/// What a row of the list shows.
const SHORT: [&str; 16] = [
    "id",
    "short_id",
    "external_id",
    "full_name",
    "personal_email",
    "login_email",
    "work_email",
    "job_title",
    "department",
    "department_id",
    "type",
    "employment_model",
    "status",
    "employment_lifecycle_stage",
    "country",
    "work_address_details",
];

const TASKS: [&str; 9] = [
    "address_details",
    "administrative_details",
    "bank_account_details",
    "billing_address_details",
    "contract_details",
    "emergency_contact_details",
    "employment_document_details",
    "personal_details",
    "pricing_plan_details",
];

/// What begins the name under which a custom field is kept.
pub(super) const CUSTOM: &str = "custom:";

/// Which fields show what the population calls that.
pub(super) fn covers(attribute: &str) -> &'static [&'static str] {
    match attribute {
        "firstname" | "lastname" => &["full_name", "basic_information", "personal_details"],
        "email" => &["work_email", "basic_information"],
        "department" => &["department", "department_id"],
        "jobTitle" => &["job_title", "basic_information"],
        "location" => &[
            "country",
            "address_details",
            "work_address_details",
            "contract_details",
        ],
        "state" => &[
            "status",
            "employment_lifecycle_stage",
            "user_status",
            "termination_date",
        ],
        _ => &[],
    }
}

/// The employment with all there is.
pub(super) fn detail(desk: &Desk, person: Person<'_>) -> Object {
    let mut record = desk.register.shown(person, |person| render(desk, person));
    let mut basic = object(json!({ "has_seniority_date": "no" }));
    for (name, from) in [
        ("name", "full_name"),
        ("email", "personal_email"),
        ("personal_email", "personal_email"),
        ("work_email", "work_email"),
        ("job_title", "job_title"),
        ("provisional_start_date", "provisional_start_date"),
        ("seniority_date", "seniority_date"),
        ("manager", "manager"),
    ] {
        if let Some(value) = record.get(from) {
            basic.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(Value::Object(written)) = record.remove("basic_information") {
        basic.extend(written);
    }
    record.insert("basic_information".to_owned(), basic.into());
    record.retain(|name, _| !name.starts_with(CUSTOM));
    record
}

/// The employment as a row of the list.
pub(super) fn short(desk: &Desk, person: Person<'_>) -> Object {
    let mut record = detail(desk, person);
    record.retain(|name, _| SHORT.contains(&name.as_str()));
    for nullable in ["external_id", "department", "department_id", "work_email"] {
        record.entry(nullable).or_insert(Value::Null);
    }
    if record.get("work_email").is_some_and(|address| address == "") {
        record.insert("work_email".to_owned(), Value::Null);
    }
    if record.get("job_title").is_none_or(Value::is_null) {
        record.insert("job_title".to_owned(), "".into());
    }
    record
}

/// The written status, or the population's.
pub(super) fn status(desk: &Desk, person: Person<'_>) -> String {
    let written = desk.register.written(person.number(), "status");
    let made_up = || stages(person.standing()).0;
    written.and_then(Value::as_str).unwrap_or_else(made_up).to_owned()
}

/// Status, stage of life and the user's status.
fn stages(standing: Standing) -> (&'static str, &'static str, &'static str) {
    match standing {
        Standing::Invited => ("invited", "employee_self_enrollment", "initiated"),
        Standing::PreHire => ("pre_hire", "contract_signing", "created"),
        Standing::Active => ("active", "onboarded", "active"),
        Standing::Leaving => ("offboarding", "onboarded", "active"),
        Standing::Left => ("archived", "offboarded", "inactive"),
    }
}

/// The private address, which is what one signs in with.
pub(super) fn login_email(desk: &Desk, person: Person<'_>) -> String {
    let written = desk.register.written(person.number(), "login_email");
    let made_up = || {
        person
            .private_email()
            .unwrap_or_else(|| format!("{}@home.test", person.username()))
    };
    written
        .and_then(Value::as_str)
        .map_or_else(made_up, str::to_owned)
}

/// `type` and `employment_model`.
pub(super) fn kind(person: Person<'_>) -> (&'static str, Option<&'static str>) {
    match person.contract() {
        Contract::Contractor => ("contractor", None),
        Contract::Direct => ("direct_employee", None),
        Contract::OnBehalf if person.country().is_some_and(|country| country.alpha_2 == "US") => {
            ("employee", Some("peo"))
        }
        Contract::OnBehalf => ("employee", Some("eor")),
    }
}

/// Six letters and digits.
pub(super) fn short_id(person: Person<'_>) -> String {
    let mut rest = 60_466_176 + u64::from(person.number()) * 7;
    let mut letters = Vec::new();
    while rest > 0 {
        letters.push(char::from(
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(rest % 36) as usize],
        ));
        rest /= 36;
    }
    letters.iter().rev().collect()
}

pub(super) fn country_shown(country: Country) -> Value {
    json!({
        "code": country.alpha_3,
        "alpha_2_code": country.alpha_2,
        "name": country.name,
        "supported_json_schemas": ["address_details", "administrative_details", "contract_details"],
    })
}

fn render(desk: &Desk, person: Person<'_>) -> Object {
    let population = desk.register.population();
    let (status, stage, user_status) = stages(person.standing());
    let (kind, model) = kind(person);
    let login = login_email(desk, person);
    let country = person.country();
    let department = person.department();
    let department_id = department
        .and_then(|name| departments().position(|known| known == name))
        .map(|place| population.uuid(Space::Department, 1 + place as u64));
    let manager = person
        .manager()
        .and_then(|id| population.person(population.number_of_id(&id)?));
    let done = !matches!(person.standing(), Standing::Invited);
    let created = moment(Timestamp::from_second(person.created()).unwrap_or_default());
    let tasks: Object = TASKS
        .iter()
        .map(|task| {
            (
                (*task).to_owned(),
                json!({ "status": if done { "completed" } else { "pending" } }),
            )
        })
        .collect();
    let mut record = object(json!({
        "id": employment_id(population, person),
        "short_id": short_id(person),
        "company_id": desk.company(),
        "full_name": person.display_name(),
        "personal_email": login,
        "login_email": login,
        "work_email": person.email(),
        "job_title": person.job_title(),
        "department": department,
        "department_id": department_id,
        "type": kind,
        "employment_model": model,
        "status": status,
        "employment_lifecycle_stage": stage,
        "user_status": user_status,
        "country": country.map(country_shown),
        "manager_email": manager.map(Person::email),
        "manager_employment_id": manager.map(|manager| employment_id(population, manager)),
        "termination_date": person.end(),
        "contract_details": contract(country, person),
        "personal_details": { "first_name": person.given(), "last_name": person.family() },
        "address_details": address(person),
        "work_address_details": { "city": person.location() },
        "administrative_details": administrative(country, person),
        "emergency_contact_details": {},
        "billing_address_details": {},
        "bank_account_details": [],
        "pricing_plan_details": { "frequency": "monthly" },
        "onboarding_tasks": tasks,
        "files": [],
        "eligible_for_onboarding_cancellation": !done,
        "created_at": created,
        "updated_at": moment(desk.register.changed(person)),
    }));
    let optional = [
        ("external_id", person.employee_identifier()),
        ("manager", manager.map(Person::display_name)),
        (
            "provisional_start_date",
            person.start().map(|date| date.to_string()),
        ),
        ("seniority_date", person.start().map(|date| date.to_string())),
        (
            "contractor_type",
            (kind == "contractor").then(|| "standard".to_owned()),
        ),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            record.insert(name.to_owned(), value.into());
        }
    }
    record
}

/// No two countries ask for the same.
fn contract(country: Option<Country>, person: Person<'_>) -> Value {
    let salary = 3_000_000 + 1000 * person.chance(64, 5000);
    match country.map(|country| country.alpha_2) {
        Some("NL") => {
            json!({ "annual_gross_salary": salary, "holiday_allowance": "included", "weekly_hours": 40 })
        }
        Some("GB") => {
            json!({ "annual_gross_salary": salary, "work_schedule": "full_time", "notice_period_weeks": 4 })
        }
        Some("DE") => json!({ "annual_gross_salary": salary, "probation_length": 6, "working_hours": "39" }),
        Some("BR") => json!({ "monthly_salary": salary / 13, "meal_voucher": true }),
        Some("US") => json!({ "annual_salary": salary, "flsa_status": "exempt", "work_state": "NY" }),
        Some(_) => json!({ "annual_gross_salary": salary }),
        None => json!({}),
    }
}

fn address(person: Person<'_>) -> Value {
    let addresses = person.addresses();
    let Some(home) = addresses.last() else {
        return json!({});
    };
    match home.country {
        "US" => {
            json!({ "address": home.street, "city": home.locality, "state": home.region, "zip": home.postal_code })
        }
        "GB" => json!({ "address": home.street, "town": home.locality, "postcode": home.postal_code }),
        _ => json!({ "address": home.street, "city": home.locality, "postal_code": home.postal_code }),
    }
}

fn administrative(country: Option<Country>, person: Person<'_>) -> Value {
    let digits = person.chance(65, 100_000_000);
    match country.map(|country| country.alpha_2) {
        Some("NL") => json!({ "bsn": format!("9{digits:08}") }),
        Some("GB") => json!({ "national_insurance_number": format!("QQ{:06}C", digits % 1_000_000) }),
        Some("BR") => json!({ "cpf": format!("{digits:011}") }),
        Some(_) => json!({ "tax_id": format!("{digits:09}") }),
        None => json!({}),
    }
}
