//! Who is an account, judged by what a user shows. Graph judges filters itself when it lists users, and not when one is
//! asked for by its id, so that only filters are judged here that mean the same in any case.

use tenure_core::document::UserType;

use super::settings::Settings;
use super::user::User;

/// The users that are accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judged {
    /// Of this kind only.
    kind: Option<&'static str>,
    conditions: Vec<Condition>,
}

/// A property that is true or false, or says nothing, compared.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    property: &'static str,
    equals: bool,
    value: bool,
}

/// Properties with two values that are shown of every user.
const FLAGS: [&str; 2] = ["accountEnabled", "onPremisesSyncEnabled"];

impl Condition {
    fn read(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [property, comparison, value] = words.as_slice() else {
            return None;
        };
        Some(Self {
            property: FLAGS.into_iter().find(|flag| flag == property)?,
            equals: match *comparison {
                "eq" => true,
                "ne" => false,
                _ => return None,
            },
            value: value.parse().ok()?,
        })
    }

    /// What says nothing differs from true and from false.
    fn holds(&self, user: &User) -> bool {
        (user.record[self.property].as_bool() == Some(self.value)) == self.equals
    }
}

impl Judged {
    /// Whether a user is an account.
    pub(super) fn takes(&self, user: &User) -> bool {
        let is_kind = |kind: &str| {
            let own = user.text("userType");
            own.is_some_and(|own| own.eq_ignore_ascii_case(kind))
        };
        self.kind.is_none_or(is_kind) && self.conditions.iter().all(|condition| condition.holds(user))
    }
}

impl Settings {
    /// Who is an account; none when only Graph can say it.
    pub(super) fn judged(&self) -> Option<Judged> {
        let conditions: Option<Vec<Condition>> = match &self.filter {
            None => Some(Vec::new()),
            Some(filter) => filter.split(" and ").map(Condition::read).collect(),
        };
        Some(Judged {
            kind: match self.only_type() {
                Some(UserType::Member) => Some("Member"),
                Some(UserType::Guest) => Some("Guest"),
                None => None,
            },
            conditions: conditions?,
        })
    }

    /// Whose users are asked for, in a text that is the same for the same users.
    pub(super) fn whom(&self) -> String {
        let filter = self.user_filter().unwrap_or_default();
        format!("{} of {}: {filter}", self.tenant, self.addresses.graph)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    #[test]
    fn what_says_nothing_is_neither_true_nor_false() {
        let holds = |condition: &str, value: Json| {
            let record = json!({ "id": "1", "userPrincipalName": "ada@x", "onPremisesSyncEnabled": value });
            Condition::read(condition)
                .unwrap()
                .holds(&User::read(record).unwrap())
        };
        for (value, expected) in [
            (Json::Null, [false, true, false, true]),
            (json!(true), [true, false, false, true]),
            (json!(false), [false, true, true, false]),
        ] {
            let conditions = ["eq true", "ne true", "eq false", "ne false"];
            let held = conditions.map(|end| holds(&format!("onPremisesSyncEnabled {end}"), value.clone()));
            assert_eq!(held, expected, "{value}");
        }
        for other in [
            "department eq 'Sales'",
            "accountEnabled eq null",
            "not(accountEnabled eq true)",
        ] {
            assert_eq!(Condition::read(other), None, "{other}");
        }
    }
}
