//! Licences, sessions, automatic replies, photos and mailboxes.

use tenure_core::cloud::{AutoReply, CloudAction, MailboxKind, ReplyAudience};
use tenure_core::directory_action::DirectoryAction;
use tenure_core::photo::Photo;

use crate::tenant::{again, beside, cloud, join, leave, of, options, tenant, user};

const E3: &str = "SPE_E3";
const FLOW: &str = "f30db892-07e9-47e9-837c-80727f46fd3d";

fn assign(licence: &str) -> CloudAction {
    CloudAction::AssignLicences {
        licences: vec![licence.to_owned()],
    }
}

fn revoke(licence: &str) -> CloudAction {
    CloudAction::RevokeLicences {
        licences: vec![licence.to_owned()],
    }
}

#[tokio::test]
async fn licences_come_and_go_by_name_and_id() {
    let tenant = tenant(5, "usage_location: NL").await;
    let ada = tenant.done(user("ada", &[])).await;
    tenant.done(cloud(&ada, assign("spe_e3"))).await;
    tenant.done(cloud(&ada, assign(FLOW))).await;
    let held = tenant.values(ada.id.as_str(), "assignedLicenses").await;
    assert_eq!(
        held,
        [
            format!("{E3} 05e9a617-0261-4cee-bb44-138d3ef5d965"),
            format!("FLOW_FREE {FLOW}")
        ]
    );
    tenant.done(again(cloud(&ada, assign(E3)))).await;
    let both = CloudAction::RevokeLicences {
        licences: vec![E3.to_owned(), "FLOW_FREE".to_owned()],
    };
    tenant.done(cloud(&ada, both.clone())).await;
    assert!(
        tenant
            .values(ada.id.as_str(), "assignedLicenses")
            .await
            .is_empty()
    );
    tenant.done(again(cloud(&ada, both))).await;
    let unknown = tenant.refused(cloud(&ada, assign("ENTERPRISEPACK"))).await;
    assert_eq!(
        (unknown.message.as_str(), unknown.hint.as_str()),
        (
            "the tenant has no licence `ENTERPRISEPACK`",
            "The tenant has `SPE_E3`, `FLOW_FREE`."
        )
    );
}

#[tokio::test]
async fn without_a_country_or_a_licence_left_it_is_said_what_is_missing() {
    let mut few = options(0);
    few.seats = 1;
    let tenant = of(few, "").await;
    let ada = tenant.done(user("ada", &[])).await;
    let nowhere = tenant.refused(cloud(&ada, assign(E3))).await;
    assert_eq!(nowhere.message, "a user without a country cannot have licences");
    let bob = tenant.done(user("bob", &[("usageLocation", "NL")])).await;
    let eve = tenant.done(user("eve", &[("usageLocation", "NL")])).await;
    // Both at once, and Graph gives the last one to the first.
    let applied = tenure_core::seams::Directory::apply(
        &tenant.directory,
        vec![cloud(&bob, assign(E3)), cloud(&eve, assign(E3))],
    )
    .await;
    let words: Vec<String> = applied.iter().map(|one| format!("{:?}", one.outcome)).collect();
    assert_eq!(words[0], "Verified");
    assert!(
        words[1].contains("no licence `SPE_E3` is left: 1 of 1 are in use"),
        "{words:?}"
    );
    let later = tenant.refused(cloud(&eve, assign(E3))).await;
    assert_eq!(later.message, "no licence `SPE_E3` is left: 1 of 1 are in use");
}

#[tokio::test]
async fn a_licence_that_comes_with_a_group_is_not_taken_from_the_account() {
    let tenant = tenant(5, "usage_location: NL").await;
    let ada = tenant.done(user("ada", &[])).await;
    tenant.done(cloud(&ada, assign(E3))).await;
    let states = serde_json::json!({ "licenseAssignmentStates": [
        { "skuId": "05e9a617-0261-4cee-bb44-138d3ef5d965", "assignedByGroup": "a-group", "state": "Active" }
    ] });
    tenant
        .sim
        .set(ada.id.as_str(), states.as_object().unwrap().clone());
    let held = tenant.values(ada.id.as_str(), "assignedLicenses").await;
    assert_eq!(held, [format!("{E3} 05e9a617-0261-4cee-bb44-138d3ef5d965 group")]);
    let refused = tenant.refused(cloud(&ada, revoke(E3))).await;
    assert_eq!(refused.message, "the licence `SPE_E3` comes with a group");
}

#[tokio::test]
async fn a_group_gives_its_licence_which_counts_as_held_and_goes_with_the_group() {
    let tenant = tenant(5, "usage_location: NL").await;
    let body = serde_json::json!({
        "displayName": "Licensed", "mailEnabled": false, "mailNickname": "licensed", "securityEnabled": true,
    });
    let group = tenant.post("/groups", &body).await;
    tenant.sim.license_group(group["id"].as_str().unwrap(), FLOW);
    let ada = tenant.done(user("ada", &[])).await;
    tenant.done(cloud(&ada, assign(E3))).await;
    tenant.done(join(&ada, "CN=Licensed")).await;
    let held = async || tenant.values(ada.id.as_str(), "assignedLicenses").await;
    let direct = format!("{E3} 05e9a617-0261-4cee-bb44-138d3ef5d965");
    assert_eq!(held().await, [direct.clone(), format!("FLOW_FREE {FLOW} group")]);
    // There is nothing left to assign, and nothing to take from the account itself.
    tenant.done(cloud(&ada, assign("FLOW_FREE"))).await;
    assert_eq!(held().await, [direct.clone(), format!("FLOW_FREE {FLOW} group")]);
    let refused = tenant.refused(cloud(&ada, revoke("FLOW_FREE"))).await;
    assert_eq!(refused.message, "the licence `FLOW_FREE` comes with a group");
    tenant.done(leave(&ada, "CN=Licensed")).await;
    assert_eq!(held().await, [direct]);
}

#[tokio::test]
async fn sessions_end_and_that_is_seen() {
    let tenant = tenant(5, "").await;
    tenant
        .done(cloud(&tenant.person(1), CloudAction::RevokeSessions))
        .await;
}

#[tokio::test]
async fn mail_is_answered_and_no_longer() {
    let tenant = tenant(30, "usage_location: NL").await;
    let ada = tenant.done(user("ada", &[])).await;
    let reply = AutoReply {
        internal: "Ada has left.".to_owned(),
        external: None,
        audience: ReplyAudience::Contacts,
    };
    let on = CloudAction::SetAutoReply { reply: Some(reply) };
    let without = tenant.refused(cloud(&ada, on.clone())).await;
    assert_eq!(without.message, "the account has no mailbox in Exchange Online");
    tenant.done(cloud(&ada, assign(E3))).await;
    tenant.done(cloud(&ada, on)).await;
    let settings = tenant.get(&format!("/users/{}/mailboxSettings", ada.id)).await;
    let kept = &settings["automaticRepliesSetting"];
    assert_eq!(
        (&kept["status"], &kept["externalAudience"]),
        (&"alwaysEnabled".into(), &"contactsOnly".into())
    );
    assert_eq!(kept["externalReplyMessage"], "Ada has left.");
    tenant
        .done(cloud(&ada, CloudAction::SetAutoReply { reply: None }))
        .await;

    tenant
        .done(cloud(
            &ada,
            CloudAction::ConvertMailbox {
                to: MailboxKind::Shared,
            },
        ))
        .await;
    // A shared one stays without a licence.
    tenant.done(cloud(&ada, revoke(E3))).await;
    let settings = tenant.get(&format!("/users/{}/mailboxSettings", ada.id)).await;
    assert_eq!(settings["userPurpose"], "shared");
    let before = tenant.sim.requests();
    tenant
        .done(again(cloud(
            &ada,
            CloudAction::ConvertMailbox {
                to: MailboxKind::Shared,
            },
        )))
        .await;
    assert_eq!(tenant.sim.requests() - before, 1, "nothing but a look");
    tenant.done(cloud(&ada, assign(E3))).await;
    tenant
        .done(cloud(
            &ada,
            CloudAction::ConvertMailbox {
                to: MailboxKind::User,
            },
        ))
        .await;
}

#[tokio::test]
async fn a_photo_comes_and_goes() {
    let tenant = tenant(5, "").await;
    let ada = tenant.done(user("ada", &[])).await;
    let photo = Photo::from_base64("/9j/4AAQSkZJRgABAQAAAQABAAD/2Q==").unwrap();
    tenant
        .done(beside(
            &ada,
            DirectoryAction::SetPhoto {
                photo: photo.clone(),
                before: None,
            },
        ))
        .await;
    let shown = tenant.get(&format!("/users/{}/photo", ada.id)).await;
    assert_eq!(shown["@odata.mediaContentType"], "image/jpeg");
    // The same picture again cannot be told from nothing done.
    let again = tenant
        .apply(beside(&ada, DirectoryAction::SetPhoto { photo, before: None }))
        .await;
    assert!(
        matches!(again.outcome, tenure_core::outcome::Outcome::Unverified { .. }),
        "{again:?}"
    );
    tenant
        .done(beside(&ada, DirectoryAction::RemovePhoto { before: None }))
        .await;
    tenant
        .done(beside(&ada, DirectoryAction::RemovePhoto { before: None }))
        .await;
}
