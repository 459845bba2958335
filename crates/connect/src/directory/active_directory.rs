//! The rules of Active Directory (MS-ADTS), as Windows and Samba follow them.

use tenure_core::account::{Access, AccountId};
use tenure_core::attribute::AttributeName;
use tenure_core::capability;
use tenure_core::dn::Dn;
use tenure_core::document::DirectoryKind;
use tenure_core::outcome::Refusal;
use tenure_core::seams::{AccountRef, Capabilities};
use tenure_core::secret::Secret;
use tenure_core::sid::Sid;
use uuid::Uuid;

use super::rules::{
    Creation, FirstSignIn, MemberOf, NewAccount, Rules, Step, attributes_of, refusal, replace,
};
use crate::ldap::{Attribute, Change, Doing, Encryption, Entry, Filter, Search};

/// What becomes of accounts that have, or once had, an administrator's rights (`adminCount` 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AdminCount {
    /// They are left alone.
    #[default]
    Protected,
    /// They are changed like others.
    Managed,
}

/// The rules of Active Directory.
#[derive(Clone, Copy, Debug, Default)]
pub struct ActiveDirectoryRules {
    /// What becomes of administrators.
    pub admin_count: AdminCount,
}

/// `userAccountControl` (MS-ADTS 2.2.16): an ordinary account.
const NORMAL_ACCOUNT: u32 = 0x200;
/// `userAccountControl`: sign-in is switched off.
const ACCOUNT_DISABLE: u32 = 0x2;
const CONTROL: &str = "userAccountControl";
const LOCKOUT: &str = "lockoutTime";
/// Ids below this are every domain's own (MS-DTYP 2.4.2.4): 500 Administrator, 501 Guest, 502 krbtgt and others.
const FIRST_FREE_RID: u32 = 1000;
/// Groups of a domain with an administrator's rights: Domain Admins, Domain Controllers, Schema Admins, Enterprise
/// Admins, Group Policy Creator Owners, Read-only Domain Controllers, Key Admins, Enterprise Key Admins.
const PRIVILEGED_RIDS: [u32; 8] = [512, 516, 518, 519, 520, 521, 526, 527];
/// The same of every domain: Administrators, Account, Server, Print and Backup Operators, Replicator.
const BUILT_IN_RIDS: [u32; 6] = [544, 548, 549, 550, 551, 552];
const LOGIN: &str = "sAMAccountName";
const PRINCIPAL: &str = "userPrincipalName";

impl Rules for ActiveDirectoryRules {
    fn capabilities(&self) -> Capabilities {
        capability::capabilities(DirectoryKind::ActiveDirectory, |_| false)
    }

    fn id_attribute(&self) -> &'static str {
        "objectGUID"
    }

    /// A GUID's first three parts are stored with the lowest byte first (MS-DTYP 2.3.4).
    fn id(&self, value: &[u8]) -> Option<AccountId> {
        let bytes = value.try_into().ok()?;
        let mut text = Uuid::encode_buffer();
        Some(AccountId::new(
            Uuid::from_bytes_le(bytes).hyphenated().encode_lower(&mut text),
        ))
    }

    fn users(&self) -> Filter {
        Filter::And(vec![
            Filter::equal("objectCategory", "person"),
            Filter::equal("objectClass", "user"),
        ])
    }

    fn access_attribute(&self) -> Option<&str> {
        Some(CONTROL)
    }

    fn disables(&self, value: &[u8]) -> bool {
        number(value).is_some_and(|bits| bits & ACCOUNT_DISABLE != 0)
    }

    fn member_of(&self) -> MemberOf<'_> {
        MemberOf::Account
    }

    fn naming_context(&self, root: &Entry, base: &Dn) -> Dn {
        root.text("defaultNamingContext")
            .map_or_else(|| base.clone(), Dn::from_server)
    }

    fn find(&self, account: &AccountRef, attributes: Vec<String>) -> Search {
        Search::object(&format!("<GUID={}>", account.id), attributes)
    }

    fn find_elsewhere(&self, _: &AccountId, _: &Dn, _: Vec<String>) -> Option<Search> {
        None
    }

    fn protecting_attributes(&self) -> &[&'static str] {
        &[
            "isCriticalSystemObject",
            "adminCount",
            "objectSid",
            "primaryGroupID",
        ]
    }

    fn protected(&self, entry: &Entry) -> Option<Refusal> {
        if entry.text("isCriticalSystemObject") == Some("TRUE") {
            return Some(refusal(
                "the account is one that the domain itself needs",
                "Leave it out of the automation.",
            ));
        }
        if let Some(rid) = entry
            .first("objectSid")
            .and_then(rid)
            .filter(|rid| *rid < FIRST_FREE_RID)
        {
            return Some(refusal(
                format!("the account is one that every domain has (its RID is {rid})"),
                "Leave it out of the automation.",
            ));
        }
        if self.admin_count == AdminCount::Managed {
            return None;
        }
        let group = entry.first("primaryGroupID").and_then(number);
        if group.is_some_and(|group| PRIVILEGED_RIDS.contains(&group)) {
            return Some(refusal(
                "the account's primary group has an administrator's rights",
                "Leave it out of the automation, or allow such accounts with `scope: { privileged: managed }` in the \
                 directory's document.",
            ));
        }
        let admin = entry
            .first("adminCount")
            .and_then(number)
            .is_some_and(|count| count > 0);
        admin.then(|| {
            refusal(
                "the account has, or once had, an administrator's rights (`adminCount` is set)",
                "Clear `adminCount` if it has them no longer, or allow such accounts with `scope: { privileged: managed }` \
                 in the directory's document.",
            )
        })
    }

    fn login_attribute(&self) -> &'static str {
        LOGIN
    }

    /// Whoever has a login `name` also has the principal name `name@domain`, and neither is given to anybody else.
    fn implied_names(&self, own: &[(AttributeName, String)], context: &Dn) -> Vec<(AttributeName, String)> {
        let value = |wanted: &str| {
            let found = own.iter().find(|(name, _)| name.is(wanted));
            found.map(|(_, value)| value.as_str())
        };
        let domain = dns_name(context);
        let login = value(LOGIN);
        let of_principal = value(PRINCIPAL)
            .and_then(|principal| principal.rsplit_once('@'))
            .filter(|(_, suffix)| suffix.eq_ignore_ascii_case(&domain))
            .map(|(name, _)| name);
        let differ = login.map(str::to_lowercase) != of_principal.map(str::to_lowercase);
        let implied = [
            login.map(|name| (AttributeName::new(PRINCIPAL), format!("{name}@{domain}"))),
            of_principal.map(|name| (AttributeName::new(LOGIN), name.to_owned())),
        ];
        implied.into_iter().flatten().filter(|_| differ).collect()
    }

    fn tells_changes(&self) -> bool {
        true
    }

    fn set_access(&self, entry: &Entry, access: Access) -> Result<Change, Refusal> {
        let bits = entry.first(CONTROL).and_then(number).ok_or_else(|| {
            refusal(
                "the account's `userAccountControl` cannot be read",
                "Give the account that Tenure signs in with the right to read it.",
            )
        })?;
        Ok(replace(CONTROL, with_access(bits, access).to_string()))
    }

    fn photo_attribute(&self) -> &'static str {
        "thumbnailPhoto"
    }

    fn lockout_attribute(&self) -> &'static str {
        LOCKOUT
    }

    fn unlock(&self) -> Change {
        replace(LOCKOUT, "0")
    }

    fn password_set_attribute(&self) -> &'static str {
        "pwdLastSet"
    }

    fn reset_password(&self, new: &NewAccount<'_>) -> Result<Vec<Step>, Refusal> {
        need_encryption(new)?;
        let step = new.password.map(|password| Step {
            doing: Doing::Modify,
            ..set_password(new, password)
        });
        Ok(step.into_iter().collect())
    }

    fn protections(&self) -> Vec<(Filter, &'static str)> {
        let critical = (
            Filter::equal("isCriticalSystemObject", "TRUE"),
            "the domain itself needs it",
        );
        let primary = PRIVILEGED_RIDS
            .iter()
            .map(|rid| Filter::equal("primaryGroupID", rid.to_string()));
        let of_admins = [
            (
                Filter::AtLeast("adminCount".to_owned(), b"1".to_vec()),
                "it has, or once had, an administrator's rights (`adminCount` is set)",
            ),
            (
                Filter::Or(primary.collect()),
                "its primary group has an administrator's rights",
            ),
        ];
        let protected = self.admin_count == AdminCount::Protected;
        [critical]
            .into_iter()
            .chain(of_admins.into_iter().filter(|_| protected))
            .collect()
    }

    fn privileged_groups(&self, domain: &[u8]) -> Option<Filter> {
        let domain = Sid::from_bytes(domain)?;
        let of_domain = PRIVILEGED_RIDS.iter().map(|rid| format!("{domain}-{rid}"));
        let built_in = BUILT_IN_RIDS.iter().map(|rid| format!("S-1-5-32-{rid}"));
        let sids = of_domain
            .chain(built_in)
            .map(|sid| Filter::equal("objectSid", sid));
        (self.admin_count == AdminCount::Protected).then(|| Filter::Or(sids.collect()))
    }

    /// By the rule that follows groups in groups (MS-ADTS 3.1.1.3.4.4.3).
    fn members(&self, group: &Dn) -> Option<Filter> {
        Some(Filter::Extensible {
            rule: Some("1.2.840.113556.1.4.1941".to_owned()),
            attribute: Some("memberOf".to_owned()),
            value: group.as_str().as_bytes().to_vec(),
            in_name: false,
        })
    }

    fn direct_members(&self, group: &Dn) -> Option<Filter> {
        Some(Filter::equal("memberOf", group.as_str()))
    }

    fn create(&self, new: &NewAccount<'_>) -> Result<Creation, Refusal> {
        let mut attributes = attributes_of(new, &["top", "person", "organizationalPerson", "user"]);
        // A template may set other bits, for example that the password never expires.
        let bits = match attributes
            .iter()
            .position(|one| one.name.eq_ignore_ascii_case(CONTROL))
        {
            Some(at) => attributes
                .swap_remove(at)
                .values
                .first()
                .and_then(|value| number(value))
                .ok_or_else(|| {
                    refusal(
                        "`userAccountControl` is to be what is no number",
                        "Correct the template.",
                    )
                })?,
            None => NORMAL_ACCOUNT,
        };
        let control = |access| Attribute::single(CONTROL, with_access(bits, access).to_string());
        let Some(password) = new.password else {
            let mut at_once = attributes;
            at_once.push(control(new.access));
            return Ok(Creation {
                steps: vec![Step::add(new.dn, at_once)],
                otherwise: None,
            });
        };
        need_encryption(new)?;
        let mut at_once = attributes.clone();
        at_once.extend([
            control(new.access),
            Attribute::single("unicodePwd", unicode_password(password)),
        ]);
        if new.first_sign_in == FirstSignIn::MustChange {
            at_once.push(Attribute::single("pwdLastSet", "0"));
        }
        let mut bare = attributes;
        bare.push(control(Access::Disabled));
        let mut by_and_by = vec![Step::add(new.dn, bare), set_password(new, password)];
        by_and_by.extend((new.access == Access::Enabled).then(|| set_control(new, bits)));
        Ok(Creation {
            steps: vec![Step::add(new.dn, at_once)],
            otherwise: Some(by_and_by),
        })
    }

    fn finish(&self, new: &NewAccount<'_>, found: &Entry) -> Result<Vec<Step>, Refusal> {
        let mut steps = Vec::new();
        if let Some(password) = new.password {
            need_encryption(new)?;
            steps.push(set_password(new, password));
        }
        let bits = found.first(CONTROL).and_then(number).unwrap_or(NORMAL_ACCOUNT);
        if with_access(bits, new.access) != bits {
            steps.push(set_control(new, bits));
        }
        Ok(steps)
    }
}

fn need_encryption(new: &NewAccount<'_>) -> Result<(), Refusal> {
    match new.encryption {
        Encryption::Tls => Ok(()),
        Encryption::Plain => Err(refusal(
            "a password is set on an encrypted connection only",
            "Use an `ldaps://` URL or `start_tls: true` in the directory's document.",
        )),
    }
}

fn set_password(new: &NewAccount<'_>, password: &Secret) -> Step {
    let mut changes = vec![replace("unicodePwd", unicode_password(password))];
    if new.first_sign_in == FirstSignIn::MustChange {
        changes.push(replace("pwdLastSet", "0"));
    }
    Step::modify(Doing::Create, new.dn.as_str(), changes)
}

fn set_control(new: &NewAccount<'_>, bits: u32) -> Step {
    let bits = with_access(bits, new.access).to_string();
    Step::modify(Doing::Create, new.dn.as_str(), vec![replace(CONTROL, bits)])
}

fn with_access(bits: u32, access: Access) -> u32 {
    match access {
        Access::Enabled => bits & !ACCOUNT_DISABLE,
        Access::Disabled => bits | ACCOUNT_DISABLE,
    }
}

/// `DC=corp,DC=example` as `corp.example`.
fn dns_name(context: &Dn) -> String {
    let mut labels = Vec::new();
    let mut next = Some(context.clone());
    while let Some(dn) = next {
        labels.push(dn.rdn_value());
        next = dn.parent();
    }
    labels.join(".")
}

/// Numbers are signed in Active Directory, and bits may use the sign.
fn number(value: &[u8]) -> Option<u32> {
    let number: i64 = std::str::from_utf8(value).ok()?.parse().ok()?;
    u32::try_from(number)
        .or_else(|_| i32::try_from(number).map(i32::cast_unsigned))
        .ok()
}

/// The last part of a security identifier.
fn rid(value: &[u8]) -> Option<u32> {
    value.last_chunk().copied().map(u32::from_le_bytes)
}

/// A password in quotes and UTF-16, lowest byte first (MS-ADTS 3.1.1.3.1.5).
fn unicode_password(password: &Secret) -> Vec<u8> {
    let quote = std::iter::once(u16::from(b'"'));
    quote
        .clone()
        .chain(password.expose().encode_utf16())
        .chain(quote)
        .flat_map(u16::to_le_bytes)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_told_as_windows_tells_it() {
        let bytes: [u8; 16] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let id = ActiveDirectoryRules::default().id(&bytes);
        assert_eq!(id, Some(AccountId::new("03020100-0504-0706-0809-0a0b0c0d0e0f")));
        assert_eq!(ActiveDirectoryRules::default().id(b"short"), None);
    }

    #[test]
    fn a_password_is_quoted_utf_16() {
        assert_eq!(unicode_password(&Secret::new("aä".into())), b"\"\0a\0\xe4\0\"\0");
    }

    #[test]
    fn only_the_bit_for_disabled_changes() {
        let entry = |bits: &str| Entry {
            dn: String::new(),
            attributes: vec![(CONTROL.to_owned(), vec![bits.as_bytes().to_vec()])],
        };
        let rules = ActiveDirectoryRules::default();
        let change = rules.set_access(&entry("66048"), Access::Disabled).unwrap();
        assert_eq!(change.attribute.values, [b"66050"]);
        assert!(rules.disables(b"514") && !rules.disables(b"512"));
    }
}
