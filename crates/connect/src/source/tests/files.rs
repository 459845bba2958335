//! Files of JSON Lines, JSON and tables.

use std::io::Write;

use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tenure_core::document::{FileFormat, FileReading, SourceFile};
use tenure_core::seams::{Completeness, SourceError, SourceTrouble};

use super::{Pages, complete, fetch};
use crate::source::FileSource;

fn source(path: &str, folder: &std::path::Path) -> FileSource {
    let file = SourceFile {
        path: path.to_owned(),
        format: FileFormat::JsonLines,
        csv: None,
        xlsx: None,
        read: FileReading::Whole,
        records: None,
        primary_key: "id".to_owned(),
    };
    FileSource::new(&file, folder)
}

/// The same, of another format.
async fn read_as(format: Value, text: &[u8]) -> (Pages, Result<Completeness, SourceError>) {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text).unwrap();
    let mut document = json!({ "path": file.path(), "primary_key": "id" });
    document
        .as_object_mut()
        .unwrap()
        .extend(format.as_object().unwrap().clone());
    let document = serde_json::from_value(document).unwrap();
    fetch(&FileSource::new(&document, std::path::Path::new("/"))).await
}

async fn read(text: &[u8]) -> (Pages, Result<Completeness, SourceError>) {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text).unwrap();
    let name = file.path().file_name().unwrap().to_str().unwrap();
    fetch(&source(name, file.path().parent().unwrap())).await
}

#[tokio::test]
async fn lines_are_records_whatever_ends_them() {
    let (pages, end) = read(b"\xef\xbb\xbf{\"id\":1}\r\n\n  {\"id\":2} \n\t\n{\"id\":\"\xc3\xbc\"}").await;
    assert_eq!(end.unwrap(), complete(3));
    assert!(pages.records().eq(["{\"id\":1}", "{\"id\":2}", "{\"id\":\"ü\"}"]));
}

#[tokio::test]
async fn an_empty_file_has_no_records() {
    for text in [b"".as_slice(), b"\n\n", b"\xef\xbb\xbf"] {
        let (pages, end) = read(text).await;
        assert_eq!((end.unwrap(), pages.0.len()), (complete(0), 0));
    }
}

#[tokio::test]
async fn a_long_file_comes_in_pages_with_every_line_whole() {
    let line = |id: usize| format!("{{\"id\":{id},\"note\":\"{}\"}}", "ä".repeat(id % 900));
    let text: String = (0..6000).map(|id| line(id) + "\n").collect();
    assert!(text.len() > 4 << 20);
    let (pages, end) = read(text.as_bytes()).await;
    assert_eq!(end.unwrap(), complete(6000));
    assert!(pages.0.len() > 4);
    assert!(pages.records().eq((0..6000).map(line).collect::<Vec<_>>().iter()));
}

#[tokio::test]
async fn a_line_may_be_longer_than_a_block_and_not_longer_than_four() {
    let line = |length: usize| format!("{{\"id\":\"{}\"}}\n", "x".repeat(length));
    let (pages, end) = read(format!("{}{}", line(3 << 20), line(1)).as_bytes()).await;
    assert_eq!((end.unwrap(), pages.records().count()), (complete(2), 2));
    for length in [5 << 20, (4 << 20) + 1, 9 << 20] {
        let (_, end) = read(format!("{}\n{}", line(1), line(length)).as_bytes()).await;
        let error = end.unwrap_err();
        assert_eq!(
            (error.kind, error.said.as_str()),
            (SourceTrouble::Limit, "line 3 is longer than 4 MiB")
        );
    }
}

#[tokio::test]
async fn lines_that_cannot_be_read_are_told_by_their_number() {
    let wrong = [
        (b"{}\n{\"a\":\"\xff\"}\n".as_slice(), "line 2 is not UTF-8"),
        (b"{}\n\n{\"a\":1", "line 3 is not a whole JSON object"),
        (b"[1]\n{}", "line 1 is not a whole JSON object"),
    ];
    for (text, said) in wrong {
        let error = read(text).await.1.unwrap_err();
        assert_eq!(
            (error.kind, error.said.as_str()),
            (SourceTrouble::Malformed, said)
        );
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = fetch(&source("people.jsonl", folder.path())).await.1.unwrap_err();
    assert_eq!(error.kind, SourceTrouble::Unreachable);
    assert!(
        error.doing.ends_with("people.jsonl") && error.said.contains("No such file"),
        "{error}"
    );
}

#[tokio::test]
async fn tables_are_read_with_any_separator_in_any_encoding() {
    let utf_16: Vec<u8> = "id\tname\n1\tMüller €\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let marked = [b"\xff\xfe".as_slice(), &utf_16].concat();
    let cases = [
        (json!({}), "id,name\r\n1,Müller €\r\n".as_bytes()),
        (json!({}), "\u{feff}id,name\n1,Müller €".as_bytes()),
        (
            json!({ "separator": ";", "encoding": "windows-1252" }),
            b"id;name\n1;M\xfcller \x80\n",
        ),
        (
            json!({ "separator": "|", "encoding": "iso-8859-15" }),
            b"id|name\n1|M\xfcller \xa4\n",
        ),
        (json!({ "separator": "\t", "encoding": "utf-16le" }), &utf_16),
        (json!({ "separator": "\t" }), &marked),
        (json!({ "columns": ["id", "name"] }), "1,\"Müller €\"".as_bytes()),
    ];
    for (csv, text) in cases {
        let (pages, end) = read_as(json!({ "format": "csv", "csv": csv }), text).await;
        assert_eq!(end.unwrap(), complete(1), "{csv}");
        assert!(
            pages.records().eq(["{\"id\":\"1\",\"name\":\"Müller €\"}"]),
            "{csv}"
        );
    }
}

#[tokio::test]
async fn a_long_table_comes_in_pages_with_every_line_whole() {
    let text = (0..60_000).fold("id,note\n".to_owned(), |text, id| {
        text + &format!("{id},\"{}\"\n", "ä\n".repeat(id % 60))
    });
    assert!(text.len() > 4 << 20);
    let (pages, end) = read_as(json!({ "format": "csv" }), text.as_bytes()).await;
    assert_eq!(end.unwrap(), complete(60_000));
    assert!(pages.0.len() > 4);
    for (id, record) in pages.records().enumerate() {
        let record: Value = serde_json::from_str(record).unwrap();
        assert_eq!(
            record,
            json!({ "id": id.to_string(), "note": "ä\n".repeat(id % 60) })
        );
    }
}

#[tokio::test]
async fn tables_that_cannot_be_read_whole_are_refused() {
    let cases = [
        (
            json!({}),
            b"".as_slice(),
            "it is empty, without even the names of its columns",
        ),
        (
            json!({}),
            b"id,name\n1,Ada\n2",
            "line 3 has 1 values, and there are 2 columns",
        ),
        (
            json!({}),
            b"id,name\n1,\"Ada",
            "the quote that is opened on line 2 is never closed",
        ),
        (
            json!({}),
            b"id,name\n1,M\xfcller\n",
            "somewhere after line 1 it is not UTF-8",
        ),
        (
            json!({ "encoding": "utf-16le" }),
            b"i\x00d\x00\n\x001",
            "somewhere after line 2 it is not UTF-16LE",
        ),
        (
            json!({ "separator": ";" }),
            b"id,name\n1,a;b\n",
            "line 2 has 2 values, and there are 1 columns",
        ),
    ];
    for (csv, text, said) in cases {
        let error = read_as(json!({ "format": "csv", "csv": csv }), text)
            .await
            .1
            .unwrap_err();
        assert_eq!(
            (error.kind, error.said.as_str()),
            (SourceTrouble::Malformed, said)
        );
        assert!(!error.hint.is_empty());
    }
}

#[tokio::test]
async fn a_json_file_is_read_as_a_whole() {
    let (pages, end) = read_as(
        json!({ "format": "json" }),
        b"\xef\xbb\xbf [{\"id\":1},\n{\"id\":2}]\n",
    )
    .await;
    assert_eq!(end.unwrap(), complete(2));
    assert!(pages.records().eq(["{\"id\":1}", "{\"id\":2}"]));
    let nested = json!({ "format": "json", "records": "$.data.people[*]" });
    let (pages, end) = read_as(nested.clone(), b"{\"data\":{\"people\":[{\"id\":3}]}}").await;
    assert_eq!((end.unwrap(), pages.records().count()), (complete(1), 1));
    let cases = [
        (
            b"{\"data\":{\"people\":[{\"id\":3}".as_slice(),
            "it is not JSON: EOF",
        ),
        (b"[]", "it has nothing at `$.data.people[*]`"),
        (b"", "it is not JSON: EOF"),
        (b"{\"data\":\"\xff\"}", "it is not UTF-8 from byte 9"),
    ];
    for (text, said) in cases {
        let error = read_as(nested.clone(), text).await.1.unwrap_err();
        assert!(
            error.kind == SourceTrouble::Malformed && error.said.starts_with(said),
            "{error}"
        );
    }
}
