//! Other passwords.

use tenure_core::action::Action;
use tenure_core::directory_action::DirectoryAction;
use tenure_core::password::PasswordRule;
use tenure_core::seams::{AccountRef, Write};
use tenure_core::secret::Secret;
use tenure_sim::Faults;
use tenure_sim::faults::AnswerFault;

use crate::tenant::{again, beside, tenant, write};

const SET: &str = "/users/{id}?$select=lastPasswordChangeDateTime,accountEnabled";

pub fn reset(account: &AccountRef, password: &str) -> Write {
    let rule = PasswordRule {
        must_change: true,
        ..PasswordRule::default()
    };
    Write {
        password: Some(Secret::new(password.to_owned())),
        ..beside(account, DirectoryAction::ResetPassword { rule })
    }
}

#[tokio::test]
async fn a_password_is_set_and_that_is_seen() {
    let tenant = tenant(10, "").await;
    let ada = tenant.person(1);
    let shown = async || tenant.get(&SET.replace("{id}", ada.id.as_str())).await;
    let before = shown().await;
    let weak = tenant.refused(reset(&ada, "short")).await;
    assert_eq!(weak.message, "the password does not meet the tenant's policy");
    assert_eq!(shown().await, before);
    tenant.done(reset(&ada, "Correct-Horse-10")).await;
    let after = shown().await;
    let set = |shown: &serde_json::Value| shown["lastPasswordChangeDateTime"].as_str().unwrap().to_owned();
    assert!(set(&after) > set(&before));
    assert_eq!(
        tenant.sim.password(ada.id.as_str()),
        Some(("Correct-Horse-10".to_owned(), true))
    );

    // After a crash nobody can say whether it was set, so it is set once more.
    let bob = tenant.person(2);
    tenant.done(again(reset(&bob, "Correct-Horse-11"))).await;

    let eve = tenant.person(3);
    tenant.sim.faults(Faults {
        answer: Some(AnswerFault::Acknowledged {}),
        ..Faults::default()
    });
    let failed = tenant.failed(reset(&eve, "Correct-Horse-12")).await;
    assert!(
        failed.message.contains("the password is still that of"),
        "{failed:?}"
    );
}

#[tokio::test]
async fn whose_password_is_not_set_here_and_why() {
    let tenant = tenant(10, "").await;
    let synced = tenant.person(2);
    let fields = serde_json::json!({ "onPremisesSyncEnabled": true });
    tenant
        .sim
        .set(synced.id.as_str(), fields.as_object().unwrap().clone());
    let refused = tenant.refused(reset(&synced, "Correct-Horse-10")).await;
    assert_eq!(
        refused.message,
        "the user is synchronized from Active Directory, and is changed there"
    );
    let boss = tenant.person(3);
    tenant.sim.give_role(boss.id.as_str());
    let refused = tenant.refused(reset(&boss, "Correct-Horse-10")).await;
    assert_eq!(
        refused.to_string(),
        "the application that Tenure signs in as may not set this user's password (403 Authorization_RequestDenied)"
    );
    assert!(
        refused.hint.contains("Privileged Authentication Administrator"),
        "{refused:?}"
    );
    assert_eq!(tenant.sim.password(boss.id.as_str()), None);
    // The same user, and something that no role is needed for.
    let group = tenure_core::dn::Dn::parse("CN=Everybody").unwrap();
    tenant.done(write(&boss, Action::AddToGroups { group })).await;
}
