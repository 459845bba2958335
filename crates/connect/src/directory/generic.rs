//! The rules of LDAP servers in general, with the choices that they leave to their administrators.

use tenure_core::account::{Access, AccountId};
use tenure_core::capability::{self, Need};
use tenure_core::dn::Dn;
use tenure_core::document::DirectoryKind;
use tenure_core::outcome::Refusal;
use tenure_core::seams::{AccountRef, Capabilities};
use tenure_core::secret::Secret;

use super::rules::{
    Creation, FirstSignIn, MemberOf, NewAccount, Rules, Step, attributes_of, refusal, replace,
};
use super::settings::Mark;
use crate::ldap::{Attribute, Change, ChangeKind, Doing, Entry, Filter, Operation, Scope, Search};

/// How passwords are set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PasswordMethod {
    /// By the Password Modify operation (RFC 3062); the server hashes it and applies its policy.
    #[default]
    Operation,
    /// As the value of `userPassword`, for servers that do not know the operation.
    Attribute,
}

/// Where the groups of an account are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemberOfSource {
    /// In the groups' own values, which every server has.
    #[default]
    Groups,
    /// In the accounts' `memberOf`, where the server keeps it up (OpenLDAP's overlay, 389's plug-in).
    Server,
}

/// The rules of an LDAP server.
#[derive(Clone, Debug)]
pub struct LdapRules {
    /// Classes of new accounts; the first is what accounts are looked for by.
    pub object_classes: Vec<String>,
    /// The attribute with the login name.
    pub login_attribute: String,
    /// The attribute with the immutable id (RFC 4530), as text.
    pub id_attribute: String,
    /// What marks an account as disabled; without it accounts can be neither enabled nor disabled.
    pub disabled: Option<Mark>,
    /// What makes the server ask for another password at the next sign-in; without it, it cannot be asked to.
    pub must_change: Option<Mark>,
    /// How passwords are set.
    pub password: PasswordMethod,
    /// Where the groups of an account are found.
    pub member_of: MemberOfSource,
    /// The class of groups.
    pub group_class: String,
    /// The attribute with a group's members.
    pub member_attribute: String,
}

/// Since when an account is locked.
const LOCKOUT: &str = "pwdAccountLockedTime";

impl Default for LdapRules {
    /// `inetOrgPerson` (RFC 2798) known by `uid` and `entryUUID`, `groupOfNames` (RFC 4519), passwords by RFC 3062.
    fn default() -> Self {
        Self {
            object_classes: vec!["inetOrgPerson".to_owned()],
            login_attribute: "uid".to_owned(),
            id_attribute: "entryUUID".to_owned(),
            disabled: None,
            must_change: None,
            password: PasswordMethod::default(),
            member_of: MemberOfSource::default(),
            group_class: "groupOfNames".to_owned(),
            member_attribute: "member".to_owned(),
        }
    }
}

impl Rules for LdapRules {
    fn capabilities(&self) -> Capabilities {
        capability::capabilities(DirectoryKind::Ldap, |need| match need {
            Need::DisabledBy => self.disabled.is_some(),
        })
    }

    fn id_attribute(&self) -> &str {
        &self.id_attribute
    }

    fn id(&self, value: &[u8]) -> Option<AccountId> {
        std::str::from_utf8(value)
            .ok()
            .filter(|text| !text.is_empty())
            .map(AccountId::new)
    }

    fn users(&self) -> Filter {
        self.object_classes
            .first()
            .map_or_else(Filter::everything, |class| Filter::equal("objectClass", class))
    }

    fn access_attribute(&self) -> Option<&str> {
        self.disabled.as_ref().map(|mark| mark.attribute.as_str())
    }

    fn disables(&self, value: &[u8]) -> bool {
        self.disabled
            .as_ref()
            .is_some_and(|mark| value.eq_ignore_ascii_case(mark.value.as_bytes()))
    }

    fn member_of(&self) -> MemberOf<'_> {
        match self.member_of {
            MemberOfSource::Server => MemberOf::Account,
            MemberOfSource::Groups => MemberOf::Groups {
                class: &self.group_class,
                attribute: &self.member_attribute,
            },
        }
    }

    fn naming_context(&self, root: &Entry, base: &Dn) -> Dn {
        let contexts = root
            .values("namingContexts")
            .iter()
            .filter_map(|value| std::str::from_utf8(value).ok());
        let above = contexts
            .filter(|context| !context.is_empty())
            .map(Dn::from_server);
        above
            .filter(|context| base.is_within(context))
            .max_by_key(|dn| dn.as_str().len())
            .unwrap_or_else(|| base.clone())
    }

    fn find(&self, account: &AccountRef, attributes: Vec<String>) -> Search {
        Search::object(account.dn.as_str(), attributes)
    }

    fn find_elsewhere(&self, id: &AccountId, context: &Dn, attributes: Vec<String>) -> Option<Search> {
        let filter = Filter::equal(&self.id_attribute, id.as_str());
        Some(Search {
            base: context.as_str().to_owned(),
            scope: Scope::Subtree,
            filter,
            attributes,
        })
    }

    fn protecting_attributes(&self) -> &[&'static str] {
        &[]
    }

    fn protected(&self, _: &Entry) -> Option<Refusal> {
        None
    }

    fn login_attribute(&self) -> &str {
        &self.login_attribute
    }

    fn set_access(&self, _: &Entry, access: Access) -> Result<Change, Refusal> {
        let mark = self.disabled.as_ref().ok_or_else(|| {
            refusal(
                "nothing says how accounts are disabled in this directory",
                "Name the attribute, and the value that disables, in the directory's document.",
            )
        })?;
        Ok(match access {
            Access::Disabled => replace(&mark.attribute, &mark.value),
            Access::Enabled => Change {
                kind: ChangeKind::Replace,
                attribute: Attribute {
                    name: mark.attribute.clone(),
                    values: Vec::new(),
                },
            },
        })
    }

    fn create(&self, new: &NewAccount<'_>) -> Result<Creation, Refusal> {
        let mut attributes = attributes_of(new, &self.object_classes);
        // The first part of the name has to be among the attributes (RFC 4511, section 4.7).
        if let Some((attribute, _)) = new.dn.rdn().split_once('=')
            && !attributes
                .iter()
                .any(|one| one.name.eq_ignore_ascii_case(attribute.trim()))
        {
            attributes.push(Attribute::single(attribute.trim(), new.dn.rdn_value()));
        }
        if new.access == Access::Disabled {
            attributes.push(self.set_access(&Entry::default(), Access::Disabled)?.attribute);
        }
        let mut later = Vec::new();
        if let Some(password) = new.password {
            match self.password {
                PasswordMethod::Attribute => {
                    attributes.push(Attribute::single("userPassword", password.expose()));
                }
                PasswordMethod::Operation => later.push(set_by_operation(new, password)),
            }
            later.extend(self.must_change(new)?);
        }
        let mut steps = vec![Step::add(new.dn, attributes)];
        steps.extend(later);
        Ok(Creation {
            steps,
            otherwise: None,
        })
    }

    fn photo_attribute(&self) -> &'static str {
        "jpegPhoto"
    }

    fn lockout_attribute(&self) -> &'static str {
        LOCKOUT
    }

    /// As the password policy of OpenLDAP and 389 has it (draft-behera-ldap-password-policy, section 5.3.3).
    fn unlock(&self) -> Change {
        Change {
            kind: ChangeKind::Replace,
            attribute: Attribute {
                name: LOCKOUT.to_owned(),
                values: Vec::new(),
            },
        }
    }

    fn password_set_attribute(&self) -> &'static str {
        "pwdChangedTime"
    }

    fn reset_password(&self, new: &NewAccount<'_>) -> Result<Vec<Step>, Refusal> {
        let Some(password) = new.password else {
            return Ok(Vec::new());
        };
        let set = match self.password {
            PasswordMethod::Operation => set_by_operation(new, password),
            PasswordMethod::Attribute => {
                let change = replace("userPassword", password.expose());
                Step::modify(Doing::Modify, new.dn.as_str(), vec![change])
            }
        };
        Ok([set].into_iter().chain(self.must_change(new)?).collect())
    }

    fn members(&self, group: &Dn) -> Option<Filter> {
        (self.member_of == MemberOfSource::Server).then(|| Filter::equal("memberOf", group.as_str()))
    }

    fn finish(&self, new: &NewAccount<'_>, found: &Entry) -> Result<Vec<Step>, Refusal> {
        let mut steps = Vec::new();
        if let Some(password) = new.password {
            steps.push(match self.password {
                PasswordMethod::Operation => set_by_operation(new, password),
                PasswordMethod::Attribute => {
                    let change = replace("userPassword", password.expose());
                    Step::modify(Doing::Create, new.dn.as_str(), vec![change])
                }
            });
            steps.extend(self.must_change(new)?);
        }
        let disabled = self
            .access_attribute()
            .is_some_and(|name| found.values(name).iter().any(|value| self.disables(value)));
        if disabled != (new.access == Access::Disabled) {
            let change = self.set_access(found, new.access)?;
            steps.push(Step::modify(Doing::Create, new.dn.as_str(), vec![change]));
        }
        Ok(steps)
    }
}

impl LdapRules {
    fn must_change(&self, new: &NewAccount<'_>) -> Result<Option<Step>, Refusal> {
        match (new.first_sign_in, &self.must_change) {
            (FirstSignIn::Plain, _) => Ok(None),
            (FirstSignIn::MustChange, Some(mark)) => {
                let change = replace(&mark.attribute, &mark.value);
                Ok(Some(Step::modify(Doing::Create, new.dn.as_str(), vec![change])))
            }
            (FirstSignIn::MustChange, None) => Err(refusal(
                "this directory cannot be told to ask for another password at the first sign-in",
                "Take `must_change` out of the template's password rule, or name the attribute that asks for it in \
                 the directory's document.",
            )),
        }
    }
}

fn set_by_operation(new: &NewAccount<'_>, password: &Secret) -> Step {
    let operation = Operation::SetPassword {
        dn: new.dn.as_str().to_owned(),
        password: password.clone(),
    };
    Step {
        doing: Doing::Create,
        request: operation.into(),
    }
}
