//! What Microsoft Graph calls the attributes of a user: one table of LDAP's names, Graph's own, and how each is
//! written. Graph's own names are as good as LDAP's.

use crate::attribute::AttributeName;
use crate::dn::Dn;

/// The attribute that names an account; the only part of its name, since Graph has no containers.
pub const NAMING_ATTRIBUTE: &str = "userPrincipalName";

/// The name of an account as a distinguished name, `userPrincipalName=ada@contoso.com`.
pub fn account_dn(principal: &str) -> Dn {
    Dn::root().child(NAMING_ATTRIBUTE, principal)
}

/// A property of a user.
#[derive(Debug, PartialEq, Eq)]
pub struct Property {
    /// LDAP's names for it, the usual one first; may be none.
    pub names: &'static [&'static str],
    /// Graph's name; a member of an object as `object/member`.
    pub path: &'static str,
    /// What its values look like.
    pub form: Form,
    /// Whether it can be written.
    pub writing: Writing,
}

/// What values of a property look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One text.
    Text,
    /// A list of texts.
    Texts,
    /// A list that takes one text only.
    OneInList,
    /// `true` or `false`.
    Flag,
    /// A day, `2026-03-02`, or a moment.
    Date,
    /// Another account, by its distinguished name.
    Account,
    /// Groups, by their distinguished names.
    Groups,
    /// Licences.
    Licences,
    /// A picture.
    Photo,
}

/// Whether a property can be written by attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// It can.
    Free,
    /// Only by a step of its own; mapped, it is there for that step's format.
    Step,
    /// It is only read.
    Never,
}

const fn text(names: &'static [&'static str], path: &'static str) -> Property {
    Property {
        names,
        path,
        form: Form::Text,
        writing: Writing::Free,
    }
}

const fn of(names: &'static [&'static str], path: &'static str, form: Form) -> Property {
    Property {
        names,
        path,
        form,
        writing: Writing::Free,
    }
}

const fn read(names: &'static [&'static str], path: &'static str, form: Form) -> Property {
    Property {
        names,
        path,
        form,
        writing: Writing::Never,
    }
}

/// Every property that can be mapped or asked for.
pub const PROPERTIES: &[Property] = &[
    text(&[NAMING_ATTRIBUTE], "userPrincipalName"),
    text(&["mailNickname"], "mailNickname"),
    text(&["mail"], "mail"),
    text(&["displayName", "cn"], "displayName"),
    text(&["givenName"], "givenName"),
    text(&["sn"], "surname"),
    text(&["title"], "jobTitle"),
    text(&["department"], "department"),
    text(&["company"], "companyName"),
    text(&["physicalDeliveryOfficeName"], "officeLocation"),
    of(&["telephoneNumber"], "businessPhones", Form::OneInList),
    text(&["mobile"], "mobilePhone"),
    text(&["facsimileTelephoneNumber"], "faxNumber"),
    text(&["employeeID"], "employeeId"),
    text(&["employeeType"], "employeeType"),
    of(&["employeeHireDate"], "employeeHireDate", Form::Date),
    of(&["employeeLeaveDateTime"], "employeeLeaveDateTime", Form::Date),
    text(&["costCenter"], "employeeOrgData/costCenter"),
    text(&["division"], "employeeOrgData/division"),
    text(&["streetAddress", "street"], "streetAddress"),
    text(&["l"], "city"),
    text(&["st"], "state"),
    text(&["postalCode"], "postalCode"),
    text(&["co"], "country"),
    text(&["usageLocation", "msExchUsageLocation"], "usageLocation"),
    text(&["preferredLanguage"], "preferredLanguage"),
    of(&["otherMailbox"], "otherMails", Form::Texts),
    text(&["userType"], "userType"),
    of(&["showInAddressList"], "showInAddressList", Form::Flag),
    text(&["passwordPolicies"], "passwordPolicies"),
    text(&["onPremisesImmutableId"], "onPremisesImmutableId"),
    text(
        &["extensionAttribute1"],
        "onPremisesExtensionAttributes/extensionAttribute1",
    ),
    text(
        &["extensionAttribute2"],
        "onPremisesExtensionAttributes/extensionAttribute2",
    ),
    text(
        &["extensionAttribute3"],
        "onPremisesExtensionAttributes/extensionAttribute3",
    ),
    text(
        &["extensionAttribute4"],
        "onPremisesExtensionAttributes/extensionAttribute4",
    ),
    text(
        &["extensionAttribute5"],
        "onPremisesExtensionAttributes/extensionAttribute5",
    ),
    text(
        &["extensionAttribute6"],
        "onPremisesExtensionAttributes/extensionAttribute6",
    ),
    text(
        &["extensionAttribute7"],
        "onPremisesExtensionAttributes/extensionAttribute7",
    ),
    text(
        &["extensionAttribute8"],
        "onPremisesExtensionAttributes/extensionAttribute8",
    ),
    text(
        &["extensionAttribute9"],
        "onPremisesExtensionAttributes/extensionAttribute9",
    ),
    text(
        &["extensionAttribute10"],
        "onPremisesExtensionAttributes/extensionAttribute10",
    ),
    text(
        &["extensionAttribute11"],
        "onPremisesExtensionAttributes/extensionAttribute11",
    ),
    text(
        &["extensionAttribute12"],
        "onPremisesExtensionAttributes/extensionAttribute12",
    ),
    text(
        &["extensionAttribute13"],
        "onPremisesExtensionAttributes/extensionAttribute13",
    ),
    text(
        &["extensionAttribute14"],
        "onPremisesExtensionAttributes/extensionAttribute14",
    ),
    text(
        &["extensionAttribute15"],
        "onPremisesExtensionAttributes/extensionAttribute15",
    ),
    of(&["manager"], "manager", Form::Account),
    Property {
        names: &["thumbnailPhoto", "jpegPhoto"],
        path: "photo",
        form: Form::Photo,
        writing: Writing::Step,
    },
    read(&["memberOf"], "memberOf", Form::Groups),
    read(&["assignedLicenses"], "assignedLicenses", Form::Licences),
    read(&["objectGUID"], "id", Form::Text),
    read(&["proxyAddresses"], "proxyAddresses", Form::Texts),
    read(&["whenCreated"], "createdDateTime", Form::Date),
    read(&["accountEnabled"], "accountEnabled", Form::Flag),
    read(&["sAMAccountName"], "onPremisesSamAccountName", Form::Text),
    read(&["distinguishedName"], "onPremisesDistinguishedName", Form::Text),
    read(&["onPremisesSyncEnabled"], "onPremisesSyncEnabled", Form::Flag),
];

/// The property that an attribute is, by any of its names.
pub fn property(name: &AttributeName) -> Option<&'static Property> {
    PROPERTIES
        .iter()
        .find(|property| name.is(property.path) || property.names.iter().any(|known| name.is(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_means_two_properties() {
        for property in PROPERTIES {
            for name in property.names.iter().chain([&property.path]) {
                assert_eq!(
                    super::property(&AttributeName::new(name)),
                    Some(property),
                    "{name}"
                );
            }
        }
        assert_eq!(
            property(&AttributeName::new("SN")).map(|sn| sn.path),
            Some("surname")
        );
        assert_eq!(property(&AttributeName::new("description")), None);
    }
}
