//! The beginning of an answer that cannot be read, for errors: its names and its form, without what it says of people.

use tenure_core::shape::shape;

/// One line of an answer as it may be shown. Of JSON and XML the names stay; a page for people, which a login or an
/// error is, stays as it is.
pub(super) fn veiled(line: &str) -> String {
    let start = line.trim_start_matches('\u{feff}').trim_start();
    let lower = start
        .get(..start.len().min(256))
        .unwrap_or(start)
        .to_ascii_lowercase();
    if start.starts_with(['{', '[']) {
        json(start)
    } else if lower.starts_with("<!doctype html") || lower.contains("<html") {
        line.to_owned()
    } else if start.starts_with('<') {
        xml(start)
    } else {
        shape(start)
    }
}

/// Texts and numbers as `…`, unless a text is the name of a member.
fn json(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string(rest),
            c if c.is_alphanumeric() || "-+.".contains(c) => rest
                .find(|c: char| !c.is_alphanumeric() && !"-+.".contains(c))
                .unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        let is_word = matches!(token, "true" | "false" | "null");
        match first {
            '"' if after.trim_start().starts_with(':') => shown.push_str(token),
            '"' => shown.push_str("\"…\""),
            c if (c.is_alphanumeric() || "-+.".contains(c)) && !is_word => shown.push('…'),
            _ => shown.push_str(token),
        }
        rest = after;
    }
    shown
}

/// How many bytes of a text are a string of JSON, its quotes included; all when it has no end.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Elements without their attributes' values and what stands between them.
fn xml(text: &str) -> String {
    let mut shown = String::new();
    for part in text.split_inclusive('>') {
        let (between, tag) = part.find('<').map_or((part, ""), |at| part.split_at(at));
        if !between.trim().is_empty() {
            shown.push('…');
        }
        let name = tag
            .find([' ', '='])
            .map_or(tag, |end| tag.get(..end).unwrap_or(tag));
        shown.push_str(name);
        if name.len() < tag.len() {
            shown.push_str(" …");
            if tag.ends_with('>') {
                shown.push('>');
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_and_what_is_said_of_people_does_not() {
        for (line, expected) in [
            (
                r#"{"totalCount":300,"results":[{"id":"5f","name":"Ada \"B\"","on":true,"pay":-1.5e3,"of":nu"#,
                r#"{"totalCount":…,"results":[{"id":"…","name":"…","on":true,"pay":…,"of":…"#,
            ),
            (r#"[{"mail":"ada@no"#, r#"[{"mail":"…""#),
            (
                "<?xml version=\"1.0\"?> <people><p id=\"7\">Ada</p> <p>B…",
                "<?xml …><people><p …>…</p><p>…",
            ),
            ("<html><h1>Sign in</h1></html>", "<html><h1>Sign in</h1></html>"),
            ("7;Ada;1990-01-05", "9;Aaa;9999-99-99"),
        ] {
            assert_eq!(veiled(line), expected);
        }
    }
}
