//! Writes, and what the domain allows: adding, changing, moving, deleting and restoring.

use ldap3_proto::proto::{
    LdapAddRequest, LdapModify, LdapModifyDNRequest, LdapModifyRequest, LdapModifyType,
};

use super::domain::Domain;
use super::names;
use super::object::{Life, Number, Object, guid_text};
use super::password;
use super::refusal::Refusal;
use super::schema::{NAMES, check};

/// The account is switched off (MS-ADTS 2.2.16).
pub(super) const DISABLED: u32 = 0x2;
/// An ordinary account.
const NORMAL: u32 = 0x200;
/// No password is needed.
const NO_PASSWORD_NEEDED: u32 = 0x20;

/// Whether others can read along, on which passwords are not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Plain,
    Encrypted,
}

impl Domain {
    pub(super) fn add(&mut self, request: &LdapAddRequest, line: Line) -> Result<(), Refusal> {
        let parent = names::parent(&request.dn).unwrap_or_default();
        self.living(parent)?;
        if self.find(&request.dn).is_some() {
            return Err(Refusal::name_taken());
        }
        let mut password = None;
        let mut given: Vec<(&str, &[Vec<u8>])> = Vec::new();
        for one in &request.attributes {
            let lower = one.atype.to_ascii_lowercase();
            if lower == "unicodepwd" {
                password = Some(password::read(&one.vals, line, self.least_password)?);
            } else if !NAMES.contains(&lower.as_str()) {
                check(&lower, &one.vals)?;
                given.push((&one.atype, &one.vals));
            }
        }
        let classes: Vec<String> = given
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("objectClass"))
            .flat_map(|(_, values)| values.iter())
            .map(|class| String::from_utf8_lossy(class).into_owned())
            .collect();
        let is_user = classes.iter().any(|class| class.eq_ignore_ascii_case("user"));
        let text = |wanted: &str| {
            let found = given.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.and_then(|(_, values)| Some(String::from_utf8_lossy(values.first()?).into_owned()))
        };
        if let Some(login) = text("sAMAccountName") {
            if is_user && login.chars().count() > 20 {
                return Err(Refusal::constraint(0x0523, "sAMAccountName"));
            }
            if self.logins.contains_key(&login.to_lowercase()) {
                return Err(Refusal::login_taken());
            }
        }
        if let Some(principal) = text("userPrincipalName")
            && self.principals.contains_key(&principal.to_lowercase())
        {
            return Err(Refusal::principal_taken());
        }
        let control = text("userAccountControl").and_then(|bits| bits.parse().ok());
        if let Some(control) = control.filter(|_| is_user) {
            may_sign_in(control, password.as_ref())?;
        }
        let classes: Vec<&str> = classes.iter().map(String::as_str).collect();
        let number = self.insert(&request.dn, &classes);
        let usn = self.usn;
        let mut values: Vec<(String, Vec<Vec<u8>>)> = given
            .iter()
            .filter(|(name, _)| {
                !name.eq_ignore_ascii_case("objectClass") && !name.eq_ignore_ascii_case("member")
            })
            .map(|(name, values)| ((*name).to_owned(), values.to_vec()))
            .collect();
        if is_user {
            let login = text("sAMAccountName").unwrap_or_else(|| format!("${number:06X}"));
            self.logins.insert(login.to_lowercase(), number);
            values.push(("sAMAccountName".to_owned(), vec![login.into_bytes()]));
            let bits = control.unwrap_or(NORMAL | DISABLED | NO_PASSWORD_NEEDED);
            values.push((
                "userAccountControl".to_owned(),
                vec![bits.to_string().into_bytes()],
            ));
            let category = format!("CN=Person,CN=Schema,CN=Configuration,{}", self.base);
            values.push(("objectCategory".to_owned(), vec![category.into_bytes()]));
            if let Some(principal) = text("userPrincipalName") {
                self.principals.insert(principal.to_lowercase(), number);
            }
        } else if let Some(login) = text("sAMAccountName") {
            self.logins.insert(login.to_lowercase(), number);
        }
        let object = self.change(number)?;
        for (name, values) in values {
            object.set(&name, values, usn);
        }
        object.password = password;
        let members: Vec<Vec<u8>> = given
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("member"))
            .flat_map(|(_, values)| values.iter().cloned())
            .collect();
        self.set_members(number, &members, true)
    }

    pub(super) fn modify(&mut self, request: &LdapModifyRequest, line: Line) -> Result<(), Refusal> {
        if request
            .changes
            .iter()
            .any(|change| change.modification.atype.eq_ignore_ascii_case("isDeleted"))
        {
            return self.restore(request);
        }
        let number = self.living(&request.dn)?;
        // All or nothing: what is wrong is found on a copy.
        let mut after = self.change(number)?.clone();
        let usn = self.tick();
        let mut members: Vec<&LdapModify> = Vec::new();
        for change in &request.changes {
            let name = change.modification.atype.to_ascii_lowercase();
            if NAMES.contains(&name.as_str()) {
                return Err(Refusal::needs_rename());
            }
            match name.as_str() {
                "member" => members.push(change),
                "unicodepwd" => {
                    after.password = Some(password::read(
                        &change.modification.vals,
                        line,
                        self.least_password,
                    )?);
                    after.set("pwdLastSet", vec![super::filetime(usn)], usn);
                }
                name => {
                    check(name, &change.modification.vals)?;
                    alter(&mut after, change, usn)?;
                    check(name, after.get(name))?;
                }
            }
        }
        self.may_be(number, &after)?;
        let before = self.change(number)?;
        let names = |object: &Object, name: &str| object.text(name).map(str::to_lowercase);
        let was = [
            names(before, "samaccountname"),
            names(before, "userprincipalname"),
        ];
        let is = [
            names(&after, "samaccountname"),
            names(&after, "userprincipalname"),
        ];
        *before = after;
        let [login, principal] = was;
        login.map(|login| self.logins.remove(&login));
        principal.map(|principal| self.principals.remove(&principal));
        let [login, principal] = is;
        login.map(|login| self.logins.insert(login, number));
        principal.map(|principal| self.principals.insert(principal, number));
        for change in members {
            let values = &change.modification.vals;
            match change.operation {
                LdapModifyType::Add => self.set_members(number, values, true)?,
                LdapModifyType::Delete => self.set_members(number, values, false)?,
                LdapModifyType::Replace | LdapModifyType::Increment => {
                    return Err(Refusal::unwilling(0x20b1));
                }
            }
        }
        Ok(())
    }

    /// Whether an object may become like this: names are nobody else's, and nobody signs in without a password.
    fn may_be(&self, number: Number, after: &Object) -> Result<(), Refusal> {
        let taken = |names: &std::collections::HashMap<String, Number>, name: &str| {
            let found = after.text(name).and_then(|text| names.get(&text.to_lowercase()));
            found.is_some_and(|holder| *holder != number)
        };
        if taken(&self.logins, "samaccountname") {
            return Err(Refusal::login_taken());
        }
        if taken(&self.principals, "userprincipalname") {
            return Err(Refusal::principal_taken());
        }
        if let Some(manager) = after.text("manager") {
            self.living(manager)
                .map_err(|_| Refusal::constraint(0x20b5, "manager"))?;
        }
        if after.is_user() {
            may_sign_in(after.control(), after.password.as_ref())?;
        }
        Ok(())
    }

    fn set_members(&mut self, group: Number, members: &[Vec<u8>], is_member: bool) -> Result<(), Refusal> {
        let mut numbers = Vec::with_capacity(members.len());
        for member in members {
            let member = String::from_utf8_lossy(member);
            numbers.push(self.living(&member).map_err(|_| Refusal::no_member())?);
        }
        let there = |number: &Number| {
            let group = self.get(group);
            group.is_some_and(|group| {
                group
                    .members
                    .iter()
                    .any(|one| one.who == *number && one.is_member)
            })
        };
        // All or nothing.
        if numbers.iter().any(|number| there(number) == is_member) {
            return Err(if is_member {
                Refusal::is_member()
            } else {
                Refusal::is_no_member()
            });
        }
        numbers
            .into_iter()
            .try_for_each(|number| self.set_member(group, number, is_member))
    }

    pub(super) fn delete(&mut self, dn: &str) -> Result<(), Refusal> {
        let number = self.living(dn)?;
        if self.has_children(number) {
            return Err(Refusal::not_empty());
        }
        let usn = self.tick();
        // In the Recycle Bin links stay, and are not shown while one of their ends is deleted.
        if !self.recycle_bin {
            self.unlink(number);
        }
        let key = self.change(number)?.key.clone();
        self.follow(&key, None);
        let deleted_objects = self.deleted_objects();
        let recycle_bin = self.recycle_bin;
        let object = self.change(number)?;
        let parent = names::parent(&object.dn).unwrap_or_default().as_bytes().to_vec();
        let tomb = format!(
            "{}\\0ADEL:{},{deleted_objects}",
            names::rdn(&object.dn),
            guid_text(object.guid)
        );
        let (login, principal) = (
            object.text("samaccountname").map(str::to_lowercase),
            object.text("userprincipalname").map(str::to_lowercase),
        );
        object.life = Life::Deleted;
        object.values.remove("objectcategory");
        if !recycle_bin {
            object.password = None;
            let kept = ["objectclass", "samaccountname", "cn", "ou", "name", "whencreated"];
            object.values.retain(|name, _| kept.contains(&name.as_str()));
        }
        object.set("isDeleted", vec![b"TRUE".to_vec()], usn);
        object.set("lastKnownParent", vec![parent], usn);
        login.map(|login| self.logins.remove(&login));
        principal.map(|principal| self.principals.remove(&principal));
        self.rename(number, &tomb, usn);
        Ok(())
    }

    pub(super) fn move_to(&mut self, request: &LdapModifyDNRequest) -> Result<(), Refusal> {
        let number = self.living(&request.dn)?;
        let dn = self.change(number)?.dn.clone();
        let parent = match &request.new_superior {
            Some(parent) => {
                let parent = self.living(parent)?;
                self.change(parent)?.dn.clone()
            }
            None => names::parent(&dn).unwrap_or_default().to_owned(),
        };
        let to = format!("{},{parent}", request.newrdn);
        if self.find(&to).is_some_and(|found| found != number) {
            return Err(Refusal::name_taken());
        }
        let usn = self.tick();
        self.rename(number, &to, usn);
        Ok(())
    }

    /// Brings a deleted object back: `isDeleted` goes and it gets a name again (MS-ADTS 3.1.1.5.3.7.2).
    fn restore(&mut self, request: &LdapModifyRequest) -> Result<(), Refusal> {
        let number = self
            .find(&request.dn)
            .ok_or_else(|| Refusal::no_object(&self.base))?;
        if self.change(number)?.life != Life::Deleted {
            return Err(Refusal::no_object(&self.base));
        }
        let name = request
            .changes
            .iter()
            .find(|change| {
                change
                    .modification
                    .atype
                    .eq_ignore_ascii_case("distinguishedName")
            })
            .and_then(|change| String::from_utf8(change.modification.vals.first()?.clone()).ok())
            .ok_or_else(|| Refusal::unwilling(0x2093))?;
        self.living(names::parent(&name).unwrap_or_default())?;
        if self.find(&name).is_some() {
            return Err(Refusal::name_taken());
        }
        let usn = self.tick();
        let category = format!("CN=Person,CN=Schema,CN=Configuration,{}", self.base);
        let object = self.change(number)?;
        object.life = Life::Living;
        object.set("isDeleted", Vec::new(), usn);
        object.set("lastKnownParent", Vec::new(), usn);
        if object.is_user() {
            object.set("objectCategory", vec![category.into_bytes()], usn);
        }
        let (login, principal) = (
            object.text("samaccountname").map(str::to_lowercase),
            object.text("userprincipalname").map(str::to_lowercase),
        );
        login.map(|login| self.logins.insert(login, number));
        principal.map(|principal| self.principals.insert(principal, number));
        self.rename(number, &name, usn);
        Ok(())
    }
}

/// Nobody can sign in to an account without a password, unless it says that none is needed.
fn may_sign_in(control: u32, password: Option<&String>) -> Result<(), Refusal> {
    if control & (DISABLED | NO_PASSWORD_NEEDED) == 0 && password.is_none() {
        return Err(Refusal::password_policy());
    }
    Ok(())
}

/// One change of an attribute's values.
fn alter(object: &mut Object, change: &LdapModify, usn: u64) -> Result<(), Refusal> {
    let name = &change.modification.atype;
    let given = &change.modification.vals;
    let mut values = object.get(&name.to_ascii_lowercase()).to_vec();
    let same = |one: &[u8], other: &[u8]| one.eq_ignore_ascii_case(other);
    match change.operation {
        LdapModifyType::Replace => values.clone_from(given),
        LdapModifyType::Add => {
            if given.iter().any(|new| values.iter().any(|old| same(old, new))) {
                return Err(Refusal::value_exists(name));
            }
            values.extend(given.iter().cloned());
        }
        LdapModifyType::Delete if given.is_empty() && !values.is_empty() => values.clear(),
        LdapModifyType::Delete => {
            if given.is_empty() || !given.iter().all(|gone| values.iter().any(|old| same(old, gone))) {
                return Err(Refusal::no_value(name));
            }
            values.retain(|old| !given.iter().any(|gone| same(old, gone)));
        }
        LdapModifyType::Increment => return Err(Refusal::unwilling(0x20b1)),
    }
    object.set(name, values, usn);
    Ok(())
}
