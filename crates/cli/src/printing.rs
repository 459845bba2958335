//! Printing. Whoever reads what is printed may go away before its end, as `head` does: the rest is dropped, and the
//! command goes on and ends as it would have. The macros stand for those of the standard library, which would panic.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write as _};
use std::sync::OnceLock;

/// Why nothing more can be printed to standard output.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// Prints a line to standard output.
macro_rules! println {
    () => { $crate::printing::out(format_args!("\n")) };
    ($($words:tt)*) => { $crate::printing::out_line(format_args!($($words)*)) };
}

/// Prints to standard output.
macro_rules! print {
    ($($words:tt)*) => { $crate::printing::out(format_args!($($words)*)) };
}

/// Prints a line to standard error.
macro_rules! eprintln {
    () => { $crate::printing::err(format_args!("\n")) };
    ($($words:tt)*) => { $crate::printing::err_line(format_args!($($words)*)) };
}

/// Prints to standard error.
macro_rules! eprint {
    ($($words:tt)*) => { $crate::printing::err(format_args!($($words)*)) };
}

/// For the macros.
pub fn out(words: Arguments<'_>) {
    if LOST.get().is_none()
        && let Err(error) = io::stdout().lock().write_fmt(words)
    {
        let _ = LOST.set(error);
    }
}

/// For the macros.
pub fn out_line(words: Arguments<'_>) {
    out(format_args!("{words}\n"));
}

/// For the macros. There is no other place to tell that standard error cannot be written.
pub fn err(words: Arguments<'_>) {
    let _ = io::stderr().lock().write_fmt(words);
}

/// For the macros.
pub fn err_line(words: Arguments<'_>) {
    err(format_args!("{words}\n"));
}

/// Prints what is left, and says whether everything was printed that somebody wanted to read: a full disk is an error,
/// a reader who went away is none.
pub fn end() -> Result<(), &'static io::Error> {
    if LOST.get().is_none()
        && let Err(error) = io::stdout().lock().flush()
    {
        let _ = LOST.set(error);
    }
    match LOST.get() {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}
