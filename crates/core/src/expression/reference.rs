//! The page that documents the functions, made of the same tables as the functions themselves.

use std::fmt::Write as _;

use super::elsewhere::HOUSES;
use super::function::themes;

const HEAD: &str = "\
# Functions

Formats (`{{ firstname | lower }}`), columns and conditions call these. `x | name(a)`, `name(x, a)` and
`x is name(a)` are the same call. Parameters with `=` may be left out, and may be named: `pad(6, side='right')`; `…` stands
for any number of further ones. Places are counted from 0, and from the end when negative.

A value that is missing stays missing through calls, so that a format gives no value rather than half a name, and says
which input it was; `default`, `coalesce`, `compact` and the tests know what to do with it. Beside functions there are
`and`, `or`, `not`, `==`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `a if b else c`, `+ - * / // % **`, `~` (texts one after the
other), `[a, b]`, `{'a': b}`, `x.member`, `x[0]` and `x[1:3]`.

This page is printed by `tenure functions --markdown`.
";

/// The whole page, in Markdown.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    for (theme, functions) in themes() {
        // Writing into a text does not fail.
        let _ = write!(
            page,
            "\n## {theme}\n\n| Function | | Example | gives |\n|---|---|---|---|\n"
        );
        for doc in functions.iter().map(|function| &function.doc) {
            let _ = writeln!(
                page,
                "| {} | {} | {} | {} |",
                code(doc.signature),
                cell(doc.description),
                code(doc.example),
                code(doc.result)
            );
        }
    }
    page.push_str(
        "\n# What they are called elsewhere\n\nEvery example is of the record of an Ada Lovelace, and is tested.\n",
    );
    for house in &HOUSES {
        let _ = write!(
            page,
            "\n## {}\n\n| There | Here | gives | |\n|---|---|---|---|\n",
            house.name
        );
        for row in house.rows {
            let (format, result) = row
                .here
                .map_or_else(Default::default, |(format, result)| (code(format), code(result)));
            let _ = writeln!(
                page,
                "| {} | {format} | {result} | {} |",
                cell(row.there),
                cell(row.note)
            );
        }
    }
    page
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn code(text: &str) -> String {
    format!("`{}`", cell(text))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::expression::examples::gives;

    #[test]
    fn what_is_said_of_other_products_is_done_here() {
        let mut wrong = Vec::new();
        for (house, row) in HOUSES
            .iter()
            .flat_map(|house| house.rows.iter().map(move |row| (house, row)))
        {
            if let Some((format, result)) = row.here {
                let given = gives(format);
                if given != result {
                    wrong.push(format!(
                        "{}, {}: {format} gives {given}, not {result}",
                        house.name, row.there
                    ));
                }
            } else {
                assert!(!row.note.is_empty(), "{} says nothing", row.there);
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn the_page_of_the_documentation_is_this_one() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/functions.md");
        let written = std::fs::read_to_string(page)
            .unwrap_or_default()
            .replace("\r\n", "\n");
        assert!(
            written == reference(),
            "docs/functions.md is not what the functions say; write it anew with \
             `tenure functions --markdown > docs/functions.md`"
        );
    }
}
