//! Every simulated vendor, misbehaving in every way: a fetch brings everybody, or an error that says what is wrong, and
//! never a part that is taken for the whole.

use std::time::Duration;

use serde_json::{Value, json};
use tenure_core::document::Application;
use tenure_core::seams::{Completeness, SourceError, SourceTrouble};
use tenure_sim::faults::AnswerFault;
use tenure_sim::{
    Atera, AteraOptions, Faults, Graph, GraphOptions, HaloItsm, HaloItsmOptions, JumpCloud, JumpCloudOptions,
    Mess, Population, PopulationOptions, Remote, RemoteOptions,
};

use super::application::{KEY, source_with};
use super::fetch;

/// Several pages of every vendor.
const PEOPLE: usize = 230;

/// One vendor: its application, how faults are set, and how many requests came.
struct Vendor {
    name: &'static str,
    application: Value,
    faults: Box<dyn Fn(Faults)>,
    requests: Box<dyn Fn() -> u64>,
}

macro_rules! vendor {
    ($name:literal, $sim:expr, |$url:ident| $application:expr) => {{
        let sim = std::sync::Arc::new($sim.await.unwrap());
        let (setting, counting) = (std::sync::Arc::clone(&sim), std::sync::Arc::clone(&sim));
        let $url = sim.url();
        Vendor {
            name: $name,
            application: $application,
            faults: Box::new(move |faults| setting.faults(faults)),
            requests: Box::new(move || counting.requests()),
        }
    }};
}

fn people() -> Population {
    Population::with_options(PopulationOptions {
        people: PEOPLE,
        mess: Mess::None,
        ..PopulationOptions::default()
    })
}

fn key() -> Value {
    json!({ "type": "api_key", "key": "x-api-key", "value": "{{ secret('crew') }}" })
}

fn client(token_url: &str, scope: &str) -> Value {
    json!({
        "type": "oauth2", "grant": "client_credentials", "client_authentication": "body", "client_id": "tenure",
        "client_secret": "{{ secret('crew') }}", "scope": [scope], "token_url": token_url
    })
}

/// An application of one endpoint.
fn one(authorization: &Value, endpoint: &Value) -> Value {
    json!({ "name": "crew", "private_addresses": "allowed", "authorization": authorization, "endpoints": [endpoint] })
}

async fn vendors() -> [Vendor; 5] {
    let live = "ra_live_k3y";
    [
        vendor!(
            "JumpCloud",
            JumpCloud::start(JumpCloudOptions::new(people(), KEY)),
            |url| one(
                &key(),
                &json!({
                    "name": "users", "url": format!("{url}/api/systemusers"), "query": { "limit": 100, "sort": "_id" },
                    "records": "$.results[*]", "total": "$.totalCount",
                    "repeat": { "parameter": "skip", "increment": 100, "until": "page.records | length == 0" }
                })
            )
        ),
        vendor!(
            "Atera",
            Atera::start(AteraOptions::new(people(), KEY)),
            |url| one(
                &key(),
                &json!({
                    "name": "users", "url": format!("{url}/api/v3/contacts"), "query": { "itemsInPage": 50 },
                    "records": "$.items[*]", "total": "$.totalItemCount",
                    "repeat": { "page": { "parameter": "page" }, "until": "page.records | length == 0" }
                })
            )
        ),
        vendor!(
            "HaloITSM",
            HaloItsm::start(HaloItsmOptions::new(people(), "tenure", KEY)),
            |url| one(
                &client(&format!("{url}/auth/token"), "all"),
                &json!({
                    "name": "users", "url": format!("{url}/api/Users"),
                    "query": { "pageinate": "true", "page_size": 100 },
                    "records": "$.users[*]", "total": "$.record_count",
                    "repeat": { "page": { "parameter": "page_no" }, "until": "page.records | length == 0" }
                })
            )
        ),
        vendor!(
            "Remote",
            Remote::start(RemoteOptions::new(people(), live)),
            |url| one(
                &json!({ "type": "bearer", "value": live }),
                &json!({
                    "name": "users", "url": format!("{url}/v1/employments"), "query": { "page_size": 50 },
                    "records": "$.data.employments[*]", "total": "$.data.total_count",
                    "repeat": { "page": { "parameter": "page" }, "until": "page.number >= page.answer.data.total_pages" }
                })
            )
        ),
        vendor!(
            "Graph",
            Graph::start(GraphOptions::new(people(), "the-tenant", "tenure", KEY)),
            |url| one(
                &client(
                    &format!("{url}/the-tenant/oauth2/v2.0/token"),
                    "https://graph.microsoft.com/.default"
                ),
                &json!({
                    "name": "users", "url": format!("{url}/v1.0/users"), "query": { "$top": 100 },
                    "records": "$.value[*]", "repeat": { "next_link": { "from": "$['@odata.nextLink']" } }
                })
            )
        ),
    ]
}

/// What a fetch comes to while something goes wrong.
#[derive(Clone, Copy)]
enum Outcome {
    /// Everybody comes all the same.
    Everybody,
    /// It fails, in this way and with these words.
    Fails(SourceTrouble, &'static str),
}

struct Case {
    name: &'static str,
    fault: AnswerFault,
    times: Option<u32>,
    outcome: Outcome,
}

fn cases() -> Vec<Case> {
    use Outcome::{Everybody, Fails};
    use SourceTrouble::{Limit, Malformed, Refused, Unreachable};
    let passing = |name, fault| Case {
        name,
        fault,
        times: Some(1),
        outcome: Everybody,
    };
    let lasting = |name, fault, kind, said| Case {
        name,
        fault,
        times: None,
        outcome: Fails(kind, said),
    };
    let busy = |retry_after| AnswerFault::TooManyRequests { retry_after };
    vec![
        passing("500, then fine", AnswerFault::ServerError {}),
        passing("429 once", busy(None)),
        passing("cut in the body, then fine", AnswerFault::CutConnection {}),
        passing("silence in the body, then fine", AnswerFault::Stall {}),
        lasting(
            "500",
            AnswerFault::ServerError {},
            Refused,
            "500 Internal Server Error",
        ),
        // The wait is longer than the time allowed here, which is told instead of waited for.
        lasting(
            "429 with Retry-After",
            busy(Some(2)),
            Unreachable,
            "it asks to wait 2",
        ),
        lasting(
            "cut in the body",
            AnswerFault::CutConnection {},
            Unreachable,
            "cut off",
        ),
        lasting(
            "silence in the body",
            AnswerFault::Stall {},
            Unreachable,
            "nothing came within",
        ),
        lasting(
            "JSON without its end",
            AnswerFault::TruncatedJson {},
            Malformed,
            "it is not JSON",
        ),
        lasting(
            "a page to sign in",
            AnswerFault::SignInPage {},
            Malformed,
            "it begins: <!DOCTYPE html>",
        ),
        lasting("no text", AnswerFault::InvalidUtf8 {}, Malformed, "UTF-8"),
        lasting(
            "300 MiB",
            AnswerFault::Huge { mib: 300 },
            Limit,
            "larger than the limit of 1 MiB",
        ),
        lasting(
            "a gzip bomb",
            AnswerFault::GzipBomb { mib: 2000 },
            Limit,
            "larger than the limit of 1 MiB",
        ),
    ]
}

/// Checks what a fetch came to.
fn check(
    what: &str,
    outcome: Outcome,
    records: usize,
    people: usize,
    end: Result<Completeness, SourceError>,
) {
    match (outcome, end) {
        (Outcome::Everybody, end) => {
            let end = end.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!((end, records), (super::complete(people as u64), people), "{what}");
        }
        (Outcome::Fails(..), Ok(end)) => panic!("{what}: {end:?} with {records} records"),
        (Outcome::Fails(kind, said), Err(error)) => {
            assert_eq!(error.kind, kind, "{what}: {error}");
            assert!(error.said.contains(said), "{what}: {error}");
            assert!(
                !error.hint.is_empty() && !error.to_string().contains(KEY),
                "{what}: {error}"
            );
            assert!(records < people, "{what}: all {records} came");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_brings_everybody_or_fails_and_says_why() {
    for vendor in vendors().await {
        let application: Application = serde_json::from_value(vendor.application.clone()).unwrap();
        let of = |change: &dyn Fn(&mut crate::http::HttpOptions)| {
            source_with(&application, |options| {
                options.retries.times = 1;
                options.response_bytes = 1 << 20;
                change(options);
            })
        };
        let usual = of(&|_| {}).unwrap();
        let (pages, end) = fetch(&usual).await;
        let people = pages.records().count();
        check(vendor.name, Outcome::Everybody, people, people, end);
        assert!(people >= 200, "{}: {people} people", vendor.name);
        for case in cases() {
            // On the first page, and on a later one.
            for after in [0, 2] {
                let what = format!("{}, {} after {after}", vendor.name, case.name);
                let short = of(&|options| match case.fault {
                    AnswerFault::Stall {} => options.read_timeout = Duration::from_millis(400),
                    AnswerFault::TooManyRequests { retry_after: Some(_) } => {
                        options.total_time = Duration::from_millis(1900);
                    }
                    _ => {}
                })
                .unwrap();
                // The token is there before anything goes wrong.
                short.ready().await.unwrap();
                (vendor.faults)(Faults {
                    answer: Some(case.fault.clone()),
                    times: case.times,
                    after,
                    ..Faults::default()
                });
                let before = (vendor.requests)();
                let (pages, end) = fetch(&short).await;
                check(&what, case.outcome, pages.records().count(), people, end);
                assert!(
                    (vendor.requests)() > before + u64::from(after),
                    "{what}: nothing went wrong"
                );
                (vendor.faults)(Faults::default());
            }
        }
    }
}
