//! Every way to repeat a call, each against an application that behaves, and against those that do not.

use axum::http::HeaderValue;
use axum::response::Response;
use serde_json::{Value, json};
use tenure_core::seams::{Completeness, SourceTrouble};

use super::application::{App, Call, answer, json_answer};
use super::{complete, fetch};

const ALL: usize = 25;
const SIZE: usize = 10;

/// A way to repeat: how the document says it, and where a call says that its page begins.
struct Kind {
    name: &'static str,
    endpoint: Value,
    begins: fn(&Call) -> usize,
}

fn number(text: Option<&str>) -> usize {
    text.map_or(0, |text| text.trim_start_matches('c').parse().unwrap())
}

pub(super) fn in_query(call: &Call) -> usize {
    number(call.query.get("after").map(String::as_str))
}

fn kinds() -> Vec<Kind> {
    let post = |repeat: Value| json!({ "method": "POST", "body": { "sort": "id" }, "repeat": repeat });
    vec![
        Kind {
            name: "offset",
            endpoint: json!({ "repeat": { "parameter": "skip", "increment": 10, "max_pages": 9 } }),
            begins: Call::skip,
        },
        Kind {
            name: "offset in a header",
            endpoint: json!({ "repeat": { "parameter": "x-skip", "increment": 10, "to": "header", "max_pages": 9 } }),
            begins: |call| call.headers["x-skip"].to_str().unwrap().parse().unwrap(),
        },
        Kind {
            name: "page number",
            endpoint: json!({ "repeat": { "page": { "parameter": "page" }, "max_pages": 9 } }),
            begins: |call| (number(call.query.get("page").map(String::as_str)) - 1) * SIZE,
        },
        Kind {
            name: "page number from 0 in a body",
            endpoint: post(json!({ "page": { "parameter": "$.paging.page", "start": 0 }, "max_pages": 9 })),
            begins: |call| {
                let body: Value = serde_json::from_str(&call.body).unwrap();
                assert_eq!(body["sort"], "id");
                usize::try_from(body["paging"]["page"].as_u64().unwrap()).unwrap() * SIZE
            },
        },
        Kind {
            name: "cursor from the body into the query",
            endpoint: json!({ "repeat": { "cursor": { "from": "$.meta.next", "name": "after" }, "max_pages": 9 } }),
            begins: in_query,
        },
        Kind {
            name: "cursor from the body into the body",
            endpoint: post(
                json!({ "cursor": { "from": "$.meta.next", "name": "$.variables.after" }, "max_pages": 9 }),
            ),
            begins: |call| {
                let body: Value = serde_json::from_str(&call.body).unwrap();
                assert_eq!(body["sort"], "id");
                number(body["variables"]["after"].as_str())
            },
        },
        Kind {
            name: "cursor from the body into the header",
            endpoint: json!({ "repeat": {
                "cursor": { "from": "$.meta.next", "name": "x-after", "to": "header" }, "max_pages": 9
            } }),
            begins: |call| number(call.headers.get("x-after").map(|value| value.to_str().unwrap())),
        },
        Kind {
            name: "cursor from the header into the query of a POST",
            endpoint: post(json!({
                "cursor": { "header": "X-Next", "name": "after", "to": "query" }, "max_pages": 9
            })),
            begins: in_query,
        },
        Kind {
            name: "link in the body",
            endpoint: json!({ "query": { "limit": 10 }, "repeat": {
                "next_link": { "from": "$.links.next" }, "max_pages": 9
            } }),
            begins: in_query,
        },
        Kind {
            name: "link in the header",
            endpoint: json!({ "query": { "limit": 10 }, "repeat": { "next_link": { "header": "Link" }, "max_pages": 9 } }),
            begins: in_query,
        },
    ]
}

/// A page of these records, which says by all means at once that the next one begins there.
fn page_of(records: impl Iterator<Item = usize>, next: Option<usize>, total: Option<usize>) -> Response {
    let records: Vec<_> = records.map(|id| json!({ "_id": id })).collect();
    let link = next.map(|next| format!("/users?limit=10&after=c{next}"));
    let mut body = json!({
        "results": records, "meta": { "next": next.map(|next| format!("c{next}")) },
        "links": { "next": link }, "more": next.is_some()
    });
    if let Some(total) = total {
        body["total"] = json!(total);
    }
    let mut answer = json_answer(&body);
    if let (Some(next), Some(link)) = (next, link) {
        let header = |text: String| HeaderValue::try_from(text).unwrap();
        let headers = answer.headers_mut();
        headers.insert("x-next", header(format!("c{next}")));
        headers.append("link", header("</users>; rel=\"first\"".to_owned()));
        headers.append("link", header(format!("<{link}>; rel=\"next\"")));
    }
    answer
}

pub(super) fn honest(begins: usize, total: Option<usize>) -> Response {
    let ends = ALL.min(begins + SIZE);
    page_of(begins..ends, Some(ends).filter(|ends| *ends < ALL), total)
}

fn why(end: Completeness) -> String {
    match end {
        Completeness::Incomplete { why, .. } => why,
        Completeness::Complete { count } => panic!("complete with {count}"),
    }
}

fn with_total(mut endpoint: Value) -> Value {
    endpoint["total"] = json!("$.total");
    endpoint
}

#[tokio::test]
async fn every_kind_brings_all_records_once_and_in_order() {
    for Kind {
        name,
        endpoint,
        begins,
    } in kinds()
    {
        for total in [None, Some(ALL)] {
            let app = App::start(move |call| honest(begins(call), total)).await;
            let endpoint = match total {
                Some(_) => with_total(endpoint.clone()),
                None => endpoint.clone(),
            };
            let (pages, end) = fetch(&app.source(endpoint)).await;
            assert_eq!(end.unwrap(), complete(25), "{name}");
            let expected: Vec<_> = (0..ALL).map(|id| format!("{{\"_id\":{id}}}")).collect();
            assert!(pages.records().eq(expected.iter()), "{name}");
            let numbered = name.contains("offset") || name.contains("number");
            assert_eq!(app.calls().len(), if numbered { 4 } else { 3 }, "{name}");
        }
    }
}

#[tokio::test]
async fn the_same_page_for_every_call_is_no_progress_of_any_kind() {
    for Kind { name, endpoint, .. } in kinds() {
        let app = App::start(|_| honest(0, None)).await;
        let (pages, end) = fetch(&app.source(endpoint)).await;
        let error = end.unwrap_err();
        assert_eq!(error.kind, SourceTrouble::NoProgress, "{name}: {error}");
        assert_eq!(pages.records().count(), 10, "{name}");
        assert!(
            error.said.starts_with("page 2 has the same records"),
            "{name}: {error}"
        );
        assert!(
            error.hint.contains("takes no notice of"),
            "{name}: {}",
            error.hint
        );
    }
}

#[tokio::test]
async fn pages_that_never_end_are_ended_and_a_cursor_or_link_is_followed_once() {
    for Kind { name, endpoint, .. } in kinds() {
        let app = App::start(|call| page_of(call.place * 10..call.place * 10 + 10, Some(10), None)).await;
        let error = fetch(&app.source(endpoint)).await.1.unwrap_err();
        let (kind, said, calls) = match name {
            "offset" | "offset in a header" | "page number" | "page number from 0 in a body" => {
                (SourceTrouble::Limit, "9 pages came with 90 records", 9)
            }
            _ => (
                SourceTrouble::NoProgress,
                "page 2 leads on to where an earlier page has led",
                2,
            ),
        };
        assert_eq!((error.kind, app.calls().len()), (kind, calls), "{name}: {error}");
        assert!(error.said.starts_with(said), "{name}: {error}");
    }
}

#[tokio::test]
async fn a_page_that_is_too_short_is_missed_where_it_can_be_known() {
    for Kind {
        name,
        endpoint,
        begins,
    } in kinds()
    {
        for total in [None, Some(ALL)] {
            let app = App::start(move |call| match begins(call) {
                10 => page_of(10..14, Some(20), total),
                begins => honest(begins, total),
            })
            .await;
            let endpoint = match total {
                Some(_) => with_total(endpoint.clone()),
                None => endpoint.clone(),
            };
            let (pages, end) = fetch(&app.source(endpoint)).await;
            assert_eq!(pages.records().count(), 19, "{name}");
            match total {
                Some(_) => assert!(
                    why(end.unwrap()).starts_with("`users` says it has 25 records, and 19 came"),
                    "{name}"
                ),
                None if name.contains("offset") => assert!(
                    why(end.unwrap())
                        .starts_with("page 2 of `users` had 4 records where the next one begins 10 further"),
                    "{name}"
                ),
                // The application itself says where its pages begin.
                None => assert_eq!(end.unwrap(), complete(19), "{name}"),
            }
        }
    }
}

#[tokio::test]
async fn a_total_that_shrinks_meanwhile_is_not_trusted_and_one_that_grows_is_met() {
    for Kind {
        name,
        endpoint,
        begins,
    } in kinds()
    {
        let app = App::start(move |call| {
            let begins = begins(call);
            honest(begins, Some(if begins == 0 { ALL + 1 } else { ALL }))
        })
        .await;
        let end = fetch(&app.source(with_total(endpoint.clone()))).await.1.unwrap();
        assert!(
            why(end).contains("the number was 26 at first and 25 at the end"),
            "{name}"
        );

        let app = App::start(move |call| {
            let begins = begins(call);
            honest(begins, Some(if begins == 0 { ALL - 1 } else { ALL }))
        })
        .await;
        let end = fetch(&app.source(with_total(endpoint))).await.1.unwrap();
        assert_eq!(end, complete(25), "{name}");
    }
}

#[tokio::test]
async fn a_failure_on_a_later_page_fails_the_fetch_of_any_kind() {
    for Kind {
        name,
        endpoint,
        begins,
    } in kinds()
    {
        let app = App::start(move |call| match begins(call) {
            10 => answer(200, "application/json", "{\"results\":[{\"_id\":10},{\"_i"),
            begins => honest(begins, None),
        })
        .await;
        let (pages, end) = fetch(&app.source(endpoint)).await;
        assert_eq!(end.unwrap_err().kind, SourceTrouble::Malformed, "{name}");
        assert_eq!(pages.records().count(), 10, "{name}");
    }
}

#[tokio::test]
async fn conditions_say_when_it_ends() {
    let cursor = json!({ "from": "$.meta.next", "name": "after" });
    // Each with how many records come, and in how many calls.
    let cases = [
        (
            json!({ "parameter": "skip", "increment": 10, "until": "page.records | length < 10" }),
            25,
            3,
        ),
        (
            json!({ "parameter": "skip", "increment": 10, "while": "page.answer.more" }),
            25,
            3,
        ),
        (
            json!({ "parameter": "skip", "increment": 10, "until": "page.number == 2" }),
            20,
            2,
        ),
        (json!({ "cursor": cursor, "until": "page.count >= 10" }), 10, 1),
        (json!({ "cursor": cursor, "while": "page.answer.more" }), 25, 3),
        (
            json!({ "cursor": cursor, "until": "page.records | selectattr('_id', 'eq', 15)" }),
            20,
            2,
        ),
        (
            json!({ "next_link": { "header": "link" }, "while": "page.count < 20" }),
            20,
            2,
        ),
    ];
    for (repeat, records, calls) in cases {
        let app = App::start(|call| honest(call.skip() + in_query(call), None)).await;
        let (pages, end) = fetch(&app.source(json!({ "repeat": repeat }))).await;
        assert_eq!(end.unwrap(), complete(records), "{repeat}");
        assert_eq!(
            (pages.records().count() as u64, app.calls().len()),
            (records, calls),
            "{repeat}"
        );
    }
}

#[tokio::test]
async fn more_is_announced_and_does_not_come() {
    let app = App::start(|call| honest(in_query(call), None)).await;
    let lost = json!({ "repeat": {
        "cursor": { "from": "$.meta.cursor", "name": "after" }, "while": "page.answer.more"
    } });
    let error = fetch(&app.source(lost)).await.1.unwrap_err();
    assert_eq!(error.kind, SourceTrouble::Malformed);
    assert_eq!(
        error.said,
        "`while` says that page 1 is not the last, and it has nothing at `$.meta.cursor`"
    );

    let app = App::start(|call| page_of(0..if call.skip() == 0 { 10 } else { 0 }, Some(99), None)).await;
    let endless = json!({ "repeat": { "parameter": "skip", "increment": 10, "while": "page.answer.more" } });
    let error = fetch(&app.source(endless)).await.1.unwrap_err();
    assert_eq!((error.kind, app.calls().len()), (SourceTrouble::NoProgress, 3));
    assert_eq!(
        error.said,
        "pages 2 and 3 have no records, and `while` still holds"
    );
}

#[tokio::test]
async fn a_page_without_records_ends_nothing_while_a_cursor_leads_on() {
    let app = App::start(|call| match in_query(call) {
        10 => page_of(0..0, Some(20), None),
        begins => honest(begins, None),
    })
    .await;
    let endpoint = json!({ "repeat": { "cursor": { "from": "$.meta.next", "name": "after" } } });
    assert_eq!(fetch(&app.source(endpoint)).await.1.unwrap(), complete(15));
    assert_eq!(app.calls().len(), 3);
}
