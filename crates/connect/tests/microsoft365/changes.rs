//! Following what changes: nothing is missed, and what was read whole in between is the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use tenure_core::account::{Account, AccountId};
use tenure_core::action::{Action, Below};
use tenure_core::attribute::Dictionary;
use tenure_core::cloud::CloudAction;
use tenure_core::seams::{Completeness, Directory as _};
use tenure_core::watching::{AccountChange, Changes, Cookie, Standing};

use crate::tenant::{Tenant, cloud, join, leave, modify, tenant, user, write};

const NAMES: [&str; 6] = [
    "title",
    "displayName",
    "memberOf",
    "assignedLicenses",
    "manager",
    "userPrincipalName",
];

/// Somebody who follows a tenant.
struct Follower<'a> {
    tenant: &'a Tenant,
    dictionary: Arc<Dictionary>,
    accounts: BTreeMap<AccountId, Account>,
    cookie: Cookie,
}

impl<'a> Follower<'a> {
    async fn begin(tenant: &'a Tenant) -> Self {
        let dictionary = Arc::new(Dictionary::new(NAMES.map(Into::into)));
        let (accounts, standing) = whole(tenant, &dictionary).await;
        match standing {
            Standing::At(cookie) => Self {
                tenant,
                dictionary,
                accounts,
                cookie,
            },
            Standing::Unknown { why } => panic!("{why}"),
        }
    }

    async fn ask(&self) -> (Vec<AccountChange>, Changes) {
        let mut told: Vec<AccountChange> = Vec::new();
        let directory = &self.tenant.directory;
        let end = directory
            .changes(&self.cookie, &self.dictionary, &mut told)
            .await
            .unwrap();
        (told, end)
    }

    /// Follows what changed, and finds the same as whoever reads everything. How many accounts were told of.
    async fn follow(&mut self) -> usize {
        let (told, end) = self.ask().await;
        let Changes::All { next } = end else {
            panic!("{end:?}")
        };
        let count = told.len();
        self.cookie = next;
        for change in told {
            match change {
                AccountChange::Is(account) => drop(self.accounts.insert(account.id.clone(), account)),
                AccountChange::Gone(id) => drop(self.accounts.remove(&id)),
            }
        }
        let (accounts, _) = whole(self.tenant, &self.dictionary).await;
        assert!(
            self.accounts == accounts,
            "{:?}",
            differing(&self.accounts, &accounts)
        );
        count
    }

    /// Why everything has to be read.
    async fn why_again(&self) -> String {
        match self.ask().await.1 {
            Changes::ReadAgain { why } => why,
            end @ Changes::All { .. } => panic!("{end:?}"),
        }
    }
}

async fn whole(tenant: &Tenant, dictionary: &Arc<Dictionary>) -> (BTreeMap<AccountId, Account>, Standing) {
    let mut accounts: Vec<Account> = Vec::new();
    let (all, standing) = tenant
        .directory
        .read_and_stand(dictionary, &mut accounts)
        .await
        .unwrap();
    let count = accounts.len() as u64;
    assert_eq!(all, Completeness::Complete { count });
    let by_id = accounts.into_iter().map(|account| (account.id.clone(), account));
    (by_id.collect(), standing)
}

fn differing(
    one: &BTreeMap<AccountId, Account>,
    other: &BTreeMap<AccountId, Account>,
) -> Vec<(Option<Account>, Option<Account>)> {
    let ids = one.keys().chain(other.keys());
    let pairs = ids.map(|id| (one.get(id).cloned(), other.get(id).cloned()));
    pairs.filter(|(one, other)| one != other).take(3).collect()
}

fn delete(account: &tenure_core::seams::AccountRef) -> tenure_core::seams::Write {
    let (dn, stored, below) = (account.dn.clone(), Vec::new(), Below::Kept);
    write(account, Action::Delete { dn, stored, below })
}

fn group(name: &str) -> serde_json::Value {
    json!({ "displayName": name, "mailEnabled": false, "mailNickname": "x", "securityEnabled": true })
}

#[tokio::test]
async fn whatever_changed_is_told_also_more_than_once_and_on_several_pages() {
    let tenant = tenant(450, "usage_location: NL").await;
    // Nobody's manager: whoever names somebody who goes shows something else then, which whoever keeps accounts sees.
    let eve = tenant.done(user("eve", &[])).await;
    let mut follower = Follower::begin(&tenant).await;
    assert_eq!(follower.follow().await, 0);

    // A property, a manager, a group, a licence, somebody new and somebody gone.
    let ada = tenant.done(user("ada", &[("title", "Analyst")])).await;
    tenant
        .done(modify(&ada, &[("title", &["Analyst"], &["Clerk"])]))
        .await;
    let boss = tenant.person(1);
    tenant
        .done(modify(&ada, &[("manager", &[], &[boss.dn.as_str()])]))
        .await;
    let member = tenant.person(5);
    tenant.done(join(&member, "CN=Everybody")).await;
    let licences = vec!["FLOW_FREE".to_owned()];
    let assign = CloudAction::AssignLicences { licences };
    tenant.done(cloud(&ada, assign)).await;
    tenant.done(delete(&eve)).await;
    assert_eq!(follower.follow().await, 3);
    tenant.done(leave(&member, "CN=Everybody")).await;
    assert_eq!(follower.follow().await, 1);

    // Twice, with what was told before, and more than a page has.
    tenant.sim.replay_deltas();
    for number in 10..260 {
        let id = tenant.person(number).id;
        let fields = json!({ "jobTitle": format!("Title {number}") });
        tenant.sim.set(id.as_str(), fields.as_object().unwrap().clone());
    }
    assert!(follower.follow().await >= 250);
    // Restored, which takes back that it was told to be gone.
    tenant
        .post(&format!("/directory/deletedItems/{}/restore", eve.id), &json!({}))
        .await;
    follower.follow().await;
    assert!(follower.accounts.contains_key(&eve.id));
}

#[tokio::test]
async fn a_new_group_gives_its_name_to_members_and_another_to_those_of_its_namesake() {
    let tenant = tenant(60, "").await;
    let one = tenant.post("/groups", &group("Club")).await;
    let ada = tenant.person(1);
    tenant.done(join(&ada, "CN=Club")).await;
    let mut follower = Follower::begin(&tenant).await;
    for name in ["Choir", "Club"] {
        let made = tenant.post("/groups", &group(name)).await;
        let bob = tenant.person(2);
        let id = made["id"].as_str().unwrap();
        let reference = format!("{}/v1.0/directoryObjects/{}", tenant.sim.url(), bob.id);
        tenant
            .post(
                &format!("/groups/{id}/members/$ref"),
                &json!({ "@odata.id": reference }),
            )
            .await;
    }
    assert_eq!(follower.follow().await, 2);
    let index = follower.dictionary.index("memberOf").unwrap();
    let club = format!("id={},CN=Club", one["id"].as_str().unwrap());
    let mut names = follower.accounts[&ada.id].attributes.get(index);
    assert!(names.any(|name| name == club));
}

#[tokio::test]
async fn what_is_not_told_of_makes_everything_be_read() {
    let tenant = tenant(60, "").await;
    let made = tenant.post("/groups", &group("Club")).await;
    let club = format!("/groups/{}", made["id"].as_str().unwrap());
    let follower = Follower::begin(&tenant).await;
    tenant.patch(&club, &json!({ "displayName": "Circle" })).await;
    assert_eq!(
        follower.why_again().await,
        "the group `Circle` has another name or is of another kind, and who shows that is not told"
    );
    let follower = Follower::begin(&tenant).await;
    tenant.delete(&club).await;
    assert_eq!(
        follower.why_again().await,
        "a group was deleted, and who was in it is not told"
    );
    let follower = Follower::begin(&tenant).await;
    tenant.sim.forget_deltas();
    assert_eq!(
        follower.why_again().await,
        "Microsoft Graph no longer knows what changed since then"
    );
}

#[tokio::test]
async fn by_a_filter_users_come_and_go_where_it_can_be_judged() {
    let judged = tenant(
        60,
        "filter: onPremisesSyncEnabled ne true and accountEnabled eq true",
    )
    .await;
    let mut follower = Follower::begin(&judged).await;
    let before = follower.accounts.len();
    let enabled: Vec<AccountId> = follower.accounts.keys().take(2).cloned().collect();
    let set = |id: &AccountId, fields: serde_json::Value| {
        judged.sim.set(id.as_str(), fields.as_object().unwrap().clone());
    };
    set(&enabled[0], json!({ "onPremisesSyncEnabled": true }));
    set(&enabled[1], json!({ "userType": "Guest" }));
    assert_eq!(follower.follow().await, 2);
    assert_eq!(follower.accounts.len(), before - 2);
    set(&enabled[1], json!({ "userType": "Member" }));
    follower.follow().await;
    assert_eq!(follower.accounts.len(), before - 1);

    let other = tenant(60, "filter: department eq 'Sales'").await;
    let dictionary = Arc::new(Dictionary::new(["title".into()]));
    let (_, standing) = whole(&other, &dictionary).await;
    let why = "by a `filter` of its own users come and go without being told of".to_owned();
    assert_eq!(standing, Standing::Unknown { why });
    // Whoever asks for other users than those that were kept, reads them.
    let cookie = follower.cookie.clone();
    let end = other
        .directory
        .changes(&cookie, &dictionary, &mut Vec::new())
        .await;
    assert_eq!(
        end.unwrap(),
        Changes::ReadAgain {
            why: "other users are asked for than before".to_owned()
        }
    );
}
