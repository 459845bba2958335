//! Files of JSON Lines.

use std::io::Write;

use tempfile::NamedTempFile;
use tenure_core::document::{FileFormat, SourceFile};
use tenure_core::seams::{Completeness, SourceError, SourceTrouble};

use super::{Pages, complete, fetch};
use crate::source::FileSource;

fn source(path: &str, folder: &std::path::Path) -> FileSource {
    let file = SourceFile {
        path: path.to_owned(),
        format: FileFormat::JsonLines,
        primary_key: "id".to_owned(),
    };
    FileSource::new(&file, folder)
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
