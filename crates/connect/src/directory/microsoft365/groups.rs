//! Groups by name. A group is called `CN=All Staff` by the name that people see; where several have that name, its id
//! goes before: `id=…,CN=All Staff`.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};

use serde_json::Value as Json;
use tenure_core::dn::Dn;
use tenure_core::outcome::{Outcome, Refusal};

use super::Microsoft365;
use super::batch::Part;
use super::fault::{Fault, refusal};
use super::service::{Consistency, encoded, next_link, quoted, rows};

/// The groups of each user, by the user's id.
pub(super) type Memberships = HashMap<String, Vec<Arc<str>>>;

const BY_ID: &str = "id";

/// The name of a group that nobody shares it with.
fn named(name: &str) -> Dn {
    Dn::root().child("CN", name)
}

/// The name of one of several groups of a name.
fn numbered(id: &str, name: &str) -> Dn {
    named(name).child(BY_ID, id)
}

/// The name of a group, which it may have `alone`.
pub(super) fn group_dn(id: &str, name: &str, alone: bool) -> Arc<str> {
    let dn = if alone { named(name) } else { numbered(id, name) };
    dn.as_str().into()
}

/// The properties that tell a group's name and kind.
pub(super) const KINDS: &str = "id,displayName,groupTypes,onPremisesSyncEnabled";

/// The id that a name says.
fn id_in(dn: &Dn) -> Option<String> {
    let (attribute, _) = dn.rdn().split_once('=')?;
    attribute
        .trim()
        .eq_ignore_ascii_case(BY_ID)
        .then(|| dn.rdn_value())
}

impl Microsoft365 {
    /// Who is in which groups, all groups read whose members can be changed: each one's members, twenty groups at a
    /// time.
    pub(super) async fn read_memberships(&self) -> Result<Memberships, Fault> {
        let mut groups: Vec<(String, String)> = Vec::new();
        let query = format!("/groups?$select={KINDS}&$top=999");
        self.service
            .list(&query, Consistency::Usual, |group| {
                let (id, name) = (group["id"].as_str(), group["displayName"].as_str());
                if let Some((id, name)) = id.zip(name).filter(|_| can_be_changed(&group)) {
                    groups.push((id.to_owned(), name.to_owned()));
                }
            })
            .await?;
        let mut of_name: HashMap<String, u32> = HashMap::new();
        for (_, name) in &groups {
            *of_name.entry(name.to_lowercase()).or_default() += 1;
        }
        let ids: Vec<String> = groups.iter().map(|(id, _)| id.clone()).collect();
        let members = self.members_of(&ids).await?;
        let mut memberships = Memberships::new();
        for ((id, name), members) in groups.iter().zip(members) {
            let alone = of_name.get(&name.to_lowercase()).copied() == Some(1);
            let dn = group_dn(id, name, alone);
            for member in members.unwrap_or_default() {
                memberships.entry(member).or_default().push(Arc::clone(&dn));
            }
        }
        Ok(memberships)
    }

    /// The ids of the users in each of these groups; none for one that is not there any more.
    pub(super) async fn members_of(&self, groups: &[String]) -> Result<Vec<Option<Vec<String>>>, Fault> {
        let asked = groups
            .iter()
            .map(|id| format!("/groups/{id}/members/microsoft.graph.user?$select=id&$top=999"));
        let mut all = Vec::with_capacity(groups.len());
        for answer in self.ask(asked).await {
            let mut page = match answer {
                Ok(page) => page,
                Err(fault) if fault.is_missing() => {
                    all.push(None);
                    continue;
                }
                Err(fault) => return Err(fault),
            };
            let mut members = Vec::new();
            let mut add = |member: Json| members.extend(member["id"].as_str().map(str::to_owned));
            rows(&mut page)?.into_iter().for_each(&mut add);
            if let Some(next) = next_link(&page) {
                self.service.list(&next, Consistency::Usual, &mut add).await?;
            }
            all.push(Some(members));
        }
        Ok(all)
    }

    /// The ids of the groups of each of these names whose members can be changed, by the name in small letters.
    pub(super) async fn groups_called(
        &self,
        names: &BTreeSet<String>,
    ) -> Result<HashMap<String, BTreeSet<String>>, Fault> {
        let asked = names.iter().map(|name| {
            let filter = encoded(&format!("displayName eq {}", quoted(name)));
            format!("/groups?$filter={filter}&$select={KINDS}&$top=999")
        });
        let mut called = HashMap::new();
        for (name, answer) in names.iter().zip(self.ask(asked).await) {
            let groups = rows(&mut answer?)?;
            let groups = groups.iter().filter(|group| can_be_changed(group));
            let ids = groups.filter_map(|group| group["id"].as_str().map(str::to_owned));
            called.insert(name.clone(), ids.collect());
        }
        Ok(called)
    }

    /// The ids of these groups, asked for once; why there is none for a name that is not one group's.
    pub(super) async fn group_ids(
        &self,
        names: BTreeSet<String>,
    ) -> HashMap<String, Result<String, Outcome>> {
        let mut found = HashMap::new();
        let mut asked = Vec::new();
        for name in names {
            let dn = Dn::from_server(&name);
            let known = self
                .groups
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(&name)
                .cloned();
            match id_in(&dn).or(known) {
                Some(id) => {
                    found.insert(name, Ok(id));
                }
                None => asked.push((name, dn.rdn_value())),
            }
        }
        let bundles: Vec<Vec<Part>> = asked
            .iter()
            .map(|(_, name)| {
                let filter = encoded(&format!("displayName eq {}", quoted(name)));
                vec![Part::get(format!(
                    "/groups?$filter={filter}&$select=id,displayName"
                ))]
            })
            .collect();
        for ((dn, name), answer) in asked.into_iter().zip(self.service.batch(&bundles).await) {
            let answer = answer
                .into_iter()
                .next()
                .unwrap_or_else(|| Err(Fault::unreadable("a request of a batch has no answer")));
            let id = answer
                .and_then(|mut page| rows(&mut page))
                .map_err(Fault::into_outcome)
                .and_then(|groups| one(&groups, &name).map_err(Outcome::Refused));
            if let Ok(id) = &id {
                let mut known = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
                known.insert(dn.clone(), id.clone());
            }
            found.insert(dn, id);
        }
        found
    }
}

/// Whether members come and go by request. Those of a rule follow the rule, and those of a group from Active Directory
/// are changed there; neither is a membership that Tenure could end.
pub(super) fn can_be_changed(group: &Json) -> bool {
    let kinds = group["groupTypes"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let by_rule = kinds.iter().any(|kind| kind == "DynamicMembership");
    !by_rule && group["onPremisesSyncEnabled"] != true
}

/// The only group of a name.
fn one(groups: &[Json], name: &str) -> Result<String, Refusal> {
    let ids: Vec<&str> = groups.iter().filter_map(|group| group["id"].as_str()).collect();
    match ids.as_slice() {
        [id] => Ok((*id).to_owned()),
        [] => Err(refusal(
            format!("there is no group with the name `{name}`"),
            "Correct the group's name in the rule or template, or make the group.",
        )),
        several => {
            let names: Vec<String> = several
                .iter()
                .map(|id| format!("`{}`", numbered(id, name)))
                .collect();
            let hint = format!("Write which one is meant: {}.", names.join(" or "));
            Err(refusal(
                format!("{} groups have the name `{name}`", several.len()),
                &hint,
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_name_of_several_groups_is_no_guess() {
        let groups = [json!({ "id": "g1" }), json!({ "id": "g2" })];
        let ambiguous = one(&groups, "Staff, all").unwrap_err();
        assert_eq!(
            ambiguous.hint,
            "Write which one is meant: `id=g1,CN=Staff\\, all` or `id=g2,CN=Staff\\, all`."
        );
        assert_eq!(
            id_in(&Dn::from_server("id=g1,CN=Staff\\, all")).as_deref(),
            Some("g1")
        );
        assert_eq!(id_in(&Dn::from_server("CN=Staff")), None);
        assert_eq!(one(groups.get(..1).unwrap(), "Staff").unwrap(), "g1");
    }
}
