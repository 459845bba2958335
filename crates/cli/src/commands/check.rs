//! `tenure check`: everything that is wrong with documents.

use std::path::PathBuf;

use serde_json::json;
use tenure_core::document::{Severity, check as check_documents, load};

use crate::exit::Exit;
use crate::home::{Home, read_texts};
use crate::output::json::{VERSION, print};
use crate::output::style::Style;

pub fn check(home: &Home, files: &[PathBuf], as_json: bool) -> super::Result {
    let own = [home.folder().to_owned()];
    let mut texts = Vec::new();
    for file in if files.is_empty() { &own } else { files } {
        texts.extend(read_texts(file)?);
    }
    let (documents, mut problems) = load(&texts);
    problems.extend(check_documents(&documents));
    let errors = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .count();
    let count = documents.iter().count();
    if as_json {
        print(&json!({ "version": VERSION, "documents": count, "problems": problems }));
    } else {
        let style = Style::stdout();
        for problem in &problems {
            match problem.severity {
                Severity::Error => println!("{} {problem}", style.red("error:")),
                Severity::Warning => println!("{} {problem}", style.yellow("warning:")),
            }
        }
        let warnings = problems.len() - errors;
        println!(
            "{} in {}: {}, {}",
            number(count, "document"),
            number(texts.len(), "file"),
            number(errors, "error"),
            number(warnings, "warning")
        );
        if texts.is_empty() {
            println!("There are no documents here (*.yaml). `tenure demo` makes a set to look at.");
        }
    }
    Ok(if errors == 0 { Exit::Done } else { Exit::Failed })
}

fn number(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
