use serde_json::Value;
use tenure_sim::synthetic::{wide_json_lines, write_json_lines};

use crate::caller::{Caller, distinct, rows};

fn parse(lines: &[u8]) -> Vec<Value> {
    let text = str::from_utf8(lines).unwrap();
    assert!(text.ends_with('\n'));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn the_lines_are_the_records_that_would_be_served() {
    let caller = Caller::among(100).await;
    let mut lines = Vec::new();
    write_json_lines(&mut lines, 100, 1).unwrap();
    let page = caller.get("/api/systemusers?sort=_id&limit=100").await;
    assert_eq!(parse(&lines), rows(&page));
}

#[test]
fn a_wide_record_has_fifty_single_and_fifty_multiple_columns() {
    let mut lines = Vec::new();
    wide_json_lines(&mut lines, 300, 1).unwrap();
    let records = parse(&lines);
    assert_eq!(records.len(), 300);
    for record in &records {
        assert_eq!(record.as_object().unwrap().len(), 103);
        assert!(record["firstname"].is_string() && record["lastname"].is_string());
        for column in 1..=50 {
            assert_eq!(record[format!("s{column:02}")].as_str().unwrap().len(), 8);
            let values = record[format!("m{column:02}")].as_array().unwrap();
            let texts: Vec<&str> = values.iter().map(|value| value.as_str().unwrap()).collect();
            assert_eq!((texts.len(), distinct(&texts).len()), (5, 5));
        }
    }
    let ids: Vec<&str> = records
        .iter()
        .map(|record| record["id"].as_str().unwrap())
        .collect();
    assert_eq!(distinct(&ids).len(), 300);
    let mut again = Vec::new();
    wide_json_lines(&mut again, 300, 1).unwrap();
    assert_eq!(lines, again);
}

#[test]
fn nobody_is_no_lines() {
    let mut lines = Vec::new();
    write_json_lines(&mut lines, 0, 1).unwrap();
    assert!(lines.is_empty());
}
