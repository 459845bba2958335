use std::{collections::BTreeSet, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use tenure_sim::{
    Atera, AteraOptions, Faults, Population, RateLimit,
    atera::contact_id,
    faults::{AnswerFault, Instead, MissingPage},
    population::{EventKind, Whom},
};

use crate::api::{Api, list};

async fn among(people: usize) -> (Atera, Api) {
    of(AteraOptions::new(Population::generate(people, 1), "the-key")).await
}

async fn of(options: AteraOptions) -> (Atera, Api) {
    let sim = Atera::start(options).await.unwrap();
    let api = Api::new(format!("{}/api/v3", sim.url())).with("x-api-key", "the-key");
    (sim, api)
}

/// Follows `nextLink` until there is none.
async fn everybody(api: &Api, first: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut next = first.to_owned();
    while !next.is_empty() {
        let page = api.get(&next).await;
        found.extend_from_slice(list(&page, "items"));
        next = page["nextLink"].as_str().unwrap().to_owned();
    }
    found
}

fn ids(rows: &[Value]) -> Vec<u64> {
    rows.iter()
        .map(|row| row["EndUserID"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn the_old_key_and_the_new_token_open_and_anything_else_gets_an_empty_401() {
    let (sim, api) = of(AteraOptions {
        token: "the-token".to_owned(),
        ..AteraOptions::new(Population::generate(3, 1), "the-key")
    })
    .await;
    assert_eq!(api.status("/contacts").await, 200);
    let address = || format!("{}/api/v3", sim.url());
    assert_eq!(
        Api::new(address()).bearer("the-token").status("/contacts").await,
        200
    );
    for wrong in [
        Api::new(address()),
        Api::new(address()).with("x-api-key", "stale"),
        Api::new(address()).bearer("the-key"),
    ] {
        let refused = wrong.send(Method::GET, "/contacts", None).await;
        assert_eq!((refused.status.as_u16(), refused.text.as_str()), (401, ""));
        assert_eq!(refused.header("www-authenticate"), None);
    }
    assert_eq!(sim.requests(), 5);
}

#[tokio::test]
async fn everybody_comes_once_over_the_links_of_which_the_last_is_empty() {
    let (_sim, api) = among(123).await;
    let first = api.get("/contacts").await;
    assert_eq!(list(&first, "items").len(), 20);
    assert_eq!(
        (&first["totalItemCount"], &first["totalPages"]),
        (&json!(123), &json!(7))
    );
    assert_eq!(first["prevLink"], "");
    let all = ids(&everybody(&api, "/contacts?itemsInPage=50").await);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 123);
    assert!(
        all.is_sorted_by(|left, right| left > right),
        "the last one comes first"
    );
    let last = api.get("/contacts?page=3&itemsInPage=50").await;
    assert_eq!((list(&last, "items").len(), &last["nextLink"]), (23, &json!("")));
    assert!(last["prevLink"].as_str().unwrap().contains("page=2"));
}

#[tokio::test]
async fn more_than_fifty_items_are_refused_in_the_shape_of_a_problem() {
    let (_sim, api) = among(3).await;
    let refused = api.send(Method::GET, "/contacts?itemsInPage=51", None).await;
    assert_eq!(
        refused.header("content-type"),
        Some("application/problem+json; charset=utf-8")
    );
    let problem = refused.expect(400);
    assert_eq!(
        (&problem["status"], &problem["title"]),
        (&json!(400), &json!("Bad Request"))
    );
    let missing = api.send(Method::GET, "/contacts/9999", None).await.expect(404);
    assert_eq!(missing["title"], "Not Found");
}

#[tokio::test]
async fn a_contact_has_its_seventeen_fields_and_the_rest_is_in_custom_fields() {
    let (sim, api) = among(30).await;
    let contact = api.get(&format!("/contacts/{}", contact_id(4))).await;
    let names: Vec<&str> = contact.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = vec![
        "Archived",
        "CreatedOn",
        "CustomerID",
        "CustomerName",
        "DefaultAgentId",
        "DepartmentID",
        "DepartmentName",
        "Email",
        "EndUserID",
        "Firstname",
        "InIgnoreMode",
        "IsContactPerson",
        "JobTitle",
        "LastModified",
        "Lastname",
        "MobilePhone",
        "Phone",
    ];
    let (mut found, number) = (
        names.clone(),
        sim.population(|people| {
            let person = people.person(4).unwrap();
            (person.employee_identifier(), person.start())
        }),
    );
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    let fields = api
        .get(&format!("/customvalues/contactfields/{}", contact_id(4)))
        .await;
    let value = |name: &str| {
        let fields = fields.as_array().unwrap();
        fields.iter().find(|field| field["FieldName"] == name).unwrap()["ValueAsString"].clone()
    };
    assert_eq!(value("Employee number").as_str(), number.0.as_deref());
    assert_eq!(value("Start date"), format!("{}T00:00:00", number.1.unwrap()));
    let customer = api.get(&format!("/customers/{}", contact["CustomerID"])).await;
    assert_eq!(customer["CustomerName"], contact["CustomerName"]);
}

#[tokio::test]
async fn a_contact_is_made_changed_archived_and_deleted_but_keeps_its_address() {
    let (_sim, api) = among(5).await;
    let new = json!({
        "Email": "ada.byrne@northwind.test", "CustomerName": "Northwind Laboratories", "Firstname": "Ada",
        "Lastname": "Byrne", "DepartmentName": "Finance",
    });
    let id = api.post("/contacts", new.clone()).await.expect(201)["ActionID"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/contacts/{id}");
    let made = api.get(&path).await;
    assert_eq!(
        (&made["Firstname"], &made["CustomerID"], &made["DepartmentID"]),
        (&json!("Ada"), &json!(13), &json!(1))
    );
    api.post("/contacts", new).await.expect(400);

    let change = json!({ "Email": "other@northwind.test", "JobTitle": "Analyst", "Archived": true });
    assert_eq!(api.put(&path, change).await.expect(200)["ActionID"], id);
    let changed = api.get(&path).await;
    assert_eq!(changed["Email"], "ada.byrne@northwind.test");
    assert_eq!(
        (&changed["JobTitle"], &changed["Archived"]),
        (&json!("Analyst"), &json!(true))
    );
    api.post(&path, json!({ "Archived": "no" })).await.expect(400);
    api.post(&path, json!({ "CustomerID": 99 })).await.expect(400);

    api.put(
        &format!("/customvalues/contactfield/{id}/Location"),
        json!({ "Value": "Oslo" }),
    )
    .await
    .expect(200);
    let field = api
        .get(&format!("/customvalues/contactfield/{id}/Location"))
        .await;
    assert_eq!(field[0]["ValueAsString"], "Oslo");

    assert_eq!(api.delete(&path).await.expect(204), Value::Null);
    api.send(Method::GET, &path, None).await.expect(404);
    assert_eq!(everybody(&api, "/contacts").await.len(), 5);
}

#[tokio::test]
async fn searching_for_an_address_finds_parts_of_it() {
    let (_sim, api) = among(1).await;
    for address in ["ann@northwind.test", "joann@northwind.test"] {
        api.post("/contacts", json!({ "Email": address, "CustomerID": 12 }))
            .await
            .expect(201);
    }
    let found = api.get("/contacts?Email=ANN%40northwind.test").await;
    assert_eq!(found["totalItemCount"], 2);
    assert_eq!(api.get("/contacts?Email=joann@").await["totalItemCount"], 1);
}

#[tokio::test]
async fn only_the_changed_come_in_the_time_of_the_account_which_is_not_utc() {
    let (sim, api) = among(40).await;
    let moved = sim
        .event(EventKind::Move, Whom::Employee("E-100007".to_owned()), 3)
        .unwrap();
    let changed = api.get(&format!("/contacts/{}", contact_id(7))).await;
    let modified: jiff::Timestamp = changed["LastModified"].as_str().unwrap().parse().unwrap();
    let local = jiff::tz::Offset::constant(-5).to_datetime(modified);
    let asked = |time: &str| format!("/contacts?FromLastModifiedDate={time}&SortBy=LastModified");
    let since = everybody(&api, &asked(&local.strftime("%Y-%m-%dT%H:%M:%S").to_string())).await;
    assert_eq!(ids(&since), [contact_id(7)], "{moved:?}");
    let as_utc = modified.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    assert_eq!(
        everybody(&api, &asked(&as_utc)).await.len(),
        0,
        "UTC is in the account's future"
    );
    assert_eq!(everybody(&api, &asked("2009-01-01")).await.len(), 40);
    api.send(Method::GET, &asked("2026-01-01T00:00:00Z"), None)
        .await
        .expect(400);
}

#[tokio::test]
async fn what_happens_to_people_shows_and_covers_what_was_written() {
    let (sim, api) = among(20).await;
    let whom = Whom::Employee("E-100003".to_owned());
    let path = format!("/contacts/{}", contact_id(3));
    api.put(&path, json!({ "JobTitle": "Poet", "Phone": "1" }))
        .await
        .expect(200);
    let mut seed = 0;
    while api.get(&path).await["JobTitle"] == "Poet" {
        sim.event(EventKind::Move, whom.clone(), seed).unwrap();
        seed += 1;
    }
    assert_eq!(api.get(&path).await["Archived"], false);
    sim.event(EventKind::Terminate, whom.clone(), 1).unwrap();
    assert_eq!(api.get(&path).await["Archived"], true);
    sim.event(EventKind::Remove, whom, 1).unwrap();
    assert_eq!(api.status(&path).await, 404);
    assert!(sim.day(4).len() >= 4);
}

#[tokio::test]
async fn customers_and_departments_are_kept() {
    let (_sim, api) = among(2).await;
    assert_eq!(api.get("/customers").await["totalItemCount"], 3);
    assert_eq!(api.get("/departments?itemsInPage=3").await["totalPages"], 3);
    let id = api
        .post("/customers", json!({ "CustomerName": "New", "City": "Oslo" }))
        .await
        .expect(201)["ActionID"]
        .as_str()
        .unwrap()
        .to_owned();
    api.put(&format!("/customers/{id}"), json!({ "Country": "Norway" }))
        .await
        .expect(200);
    let customer = api.get(&format!("/customers/{id}")).await;
    assert_eq!(
        (&customer["City"], &customer["Country"]),
        (&json!("Oslo"), &json!("Norway"))
    );
    assert_eq!(
        api.delete(&format!("/customers/{id}")).await.expect(204),
        Value::Null
    );
    api.delete(&format!("/customers/{id}")).await.expect(404);
    api.post("/departments", json!({})).await.expect(400);
}

#[tokio::test]
async fn it_misbehaves_on_demand_like_the_others() {
    let (sim, api) = among(120).await;
    let answering = |answer| Faults {
        answer: Some(answer),
        times: Some(1),
        ..Faults::default()
    };
    sim.faults(answering(AnswerFault::ServerError {}));
    assert_eq!(api.status("/contacts").await, 500);
    assert_eq!(api.status("/contacts").await, 200);
    sim.faults(answering(AnswerFault::Unauthorized {}));
    assert_eq!(api.status("/contacts").await, 401);
    sim.faults(answering(AnswerFault::Empty {}));
    let empty = api.get("/contacts").await;
    assert_eq!(
        (list(&empty, "items").len(), &empty["totalItemCount"]),
        (0, &json!(0))
    );
    sim.faults(answering(AnswerFault::TruncatedJson {}));
    let half = api.send(Method::GET, "/contacts", None).await;
    assert!(serde_json::from_str::<Value>(&half.text).is_err());
    sim.faults(Faults {
        missing_page: Some(MissingPage {
            page: 1,
            instead: Instead::Nothing,
        }),
        vanished_fields: vec!["Email".to_owned()],
        ..Faults::default()
    });
    let some = everybody(&api, "/contacts?itemsInPage=50").await;
    assert_eq!(some.len(), 70);
    assert!(some.iter().all(|row| row.get("Email").is_none()));
    sim.faults(Faults {
        gone_per_mille: 500,
        total_drift: -1,
        ..Faults::default()
    });
    let page = api.get("/contacts").await;
    assert!(
        (40..80).contains(&page["totalItemCount"].as_u64().unwrap()),
        "{}",
        page["totalItemCount"]
    );
    let control = Api::new(sim.url());
    let state = control.get("/_sim/state").await;
    assert_eq!(
        (&state["people"], &state["faults"]["gonePerMille"]),
        (&json!(120), &json!(500))
    );
    assert_eq!(
        control.post("/_sim/hire", json!({})).await.expect(200)[0]["kind"],
        "hire"
    );
}

#[tokio::test]
async fn over_the_limit_one_is_told_when_to_come_back() {
    let (_sim, api) = of(AteraOptions {
        rate_limit: Some(RateLimit {
            requests: 1,
            window: Duration::from_mins(1),
        }),
        ..AteraOptions::new(Population::generate(3, 1), "the-key")
    })
    .await;
    assert_eq!(api.status("/contacts").await, 200);
    let refused = api.send(Method::GET, "/contacts", None).await;
    assert_eq!(
        (
            refused.header("x-ratelimit-limit"),
            refused.header("x-ratelimit-remaining")
        ),
        (Some("1"), Some("0"))
    );
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() <= 60);
    assert!(refused.expect(429)["Message"].is_string());
}
