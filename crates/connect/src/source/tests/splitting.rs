//! Splitting answers, against a reader that reads all of them.

use proptest::prelude::*;
use serde_json::{Value, json};

use bytes::Bytes;
use tenure_core::document::AnswerFormat;

use crate::source::answer::{self, Shape};
use crate::source::path::MemberPath;
use crate::source::split::{Layout, SplitError, split};

fn layout(records: &str, total: Option<&str>) -> Layout {
    Layout {
        records: MemberPath::of_records(records).unwrap(),
        total: total.map(|total| MemberPath::of_value(total).unwrap()),
        next: None,
        delta: None,
    }
}

/// Records at `<a><b>`.
fn shape(format: AnswerFormat) -> Shape {
    let records = if format == AnswerFormat::Xml {
        "$.a.b[*]"
    } else {
        "$[*]"
    };
    Shape {
        format,
        csv: None,
        layout: layout(records, None),
        keeps_answer: true,
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let plain = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    plain.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(".{0,5}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

#[test]
fn a_single_record_is_one_object() {
    let answer = br#"{"data": {"person": {"id": 7, "next": [1]}, "n": 1}}"#;
    let contents = split(answer, &layout("$.data.person", None)).unwrap();
    let found: Vec<_> = contents
        .records
        .iter()
        .map(|range| &answer[range.start as usize..range.end as usize])
        .collect();
    assert_eq!(found, [br#"{"id": 7, "next": [1]}"#]);
    let whole = split(answer, &layout("$", None)).unwrap();
    assert_eq!((whole.records[0].start, whole.records[0].end), (0, 52));
    let no_record = |answer: &str| {
        split(answer.as_bytes(), &layout("$.a", None))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        no_record(r#"{"a": [{}]}"#),
        "`$.a` is a list, not one record; a list of them is written `$.a[*]`"
    );
    assert!(no_record(r#"{"a": null}"#).starts_with("`$.a` is null, not one record"));
    assert!(no_record(r#"{"b": {}}"#).starts_with("it has nothing at `$.a`"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_is_found_where_a_full_reader_finds_it(
        records in prop::collection::vec(any_json(), 0..8),
        around in prop::collection::vec((".{1,5}", any_json()), 0..4),
        total in any::<u32>(),
        pretty in any::<bool>(),
    ) {
        let mut answer = json!({ "meta": { "total": total }, "data": { "people": records } });
        for (name, value) in around {
            if let Some(data) = answer["data"].as_object_mut().filter(|_| name != "people") {
                data.insert(name, value);
            }
        }
        let text = if pretty { serde_json::to_string_pretty(&answer).unwrap() } else { answer.to_string() };
        let contents = split(text.as_bytes(), &layout("$.data.people[*]", Some("$.meta.total"))).unwrap();
        let found: Vec<Value> = contents
            .records
            .iter()
            .map(|range| serde_json::from_str(&text[range.start as usize..range.end as usize]).unwrap())
            .collect();
        let whole: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&Value::from(found), &whole["data"]["people"]);
        prop_assert_eq!(contents.total, Some(u64::from(total)));
    }

    #[test]
    fn an_answer_that_is_cut_anywhere_is_never_taken_for_whole(
        records in prop::collection::vec(any_json(), 1..5),
        cut in any::<prop::sample::Index>(),
    ) {
        let text = json!({ "results": records }).to_string();
        let layout = layout("$.results[*]", None);
        prop_assert!(split(text.as_bytes(), &layout).is_ok());
        prop_assert!(split(&text.as_bytes()[..cut.index(text.len())], &layout).is_err());
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = split(&bytes, &layout("$[*]", Some("$.total")));
        for format in [AnswerFormat::Xml, AnswerFormat::Csv] {
            let _ = answer::read(Bytes::from(bytes.clone()), "", &shape(format), 1 << 20);
        }
    }

    #[test]
    fn whatever_is_found_in_any_text_is_an_object(text in "(<a|<b>|</a>|</b>|<b/>|>|/>| c=\"|[\"';,x \n\\\\]|&amp;|&|]]>|<!\\[CDATA\\[|<!--|-->){0,24}") {
        for (format, text) in [(AnswerFormat::Xml, format!("<a>{text}</a>")), (AnswerFormat::Csv, format!("a,b\n{text}"))] {
            let body = Bytes::from(text);
            if let Ok(found) = answer::read(body, "", &shape(format), 1 << 20) {
                for range in found.contents.records {
                    let record = &found.body[range.start as usize..range.end as usize];
                    prop_assert!(serde_json::from_slice::<Value>(record).unwrap().is_object());
                }
            }
        }
    }
}

#[test]
fn the_number_of_all_records_is_read_as_number_or_text_and_as_nothing_else() {
    let read = |total: &str| {
        let text = format!("{{\"total\":{total},\"list\":[1]}}");
        split(text.as_bytes(), &layout("$.list[*]", Some("$.total"))).map(|contents| contents.total)
    };
    assert_eq!(read("12"), Ok(Some(12)));
    assert_eq!(read("\"12\""), Ok(Some(12)));
    for (wrong, kind) in [
        ("-1", "a number below zero"),
        ("{}", "an object"),
        ("[1]", "a list"),
        ("true", "true or false"),
    ] {
        assert_eq!(
            read(wrong),
            Err(SplitError::NoNumber {
                path: "$.total".to_owned(),
                kind
            })
        );
    }
}

#[test]
fn what_is_no_text_and_what_follows_the_end_are_refused() {
    assert_eq!(
        split(b"[\"\xff\"]", &layout("$[*]", None)),
        Err(SplitError::Encoding { at: 2 })
    );
    assert!(matches!(
        split(b"[1] [2]", &layout("$[*]", None)),
        Err(SplitError::Json { .. })
    ));
}
