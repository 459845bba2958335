//! What values of an attribute mean when they are compared: which attributes hold names of objects, and when two
//! sets of values are the same.

use crate::attribute::AttributeName;
use crate::dn::Dn;

/// How values of an attribute are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// To the letter: a change of case is a change.
    Text,
    /// Without regard to case: login names and addresses.
    CaseIgnore,
    /// Names of objects, compared as such.
    Dn,
}

impl Syntax {
    /// The syntax of an attribute (RFC 4519 and Active Directory's schema; what is in neither is text).
    pub fn of(name: &AttributeName) -> Self {
        match name.as_str().to_ascii_lowercase().as_str() {
            "manager" | "member" | "uniquemember" | "memberof" | "secretary" | "assistant" | "seealso"
            | "owner" | "managedby" | "directreports" | "roleoccupant" => Self::Dn,
            "samaccountname" | "userprincipalname" | "uid" | "mail" => Self::CaseIgnore,
            _ => Self::Text,
        }
    }

    /// Whether two values are the same.
    pub fn same(self, one: &str, other: &str) -> bool {
        one == other
            || match self {
                Self::Text => false,
                Self::CaseIgnore => one.to_lowercase() == other.to_lowercase(),
                Self::Dn => Dn::from_server(one) == Dn::from_server(other),
            }
    }

    /// Whether two lists hold the same values, in any order.
    #[allow(clippy::needless_pass_by_value)] // Iterators that are cheap to clone.
    pub fn same_set<'a>(
        self,
        one: impl Iterator<Item = &'a str> + Clone,
        other: impl Iterator<Item = &'a str> + Clone,
    ) -> bool {
        if one.clone().eq(other.clone()) {
            return true;
        }
        let in_one = |value: &str| one.clone().any(|known| self.same(value, known));
        let in_other = |value: &str| other.clone().any(|known| self.same(value, known));
        one.clone().all(in_other) && other.clone().all(in_one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_the_same_in_any_order() {
        let same = |name: &str, one: &[&str], other: &[&str]| {
            Syntax::of(&AttributeName::new(name)).same_set(one.iter().copied(), other.iter().copied())
        };
        assert!(same("otherTelephone", &["1", "2"], &["2", "1"]));
        assert!(!same("otherTelephone", &["1", "2"], &["2"]));
        assert!(!same("displayName", &["ada"], &["Ada"]));
        assert!(same("mail", &["ada@x"], &["Ada@X"]));
        assert!(same("manager", &["CN=A, OU=B"], &["cn=a,ou=b"]));
        assert!(same("mail", &[], &[]));
    }
}
