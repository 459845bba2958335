//! What values look like, for messages: enough to see what is wrong with their form, and nothing of what they say.

use std::fmt::Write as _;

/// The longest shape in characters.
const LONGEST: usize = 32;

/// The form of a value: `9` for a digit, `A` for a capital, `a` for any other letter, everything else as it is. A longer
/// one ends with `…` and its length.
pub fn shape(value: &str) -> String {
    let form = |c: char| match c {
        c if c.is_numeric() => '9',
        c if c.is_uppercase() => 'A',
        c if c.is_alphabetic() => 'a',
        c if c.is_control() => ' ',
        other => other,
    };
    let mut shape: String = value.chars().take(LONGEST).map(form).collect();
    let length = value.chars().count();
    if length > LONGEST {
        // Writing into a text does not fail.
        let _ = write!(shape, "… ({length} characters)");
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_shows_the_form_and_nothing_else() {
        for (value, expected) in [
            ("30.11.2026", "99.99.9999"),
            ("Ada Byrne-Øst", "Aaa Aaaaa-Aaa"),
            ("a\nb", "a a"),
            ("", ""),
        ] {
            assert_eq!(shape(value), expected, "{value}");
        }
        assert_eq!(
            shape(&"secret ".repeat(6)),
            "aaaaaa aaaaaa aaaaaa aaaaaa aaaa… (42 characters)"
        );
    }
}
