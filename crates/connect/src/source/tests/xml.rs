//! Answers in XML.

use serde_json::{Value, json};

use super::application::{App, answer};
use super::forms::{bytes, records};
use super::{complete, fetch};

/// An endpoint that answers so.
pub(super) fn xml(records: &str) -> Value {
    json!({ "answer": "xml", "records": records })
}

#[tokio::test]
async fn xml_is_read_as_records() {
    let text = r#"<?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE people>
        <w:people xmlns:w="urn:w" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" total="3">
          <w:person id="1" w:since="2020"><name>Ada &amp; &#x42;ob</name><phone>1</phone><phone kind="work">2</phone></w:person>
          <!-- the second --><w:person><name><![CDATA[<b>]]>!</name><manager xsi:nil="true"/><unit xsi:type="x">IT</unit><note/></w:person>
          <w:person>just a text</w:person>
        </w:people>"#;
    let found = records(&xml("$.people.person[*]"), move || {
        answer(200, "text/xml; charset=utf-8", text)
    })
    .await;
    assert_eq!(
        found.unwrap(),
        [
            json!({ "@id": "1", "@since": "2020", "name": "Ada & Bob", "phone": ["1", { "@kind": "work", "#text": "2" }] }),
            json!({ "name": "<b>!", "manager": null, "unit": "IT", "note": "" }),
            json!({ "#text": "just a text" }),
        ]
    );
}

#[tokio::test]
async fn xml_in_another_encoding_is_read() {
    let text = b"<?xml version='1.0' encoding='ISO-8859-1'?><a><p><n>M\xfcller</n></p></a>";
    let found = records(&xml("$.a.p[*]"), move || {
        bytes("application/xml", None, text.to_vec())
    })
    .await;
    assert_eq!(found.unwrap(), [json!({ "n": "Müller" })]);
    let text = b"<a><p><n>M\xfcller</n></p></a>";
    let found = records(&xml("$.a.p[*]"), move || {
        bytes("application/xml", None, text.to_vec())
    })
    .await;
    assert!(found.unwrap_err().contains("it is not UTF-8"));
}

#[tokio::test]
async fn xml_says_its_total_and_its_next_page() {
    let app = App::start(|call| {
        let body = match call.query.get("after").map(String::as_str) {
            None => "<r><total>3</total><p><id>1</id></p><p><id>2</id></p><next a=\"b\">x</next><more>true</more></r>",
            Some("x") => "<r><total>3</total><p><id>3</id></p><next/><more>false</more></r>",
            Some(other) => panic!("{other}"),
        };
        answer(200, "application/soap+xml", body)
    })
    .await;
    for condition in [
        json!(null),
        json!("page.answer.r.more == 'true'"),
        json!("page.records | length == 2"),
    ] {
        let mut endpoint = xml("$.r.p[*]");
        endpoint["total"] = json!("$.r.total");
        endpoint["repeat"] = json!({ "cursor": { "from": "$.r.next", "name": "after" } });
        if !condition.is_null() {
            endpoint["repeat"]["while"] = condition;
        }
        let (pages, end) = fetch(&app.source(endpoint)).await;
        assert_eq!(end.unwrap(), complete(3));
        assert!(
            pages
                .records()
                .eq(["{\"id\":\"1\"}", "{\"id\":\"2\"}", "{\"id\":\"3\"}"])
        );
    }
}

#[tokio::test]
async fn nobody_in_xml_is_nobody_and_a_wrong_path_is_an_error() {
    for nobody in ["<r><list/></r>", "<r><list count=\"0\"><page>1</page></list></r>"] {
        let found = records(&xml("$.r.list.p[*]"), move || answer(200, "text/xml", nobody)).await;
        assert!(found.unwrap().is_empty(), "{nobody}");
    }
    let cases = [
        (
            "<r><list><q><id>1</id></q></list></r>",
            "it has nothing at `$.r.list.p[*]`, only `q`",
        ),
        (
            "<r><q>1</q><q>2</q></r>",
            "it has nothing at `$.r.list.p[*]`, only `r.q`",
        ),
        ("<s/>", "it has nothing at `$.r.list.p[*]`, only `s`"),
    ];
    for (text, said) in cases {
        let error = records(&xml("$.r.list.p[*]"), move || answer(200, "text/xml", text))
            .await
            .unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

#[tokio::test]
async fn damaged_xml_is_never_taken_for_whole() {
    let whole = "<r a=\"1\"><p><id>1</id></p><p><id>&lt;</id></p></r>";
    for length in 0..whole.len() {
        let error = records(&xml("$.r.p[*]"), move || {
            answer(200, "text/xml", &whole[..length])
        })
        .await
        .unwrap_err();
        assert!(error.contains("it is not XML"), "{length}: {error}");
    }
    let cases = [
        ("<r><p>1</q></r>".to_owned(), "it is not XML"),
        (
            "<r><p>1</p></r><r><p>1</p></r>".to_owned(),
            "more than one outermost element",
        ),
        ("<r><p>&lol;</p></r>".to_owned(), "`&lol;` is not known"),
        ("<r><p a=1/></r>".to_owned(), "it is not XML"),
        (format!("<r>{}", "<p>".repeat(1000)), "more than 128 deep"),
        (
            format!("<r>{}</r>", "<q/>".repeat(200_001)),
            "values beside its records",
        ),
    ];
    for (text, said) in cases {
        let error = records(&xml("$.r.p[*]"), move || answer(200, "text/xml", text.clone()))
            .await
            .unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}
