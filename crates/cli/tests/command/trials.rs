//! `tenure test`: endpoints called once, of every simulated vendor, and fixtures of people.

use serde_json::{Value, json};
use tenure_sim::{
    Atera, AteraOptions, Graph, GraphOptions, HaloItsm, HaloItsmOptions, Population, Remote, RemoteOptions,
};
use tokio::runtime::Runtime;

use crate::documents::{self, AUTOMATION, DIRECTORY, LOCAL_BASE, SOURCE, with};
use crate::home::Home;
use crate::people::{API_KEY, People};

/// A secret that is found wherever it is shown.
const KEY: &str = "k3y-that-nobody-sees";

/// Something that runs on a runtime, for as long as both are held.
fn running<S>(start: impl Future<Output = S>) -> (S, Runtime) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    (runtime.block_on(start), runtime)
}

fn population() -> Population {
    Population::generate(30, 1)
}

fn application(name: &str, authorization: &str, endpoints: &str) -> String {
    format!(
        "kind: application\nname: {name}\nprivate_addresses: allowed\nauthorization: {authorization}\n\
         endpoints:\n{endpoints}"
    )
}

/// A home with one application whose secret is known.
fn home(text: String) -> Home {
    let home = Home::new(&[("app.yaml", text)]);
    home.secret("key", KEY);
    home
}

/// The columns of a trial by their paths, each with how many records have it.
fn filled(trial: &Value) -> Vec<(&str, u64)> {
    let columns = trial["columns"].as_array().unwrap();
    columns
        .iter()
        .map(|column| {
            (
                column["path"].as_str().unwrap(),
                column["filled"].as_u64().unwrap(),
            )
        })
        .collect()
}

fn suggested<'t>(trial: &'t Value, list: &str, target: &str) -> Option<&'t str> {
    let list = trial["suggestions"][list].as_array().unwrap();
    list.iter().find(|one| one["target"] == target)?["from"].as_str()
}

#[test]
fn jumpcloud_is_shown_whole() {
    let people = People::with_all_values(2, 1);
    let fields = "employeeIdentifier firstname lastname email jobTitle phoneNumbers attributes activated suspended mfa";
    let text = with(
        &documents::jumpcloud(&people.url()),
        "/api/systemusers",
        &format!("/api/systemusers\n    query: {{ limit: 100, sort: _id, fields: {fields} }}"),
    );
    let home = Home::new(&[("jumpcloud.yaml", text)]);
    home.secret("jumpcloud", API_KEY);
    let told = home.run(&["test", "jumpcloud", "users"]).with(0);
    assert_eq!(told.err, "");
    let text = told.out.replace(&people.url(), "http://jumpcloud");
    // The body is on one line, and some numbers are of this moment.
    let lines: Vec<String> = text
        .lines()
        .map(|line| match line.trim_start() {
            body if body.starts_with("{\"totalCount\"") => body.chars().take(40).collect::<String>() + " …",
            date if date.starts_with("date:") => "    date: …".to_owned(),
            status if status.starts_with("200 OK in ") => {
                format!("200 OK in … {}", status.split_once(" ms").unwrap().1)
            }
            _ => line.trim_end().to_owned(),
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    GET http://jumpcloud/api/systemusers?fields=employeeIdentifier+firstname+lastname+email+jobTitle+phoneNumbers+attributes+activated+suspended+mfa&limit=100&sort=_id&skip=0
        Accept: application/json
        x-api-key: …

    200 OK in … , 1,080 bytes
        content-type: application/json; charset=utf-8
        content-length: 1080
        date: …

    {"totalCount":2,"results":[{"_id":"4b3d3 …

    2 records, of 2 in all
    Another call would follow: the next call has `skip` = 100

     COLUMN                                                                               TYPE         FILLED          SAMPLE
     _id                                                                                  text         2 of 2, unique  4b3d3b00ec89025cc1000000
     activated                                                                            yes/no       2 of 2          true
     attributes | selectattr('name', 'eq', 'startDate') | map(attribute='value') | first  day          2 of 2, unique  2024-05-29
     email                                                                                e-mail       2 of 2, unique  mariajose.fernandez@northwind.test
     employeeIdentifier                                                                   text         2 of 2, unique  E-100000
     firstname                                                                            text         2 of 2, unique  María José
     jobTitle                                                                             text         2 of 2, unique  Software Engineer
     lastname                                                                             text         2 of 2, unique  Fernández
     mfa.configured                                                                       yes/no       2 of 2          false
     mfa.exclusion                                                                        yes/no       2 of 2          false
     phoneNumbers | map(attribute='id')                                                   list         2 of 2, unique  4b3d3b00e220a8397b1dcdaf, 4b3d3b00910a2dec89025cc1, 4b3d3b00…
     phoneNumbers | map(attribute='number')                                               list, phone  2 of 2, unique  +30 21 0555 7061, +30 21 0555 8232, +30-21-0555-0942
     phoneNumbers | selectattr('type', 'eq', 'home') | map(attribute='id') | first        text         1 of 2          4b3d3b00975835de1c9756ce
     phoneNumbers | selectattr('type', 'eq', 'home') | map(attribute='number') | first    phone        1 of 2          +30-21-0555-0942
     phoneNumbers | selectattr('type', 'eq', 'mobile') | map(attribute='id') | first      text         2 of 2, unique  4b3d3b00e220a8397b1dcdaf
     phoneNumbers | selectattr('type', 'eq', 'mobile') | map(attribute='number') | first  phone        2 of 2, unique  +30 21 0555 7061
     phoneNumbers | selectattr('type', 'eq', 'work') | map(attribute='id') | first        text         2 of 2, unique  4b3d3b00910a2dec89025cc1
     phoneNumbers | selectattr('type', 'eq', 'work') | map(attribute='number') | first    phone        2 of 2, unique  +30 21 0555 8232
     suspended                                                                            yes/no       2 of 2          false

    Suggestions: guesses by names and values, to be looked over
       primary_key      employeeIdentifier                                                                   named like an employee number; no value twice, and none of 2 without one
       primary_key      _id                                                                                  the application's own id; no value twice, and none of 2 without one
       employeeID       employeeIdentifier                                                                   by its name
       givenName        firstname                                                                            by its name
       sn               lastname                                                                             by its name
       mail             email                                                                                by its name
       title            jobTitle                                                                             by its name
       telephoneNumber  phoneNumbers | selectattr('type', 'eq', 'work') | map(attribute='number') | first    by what its items are marked as
       mobile           phoneNumbers | selectattr('type', 'eq', 'mobile') | map(attribute='number') | first  by what its items are marked as
       active           activated and not suspended                                                          by its name
       starts           attributes | selectattr('name', 'eq', 'startDate') | map(attribute='value') | first  by its name and values

    As a document
    kind: data_source
    name: "jumpcloud-users"
    application: "jumpcloud"
    endpoints: [{ endpoint: "users", primary_key: "employeeIdentifier" }]
    attributes:
      employeeID: "employeeIdentifier"
      givenName: "firstname"
      sn: "lastname"
      mail: "email"
      title: "jobTitle"
      telephoneNumber: "phoneNumbers | selectattr('type', 'eq', 'work') | map(attribute='number') | first"
      mobile: "phoneNumbers | selectattr('type', 'eq', 'mobile') | map(attribute='number') | first"
    lifecycle:
      active: "activated and not suspended"
      starts: "attributes | selectattr('name', 'eq', 'startDate') | map(attribute='value') | first"
    "#);

    // What it offers as a document is one that works.
    let document = text.split_once("As a document\n").unwrap().1;
    let draft = document.split_once("\nAs a").map_or(document, |(draft, _)| draft);
    home.write("draft.yaml", draft);
    home.run(&["check"]).with(0);
    let fetched = home.json(0, &["fetch", "jumpcloud-users", "--json"]);
    assert_eq!(fetched["people"], 2);
}

#[test]
fn what_is_shown_for_machines_has_no_secret_and_is_bounded() {
    let people = People::with_all_values(120, 1);
    let home = Home::new(&[("jumpcloud.yaml", documents::jumpcloud(&people.url()))]);
    home.secret("jumpcloud", API_KEY);
    let told = home.run(&["test", "jumpcloud", "users", "--json"]).with(0);
    assert!(!told.out.contains(API_KEY) && !told.err.contains(API_KEY));
    let trial = told.json();
    assert_eq!(trial["version"], 1);
    let key = json!({ "name": "x-api-key", "value": "…" });
    assert!(
        trial["call"]["request"]["headers"]
            .as_array()
            .unwrap()
            .contains(&key),
        "{trial}"
    );
    let answer = &trial["call"]["answer"];
    assert_eq!(
        (&answer["status"], &answer["body_cut"]),
        (&json!(200), &json!(true))
    );
    assert!(answer["body"].as_str().unwrap().len() <= 16 << 10);
    assert_eq!(trial["found"]["records"], 100);
    assert_eq!(trial["found"]["total"], 120);
    assert_eq!(
        trial["found"]["more"],
        json!({ "follows": "yes", "why": "the next call has `skip` = 100" })
    );
    assert_eq!(
        suggested(&trial, "primary_key", "primary_key"),
        Some("employeeIdentifier")
    );
    assert!(filled(&trial).contains(&("email", 100)), "{trial}");
    // What people's records hold is in no log, however much is logged.
    let mut command = home.command(&["test", "jumpcloud", "users"]);
    let logged = crate::home::ended(command.env("TENURE_LOG", "trace").spawn().unwrap()).with(0);
    let sample = trial["columns"]
        .as_array()
        .unwrap()
        .iter()
        .find(|column| column["path"] == "email")
        .unwrap();
    assert!(
        !logged.err.contains(sample["sample"].as_str().unwrap()),
        "{}",
        logged.err
    );
}

#[test]
fn atera_says_how_many_there_are_and_goes_on_by_page() {
    let (sim, _runtime) = running(Atera::start(AteraOptions::new(population(), KEY)));
    let url = sim.unwrap().url();
    let endpoints = format!(
        "  - {{ name: contacts, url: {url}/api/v3/contacts, query: {{ itemsInPage: 10 }}, records: '$.items[*]', \
         total: $.totalItemCount, repeat: {{ page: {{ parameter: page }} }} }}\n"
    );
    let key = "{ type: api_key, key: X-API-KEY, add_to: header, value: \"{{ secret('key') }}\" }";
    let home = home(application("atera", key, &endpoints));
    let trial = home.json(0, &["test", "atera", "contacts", "--json"]);
    assert_eq!(trial["found"]["records"], 10);
    assert!(trial["found"]["total"].as_u64().unwrap() > 10);
    assert_eq!(trial["found"]["more"]["why"], "the next call has `page` = 2");
    assert_eq!(
        suggested(&trial, "attributes", "givenName"),
        Some("Firstname"),
        "{trial}"
    );
    assert_eq!(suggested(&trial, "attributes", "mail"), Some("Email"));
}

#[test]
fn haloitsm_is_called_with_a_token_that_is_not_shown() {
    let (sim, _runtime) = running(HaloItsm::start(HaloItsmOptions::new(population(), "client", KEY)));
    let url = sim.unwrap().url();
    let endpoints = format!(
        "  - {{ name: users, url: {url}/api/Users, records: '$.users[*]', total: $.record_count }}\n"
    );
    let oauth = format!(
        "{{ type: oauth2, grant: client_credentials, token_url: {url}/auth/token, client_id: client, client_secret: \
         \"{{{{ secret('key') }}}}\", client_authentication: body, scope: [all] }}"
    );
    let home = home(application("haloitsm", &oauth, &endpoints));
    let told = home.run(&["test", "haloitsm", "users", "--json"]).with(0);
    let trial = told.json();
    let shown = json!({ "name": "Authorization", "value": "Bearer …" });
    assert!(
        trial["call"]["request"]["headers"]
            .as_array()
            .unwrap()
            .contains(&shown),
        "{trial}"
    );
    assert!(!told.out.contains(KEY));
    assert_eq!(
        suggested(&trial, "primary_key", "primary_key"),
        Some("id"),
        "{trial}"
    );
    assert_eq!(suggested(&trial, "lifecycle", "active"), Some("not inactive"));
}

#[test]
fn remote_is_called_for_the_first_employment_or_for_one_that_is_given() {
    let token = format!("ra_live_{KEY}");
    let (sim, _runtime) = running(Remote::start(RemoteOptions::new(population(), &token)));
    let url = sim.unwrap().url();
    let endpoints = format!(
        "  - {{ name: employments, url: {url}/v1/employments, records: '$.data.employments[*]' }}\n  \
           - {{ name: employment, url: '{url}/v1/employments/{{{{ record.id }}}}', records: '$.data.employment[*]', \
           for_each: {{ endpoint: employments }} }}\n"
    );
    let home = home(application(
        "remote",
        "{ type: bearer, value: \"ra_live_{{ secret('key') }}\" }",
        &endpoints,
    ));
    let list = home.json(0, &["test", "remote", "employments", "--json"]);
    assert_eq!(list["parent"], Value::Null);
    let first = list["columns"]
        .as_array()
        .unwrap()
        .iter()
        .find(|column| column["path"] == "id")
        .unwrap();
    let first = first["sample"].as_str().unwrap();

    // One employment is an object, and `records` is to be corrected: both calls are shown all the same.
    let trial = home.json(1, &["test", "remote", "employment", "--json"]);
    assert_eq!(trial["parent"]["answer"]["status"], 200);
    assert_eq!(
        trial["call"]["request"]["url"],
        format!("{url}/v1/employments/{first}")
    );
    assert_eq!(trial["call"]["answer"]["status"], 200);
    let said = trial["error"]["said"].as_str().unwrap();
    assert!(said.contains("`$.data.employment[*]` is an object"), "{said}");

    let missing = home.json(
        1,
        &[
            "test",
            "remote",
            "employment",
            "--record",
            r#"{"id": "nobody"}"#,
            "--json",
        ],
    );
    assert_eq!(missing["parent"], Value::Null);
    assert_eq!(missing["call"]["answer"]["status"], 404);
    assert_ne!(missing["error"]["hint"], "");
}

#[test]
fn graph_leads_to_its_next_page() {
    let options = GraphOptions::new(population(), "tenant", "client", KEY);
    let (sim, _runtime) = running(Graph::start(options));
    let url = sim.unwrap().url();
    let endpoints = format!(
        "  - {{ name: users, url: {url}/v1.0/users, query: {{ $top: 10 }}, records: '$.value[*]', \
         repeat: {{ next_link: {{ from: \"$['@odata.nextLink']\" }} }} }}\n"
    );
    let oauth = format!(
        "{{ type: oauth2, grant: client_credentials, token_url: {url}/tenant/oauth2/v2.0/token, client_id: client, \
         client_secret: \"{{{{ secret('key') }}}}\", client_authentication: body, \
         scope: [https://graph.microsoft.com/.default] }}"
    );
    let home = home(application("graph", &oauth, &endpoints));
    let trial = home.json(0, &["test", "graph", "users", "--json"]);
    assert_eq!(trial["found"]["records"], 10);
    let why = trial["found"]["more"]["why"].as_str().unwrap();
    assert!(
        why.starts_with(&format!("the next call is GET {url}/v1.0/users?")),
        "{why}"
    );
    assert_eq!(
        suggested(&trial, "attributes", "userPrincipalName"),
        Some("userPrincipalName")
    );
}

#[test]
fn what_goes_wrong_is_shown_with_request_answer_and_what_to_do() {
    let people = People::with_all_values(3, 1);
    let url = people.url();
    let endpoints = format!(
        "  - {{ name: wrong-place, url: {url}/api/systemusers, records: '$.users[*]' }}\n  \
           - {{ name: no-json, url: {url}/api/systemusers, answer: xml }}\n  \
           - {{ name: absent, url: {url}/api/nothing }}\n  \
           - {{ name: nowhere, url: http://127.0.0.1:9/api }}\n"
    );
    let key = "{ type: api_key, key: x-api-key, add_to: header, value: \"{{ secret('key') }}\" }";
    let home = home(application("crew", key, &endpoints));
    let refused = home.run(&["test", "crew", "wrong-place"]).with(1);
    for part in [
        "x-api-key: …",
        "401 Unauthorized",
        "{\"message\":\"Unauthorized\"}",
        "`tenure secret set key`",
    ] {
        assert!(refused.out.contains(part), "no `{part}` in:\n{}", refused.out);
    }
    home.secret("key", API_KEY);
    let wrong = home.json(1, &["test", "crew", "wrong-place", "--json"]);
    assert!(
        wrong["error"]["said"]
            .as_str()
            .unwrap()
            .contains("nothing at `$.users[*]`"),
        "{}",
        wrong["error"]
    );
    assert!(
        wrong["error"]["hint"]
            .as_str()
            .unwrap()
            .contains("`records: $.results[*]`"),
        "{}",
        wrong["error"]
    );
    assert!(
        wrong["call"]["answer"]["body"]
            .as_str()
            .unwrap()
            .starts_with("{\"totalCount\":3")
    );
    let xml = home.json(1, &["test", "crew", "no-json", "--json"]);
    assert!(
        xml["error"]["said"].as_str().unwrap().contains("json"),
        "{}",
        xml["error"]
    );
    let absent = home.json(1, &["test", "crew", "absent", "--json"]);
    assert_eq!(absent["call"]["answer"]["status"], 404, "{absent}");
    // Without an answer there is the request.
    let nowhere = home.json(1, &["test", "crew", "nowhere", "--json"]);
    assert_eq!(nowhere["call"]["answer"], Value::Null);
    assert_eq!(nowhere["call"]["request"]["url"], "http://127.0.0.1:9/api");
    assert!(
        home.run(&["test", "crew", "other"])
            .with(1)
            .err
            .contains("it has: wrong-place, no-json")
    );
    assert!(
        home.run(&["test", "other", "x"])
            .with(1)
            .err
            .contains("there are: crew")
    );
    let given = home.run(&["test", "crew", "absent", "--record", "{}"]).with(1);
    assert!(given.err.contains("it is called by itself"), "{}", given.err);
}

#[test]
fn a_fixture_is_made_of_somebody_fetched_and_fails_when_the_mapping_changes() {
    let people = People::with_all_values(20, 1);
    let jumpcloud = documents::jumpcloud(&people.url());
    let home = Home::new(&[("jumpcloud.yaml", jumpcloud.clone())]);
    home.secret("jumpcloud", API_KEY);
    let none = home.run(&["test"]).with(0);
    assert!(none.out.contains("There are no fixtures") && none.out.contains("kind: fixture"));
    let unknown = home.run(&["fetch", SOURCE, "--fixture", "E-100003"]).with(1);
    assert!(
        unknown
            .err
            .contains(&format!("fetch it first with `tenure fetch {SOURCE}`")),
        "{}",
        unknown.err
    );
    home.run(&["fetch", SOURCE]).with(0);
    let key = people.active().pop_first().unwrap();
    let fixture = home.run(&["fetch", SOURCE, "--fixture", &key]).with(0).out;
    home.write("fixture.yaml", &fixture);
    home.run(&["check"]).with(0);
    // Nobody is asked: the source is gone, and the mapping is tried all the same.
    drop(people);
    let name = format!("{SOURCE}-{key}");
    let passed = home.run(&["test"]).with(0);
    assert_eq!(passed.out, format!("passed {name} ({SOURCE})\n1 passed\n"));

    home.write(
        "jumpcloud.yaml",
        &with(&jumpcloud, "  givenName: firstname", "  givenName: nickname"),
    );
    let differs = home.run(&["test", "--source", SOURCE]).with(1);
    for part in [
        &*format!("differs {name}"),
        "    givenName\n",
        "found    nothing",
        "the record has no `nickname`",
    ] {
        assert!(differs.out.contains(part), "no `{part}` in:\n{}", differs.out);
    }
    let told = home.json(1, &["test", "--fixture", &name, "--json"]);
    assert_eq!(told["passed"], 0);
    assert_eq!(told["fixtures"][0]["differences"][0]["what"], "givenName");
    assert!(
        home.run(&["test", "--fixture", "other"])
            .with(1)
            .err
            .contains(&name)
    );
    assert!(!home.path().join("tenure.db-wal").exists());
}

#[test]
fn values_that_are_to_be_hidden_are_written_and_not_shown() {
    let people = People::with_all_values(5, 1);
    let hidden = with(
        &documents::jumpcloud(&people.url()),
        "  employeeType: employeeType",
        "  employeeType: { from: costCenter, redact: true }",
    );
    let home = Home::new(&[("jumpcloud.yaml", hidden), ("corp.yaml", documents::local())]);
    home.secret("jumpcloud", API_KEY);
    let value = {
        let trial = home.json(0, &["test", "jumpcloud", "users", "--json"]);
        let columns = trial["columns"].as_array().unwrap().clone();
        let column = columns
            .iter()
            .find(|column| column["path"] == "costCenter")
            .unwrap();
        column["sample"].as_str().unwrap().to_owned()
    };
    let key = people.active().pop_first().unwrap();
    let commands: [&[&str]; 7] = [
        &["fetch", SOURCE],
        &["fetch", SOURCE, "--json"],
        &["run", AUTOMATION, "--yes"],
        &["show", "--all"],
        &["show", "--json"],
        &["person", &key],
        &["person", &key, "--json"],
    ];
    for command in commands {
        let told = home.run(command).with(0);
        assert!(
            !told.out.contains(&value) && !told.err.contains(&value),
            "{command:?}:\n{}",
            told.out
        );
    }
    assert!(home.run(&["show", "--all"]).out.contains("employeeType: …"));
    let written = home.local_accounts(DIRECTORY, LOCAL_BASE, "employeeType");
    assert!(
        written.iter().any(|(written, _)| *written == value),
        "{written:?}"
    );
}
