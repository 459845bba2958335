use std::{collections::BTreeSet, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use tenure_sim::{
    Faults, Population, RateLimit, Remote, RemoteOptions,
    faults::AnswerFault,
    population::{EventKind, Whom},
    remote::Host,
};

use crate::api::{Api, code_of, list};

const TOKEN: &str = "ra_live_abc";

pub async fn among(people: usize) -> (Remote, Api) {
    of(RemoteOptions::new(Population::generate(people, 1), TOKEN)).await
}

pub async fn of(options: RemoteOptions) -> (Remote, Api) {
    let token = options.token.clone();
    let sim = Remote::start(options).await.unwrap();
    let api = Api::new(sim.url()).bearer(&token);
    (sim, api)
}

async fn everybody(api: &Api, parameters: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for page in 1.. {
        let body = api
            .get(&format!("/v1/employments?page_size=100&page={page}&{parameters}"))
            .await;
        found.extend_from_slice(list(&body["data"], "employments"));
        if page >= body["data"]["total_pages"].as_u64().unwrap() {
            break;
        }
    }
    found
}

async fn employment(api: &Api, id: &str) -> Value {
    api.get(&format!("/v1/employments/{id}?exclude_files=true")).await["data"]["employment"].clone()
}

#[tokio::test]
async fn a_token_of_the_other_host_is_refused() {
    for (host, token, status) in [
        (Host::Production, "ra_live_abc", 200),
        (Host::Production, "ra_test_abc", 401),
        (Host::Sandbox, "ra_test_abc", 200),
        (Host::Sandbox, "ra_live_abc", 401),
    ] {
        let (_sim, api) = of(RemoteOptions {
            host,
            ..RemoteOptions::new(Population::generate(2, 1), token)
        })
        .await;
        let reply = api.send(Method::GET, "/v1/employments", None).await;
        assert_eq!(reply.status, status, "{host:?} {token}");
        if status == 401 {
            assert_eq!(reply.json(), json!({ "message": "Unauthorized" }));
        }
    }
}

#[tokio::test]
async fn tokens_are_had_for_the_secret_or_by_signing_in_and_refresh_tokens_stay_the_same() {
    let (sim, _) = among(2).await;
    // client:secret
    let api = Api::new(sim.url()).with("authorization", "Basic Y2xpZW50OnNlY3JldA==");
    let granted = api
        .form("/auth/oauth2/token", &[("grant_type", "client_credentials")])
        .await
        .expect(200);
    assert_eq!(granted["expires_in"], 3600);
    let inside = |token: &Value| Api::new(sim.url()).bearer(token.as_str().unwrap());
    assert_eq!(
        inside(&granted["access_token"]).status("/v1/employments").await,
        200
    );
    sim.expire_tokens();
    assert_eq!(
        inside(&granted["access_token"]).status("/v1/employments").await,
        401
    );
    let wrong = Api::new(sim.url()).with("authorization", "Basic Y2xpZW50Ong=");
    let refused = wrong
        .form("/auth/oauth2/token", &[("grant_type", "client_credentials")])
        .await
        .expect(401);
    assert_eq!(refused, json!({ "error": "invalid_client" }));

    let address =
        "/auth/oauth2/authorize?response_type=code&client_id=client&redirect_uri=http%3A%2F%2Fx%2Fback";
    let back = api
        .form(address, &[("username", "admin"), ("password", "admin")])
        .await;
    let code = code_of(&back);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", "http://x/back"),
    ];
    let granted = api.form("/auth/oauth2/token", &form).await.expect(200);
    let refresh = granted["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let again = api.form("/auth/oauth2/token", &form).await.expect(200);
    assert_eq!(again["refresh_token"], refresh);
    assert_eq!(sim.tokens(), 3);
}

#[tokio::test]
async fn the_list_is_in_data_says_little_and_has_everybody_once() {
    let (_sim, api) = among(230).await;
    let first = api.get("/v1/employments").await;
    let data = &first["data"];
    assert_eq!(
        (&data["total_count"], &data["total_pages"]),
        (&json!(230), &json!(12))
    );
    assert_eq!(list(data, "employments").len(), 20);
    let all = everybody(&api, "").await;
    let ids: BTreeSet<&str> = all.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 230);
    assert!(
        all.iter()
            .all(|row| row.get("manager_email").is_none() && row.get("created_at").is_none())
    );
    let short: BTreeSet<&str> = all.iter().map(|row| row["short_id"].as_str().unwrap()).collect();
    assert_eq!(short.len(), 230);
    let refused = api
        .send(Method::GET, "/v1/employments?page_size=101", None)
        .await
        .expect(422);
    assert!(refused["errors"]["page_size"].is_array());
    let archived = everybody(&api, "status=archived").await;
    let active = everybody(&api, "status=active,pre_hire,incomplete").await;
    assert!(!archived.is_empty());
    assert_eq!(archived.len() + active.len(), 230);
    let one = &all[17];
    let found = everybody(&api, &format!("email={}", one["login_email"].as_str().unwrap())).await;
    assert_eq!(found[0]["id"], one["id"]);
}

#[tokio::test]
async fn the_rest_comes_employment_by_employment_and_differs_by_country() {
    let (sim, api) = among(200).await;
    let mut forms: BTreeSet<(String, Vec<String>)> = BTreeSet::new();
    for row in everybody(&api, "").await.iter().take(60) {
        let full = employment(&api, row["id"].as_str().unwrap()).await;
        for (name, value) in row.as_object().unwrap() {
            assert!(
                full.get(name)
                    .is_none_or(|known| known == value || value.is_null() || value == ""),
                "{name}"
            );
        }
        let country = full["country"]["alpha_2_code"].as_str().unwrap().to_owned();
        forms.insert((
            country,
            full["contract_details"]
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect(),
        ));
    }
    let countries: BTreeSet<&String> = forms.iter().map(|(country, _)| country).collect();
    let kinds: BTreeSet<&Vec<String>> = forms.iter().map(|(_, form)| form).collect();
    assert!(countries.len() > 5 && kinds.len() > 4, "{forms:?}");
    let full = employment(&api, &sim.employment_id(30)).await;
    assert_eq!(full["manager_employment_id"], sim.employment_id(3));
    assert!(full["updated_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(
        api.status("/v1/employments/b7c10000-0000-4000-a000-000000000000")
            .await,
        404
    );
    let company = full["company_id"].as_str().unwrap();
    let departments = api
        .get(&format!(
            "/v1/company-departments?page_size=3&company_id={company}"
        ))
        .await;
    assert_eq!(
        (
            &departments["total_pages"],
            &departments["data"]["company_departments"][0]["name"]
        ),
        (&json!(3), &json!("Finance"))
    );
    let scim = api.get("/v1/scim/v2/Users?startIndex=11&count=5").await;
    assert_eq!(
        (&scim["totalResults"], list(&scim, "Resources").len()),
        (&json!(200), 5)
    );
}

#[tokio::test]
async fn an_employment_is_made_invited_and_given_a_work_address() {
    let (sim, api) = among(5).await;
    let new = json!({ "country_code": "NLD", "type": "employee", "external_id": "X-1",
        "basic_information": { "name": "Ada Byrne", "email": "ada@mail.test", "job_title": "Analyst" } });
    let made = api.post("/v1/employments", new.clone()).await.expect(200)["data"]["employment"].clone();
    assert_eq!(
        (&made["country_code"], &made["full_name"]),
        (&json!("NLD"), &json!("Ada Byrne"))
    );
    api.post("/v1/employments", new).await.expect(422);
    let id = made["id"].as_str().unwrap();
    assert_eq!(employment(&api, id).await["status"], "created");
    api.post(&format!("/v1/employments/{id}/invite"), json!({}))
        .await
        .expect(200);
    api.post(&format!("/v1/employments/{id}/invite"), json!({}))
        .await
        .expect(422);
    let change = json!({ "work_email": "ada.byrne@northwind.test", "manager_id": sim.employment_id(0) });
    let changed = api
        .patch(&format!("/v2/employments/{id}"), change)
        .await
        .expect(200);
    assert_eq!(
        changed["data"]["employment"]["manager_employment_id"],
        sim.employment_id(0)
    );
    let now = employment(&api, id).await;
    assert_eq!(
        (&now["work_email"], &now["status"]),
        (&json!("ada.byrne@northwind.test"), &json!("invited"))
    );
    assert_eq!(now["basic_information"]["work_email"], "ada.byrne@northwind.test");
    api.patch(&format!("/v2/employments/{id}"), json!({ "job_title": "x" }))
        .await
        .expect(422);
    api.patch(
        &format!("/v2/employments/{id}"),
        json!({ "work_email": "nonsense" }),
    )
    .await
    .expect(422);
    api.post(&format!("/v1/cancel-onboarding/{id}"), json!({}))
        .await
        .expect(200);
    assert_eq!(employment(&api, id).await["status"], "deleted");
    for wrong in [
        json!({}),
        json!({ "country_code": "XXX", "basic_information": {} }),
        json!({ "country_code": "NLD", "basic_information": { "name": "Ada" } }),
    ] {
        let refused = api.post("/v1/employments", wrong).await.expect(422);
        assert!(refused["errors"].is_object());
    }
}

#[tokio::test]
async fn of_somebody_at_work_only_little_can_be_written() {
    let (sim, api) = among(9).await;
    let rows = everybody(&api, "status=active").await;
    let id = rows[2]["id"].as_str().unwrap();
    let path = format!("/v1/employments/{id}");
    api.patch(&path, json!({ "contract_details": {} }))
        .await
        .expect(400);
    let address = json!({ "address_details": { "address": "Dam 1" } });
    api.patch(&path, address).await.expect(200);
    assert_eq!(employment(&api, id).await["address_details"]["address"], "Dam 1");

    let fields = api.get("/v1/custom-fields").await;
    let field = fields["data"]["custom_fields"][1]["id"].as_str().unwrap();
    let value = format!("/v1/custom-fields/{field}/values/{id}");
    api.patch(&value, json!({ "value": "Oslo" })).await.expect(200);
    let values = api.get(&format!("/v1/employments/{id}/custom-fields")).await;
    assert_eq!(values["data"]["custom_field_values"][1]["value"], "Oslo");
    api.patch(&value, json!({ "value": 3 })).await.expect(422);

    let leave = json!({ "employment_id": id, "type": "termination", "termination_details": {
        "confidential": false, "proposed_termination_date": "2026-02-01", "termination_reason": "mutual_agreement",
        "reason_description": "", "risk_assessment_reasons": ["none_of_these"], "will_challenge_termination": false } });
    let made = api.post("/v1/offboardings", leave.clone()).await.expect(201)["data"]["offboarding"].clone();
    api.post("/v1/offboardings", leave).await.expect(422);
    let found = api.get(&format!("/v1/offboardings?employment_id={id}")).await;
    assert_eq!(found["data"]["offboardings"], json!([made]));
    let now = employment(&api, id).await;
    assert_eq!(
        (&now["status"], &now["termination_date"]),
        (&json!("offboarding"), &json!("2026-02-01"))
    );

    sim.event(EventKind::Terminate, Whom::Employee("E-100001".to_owned()), 1)
        .unwrap();
    let left = employment(&api, &sim.employment_id(1)).await;
    assert_eq!(
        (&left["status"], &left["termination_date"]),
        (&json!("archived"), &json!("2026-01-05"))
    );
    let path = format!("/v1/offboardings?employment_id={}", sim.employment_id(1));
    assert_eq!(api.get(&path).await["data"]["offboardings"][0]["status"], "done");
}

#[tokio::test]
async fn the_limit_is_counted_in_headers_and_a_429_gives_milliseconds_only() {
    let (_sim, api) = of(RemoteOptions {
        rate_limit: Some(RateLimit {
            requests: 2,
            window: Duration::from_mins(1),
        }),
        ..RemoteOptions::new(Population::generate(2, 1), TOKEN)
    })
    .await;
    let first = api.send(Method::GET, "/v1/employments", None).await;
    assert_eq!(
        (
            first.header("x-ratelimit-count"),
            first.header("x-ratelimit-remaining")
        ),
        (Some("1"), Some("1"))
    );
    assert_eq!(api.status("/v1/employments").await, 200);
    let refused = api.send(Method::GET, "/v1/employments", None).await;
    assert_eq!(
        (
            refused.header("x-ratelimit-remaining"),
            refused.header("retry-after")
        ),
        (Some("0"), None)
    );
    let left: u64 = refused.header("x-ratelimit-reset").unwrap().parse().unwrap();
    assert!((1_000..=60_000).contains(&left), "{left}");
    assert_eq!(refused.expect(429), json!({ "message": "Too many requests" }));
}

#[tokio::test]
async fn it_misbehaves_on_demand_like_the_others() {
    let (sim, api) = among(50).await;
    sim.faults(Faults {
        answer: Some(AnswerFault::ServerError {}),
        times: Some(1),
        vanished_fields: vec!["department".to_owned()],
        gone_per_mille: 400,
        ..Faults::default()
    });
    assert_eq!(api.status("/v1/employments").await, 500);
    let some = everybody(&api, "").await;
    assert!((15..45).contains(&some.len()), "{}", some.len());
    assert!(some.iter().all(|row| row.get("department").is_none()));
    assert_eq!(Api::new(sim.url()).get("/_sim/state").await["people"], 50);
}
