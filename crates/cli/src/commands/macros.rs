//! `tenure macros`: what requests can name.

use tenure_core::macros::{MACROS, MacroDoc};

use crate::exit::Exit;
use crate::output::style::Style;

pub fn macros(part: Option<&str>) -> super::Result {
    let style = Style::stdout();
    let wanted = |known: &MacroDoc| {
        part.is_none_or(|part| {
            known.name.contains(part) || known.places.iter().any(|place| place.name() == part)
        })
    };
    let found: Vec<_> = MACROS.iter().filter(|known| wanted(known)).collect();
    if found.is_empty() {
        let part = part.unwrap_or_default();
        return Err(format!("no macro is called like `{part}`; `tenure macros` lists all").into());
    }
    for known in found {
        let places: Vec<_> = known.places.iter().map(|place| place.name()).collect();
        println!("{} {}", style.bold(known.name), style.dim(places.join(", ")));
        println!("    {}", known.description);
        println!("    {}", style.dim(known.example));
    }
    Ok(Exit::Done)
}
