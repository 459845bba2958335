//! Creating, changing and deleting users through the API. JumpCloud answers 200 to all of them.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::{answer::Refusal, desk::Desk};

/// What may be written; anything else in a body is overlooked.
const WRITABLE: &[&str] = &[
    "account_locked",
    "addresses",
    "alternateEmail",
    "attributes",
    "company",
    "costCenter",
    "delegatedAuthority",
    "department",
    "description",
    "displayname",
    "email",
    "employeeIdentifier",
    "employeeType",
    "enable_user_portal_multifactor",
    "external_dn",
    "external_source_type",
    "externally_managed",
    "firstname",
    "jobTitle",
    "lastname",
    "ldap_binding_user",
    "location",
    "managedAppleId",
    "manager",
    "mfa",
    "middlename",
    "password_never_expires",
    "passwordless_sudo",
    "phoneNumbers",
    "recoveryEmail",
    "relationships",
    "restrictedFields",
    "samba_service_user",
    "ssh_keys",
    "state",
    "sudo",
    "suspended",
    "unix_guid",
    "unix_uid",
    "username",
];

/// What `state` may be set to.
#[derive(Clone, Copy)]
enum States {
    /// When a user is made.
    New,
    /// Later, where nobody becomes `STAGED` again.
    Later,
}

/// Makes a user and gives back the record.
pub(super) fn create(desk: &mut Desk, body: &Map<String, Value>) -> Result<Bytes, Refusal> {
    for required in ["username", "email"] {
        if body
            .get(required)
            .and_then(Value::as_str)
            .is_none_or(str::is_empty)
        {
            return Err(Refusal::bad_request(format!("\"{required}\" is required")));
        }
    }
    let fields = admit(body, States::New)?;
    refuse_clash(desk, None, &fields)?;
    Ok(Bytes::copy_from_slice(desk.write(None, fields)))
}

/// Sets the given fields, whole lists at a time, and gives back the record.
pub(super) fn update(desk: &mut Desk, id: &str, body: &Map<String, Value>) -> Result<Bytes, Refusal> {
    let (number, _) = desk.find(id).ok_or_else(Refusal::not_found)?;
    let mut fields = desk.written(number);
    fields.extend(admit(body, States::Later)?);
    refuse_clash(desk, Some(number), &fields)?;
    Ok(Bytes::copy_from_slice(desk.write(Some(number), fields)))
}

/// Turns a staged user into an active one.
pub(super) fn activate(desk: &mut Desk, id: &str) -> Result<(), Refusal> {
    let (number, record) = desk.find(id).ok_or_else(Refusal::not_found)?;
    let record: Value = serde_json::from_slice(record).unwrap_or_default();
    if record["state"] != "STAGED" {
        return Err(Refusal::bad_request(format!(
            "only a STAGED user can be activated, this one is {}",
            record["state"]
        )));
    }
    let mut fields = desk.written(number);
    set_state(&mut fields, "ACTIVATED");
    desk.write(Some(number), fields);
    Ok(())
}

/// Deletes a user and gives back what the record was.
pub(super) fn remove(desk: &mut Desk, id: &str) -> Result<Bytes, Refusal> {
    let (number, record) = desk.find(id).ok_or_else(Refusal::not_found)?;
    let record = Bytes::copy_from_slice(record);
    desk.change(|population| population.strike(number));
    Ok(record)
}

fn admit(body: &Map<String, Value>, states: States) -> Result<Map<String, Value>, Refusal> {
    let mut fields: Map<String, Value> = body
        .iter()
        .filter(|(name, _)| WRITABLE.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for (name, value) in &fields {
        let fits = match name.as_str() {
            "addresses" | "attributes" | "phoneNumbers" | "relationships" | "ssh_keys" => value.is_array(),
            "suspended" | "account_locked" | "sudo" => value.is_boolean(),
            "username" | "email" => value.as_str().is_some_and(|text| !text.is_empty()),
            _ => true,
        };
        if !fits {
            return Err(Refusal::bad_request(format!("\"{name}\" cannot be {value}")));
        }
    }
    let state = match (fields.get("state"), fields.get("suspended"), states) {
        (Some(Value::String(state)), _, _) => Some(state.clone()),
        (Some(other), _, _) => return Err(Refusal::bad_request(format!("\"state\" cannot be {other}"))),
        (None, Some(Value::Bool(true)), _) => Some("SUSPENDED".to_owned()),
        (None, Some(_), _) | (None, None, States::New) => Some("ACTIVATED".to_owned()),
        (None, None, States::Later) => None,
    };
    if let Some(state) = state {
        let known = match states {
            States::New => matches!(state.as_str(), "STAGED" | "ACTIVATED" | "SUSPENDED"),
            States::Later => matches!(state.as_str(), "ACTIVATED" | "SUSPENDED"),
        };
        if !known {
            return Err(Refusal::bad_request(format!("\"state\" cannot be {state:?}")));
        }
        set_state(&mut fields, &state);
    }
    Ok(fields)
}

/// Sets the state and the two fields that say the same.
fn set_state(fields: &mut Map<String, Value>, state: &str) {
    fields.insert("state".to_owned(), state.into());
    fields.insert("suspended".to_owned(), (state == "SUSPENDED").into());
    fields.insert("activated".to_owned(), (state == "ACTIVATED").into());
}

fn refuse_clash(desk: &mut Desk, number: Option<u32>, fields: &Map<String, Value>) -> Result<(), Refusal> {
    let record = desk.preview(number, fields);
    match desk.clash(&record, number) {
        Some((field, value)) => Err(Refusal::bad_request(format!("{field} {value:?} already exists"))),
        None => Ok(()),
    }
}
