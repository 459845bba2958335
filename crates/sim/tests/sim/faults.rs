use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tenure_sim::{
    Faults,
    jumpcloud::faults::{AnswerFault, Instead, MissingPage},
    population::{EventKind, Whom},
};

use crate::caller::{Caller, ids_of, rows};

const PAGE: &str = "/api/systemusers?sort=_id&limit=100";

fn answering(answer: AnswerFault) -> Faults {
    Faults {
        answer: Some(answer),
        ..Faults::default()
    }
}

async fn status(caller: &Caller) -> StatusCode {
    caller.send(Method::GET, PAGE, None).await.unwrap().status()
}

#[tokio::test]
async fn answers_are_slow() {
    let caller = Caller::among(3).await;
    caller.sim.faults(Faults {
        delay_ms: 60,
        ..Faults::default()
    });
    let start = Instant::now();
    assert_eq!(status(&caller).await, StatusCode::OK);
    assert!(start.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn stopping_does_not_wait_for_slow_answers() {
    let caller = Caller::among(3).await;
    caller.sim.faults(Faults {
        delay_ms: 3_600_000,
        ..Faults::default()
    });
    let request = caller
        .client
        .get(format!("{}{PAGE}", caller.sim.url()))
        .header("x-api-key", "the-key")
        .send();
    let asking = tokio::spawn(request);
    while caller.sim.requests() == 0 {
        tokio::task::yield_now().await;
    }
    caller.sim.stop().await.unwrap();
    assert_eq!(asking.await.unwrap().unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn errors_come_so_many_times_after_so_many_good_answers() {
    let caller = Caller::among(3).await;
    caller.sim.faults(Faults {
        after: 1,
        times: Some(2),
        ..answering(AnswerFault::ServerError {})
    });
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(status(&caller).await.as_u16());
    }
    assert_eq!(seen, [200, 500, 500, 200, 200]);
}

#[tokio::test]
async fn the_key_is_refused_as_if_revoked() {
    let caller = Caller::among(3).await;
    caller.sim.faults(answering(AnswerFault::Unauthorized {}));
    let (status, body) = caller.call(Method::GET, PAGE, None).await;
    assert_eq!(
        (status, body),
        (StatusCode::UNAUTHORIZED, json!({"message": "Unauthorized"}))
    );
}

#[tokio::test]
async fn too_many_requests_say_when_to_come_back_or_do_not() {
    let caller = Caller::among(3).await;
    for retry_after in [Some(7), None] {
        caller
            .sim
            .faults(answering(AnswerFault::TooManyRequests { retry_after }));
        let answer = caller.send(Method::GET, PAGE, None).await.unwrap();
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        let header = answer
            .headers()
            .get("retry-after")
            .map(|value| value.to_str().unwrap());
        assert_eq!(header, retry_after.map(|_| "7"));
    }
}

#[tokio::test]
async fn the_connection_breaks_in_the_body() {
    let caller = Caller::among(100).await;
    let whole = caller
        .send(Method::GET, PAGE, None)
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    caller.sim.faults(answering(AnswerFault::CutConnection {}));
    let mut answer = caller.send(Method::GET, PAGE, None).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.content_length(), Some(whole.len() as u64));
    let mut came = 0;
    let error = loop {
        match answer.chunk().await {
            Ok(Some(chunk)) => came += chunk.len(),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    assert!(error.is_some(), "the body ended as if whole after {came} bytes");
    assert!(came <= whole.len() / 2, "{came} of {}", whole.len());
    caller.sim.faults(Faults::default());
    assert_eq!(rows(&caller.get(PAGE).await).len(), 100);
}

#[tokio::test]
async fn the_json_is_truncated() {
    let caller = Caller::among(10).await;
    let whole = caller
        .send(Method::GET, PAGE, None)
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    caller.sim.faults(answering(AnswerFault::TruncatedJson {}));
    let answer = caller.send(Method::GET, PAGE, None).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let body = answer.bytes().await.unwrap();
    assert_eq!(body, whole.slice(..whole.len() / 2));
    assert!(serde_json::from_slice::<Value>(&body).is_err());
}

#[tokio::test]
async fn lists_are_empty() {
    let caller = Caller::among(10).await;
    caller.sim.faults(answering(AnswerFault::Empty {}));
    assert_eq!(caller.get(PAGE).await, json!({"totalCount": 0, "results": []}));
    let searched = caller.post("/api/search/systemusers", json!({})).await;
    assert_eq!(searched, json!({"totalCount": 0, "results": []}));
}

#[tokio::test]
async fn a_page_is_missing_and_the_total_does_not_tell() {
    let caller = Caller::among(350).await;
    let everybody = caller.everybody();
    let missing = |instead| Faults {
        missing_page: Some(MissingPage { page: 1, instead }),
        ..Faults::default()
    };
    caller.sim.faults(missing(Instead::Nothing));
    let ids = caller.page_through("sort=_id").await;
    assert_eq!(ids, [&everybody[..100], &everybody[200..]].concat());

    caller.sim.faults(missing(Instead::NextPage));
    let ids = caller.page_through("sort=_id").await;
    assert_eq!(
        ids,
        [&everybody[..100], &everybody[200..300], &everybody[200..]].concat()
    );
}

#[tokio::test]
async fn a_column_vanishes_from_every_answer() {
    let caller = Caller::among(50).await;
    caller.sim.faults(Faults {
        vanished_fields: vec!["employeeIdentifier".to_owned()],
        ..Faults::default()
    });
    let page = caller.get(PAGE).await;
    assert_eq!(rows(&page).len(), 50);
    assert!(
        rows(&page)
            .iter()
            .all(|row| row.get("employeeIdentifier").is_none() && row.get("email").is_some())
    );
    let one = caller
        .get(&format!("/api/systemusers/{}", ids_of(&page)[0]))
        .await;
    assert_eq!(one.get("employeeIdentifier"), None);
}

#[tokio::test]
async fn most_people_are_gone_and_the_same_ones_each_time() {
    let caller = Caller::among(2000).await;
    caller.sim.faults(Faults {
        gone_per_mille: 600,
        ..Faults::default()
    });
    let ids = caller.page_through("sort=_id").await;
    assert!((740..860).contains(&ids.len()), "{} of 2000 left", ids.len());
    assert_eq!(caller.get(PAGE).await["totalCount"], ids.len());
    let everybody = caller.everybody();
    let gone = everybody.iter().find(|id| !ids.contains(id)).unwrap();
    let (status, _) = caller
        .call(Method::GET, &format!("/api/systemusers/{gone}"), None)
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);

    caller.sim.event(EventKind::Remove, id(&ids[0]), 1).unwrap();
    assert_eq!(caller.page_through("sort=_id").await, ids[1..]);
    caller.sim.faults(Faults::default());
    assert_eq!(caller.page_through("sort=_id").await.len(), 1999);
}

fn id(id: &str) -> Whom {
    Whom::Id(id.to_owned())
}

#[tokio::test]
async fn the_total_changes_while_one_pages() {
    let caller = Caller::among(500).await;
    caller.sim.faults(Faults {
        total_drift: -3,
        ..Faults::default()
    });
    let mut totals = Vec::new();
    for _ in 0..3 {
        totals.push(caller.get(PAGE).await["totalCount"].as_i64().unwrap());
    }
    assert_eq!(totals, [497, 494, 491]);
}

#[tokio::test]
async fn faults_are_set_and_cleared_over_http() {
    let caller = Caller::among(3).await;
    let set = json!({"answer": {"tooManyRequests": {"retryAfter": 2}}, "times": 1, "delayMs": 1, "goneePerMille": 0});
    let (refused, said) = caller.call(Method::POST, "/_sim/faults", Some(&set)).await;
    assert_eq!(refused, StatusCode::BAD_REQUEST);
    assert!(
        said["message"].as_str().unwrap().contains("goneePerMille"),
        "{said}"
    );

    let set = json!({"answer": {"tooManyRequests": {"retryAfter": 2}}, "times": 1, "delayMs": 1});
    let shown = caller.post("/_sim/faults", set).await;
    assert_eq!(shown["answer"], json!({"tooManyRequests": {"retryAfter": 2}}));
    assert_eq!(status(&caller).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(status(&caller).await, StatusCode::OK);

    caller
        .post(
            "/_sim/faults",
            json!({"missingPage": {"page": 0, "instead": "nothing"}}),
        )
        .await;
    assert_eq!(caller.get(PAGE).await, json!({"totalCount": 3, "results": []}));
    let cleared = caller.post("/_sim/faults", json!({})).await;
    assert_eq!(cleared["missingPage"], Value::Null);
    assert_eq!(rows(&caller.get(PAGE).await).len(), 3);
}
