//! `tenure functions`: what formats and conditions can call.

use tenure_core::expression::{FunctionDoc, functions as all, reference};

use crate::exit::Exit;
use crate::output::style::Style;

pub fn functions(part: Option<&str>) -> super::Result {
    let style = Style::stdout();
    let wanted = |doc: &FunctionDoc| part.is_none_or(|part| doc.name.contains(part));
    let found: Vec<_> = all().filter(|doc| wanted(doc)).collect();
    if found.is_empty() {
        let part = part.unwrap_or_default();
        return Err(format!("no function is called like `{part}`; `tenure functions` lists all").into());
    }
    for doc in found {
        println!("{}", style.bold(doc.signature));
        println!("    {}", doc.description);
        println!("    {}", style.dim(format!("{}  →  {}", doc.example, doc.result)));
    }
    Ok(Exit::Done)
}

/// Prints the page of the documentation.
pub fn page() -> Exit {
    print!("{}", reference());
    Exit::Done
}
