//! Texts that nobody would write, or only to do harm.

use proptest::prelude::*;

use super::super::{check, kinds};
use super::examples::TYPICAL;
use super::{lines, loaded};

/// The one error of a text, without the documents.
fn only_error(text: &str) -> String {
    let (documents, errors) = loaded(text);
    assert!(documents.is_empty());
    lines(&errors)
}

#[test]
fn texts_that_are_too_large_are_refused() {
    let long = only_error(&"x".repeat((4 << 20) + 1));
    assert!(
        long.contains("a text of 4194305 bytes; a file may have up to 4 MiB"),
        "{long}"
    );
    let deep = only_error(&"[".repeat(100_000));
    assert!(deep.contains("nested deeper than 64"), "{deep}");
    let indented: Vec<_> = (0..1_000)
        .map(|depth| format!("{}a:", " ".repeat(depth)))
        .collect();
    let indented = only_error(&indented.join("\n"));
    assert!(indented.contains("nested deeper than 64"), "{indented}");
}

#[test]
fn aliases_cannot_multiply_without_end() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let below = level - 1;
        let items = vec![format!("*a{below}"); 10].join(", ");
        text = format!("{text}a{level}: &a{level} [{items}]\n");
    }
    let error = only_error(&text);
    assert!(error.contains("more than 500000 values"), "{error}");
}

#[test]
fn aliases_repeat_what_they_stand_for() {
    let documents = super::good("kind: lookup\nname: a\nvalues: { x: &ou OU=A, y: *ou }\n");
    assert_eq!(documents.lookup("a").unwrap().values["y"].0, "OU=A");
}

#[test]
fn empty_files_and_documents_are_nothing() {
    for text in ["", "\n", "# only a comment\n", "---\n---\n", "\u{feff}"] {
        let (documents, errors) = loaded(text);
        assert!(
            documents.is_empty() && errors.is_empty(),
            "{text:?}: {}",
            lines(&errors)
        );
    }
}

/// Loads and checks, and throws away what comes.
fn survives(text: &str) {
    let (documents, errors) = loaded(text);
    for error in errors.iter().chain(&check(&documents)) {
        assert!(!error.to_string().is_empty());
    }
}

/// Values of any form, as JSON, which is YAML.
fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(|number| serde_json::json!(number)),
        "[a-z{}%. ()'|*=$]{0,12}".prop_map(Into::into),
    ];
    let key = prop::sample::select(vec![
        "name",
        "url",
        "endpoints",
        "attributes",
        "type",
        "rules",
        "joiner",
        "steps",
        "move",
        "unique",
        "formats",
        "values",
        "guards",
        "disables",
        "authorization",
        "repeat",
        "query",
        "body",
        "when",
        "from",
        "write",
        "base",
        "container",
        "preset",
        "bind",
        "lifecycle",
        "schedule",
        "cron",
        "modify_attributes",
        "x",
    ]);
    leaf.prop_recursive(4, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|members| {
                members
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_the_loader_panic(text in "(?s).{0,200}") {
        survives(&text);
    }

    #[test]
    fn no_marks_make_the_loader_panic(text in "[-:{}\\[\\],&*!|>'\"%#?@ \nab1.~]{0,120}") {
        survives(&text);
        survives(&format!("kind: application\nname: {text}"));
    }

    #[test]
    fn no_slip_makes_the_loader_panic(at in 0..TYPICAL.len(), cut in 0..30_usize, marks in "[-:{}\\[\\],&*'\" \n]{0,3}") {
        let end = (at + cut).min(TYPICAL.len());
        survives(&format!("{}{marks}{}", &TYPICAL[..at], &TYPICAL[end..]));
    }

    #[test]
    fn no_document_makes_the_loader_panic(kind in prop::sample::select(kinds().to_vec()), mut value in value()) {
        if let Some(object) = value.as_object_mut() {
            object.insert("kind".to_owned(), kind.into());
        }
        let text = value.to_string();
        survives(&text);
        let (documents, errors) = loaded(&text);
        prop_assert!(!value.is_object() || documents.is_empty() != errors.is_empty());
    }
}
