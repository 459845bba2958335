use std::{collections::BTreeSet, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use tenure_sim::{
    Faults, HaloItsm, HaloItsmOptions, Population, RateLimit,
    faults::AnswerFault,
    haloitsm::user_id,
    population::{EventKind, Whom},
};

use crate::api::{Api, code_of, list};

fn options(people: usize) -> HaloItsmOptions {
    HaloItsmOptions::new(Population::generate(people, 1), "tenure", "s3cret")
}

async fn token(api: &Api) -> String {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "tenure"),
        ("client_secret", "s3cret"),
        ("scope", "all"),
    ];
    let answer = api.form("/auth/token", &form).await.expect(200);
    assert_eq!(
        (&answer["token_type"], &answer["expires_in"]),
        (&json!("Bearer"), &json!(3600))
    );
    answer["access_token"].as_str().unwrap().to_owned()
}

async fn of(options: HaloItsmOptions) -> (HaloItsm, Api) {
    let sim = HaloItsm::start(options).await.unwrap();
    let token = token(&Api::new(sim.url())).await;
    let api = Api::new(format!("{}/api", sim.url())).bearer(&token);
    (sim, api)
}

async fn everybody(api: &Api, parameters: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for page in 1.. {
        let body = api
            .get(&format!(
                "/Users?pageinate=true&page_size=100&page_no={page}&{parameters}"
            ))
            .await;
        let rows = list(&body, "users");
        found.extend_from_slice(rows);
        if rows.is_empty() {
            break;
        }
    }
    found
}

/// One user, wrapped or not.
async fn user(api: &Api, id: u64) -> Value {
    let body = api.get(&format!("/Users/{id}?includedetails=true")).await;
    body.get("users").map_or(body.clone(), |users| users[0].clone())
}

#[tokio::test]
async fn whoever_asks_learns_where_tokens_are_and_gets_one_for_the_secret() {
    let sim = HaloItsm::start(HaloItsmOptions {
        tenant: Some("northwind".to_owned()),
        ..options(3)
    })
    .await
    .unwrap();
    let api = Api::new(sim.url());
    let info = api.get("/api/authinfo").await;
    assert_eq!(
        info,
        json!({ "auth_url": format!("{}/auth", sim.url()), "tenant_id": "northwind" })
    );
    let form = |secret: &'static str, scope: &'static str| {
        [
            ("grant_type", "client_credentials"),
            ("client_id", "tenure"),
            ("client_secret", secret),
            ("scope", scope),
        ]
    };
    let ask = async |path: &str, secret, scope| api.form(path, &form(secret, scope)).await;
    ask("/auth/token?tenant=northwind", "s3cret", "all")
        .await
        .expect(200);
    ask(
        "/token?tenant=northwind",
        "s3cret",
        "read:customers edit:customers",
    )
    .await
    .expect(200);
    ask("/auth/token", "s3cret", "all").await.expect(400);
    let wrong = ask("/auth/token?tenant=northwind", "guess", "all")
        .await
        .expect(401);
    assert_eq!(wrong["error"], "invalid_client");
    let wrong = ask("/auth/token?tenant=northwind", "s3cret", "read:users")
        .await
        .expect(400);
    assert_eq!(wrong["error"], "invalid_scope");
    assert_eq!(sim.tokens(), 2);
    assert_eq!(api.status("/api/Users").await, 401);
}

#[tokio::test]
async fn an_agent_signs_in_on_the_page_and_the_program_turns_the_code_into_a_token() {
    let sim = HaloItsm::start(options(3)).await.unwrap();
    let api = Api::new(sim.url());
    // The pair of RFC 7636, appendix B.
    let (verifier, challenge) = (
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    );
    let address = format!(
        "/auth/authorize?response_type=code&client_id=tenure&redirect_uri=http%3A%2F%2Flocalhost%2Fback&state=a%26b&\
         scope=all&code_challenge={challenge}&code_challenge_method=S256"
    );
    let page = api.send(Method::GET, &address, None).await;
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert!(page.text.contains("name=\"password\""), "{}", page.text);
    let wrong = api
        .form(&address, &[("username", "agent"), ("password", "no")])
        .await;
    assert_eq!(wrong.status, 401);
    let denied = api
        .form(
            &address,
            &[("username", "agent"), ("password", "agent"), ("decision", "deny")],
        )
        .await;
    assert_eq!(
        denied.header("location"),
        Some("http://localhost/back?error=access_denied&state=a%26b")
    );

    let sign_in = async || {
        let back = api
            .form(&address, &[("username", "agent"), ("password", "agent")])
            .await;
        assert_eq!(back.status, 302);
        assert!(back.header("location").unwrap().ends_with("&state=a%26b"));
        code_of(&back)
    };
    let redeem = async |code: &str, verifier: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", "tenure"),
            ("code", code),
            ("redirect_uri", "http://localhost/back"),
            ("code_verifier", verifier),
        ];
        api.form("/auth/token", &form).await
    };
    let code = sign_in().await;
    assert_eq!(redeem(&code, "wrong").await.expect(400)["error"], "invalid_grant");
    assert_eq!(
        redeem(&code, verifier).await.expect(400)["error"],
        "invalid_grant",
        "used up"
    );
    let granted = redeem(&sign_in().await, verifier).await.expect(200);
    let inside = |token: &Value| Api::new(format!("{}/api", sim.url())).bearer(token.as_str().unwrap());
    assert_eq!(inside(&granted["access_token"]).status("/Users").await, 200);
    sim.expire_tokens();
    assert_eq!(inside(&granted["access_token"]).status("/Users").await, 401);
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", "tenure"),
        ("client_secret", "s3cret"),
        ("refresh_token", granted["refresh_token"].as_str().unwrap()),
    ];
    let again = api.form("/auth/token", &form).await.expect(200);
    assert_eq!(inside(&again["access_token"]).status("/Users").await, 200);
}

#[tokio::test]
async fn page_parameters_mean_nothing_without_pageinate_and_no_page_has_more_than_a_hundred() {
    let (_sim, api) = of(options(260)).await;
    let plain = api.get("/Users?page_no=2&page_size=10").await;
    let count = plain["record_count"].as_u64().unwrap();
    assert_eq!(list(&plain, "users").len(), 100);
    assert_eq!(
        plain["users"][0]["id"],
        api.get("/Users?count=5").await["users"][0]["id"]
    );
    let large = api.get("/Users?pageinate=true&page_no=1&page_size=250").await;
    assert_eq!(
        (list(&large, "users").len(), &large["page_size"]),
        (100, &json!(100))
    );
    let all = everybody(&api, "").await;
    assert_eq!(all.len() as u64, count);
    let ids: BTreeSet<u64> = all.iter().map(|row| row["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len() as u64, count);
    assert_eq!(everybody(&api, "includeinactive=true").await.len(), 260);
    assert!(count < 260, "the inactive are not listed unless asked for");
}

#[tokio::test]
async fn rows_are_short_and_a_site_is_a_number_with_a_point() {
    let (sim, api) = of(options(30)).await;
    let reply = api.send(Method::GET, "/Users?count=1", None).await;
    let site = reply.text.split_once("\"site_id\":").unwrap().1;
    assert!(site.split([',', '}']).next().unwrap().ends_with(".0"), "{site}");
    let row = reply.json()["users"][0].clone();
    assert!(
        row.get("department").is_none() && row.get("customfields").is_none(),
        "{row}"
    );
    let id = row["id"].as_u64().unwrap();
    let full = user(&api, id).await;
    assert!(full["department"].is_string());
    let start = sim.population(|people| {
        let person = people
            .people()
            .find(|person| user_id(person.number()) == id)
            .unwrap();
        person.start().unwrap()
    });
    let fields = full["customfields"].as_array().unwrap();
    let field = fields
        .iter()
        .find(|field| field["name"] == "CFStartDate")
        .unwrap();
    assert_eq!(field["value"], format!("{start}T00:00:00"));
    assert_eq!(full["datecreated"].as_str().unwrap().len(), 19);
}

#[tokio::test]
async fn some_users_come_wrapped_when_asked_for_one_by_one() {
    let (_sim, api) = of(options(12)).await;
    let mut wrapped = 0;
    for number in 0..12 {
        let body = api.get(&format!("/Users/{}", user_id(number))).await;
        wrapped += u32::from(body.get("users").is_some());
    }
    assert_eq!(wrapped, 4);
    assert_eq!(api.status("/Users/1").await, 404);
}

#[tokio::test]
async fn bodies_are_arrays_and_without_an_id_every_one_makes_another_user() {
    let (_sim, api) = of(options(4)).await;
    let new = json!({ "name": "Ada Byrne", "site_id": 18, "emailaddress": "ada.byrne@northwind.test" });
    api.post("/Users", new.clone()).await.expect(400);
    let first = api.post("/Users", json!([new])).await.expect(201);
    assert_eq!(
        (&first["firstname"], &first["surname"]),
        (&json!("Ada"), &json!("Byrne"))
    );
    assert_eq!(
        (&first["site_name"], &first["client_name"]),
        (&json!("Amsterdam"), &json!("Northwind Clinic"))
    );
    let second = api.post("/Users", json!([new])).await.expect(201);
    assert_ne!(first["id"], second["id"]);
    let search = "/Users?advanced_search=%5B%7B%22filter_name%22%3A%22emailaddress%22%2C%22filter_type%22%3A2%2C\
                  %22filter_value%22%3A%22Ada.Byrne%40northwind.test%22%7D%5D";
    assert_eq!(api.get(search).await["record_count"], 2);

    let change = json!([{ "id": first["id"], "surname": "Lovelace", "site_id": 26.0,
        "customfields": [{ "id": 163, "value": "E-7" }] }]);
    let changed = api.post("/Users", change).await.expect(201);
    assert_eq!(
        (&changed["name"], &changed["client_id"]),
        (&json!("Ada Lovelace"), &json!(13))
    );
    assert_eq!(changed["customfields"][0]["value"], "E-7");
    assert_eq!(changed["emailaddress"], "ada.byrne@northwind.test");

    let both = json!([{ "id": first["id"], "inactive": true }, { "id": second["id"], "title": "Analyst" }]);
    assert_eq!(
        api.post("/Users", both)
            .await
            .expect(201)
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(user(&api, first["id"].as_u64().unwrap()).await["inactive"], true);
    for wrong in [
        json!([{ "name": "Nowhere" }]),
        json!([{ "site_id": 18 }]),
        json!([{ "name": "x", "site_id": 999 }]),
        json!([{ "id": second["id"], "inactive": "yes" }]),
    ] {
        let refused = api.post("/Users", wrong).await.expect(400);
        assert!(refused["error_description"].is_string());
    }
    api.post("/Users", json!([{ "id": 77, "name": "Nobody" }]))
        .await
        .expect(404);
    let path = format!("/Users/{}", second["id"]);
    api.delete(&path).await.expect(200);
    assert_eq!(api.status(&path).await, 404);
}

#[tokio::test]
async fn clients_sites_and_agents_are_listed_under_names_of_their_own() {
    let (_sim, api) = of(options(3)).await;
    assert_eq!(api.get("/Client").await["record_count"], 3);
    assert_eq!(list(&api.get("/Site?client_id=13").await, "sites").len(), 8);
    assert_eq!(list(&api.get("/Agent").await, "results").len(), 3);
    let site = api
        .post("/Site", json!([{ "name": "Oslo", "client_id": 12 }]))
        .await
        .expect(201);
    assert_eq!(site["client_name"], "Northwind Clinic");
    api.post("/Users", json!([{ "name": "Ada", "site_id": site["id"] }]))
        .await
        .expect(201);
    let sorted = api
        .get("/Users?includeinactive=true&order=name&orderdesc=true")
        .await;
    let names: Vec<String> = list(&sorted, "users")
        .iter()
        .map(|row| row["name"].as_str().unwrap().to_lowercase())
        .collect();
    assert!(names.is_sorted_by(|left, right| left >= right), "{names:?}");
}

#[tokio::test]
async fn what_happens_to_people_shows() {
    let (sim, api) = of(options(20)).await;
    let whom = Whom::Employee("E-100004".to_owned());
    let before = user(&api, user_id(4)).await;
    let event = sim.event(EventKind::Rename, whom.clone(), 2).unwrap();
    let after = user(&api, user_id(4)).await;
    assert_eq!(after["name"], event.name);
    assert_ne!(before["login"], after["login"]);
    sim.event(EventKind::Terminate, whom, 2).unwrap();
    assert_eq!(user(&api, user_id(4)).await["inactive"], true);
    assert!(!sim.day(1).is_empty());
}

#[tokio::test]
async fn a_429_does_not_say_when_to_come_back() {
    let (sim, api) = of(HaloItsmOptions {
        rate_limit: Some(RateLimit {
            requests: 1,
            window: Duration::from_mins(5),
        }),
        ..options(3)
    })
    .await;
    assert_eq!(api.status("/Users").await, 200);
    let refused = api.send(Method::GET, "/Users", None).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("retry-after")),
        (429, None)
    );
    assert_eq!(sim.requests(), 2);
}

#[tokio::test]
async fn it_misbehaves_on_demand_like_the_others() {
    let (sim, api) = of(options(30)).await;
    sim.faults(Faults {
        answer: Some(AnswerFault::TooManyRequests { retry_after: Some(3) }),
        times: Some(1),
        ..Faults::default()
    });
    assert_eq!(
        api.send(Method::GET, "/Users", None).await.header("retry-after"),
        Some("3")
    );
    sim.faults(Faults {
        answer: Some(AnswerFault::Empty {}),
        times: Some(1),
        vanished_fields: vec!["emailaddress".to_owned()],
        ..Faults::default()
    });
    assert_eq!(api.get("/Users").await["record_count"], 0);
    let page = api.get("/Users").await;
    assert!(
        list(&page, "users")
            .iter()
            .all(|row| row.get("emailaddress").is_none())
    );
    assert!(
        Api::new(sim.url())
            .post("/_sim/day", json!({}))
            .await
            .expect(200)
            .as_array()
            .unwrap()
            .len()
            > 3
    );
}
