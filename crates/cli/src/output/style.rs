//! Colours, where there is a terminal that wants them.

use std::fmt::Display;
use std::io::IsTerminal as _;

/// Whether and how texts are coloured.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    colours: bool,
}

impl Style {
    /// For what is printed to standard output.
    pub fn stdout() -> Self {
        Self {
            colours: std::io::stdout().is_terminal() && wanted(),
        }
    }

    /// For what is printed to standard error.
    pub fn stderr() -> Self {
        Self {
            colours: std::io::stderr().is_terminal() && wanted(),
        }
    }

    /// Something new or good.
    pub fn green(self, text: impl Display) -> String {
        self.with("32", text)
    }

    /// Something that changes or needs a look.
    pub fn yellow(self, text: impl Display) -> String {
        self.with("33", text)
    }

    /// Something that ends or went wrong.
    pub fn red(self, text: impl Display) -> String {
        self.with("31", text)
    }

    /// Something that returns or is recognised.
    pub fn cyan(self, text: impl Display) -> String {
        self.with("36", text)
    }

    /// A heading.
    pub fn bold(self, text: impl Display) -> String {
        self.with("1", text)
    }

    /// Something beside the point.
    pub fn dim(self, text: impl Display) -> String {
        self.with("2", text)
    }

    fn with(self, code: &str, text: impl Display) -> String {
        if self.colours {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_string()
        }
    }
}

/// Whether colours are wanted (<https://no-color.org>).
fn wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
