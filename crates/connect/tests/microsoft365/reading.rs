//! Reading users, groups, managers, licences and taken names.

use serde_json::json;
use tenure_core::account::Access;
use tenure_core::attribute::Dictionary;
use tenure_core::seams::Directory as _;
use tenure_sim::Faults;
use tenure_sim::faults::AnswerFault;

use crate::tenant::{Tenant, tenant, user};

#[tokio::test]
async fn every_page_comes_with_ldaps_names_and_with_graphs() {
    let tenant = tenant(2500, "").await;
    let (dictionary, accounts) = tenant
        .read(&["sn", "surname", "title", "telephoneNumber", "costCenter"])
        .await;
    assert_eq!(accounts.len(), 2500);
    let person = tenant.person(7);
    let account = accounts.iter().find(|account| account.id == person.id).unwrap();
    assert_eq!(account.dn, person.dn);
    let (family, cost) = tenant.sim.population(|people| {
        let person = people.person(7).unwrap();
        (
            person.family().map(std::borrow::Cow::into_owned),
            person.cost_centre(),
        )
    });
    let value = |name: &str| {
        account
            .attributes
            .first(dictionary.index(name).unwrap())
            .map(str::to_owned)
    };
    assert_eq!((value("sn"), value("surname")), (family.clone(), family));
    assert_eq!(value("costCenter"), cost);
    let disabled = accounts
        .iter()
        .filter(|account| account.access == Access::Disabled);
    assert!(disabled.count() > 0);
    // One page of users in three requests, and none for what nobody asked for.
    assert_eq!(tenant.sim.requests(), 3);
}

#[tokio::test]
async fn groups_come_by_name_and_those_who_share_one_by_id() {
    let tenant = tenant(300, "").await;
    let made = groups_named(&tenant, "Twins", 2).await;
    let person = tenant.person(3);
    for id in &made {
        tenant
            .done(crate::tenant::join(&person, &format!("id={id},CN=Twins")))
            .await;
    }
    let groups = tenant.values(person.id.as_str(), "memberOf").await;
    let mut twins: Vec<String> = made.iter().map(|id| format!("id={id},CN=Twins")).collect();
    twins.sort();
    let mut found: Vec<String> = groups
        .iter()
        .filter(|name| name.contains("Twins"))
        .cloned()
        .collect();
    found.sort();
    assert_eq!(found, twins);
    // Members of a group with a rule come and go by themselves.
    let by_rule = json!({
        "displayName": "By rule", "mailNickname": "rule", "mailEnabled": false, "securityEnabled": true,
        "groupTypes": ["DynamicMembership"],
    });
    tenant.post("/groups", &by_rule).await;
    tenant.done(crate::tenant::join(&person, "CN=By rule")).await;
    let groups = tenant.values(person.id.as_str(), "memberOf").await;
    assert!(!groups.contains(&"CN=By rule".to_owned()));
    let known = tenant.sim.population(|people| people.person(3).unwrap().groups());
    for name in known {
        assert!(
            groups.contains(&format!("CN={name}")),
            "{name} is not in {groups:?}"
        );
    }
}

/// Makes groups, and gives their ids.
pub async fn groups_named(tenant: &Tenant, name: &str, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..count {
        let body = json!({
            "displayName": name, "mailNickname": "twins", "mailEnabled": false, "securityEnabled": true,
        });
        ids.push(
            tenant.post("/groups", &body).await["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    ids
}

#[tokio::test]
async fn managers_and_licences_come_where_they_are_asked_for() {
    let tenant = tenant(200, "").await;
    let boss = tenant.person(1);
    let ada = tenant.done(user("ada", &[("manager", boss.dn.as_str())])).await;
    assert_eq!(
        tenant.values(ada.id.as_str(), "manager").await,
        [boss.dn.to_string()]
    );
    let (dictionary, accounts) = tenant.read(&["assignedLicenses"]).await;
    let index = dictionary.index("assignedLicenses").unwrap();
    let licensed: Vec<&str> = accounts
        .iter()
        .filter_map(|account| account.attributes.first(index))
        .collect();
    assert!(!licensed.is_empty() && licensed.len() < accounts.len());
    assert!(
        licensed
            .iter()
            .all(|value| *value == "SPE_E3 05e9a617-0261-4cee-bb44-138d3ef5d965")
    );
}

#[tokio::test]
async fn only_the_users_of_the_filter_and_kind_come() {
    let guests = tenant(50, "scope: { user_types: [guest] }").await;
    assert_eq!(guests.read(&["sn"]).await.1.len(), 0);
    let few = tenant(50, "filter: department eq 'Finance'").await;
    let (dictionary, accounts) = few.read(&["department"]).await;
    let index = dictionary.index("department").unwrap();
    assert!(!accounts.is_empty() && accounts.len() < 50);
    assert!(
        accounts
            .iter()
            .all(|account| account.attributes.first(index) == Some("Finance"))
    );
    // One that Graph answers from its index only, where managers do not come with their people.
    let most = tenant(50, "filter: department ne 'Finance'").await;
    let boss = most.person(1);
    let rest = most.read(&["manager", "department"]).await;
    assert_eq!(accounts.len() + rest.1.len(), 50);
    let manager = rest.0.index("manager").unwrap();
    let bosses = rest
        .1
        .iter()
        .filter(|account| account.attributes.first(manager).is_some())
        .count();
    assert!(bosses > 0, "{boss:?}");
}

#[tokio::test]
async fn names_are_taken_also_by_deleted_users() {
    let tenant = tenant(5, "").await;
    let ada = tenant.done(user("ada", &[])).await;
    tenant.delete(&format!("/users/{}", ada.id)).await;
    let taken = tenant
        .directory
        .taken(&["userPrincipalName".into(), "sn".into()])
        .await
        .unwrap();
    let principals: Vec<&str> = taken
        .iter()
        .filter(|(name, _)| name.is("userPrincipalName"))
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(principals.len(), 6);
    assert!(principals.contains(&"ada@northwind.test"));
}

#[tokio::test]
async fn half_an_answer_is_an_error_and_never_a_shorter_list() {
    let tenant = tenant(20, "").await;
    tenant.sim.faults(Faults {
        answer: Some(AnswerFault::TruncatedJson {}),
        ..Faults::default()
    });
    let dictionary = std::sync::Arc::new(Dictionary::new(["sn".into()]));
    let error = tenant
        .directory
        .read(&dictionary, &mut Vec::new())
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("reading the users of the directory `cloud`: the answer cannot be read")
    );
    tenant.sim.faults(Faults {
        answer: Some(AnswerFault::Unauthorized {}),
        ..Faults::default()
    });
    let error = tenant
        .directory
        .read(&dictionary, &mut Vec::new())
        .await
        .unwrap_err();
    assert!(error.hint.contains("tenure secret set"), "{error:?}");
}
