//! What differs between kinds of directory, as the shared machinery asks for it.

use tenure_core::account::{Access, AccountId};
use tenure_core::action::AttributeValues;
use tenure_core::attribute::AttributeName;
use tenure_core::dn::Dn;
use tenure_core::outcome::Refusal;
use tenure_core::seams::{AccountRef, Capabilities};
use tenure_core::secret::Secret;

use crate::ldap::{
    Attribute, Change, ChangeKind, Doing, Encryption, Entry, Filter, Operation, Request, Search,
};

/// The rules of one kind of directory.
pub trait Rules: Send + Sync + 'static {
    /// What such a directory can do.
    fn capabilities(&self) -> Capabilities;

    /// The attribute with an account's immutable id.
    fn id_attribute(&self) -> &str;

    /// The id as text; none when the value is not one.
    fn id(&self, value: &[u8]) -> Option<AccountId>;

    /// Which objects are accounts.
    fn users(&self) -> Filter;

    /// The attribute that says whether an account can sign in, if there is one.
    fn access_attribute(&self) -> Option<&str>;

    /// Whether a value of that attribute keeps the account from signing in.
    fn disables(&self, value: &[u8]) -> bool;

    /// Where the groups of an account are found.
    fn member_of(&self) -> MemberOf<'_>;

    /// The naming context that an account's names have to be unique in, out of the server's root entry.
    fn naming_context(&self, root: &Entry, base: &Dn) -> Dn;

    /// Finds an account by its id; by its last known name where a server cannot look ids up directly.
    fn find(&self, account: &AccountRef, attributes: Vec<String>) -> Search;

    /// Finds an account that is no longer where it was, in all of the naming context; none when [`find`](Self::find) would have.
    fn find_elsewhere(&self, id: &AccountId, context: &Dn, attributes: Vec<String>) -> Option<Search>;

    /// Attributes that say whether an account may be changed.
    fn protecting_attributes(&self) -> &[&'static str];

    /// Why an account must not be changed.
    fn protected(&self, entry: &Entry) -> Option<Refusal>;

    /// The attribute with the login name, by which an account made before is known again.
    fn login_attribute(&self) -> &str;

    /// Names that an object takes besides those it has, by the names of one object and the naming context.
    fn implied_names(&self, _own: &[(AttributeName, String)], _context: &Dn) -> Vec<(AttributeName, String)> {
        Vec::new()
    }

    /// Whether the server tells what changed, deletions included, in the way of Active Directory.
    fn tells_changes(&self) -> bool {
        false
    }

    /// How sign-in is switched on or off.
    fn set_access(&self, entry: &Entry, access: Access) -> Result<Change, Refusal>;

    /// The attribute with a picture.
    fn photo_attribute(&self) -> &'static str;

    /// The attribute that shows a lockout, and changes when that ends.
    fn lockout_attribute(&self) -> &'static str;

    /// How a lockout ends.
    fn unlock(&self) -> Change;

    /// The attribute that shows when the password was set.
    fn password_set_attribute(&self) -> &'static str;

    /// How an account gets another password; of `new` only its name, password, first sign-in and encryption count.
    fn reset_password(&self, new: &NewAccount<'_>) -> Result<Vec<Step>, Refusal>;

    /// Accounts that this kind of directory leaves alone: filters with their reasons.
    fn protections(&self) -> Vec<(Filter, &'static str)> {
        Vec::new()
    }

    /// How groups are found whose members are left alone, given the id of the domain as the directory shows it.
    fn privileged_groups(&self, _domain: &[u8]) -> Option<Filter> {
        None
    }

    /// Members of a group, and of groups in it; none where accounts do not show their groups.
    fn members(&self, group: &Dn) -> Option<Filter>;

    /// Members of a group without those of groups in it; none where groups in groups mean nothing.
    fn direct_members(&self, _group: &Dn) -> Option<Filter> {
        None
    }

    /// How an account is made.
    fn create(&self, new: &NewAccount<'_>) -> Result<Creation, Refusal>;

    /// What is left to do for an account that was made before and has all its attributes.
    fn finish(&self, new: &NewAccount<'_>, found: &Entry) -> Result<Vec<Step>, Refusal>;
}

/// Where the groups of an account are found.
#[derive(Clone, Copy, Debug)]
pub enum MemberOf<'a> {
    /// In its own `memberOf`.
    Account,
    /// In the groups' values.
    Groups {
        /// Which objects are groups.
        class: &'a str,
        /// The attribute with a group's members.
        attribute: &'a str,
    },
}

impl MemberOf<'_> {
    /// The attribute with a group's members.
    pub fn member_attribute(&self) -> &str {
        match self {
            Self::Account => "member",
            Self::Groups { attribute, .. } => attribute,
        }
    }
}

/// An account that is to be.
#[derive(Clone, Copy, Debug)]
pub struct NewAccount<'a> {
    /// Its name.
    pub dn: &'a Dn,
    /// Its values.
    pub attributes: &'a [AttributeValues],
    /// Its first password.
    pub password: Option<&'a Secret>,
    /// Whether that has to be changed at the first sign-in.
    pub first_sign_in: FirstSignIn,
    /// Whether sign-in is possible.
    pub access: Access,
    /// Whether others can read along.
    pub encryption: Encryption,
}

/// What happens at the first sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstSignIn {
    /// Nothing.
    Plain,
    /// Another password has to be chosen.
    MustChange,
}

/// One request of a write, with what it is about.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is being done.
    pub doing: Doing,
    /// How.
    pub request: Request,
}

/// How an account is made: by the steps, or by the others when the server is not willing to take the first at once.
/// What was made is deleted again when a later step fails.
#[derive(Clone, Debug)]
pub struct Creation {
    /// The first adds the object.
    pub steps: Vec<Step>,
    /// Smaller steps; the first adds the object.
    pub otherwise: Option<Vec<Step>>,
}

impl Step {
    /// Changes an object.
    pub fn modify(doing: Doing, dn: &str, changes: Vec<Change>) -> Self {
        Self {
            doing,
            request: Operation::Modify {
                dn: dn.to_owned(),
                changes,
            }
            .into(),
        }
    }

    /// Adds an object.
    pub fn add(dn: &Dn, attributes: Vec<Attribute>) -> Self {
        let dn = dn.as_str().to_owned();
        Self {
            doing: Doing::Create,
            request: Operation::Add { dn, attributes }.into(),
        }
    }
}

/// One value in place of all that are there.
pub fn replace(attribute: &str, value: impl AsRef<[u8]>) -> Change {
    Change {
        kind: ChangeKind::Replace,
        attribute: Attribute::single(attribute, value),
    }
}

/// The attributes of a new object, with these classes if the template gives none.
pub fn attributes_of(new: &NewAccount<'_>, classes: &[impl AsRef<[u8]>]) -> Vec<Attribute> {
    let wire = |one: &AttributeValues| Attribute {
        name: one.name.as_str().to_owned(),
        values: one
            .values
            .iter()
            .filter(|value| !value.is_empty())
            .map(|value| value.as_bytes().to_vec())
            .collect(),
    };
    let mut all: Vec<Attribute> = new
        .attributes
        .iter()
        .map(wire)
        .filter(|one| !one.values.is_empty())
        .collect();
    if !new.attributes.iter().any(|one| one.name.is("objectClass")) {
        let values = classes.iter().map(|class| class.as_ref().to_vec()).collect();
        all.push(Attribute {
            name: "objectClass".to_owned(),
            values,
        });
    }
    all
}

/// A refusal of our own, without a server's code.
pub fn refusal(message: impl Into<String>, hint: &str) -> Refusal {
    Refusal {
        code: String::new(),
        message: message.into(),
        hint: hint.to_owned(),
    }
}
