//! Workbooks, written as Excel writes them.

use std::path::Path;

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use serde_json::{Value, json};
use tempfile::TempDir;
use tenure_core::seams::{SourceError, SourceTrouble};

use super::{Pages, complete, fetch};
use crate::source::FileSource;

fn workbook() -> (TempDir, Workbook) {
    let mut book = Workbook::new();
    let day = Format::new().set_num_format("yyyy-mm-dd");
    let moment = Format::new().set_num_format("yyyy-mm-dd hh:mm");
    let at = |text: &str| ExcelDateTime::parse_from_str(text).unwrap();
    book.add_worksheet().set_name("Notes").unwrap();
    let sheet = book.add_worksheet();
    sheet.set_name("Staff 2026").unwrap();
    sheet.write(0, 0, "People, as of today").unwrap();
    for (column, name) in (0..).zip(["id", "name", "since", "until", "share", "active", "", "note"]) {
        sheet.write(2, column, name).unwrap();
    }
    sheet.write(3, 0, 4711).unwrap();
    sheet.write(3, 1, "Ada \"A.\" Lövelace").unwrap();
    sheet.write_with_format(3, 2, at("2026-11-01"), &day).unwrap();
    sheet
        .write_with_format(3, 3, at("2026-12-24T17:30:00"), &moment)
        .unwrap();
    sheet.write(3, 4, 0.5).unwrap();
    sheet.write(3, 5, true).unwrap();
    sheet.write(3, 6, "without a name").unwrap();
    // An empty row, and one with a text that looks like a number and a blank.
    sheet.write(5, 0, "0042").unwrap();
    sheet.write(5, 1, "Grace").unwrap();
    sheet.write(5, 7, "  ").unwrap();
    sheet.write(6, 0, 9_007_199_254_740_991_i64).unwrap();
    (tempfile::tempdir().unwrap(), book)
}

async fn read(folder: &Path, xlsx: Value) -> (Pages, Result<tenure_core::seams::Completeness, SourceError>) {
    let document = json!({ "path": "staff.xlsx", "format": "xlsx", "xlsx": xlsx, "primary_key": "id" });
    fetch(&FileSource::new(
        &serde_json::from_value(document).unwrap(),
        folder,
    ))
    .await
}

#[tokio::test]
async fn rows_are_records_with_whole_numbers_and_iso_dates() {
    let (folder, mut book) = workbook();
    book.save(folder.path().join("staff.xlsx")).unwrap();
    let (by_name, end) = read(folder.path(), json!({ "sheet": "Staff 2026", "header_row": 3 })).await;
    assert_eq!(end.unwrap(), complete(3));
    let (by_number, _) = read(folder.path(), json!({ "sheet": 2, "header_row": 3 })).await;
    assert!(by_name.records().eq(by_number.records()));
    let records: Vec<_> = by_name.records().collect();
    insta::assert_snapshot!(records.join("\n"), @r#"
    {"id":4711,"name":"Ada \"A.\" Lövelace","since":"2026-11-01","until":"2026-12-24T17:30:00","share":0.5,"active":true}
    {"id":"0042","name":"Grace"}
    {"id":9007199254740991}
    "#);
}

#[tokio::test]
async fn what_is_wrong_with_a_workbook_is_said() {
    let (folder, mut book) = workbook();
    let path = folder.path().join("staff.xlsx");
    book.save(&path).unwrap();
    let said = async |xlsx| read(folder.path(), xlsx).await.1.unwrap_err().said;
    insta::assert_snapshot!(said(json!({ "sheet": "Staff" })).await, @"it has no sheet `Staff`, only `Notes`, `Staff 2026`");
    insta::assert_snapshot!(said(json!({ "sheet": 3 })).await, @"it has no sheet 3, only `Notes`, `Staff 2026`");
    insta::assert_snapshot!(said(json!({})).await, @"row 1 of the sheet `Notes` has no names of columns");
    let sheet = book.worksheet_from_index(1).unwrap();
    sheet
        .write_formula(3, 4, rust_xlsxwriter::Formula::new("=1/0").set_result("#DIV/0!"))
        .unwrap();
    sheet.write(2, 7, "name").unwrap();
    book.save(&path).unwrap();
    insta::assert_snapshot!(said(json!({ "sheet": 2, "header_row": 3 })).await, @"the column `name` is there twice");
    let sheet = book.worksheet_from_index(1).unwrap();
    sheet.write(2, 7, "note").unwrap();
    book.save(&path).unwrap();
    insta::assert_snapshot!(said(json!({ "sheet": 2, "header_row": 3 })).await, @"the cell E4 has the error #DIV/0!");

    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let error = read(folder.path(), json!({})).await.1.unwrap_err();
    assert_eq!(error.kind, SourceTrouble::Malformed);
    assert!(error.said.starts_with("it is no workbook (.xlsx)"), "{error}");
    std::fs::write(&path, "id;name\n1;Ada\n").unwrap();
    assert!(said(json!({})).await.starts_with("it is no workbook (.xlsx)"));
}
