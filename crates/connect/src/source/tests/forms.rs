//! What is sent and what comes back: JSON, forms, XML and texts; tables, and all of it compressed.

use std::io::Write;

use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tenure_core::seams::SourceTrouble;

use super::application::{App, KEY, answer, application, json_answer, page, source};
use super::xml::xml;
use super::{complete, fetch};

fn zipped(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn bytes(kind: &str, encoding: Option<&str>, body: Vec<u8>) -> Response {
    let mut response = Response::builder().status(200).header("content-type", kind);
    if let Some(encoding) = encoding {
        response = response.header("content-encoding", encoding);
    }
    response.body(body.into()).unwrap()
}

/// The records that an endpoint gives for one answer, and the error when there is one.
pub(super) async fn records(
    endpoint: &Value,
    answers: impl Fn() -> Response + Send + Sync + 'static,
) -> Result<Vec<Value>, String> {
    let app = App::start(move |_| answers()).await;
    let (pages, end) = fetch(&app.source(endpoint.clone())).await;
    let records: Vec<_> = pages
        .records()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    match end {
        Ok(end) => {
            assert_eq!(end, complete(records.len() as u64));
            Ok(records)
        }
        Err(error) => {
            assert!(records.is_empty(), "{error}");
            Err(format!(
                "{}: {}",
                if error.kind == SourceTrouble::Limit {
                    "limit"
                } else {
                    "error"
                },
                error.said
            ))
        }
    }
}

#[tokio::test]
async fn every_kind_of_message_is_sent_as_its_receivers_read_it() {
    let cases = [
        (json!({ "message": "none" }), "", ""),
        (
            json!({ "body": { "a": ["{{ 'x' }}", 1] } }),
            "application/json",
            "{\"a\":[\"x\",1]}",
        ),
        (
            json!({ "message": "form", "body": { "a b": "x&y", "key": "{{ secret('crew') }}", "list": [1, true], "no": null } }),
            "application/x-www-form-urlencoded",
            "a+b=x%26y&key=k3y-of-the%2Fcrew&list=1&list=true&no=",
        ),
        (
            json!({ "message": "xml", "body": "<find key=\"{{ secret('crew') }}\"/>" }),
            "application/xml; charset=utf-8",
            "<find key=\"k3y-of-the/crew\"/>",
        ),
        (
            json!({ "message": "soap", "body": "<GetPeople/>\n" }),
            "text/xml; charset=utf-8",
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<soap:Envelope \
             xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><GetPeople/></soap:Body></soap:Envelope>",
        ),
        (
            json!({ "message": "text", "body": "select\n*" }),
            "text/plain; charset=utf-8",
            "select\n*",
        ),
    ];
    for (mut endpoint, kind, body) in cases {
        let app = App::start(|call| answer(400, "text/plain", call.body.clone())).await;
        endpoint["method"] = json!("POST");
        let error = fetch(&app.source(endpoint.clone())).await.1.unwrap_err();
        let call = &app.calls()[0];
        let sent = call
            .headers
            .get("content-type")
            .map_or("", |kind| kind.to_str().unwrap());
        assert_eq!((call.body.as_str(), sent), (body, kind), "{endpoint}");
        assert_eq!(
            call.headers.contains_key("soapaction"),
            endpoint["message"] == "soap"
        );
        let all = format!("{error:?}");
        assert!(!all.contains(KEY) && !all.contains("k3y-of-the%2F"), "{all}");
    }
}

#[tokio::test]
async fn a_form_carries_the_number_of_its_page() {
    let app = App::start(|call| {
        let skip = call
            .body
            .strip_prefix("skip=")
            .and_then(|rest| rest.strip_suffix("&state=on"))
            .unwrap();
        page(skip.parse().unwrap(), 10, 15)
    })
    .await;
    let endpoint = json!({
        "method": "POST", "message": "form", "body": { "state": "on" }, "total": "$.totalCount",
        "repeat": { "parameter": "skip", "increment": 10 }
    });
    assert_eq!(fetch(&app.source(endpoint)).await.1.unwrap(), complete(15));
}

#[test]
fn messages_that_make_no_sense_are_refused() {
    let cases = [
        (
            json!({ "message": "form", "method": "POST", "body": { "a": { "b": 1 } } }),
            "is not a form",
        ),
        (
            json!({ "message": "xml", "method": "POST", "body": { "a": 1 } }),
            "is not a text",
        ),
        (json!({ "message": "soap", "method": "POST" }), "is not a text"),
        (json!({ "message": "form" }), "write `method: POST`"),
    ];
    for (endpoint, said) in cases {
        let error = source(&application("http://crew.example", endpoint)).unwrap_err();
        assert!(error.said.contains(said), "{error}");
    }
}

#[tokio::test]
async fn a_page_to_sign_in_is_no_records() {
    for endpoint in [
        xml("$.html.body[*]"),
        json!({ "answer": "csv", "records": "$[*]" }),
    ] {
        let sign_in = || {
            answer(
                200,
                "text/html; charset=utf-8",
                "<html><body>Sign in</body></html>",
            )
        };
        let error = records(&endpoint, sign_in).await.unwrap_err();
        assert!(error.contains("it is `text/html`, not "), "{error}");
    }
    let disguised = || answer(200, "text/csv", "\n<!doctype html>\n<html>");
    let error = records(&json!({ "answer": "csv", "records": "$[*]" }), disguised)
        .await
        .unwrap_err();
    assert!(error.contains("it begins like HTML or XML"), "{error}");
}

#[tokio::test]
async fn tables_are_read_in_their_encoding() {
    let mut endpoint = json!({ "answer": "csv", "records": "$[*]", "csv": { "separator": ";" } });
    let text = b"id;name\n1;M\xfcller\n";
    let wanted = [json!({ "id": "1", "name": "Müller" })];
    let by_kind = records(&endpoint, move || {
        bytes("text/csv; charset=windows-1252", None, text.to_vec())
    })
    .await;
    assert_eq!(by_kind.unwrap(), wanted);
    let error = records(&endpoint, move || bytes("text/csv", None, text.to_vec()))
        .await
        .unwrap_err();
    assert!(error.contains("it is not UTF-8"), "{error}");
    endpoint["csv"]["encoding"] = json!("latin1");
    assert_eq!(
        records(&endpoint, move || bytes("text/csv", None, text.to_vec()))
            .await
            .unwrap(),
        wanted
    );
    endpoint["csv"]["columns"] = json!(["a", "b"]);
    assert_eq!(
        records(&endpoint, move || bytes("text/csv", None, text.to_vec()))
            .await
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn tables_come_in_pages_too() {
    let app = App::start(|call| {
        let first: usize = call.query["page"].parse::<usize>().unwrap() * 2 - 1;
        let lines: Vec<_> = (first..=5.min(first + 1)).map(|id| format!("{id}\r\n")).collect();
        answer(200, "text/csv", format!("id\r\n{}", lines.concat()))
    })
    .await;
    let endpoint =
        json!({ "answer": "csv", "records": "$[*]", "repeat": { "page": { "parameter": "page" } } });
    let (pages, end) = fetch(&app.source(endpoint)).await;
    assert_eq!((end.unwrap(), app.calls().len()), (complete(5), 4));
    assert!(
        pages.records().eq((1..=5)
            .map(|id| format!("{{\"id\":\"{id}\"}}"))
            .collect::<Vec<_>>()
            .iter())
    );
}

#[tokio::test]
async fn compressed_answers_are_read_whether_on_the_way_or_as_files() {
    let text = b"id,name\n1,Ada\n";
    let endpoint = json!({ "answer": "csv", "records": "$[*]" });
    for (kind, encoding) in [("text/csv", Some("gzip")), ("application/gzip", None)] {
        let found = records(&endpoint, move || bytes(kind, encoding, zipped(text))).await;
        assert_eq!(found.unwrap(), [json!({ "id": "1", "name": "Ada" })]);
    }
    // Cut, as a file and on the way.
    let cut = |encoding: Option<&'static str>| {
        move || {
            let mut body = zipped(&text.repeat(100));
            body.truncate(body.len() - 10);
            bytes("text/csv", encoding, body)
        }
    };
    assert!(
        records(&endpoint, cut(None))
            .await
            .unwrap_err()
            .contains("it cannot be decompressed")
    );
    assert!(records(&endpoint, cut(Some("gzip"))).await.is_err());
}

#[tokio::test]
async fn answers_that_grow_out_of_all_proportion_are_given_up() {
    let bomb = zipped(&vec![b' '; 100 << 20]);
    assert!(bomb.len() < 1 << 20);
    let json = zipped(b"{\"results\":[]}");
    for encoding in [Some("gzip"), None] {
        let (bomb, json) = (bomb.clone(), json.clone());
        let app = App::start(move |call| {
            if call.query.contains_key("bomb") {
                bytes("application/json", encoding, bomb.clone())
            } else {
                bytes("application/json", encoding, json.clone())
            }
        })
        .await;
        assert_eq!(fetch(&app.source(json!({}))).await.1.unwrap(), complete(0));
        let error = fetch(&app.source(json!({ "query": { "bomb": 1 } })))
            .await
            .1
            .unwrap_err();
        assert_eq!(error.kind, SourceTrouble::Limit, "{error}");
        assert!(
            error.said.contains("64 MiB") && error.hint.contains("response_mib"),
            "{error}"
        );
    }
    // A table whose columns have very long names.
    let wide = format!("{}\n{}", "n".repeat(1 << 20), "1\n".repeat(1000));
    let app = App::start(move |_| answer(200, "text/csv", wide.clone())).await;
    let error = fetch(&app.source(json!({ "answer": "csv", "records": "$[*]" })))
        .await
        .1
        .unwrap_err();
    assert_eq!(error.kind, SourceTrouble::Limit, "{error}");
}

#[tokio::test]
async fn three_hundred_mebibytes_are_not_read() {
    use axum::body::Body;
    // They come piece by piece, and would never be in memory at once here either.
    let app = App::start(|_| {
        let piece = bytes::Bytes::from(vec![b' '; 1 << 20]);
        let pieces =
            futures_util::stream::iter((0..300).map(move |_| Ok::<_, std::io::Error>(piece.clone())));
        Response::builder()
            .header("content-type", "application/json")
            .body(Body::from_stream(pieces))
            .unwrap()
    })
    .await;
    let error = fetch(&app.source(json!({}))).await.1.unwrap_err();
    assert_eq!(error.kind, SourceTrouble::Limit);
    assert_eq!(error.said, "the answer is larger than the limit of 64 MiB");
}

#[tokio::test]
async fn text_that_is_no_utf_8_is_refused() {
    let endpoint = json!({});
    let body = b"{\"results\":[{\"n\":\"\xff\"}]}";
    let error = records(&endpoint, move || bytes("application/json", None, body.to_vec()))
        .await
        .unwrap_err();
    assert!(error.contains("it is not UTF-8 from byte"), "{error}");
}

#[tokio::test]
async fn json_that_calls_itself_something_else_is_still_json() {
    let found = records(&json!({}), || {
        answer(200, "text/plain", json!({ "results": [{ "a": 1 }] }).to_string())
    })
    .await;
    assert_eq!(found.unwrap(), [json!({ "a": 1 })]);
    let app = App::start(|_| json_answer(&json!({ "results": [] }))).await;
    let error = fetch(&app.source(xml("$.a.b[*]"))).await.1.unwrap_err();
    assert!(
        error.said.contains("it is `application/json`, not XML"),
        "{error}"
    );
    assert_eq!(app.calls()[0].headers["accept"], "application/xml, text/xml");
}
