//! Regular expressions, compiled once per thread and bounded in size. They take time linear in the text.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::{Regex, RegexBuilder};

/// The most memory that a compiled pattern, and its cache while it runs, may take, in bytes.
const MAX_SIZE: usize = 256 * 1024;

/// The longest pattern, in bytes.
const MAX_PATTERN: usize = 1024;

/// How many patterns a thread remembers. Documents have few; patterns made from records must not pile up.
const REMEMBERED: usize = 64;

thread_local! {
    static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::default();
}

/// The regular expression of a pattern, or what is wrong with it.
pub(super) fn compiled(pattern: &str) -> Result<Regex, String> {
    if let Some(known) = COMPILED.with_borrow(|compiled| compiled.get(pattern).cloned()) {
        return Ok(known);
    }
    if pattern.len() > MAX_PATTERN {
        return Err(format!("has a pattern of more than {MAX_PATTERN} bytes"));
    }
    let built = RegexBuilder::new(pattern)
        .size_limit(MAX_SIZE)
        .dfa_size_limit(MAX_SIZE)
        .build();
    let regex = built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => {
            format!("has a pattern that needs more than {MAX_SIZE} bytes: `{pattern}`")
        }
        // The last line says what is wrong; those before draw the pattern.
        error => {
            let text = error.to_string();
            let reason = text
                .lines()
                .last()
                .unwrap_or_default()
                .trim_start_matches("error: ")
                .to_owned();
            format!("has a pattern that cannot be read, `{pattern}`: {reason}")
        }
    })?;
    COMPILED.with_borrow_mut(|compiled| {
        if compiled.len() >= REMEMBERED {
            compiled.clear();
        }
        compiled.insert(pattern.to_owned(), regex.clone());
    });
    Ok(regex)
}
