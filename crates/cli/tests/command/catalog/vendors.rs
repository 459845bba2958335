//! Each vendor's entry by each of its ways: everybody comes, as the simulator knows them.

use std::collections::BTreeSet;

use tenure_sim::population::{Person, TENANTS, departments, group_names, places};
use tenure_sim::{
    Atera, AteraOptions, Graph, GraphOptions, HaloItsm, HaloItsmOptions, JumpCloud, JumpCloudOptions,
    Population, Remote, RemoteOptions, atera::contact_id, haloitsm::user_id,
};
use tokio::runtime::Runtime;

use super::trial::{Trial, assert_sensible};

/// More than any vendor's page has.
const PEOPLE: usize = 130;
/// So often that no test waits.
const OFTEN: &str = "60000";

fn population(people: usize) -> Population {
    Population::generate(people, 3)
}

/// Groups with their members, each pair written as one text.
fn memberships(
    people: &Population,
    group: impl Fn(usize) -> String,
    id: impl Fn(Person<'_>) -> String,
) -> BTreeSet<String> {
    let names = group_names();
    let mut pairs = BTreeSet::new();
    for person in people.people() {
        for name in person.groups() {
            let number = names.iter().position(|known| *known == name).unwrap();
            pairs.insert(format!("{}/{}", group(number), id(person)));
        }
    }
    pairs
}

#[test]
fn jumpcloud() {
    let runtime = Runtime::new().unwrap();
    let people = population(PEOPLE);
    let options = JumpCloudOptions {
        org_id: Some("65f000000000000000000001".to_owned()),
        ..JumpCloudOptions::new(people.clone(), "the-key")
    };
    let sim = runtime.block_on(JumpCloud::start(options)).unwrap();
    let url = sim.url();
    let of = [
        ("url", url.as_str()),
        ("organization", "65f000000000000000000001"),
    ];
    let trial = Trial::new("jumpcloud", None, &of).secret("jumpcloud", "the-key");
    assert_sensible(
        &trial.people(),
        people.people().map(|person| (person.id(), person)),
    );
    let ids: BTreeSet<String> = people.people().map(Person::id).collect();
    assert_eq!(trial.keys("users", "_id"), ids);
    assert_eq!(trial.keys("users-search", "_id"), ids);
    let groups: BTreeSet<String> = group_names().into_iter().collect();
    assert_eq!(trial.keys("groups", "name"), groups);
    let group = |number| format!("65f2{number:020x}");
    let id = |person: Person<'_>| person.id();
    assert_eq!(
        trial.keys("group-members", "{{ group }}/{{ to.id }}"),
        memberships(&people, group, id)
    );

    let token_url = format!("{url}/oauth2/token");
    let of = [of[0], of[1], ("client_id", "client"), ("token_url", &token_url)];
    let trial = Trial::new("jumpcloud", Some("service_account"), &of).secret("jumpcloud-client", "secret");
    assert_eq!(trial.people().len(), PEOPLE);
}

#[test]
fn atera() {
    let runtime = Runtime::new().unwrap();
    let people = population(PEOPLE);
    let sim = runtime.block_on(Atera::start(AteraOptions {
        token: "a-token".to_owned(),
        ..AteraOptions::new(people.clone(), "a-key")
    }));
    let url = sim.unwrap().url();
    let of = [("url", url.as_str()), ("calls_per_minute", OFTEN)];
    let trial = Trial::new("atera", None, &of).secret("atera", "a-token");
    let id = |person: Person<'_>| contact_id(person.number()).to_string();
    assert_sensible(
        &trial.people(),
        people.people().map(|person| (id(person), person)),
    );
    assert_eq!(
        trial.keys("contacts", "EndUserID"),
        people.people().map(id).collect()
    );
    assert_eq!(
        trial.keys("customers", "CustomerName"),
        TENANTS.map(str::to_owned).into()
    );
    assert_eq!(
        trial.keys("departments", "Name"),
        departments().map(str::to_owned).collect()
    );

    let trial = Trial::new("atera", Some("api_key"), &of).secret("atera", "a-key");
    assert_eq!(trial.people().len(), PEOPLE);
}

#[test]
fn haloitsm() {
    let runtime = Runtime::new().unwrap();
    let people = population(PEOPLE);
    let sim = runtime.block_on(HaloItsm::start(HaloItsmOptions {
        tenant: Some("northwind-tenant".to_owned()),
        ..HaloItsmOptions::new(people.clone(), "client", "secret")
    }));
    let sim = sim.unwrap();
    let url = sim.url();
    let of = [
        ("url", url.as_str()),
        ("client_id", "client"),
        ("calls_per_minute", OFTEN),
    ];
    // The tenant is what `/api/authinfo` says.
    let trial = Trial::new("haloitsm", None, &of).sign_in("agent", "agent");
    let id = |person: Person<'_>| user_id(person.number()).to_string();
    assert_sensible(
        &trial.people(),
        people.people().map(|person| (id(person), person)),
    );
    assert_eq!(trial.keys("users", "id"), people.people().map(id).collect());
    assert_eq!(trial.keys("clients", "name"), TENANTS.map(str::to_owned).into());
    let sites = TENANTS
        .iter()
        .flat_map(|tenant| places().map(move |place| format!("{tenant}/{}", place.city)));
    assert_eq!(
        trial.keys("sites", "{{ client_name }}/{{ name }}"),
        sites.collect()
    );
    let agents = ["Unassigned", "Service Desk", "Second Line"];
    assert_eq!(trial.keys("agents", "name"), agents.map(str::to_owned).into());
    // The token is renewed without anybody signing in again.
    sim.expire_tokens();
    assert_eq!(trial.people().len(), PEOPLE);

    let trial = Trial::new("haloitsm", Some("client_credentials"), &of).secret("haloitsm", "secret");
    assert_eq!(trial.people().len(), PEOPLE);
}

#[test]
fn remote() {
    let runtime = Runtime::new().unwrap();
    let people = population(PEOPLE);
    let options = RemoteOptions::new(people.clone(), "ra_live_token");
    let sim = runtime.block_on(Remote::start(options)).unwrap();
    let url = sim.url();
    let of = [
        ("url", url.as_str()),
        ("client_id", "client"),
        ("calls_per_minute", OFTEN),
    ];
    let trial = Trial::new("remote", None, &of).secret("remote-client", "secret");
    let id = |person: Person<'_>| sim.employment_id(person.number());
    let joined = trial.people();
    let ids: BTreeSet<String> = people.people().map(id).collect();
    assert!(joined.keys().eq(&ids));
    for person in people.people() {
        let (attributes, key) = (&joined[&id(person)], id(person));
        assert_eq!(attributes["displayName"][0], person.display_name(), "{key}");
        assert_eq!(attributes["mail"][0], person.email(), "{key}");
    }
    assert_eq!(trial.keys("employments", "id"), ids);
    assert_eq!(trial.keys("employment-details", "id"), ids);
    assert_eq!(trial.keys("companies", "name"), [TENANTS[0].to_owned()].into());
    assert_eq!(
        trial.keys("departments", "name"),
        departments().map(str::to_owned).collect()
    );
    let gone = people.people().filter(|person| person.end().is_some());
    assert_eq!(
        trial.keys("offboardings", "employment_id"),
        gone.map(id).collect()
    );

    let token = [("url", url.as_str()), ("calls_per_minute", OFTEN)];
    let trial = Trial::new("remote", Some("token"), &token).secret("remote", "ra_live_token");
    assert_eq!(trial.keys("employments", "id"), ids);
    let trial = Trial::new("remote", Some("authorization_code"), &of).secret("remote-client", "secret");
    let trial = trial.sign_in("admin", "admin");
    assert_eq!(trial.keys("employments", "id"), ids);
    sim.expire_tokens();
    assert_eq!(trial.keys("employments", "id"), ids);
}

#[test]
fn entra_id() {
    let runtime = Runtime::new().unwrap();
    // More than Graph has on a page.
    let people = population(1_100);
    let options = GraphOptions::new(people.clone(), "northwind.test", "client", "secret");
    let sim = runtime.block_on(Graph::start(options)).unwrap();
    let url = sim.url();
    let of = [
        ("url", url.as_str()),
        ("login_url", url.as_str()),
        ("tenant", "northwind.test"),
        ("client_id", "client"),
    ];
    let trial = Trial::new("entra-id", None, &of).secret("entra-id", "secret");
    let id = |person: Person<'_>| person.object_id();
    assert_sensible(
        &trial.people(),
        people.people().map(|person| (id(person), person)),
    );
    assert_eq!(trial.keys("users", "id"), people.people().map(id).collect());
    let mut groups: BTreeSet<String> = group_names().into_iter().collect();
    groups.insert("Everybody".to_owned());
    assert_eq!(trial.keys("groups", "displayName"), groups);
    let pairs = memberships(&people, |number| number.to_string(), id);
    // And the two groups in `Everybody`.
    assert_eq!(
        trial.keys("group-members", "{{ group }}/{{ id }}").len(),
        pairs.len() + 2
    );

    let trial = Trial::new("entra-id", Some("authorization_code"), &of).secret("entra-id", "secret");
    let trial = trial.sign_in("admin", "admin");
    assert_eq!(trial.people().len(), people.len());
    sim.expire_tokens();
    assert_eq!(trial.people().len(), people.len());
}
