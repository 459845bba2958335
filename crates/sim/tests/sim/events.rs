use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tenure_sim::{
    Population, SimError,
    population::{Event, EventKind, Whom},
};

use crate::caller::{Caller, distinct};

async fn record(caller: &Caller, id: &str) -> Value {
    caller.get(&format!("/api/systemusers/{id}")).await
}

async fn total(caller: &Caller) -> Value {
    caller.get("/api/systemusers?sort=_id").await["totalCount"].clone()
}

/// What follows from where somebody works and what they are called, and is not told.
const FOLLOWING: [&str; 4] = ["addresses", "alternateEmail", "phoneNumbers", "recoveryEmail"];

/// Checks that every change an event tells is what is served now, and that nothing else changed.
fn assert_told(before: &Value, after: &Value, event: &Event) {
    let fields = after.as_object().unwrap().iter();
    let mut differing: Vec<&str> = fields
        .filter(|(name, value)| before[*name] != **value && !FOLLOWING.contains(&name.as_str()))
        .map(|(name, _)| name.as_str())
        .collect();
    let mut told: Vec<&str> = event.changes.iter().map(|change| change.attribute).collect();
    differing.sort_unstable();
    told.sort_unstable();
    assert_eq!(differing, told, "{event:?}");
    for change in event
        .changes
        .iter()
        .filter(|change| change.attribute != "attributes")
    {
        let shown = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
        assert_eq!(
            shown(&before[change.attribute]),
            change.before.clone().unwrap_or_default(),
            "{event:?}"
        );
        assert_eq!(
            shown(&after[change.attribute]),
            change.after.clone().unwrap_or_default(),
            "{event:?}"
        );
    }
}

#[tokio::test]
async fn the_hired_are_served() {
    let caller = Caller::among(20).await;
    let event = caller.sim.event(EventKind::Hire, Whom::Anyone, 5).unwrap();
    let hired = record(&caller, &event.id).await;
    assert_eq!(
        hired["employeeIdentifier"].as_str(),
        event.employee_identifier.as_deref()
    );
    assert_eq!(hired["displayname"], event.name);
    assert_eq!(hired["state"], "ACTIVATED");
    assert_eq!(
        hired["attributes"],
        json!([{"name": "startDate", "value": "2026-01-05"}])
    );
    assert_eq!(total(&caller).await, 21);
    assert_eq!(caller.page_through("sort=_id").await.last(), Some(&event.id));
}

#[tokio::test]
async fn moves_and_new_names_are_served_as_told() {
    let caller = Caller::among(40).await;
    for seed in 0..30 {
        for kind in [EventKind::Move, EventKind::Rename] {
            let whom = Whom::Id(caller.everybody()[usize::try_from(seed).unwrap()].clone());
            let Whom::Id(id) = &whom else { continue };
            let before = record(&caller, id).await;
            let event = caller.sim.event(kind, whom.clone(), seed).unwrap();
            let after = record(&caller, id).await;
            assert_eq!((event.kind, &event.id), (kind, id));
            assert!(!event.changes.is_empty());
            assert_told(&before, &after, &event);
            assert_eq!(before["employeeIdentifier"], after["employeeIdentifier"]);
        }
    }
    assert_eq!(total(&caller).await, 40);
}

#[tokio::test]
async fn leavers_stay_suspended_until_removed() {
    let caller = Caller::among(20).await;
    let identifier = "E-100003";
    let whom = Whom::Employee(identifier.to_owned());
    let id = caller.everybody()[3].clone();
    let before = record(&caller, &id).await;
    assert_eq!(before["state"], "ACTIVATED");
    let event = caller.sim.event(EventKind::Terminate, whom.clone(), 1).unwrap();
    assert_eq!(
        (event.id.as_str(), event.employee_identifier.as_deref()),
        (id.as_str(), Some(identifier))
    );
    let after = record(&caller, &id).await;
    assert_told(&before, &after, &event);
    assert_eq!(
        (&after["state"], &after["suspended"]),
        (&json!("SUSPENDED"), &json!(true))
    );
    assert_eq!(after["activated"], false);
    assert!(
        after["attributes"]
            .as_array()
            .unwrap()
            .contains(&json!({"name": "endDate", "value": "2026-01-05"}))
    );

    caller.sim.event(EventKind::Remove, whom.clone(), 1).unwrap();
    let (status, _) = caller
        .call(Method::GET, &format!("/api/systemusers/{id}"), None)
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(total(&caller).await, 19);
    assert!(matches!(
        caller.sim.event(EventKind::Move, whom, 1),
        Err(SimError::Unknown { .. })
    ));
}

#[tokio::test]
async fn nobody_is_left_to_leave_in_an_empty_company() {
    let caller = Caller::among(0).await;
    assert_eq!(
        caller.get("/api/systemusers").await,
        json!({"totalCount": 0, "results": []})
    );
    let left = caller.sim.event(EventKind::Terminate, Whom::Anyone, 1);
    assert!(matches!(left, Err(SimError::NobodyLeft { kind: "terminate" })));
    caller.sim.event(EventKind::Hire, Whom::Anyone, 1).unwrap();
    assert_eq!(total(&caller).await, 1);
}

#[tokio::test]
async fn a_day_is_the_same_for_the_same_seed_and_has_some_of_everything() {
    let (one, two) = (Caller::among(3000).await, Caller::among(3000).await);
    let happened = one.sim.day(9);
    assert_eq!(happened, two.sim.day(9));
    for kind in [
        EventKind::Hire,
        EventKind::Move,
        EventKind::Rename,
        EventKind::Terminate,
        EventKind::Remove,
    ] {
        assert!(happened.iter().any(|event| event.kind == kind), "{kind:?}");
    }
    assert_ne!(one.sim.day(10), two.sim.day(11));
    let page = "/api/systemusers?sort=_id&limit=100&skip=2950";
    assert_ne!(one.get(page).await, two.get(page).await);
}

#[tokio::test]
async fn many_days_leave_ids_identifiers_and_user_names_unique() {
    let caller = Caller::among(200).await;
    for seed in 0..200 {
        caller.sim.day(seed);
    }
    let everybody = caller.everybody();
    assert_eq!(caller.page_through("sort=_id").await, everybody);
    let (names, identifiers): (Vec<_>, Vec<_>) = caller.sim.population(|people| {
        assert_eq!(people.today().to_string(), "2026-07-24");
        people
            .people()
            .map(|person| (person.username(), person.employee_identifier()))
            .unzip()
    });
    assert_eq!(distinct(&names).len(), everybody.len());
    let known: Vec<_> = identifiers.into_iter().flatten().collect();
    assert_eq!(distinct(&known).len(), known.len());
    for person in [0, everybody.len() / 2, everybody.len() - 1] {
        assert_eq!(
            record(&caller, &everybody[person]).await["username"],
            names[person]
        );
    }
}

#[tokio::test]
async fn everything_can_be_let_happen_over_http() {
    let caller = Caller::among(50).await;
    for (event, people) in [
        ("hire", 51),
        ("move", 51),
        ("rename", 51),
        ("terminate", 51),
        ("remove", 50),
    ] {
        let told = caller.post(&format!("/_sim/{event}"), json!({"seed": 3})).await;
        assert_eq!(told[0]["kind"], event);
        assert!(
            told[0]["changes"]
                .as_array()
                .unwrap()
                .iter()
                .all(|change| change["before"] != change["after"])
        );
        assert_eq!(total(&caller).await, people, "{event}");
    }
    let told = caller
        .post("/_sim/terminate", json!({"employeeIdentifier": "E-100004"}))
        .await;
    assert_eq!(told[0]["employeeIdentifier"], "E-100004");
    let unknown = json!({"employeeIdentifier": "E-9"});
    let (status, said) = caller.call(Method::POST, "/_sim/terminate", Some(&unknown)).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(said["message"].as_str().unwrap().contains("`E-9`"), "{said}");

    let day = caller
        .send(Method::POST, "/_sim/day", None)
        .await
        .unwrap()
        .json::<Value>()
        .await
        .unwrap();
    assert!(day.as_array().unwrap().len() >= 5);
    let state = caller.get("/_sim/state").await;
    assert_eq!(
        (&state["people"], &state["today"]),
        (&total(&caller).await, &json!("2026-01-06"))
    );
    assert_eq!(
        caller.call(Method::POST, "/_sim/promote", None).await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn another_population_can_take_over() {
    let caller = Caller::among(50).await;
    caller.get("/api/systemusers?sort=lastname").await;
    caller
        .sim
        .population(|people| *people = Population::generate(7, 99));
    assert_eq!(total(&caller).await, 7);
    assert_eq!(
        caller.get("/api/systemusers?sort=lastname").await["totalCount"],
        7
    );
}
