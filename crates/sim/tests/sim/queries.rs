use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use tenure_sim::population::{Person, State};

use crate::caller::{Caller, ids_of, rows, texts};

#[tokio::test]
async fn one_record_is_found_by_its_id() {
    let caller = Caller::among(20).await;
    let listed = caller.get("/api/systemusers?sort=_id&limit=1&skip=7").await;
    let wanted = &rows(&listed)[0];
    let id = wanted["_id"].as_str().unwrap();
    assert_eq!(&caller.get(&format!("/api/systemusers/{id}")).await, wanted);
    let part = caller.get(&format!("/api/systemusers/{id}?fields=email")).await;
    assert_eq!(part, json!({"_id": id, "email": wanted["email"]}));
}

#[rstest]
#[case("/api/systemusers/65f1a0c2d3e4f50001a2b3c4")]
#[case("/api/systemusers/nobody")]
#[case("/api/nothing")]
#[tokio::test]
async fn what_is_not_there_is_not_found(#[case] path: &str) {
    let caller = Caller::among(3).await;
    let (status, body) = caller.call(Method::GET, path, None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(body, json!({"message": "Not Found"}));
}

#[tokio::test]
async fn filters_of_the_query_string_all_hold() {
    let caller = Caller::among(600).await;
    let path = "/api/systemusers?limit=100&sort=_id&filter=department:$eq:Nursing&filter=state:$ne:ACTIVATED";
    let page = caller.get(path).await;
    assert!(
        texts(&page, "department")
            .iter()
            .all(|department| department == "Nursing")
    );
    assert!(texts(&page, "state").iter().all(|state| state != "ACTIVATED"));
    let expected = caller.sim.population(|people| {
        let fits = people
            .people()
            .filter(|person| person.department() == Some("Nursing") && person.state() != State::Active);
        fits.map(Person::id).collect::<Vec<_>>()
    });
    assert!(!expected.is_empty());
    assert_eq!(ids_of(&page), expected);
    assert_eq!(page["totalCount"], expected.len());
}

#[tokio::test]
async fn the_search_finds_parts_of_names_whatever_their_case() {
    let caller = Caller::among(600).await;
    let found = caller
        .post(
            "/api/search/systemusers",
            json!({
                "searchFilter": {"searchTerm": "MÜLLER", "fields": ["lastname"]},
                "fields": "lastname memberof",
                "limit": 100,
                "sort": "_id",
            }),
        )
        .await;
    assert!(!rows(&found).is_empty());
    assert_eq!(found["totalCount"], rows(&found).len());
    for row in rows(&found) {
        assert!(
            row["lastname"]
                .as_str()
                .unwrap()
                .to_lowercase()
                .contains("müller"),
            "{row}"
        );
        assert_eq!(row["memberof"], json!([]));
        assert_eq!(row.as_object().unwrap().len(), 3);
    }
}

#[tokio::test]
async fn the_search_combines_filters() {
    let caller = Caller::among(300).await;
    let search = async |filter: Value| {
        let body = json!({"filter": filter, "limit": 100, "sort": "_id"});
        let found = caller.post("/api/search/systemusers", body).await;
        (found["totalCount"].as_u64().unwrap(), ids_of(&found))
    };
    let nurses = json!({"department": "Nursing"});
    let suspended = json!({"state": {"$eq": "SUSPENDED"}});
    let (nursing, _) = search(json!({"and": [nurses]})).await;
    let (gone, _) = search(json!({"and": [suspended]})).await;
    let (both, _) = search(json!({"and": [nurses, suspended]})).await;
    let (either, _) = search(json!({"or": [nurses, suspended]})).await;
    assert!(nursing > 0 && gone > 0);
    assert_eq!(either, nursing + gone - both);
}

#[rstest]
#[case(json!({"filter": {"department": {"$near": "IT"}}}))]
#[case(json!({"filter": "department:$eq:IT"}))]
#[case(json!({"searchFilter": {}}))]
#[case(json!([]))]
#[tokio::test]
async fn a_search_that_makes_no_sense_is_refused(#[case] body: Value) {
    let caller = Caller::among(3).await;
    let (status, said) = caller
        .call(Method::POST, "/api/search/systemusers", Some(&body))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{said}");
    assert!(
        said["message"].as_str().unwrap().starts_with("Bad Request: "),
        "{said}"
    );
}

#[tokio::test]
async fn the_query_string_searches_too() {
    let caller = Caller::among(300).await;
    let object = caller
        .get("/api/systemusers?sort=_id&search={\"searchTerm\":\"smith\",\"fields\":[\"username\"]}")
        .await;
    let brackets = caller
        .get("/api/systemusers?sort=_id&search[searchTerm]=smith&search[fields][]=username")
        .await;
    assert!(!rows(&object).is_empty());
    assert_eq!(object, brackets);
}
