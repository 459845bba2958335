//! Making up users, always the same ones.

use super::{ActiveDirectory, Life, names};

/// The password of generated users.
pub const GENERATED_PASSWORD: &str = "Generated-1";

const GIVEN: [&str; 12] = [
    "Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Kemi", "Lars",
];
const FAMILY: [&str; 11] = [
    "Abel", "Berg", "Costa", "Diaz", "Eklund", "Fischer", "Gallo", "Haas", "Ivanova", "Jensen", "Keller",
];
const DEPARTMENTS: [&str; 5] = ["Sales", "Support", "Research", "Finance", "Works"];

impl ActiveDirectory {
    /// Puts so many users into a container, `user000000` and on, with twelve attributes each and one password. The
    /// container has to be there. They are put in as replication would, which checks nothing.
    pub fn populate(&self, container: &str, count: usize) {
        let mut domain = self.domain();
        let suffix = self
            .options
            .base
            .split(',')
            .filter_map(|part| part.split_once('='))
            .map(|(_, label)| label)
            .collect::<Vec<_>>()
            .join(".");
        let category = format!("CN=Person,CN=Schema,CN=Configuration,{}", self.options.base);
        let from = domain.objects.values().filter(|object| object.is_user()).count();
        let pick =
            |list: &[&str], at: usize| list.get(at % list.len()).copied().unwrap_or_default().to_owned();
        for at in from..from + count {
            let login = format!("user{at:06}");
            let classes = ["top", "person", "organizationalPerson", "user"];
            let number = domain.insert(&format!("CN={login},{container}"), &classes);
            let usn = domain.usn;
            let (given, family) = (pick(&GIVEN, at), pick(&FAMILY, at));
            let values = [
                ("sAMAccountName", login.clone()),
                ("userPrincipalName", format!("{login}@{suffix}")),
                ("displayName", format!("{given} {family}")),
                ("givenName", given),
                ("sn", family),
                ("mail", format!("{login}@{suffix}")),
                ("employeeID", format!("E{at:06}")),
                ("department", pick(&DEPARTMENTS, at)),
                ("title", "Clerk".to_owned()),
                ("telephoneNumber", format!("+49 30 {at:07}")),
                ("userAccountControl", "512".to_owned()),
                ("objectCategory", category.clone()),
            ];
            if let Some(object) = domain.objects.get_mut(&number) {
                for (name, value) in values {
                    object.set(name, vec![value.into_bytes()], usn);
                }
                object.password = Some(GENERATED_PASSWORD.to_owned());
            }
            domain.logins.insert(login.clone(), number);
            domain.principals.insert(format!("{login}@{suffix}"), number);
        }
    }

    /// Takes everybody in a container into a group.
    ///
    /// # Errors
    ///
    /// When there is no such group.
    pub fn add_all(&self, group: &str, container: &str) -> Result<(), crate::SimError> {
        let mut domain = self.domain();
        let refused = |refusal: super::Refusal| crate::SimError::Refused {
            dn: group.to_owned(),
            said: refusal.result().message,
        };
        let number = domain.living(group).map_err(refused)?;
        let key = names::key(container);
        let members: Vec<u64> = domain
            .objects
            .iter()
            .filter(|(_, object)| {
                object.life == Life::Living && object.is_user() && names::is_within(&object.key, &key)
            })
            .map(|(number, _)| *number)
            .collect();
        for who in members {
            domain.set_member(number, who, true).map_err(refused)?;
        }
        Ok(())
    }
}
