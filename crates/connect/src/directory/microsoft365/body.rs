//! Values of attributes as requests carry them.

use serde_json::{Map, Value as Json, json};
use tenure_core::attribute::AttributeName;
use tenure_core::dn::Dn;
use tenure_core::microsoft365::{Form, Writing, property};
use tenure_core::outcome::Refusal;

use super::fault::refusal;
use super::user::as_written;

/// Attributes as Graph takes them.
#[derive(Debug)]
pub(super) struct Body {
    /// The properties of the user itself.
    pub(super) properties: Map<String, Json>,
    /// The manager, who is another object and set on its own.
    pub(super) manager: Manager,
}

/// What becomes of the manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Manager {
    /// Nothing is said of one.
    Unsaid,
    /// There is to be none.
    Nobody,
    /// The one of this name or id.
    Called(String),
}

impl Manager {
    /// The one that an attribute's values mean.
    pub(super) fn of(values: &[String]) -> Self {
        match values.first() {
            None => Self::Nobody,
            Some(dn) if dn.contains('=') => Self::Called(Dn::from_server(dn).rdn_value()),
            Some(name) => Self::Called(name.clone()),
        }
    }
}

impl Body {
    /// These values; why they cannot be written when they cannot.
    pub(super) fn of<'a>(
        values: impl Iterator<Item = (&'a AttributeName, &'a [String])>,
    ) -> Result<Self, Refusal> {
        let mut body = Self {
            properties: Map::new(),
            manager: Manager::Unsaid,
        };
        for (name, values) in values {
            let known = property(name).filter(|known| known.writing == Writing::Free);
            let known = known.ok_or_else(|| {
                refusal(
                    format!("`{name}` cannot be written in Microsoft 365"),
                    "Take it out of the mapping; docs/microsoft-365.md lists what users have.",
                )
            })?;
            if known.form == Form::Account {
                body.manager = Manager::of(values);
                continue;
            }
            let value = as_written(known, values)
                .map_err(|why| refusal(why, "Correct the mapping, or the value in the source."))?;
            match known.path.split_once('/') {
                None => {
                    body.properties.insert(known.path.to_owned(), value);
                }
                Some((object, member)) => {
                    let object = body
                        .properties
                        .entry(object.to_owned())
                        .or_insert_with(|| json!({}));
                    object[member] = value;
                }
            }
        }
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_an_object_go_together_and_the_manager_alone() {
        let values = [
            ("costCenter", vec!["7".to_owned()]),
            ("division", vec![]),
            ("manager", vec!["userPrincipalName=bob@x".to_owned()]),
            ("sn", vec!["Byrne".to_owned()]),
        ]
        .map(|(name, values)| (AttributeName::new(name), values));
        let body = Body::of(values.iter().map(|(name, values)| (name, values.as_slice()))).unwrap();
        assert_eq!(
            Json::from(body.properties),
            json!({ "employeeOrgData": { "costCenter": "7", "division": null }, "surname": "Byrne" })
        );
        assert_eq!(body.manager, Manager::Called("bob@x".to_owned()));
        let unknown = [(AttributeName::new("memberOf"), vec!["CN=A".to_owned()])];
        let refused = Body::of(unknown.iter().map(|(name, values)| (name, values.as_slice()))).unwrap_err();
        assert_eq!(refused.message, "`memberOf` cannot be written in Microsoft 365");
    }
}
