//! `tenure capabilities`: what each kind of directory can do.

use tenure_core::action::ActionKind;
use tenure_core::capability::{Support, page as markdown, support};
use tenure_core::document::DirectoryKind;

use crate::exit::Exit;
use crate::output::style::Style;

pub fn capabilities() -> Exit {
    let style = Style::stdout();
    let width = ActionKind::OF_DIRECTORIES.map(|action| action.name().len());
    let width = width.into_iter().max().unwrap_or_default();
    for kind in DirectoryKind::ALL {
        println!("{}", style.bold(kind.name()));
        for action in ActionKind::OF_DIRECTORIES {
            let name = action.name();
            match support(kind, action) {
                Support::Yes => println!("    {name:width$}  yes"),
                Support::Needs(need) => {
                    println!(
                        "    {name:width$}  {}",
                        style.dim(format!("with {}", need.example()))
                    );
                }
                Support::No => println!("    {name:width$}  {}", style.dim("no")),
            }
        }
    }
    Exit::Done
}

/// Prints the page of the documentation.
pub fn page() -> Exit {
    print!("{}", markdown());
    Exit::Done
}
