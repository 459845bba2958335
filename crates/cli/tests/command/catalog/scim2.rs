//! The entry for SCIM 2.0 against a server of somebody else: `scim2-server` of the Python package index.

use serde_json::json;
use tenure_lab::{LabError, ScimServer};

use super::staff::{Called, Staff, Witness};
use super::trial::Trial;
use crate::home::wait_for;

const TOKEN: &str = "a-token";
const PEOPLE: usize = 57;

/// None, with a word about it, where Python is not installed.
fn server() -> Option<ScimServer> {
    match ScimServer::start(TOKEN) {
        Ok(server) => Some(server),
        Err(LabError::Missing { program, package }) => {
            eprintln!(
                "LEFT OUT: `{program}` is not installed (Debian package `{package}`), which scim2-server needs"
            );
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn trial(server: &ScimServer) -> Trial {
    let url = server.url();
    let settings = [("url", url.as_str()), ("page_size", "10")];
    Trial::new("scim", None, &settings).secret("scim", TOKEN)
}

/// Makes users by the protocol itself.
fn fill(server: &ScimServer) {
    wait_for(async {
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        for number in 0..PEOPLE {
            let user = json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": format!("ada{number}"),
                "name": { "givenName": "Ada", "familyName": format!("Byrne {number}") }, "active": number % 5 != 0,
                "emails": [
                    { "value": format!("home{number}@home.test"), "type": "home" },
                    { "value": format!("ada{number}@northwind.test"), "type": "work", "primary": true },
                ],
                "phoneNumbers": [{ "value": "tel:+31-20-555-7061", "type": "work" }],
            });
            let request = client.post(format!("{}/Users", server.url())).bearer_auth(TOKEN);
            let answer = request
                .header("content-type", "application/scim+json")
                .body(user.to_string())
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status().as_u16(), 201, "{}", answer.text().await.unwrap());
        }
    });
}

#[test]
fn everybody_comes_page_by_page() {
    let Some(server) = server() else { return };
    fill(&server);
    let trial = trial(&server);
    let people = trial.people();
    assert_eq!(people.len(), PEOPLE);
    for number in 0..PEOPLE {
        let mail = json!([format!("ada{number}@northwind.test")]);
        let found = people.values().find(|person| person["mail"] == mail);
        assert_eq!(found.unwrap()["sn"], json!([format!("Byrne {number}")]));
    }
    assert!(trial.keys("groups", "id").is_empty());
}

#[test]
fn users_are_created_changed_switched_off_and_deleted() {
    let Some(server) = server() else { return };
    let trial = trial(&server);
    let called = Called {
        join: Some("create-user"),
        change: Some("update-user"),
        leave: Some("disable-user"),
        come_back: Some("enable-user"),
    };
    let witness = Witness::new(server.url(), "authorization", &format!("Bearer {TOKEN}"));
    // The server counts no calls: how many users it has is what a call more or less would show.
    let users = || witness.get("/Users")["totalResults"].as_u64().unwrap();
    let mut staff = Staff::new(&trial, called, None, users);
    staff.run(1);
    let path = format!("/Users/{}", staff.captured("scim_id"));
    let user = || witness.get(&path);
    assert_eq!(user()["userName"], "ada.quillfeather@partner.test");
    assert_eq!(user()["active"], true);

    staff.set("last", "Byrne");
    staff.run(0);
    assert_eq!(user()["name"]["familyName"], "Byrne");
    assert_eq!(user()["displayName"], "Ada Byrne");
    staff.set("active", false);
    staff.run(0);
    assert_eq!(user()["active"], false);
    staff.set("active", true);
    staff.run(0);
    assert_eq!(user()["active"], true);
    let version = user()["meta"].clone();
    staff.run(0);
    assert_eq!(
        user()["meta"],
        version,
        "a run that has nothing to do calls nobody"
    );

    staff.test("disable-user");
    assert_eq!(user()["active"], false);
    staff.test("enable-user");
    staff.test("update-user");
    assert_eq!(user()["active"], true);
    staff.test("delete-user");
    assert_eq!(witness.status(&path), 404);
    staff.test("delete-user");
    assert_eq!(users(), 0);
}
