use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tenure_sim::{Faults, GraphOptions, RateLimit, faults::AnswerFault};

use crate::{
    api::list,
    graph::{ada, among, error, everybody, id_of, ids, of, options},
};

#[tokio::test]
async fn groups_have_members_of_which_some_are_groups() {
    let (sim, api) = among(40).await;
    let groups = api.get("/groups?$filter=displayName%20eq%20'All%20Staff'").await;
    let staff = groups["value"][0]["id"].as_str().unwrap().to_owned();
    let members = format!("/groups/{staff}/members");
    let (all, _) = everybody(&api, &members).await;
    assert_eq!(all.len(), 40);
    assert_eq!(all[0]["@odata.type"], "#microsoft.graph.user");
    let me = id_of(&sim, 3);
    let body = json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{me}") });
    api.post(&format!("{members}/$ref"), body.clone())
        .await
        .expect(400);
    api.delete(&format!("{members}/{me}/$ref")).await.expect(204);
    api.delete(&format!("{members}/{me}/$ref")).await.expect(404);
    assert_eq!(everybody(&api, &members).await.0.len(), 39);
    api.post(&format!("{members}/$ref"), body).await.expect(204);
    assert_eq!(everybody(&api, &members).await.0.len(), 40);

    let groups = api.get("/groups?$filter=displayName%20eq%20'Everybody'").await;
    let around = groups["value"][0]["id"].as_str().unwrap();
    let (direct, _) = everybody(&api, &format!("/groups/{around}/members")).await;
    assert!(
        direct
            .iter()
            .all(|member| member["@odata.type"] == "#microsoft.graph.group")
    );
    let (inside, _) = everybody(
        &api,
        &format!("/groups/{around}/transitiveMembers/microsoft.graph.user"),
    )
    .await;
    assert_eq!(ids(&inside).len(), 40);
    let (of_me, _) = everybody(&api, &format!("/users/{me}/memberOf")).await;
    let all_of_me = api
        .post(
            &format!("/users/{me}/getMemberGroups"),
            json!({ "securityEnabledOnly": false }),
        )
        .await;
    let all_of_me = all_of_me.expect(200)["value"].as_array().unwrap().len();
    assert_eq!(all_of_me, of_me.len() + 1);

    let new =
        json!({ "displayName": "New", "mailEnabled": false, "mailNickname": "new", "securityEnabled": true });
    let made = api.post("/groups", new).await.expect(201)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let bind: Vec<String> = (0..3)
        .map(|number| {
            format!(
                "https://graph.microsoft.com/v1.0/directoryObjects/{}",
                id_of(&sim, number)
            )
        })
        .collect();
    api.patch(&format!("/groups/{made}"), json!({ "members@odata.bind": bind }))
        .await
        .expect(204);
    assert_eq!(
        everybody(&api, &format!("/groups/{made}/members")).await.0.len(),
        3
    );
    api.delete(&format!("/groups/{made}")).await.expect(204);
    assert_eq!(api.status(&format!("/groups/{made}")).await, 404);
}

#[tokio::test]
async fn licences_are_given_and_taken_where_the_country_is_known() {
    let (_sim, api) = among(10).await;
    let skus = api.get("/subscribedSkus").await;
    let (sku, used) = (
        skus["value"][0]["skuId"].clone(),
        skus["value"][0]["consumedUnits"].as_u64().unwrap(),
    );
    let made = api.post("/users", ada()).await.expect(201);
    let path = format!("/users/{}", made["id"].as_str().unwrap());
    assert_eq!(api.status(&format!("{path}/mailboxSettings")).await, 404);
    let give = json!({ "addLicenses": [{ "skuId": sku, "disabledPlans": [] }], "removeLicenses": [] });
    let assign = format!("{path}/assignLicense");
    api.post(&assign, give.clone()).await.expect(200);
    assert_eq!(
        api.get("/subscribedSkus").await["value"][0]["consumedUnits"],
        used + 1
    );
    // The mailbox comes with the licence.
    let settings = format!("{path}/mailboxSettings");
    api.patch(
        &settings,
        json!({ "automaticRepliesSetting": { "status": "alwaysEnabled" } }),
    )
    .await
    .expect(200);
    assert_eq!(
        api.get(&settings).await["automaticRepliesSetting"]["status"],
        "alwaysEnabled"
    );
    let take = json!({ "addLicenses": [], "removeLicenses": [sku] });
    api.post(&assign, take.clone()).await.expect(200);
    api.post(&assign, take).await.expect(400);
    api.patch(&path, json!({ "usageLocation": null }))
        .await
        .expect(204);
    api.post(&assign, give).await.expect(400);
}

#[tokio::test]
async fn the_last_licence_is_given_once() {
    let few = GraphOptions {
        seats: 1,
        ..options(0)
    };
    let (_sim, api) = of(few).await;
    let skus = api.get("/subscribedSkus").await;
    let give = json!({ "addLicenses": [{ "skuId": skus["value"][0]["skuId"] }], "removeLicenses": [] });
    let mut made = Vec::new();
    for name in ["ada", "bob"] {
        let mut user = ada();
        user["userPrincipalName"] = format!("{name}@northwind.test").into();
        made.push(
            api.post("/users", user).await.expect(201)["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    api.post(&format!("/users/{}/assignLicense", made[0]), give.clone())
        .await
        .expect(200);
    // Having it already is no second one.
    api.post(&format!("/users/{}/assignLicense", made[0]), give.clone())
        .await
        .expect(200);
    api.post(&format!("/users/{}/assignLicense", made[1]), give)
        .await
        .expect(400);
}

#[tokio::test]
async fn photos_travel_in_batches_as_base64() {
    let (sim, api) = among(3).await;
    let photo = format!("/users/{}/photo", id_of(&sim, 1));
    assert_eq!(api.status(&photo).await, 404);
    let jpeg = "/9j/4AAQSkZJRgABAQAAAQABAAD/2Q==";
    let set = |body: &str| {
        json!({ "requests": [
            { "id": "1", "method": "PUT", "url": format!("{photo}/$value"), "body": body,
              "headers": { "Content-Type": "image/jpeg" } },
            { "id": "2", "method": "GET", "url": format!("{photo}/$value") },
        ] })
    };
    let refused = api.post("/$batch", set("bm8gcGljdHVyZQ==")).await.expect(200);
    assert_eq!(part(&refused, "1")["status"], 400);
    let kept = api.post("/$batch", set(jpeg)).await.expect(200);
    assert_eq!(
        (&part(&kept, "1")["status"], &part(&kept, "2")["body"]),
        (&json!(200), &json!(jpeg))
    );
    assert_eq!(api.get(&photo).await["@odata.mediaContentType"], "image/jpeg");
    api.delete(&format!("{photo}/$value")).await.expect(204);
    assert_eq!(api.status(&photo).await, 404);
}

#[tokio::test]
async fn a_yes_to_a_write_is_not_always_true() {
    let (sim, api) = among(3).await;
    let path = format!("/users/{}", id_of(&sim, 1));
    let before = api.get(&path).await;
    sim.faults(Faults {
        answer: Some(AnswerFault::Acknowledged {}),
        ..Faults::default()
    });
    api.patch(&path, json!({ "jobTitle": "Nobody" }))
        .await
        .expect(204);
    api.post("/users", ada()).await.expect(201);
    assert_eq!(api.get(&path).await, before);
    assert_eq!(everybody(&api, "/users").await.0.len(), 3);
}

fn part<'a>(body: &'a Value, id: &str) -> &'a Value {
    list(body, "responses")
        .iter()
        .find(|part| part["id"] == id)
        .unwrap()
}

#[tokio::test]
async fn a_batch_is_answered_with_200_whatever_becomes_of_its_parts() {
    let (sim, api) = among(5).await;
    let me = id_of(&sim, 1);
    let batch = json!({ "requests": [
        { "id": "1", "method": "GET", "url": format!("/users/{me}?$select=id") },
        { "id": "2", "method": "GET", "url": "/users/nobody@northwind.test" },
        { "id": "3", "method": "PATCH", "url": format!("/users/{me}"), "body": { "jobTitle": "x" },
          "headers": { "Content-Type": "application/json" } },
        { "id": "4", "method": "GET", "url": "/users", "dependsOn": ["2"] },
        { "id": "5", "method": "PATCH", "url": format!("/users/{me}"), "body": { "jobTitle": "y" } },
    ] });
    let answer = api.post("/$batch", batch.clone()).await.expect(200);
    let statuses: Vec<u64> = ["1", "2", "3", "4", "5"]
        .iter()
        .map(|id| part(&answer, id)["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [200, 404, 204, 424, 400]);
    assert_eq!(part(&answer, "1")["body"]["id"], me);
    assert_ne!(answer["responses"][0]["id"], "1", "in any order");

    sim.faults(Faults {
        answer: Some(AnswerFault::TooManyRequests { retry_after: Some(2) }),
        ..Faults::default()
    });
    let answer = api.post("/$batch", batch).await.expect(200);
    assert_eq!(part(&answer, "1")["status"], 429);
    assert_eq!(part(&answer, "1")["headers"]["Retry-After"], "2.128");
    assert_eq!(part(&answer, "2")["status"], 404);
    sim.faults(Faults::default());
    let many: Vec<Value> = (0..21)
        .map(|id| json!({ "id": id.to_string(), "method": "GET", "url": "/users" }))
        .collect();
    api.post("/$batch", json!({ "requests": many })).await.expect(400);
}

#[tokio::test]
async fn retry_after_has_a_fraction() {
    let (_sim, api) = of(GraphOptions {
        rate_limit: Some(RateLimit {
            requests: 2,
            window: Duration::from_secs(10),
        }),
        ..options(2)
    })
    .await;
    let batch = json!({ "requests": [
        { "id": "1", "method": "GET", "url": "/users" },
        { "id": "2", "method": "GET", "url": "/users" },
        { "id": "3", "method": "GET", "url": "/users" },
    ] });
    let answer = api.post("/$batch", batch).await.expect(200);
    assert_eq!(
        (&part(&answer, "2")["status"], &part(&answer, "3")["status"]),
        (&json!(200), &json!(429))
    );
    let refused = api.send(Method::GET, "/users", None).await;
    let after = refused.header("retry-after").unwrap().to_owned();
    assert!(
        after.contains('.') && after.parse::<f64>().unwrap() <= 10.0,
        "{after}"
    );
    assert_eq!(error(&refused.expect(429)), "TooManyRequests");
}
