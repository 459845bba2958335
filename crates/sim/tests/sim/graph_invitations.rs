use serde_json::json;

use crate::graph::among;

#[tokio::test]
async fn a_guest_is_invited_once() {
    let (sim, api) = among(5).await;
    let invitation = json!({
        "invitedUserEmailAddress": "ada@partner.test", "invitedUserDisplayName": "Ada Byrne",
        "inviteRedirectUrl": "https://myapplications.microsoft.com", "sendInvitationMessage": true,
    });
    let made = api.post("/invitations", invitation.clone()).await.expect(201);
    assert_eq!(made["status"], "PendingAcceptance");
    let id = made["invitedUser"]["id"].as_str().unwrap();
    let guest = api
        .get(&format!(
            "/users/{id}?$select=id,userType,displayName,mail,userPrincipalName"
        ))
        .await;
    assert_eq!(guest["userType"], "Guest");
    assert_eq!(guest["displayName"], "Ada Byrne");
    assert_eq!(guest["userPrincipalName"], "ada_partner.test#EXT#@northwind.test");
    let again = api.post("/invitations", invitation.clone()).await.expect(201);
    assert_eq!(again["invitedUser"]["id"], id);
    assert_eq!(sim.population(|people| people.len()), 6);

    let mut wrong = invitation;
    wrong["invitedUserEmailAddress"] = "ada".into();
    api.post("/invitations", wrong).await.expect(400);
    let member = api.get("/users?$top=1&$select=mail").await["value"][0]["mail"].clone();
    let member = json!({ "invitedUserEmailAddress": member, "inviteRedirectUrl": "https://a.test" });
    api.post("/invitations", member).await.expect(400);
}
