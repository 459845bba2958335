use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use tenure_sim::{
    Population,
    population::{EventKind, Whom},
};

use crate::{
    api::{Api, list},
    graph::{ada, among, id_of, ids},
    receiver::Receiver,
};

/// Follows the links to the last page; the rows, and the link for the next round.
async fn round(api: &Api, first: &str) -> (Vec<Value>, String) {
    let (mut found, mut next) = (Vec::new(), first.to_owned());
    loop {
        let page = api.get(&next).await;
        found.extend_from_slice(list(&page, "value"));
        if let Some(link) = page["@odata.deltaLink"].as_str() {
            assert_eq!(page.get("@odata.nextLink"), None);
            return (found, link.to_owned());
        }
        page["@odata.nextLink"].as_str().unwrap().clone_into(&mut next);
    }
}

fn row<'a>(rows: &'a [Value], id: &str) -> &'a Value {
    rows.iter().find(|row| row["id"] == id).unwrap()
}

#[tokio::test]
async fn the_first_round_has_everybody_and_the_next_only_what_changed() {
    let (sim, api) = among(450).await;
    let (all, link) = round(&api, "/users/delta?$select=displayName,accountEnabled").await;
    assert_eq!(ids(&all).len(), 450);
    let (none, link) = round(&api, &link).await;
    assert_eq!(none, Vec::<Value>::new());

    let whom = |number: u32| Whom::Employee(format!("E-{}", 100_000 + number));
    let renamed = sim.event(EventKind::Rename, whom(3), 1).unwrap();
    let gone = id_of(&sim, 8);
    sim.event(EventKind::Remove, whom(8), 1).unwrap();
    sim.event(EventKind::Hire, Whom::Anyone, 1).unwrap();
    let (binned, changed) = (id_of(&sim, 5), id_of(&sim, 6));
    api.delete(&format!("/users/{binned}")).await.expect(204);
    api.patch(&format!("/users/{changed}"), json!({ "accountEnabled": false }))
        .await
        .expect(204);

    let (rows, next) = round(&api, &link).await;
    assert_eq!(rows.len(), 5);
    let shown = row(&rows, &id_of(&sim, 3));
    assert_eq!(shown["displayName"], renamed.name);
    assert_eq!(
        shown.as_object().unwrap().len(),
        3,
        "what was selected, and the id: {shown}"
    );
    assert_eq!(row(&rows, &gone)["@removed"], json!({ "reason": "deleted" }));
    assert_eq!(row(&rows, &binned)["@removed"], json!({ "reason": "changed" }));
    assert_eq!(row(&rows, &changed)["accountEnabled"], false);
    assert_eq!(round(&api, &link).await.0.len(), 5, "an old link tells it again");
    assert_eq!(round(&api, &next).await.0.len(), 0);

    api.post(&format!("/directory/deletedItems/{binned}/restore"), json!({}))
        .await
        .expect(200);
    let (rows, _) = round(&api, &next).await;
    assert_eq!(ids(&rows), BTreeSet::from([binned]));
    assert_eq!(rows[0].get("@removed"), None);
}

#[tokio::test]
async fn one_can_start_from_now_and_ask_for_some_only() {
    let (sim, api) = among(20).await;
    let (none, link) = round(&api, "/users/delta?$deltatoken=latest&$select=displayName").await;
    assert_eq!(none.len(), 0);
    api.post("/users", ada()).await.expect(201);
    assert_eq!(round(&api, &link).await.0[0]["displayName"], "Ada Byrne");
    let one = id_of(&sim, 2);
    let (rows, link) = round(&api, &format!("/users/delta?$filter=id%20eq%20'{one}'")).await;
    assert_eq!(ids(&rows), BTreeSet::from([one.clone()]));
    sim.day(3);
    api.patch(&format!("/users/{one}"), json!({ "city": "Oslo" }))
        .await
        .expect(204);
    assert_eq!(ids(&round(&api, &link).await.0), BTreeSet::from([one]));
    api.send(Method::GET, "/users/delta?$filter=city%20eq%20'Oslo'", None)
        .await
        .expect(400);
}

#[tokio::test]
async fn a_forgotten_token_gets_410_and_the_address_to_start_again() {
    let (sim, api) = among(30).await;
    let (_, link) = round(&api, "/users/delta?$select=mail").await;
    sim.forget_deltas();
    let gone = api.send(Method::GET, &link, None).await;
    assert_eq!(gone.status, 410);
    let again = gone.header("location").unwrap().to_owned();
    let (all, link) = round(&api, &again).await;
    assert_eq!(all.len(), 30);
    assert!(
        all.iter().all(|row| row.as_object().unwrap().len() == 2),
        "what was selected is kept"
    );
    sim.population(|people| *people = Population::generate(7, 2));
    assert_eq!(api.send(Method::GET, &link, None).await.status, 410);
    api.send(Method::GET, "/users/delta?$deltatoken=cut", None)
        .await
        .expect(400);
}

#[tokio::test]
async fn groups_tell_who_came_and_who_went() {
    let (sim, api) = among(30).await;
    let (all, link) = round(&api, "/groups/delta?$select=displayName,members").await;
    let staff = all
        .iter()
        .find(|group| group["displayName"] == "All Staff")
        .unwrap();
    assert_eq!(list(staff, "members@delta").len(), 30);
    let staff = staff["id"].as_str().unwrap();
    assert_eq!(round(&api, &link).await.0.len(), 0);

    let (out, binned) = (id_of(&sim, 3), id_of(&sim, 4));
    api.delete(&format!("/groups/{staff}/members/{out}/$ref"))
        .await
        .expect(204);
    api.delete(&format!("/users/{binned}")).await.expect(204);
    let hired = sim.event(EventKind::Hire, Whom::Anyone, 1).unwrap();
    let (rows, next) = round(&api, &link).await;
    let members = list(row(&rows, staff), "members@delta");
    for gone in [&out, &binned] {
        assert_eq!(row(members, gone)["@removed"], json!({ "reason": "deleted" }));
    }
    let number = sim.population(|people| people.number_of_id(&hired.id).unwrap());
    assert_eq!(row(members, &id_of(&sim, number)).get("@removed"), None);
    assert_eq!(members.len(), 3);

    let path = format!("/groups/{staff}");
    api.patch(&path, json!({ "description": "Everybody here" }))
        .await
        .expect(204);
    let (rows, next) = round(&api, &next).await;
    assert_eq!((rows.len(), rows[0].get("members@delta")), (1, None));
    api.delete(&path).await.expect(204);
    let (rows, next) = round(&api, &next).await;
    assert_eq!(rows[0]["@removed"], json!({ "reason": "changed" }));
    sim.forget_deltas();
    assert_eq!(api.send(Method::GET, &next, None).await.status, 410);
}

fn wanted(url: &str, end: &str) -> Value {
    json!({ "changeType": "updated,deleted", "notificationUrl": url, "resource": "users",
        "expirationDateTime": end, "clientState": "s3cret" })
}

fn in_hours(hours: i64) -> String {
    (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours)).to_string()
}

#[tokio::test]
async fn a_receiver_that_returns_the_token_is_notified_of_changes() {
    let (sim, api) = among(20).await;
    let mut receiver = Receiver::start(1, false).await;
    let made = api
        .post("/subscriptions", wanted(&receiver.url, &in_hours(1)))
        .await
        .expect(201);
    let me = id_of(&sim, 4);
    api.patch(&format!("/users/{me}"), json!({ "city": "Oslo" }))
        .await
        .expect(204);
    for attempt in ["refused", "tried again"] {
        let (_, _, body) = receiver.next().await;
        let notice = &body["value"][0];
        assert_eq!(notice["clientState"], "s3cret", "{attempt}");
        assert_eq!(
            (&notice["changeType"], &notice["subscriptionId"]),
            (&json!("updated"), &made["id"])
        );
        assert_eq!(notice["resourceData"]["id"], me);
        assert_eq!(notice["tenantId"], "the-tenant");
    }
    sim.event(EventKind::Remove, Whom::Employee("E-100009".to_owned()), 1)
        .unwrap();
    assert_eq!(receiver.next().await.2["value"][0]["changeType"], "deleted");
    api.post("/users", ada()).await.expect(201);
    assert_eq!(
        receiver.next().await.2["value"][0]["changeType"],
        "updated",
        "creation, too"
    );
    let path = format!("/subscriptions/{}", made["id"].as_str().unwrap());
    let later = in_hours(600);
    let renewed = api
        .patch(&path, json!({ "expirationDateTime": later }))
        .await
        .expect(200);
    assert_ne!(renewed["expirationDateTime"], made["expirationDateTime"]);
    assert_eq!(list(&api.get("/subscriptions").await, "value").len(), 1);
    api.delete(&path).await.expect(204);
    assert_eq!(api.status(&path).await, 404);
}

#[tokio::test]
async fn without_the_token_or_for_too_long_there_is_no_subscription() {
    let (_sim, api) = among(2).await;
    let silent = Receiver::start(0, true).await;
    let refused = api
        .post("/subscriptions", wanted(&silent.url, &in_hours(1)))
        .await
        .expect(400);
    assert_eq!(refused["error"]["code"], "ValidationError");
    let nobody = wanted("http://127.0.0.1:9/nobody", &in_hours(1));
    assert_eq!(
        api.post("/subscriptions", nobody).await.expect(400)["error"]["code"],
        "ValidationError"
    );
    let receiver = Receiver::start(0, false).await;
    for end in [in_hours(700), in_hours(-1), "soon".to_owned()] {
        let refused = api
            .post("/subscriptions", wanted(&receiver.url, &end))
            .await
            .expect(400);
        assert_eq!(refused["error"]["code"], "InvalidRequest", "{end}");
    }
    assert_eq!(list(&api.get("/subscriptions").await, "value").len(), 0);
}
