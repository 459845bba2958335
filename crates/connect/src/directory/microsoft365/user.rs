//! A user as Graph shows it, and which properties to ask for so that it does.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use tenure_core::account::{Access, AccountId};
use tenure_core::attribute::AttributeName;
use tenure_core::dn::Dn;
use tenure_core::microsoft365::{Form, Property, account_dn, property};
use tenure_core::seams::AccountRef;

/// Which properties are asked for.
#[derive(Clone, Debug)]
pub(super) struct Select {
    names: BTreeSet<&'static str>,
    /// Whether the manager is wanted, who is another object.
    pub(super) manager: bool,
    /// Whether groups are wanted, which are asked for on their own.
    pub(super) groups: bool,
    /// Whether licences are wanted.
    pub(super) licences: bool,
}

/// What is always asked for: who it is, and whether it may be changed.
const ALWAYS: [&str; 4] = [
    "id",
    "userPrincipalName",
    "accountEnabled",
    "onPremisesSyncEnabled",
];

impl Select {
    /// What these attributes need. Those that Graph does not know are left out.
    pub(super) fn of<'n>(names: impl IntoIterator<Item = &'n AttributeName>) -> Self {
        let mut select = Self {
            names: ALWAYS.into_iter().collect(),
            manager: false,
            groups: false,
            licences: false,
        };
        for property in names.into_iter().filter_map(property) {
            match property.form {
                Form::Account => select.manager = true,
                Form::Groups => select.groups = true,
                Form::Licences => select = select.with_licences(),
                Form::Photo => {}
                _ => {
                    select.names.insert(top(property.path));
                }
            }
        }
        select
    }

    /// With what says which licences somebody has.
    pub(super) fn with_licences(mut self) -> Self {
        self.licences = true;
        self.and(["assignedLicenses", "licenseAssignmentStates", "usageLocation"])
    }

    /// With further properties.
    pub(super) fn and<const N: usize>(mut self, names: [&'static str; N]) -> Self {
        self.names.extend(names);
        self
    }

    /// The query, without what only comes with another object.
    pub(super) fn without_manager(&self) -> String {
        let names: Vec<&str> = self.names.iter().copied().collect();
        format!("$select={}", names.join(","))
    }

    /// The query.
    pub(super) fn query(&self) -> String {
        let query = self.without_manager();
        if self.manager {
            format!("{query}&$expand=manager($select=id,userPrincipalName)")
        } else {
            query
        }
    }
}

/// The part of a path that is asked for.
fn top(path: &'static str) -> &'static str {
    path.split_once('/').map_or(path, |(top, _)| top)
}

/// A user.
#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) id: AccountId,
    pub(super) principal: String,
    pub(super) access: Access,
    /// Whether it comes from an Active Directory by synchronization.
    pub(super) synced: bool,
    pub(super) record: Json,
}

impl User {
    /// Reads a record; none when it does not say who it is.
    pub(super) fn read(record: Json) -> Option<Self> {
        let text = |name: &str| {
            record
                .get(name)
                .and_then(Json::as_str)
                .filter(|text| !text.is_empty())
        };
        Some(Self {
            id: AccountId::new(text("id")?),
            principal: text("userPrincipalName")?.to_owned(),
            access: match record.get("accountEnabled") {
                Some(Json::Bool(false)) => Access::Disabled,
                _ => Access::Enabled,
            },
            synced: record.get("onPremisesSyncEnabled") == Some(&Json::Bool(true)),
            record,
        })
    }

    pub(super) fn dn(&self) -> Dn {
        account_dn(&self.principal)
    }

    pub(super) fn account(&self) -> AccountRef {
        AccountRef {
            id: self.id.clone(),
            dn: self.dn(),
        }
    }

    /// The values of a property that is in the record itself, as text.
    pub(super) fn values(&self, property: &Property) -> Vec<String> {
        let mut value = &self.record;
        for part in property.path.split('/') {
            value = &value[part];
        }
        match property.form {
            Form::Account => {
                let principal = value["userPrincipalName"].as_str();
                principal
                    .map(|principal| account_dn(principal).to_string())
                    .into_iter()
                    .collect()
            }
            Form::Groups | Form::Licences | Form::Photo => Vec::new(),
            form => {
                let list = value
                    .as_array()
                    .map_or(std::slice::from_ref(value), Vec::as_slice);
                let texts = list.iter().filter_map(text);
                texts.map(|text| as_read(form, &text).to_owned()).collect()
            }
        }
    }

    /// The values of an attribute.
    pub(super) fn attribute(&self, name: &AttributeName) -> Vec<String> {
        property(name)
            .map(|property| self.values(property))
            .unwrap_or_default()
    }

    /// A text of the record.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.record.get(name).and_then(Json::as_str)
    }
}

/// A day is kept by Graph as its midnight.
const MIDNIGHT: &str = "T00:00:00Z";

fn as_read(form: Form, text: &str) -> &str {
    match form {
        Form::Date => text.strip_suffix(MIDNIGHT).unwrap_or(text),
        _ => text,
    }
}

/// A value as Graph takes it: one text, a list, or null.
pub(super) fn as_written(property: &Property, values: &[String]) -> Result<Json, String> {
    let path = property.path;
    let values: Vec<&str> = values
        .iter()
        .map(String::as_str)
        .filter(|value| !value.is_empty())
        .collect();
    let one = || match values.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        several => Err(format!(
            "`{path}` takes one value, and {} are given",
            several.len()
        )),
    };
    Ok(match property.form {
        Form::Texts => Json::from(values),
        Form::OneInList => Json::from(one()?.into_iter().collect::<Vec<_>>()),
        Form::Flag => match one()? {
            None => Json::Null,
            Some(text) if text.eq_ignore_ascii_case("true") => Json::Bool(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Json::Bool(false),
            Some(other) => return Err(format!("`{path}` is `true` or `false`, and `{other}` is given")),
        },
        Form::Date => one()?.map_or(Json::Null, |text| match text.len() {
            10 => format!("{text}{MIDNIGHT}").into(),
            _ => text.into(),
        }),
        _ => one()?.map_or(Json::Null, Json::from),
    })
}

fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Json::Bool(_) | Json::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_come_back_as_they_were_given() {
        let name = AttributeName::new;
        for (attribute, values) in [
            ("sn", vec!["Byrne"]),
            ("telephoneNumber", vec!["+31205550101"]),
            ("otherMailbox", vec!["a@x", "b@x"]),
            ("employeeHireDate", vec!["2026-03-02"]),
            ("showInAddressList", vec!["false"]),
            ("title", vec![]),
        ] {
            let values: Vec<String> = values.into_iter().map(str::to_owned).collect();
            let property = property(&name(attribute)).unwrap();
            let mut record = json!({ "id": "1", "userPrincipalName": "ada@x" });
            record[property.path] = as_written(property, &values).unwrap();
            assert_eq!(User::read(record).unwrap().attribute(&name(attribute)), values);
        }
        let phones = property(&name("telephoneNumber")).unwrap();
        assert!(as_written(phones, &["1".to_owned(), "2".to_owned()]).is_err());
        assert_eq!(as_written(phones, &[]).unwrap(), json!([]));
    }

    #[test]
    fn a_user_is_named_by_principal_and_its_manager_too() {
        let record = json!({
            "id": "1", "userPrincipalName": "ada@x", "accountEnabled": false,
            "manager": { "id": "2", "userPrincipalName": "bob@x" }, "employeeOrgData": { "costCenter": "7" },
        });
        let user = User::read(record).unwrap();
        assert_eq!(user.dn().to_string(), "userPrincipalName=ada@x");
        assert_eq!(user.access, Access::Disabled);
        assert_eq!(user.attribute(&"manager".into()), ["userPrincipalName=bob@x"]);
        assert_eq!(user.attribute(&"costCenter".into()), ["7"]);
        let select = Select::of(&["manager".into(), "costCenter".into(), "odd".into()]);
        assert_eq!(
            select.query(),
            "$select=accountEnabled,employeeOrgData,id,onPremisesSyncEnabled,userPrincipalName&$expand=manager($select=\
             id,userPrincipalName)"
        );
    }
}
