//! The simulated vendors: what a webhook writes is there afterwards.

use serde_json::{Value, json};
use tenure_connect::webhook::Call;
use tenure_core::outcome::Outcome;
use tenure_core::seams::Subject;
use tenure_sim::{
    Atera, AteraOptions, Graph, GraphOptions, HaloItsm, HaloItsmOptions, JumpCloud, JumpCloudOptions,
    Population, Remote, RemoteOptions,
};

use crate::stage::{KEY, SECRET, call, caller, subject};

fn people() -> Population {
    Population::generate(9, 1)
}

fn ada() -> Subject {
    subject(&[
        ("givenName", &["Ada"]),
        ("sn", &["Byrne <&> \"Ö'Hara\""]),
        ("displayName", &["Ada Byrne"]),
        ("mail", &["ada.byrne@northwind.test"]),
        ("sAMAccountName", &["ada.byrne"]),
        ("department", &["Finance"]),
        ("employeeID", &["X-7"]),
    ])
}

fn captured(call: &Call, name: &str) -> Value {
    match &call.outcome {
        Outcome::Answered { captured, .. } => captured[name].clone(),
        other => panic!("{other:?}: {call:?}"),
    }
}

/// Reads something by a webhook too: the same authorization, no second way to talk.
async fn read(application: &Value, url: &str) -> Value {
    let mut application = application.clone();
    application["webhooks"] = json!([{ "name": "go", "method": "GET", "url": url }]);
    let made = call(&caller(&application), &ada()).await;
    let response = made.response.unwrap();
    assert_eq!(response.status, 200, "{response:?}");
    serde_json::from_str(&response.body).unwrap()
}

async fn write(application: &Value, webhook: Value) -> Call {
    let mut application = application.clone();
    let mut webhook = webhook;
    webhook["name"] = "go".into();
    application["webhooks"] = json!([webhook]);
    call(&caller(&application), &ada()).await
}

#[tokio::test]
async fn a_contact_in_atera() {
    let sim = Atera::start(AteraOptions::new(people(), SECRET)).await.unwrap();
    let api = format!("{}/api/v3", sim.url());
    let application = json!({
        "authorization": { "type": "api_key", "key": "x-api-key", "value": "{{ secret('crew') }}" },
    });
    let made = write(
        &application,
        json!({
            "url": format!("{api}/contacts"), "success": "status == 201", "capture": { "contact_id": "{{ answer.ActionID }}" },
            "body": {
                "Email": "{{ mail }}", "Firstname": "{{ givenName }}", "Lastname": "{{ sn }}",
                "CustomerName": "Northwind Laboratories",
            },
        }),
    )
    .await;
    let id = captured(&made, "contact_id");
    let contact = read(&application, &format!("{api}/contacts/{}", id.as_str().unwrap())).await;
    assert_eq!(contact["Lastname"], "Byrne <&> \"Ö'Hara\"");
    // A second one with the same address is refused, in the vendor's words.
    let again = write(
        &application,
        json!({ "url": format!("{api}/contacts"), "body": { "Email": "{{ mail }}", "CustomerName": "Northwind Laboratories" } }),
    )
    .await;
    assert!(
        matches!(&again.outcome, Outcome::Refused(refusal) if refusal.message.contains("400")),
        "{again:?}"
    );
}

#[tokio::test]
async fn a_user_in_haloitsm_whose_bodies_are_arrays() {
    let sim = HaloItsm::start(HaloItsmOptions::new(people(), "tenure", "s3cret"))
        .await
        .unwrap();
    let application = json!({
        "authorization": {
            "type": "oauth2", "grant": "client_credentials", "token_url": format!("{}/auth/token", sim.url()),
            "client_id": "tenure", "client_secret": "{{ secret('plain') }}", "scope": ["all"],
            "client_authentication": "body",
        },
    });
    let webhook = json!({
        "url": format!("{}/api/Users", sim.url()), "capture": { "user_id": "{{ answer.id }}" },
        "body": [{ "name": "{{ displayName }}", "site_id": "{{ site_of(department) | int }}", "emailaddress": "{{ mail }}" }],
    });
    let made = write(&application, webhook).await;
    let id = captured(&made, "user_id");
    assert!(id.is_number(), "{id}");
    let user = read(&application, &format!("{}/api/Users/{id}", sim.url())).await;
    let user = user.get("users").map_or(user.clone(), |users| users[0].clone());
    assert_eq!(
        (&user["surname"], &user["site_name"]),
        (&json!("Byrne"), &json!("Amsterdam"))
    );
    assert_eq!(sim.tokens(), 2, "one for each caller");
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_on_the_way() {
    let sim = HaloItsm::start(HaloItsmOptions::new(people(), "tenure", "s3cret"))
        .await
        .unwrap();
    let caller = caller(&json!({
        "authorization": {
            "type": "oauth2", "grant": "client_credentials", "token_url": format!("{}/auth/token", sim.url()),
            "client_id": "tenure", "client_secret": "{{ secret('plain') }}", "scope": ["all"],
            "client_authentication": "body",
        },
        "webhooks": [{
            "name": "go", "url": format!("{}/api/Users", sim.url()),
            "body": [{ "name": "{{ displayName }}", "site_id": 18 }],
        }],
    }));
    assert!(call(&caller, &ada()).await.outcome.is_success());
    sim.expire_tokens();
    assert!(call(&caller, &ada()).await.outcome.is_success());
    assert_eq!(sim.tokens(), 2);
}

#[tokio::test]
async fn a_user_in_jumpcloud() {
    let sim = JumpCloud::start(JumpCloudOptions::new(people(), SECRET))
        .await
        .unwrap();
    let application = json!({
        "authorization": { "type": "api_key", "key": "x-api-key", "value": "{{ secret('crew') }}" },
    });
    let made = write(
        &application,
        json!({
            "url": format!("{}/api/systemusers", sim.url()), "capture": { "user_id": "{{ answer._id }}" },
            "body": {
                "username": "{{ sAMAccountName }}", "email": "{{ mail }}", "lastname": "{{ sn }}",
                "employeeIdentifier": "{{ employeeID }}", "activated": true,
            },
        }),
    )
    .await;
    let id = captured(&made, "user_id");
    let user = read(
        &application,
        &format!("{}/api/systemusers/{}", sim.url(), id.as_str().unwrap()),
    )
    .await;
    assert_eq!(
        (&user["lastname"], &user["employeeIdentifier"]),
        (&json!("Byrne <&> \"Ö'Hara\""), &json!("X-7"))
    );
}

#[tokio::test]
async fn a_user_in_microsoft_graph() {
    let options = GraphOptions::new(people(), "the-tenant", "tenure", "s3cret");
    let sim = Graph::start(options).await.unwrap();
    let application = json!({
        "authorization": {
            "type": "oauth2", "grant": "client_credentials",
            "token_url": format!("{}/the-tenant/oauth2/v2.0/token", sim.url()),
            "client_id": "tenure", "client_secret": "{{ secret('plain') }}",
            "scope": ["https://graph.microsoft.com/.default"], "client_authentication": "body",
        },
    });
    let made = write(
        &application,
        json!({
            "url": format!("{}/v1.0/users", sim.url()), "success": "status == 201", "capture": { "user_id": "{{ answer.id }}" },
            "body": {
                "accountEnabled": true, "displayName": "{{ displayName }}", "mailNickname": "{{ sAMAccountName }}",
                "userPrincipalName": "{{ mail }}", "usageLocation": "NL",
                "passwordProfile": { "password": "Correct-Horse-9", "forceChangePasswordNextSignIn": true },
            },
        }),
    )
    .await;
    let id = captured(&made, "user_id");
    let user = read(
        &application,
        &format!("{}/v1.0/users/{}", sim.url(), id.as_str().unwrap()),
    )
    .await;
    assert_eq!(user["displayName"], "Ada Byrne");
}

#[tokio::test]
async fn a_custom_field_in_remote() {
    let sim = Remote::start(RemoteOptions::new(people(), "s3cret"))
        .await
        .unwrap();
    let application = json!({ "authorization": { "type": "bearer", "value": "{{ secret('plain') }}" } });
    let employment = sim.employment_id(2);
    let fields = read(&application, &format!("{}/v1/custom-fields", sim.url())).await;
    let field = fields["data"]["custom_fields"][1]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let webhook = json!({
        "method": "PATCH", "url": format!("{}/v1/custom-fields/{field}/values/{employment}", sim.url()),
        "body": { "value": "{{ department }} {{ person.key }}" },
    });
    let made = write(&application, webhook).await;
    assert!(made.outcome.is_success(), "{made:?}");
    let values = read(
        &application,
        &format!("{}/v1/employments/{employment}/custom-fields", sim.url()),
    )
    .await;
    assert_eq!(values["data"]["custom_field_values"][1]["value"], "Finance E-7");
    assert!(!format!("{made:?}").contains("s3cret"));
    assert_eq!(
        made.request
            .unwrap()
            .headers
            .iter()
            .filter(|(_, value)| value.contains(KEY))
            .count(),
        0
    );
}
