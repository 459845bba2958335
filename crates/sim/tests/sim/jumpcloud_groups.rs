//! JumpCloud's groups and their members, by version 2, and tokens of service accounts.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode, header::LINK};
use serde_json::{Value, json};
use tenure_sim::population::{Person, group_names};

use crate::caller::Caller;

/// The values of a field, in order.
fn field(list: &Value, name: &str) -> Vec<String> {
    let rows = list.as_array().unwrap();
    rows.iter()
        .map(|row| row[name].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn groups_are_a_bare_list_that_only_counts_itself() {
    let caller = Caller::among(60).await;
    let mut names = group_names();
    names.sort();
    let path = "/api/v2/usergroups?limit=100&sort=name";
    let answer = caller.send(Method::GET, path, None).await.unwrap();
    assert_eq!(answer.headers()["x-total-count"], names.len().to_string());
    assert!(!answer.headers().contains_key(LINK));
    let all: Value = answer.json().await.unwrap();
    assert_eq!(field(&all, "name"), names);
    assert_eq!(all[0]["type"], "user_group");
    assert_eq!(
        caller.get("/api/v2/usergroups").await.as_array().unwrap().len(),
        10
    );
    let second = caller.get("/api/v2/usergroups?limit=4&skip=4&sort=name").await;
    assert_eq!(field(&second, "name"), names[4..8]);
    let id = all[0]["id"].as_str().unwrap();
    assert_eq!(caller.get(&format!("/api/v2/usergroups/{id}")).await, all[0]);

    let (status, said) = caller
        .call(Method::GET, "/api/v2/usergroups?limit=101", None)
        .await;
    let wanted =
        json!({ "message": "Bad Request: request parameter \"limit\" exceeds maximum value of 100" });
    assert_eq!((status, said), (StatusCode::BAD_REQUEST, wanted));
    let (status, _) = caller
        .call(Method::GET, "/api/v2/usergroups/65f2/members", None)
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn members_say_where_they_go_on_and_never_how_many_they_are() {
    let caller = Caller::among(250).await;
    let groups = caller.get("/api/v2/usergroups?limit=100&sort=name").await;
    let group = groups
        .as_array()
        .unwrap()
        .iter()
        .find(|group| group["name"] == "All Staff");
    let id = group.unwrap()["id"].as_str().unwrap();
    let mut path = Some(format!("/api/v2/usergroups/{id}/members?limit=100"));
    let (mut members, mut pages) = (BTreeSet::new(), 0);
    while let Some(next) = path {
        let answer = caller.send(Method::GET, &next, None).await.unwrap();
        assert!(!answer.headers().contains_key("x-total-count"));
        let link = answer
            .headers()
            .get(LINK)
            .map(|link| link.to_str().unwrap().to_owned());
        path = link.map(|link| {
            let (target, rest) = link.strip_prefix('<').unwrap().split_once('>').unwrap();
            assert_eq!(rest, "; rel=\"next\"");
            target.to_owned()
        });
        let page: Value = answer.json().await.unwrap();
        for row in page.as_array().unwrap() {
            assert_eq!(row["to"]["type"], "user");
            assert!(members.insert(row["to"]["id"].as_str().unwrap().to_owned()));
        }
        pages += 1;
    }
    let is_inside = |person: &Person<'_>| person.groups().contains(&"All Staff".to_owned());
    let expected: BTreeSet<String> = caller
        .sim
        .population(|people| people.people().filter(is_inside).map(Person::id).collect());
    assert_eq!((members, pages), (expected, 3));
}

#[tokio::test]
async fn a_service_account_gets_tokens_that_open_the_api() {
    let caller = Caller::among(5).await;
    let form = [("grant_type", "client_credentials"), ("scope", "api")];
    let ask = |secret: &'static str| {
        let request = caller.client.post(format!("{}/oauth2/token", caller.sim.url()));
        request.basic_auth("client", Some(secret)).form(&form).send()
    };
    let refused = ask("wrong").await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(
        refused.json::<Value>().await.unwrap(),
        json!({ "error": "invalid_client" })
    );
    let token: Value = ask("secret").await.unwrap().json().await.unwrap();
    assert!(token.get("refresh_token").is_none());
    let with = |token: String| {
        let request = caller.client.get(format!("{}/api/systemusers", caller.sim.url()));
        request.bearer_auth(token).send()
    };
    let good = token["access_token"].as_str().unwrap().to_owned();
    assert_eq!(with(good).await.unwrap().status(), StatusCode::OK);
    assert_eq!(
        with("other".to_owned()).await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
}
