//! Each entry's webhooks, called by runs and by `tenure webhook test` for real accounts of the built-in directory, and
//! what the other side has of them.

use serde_json::json;
use tenure_sim::{
    Atera, AteraOptions, Graph, GraphOptions, HaloItsm, HaloItsmOptions, JumpCloud, JumpCloudOptions,
    Population, Remote, RemoteOptions,
};
use tokio::runtime::Runtime;

use super::staff::{Called, Staff, Witness, token};
use super::trial::Trial;

const PEOPLE: usize = 9;
/// So often that no test waits.
const OFTEN: (&str, &str) = ("calls_per_minute", "60000");

fn people() -> Population {
    Population::generate(PEOPLE, 3)
}

#[test]
fn atera_contacts() {
    let runtime = Runtime::new().unwrap();
    let sim = runtime
        .block_on(Atera::start(AteraOptions::new(people(), "a-key")))
        .unwrap();
    let url = sim.url();
    let witness = Witness::new(format!("{url}/api/v3"), "x-api-key", "a-key");
    let customer = witness.get("/customers")["items"][0]["CustomerID"].to_string();
    let settings = [("url", url.as_str()), OFTEN, ("customer", &customer)];
    let trial = Trial::new("atera", Some("api_key"), &settings).secret("atera", "a-key");
    let called = Called {
        join: Some("create-contact"),
        change: Some("update-contact"),
        leave: Some("archive-contact"),
        come_back: Some("restore-contact"),
    };
    let requests = || sim.requests();
    let mut staff = Staff::new(&trial, called, None, requests);
    staff.run(1);
    let path = format!("/contacts/{}", staff.captured("contact_id"));
    let contact = witness.get(&path);
    assert_eq!(contact["Email"], "ada.quillfeather@partner.test");
    assert_eq!(contact["CustomerID"].to_string(), customer);

    staff.set("title", "Analyst");
    staff.run(1);
    assert_eq!(witness.get(&path)["JobTitle"], "Analyst");
    staff.set("active", false);
    staff.run(1);
    assert_eq!(witness.get(&path)["Archived"], true);
    staff.set("active", true);
    staff.run(1);
    assert_eq!(witness.get(&path)["Archived"], false);

    staff.test("archive-contact");
    assert_eq!(witness.get(&path)["Archived"], true);
    staff.test("restore-contact");
    staff.test("update-contact");
    assert_eq!(witness.get(&path)["Lastname"], "Quillfeather");
    staff.test("delete-contact");
    assert_eq!(witness.status(&path), 404);
    // Twice is no failure.
    staff.test("delete-contact");
}

#[test]
fn haloitsm_users() {
    let runtime = Runtime::new().unwrap();
    let sim = runtime
        .block_on(HaloItsm::start(HaloItsmOptions::new(
            people(),
            "client",
            "secret",
        )))
        .unwrap();
    let url = sim.url();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "client"),
        ("client_secret", "secret"),
        ("scope", "all"),
    ];
    let bearer = format!("Bearer {}", token(&format!("{url}/auth/token"), &form));
    let witness = Witness::new(format!("{url}/api"), "authorization", &bearer);
    let site = witness.get("/Site?count=1")["sites"][0]["id"].as_f64().unwrap();
    let site = site.to_string();
    let settings = [
        ("url", url.as_str()),
        ("client_id", "client"),
        OFTEN,
        ("site", &site),
    ];
    let trial = Trial::new("haloitsm", Some("client_credentials"), &settings).secret("haloitsm", "secret");
    let called = Called {
        join: Some("create-user"),
        change: Some("update-user"),
        leave: Some("disable-user"),
        come_back: Some("enable-user"),
    };
    let requests = || sim.requests();
    let mut staff = Staff::new(&trial, called, None, requests);
    staff.run(1);
    let id = staff.captured("user_id");
    // Every third user comes in a list of its own.
    let user = || {
        let answer = witness.get(&format!("/Users/{id}?includedetails=true"));
        answer
            .get("users")
            .map_or(answer.clone(), |users| users[0].clone())
    };
    assert_eq!(user()["emailaddress"], "ada.quillfeather@partner.test");
    assert_eq!(user()["site_id"].as_f64(), site.parse().ok());

    staff.set("title", "Analyst");
    staff.run(1);
    assert_eq!(user()["title"], "Analyst");
    staff.set("active", false);
    staff.run(1);
    assert_eq!(user()["inactive"], true);
    staff.set("active", true);
    staff.run(1);
    assert_eq!(user()["inactive"], false);

    staff.test("disable-user");
    assert_eq!(user()["inactive"], true);
    staff.test("enable-user");
    staff.test("update-user");
    assert_eq!(user()["surname"], "Quillfeather");
    staff.test("delete-user");
    assert_eq!(witness.status(&format!("/Users/{id}")), 404);
    staff.test("delete-user");
}

/// JumpCloud at this address, which `calls` counts for; `witness` asks it without what may stand between.
pub fn jumpcloud_is_followed(url: &str, witness: &Witness, calls: impl Fn() -> u64) {
    let trial = Trial::new("jumpcloud", None, &[("url", url)]).secret("jumpcloud", "the-key");
    let called = Called {
        join: Some("create-user"),
        change: Some("update-user"),
        leave: Some("suspend-user"),
        come_back: Some("restore-user"),
    };
    let mut staff = Staff::new(&trial, called, None, calls);
    staff.run(1);
    let path = format!("/api/systemusers/{}", staff.captured("jumpcloud_id"));
    let user = witness.get(&path);
    assert_eq!(user["username"], "ada.quillfeather");
    assert_eq!(user["state"], "STAGED");

    staff.set("title", "Analyst");
    staff.run(1);
    assert_eq!(witness.get(&path)["jobTitle"], "Analyst");
    staff.set("active", false);
    staff.run(1);
    assert_eq!(witness.get(&path)["state"], "SUSPENDED");
    staff.set("active", true);
    staff.run(1);
    assert_eq!(witness.get(&path)["state"], "ACTIVATED");

    staff.test("suspend-user");
    assert_eq!(witness.get(&path)["suspended"], true);
    staff.test("restore-user");
    staff.test("update-user");
    assert_eq!(witness.get(&path)["lastname"], "Quillfeather");
    staff.test("delete-user");
    assert_eq!(witness.status(&path), 404);
    staff.test("delete-user");
}

#[test]
fn jumpcloud_users() {
    let runtime = Runtime::new().unwrap();
    let options = JumpCloudOptions::new(people(), "the-key");
    let sim = runtime.block_on(JumpCloud::start(options)).unwrap();
    let witness = Witness::new(sim.url(), "x-api-key", "the-key");
    jumpcloud_is_followed(&sim.url(), &witness, || sim.requests());
}

/// The same for Remote, where Ada is the one with this id.
pub fn remote_is_followed(url: &str, id: &str, witness: &Witness, calls: impl Fn() -> u64) {
    let settings = [("url", url), OFTEN];
    let trial = Trial::new("remote", Some("token"), &settings).secret("remote", "ra_live_token");
    let called = Called {
        join: Some("update-employment"),
        change: Some("update-employment"),
        leave: None,
        come_back: None,
    };
    let mut staff = Staff::new(&trial, called, Some(id), calls);
    staff.run(1);
    let employment = || witness.get(&format!("/v1/employments/{id}"))["data"]["employment"].clone();
    assert_eq!(employment()["work_email"], "ada.quillfeather@partner.test");
    staff.set("mail", "ada.q@partner.test");
    staff.run(1);
    assert_eq!(employment()["work_email"], "ada.q@partner.test");
    staff.set("active", false);
    staff.run(0);
    staff.test("set-external-id");
    assert_eq!(employment()["external_id"], super::staff::ADA);
    staff.test("update-employment");
}

#[test]
fn remote_employments() {
    let runtime = Runtime::new().unwrap();
    let options = RemoteOptions::new(people(), "ra_live_token");
    let sim = runtime.block_on(Remote::start(options)).unwrap();
    let witness = Witness::new(sim.url(), "authorization", "Bearer ra_live_token");
    let id = sim.employment_id(1);
    remote_is_followed(&sim.url(), &id, &witness, || sim.requests());
}

/// The same for Graph.
pub fn graph_is_followed(url: &str, login: &str, calls: impl Fn() -> u64) {
    let settings = [
        ("url", url),
        ("login_url", login),
        ("tenant", "northwind.test"),
        ("client_id", "client"),
    ];
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "client"),
        ("client_secret", "secret"),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let bearer = token(&format!("{login}/northwind.test/oauth2/v2.0/token"), &form);
    let witness = Witness::new(
        format!("{login}/v1.0"),
        "authorization",
        &format!("Bearer {bearer}"),
    );
    let trial = Trial::new("entra-id", None, &settings).secret("entra-id", "secret");
    let called = Called {
        join: Some("invite-guest"),
        change: Some("update-user"),
        leave: Some("disable-user"),
        come_back: Some("enable-user"),
    };
    let mut staff = Staff::new(&trial, called, None, calls);
    staff.run(1);
    let id = staff.captured("entra_id");
    let user = || {
        witness.get(&format!(
            "/users/{id}?$select=mail,userType,jobTitle,surname,accountEnabled,signInSessionsValidFromDateTime"
        ))
    };
    assert_eq!(user()["mail"], "ada.quillfeather@partner.test");
    assert_eq!(user()["userType"], "Guest");

    staff.set("title", "Analyst");
    staff.run(1);
    assert_eq!(user()["jobTitle"], "Analyst");
    staff.set("active", false);
    staff.run(1);
    assert_eq!(user()["accountEnabled"], false);
    staff.set("active", true);
    staff.run(1);
    assert_eq!(user()["accountEnabled"], true);

    staff.test("disable-user");
    assert_eq!(user()["accountEnabled"], false);
    staff.test("enable-user");
    staff.test("update-user");
    assert_eq!(user()["surname"], "Quillfeather");
    let before = user()["signInSessionsValidFromDateTime"].clone();
    staff.test("revoke-sessions");
    assert_ne!(user()["signInSessionsValidFromDateTime"], before);
    staff.test("delete-user");
    assert_eq!(witness.status(&format!("/users/{id}")), 404);
    staff.test("delete-user");
    staff.test("restore-user");
    assert_eq!(user()["mail"], "ada.quillfeather@partner.test");
}

#[test]
fn entra_id_users() {
    let runtime = Runtime::new().unwrap();
    let options = GraphOptions::new(people(), "northwind.test", "client", "secret");
    let sim = runtime.block_on(Graph::start(options)).unwrap();
    graph_is_followed(&sim.url(), &sim.url(), || sim.requests());
}

#[test]
fn an_account_without_the_id_is_told_what_it_lacks() {
    let runtime = Runtime::new().unwrap();
    let sim = runtime
        .block_on(Atera::start(AteraOptions::new(people(), "a-key")))
        .unwrap();
    let url = sim.url();
    let settings = [("url", url.as_str()), OFTEN];
    let trial = Trial::new("atera", Some("api_key"), &settings).secret("atera", "a-key");
    let called = Called {
        join: None,
        change: None,
        leave: None,
        come_back: None,
    };
    let staff = Staff::new(&trial, called, None, || 0);
    staff.run(0);
    let test = |who: &str| {
        let test = [
            "webhook",
            "test",
            "atera",
            "archive-contact",
            "--account",
            who,
            "--json",
        ];
        let ended = trial.home().run(&test).with(1).json();
        ended["tests"][0].clone()
    };
    let tried = test("7");
    let said = tried.to_string();
    assert!(said.contains("needs `extensionAttribute1`"), "{said}");
    assert_eq!(tried["response"], json!(null));
    // However the account is called, it is the same one; and one that is not there is told.
    let (dn, id) = (&tried["account"]["dn"], &tried["account"]["id"]);
    for who in [dn, id, &json!("mail=ada.quillfeather@partner.test")] {
        assert_eq!(test(who.as_str().unwrap())["account"], tried["account"], "{who}");
    }
    for who in ["CN=Nobody,OU=Staff,DC=corp,DC=example", "CN=Nobody,DC=elsewhere"] {
        let said = test(who).to_string();
        assert!(said.contains("no account in `corp` has this"), "{said}");
    }
}
