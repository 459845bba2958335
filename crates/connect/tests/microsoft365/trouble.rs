//! Throttling, lost answers, and yeses to which nothing was done.

use tenure_core::action::{Action, Below};
use tenure_core::cloud::CloudAction;
use tenure_core::outcome::Outcome;
use tenure_core::seams::Directory as _;
use tenure_sim::Faults;
use tenure_sim::faults::AnswerFault;

use crate::tenant::{PASSWORD, again, cloud, modify, tenant, user, write};

#[tokio::test]
async fn parts_that_are_throttled_are_sent_again_and_nothing_is_done_twice() {
    let tenant = tenant(10, "").await;
    let boss = tenant.person(1);
    for retry_after in [Some(0), None] {
        tenant.sim.faults(Faults {
            answer: Some(AnswerFault::TooManyRequests { retry_after }),
            times: Some(3),
            ..Faults::default()
        });
        let hint = format!("{}", retry_after.is_some());
        let writes = (0..45)
            .map(|number| user(&format!("new{number}.{hint}"), &[("manager", boss.dn.as_str())]))
            .collect();
        let applied = tenant.directory.apply(writes).await;
        assert_eq!(applied.len(), 45);
        assert!(
            applied.iter().all(|one| one.outcome == Outcome::Verified),
            "{applied:?}"
        );
    }
    tenant.sim.faults(Faults::default());
    let (dictionary, accounts) = tenant.read(&["manager"]).await;
    let manager = dictionary.index("manager").unwrap();
    assert_eq!(accounts.len(), 100);
    let led = accounts
        .iter()
        .filter(|account| account.attributes.first(manager) == Some(boss.dn.as_str()));
    assert!(led.count() >= 90);
}

#[tokio::test]
async fn a_yes_to_which_nothing_was_done_has_failed_with_what_was_found() {
    let tenant = tenant(10, "usage_location: NL").await;
    let ada = tenant.done(user("ada", &[("title", "Analyst")])).await;
    tenant.sim.faults(Faults {
        answer: Some(AnswerFault::Acknowledged {}),
        ..Faults::default()
    });
    let said = async |write| tenant.failed(write).await.message;
    let begin = "acknowledged but not carried out: afterwards ";
    for (write, found) in [
        (
            modify(&ada, &[("title", &["Analyst"], &["Clerk"])]),
            "`title` is `Analyst`",
        ),
        (write(&ada, Action::Disable), "the account is enabled"),
        (
            crate::tenant::join(&ada, "CN=Everybody"),
            "the account is not in the group",
        ),
        (
            write(
                &ada,
                Action::Delete {
                    dn: ada.dn.clone(),
                    stored: Vec::new(),
                    below: Below::Kept,
                },
            ),
            "the user is still there",
        ),
        (
            cloud(
                &ada,
                CloudAction::AssignLicences {
                    licences: vec!["SPE_E3".to_owned()],
                },
            ),
            "the account has no licence `SPE_E3`",
        ),
        (user("bob", &[]), "there is no such user"),
    ] {
        assert_eq!(said(write).await, format!("{begin}{found}"));
    }
    assert!(
        said(cloud(&ada, CloudAction::RevokeSessions))
            .await
            .contains("are still good")
    );
}

#[tokio::test]
async fn a_lost_answer_has_failed_and_the_next_try_finds_what_was_done() {
    let tenant = tenant(10, "").await;
    tenant.sim.faults(Faults {
        answer: Some(AnswerFault::CutConnection {}),
        times: Some(1),
        ..Faults::default()
    });
    let create = user("ada", &[("sn", "Byrne")]);
    let refusal = tenant.failed(create.clone()).await;
    assert!(!format!("{refusal:?}").contains(PASSWORD));
    let ada = tenant.done(again(create)).await;
    assert_eq!(tenant.values(ada.id.as_str(), "sn").await, ["Byrne"]);
    assert_eq!(tenant.read(&["sn"]).await.1.len(), 11);
}

#[tokio::test]
async fn a_token_that_ends_is_replaced_in_the_middle() {
    let tenant = tenant(10, "").await;
    tenant.done(user("ada", &[])).await;
    tenant.sim.expire_tokens();
    tenant.done(user("bob", &[])).await;
    assert_eq!(tenant.sim.tokens(), 2);
}

#[tokio::test]
async fn a_password_that_the_tenant_refuses_is_told_and_not_shown() {
    let tenant = tenant(3, "").await;
    let mut weak = user("ada", &[]);
    weak.password = Some(tenure_core::secret::Secret::new("short".to_owned()));
    let refusal = tenant.refused(weak).await;
    assert_eq!(refusal.message, "the password does not meet the tenant's policy");
    assert!(!format!("{refusal:?}").contains("short"));
}
