//! Creating, changing, switching and deleting users, and their groups.

use tenure_core::account::Access;
use tenure_core::action::{Action, ActionKind, Below};
use tenure_core::cloud::CloudAction;
use tenure_core::directory_action::DirectoryAction;
use tenure_core::outcome::Outcome;
use tenure_core::seams::{Applied, Directory as _};

use crate::reading::groups_named;
use crate::tenant::{again, beside, cloud, join, leave, modify, tenant, user, values, write};

fn delete(account: &tenure_core::seams::AccountRef) -> Write {
    let stored = values(&[("sn", "Byrne")]);
    write(
        account,
        Action::Delete {
            dn: account.dn.clone(),
            stored,
            below: Below::Kept,
        },
    )
}

use tenure_core::seams::Write;

#[tokio::test]
async fn a_user_is_made_changed_switched_and_deleted_and_every_step_is_seen() {
    let tenant = tenant(10, "usage_location: NL").await;
    let actions = tenant.directory.capabilities().actions;
    assert!(!actions.contains(&ActionKind::Move) && actions.contains(&ActionKind::AssignLicences));
    let boss = tenant.person(2);
    let more = [
        ("givenName", "Ada"),
        ("sn", "Byrne"),
        ("title", "Analyst"),
        ("telephoneNumber", "+31205550101"),
        ("employeeHireDate", "2026-03-02"),
        ("costCenter", "4711"),
        ("manager", boss.dn.as_str()),
    ];
    let ada = tenant.done(user("ada", &more)).await;
    assert_eq!(ada.dn.as_str(), "userPrincipalName=ada@northwind.test");
    for (name, value) in more {
        assert_eq!(tenant.values(ada.id.as_str(), name).await, [value], "{name}");
    }
    assert_eq!(tenant.values(ada.id.as_str(), "mailNickname").await, ["ada"]);
    assert_eq!(tenant.values(ada.id.as_str(), "usageLocation").await, ["NL"]);

    let changes: &[(&str, &[&str], &[&str])] = &[
        ("sn", &["Byrne"], &["O'Neil"]),
        ("title", &["Analyst"], &[]),
        ("telephoneNumber", &["+31205550101"], &[]),
        ("division", &[], &["North"]),
        ("manager", &[boss.dn.as_str()], &[]),
        (
            "userPrincipalName",
            &["ada@northwind.test"],
            &["ada.oneil@northwind.test"],
        ),
    ];
    let renamed = tenant.done(modify(&ada, changes)).await;
    assert_eq!(
        (renamed.id.clone(), renamed.dn.to_string()),
        (
            ada.id.clone(),
            "userPrincipalName=ada.oneil@northwind.test".to_owned()
        )
    );
    assert_eq!(tenant.values(ada.id.as_str(), "costCenter").await, ["4711"]);
    for name in ["title", "telephoneNumber", "manager"] {
        assert!(tenant.values(ada.id.as_str(), name).await.is_empty(), "{name}");
    }
    // The same again finds all as it should be.
    let before = tenant.sim.requests();
    tenant.done(again(modify(&ada, changes))).await;
    assert_eq!(tenant.sim.requests() - before, 1);

    tenant.done(write(&renamed, Action::Disable)).await;
    let (_, accounts) = tenant.read(&["sn"]).await;
    let access = |id| accounts.iter().find(|one| one.id == id).map(|one| one.access);
    assert_eq!(access(ada.id.clone()), Some(Access::Disabled));
    tenant.done(write(&renamed, Action::Enable)).await;

    let moved = tenant.apply(delete(&ada)).await;
    assert!(matches!(moved.outcome, Outcome::Overtaken { .. }), "{moved:?}");
    assert_eq!(tenant.apply(delete(&renamed)).await.outcome, Outcome::Verified);
    assert_eq!(tenant.read(&["sn"]).await.1.len(), 10);
    assert_eq!(
        tenant.apply(again(delete(&renamed))).await.outcome,
        Outcome::Verified
    );
    tenant
        .done(beside(&renamed, DirectoryAction::Restore { stored: None }))
        .await;
    assert_eq!(tenant.values(ada.id.as_str(), "sn").await, ["O'Neil"]);
    tenant
        .done(again(beside(&renamed, DirectoryAction::Restore { stored: None })))
        .await;
}

#[tokio::test]
async fn a_creation_that_is_tried_again_finishes_the_same_user_and_nobody_elses() {
    let tenant = tenant(10, "").await;
    let boss = tenant.person(2);
    let ada = tenant.done(user("ada", &[("sn", "Byrne")])).await;
    // The first try came as far as the user, and not to the manager.
    let finished = tenant
        .done(again(user(
            "ada",
            &[("sn", "Byrne"), ("manager", boss.dn.as_str())],
        )))
        .await;
    assert_eq!(finished.id, ada.id);
    assert_eq!(
        tenant.values(ada.id.as_str(), "manager").await,
        [boss.dn.to_string()]
    );
    let nobodys = user("bob", &[("manager", "userPrincipalName=nobody@northwind.test")]);
    let without = tenant.refused(nobodys).await;
    assert_eq!(
        without.message,
        "the user was made, but not its manager set: there is no such object any more"
    );
    let other = tenant.refused(again(user("ada", &[("sn", "Lovelace")]))).await;
    assert_eq!(other.message, "another user is called `ada@northwind.test`");
    let first = tenant.refused(user("ada", &[("sn", "Lovelace")])).await;
    assert_eq!(first.message, "another user has this `userPrincipalName`");
    assert_eq!(tenant.read(&["sn"]).await.1.len(), 12);
}

#[tokio::test]
async fn what_moved_meanwhile_is_left_alone() {
    let tenant = tenant(10, "").await;
    let ada = tenant.done(user("ada", &[("title", "Analyst")])).await;
    let applied = tenant
        .apply(modify(&ada, &[("title", &["Clerk"], &["Director"])]))
        .await;
    let found = "`title` is `Analyst`".to_owned();
    assert_eq!(applied.outcome, Outcome::Overtaken { found });
    assert_eq!(tenant.values(ada.id.as_str(), "title").await, ["Analyst"]);
    let gone = tenant.person(4);
    tenant.delete(&format!("/users/{}", gone.id)).await;
    let refused = tenant.refused(write(&gone, Action::Disable)).await;
    assert_eq!(refused.message, "there is no such user any more");
}

#[tokio::test]
async fn fifty_join_a_group_in_three_requests_and_whoever_is_there_is_done() {
    let tenant = tenant(60, "").await;
    groups_named(&tenant, "Newcomers", 1).await;
    let people: Vec<_> = (0..50).map(|number| tenant.person(number)).collect();
    tenant.done(join(&people[7], "CN=Newcomers")).await;
    let before = tenant.sim.requests();
    let writes = people.iter().map(|person| join(person, "CN=Newcomers")).collect();
    let applied = tenant.directory.apply(writes).await;
    assert!(
        applied.iter().all(|one| one.outcome == Outcome::Verified),
        "{applied:?}"
    );
    // Fifty looks at the user and fifty at groups in five requests each time, and the changes in one.
    assert_eq!(tenant.sim.requests() - before, 11);
    assert_eq!(
        tenant
            .values(people[9].id.as_str(), "memberOf")
            .await
            .iter()
            .filter(|name| *name == "CN=Newcomers")
            .count(),
        1
    );
    tenant.done(leave(&people[9], "CN=newcomers")).await;
    assert!(
        !tenant
            .values(people[9].id.as_str(), "memberOf")
            .await
            .contains(&"CN=Newcomers".to_owned())
    );
    tenant.done(again(leave(&people[9], "CN=Newcomers"))).await;
}

#[tokio::test]
async fn a_group_that_is_not_one_is_refused_with_what_would_be_right() {
    let tenant = tenant(5, "").await;
    let person = tenant.person(1);
    let nobody = tenant.refused(join(&person, "CN=No Such")).await;
    assert_eq!(nobody.message, "there is no group with the name `No Such`");
    let twins = groups_named(&tenant, "Twins", 2).await;
    let ambiguous = tenant.refused(join(&person, "CN=Twins")).await;
    assert_eq!(ambiguous.message, "2 groups have the name `Twins`");
    assert!(
        ambiguous.hint.contains(&format!("`id={},CN=Twins`", twins[0])),
        "{ambiguous:?}"
    );
}

#[tokio::test]
async fn protected_and_synchronized_users_are_left_alone() {
    let document = "scope: { exclude_users: [rescue@northwind.test], exclude_groups: [CN=Twins] }";
    let tenant = tenant(10, document).await;
    groups_named(&tenant, "Twins", 1).await;
    let rescue = tenant.done(user("rescue", &[])).await;
    let refused = tenant.refused(write(&rescue, Action::Disable)).await;
    assert_eq!(
        refused.message,
        "the account is protected: it is among `exclude_users`"
    );
    let person = tenant.person(1);
    tenant.done(join(&person, "CN=Twins")).await;
    let refused = tenant.refused(write(&person, Action::Disable)).await;
    assert_eq!(
        refused.message,
        "the account is protected: it is in the group `CN=Twins`"
    );

    let synced = tenant.person(2);
    let fields = serde_json::json!({ "onPremisesSyncEnabled": true });
    tenant
        .sim
        .set(synced.id.as_str(), fields.as_object().unwrap().clone());
    let refused = tenant
        .refused(modify(&synced, &[("division", &[], &["North"])]))
        .await;
    assert!(
        refused.message.contains("synchronized from Active Directory"),
        "{refused:?}"
    );
    // What is in the cloud only can be changed.
    tenant.done(join(&synced, "CN=Everybody")).await;
    tenant.done(cloud(&synced, CloudAction::RevokeSessions)).await;
}

#[tokio::test]
async fn what_cannot_be_written_is_refused_before_anything_is_sent() {
    let tenant = tenant(3, "").await;
    let person = tenant.person(1);
    let Applied { outcome, .. } = tenant
        .apply(write(
            &person,
            Action::Move {
                from: person.dn.clone(),
                to: person.dn.clone(),
            },
        ))
        .await;
    assert_eq!(outcome, Outcome::not_possible(ActionKind::Move));
    let refused = tenant
        .refused(modify(&person, &[("memberOf", &[], &["CN=A"])]))
        .await;
    assert_eq!(refused.message, "`memberOf` cannot be written in Microsoft 365");
    let mut without = user("bob", &[]);
    without.password = None;
    let refused = tenant.refused(without).await;
    assert_eq!(
        refused.message,
        "Microsoft 365 makes no user without a first password"
    );
    let refused = tenant
        .refused(user("bob", &[("employeeHireDate", "2026-03-02"), ("odd", "x")]))
        .await;
    assert_eq!(refused.message, "`odd` cannot be written in Microsoft 365");
}
