//! Rows that are added to a file, and files that are added to a folder.

use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use tenure_core::fetching::{Begin, Mark};
use tenure_core::seams::{Completeness, SourceError};

use super::{complete, fetch_from};
use crate::source::FileSource;

struct Reader {
    source: FileSource,
    mark: Option<Mark>,
}

impl Reader {
    fn new(folder: &Path, document: Value) -> Self {
        let mut document = document;
        document["primary_key"] = "id".into();
        Self {
            source: FileSource::new(&serde_json::from_value(document).unwrap(), folder),
            mark: None,
        }
    }

    /// Reads on from where it was.
    async fn read(&mut self) -> Result<Vec<String>, SourceError> {
        let begin = Begin {
            since: self.mark.clone(),
            last_run: None,
        };
        let (pages, end) = fetch_from(&self.source, &begin).await;
        let end = end?;
        let records: Vec<String> = pages.records().map(str::to_owned).collect();
        assert_eq!(end.completeness, complete(records.len() as u64));
        // Marks are stored as JSON.
        let stored = serde_json::to_string(&end.mark.unwrap()).unwrap();
        self.mark = Some(serde_json::from_str(&stored).unwrap());
        Ok(records)
    }
}

fn add(path: &Path, text: &[u8]) {
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    file.write_all(text).unwrap();
}

#[tokio::test]
async fn rows_are_read_once_and_only_when_their_line_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.csv");
    let mut reader = Reader::new(
        folder.path(),
        json!({ "path": "people.csv", "format": "csv", "read": "appended_rows_only",
                "csv": { "separator": ";", "encoding": "windows-1252" } }),
    );
    add(&path, b"id;\"name\nof\"\r\n1;J\xfcrgen\r\n2;\"Ada\nK.\"\r\n3;hal");
    assert_eq!(
        reader.read().await.unwrap(),
        [
            r#"{"id":"1","name\nof":"Jürgen"}"#,
            r#"{"id":"2","name\nof":"Ada\nK."}"#
        ]
    );
    assert_eq!(reader.read().await.unwrap(), [""; 0]);
    add(&path, b"f\r\n4;\xc4nne\r\n");
    assert_eq!(
        reader.read().await.unwrap(),
        [
            r#"{"id":"3","name\nof":"half"}"#,
            r#"{"id":"4","name\nof":"Änne"}"#
        ]
    );
    assert_eq!(reader.read().await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_file_that_shrank_or_changed_is_no_longer_the_one_that_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.jsonl");
    let mut reader = Reader::new(
        folder.path(),
        json!({ "path": "people.jsonl", "read": "appended_rows_only" }),
    );
    add(&path, b"{\"id\":1}\n{\"id\":2}\n");
    assert_eq!(reader.read().await.unwrap(), [r#"{"id":1}"#, r#"{"id":2}"#]);
    std::fs::write(&path, "{\"id\":1}\n").unwrap();
    let error = reader.read().await.unwrap_err();
    insta::assert_snapshot!(error.said, @"it is 9 bytes long, and 18 bytes of it were read before: rows were taken away");
    std::fs::write(&path, "{\"id\":1}\n{\"id\":7}\n{\"id\":3}\n").unwrap();
    let error = reader.read().await.unwrap_err();
    insta::assert_snapshot!(error.said, @"its first 18 bytes, which were read before, have changed since");
    assert!(error.hint.contains("--full"), "{}", error.hint);
    std::fs::write(&path, "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n").unwrap();
    assert_eq!(reader.read().await.unwrap(), [r#"{"id":3}"#]);
    reader.mark = None;
    assert_eq!(reader.read().await.unwrap().len(), 3);
}

#[tokio::test]
async fn each_file_is_taken_once_and_again_when_it_says_something_else() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let mut reader = Reader::new(
        folder.path(),
        json!({ "path": "in-*.csv", "format": "csv", "read": "new_files_only" }),
    );
    put("in-2.csv", "id\n2\n");
    put("in-1.csv", "id\n1\n");
    put("out-1.csv", "id\n9\n");
    put(".in-3.csv", "id\n3\n");
    std::fs::create_dir(folder.path().join("in-folder.csv")).unwrap();
    assert_eq!(reader.read().await.unwrap(), [r#"{"id":"1"}"#, r#"{"id":"2"}"#]);
    assert_eq!(reader.read().await.unwrap(), [""; 0]);
    put("in-1.csv", "id\n1\n5\n");
    put("in-4.csv", "id\n4\n");
    std::fs::remove_file(folder.path().join("in-2.csv")).unwrap();
    assert_eq!(
        reader.read().await.unwrap(),
        [r#"{"id":"1"}"#, r#"{"id":"5"}"#, r#"{"id":"4"}"#]
    );
    // It was taken before, and is what it was.
    put("in-2.csv", "id\n2\n");
    assert_eq!(reader.read().await.unwrap(), [""; 0]);
    // A file that cannot be read is an error, and nothing counts as taken.
    put("in-5.csv", "id\n5\n");
    put("in-6.csv", "id\n6,7\n");
    let error = reader.read().await.unwrap_err();
    assert!(error.doing.ends_with("in-6.csv"), "{error}");
    put("in-6.csv", "id\n6\n");
    assert_eq!(reader.read().await.unwrap(), [r#"{"id":"5"}"#, r#"{"id":"6"}"#]);
}

#[tokio::test]
async fn a_whole_reading_says_nothing_of_where_it_came() {
    let folder = tempfile::tempdir().unwrap();
    add(&folder.path().join("a.jsonl"), b"{\"id\":1}\n");
    let document = json!({ "path": "a.jsonl", "primary_key": "id" });
    let source = FileSource::new(&serde_json::from_value(document).unwrap(), folder.path());
    let (_, end) = fetch_from(&source, &Begin::default()).await;
    let end = end.unwrap();
    assert_eq!(
        (end.completeness, end.mark),
        (Completeness::Complete { count: 1 }, None)
    );
}
