use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use tenure_sim::population::{EventKind, Person, Whom};

use crate::caller::Caller;

async fn create(caller: &Caller) -> Value {
    caller
        .post(
            "/api/systemusers",
            json!({
                "username": "ada.byrne", "email": "ada.byrne@northwind.test", "firstname": "Ada", "lastname": "Byrne",
                "employeeIdentifier": "X-1", "state": "STAGED", "shoeSize": 38,
            }),
        )
        .await
}

fn path(record: &Value) -> String {
    format!("/api/systemusers/{}", record["_id"].as_str().unwrap())
}

#[tokio::test]
async fn a_user_is_created_changed_activated_and_deleted_with_200() {
    let caller = Caller::among(10).await;
    let created = create(&caller).await;
    assert_eq!(created["state"], "STAGED");
    assert_eq!(created.get("shoeSize"), None);
    let path = path(&created);
    assert_eq!(caller.get(&path).await, created);
    assert_eq!(caller.page_through("sort=_id").await.len(), 11);

    let phones = json!([{"type": "work", "number": "1"}]);
    let change = json!({"department": "Finance", "phoneNumbers": phones});
    let (status, changed) = caller.call(Method::PUT, &path, Some(&change)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        (&changed["department"], &changed["phoneNumbers"]),
        (&json!("Finance"), &phones)
    );
    assert_eq!(changed["firstname"], "Ada");

    let (status, _) = caller
        .call(Method::POST, &format!("{path}/state/activate"), Some(&json!({})))
        .await;
    assert_eq!(status, StatusCode::OK);
    let (again, _) = caller
        .call(Method::POST, &format!("{path}/state/activate"), Some(&json!({})))
        .await;
    assert_eq!(again, StatusCode::BAD_REQUEST);
    let (_, suspended) = caller
        .call(Method::PUT, &path, Some(&json!({"suspended": true})))
        .await;
    assert_eq!(
        (&suspended["state"], &suspended["activated"]),
        (&json!("SUSPENDED"), &json!(false))
    );

    let (status, deleted) = caller.call(Method::DELETE, &path, None).await;
    assert_eq!((status, deleted), (StatusCode::OK, suspended));
    assert_eq!(
        caller.call(Method::GET, &path, None).await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        caller.call(Method::DELETE, &path, None).await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(create(&caller).await["employeeIdentifier"], "X-1");
}

#[rstest]
#[case(json!({"username": "someone"}), "\"email\" is required")]
#[case(json!({"username": "someone", "email": "a@b.test", "state": "FIRED"}), "\"state\" cannot be \"FIRED\"")]
#[case(json!({"username": "someone", "email": "a@b.test", "phoneNumbers": "1"}), "\"phoneNumbers\" cannot be \"1\"")]
#[case(json!({"username": "ADA", "email": "ada.byrne@northwind.test"}), "\"ada.byrne@northwind.test\" already exists")]
#[case(json!({"username": "a", "email": "a@b.test", "employeeIdentifier": "E-100001"}), "\"E-100001\" already exists")]
#[tokio::test]
async fn what_cannot_be_is_not_created(#[case] body: Value, #[case] reason: &str) {
    let caller = Caller::among(10).await;
    create(&caller).await;
    let (status, said) = caller.call(Method::POST, "/api/systemusers", Some(&body)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(said["message"].as_str().unwrap().contains(reason), "{said}");
    assert_eq!(caller.page_through("sort=_id").await.len(), 11);
}

#[tokio::test]
async fn nobody_takes_over_the_user_name_of_another() {
    let caller = Caller::among(10).await;
    let created = create(&caller).await;
    let taken = caller
        .sim
        .population(|people| people.person(4).map(Person::username).unwrap());
    let (status, _) = caller
        .call(Method::PUT, &path(&created), Some(&json!({"username": taken})))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = caller
        .call(
            Method::PUT,
            &path(&created),
            Some(&json!({"username": "ada.byrne"})),
        )
        .await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn what_was_written_holds_until_an_event_changes_it() {
    let caller = Caller::among(10).await;
    let id = caller.everybody()[2].clone();
    let path = format!("/api/systemusers/{id}");
    let change = json!({"department": "Archive", "firstname": "Renée"});
    caller.call(Method::PUT, &path, Some(&change)).await;
    let event = caller.sim.event(EventKind::Move, Whom::Id(id), 1).unwrap();
    let after = caller.get(&path).await;
    assert_eq!(after["firstname"], "Renée");
    assert_ne!(after["department"], "Archive");
    let department = event
        .changes
        .iter()
        .find(|change| change.attribute == "department")
        .unwrap();
    assert_eq!(department.before.as_deref(), Some("Archive"));
    assert_eq!(department.after.as_deref(), after["department"].as_str());
}

#[tokio::test]
async fn everything_can_happen_to_somebody_created_from_outside() {
    let caller = Caller::among(10).await;
    let created = create(&caller).await;
    let whom = Whom::Employee("X-1".to_owned());
    for seed in 0..10 {
        caller.sim.event(EventKind::Move, whom.clone(), seed).unwrap();
    }
    let moved = caller.get(&path(&created)).await;
    for field in ["department", "jobTitle", "costCenter", "location"] {
        assert_ne!(moved[field], "", "{field}");
    }
    let renamed = caller.sim.event(EventKind::Rename, whom.clone(), 1).unwrap();
    assert_eq!(renamed.employee_identifier.as_deref(), Some("X-1"));
    let now = caller.get(&path(&created)).await;
    assert_eq!(now["firstname"], "Ada");
    assert_ne!(now["lastname"], "Byrne");
    caller.sim.event(EventKind::Terminate, whom.clone(), 1).unwrap();
    assert_eq!(caller.get(&path(&created)).await["state"], "SUSPENDED");
    caller.sim.event(EventKind::Remove, whom, 1).unwrap();
    assert_eq!(caller.page_through("sort=_id").await.len(), 10);
}
