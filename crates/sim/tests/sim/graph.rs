use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use tenure_sim::{Graph, GraphOptions, Population};

use crate::api::{Api, code_of, list};

pub fn options(people: usize) -> GraphOptions {
    GraphOptions::new(Population::generate(people, 1), "the-tenant", "tenure", "s3cret")
}

pub async fn among(people: usize) -> (Graph, Api) {
    of(options(people)).await
}

pub async fn of(options: GraphOptions) -> (Graph, Api) {
    let sim = Graph::start(options).await.unwrap();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "tenure"),
        ("client_secret", "s3cret"),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let outside = Api::new(sim.url());
    let granted = outside
        .form("/the-tenant/oauth2/v2.0/token", &form)
        .await
        .expect(200);
    assert_eq!(granted["expires_in"], 3599);
    let api = Api::new(format!("{}/v1.0", sim.url())).bearer(granted["access_token"].as_str().unwrap());
    (sim, api)
}

/// Follows the links; the rows, and how many pages there were.
pub async fn everybody(api: &Api, first: &str) -> (Vec<Value>, usize) {
    let (mut found, mut pages, mut next) = (Vec::new(), 0, first.to_owned());
    loop {
        let page = api.get(&next).await;
        found.extend_from_slice(list(&page, "value"));
        pages += 1;
        match page["@odata.nextLink"].as_str() {
            Some(link) => link.clone_into(&mut next),
            None => return (found, pages),
        }
    }
}

pub fn ids(rows: &[Value]) -> BTreeSet<String> {
    rows.iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

pub fn id_of(sim: &Graph, number: u32) -> String {
    sim.population(|people| people.person(number).unwrap().object_id())
}

pub fn error(body: &Value) -> &str {
    assert!(body["error"]["innerError"]["request-id"].is_string(), "{body}");
    body["error"]["code"].as_str().unwrap()
}

pub fn ada() -> Value {
    json!({
        "accountEnabled": true, "displayName": "Ada Byrne", "mailNickname": "ada.byrne",
        "userPrincipalName": "ada.byrne@northwind.test", "usageLocation": "NL",
        "passwordProfile": { "password": "Correct-Horse-9", "forceChangePasswordNextSignIn": true },
    })
}

#[tokio::test]
async fn tokens_are_had_for_the_secret_in_the_right_tenant_with_the_right_scope() {
    let (sim, api) = among(2).await;
    let outside = Api::new(sim.url());
    let ask = async |tenant: &str, secret: &str, scope: &str| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", "tenure"),
            ("client_secret", secret),
            ("scope", scope),
        ];
        outside.form(&format!("/{tenant}/oauth2/v2.0/token"), &form).await
    };
    let scope = "https://graph.microsoft.com/.default";
    assert_eq!(
        ask("other", "s3cret", scope).await.expect(400)["error"],
        "invalid_request"
    );
    let refused = ask("the-tenant", "guess", scope).await.expect(401);
    assert_eq!(
        (&refused["error"], &refused["error_codes"]),
        (&json!("invalid_client"), &json!([7_000_215]))
    );
    assert_eq!(
        ask("the-tenant", "s3cret", "User.Read").await.expect(400)["error"],
        "invalid_scope"
    );
    let bare = Api::new(format!("{}/v1.0", sim.url()));
    let refused = bare.send(Method::GET, "/users", None).await.expect(401);
    assert_eq!(error(&refused), "InvalidAuthenticationToken");
    sim.expire_tokens();
    assert_eq!(api.status("/users").await, 401);
    assert_eq!(sim.tokens(), 1);
}

#[tokio::test]
async fn an_administrator_signs_in_on_the_page() {
    let (sim, _) = among(2).await;
    let outside = Api::new(sim.url());
    let address =
        "/the-tenant/oauth2/v2.0/authorize?response_type=code&client_id=tenure&redirect_uri=http%3A%2F%2Fx";
    let back = outside
        .form(address, &[("username", "admin"), ("password", "admin")])
        .await;
    let code = code_of(&back);
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "tenure"),
        ("client_secret", "s3cret"),
        ("code", code.as_str()),
        ("redirect_uri", "http://x"),
        ("scope", "User.Read.All offline_access"),
    ];
    let granted = outside
        .form("/the-tenant/oauth2/v2.0/token", &form)
        .await
        .expect(200);
    assert!(granted["refresh_token"].is_string());
    let api = Api::new(format!("{}/v1.0", sim.url())).bearer(granted["access_token"].as_str().unwrap());
    assert_eq!(list(&api.get("/users").await, "value").len(), 2);
}

#[tokio::test]
async fn without_select_most_fields_are_missing() {
    let (sim, api) = among(3).await;
    let page = api.get("/users").await;
    let row = page["value"][0].as_object().unwrap();
    assert_eq!(row.len(), 11);
    assert!(!row.contains_key("department") && !row.contains_key("accountEnabled"));
    let page = api
        .get("/users?$select=id,accountEnabled,employeeId,employeeHireDate")
        .await;
    let person = sim.population(|people| {
        let person = people.person(1).unwrap();
        (person.employee_identifier(), person.start().unwrap())
    });
    let row = &page["value"][1];
    assert_eq!(row["employeeId"].as_str(), person.0.as_deref());
    assert_eq!(row["employeeHireDate"], format!("{}T00:00:00Z", person.1));
    assert_eq!(row.as_object().unwrap().len(), 4);
    let refused = api
        .send(Method::GET, "/users?$select=shoeSize", None)
        .await
        .expect(400);
    assert_eq!(error(&refused), "Request_BadRequest");
}

#[tokio::test]
async fn everybody_comes_once_over_the_links() {
    let (sim, api) = among(250).await;
    let (all, pages) = everybody(&api, "/users?$select=id,mail").await;
    assert_eq!((all.len(), ids(&all).len(), pages), (250, 250, 3));
    assert!(
        all.iter().all(|row| row.as_object().unwrap().len() == 2),
        "the link keeps what was asked for"
    );
    let (all, pages) = everybody(&api, "/users?$top=999").await;
    assert_eq!((all.len(), pages), (250, 1));
    let refused = api.send(Method::GET, "/users?$top=1000", None).await.expect(400);
    assert_eq!(
        refused["error"]["message"],
        "Invalid page size specified: '1000'. Must be between 1 and 999 inclusive."
    );
    api.send(Method::GET, "/users?$skip=3", None).await.expect(400);
    api.send(Method::GET, "/users?$skiptoken=cut", None)
        .await
        .expect(400);
    assert_eq!(sim.requests(), 7);
}

#[tokio::test]
async fn filters_find_people_and_the_hard_ones_need_a_header() {
    let (sim, api) = among(120).await;
    let person = sim.population(|people| people.person(5).unwrap().email());
    let found = api.get(&format!("/users?$filter=mail%20eq%20'{person}'")).await;
    assert_eq!(ids(list(&found, "value")), BTreeSet::from([id_of(&sim, 5)]));
    let (disabled, _) = everybody(
        &api,
        "/users?$filter=accountEnabled%20eq%20false&$select=id,accountEnabled",
    )
    .await;
    assert!(!disabled.is_empty() && disabled.iter().all(|row| row["accountEnabled"] == false));
    let hard = "/users?$count=true&$filter=endswith(mail,'northwind.test')&$top=50";
    assert_eq!(
        error(&api.send(Method::GET, hard, None).await.expect(400)),
        "Request_UnsupportedQuery"
    );
    let eventual = api.with("consistencylevel", "eventual");
    let first = eventual.get(hard).await;
    assert_eq!(first["@odata.count"], 120);
    let second = eventual.get(first["@odata.nextLink"].as_str().unwrap()).await;
    assert_eq!(second.get("@odata.count"), None, "on the first page only");
    eventual
        .send(Method::GET, "/users?$filter=shoeSize%20eq%201", None)
        .await
        .expect(400);
    let by_name = eventual
        .get(&format!("/users/{person}?$expand=manager($select=id)"))
        .await;
    assert_eq!(by_name["manager"]["id"], id_of(&sim, 0));
    let found = eventual
        .get(&format!("/users?$search=%22mail:{}%22", &person[..5]))
        .await;
    assert!(ids(list(&found, "value")).contains(&id_of(&sim, 5)));
}

#[tokio::test]
async fn a_user_is_made_changed_disabled_deleted_and_restored() {
    let (sim, api) = among(4).await;
    let made = api.post("/users", ada()).await.expect(201);
    let path = format!("/users/{}", made["id"].as_str().unwrap());
    assert_eq!(made["displayName"], "Ada Byrne");
    assert_eq!(
        api.post("/users", ada()).await.expect(400)["error"]["code"],
        "Request_BadRequest"
    );
    let change = json!({ "accountEnabled": false, "department": "Finance", "businessPhones": ["+31 1"],
        "employeeOrgData": { "division": "North" } });
    assert_eq!(api.patch(&path, change).await.expect(204), Value::Null);
    let selected = format!("{path}?$select=accountEnabled,department,employeeOrgData,mail");
    let now = api.get(&selected).await;
    assert_eq!(
        (&now["accountEnabled"], &now["department"]),
        (&json!(false), &json!("Finance"))
    );
    assert_eq!(
        (&now["employeeOrgData"]["division"], &now["mail"]),
        (&json!("North"), &Value::Null)
    );
    for wrong in [
        json!({ "shoeSize": 1 }),
        json!({ "businessPhones": ["1", "2"] }),
        json!({ "displayName": "" }),
        json!({ "accountEnabled": "yes" }),
    ] {
        api.patch(&path, wrong).await.expect(400);
    }
    api.post("/users", json!({ "displayName": "x" }))
        .await
        .expect(400);

    let manager =
        json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/users/{}", id_of(&sim, 2)) });
    api.put(&format!("{path}/manager/$ref"), manager)
        .await
        .expect(204);
    assert_eq!(api.get(&format!("{path}/manager")).await["id"], id_of(&sim, 2));
    let reports = api.get(&format!("/users/{}/directReports", id_of(&sim, 2))).await;
    assert!(ids(list(&reports, "value")).contains(made["id"].as_str().unwrap()));
    api.delete(&format!("{path}/manager/$ref")).await.expect(204);
    assert_eq!(api.status(&format!("{path}/manager")).await, 404);

    let revoked = api
        .post(&format!("{path}/revokeSignInSessions"), json!({}))
        .await
        .expect(200);
    assert_eq!(revoked["value"], true);

    api.delete(&path).await.expect(204);
    assert_eq!(
        error(&api.send(Method::GET, &path, None).await.expect(404)),
        "Request_ResourceNotFound"
    );
    assert_eq!(list(&api.get("/users").await, "value").len(), 4);
    let deleted = api.get("/directory/deletedItems/microsoft.graph.user").await;
    assert_eq!(deleted["value"][0]["id"], made["id"]);
    let item = format!("/directory/deletedItems/{}", made["id"].as_str().unwrap());
    assert_eq!(
        api.post(&format!("{item}/restore"), json!({})).await.expect(200)["id"],
        made["id"]
    );
    assert_eq!(api.get(&selected).await["department"], "Finance");
    assert_eq!(api.delete(&item).await.status, 404);
    api.delete(&path).await.expect(204);
    api.delete(&item).await.expect(204);
    assert_eq!(api.status(&item).await, 404);
}
